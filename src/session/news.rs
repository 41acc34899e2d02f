//! How the worker makes itself heard: events in a channel, the newest stimuli where they can be looked at.

use super::live::{Frame, Frames};
use super::messages::{Event, JobId, Progress};
use super::pending::Pending;
use super::run::Run;
use crate::Result;
use crossbeam_channel::{Sender, TrySendError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the worker says to whoever listens.
pub(super) struct News {
    pub(super) reports: Sender<Event>,
    pub(super) notify: Box<dyn Fn() + Send>,
    pub(super) frames: Arc<Frames>,
    /// The least time between two frames or progress reports of a run.
    pub(super) interval: Duration,
}

impl News {
    /// Says something that must arrive, waiting for a place if need be.
    pub(super) fn report(&self, event: Event) {
        let _ = self.reports.send(event);
        (self.notify)();
    }

    pub(super) fn failed(&self, job: JobId, message: impl ToString, folder: Option<PathBuf>) {
        self.report(Event::Failed {
            job,
            message: message.to_string(),
            folder,
        });
    }

    /// Writes a checkpoint, where the run has a folder, and says so.
    pub(super) fn checkpoint(&self, run: &Run) -> Result<()> {
        if let Some(folder) = &run.folder {
            let history = run.history().map(|h| (h, &run.job.model.input));
            folder.write_checkpoint(&run.spec(), &run.synthesis, &run.trace, history)?;
            let folder = folder.partial().to_owned();
            self.report(Event::Checkpointed {
                job: run.id,
                step: run.synthesis.updates(),
                folder,
            });
        }
        Ok(())
    }

    /// Shows the newest stimulus and reports the steps since the last time, unless that was a moment ago. `room` is for
    /// how many runs frames may wait.
    pub(super) fn publish(&self, run: &Run, pending: &mut Pending, room: usize, now: bool) {
        if !now && pending.published.elapsed() < self.interval {
            return;
        }
        let stimulus = Arc::new(run.synthesis.stimulus().to_vec());
        let frame = Frame {
            job: run.id,
            step: run.synthesis.updates(),
            stimulus,
        };
        self.frames.put(frame, room);
        let progress = Progress {
            job: run.id,
            rows: std::mem::take(&mut pending.rows),
            snapshots: std::mem::take(&mut pending.snapshots),
            live: pending.live.take(),
            steps_per_second: pending.rate(),
        };
        let event = Event::Progress(Box::new(progress));
        if now {
            let _ = self.reports.send(event);
        } else if let Err(TrySendError::Full(Event::Progress(progress))) =
            self.reports.try_send(event)
        {
            // The listener is busy: keep what it has not heard for the next report.
            pending.rows = progress.rows;
            pending.snapshots = progress.snapshots;
            pending.live = progress.live;
        }
        pending.published = std::time::Instant::now();
        (self.notify)();
    }
}
