//! What is said to the worker, and what it says.

use super::history::Snapshot;
use super::job::Job;
use super::live::Live;
use super::trace::TraceRow;
use crate::synthesis::Spec;
use crate::synthesis::procedure::RateChange;
use crate::verify::verdict::Prediction;
use crate::verify::{Histogram, Verification};
use std::path::PathBuf;
use std::sync::Arc;

/// The number of a run in its session, in the order in which runs were queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// An order for the worker.
#[derive(Debug)]
pub enum Command {
    /// Adds a run to the queue.
    Enqueue(JobId, Box<Job>),
    /// Takes a run that has not begun out of the queue.
    Remove(JobId),
    /// How many runs that share a network go on together from now on; runs that are more go on until they end.
    Together(usize),
    /// Holds a run. Of these orders each is about the run of this number, if it goes on, or about all that go on.
    Pause(Option<JobId>),
    /// Lets it go on.
    Resume(Option<JobId>),
    /// Takes it back to its start.
    Rewind(Option<JobId>),
    /// Ends it where it is, with a checkpoint; the others and the queue go on.
    Stop(Option<JobId>),
    /// Multiplies its schedule's rate by this from the next update on.
    Rate(Option<JobId>, f64),
    /// Writes a checkpoint of it now.
    Checkpoint(Option<JobId>),
    /// Empties the queue, ends the runs that go on with checkpoints, and ends the worker.
    Quit,
}

/// News from the worker.
#[derive(Clone, Debug)]
pub enum Event {
    /// A run has begun.
    Started(Box<Started>),
    /// Steps were made.
    Progress(Box<Progress>),
    /// The run is held.
    Paused(JobId),
    /// The run goes on.
    Resumed(JobId),
    /// The run is back at its start; what was reported of it no longer holds.
    Rewound(JobId),
    /// The rate was changed; every change that holds by now.
    RateChanged(JobId, Vec<RateChange>),
    /// A checkpoint was written.
    Checkpointed {
        /// The run.
        job: JobId,
        /// Updates made.
        step: u64,
        /// The unfinished run's folder.
        folder: PathBuf,
    },
    /// The run was ended before its last step.
    Stopped {
        /// The run.
        job: JobId,
        /// Updates made.
        step: u64,
        /// The unfinished run's folder, from which it can be resumed.
        folder: Option<PathBuf>,
    },
    /// The run is complete and checked.
    Finished(Box<Finished>),
    /// The run could not go on.
    Failed {
        /// The run.
        job: JobId,
        /// What was wrong and what to do.
        message: String,
        /// The unfinished run's folder with the last good state, if there is one.
        folder: Option<PathBuf>,
    },
    /// The queue is empty, and no run goes on.
    Idle,
}

/// A run that has begun.
#[derive(Clone, Debug)]
pub struct Started {
    /// The run.
    pub job: JobId,
    /// What it is.
    pub spec: Spec,
    /// The step it begins at; above 0 when resumed.
    pub step: u64,
    /// Rows of the trace before that step.
    pub rows: Vec<TraceRow>,
    /// Snapshots before that step, if the run keeps any.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// The prepared reference input, if there is one.
    pub reference: Option<Arc<Vec<f32>>>,
    /// What the network makes of it.
    pub predicted: Vec<Prediction>,
    /// The largest Spearman's rho of the null distribution at the matched layer, and a sentence about it.
    pub null: Option<(f64, String)>,
    /// How that distribution lies.
    pub histogram: Option<Histogram>,
    /// Number of values in the matched layer.
    pub elements: usize,
}

/// Steps that were made since the last report.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The run.
    pub job: JobId,
    /// What happened at each.
    pub rows: Vec<TraceRow>,
    /// Snapshots that were taken: shared with the worker, which holds all of its run's anyway, so that none is heavy here.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// The newest measures, if any were taken.
    pub live: Option<Live>,
    /// Steps per second of this run over the last few seconds.
    pub steps_per_second: f64,
}

/// A complete run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The run.
    pub job: JobId,
    /// The checks.
    pub verification: Option<Verification>,
    /// The run's folder.
    pub folder: Option<PathBuf>,
    /// The metamer.
    pub metamer: Arc<Vec<f32>>,
    /// Seconds of optimisation, see [`TraceRow::seconds`].
    pub seconds: f64,
}
