//! Runs that go on together: every round is one step of each, as one batch that reads the network's weights once.
//!
//! A run's results do not depend on its company. Each keeps its own folder, trace, checkpoints, checks and news; it joins
//! when there is a place, and leaves when it has ended.

use super::job::Job;
use super::messages::{Event, JobId};
use super::pending::Pending;
use super::run::{Measured, Run};
use super::trace::sampled;
use super::worker::{Worker, executor_key};
use crate::network::{Executor, NodeId};
use crate::synthesis::{StepReport, Synthesis, step_together};
use crate::{Error, Result};
use std::time::{Duration, Instant};

/// One of the runs that go on together.
pub(super) struct Member {
    pub(super) run: Run,
    pub(super) pending: Pending,
    /// Held: it keeps its place, and makes no steps.
    pub(super) paused: bool,
}

/// What a run found in a round, with what is needed for its measures if they are due.
struct Found {
    report: StepReport,
    measured: Option<Measured>,
}

impl Worker {
    /// Works on the front of the queue, and on what follows and can share its network, until nothing of that is left.
    pub(super) fn run_together(&mut self) {
        let Some((id, job)) = self.queue.front().cloned() else {
            return;
        };
        let key = executor_key(&job);
        let mut executor = match self.executor_for(&job) {
            Ok(executor) => executor,
            Err(error) => {
                self.queue.pop_front();
                return self.news.failed(id, error, None);
            }
        };
        loop {
            let wait = !self.has_next(&key, executor.as_ref());
            self.obey_all(wait);
            while self.has_next(&key, executor.as_ref()) {
                self.begin_next(executor.as_mut());
            }
            if self.members.is_empty() {
                break;
            }
            self.round(executor.as_mut());
        }
        self.executor = Some((key, executor));
    }

    /// Whether there is a place for the run at the front of the queue, and it fits.
    fn has_next(&self, key: &str, executor: &dyn Executor) -> bool {
        let Some((_, job)) = self.queue.front() else {
            return false;
        };
        // Of two runs in one folder the second begins after the first has ended.
        let same_folder = |other: &Job| match (&job.out, &other.out) {
            (Some((a, _)), Some((b, _))) => a == b && job.folder_name() == other.folder_name(),
            _ => false,
        };
        self.members.len() < self.options.together.min(executor.most_items())
            && executor_key(job) == key
            && !self.members.iter().any(|m| same_folder(&m.run.job))
    }

    fn begin_next(&mut self, executor: &mut dyn Executor) {
        let Some((id, job)) = self.queue.pop_front() else {
            return;
        };
        self.beginning = Some((id, job.clone()));
        match Run::new(id, job, executor, self.options.history) {
            Ok(run) if run.complete => match run.read_back() {
                Ok(finished) => self.news.report(Event::Finished(Box::new(finished))),
                Err(error) => self.news.failed(id, error, None),
            },
            Ok(run) => {
                self.news.report(Event::Started(Box::new(run.started())));
                self.members.push(Member {
                    run,
                    pending: Pending::new(),
                    paused: false,
                });
            }
            Err(error) => self.news.failed(id, error, None),
        }
        self.beginning = None;
    }

    /// One step of every run that is not held; several of one that goes on alone on a device that had better not be waited
    /// for at each.
    fn round(&mut self, executor: &mut dyn Executor) {
        let stepping = || self.members.iter().filter(|m| !m.paused);
        let ids: Vec<JobId> = stepping().map(|m| m.run.id).collect();
        if ids.is_empty() {
            return;
        }
        let begun = Instant::now();
        let every = self.options.checkpoint_steps.max(1);
        let unseen = stepping().next().map_or(1, |m| m.run.steps_unseen(every));
        let mut syntheses: Vec<&mut Synthesis> = self
            .members
            .iter_mut()
            .filter(|m| !m.paused)
            .map(|m| &mut m.run.synthesis)
            .collect();
        let mut earlier = Vec::new();
        let reports = match &mut syntheses[..] {
            [alone] => Ok(vec![alone.steps(unseen, executor).and_then(|reports| {
                earlier = reports;
                let last = earlier.pop();
                last.ok_or_else(|| Error::Internal("no step was made".into()))
            })]),
            all => step_together(all, executor),
        };
        // Each is charged an equal part, so that the seconds of all runs add up to the time that has passed.
        let steps = ids.len() + earlier.len();
        let share = begun.elapsed() / u32::try_from(steps).unwrap_or(u32::MAX);
        for report in earlier {
            if let Some(at) = self.place(ids[0]) {
                let Member { run, pending, .. } = &mut self.members[at];
                run.record(&report, share, None, pending);
            }
        }
        let found = reports.and_then(|reports| self.measured(reports, executor));
        match found {
            Ok(found) => {
                for (id, found) in ids.into_iter().zip(found) {
                    self.go_on(id, found, share, executor);
                }
            }
            Err(error) => {
                let message = error.to_string();
                ids.into_iter()
                    .for_each(|id| self.fail(id, message.clone()));
            }
        }
    }

