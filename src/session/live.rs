//! What can be watched while runs go on. Heavy data never travels in messages: it lies in a place of its own, newest wins.

use super::messages::JobId;
use crate::verify::Comparison;
use crate::verify::verdict::{Predictions, Verdict};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The stimulus at some step.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The run.
    pub job: JobId,
    /// Updates made.
    pub step: u64,
    /// The stimulus, in the network's input shape.
    pub stimulus: Arc<Vec<f32>>,
}

/// Measures of the stimulus at a sampled step.
#[derive(Clone, Debug)]
pub struct Live {
    /// The step.
    pub step: u64,
    /// Reference against metamer at the matched layer; nothing where only a target was given.
    pub comparison: Comparison,
    /// Spearman's rho of the logits.
    pub spearman_logits: f64,
    /// Top classes of both; of the metamer alone where only a target was given.
    pub predictions: Predictions,
    /// Pairs (reference, metamer) of activations, evenly spaced over the layer.
    pub scatter: Arc<Vec<[f32; 2]>>,
    /// Number of values in the layer.
    pub elements: usize,
    /// The verdict if the run ended here, with its sentence.
    pub verdict: (Verdict, String),
}

/// Where the newest frames lie, one a run.
#[derive(Debug, Default)]
pub struct Frames {
    newest: Mutex<VecDeque<Frame>>,
}

impl Frames {
    /// Puts a frame in, in place of any of the same run that nobody took; of more than `room` runs the oldest is dropped.
    pub fn put(&self, frame: Frame, room: usize) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.retain(|f| f.job != frame.job);
        newest.push_back(frame);
        while newest.len() > room.max(1) {
            newest.pop_front();
        }
    }

    /// Takes a run's newest frame, if there is one that nobody took.
    pub fn take(&self) -> Option<Frame> {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}
