//! What is done with news from the worker.

use super::Studio;
use crate::gui::curve::Curve;
use crate::gui::process;
use crate::gui::settings;
use crate::gui::state::{ClosingState, Mark, Phase, Run};
use crate::session::messages::{Finished, Progress, Started};
use crate::session::{Event, Frame, History, JobId, TraceRow};
use crate::verify::Verdict;
use std::path::PathBuf;

/// Runs whose pictures and curves are kept to be looked at again.
const KEPT_RUNS: usize = 64;

impl Studio {
    pub(super) fn news(&mut self, event: Event) {
        match event {
            Event::Started(started) => self.started(*started),
            Event::Progress(progress) => self.progress(*progress),
            Event::Paused(id) => self.set_phase(id, Phase::Paused),
            Event::Resumed(id) => self.set_phase(id, Phase::Running),
            Event::Rewound(id) => {
                if let Some(run) = self.state.runs.get_mut(&id) {
                    (run.step, run.seconds, run.rate) = (0, 0.0, 0.0);
                    (run.loss, run.rho, run.rho_logits) =
                        (Curve::default(), Curve::default(), Curve::default());
                    (run.live, run.loss_now, run.metamer) = (None, None, None);
                    run.spec.procedure.rate_changes.clear();
                    run.history = History::default();
                }
            }
            Event::RateChanged(id, changes) => {
                if let Some(run) = self.state.runs.get_mut(&id) {
                    run.spec.procedure.rate_changes = changes;
                }
            }
            Event::Checkpointed { job, folder, .. } => {
                if let Some(run) = self.state.runs.get_mut(&job) {
                    run.folder = Some(folder);
                }
            }
            Event::Stopped { job, step, folder } => {
                if let Some(run) = self.state.runs.get_mut(&job) {
                    run.step = step;
                    run.folder = folder;
                }
                self.end(job, Phase::Stopped, Mark::NotYet);
            }
            Event::Finished(finished) => self.finished(*finished),
            Event::Failed {
                job,
                message,
                folder,
            } => self.failed(job, message, folder),
            Event::Idle => {
                self.state.queue.clear();
                if self.state.closing == ClosingState::WhenDone && self.state.preparing == 0 {
                    self.close_now();
                }
            }
        }
    }

    pub(super) fn frame(&mut self, frame: Frame) {
        if let Some(run) = self.state.runs.get_mut(&frame.job)
            && run.is_active()
        {
            run.step = frame.step;
            run.metamer = Some((frame.step, frame.stimulus));
        }
    }

    fn started(&mut self, started: Started) {
        let Started {
            job,
            spec,
            step,
            rows,
            snapshots,
            reference,
            predicted,
            null,
            histogram,
            elements,
        } = started;
        self.state.queue.retain(|q| q.id != job);
        self.state.unfinished.retain(|u| u.spec != spec);
        let mut run = Run {
            id: job,
            spec,
            phase: Phase::Running,
            step,
            rate: 0.0,
            seconds: 0.0,
            elements,
            reference,
            metamer: None,
            history: History { snapshots },
            loss: Curve::default(),
            loss_now: None,
            rho: Curve::default(),
            rho_logits: Curve::default(),
            live: None,
            predicted,
            null,
            histogram,
            verification: None,
            folder: None,
        };
        enter(&mut run, &rows);
        self.state.marks.insert(run.key(), Mark::Running);
        // The view goes along with the queue, and stays with one of several that go on at once.
        let follows = self.state.shown().is_none_or(|shown| !shown.is_active());
        let seen = run.spec.model == self.state.choices.model;
        self.state.runs.insert(job, run);
        self.state.going.push(job);
        if seen && follows {
            self.state.viewing = Some(job);
        }
        while self.state.runs.len() > KEPT_RUNS {
            let oldest = self
                .state
                .runs
                .keys()
                .copied()
                .find(|id| Some(*id) != self.state.viewing && !self.state.going.contains(id));
            let Some(oldest) = oldest else { break };
            self.state.runs.remove(&oldest);
        }
    }