    /// Reads what the runs whose measures are due are measured by, while the executor holds it, and computes their logits
    /// as one batch.
    fn measured(
        &self,
        reports: Vec<Result<StepReport>>,
        executor: &mut dyn Executor,
    ) -> Result<Vec<Result<Found>>> {
        let runs: Vec<&Run> = self
            .members
            .iter()
            .filter(|m| !m.paused)
            .map(|m| &m.run)
            .collect();
        let is_due = |report: &Result<StepReport>| {
            report.as_ref().is_ok_and(|r| sampled(r.step, r.finished))
        };
        let (mut stimuli, mut nodes, mut activations) = (vec![], vec![], vec![]);
        for (item, (run, report)) in runs.iter().zip(&reports).enumerate() {
            if is_due(report) {
                let activation = executor.activation_of(item, run.tap.node)?;
                activations.push(activation.into_owned());
                stimuli.push(run.synthesis.evaluated());
                nodes.push(run.job.model.logits);
            }
        }
        let logits = logits(&stimuli, &nodes, executor)?;
        let mut all = activations
            .into_iter()
            .zip(logits)
            .map(|(activation, logits)| Measured { activation, logits });
        let found = |report: Result<StepReport>| {
            let measured = if is_due(&report) { all.next() } else { None };
            report.map(|report| Found { report, measured })
        };
        Ok(reports.into_iter().map(found).collect())
    }

    /// Enters what a run found, and ends it after its last step.
    fn go_on(
        &mut self,
        id: JobId,
        found: Result<Found>,
        share: Duration,
        executor: &mut dyn Executor,
    ) {
        let Found { report, measured } = match found {
            Ok(found) => found,
            Err(error) => return self.fail(id, error.to_string()),
        };
        let room = self.options.together;
        let Some(at) = self.place(id) else {
            return;
        };
        let Member { run, pending, .. } = &mut self.members[at];
        run.record(&report, share, measured, pending);
        if report.finished {
            self.news.publish(run, pending, room, true);
            let event = match finish(run, executor) {
                Ok(event) => event,
                Err(error) => Event::Failed {
                    job: id,
                    message: error.to_string(),
                    folder: run.folder_path(),
                },
            };
            self.members.remove(at);
            return self.news.report(event);
        }
        let every = self.options.checkpoint_steps.max(1);
        if run.synthesis.updates().is_multiple_of(every)
            && let Err(error) = self.news.checkpoint(run)
        {
            return self.leave(at, error.to_string());
        }
        let Member { run, pending, .. } = &mut self.members[at];
        self.news.publish(run, pending, room, false);
    }

    /// Ends a run that cannot go on, with a checkpoint of its last good state.
    fn fail(&mut self, id: JobId, message: String) {
        let Some(at) = self.place(id) else {
            return;
        };
        let Member { run, pending, .. } = &mut self.members[at];
        let message = match self.news.checkpoint(run) {
            Ok(()) => {
                self.news.publish(run, pending, self.options.together, true);
                message
            }
            Err(error) => error.to_string(),
        };
        self.leave(at, message);
    }

    /// Takes a run that failed out of the batch.
    fn leave(&mut self, at: usize, message: String) {
        let run = self.members.remove(at).run;
        let (id, folder) = (run.id, run.folder_path());
        // The folder is free before anybody hears that it is.
        drop(run);
        self.news.failed(id, message, folder);
    }

    pub(super) fn pause(&mut self, at: usize) {
        let member = &mut self.members[at];
        if !std::mem::replace(&mut member.paused, true) {
            self.news.report(Event::Paused(member.run.id));
        }
    }

    pub(super) fn resume(&mut self, at: usize) {
        let member = &mut self.members[at];
        if std::mem::replace(&mut member.paused, false) {
            self.news.report(Event::Resumed(member.run.id));
        }
    }

    pub(super) fn rewind(&mut self, at: usize) {
        self.resume(at);
        let member = &mut self.members[at];
        if let Err(error) = member.run.rewind() {
            return self.leave(at, error.to_string());
        }
        member.pending = Pending::new();
        self.news.report(Event::Rewound(member.run.id));
    }

    pub(super) fn change_rate(&mut self, at: usize, factor: f64) {
        let run = &mut self.members[at].run;
        match run.synthesis.change_rate(factor) {
            Ok(()) => {
                let changes = run.synthesis.procedure().rate_changes.clone();
                self.news.report(Event::RateChanged(run.id, changes));
            }
            Err(error) => tracing::warn!("the rate stays as it was: {error}"),
        }
    }

    pub(super) fn checkpoint(&mut self, at: usize) {
        if let Err(error) = self.news.checkpoint(&self.members[at].run) {
            self.leave(at, error.to_string());
        }
    }

    pub(super) fn stop(&mut self, at: usize) {
        let Member { run, pending, .. } = &mut self.members[at];
        if let Err(error) = self.news.checkpoint(run) {
            return self.leave(at, error.to_string());
        }
        self.news.publish(run, pending, self.options.together, true);
        let run = self.members.remove(at).run;
        let (step, folder) = (run.synthesis.updates(), run.folder_path());
        let job = run.id;
        drop(run);
        self.news.report(Event::Stopped { job, step, folder });
    }
}

/// What the network makes of several stimuli.
fn logits(
    stimuli: &[&[f32]],
    nodes: &[NodeId],
    executor: &mut dyn Executor,
) -> Result<Vec<Vec<f32>>> {
    if stimuli.is_empty() {
        return Ok(vec![]);
    }
    executor.forward_batch(stimuli, nodes)?;
    let of = |(item, node): (usize, &NodeId)| Ok(executor.activation_of(item, *node)?.into_owned());
    nodes.iter().enumerate().map(of).collect()
}

/// Checks and writes a run after its last step.
fn finish(run: &mut Run, executor: &mut dyn Executor) -> Result<Event, Error> {
    let verification = run.verify(executor)?;
    let folder = run.write(verification.as_ref(), executor)?;
    let seconds = run.seconds;
    let finished = run.finished(verification, folder, seconds);
    Ok(Event::Finished(Box::new(finished)))
}
