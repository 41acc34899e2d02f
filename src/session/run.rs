//! One run from its beginning to its folder, step by step as the worker drives it.

use super::checkpoint;
use super::history::{self, History, Snapshot};
use super::job::Job;
use super::live::Live;
use super::messages::{Finished, JobId, Started};
use super::pending::Pending;
use super::run_folder::{Beginning, Contents, FinishedRun, RunFolder};
use super::trace::{Sample, Trace, TraceRow, sampled};
use crate::formats::Array;
use crate::network::{Executor, NodeId, Tap};
use crate::synthesis::{Procedure, Spec, StepReport, Synthesis};
use crate::verify::verdict::{self, Predictions, Verdict, top, verify};
use crate::verify::{Comparison, Histogram, Ranked, Verification};
use crate::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Parts that a null distribution is shown in.
const BARS: usize = 40;

/// Points of the activation scatter.
const SCATTER_POINTS: usize = 4000;

/// What the network makes of the stimulus of a step at which measures are taken.
pub(super) struct Measured {
    /// At the matched layer.
    pub(super) activation: Vec<f32>,
    pub(super) logits: Vec<f32>,
}

/// A run that is going on.
pub(super) struct Run {
    pub(super) id: JobId,
    pub(super) job: Arc<Job>,
    pub(super) tap: Tap,
    pub(super) synthesis: Synthesis,
    pub(super) trace: Trace,
    /// The steps of which a snapshot is kept, and those that were taken; nothing where none is asked for.
    pub(super) history: Option<(Vec<u64>, History)>,
    pub(super) seconds: f64,
    pub(super) folder: Option<RunFolder>,
    pub(super) complete: bool,
    /// The target's ranks, worked out once.
    pub(super) ranks: Ranked,
    pub(super) reference_logits: Option<(Vec<f32>, Ranked)>,
}

impl Run {
    pub(super) fn new(
        id: JobId,
        job: Arc<Job>,
        executor: &mut dyn Executor,
        keep_history: bool,
    ) -> Result<Self> {
        let model = &job.model;
        let tap = model.tap(job.layer, job.spec.procedure.straight_through);
        let begun = job
            .out
            .as_ref()
            .map(|(root, existing)| RunFolder::begin(root, &job.folder_name(), *existing));
        let (folder, beginning) = begun
            .transpose()?
            .map_or((None, Beginning::Fresh), |(f, b)| (Some(f), b));
        let reference_logits = match &job.reference {
            Some(reference) => {
                executor.forward(reference, model.logits)?;
                let logits = executor.activation(model.logits)?.into_owned();
                let ranks = Ranked::new(&logits);
                Some((logits, ranks))
            }
            None => None,
        };
        let target = match (&job.target, &job.reference) {
            (Some(target), _) => target.to_vec(),
            (None, Some(reference)) => {
                executor.forward(reference, job.layer)?;
                executor.activation(job.layer)?.into_owned()
            }
            (None, None) => {
                return Err(Error::Internal("a run without stimulus and target".into()));
            }
        };
        // What does not fit is this run's own fault, and is found before it could end others that go on beside it.
        for (what, node, length) in [
            ("target", job.layer, target.len()),
            ("start", NodeId::INPUT, job.start.len()),
        ] {
            let node = model.graph.node(node);
            if node.elements() != length {
                return Err(Error::shape(what, &node.shape, &[length]));
            }
        }
        let ranks = Ranked::new(&target);
        let synthesis = Synthesis::new(
            job.spec.procedure.clone(),
            tap,
            target,
            job.start.to_vec(),
            &model.input.shape,
            model.input.range,
        )?;
        let history = keep_history.then(|| {
            let steps = history::steps(job.spec.procedure.steps);
            (steps, History::default())
        });
        let mut run = Self {
            id,
            job,
            tap,
            synthesis,
            trace: Trace::default(),
            history,
            seconds: 0.0,
            folder,
            complete: beginning == Beginning::Complete,
            ranks,
            reference_logits,
        };
        if let (Beginning::FromCheckpoint, Some(folder)) = (&beginning, &run.folder) {
            let file = folder.checkpoint_file();
            let Job { spec, model, .. } = &*run.job;
            let (trace, history) =
                checkpoint::restore(&file, spec, &mut run.synthesis, &model.input)?;
            run.trace = trace;
            match (&mut run.history, history) {
                (Some((_, kept)), Some(history)) => *kept = history,
                (Some(_), None) => {
                    tracing::warn!(
                        "{}: this run began without a history of its stimulus, and goes on without one",
                        file.display()
                    );
                    run.history = None;
                }
                (None, _) => {}
            }
            run.seconds = run.trace.rows.last().map_or(0.0, |r| r.seconds);
        }
        Ok(run)
    }