    fn progress(&mut self, progress: Progress) {
        self.state.memory = process::resident_bytes();
        let Some(run) = self.state.runs.get_mut(&progress.job) else {
            return;
        };
        enter(run, &progress.rows);
        run.history.snapshots.extend(progress.snapshots);
        run.rate = progress.steps_per_second;
        if progress.live.is_some() {
            run.live = progress.live;
        }
    }

    /// Shows one of the runs that go on, if it is of the model that is looked at.
    pub(super) fn watch(&mut self, id: JobId) {
        let model = &self.state.choices.model;
        let run = self.state.runs.get(&id);
        if run.is_some_and(|r| r.spec.model == *model) {
            self.state.viewing = Some(id);
        }
    }

    fn set_phase(&mut self, id: JobId, phase: Phase) {
        if let Some(run) = self.state.runs.get_mut(&id) {
            run.phase = phase;
        }
    }

    fn end(&mut self, id: JobId, phase: Phase, mark: Mark) {
        self.set_phase(id, phase);
        if let Some(run) = self.state.runs.get(&id) {
            self.state.marks.insert(run.key(), mark);
        }
        self.state.going.retain(|going| *going != id);
        if self.state.viewing == Some(id)
            && let Some(next) = self.state.going.first()
        {
            // As it goes along with the queue, where the next begins when one has ended.
            self.watch(*next);
        }
        if self.state.closing == ClosingState::Checkpointing && self.state.going.is_empty() {
            self.close_now();
        }
    }

    fn finished(&mut self, finished: Finished) {
        let Finished {
            job,
            verification,
            folder,
            metamer,
            seconds,
        } = finished;
        let mark = match verification.as_ref().map(|v| v.verdict) {
            Some(Verdict::Pass) => Mark::Verified,
            Some(Verdict::Fail) => Mark::Failed,
            Some(Verdict::Unknown) | None => Mark::NotYet,
        };
        match self.state.runs.get_mut(&job) {
            Some(run) => {
                run.step = run.spec.procedure.steps;
                run.metamer = Some((run.step, metamer.clone()));
                run.verification = verification;
                run.seconds = seconds;
                run.folder.clone_from(&folder);
                if folder.is_some() {
                    // It is read from there when it is looked at: many complete runs would fill the memory.
                    run.history = History::default();
                }
                let spec = &run.spec;
                let pace = settings::pace(&spec.model, &spec.layer, spec.threads);
                if run.rate > 0.0 {
                    // What all make that go on at once, as the runs of a queue are estimated one after another.
                    let rate = run.rate * self.state.going.len().max(1) as f64;
                    self.state.choices.paces.insert(pace, rate);
                }
            }
            // It was complete before it began.
            None => {
                self.state.queue.retain(|q| q.id != job);
                self.say("That run is complete already", folder.clone());
            }
        }
        if let Some(folder) = folder {
            self.put_on_shelf(folder);
        }
        self.compare_again(job, metamer);
        self.end(job, Phase::Finished, mark);
    }

    fn failed(&mut self, job: JobId, message: String, folder: Option<PathBuf>) {
        match self.state.runs.get_mut(&job) {
            Some(run) => run.folder = folder.or(run.folder.take()),
            // It failed before its first step, so that there is no run to show it with.
            None => {
                if let Some(at) = self.state.queue.iter().position(|q| q.id == job) {
                    let queued = self.state.queue.remove(at);
                    let layer = queued.spec.layer.clone();
                    self.state.marks.insert((&queued.spec).into(), Mark::Failed);
                    self.complain(format!("The run at {layer} could not begin: {message}"));
                } else {
                    self.complain(message.clone());
                }
            }
        }
        self.end(job, Phase::Failed(message), Mark::Failed);
    }
}

/// Enters rows of the trace into a run's curves.
fn enter(run: &mut Run, rows: &[TraceRow]) {
    for row in rows {
        run.loss.push(row.step, row.loss.log10());
        run.loss_now = Some(row.loss);
        run.step = row.step;
        run.seconds = row.seconds;
        if let Some(sample) = row.sample {
            run.rho.push(row.step, sample.spearman);
            run.rho_logits.push(row.step, sample.spearman_logits);
        }
    }
}
