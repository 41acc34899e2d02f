//! Runs as the window knows them: waiting, going on, ended.

use super::curve::Curve;
use crate::session::{History, JobId, Live};
use crate::synthesis::Spec;
use crate::verify::{Histogram, Prediction, Verdict, Verification};
use std::path::PathBuf;
use std::sync::Arc;

/// Model, stimulus and layer of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunKey {
    /// The model's name.
    pub model: String,
    /// The stimulus.
    pub stimulus: String,
    /// The layer.
    pub layer: String,
}

impl From<&Spec> for RunKey {
    fn from(spec: &Spec) -> Self {
        Self {
            model: spec.model.clone(),
            stimulus: spec.stimulus.clone(),
            layer: spec.layer.clone(),
        }
    }
}

/// State of a layer for a stimulus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing was done.
    #[default]
    NotMade,
    /// It waits.
    Queued,
    /// It is being made.
    Running,
    /// It passed all checks.
    Verified,
    /// It was made in part, or a check could not be made.
    NotYet,
    /// A check failed, or the run could not go on.
    Failed,
}

impl Mark {
    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::NotMade => "not made",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Verified => "verified",
            Self::NotYet => "not yet",
            Self::Failed => "failed",
        }
    }

    /// In a sentence.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::NotMade => "No metamer was made at this layer in this session",
            Self::Queued => "A run at this layer waits in the queue",
            Self::Running => "A metamer is being made at this layer",
            Self::Verified => "A metamer at this layer passed every check",
            Self::NotYet => "A run was stopped early, or a check could not be made",
            Self::Failed => "A check failed, or the run could not go on",
        }
    }
}

/// A run that waits.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its number.
    pub id: JobId,
    /// What it is.
    pub spec: Spec,
    /// Whether it goes on with what lies in its folder.
    pub resumes: bool,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Stepping.
    Running,
    /// Held.
    Paused,
    /// Ended by the person.
    Stopped,
    /// Complete and checked.
    Finished,
    /// Ended by an error.
    Failed(String),
}

/// A run that has begun.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number.
    pub id: JobId,
    /// What it is.
    pub spec: Spec,
    /// How far it is.
    pub phase: Phase,
    /// Updates made.
    pub step: u64,
    /// Steps per second.
    pub rate: f64,
    /// Seconds of optimisation so far.
    pub seconds: f64,
    /// Number of values in the layer.
    pub elements: usize,
    /// The prepared reference.
    pub reference: Option<Arc<Vec<f32>>>,
    /// The newest stimulus, and the step at which it was taken.
    pub metamer: Option<(u64, Arc<Vec<f32>>)>,
    /// Snapshots of the stimulus so far; those of a complete run lie in its folder.
    pub history: History,
    /// Logarithm of the loss against step.
    pub loss: Curve,
    /// The newest loss.
    pub loss_now: Option<f64>,
    /// Spearman's rho at the layer against step.
    pub rho: Curve,
    /// Spearman's rho of the logits against step.
    pub rho_logits: Curve,
    /// The newest measures.
    pub live: Option<Live>,
    /// What the network makes of the reference.
    pub predicted: Vec<Prediction>,
    /// Largest rho of the null distribution, and a sentence about it.
    pub null: Option<(f64, String)>,
    /// How that distribution lies.
    pub histogram: Option<Histogram>,
    /// The final checks.
    pub verification: Option<Verification>,
    /// Where it lies.
    pub folder: Option<PathBuf>,
}

impl Run {
    /// Whether it is still going on.
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }

    /// Seconds that are left, as far as the rate tells.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.spec.procedure.steps.saturating_sub(self.step);
        (self.rate > 0.0 && left > 0 && self.is_active()).then(|| left as f64 / self.rate)
    }

    /// Model, stimulus and layer.
    pub fn key(&self) -> RunKey {
        (&self.spec).into()
    }

    /// Outcome of the checks, final or so far, with the figures in words.
    pub fn verdict(&self) -> Option<(Verdict, &str)> {
        match (&self.verification, &self.live) {
            // The sentence begins with the verdict's word, which stands by itself here.
            (Some(v), _) => Some((
                v.verdict,
                v.sentence
                    .split_once(": ")
                    .map_or(&v.sentence[..], |(_, rest)| rest),
            )),
            (None, Some(live)) => Some((live.verdict.0, &live.verdict.1)),
            (None, None) => None,
        }
    }
}