    /// The result of a run that was complete before it began.
    pub(super) fn read_back(&self) -> Result<Finished> {
        let folder = self
            .folder_path()
            .ok_or_else(|| Error::Internal("a complete run without a folder".into()))?;
        let run = FinishedRun::read(&folder)?;
        if let Some(difference) = self.job.spec.difference(&run.spec) {
            let reason = format!(
                "Is a complete run with other settings ({difference}). Use --overwrite to replace it"
            );
            return Err(Error::file(folder, reason));
        }
        let metamer = Arc::new(run.metamer);
        Ok(Finished {
            job: self.id,
            verification: run.verification,
            folder: Some(folder),
            metamer,
            seconds: 0.0,
        })
    }

    pub(super) fn folder_path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|f| {
            if self.complete {
                f.complete()
            } else {
                f.partial()
            }
            .to_owned()
        })
    }

    pub(super) fn started(&self) -> Started {
        let layer = &self.job.spec.layer;
        let null = self
            .job
            .null
            .as_ref()
            .and_then(|n| Some((n.largest(layer, "spearman")?, n.describe())));
        let rho = self
            .job
            .null
            .as_ref()
            .and_then(|n| n.values(layer, "spearman"));
        Started {
            histogram: rho.and_then(|rho| Histogram::of(rho, BARS)),
            job: self.id,
            spec: self.spec(),
            step: self.synthesis.updates(),
            rows: self.trace.rows.clone(),
            snapshots: self.history().map_or(vec![], |h| h.snapshots.clone()),
            reference: self.job.reference.clone(),
            predicted: self
                .reference_logits
                .as_ref()
                .map_or(vec![], |(l, _)| top(&self.job.model, l, 5)),
            null,
            elements: self.synthesis.target().len(),
        }
    }

    /// What the run is by now: what was asked for, with the changes that were made since.
    pub(super) fn spec(&self) -> Spec {
        Spec {
            procedure: self.synthesis.procedure().clone(),
            ..self.job.spec.clone()
        }
    }

    pub(super) fn rewind(&mut self) -> Result<()> {
        let input = &self.job.model.input;
        let target = self.synthesis.target().to_vec();
        let procedure = Procedure {
            rate_changes: vec![],
            ..self.job.spec.procedure.clone()
        };
        self.synthesis = Synthesis::new(
            procedure,
            self.tap,
            target,
            self.job.start.to_vec(),
            &input.shape,
            input.range,
        )?;
        self.trace = Trace::default();
        if let Some((_, history)) = &mut self.history {
            *history = History::default();
        }
        self.seconds = 0.0;
        Ok(())
    }

    /// How many steps can be made before anybody looks at the run: up to the next of which measures, a snapshot or a
    /// checkpoint are due, which come every so many updates; and no more than are made in a tenth of a second, which an
    /// order can wait.
    pub(super) fn steps_unseen(&self, checkpoint_steps: u64) -> u64 {
        const PATIENCE: f64 = 0.1;
        let next = self.synthesis.updates();
        let last = self.synthesis.procedure().steps;
        let snapshots = self.history.as_ref().map_or(&[][..], |(steps, _)| steps);
        let is_due = |step: &u64| {
            sampled(*step, *step >= last)
                || (step + 1).is_multiple_of(checkpoint_steps)
                || snapshots.binary_search(step).is_ok()
        };
        let until_due = (next..).take_while(|step| !is_due(step)).count() as u64 + 1;
        let pace = self.seconds / self.trace.rows.len().max(1) as f64;
        until_due.min((PATIENCE / pace) as u64).max(1)
    }

    /// The snapshots so far, where any are kept.
    pub(super) fn history(&self) -> Option<&History> {
        self.history.as_ref().map(|(_, history)| history)
    }

    /// Enters a step into the trace, with measures if they were taken. `took` is the run's own part of the time of a step
    /// that several made together.
    pub(super) fn record(
        &mut self,
        report: &StepReport,
        took: Duration,
        measured: Option<Measured>,
        pending: &mut Pending,
    ) {
        self.seconds += took.as_secs_f64();
        pending.stepped();
        let mut row = TraceRow {
            step: report.step,
            loss: report.loss,
            learning_rate: report.learning_rate,
            gradient_norm: report.gradient_norm,
            seconds: self.seconds,
            sample: None,
        };
        if let Some(measured) = measured {
            let live = self.measure(report.step, &measured);
            row.sample = Some(Sample {
                spearman: live.comparison.spearman.0,
                pearson: live.comparison.pearson.0,
                snr_db: live.comparison.snr_db.0,
                spearman_logits: live.spearman_logits,
            });
            pending.live = Some(live);
        }
        if let Some((steps, history)) = &mut self.history
            && steps.binary_search(&report.step).is_ok()
        {
            let input = &self.job.model.input;
            let evaluated = self.synthesis.evaluated();
            let taken = Arc::new(Snapshot::new(report.step, report.loss, evaluated, input));
            history.snapshots.push(taken.clone());
            pending.snapshots.push(taken);
        }
        self.trace.rows.push(row);
        pending.rows.push(row);
    }

    /// Measures the stimulus of the last step.
    fn measure(&self, step: u64, measured: &Measured) -> Live {
        let model = &self.job.model;
        let target = self.synthesis.target();
        let Measured { activation, logits } = measured;
        let comparison = Comparison::with_ranks(target, &self.ranks, activation);
        let stride = target.len().div_ceil(SCATTER_POINTS).max(1);
        let scatter = target
            .iter()
            .zip(activation)
            .step_by(stride)
            .map(|(t, a)| [*t, *a])
            .collect();
        let (predictions, mut spearman_logits) = match &self.reference_logits {
            Some((reference, ranks)) => (
                verdict::predictions(model, reference, logits),
                ranks.correlate(&Ranked::new(logits)),
            ),
            None => {
                let metamer = top(model, logits, 5);
                let none = Predictions {
                    reference: vec![],
                    metamer,
                    reference_category: None,
                    metamer_category: None,
                };
                (none, f64::NAN)
            }
        };
        if model.labels.is_empty() {
            spearman_logits = f64::NAN;
        }
        let criteria = self.job.spec.procedure.criteria;
        let checks = verdict::apply(
            criteria,
            verdict::Sameness::asked(criteria, model),
            &self.job.spec.layer,
            &comparison,
            &predictions,
            self.job.null.as_deref(),
        );
        let so_far = Verdict::all(checks.values().map(|c| c.verdict));
        let sentence = verdict::in_words(&checks);
        Live {
            step,
            comparison,
            spearman_logits,
            predictions,
            scatter: Arc::new(scatter),
            elements: target.len(),
            verdict: (so_far, sentence),
        }
    }

    /// The checks on the finished metamer; nothing where there is no reference to check against.
    pub(super) fn verify(&self, executor: &mut dyn Executor) -> Result<Option<Verification>> {
        let Some(reference) = &self.job.reference else {
            return Ok(None);
        };
        let Job {
            model,
            layer,
            null,
            spec,
            ..
        } = &*self.job;
        let metamer = self.synthesis.stimulus();
        verify(
            model,
            executor,
            *layer,
            reference,
            metamer,
            spec.procedure.criteria,
            null.as_deref(),
        )
        .map(Some)
    }

    pub(super) fn write(
        &mut self,
        verification: Option<&Verification>,
        executor: &mut dyn Executor,
    ) -> Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let mut cochleagrams = Vec::new();
        if let Some(front_end) = self.job.model.front_end() {
            let sounds = [
                ("metamer", Some(self.synthesis.stimulus())),
                ("reference", self.job.reference.as_ref().map(|r| &r[..])),
            ];
            for (name, sound) in sounds {
                let Some(sound) = sound else { continue };
                executor.forward(sound, front_end)?;
                // Channels by frames; the leading channel axis of the network is of no use in a file.
                let shape = self.job.model.graph.node(front_end).shape[1..].to_vec();
                cochleagrams.push((
                    name,
                    Array::new(shape, executor.activation(front_end)?.into_owned())?,
                ));
            }
        }
        folder.complete_with(&Contents {
            spec: &self.spec(),
            input: &self.job.model.input,
            metamer: self.synthesis.stimulus(),
            reference: self.job.reference.as_ref().map(|r| &r[..]),
            trace: &self.trace,
            history: self.history(),
            verification,
            cochleagrams: &cochleagrams,
        })?;
        self.complete = true;
        Ok(Some(folder.complete().to_owned()))
    }

    pub(super) fn finished(
        &self,
        verification: Option<Verification>,
        folder: Option<PathBuf>,
        seconds: f64,
    ) -> Finished {
        let folder = folder.or_else(|| self.folder_path());
        let metamer = Arc::new(self.synthesis.stimulus().to_vec());
        Finished {
            job: self.id,
            verification,
            folder,
            metamer,
            seconds,
        }
    }
}
