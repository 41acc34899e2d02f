//! The worker thread: takes runs from a queue, steps each to its end, and obeys orders between steps.

use super::device;
use super::handle::SessionOptions;
use super::job::Job;
use super::live::{Frame, Slot};
use super::messages::{Command, Event, Finished, JobId, Progress};
use super::pending::Pending;
use super::run::Run;
use crate::network::Executor;
use crate::{Error, Result};
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Worker {
    pub(super) options: SessionOptions,
    pub(super) orders: Receiver<Command>,
    pub(super) reports: Sender<Event>,
    pub(super) notify: Box<dyn Fn() + Send>,
    pub(super) frames: Arc<Slot<Frame>>,
    pub(super) queue: VecDeque<(JobId, Box<Job>)>,
    pub(super) quitting: bool,
    /// Kept from run to run, since packing weights takes time: weights, device, threads and convolutions that it was made for.
    pub(super) executor: Option<(String, Box<dyn Executor>)>,
}

/// Why a run ended.
enum End {
    Finished(Box<Finished>),
    Stopped { step: u64, folder: Option<PathBuf> },
}

/// A run that could not go on, with the folder that holds its last good state.
struct Failure {
    error: Error,
    folder: Option<PathBuf>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            folder: None,
        }
    }
}

/// What the person wants between two steps.
#[derive(PartialEq, Eq)]
enum Wish {
    GoOn,
    Rewind,
    Stop,
    Checkpoint,
}

