//! What can be watched while a run goes on. Heavy data never travels in messages: it lies in a slot, newest wins.

use super::messages::JobId;
use crate::verify::Comparison;
use crate::verify::verdict::{Predictions, Verdict};
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

/// A place for the newest value of something.
#[derive(Debug)]
pub struct Slot<T> {
    newest: Mutex<Option<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            newest: Mutex::new(None),
        }
    }
}

impl<T> Slot<T> {
    /// Puts a value in, in place of any that nobody took.
    pub fn put(&self, value: T) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// Takes the newest value, if there is one that nobody took.
    pub fn take(&self) -> Option<T> {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