impl Worker {
    pub(super) fn run(mut self) {
        while !self.quitting {
            let Some((id, job)) = self.queue.pop_front() else {
                match self.orders.recv() {
                    Ok(order) => self.obey_between_runs(order),
                    Err(_) => return,
                }
                continue;
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run_job(id, &job)));
            let event = match outcome {
                Ok(Ok(End::Finished(finished))) => Event::Finished(finished),
                Ok(Ok(End::Stopped { step, folder })) => Event::Stopped {
                    job: id,
                    step,
                    folder,
                },
                Ok(Err(Failure { error, folder })) => Event::Failed {
                    job: id,
                    message: error.to_string(),
                    folder,
                },
                Err(panic) => {
                    // The executor may be half-way through a step.
                    self.executor = None;
                    let folder = job
                        .out
                        .as_ref()
                        .map(|(root, _)| root.join(format!("{}.partial", job.folder_name())));
                    Event::Failed {
                        job: id,
                        message: panic_message(panic.as_ref()),
                        folder: folder.filter(|f| f.exists()),
                    }
                }
            };
            self.report(event);
            if self.queue.is_empty() {
                self.report(Event::Idle);
            }
        }
    }

    /// Says something that must arrive, waiting for a place if need be.
    fn report(&self, event: Event) {
        let _ = self.reports.send(event);
        (self.notify)();
    }

    fn obey_between_runs(&mut self, order: Command) {
        match order {
            Command::Enqueue(id, job) => self.queue.push_back((id, job)),
            Command::Remove(id) => self.queue.retain(|(other, _)| *other != id),
            Command::Quit => {
                self.quitting = true;
                self.queue.clear();
            }
            // Orders about a run that is no longer there.
            Command::Pause
            | Command::Resume
            | Command::Rewind
            | Command::Stop
            | Command::Rate(_)
            | Command::Checkpoint => {}
        }
    }

    /// Reads orders; while paused, waits for them.
    fn obey(&mut self, id: JobId, run: &mut Run<'_>) -> Wish {
        let mut paused = false;
        loop {
            let order = if paused {
                match self.orders.recv() {
                    Ok(order) => order,
                    Err(_) => return Wish::Stop,
                }
            } else {
                match self.orders.try_recv() {
                    Ok(order) => order,
                    Err(TryRecvError::Empty) => return Wish::GoOn,
                    Err(TryRecvError::Disconnected) => return Wish::Stop,
                }
            };
            match order {
                Command::Pause if !paused => {
                    paused = true;
                    self.report(Event::Paused(id));
                }
                Command::Resume if paused => {
                    paused = false;
                    self.report(Event::Resumed(id));
                }
                Command::Pause | Command::Resume => {}
                Command::Rate(factor) => match run.synthesis.change_rate(factor) {
                    Ok(()) => {
                        let changes = run.synthesis.procedure().rate_changes.clone();
                        self.report(Event::RateChanged(id, changes));
                    }
                    Err(error) => tracing::warn!("the rate stays as it was: {error}"),
                },
                Command::Rewind => {
                    if paused {
                        self.report(Event::Resumed(id));
                    }
                    return Wish::Rewind;
                }
                Command::Stop => return Wish::Stop,
                // A checkpoint does not end a pause.
                Command::Checkpoint if paused => {}
                Command::Checkpoint => return Wish::Checkpoint,
                Command::Quit => {
                    self.obey_between_runs(Command::Quit);
                    return Wish::Stop;
                }
                other => self.obey_between_runs(other),
            }
        }
    }

    fn executor_for(&mut self, job: &Job) -> Result<Box<dyn Executor>> {
        let key = executor_key(job);
        match self.executor.take() {
            Some((made_for, executor)) if made_for == key => Ok(executor),
            _ => device::executor(
                job.model.graph.clone(),
                &job.spec.device,
                job.spec.threads,
                job.spec.conv,
            ),
        }
    }

    fn run_job(&mut self, id: JobId, job: &Job) -> Result<End, Failure> {
        let mut executor = self.executor_for(job)?;
        let result = self.run_with(id, job, executor.as_mut());
        self.executor = Some((executor_key(job), executor));
        result
    }

    fn run_with(
        &mut self,
        id: JobId,
        job: &Job,
        executor: &mut dyn Executor,
    ) -> Result<End, Failure> {
        let mut run = Run::new(id, job, executor, self.options.history)?;
        if run.complete {
            return Ok(End::Finished(Box::new(run.read_back()?)));
        }
        let at_fault = |run: &Run<'_>, error: Error| Failure {
            error,
            folder: run.folder_path(),
        };
        self.report(Event::Started(Box::new(run.started())));
        let mut pending = Pending::new();
        loop {
            match self.obey(id, &mut run) {
                Wish::GoOn => {}
                Wish::Checkpoint => self.checkpoint(&run).map_err(|e| at_fault(&run, e))?,
                Wish::Rewind => {
                    run.rewind()?;
                    pending = Pending::new();
                    self.report(Event::Rewound(id));
                }
                Wish::Stop => {
                    self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
                    self.publish(&run, &mut pending, true);
                    return Ok(End::Stopped {
                        step: run.synthesis.updates(),
                        folder: run.folder_path(),
                    });
                }
            }
            let begun = Instant::now();
            let report = match run.synthesis.step(executor) {
                Ok(report) => report,
                Err(error) => {
                    self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
                    self.publish(&run, &mut pending, true);
                    return Err(at_fault(&run, error));
                }
            };
            run.record(&report, begun.elapsed(), executor, &mut pending)?;
            if report.finished {
                break;
            }
            if run
                .synthesis
                .updates()
                .is_multiple_of(self.options.checkpoint_steps.max(1))
            {
                self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
            }
            self.publish(&run, &mut pending, false);
        }
        self.publish(&run, &mut pending, true);
        let verification = run.verify(executor)?;
        let seconds = run.seconds;
        let folder = run
            .write(verification.as_ref(), executor)
            .map_err(|e| at_fault(&run, e))?;
        Ok(End::Finished(Box::new(run.finished(
            verification,
            folder,
            seconds,
        ))))
    }

    fn checkpoint(&self, run: &Run<'_>) -> Result<()> {
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

    /// Shows the newest stimulus and reports the steps since the last time, unless that was a moment ago.
    fn publish(&self, run: &Run<'_>, pending: &mut Pending, now: bool) {
        if !now && pending.published.elapsed() < self.options.frame_interval {
            return;
        }
        let stimulus = Arc::new(run.synthesis.stimulus().to_vec());
        self.frames.put(Frame {
            job: run.id,
            step: run.synthesis.updates(),
            stimulus,
        });
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
        pending.published = Instant::now();
        (self.notify)();
    }
}

fn executor_key(job: &Job) -> String {
    format!(
        "{} {} {} {:?}",
        job.model.weights_sha256, job.spec.device, job.spec.threads, job.spec.conv
    )
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".into());
    format!(
        "The synthesis ended because of an error in this program: {text}. The last checkpoint is kept; please report this"
    )
}
