//! Tells the person or the calling program what becomes of the runs.

use crate::cli::output::out;
use crate::cli::progress::{ProgressLine, duration};
use crate::session::messages::{Finished, Progress, Started};
use crate::session::{Event, Job, JobId, TraceRow, listening_copy};
use crate::verify::number::Number;
use crate::verify::verdict::Verdict;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A run by what distinguishes it from the others that were asked for.
struct Asked {
    layer: String,
    seed: u64,
}

/// How far a run is that goes on.
#[derive(Default)]
struct Going {
    step: u64,
    steps: u64,
    loss: Option<f64>,
    per_second: f64,
}

/// What was said and what came of it.
pub struct Report {
    json: bool,
    listening_copy: bool,
    line: ProgressLine,
    runs: Vec<Asked>,
    several_seeds: bool,
    going: BTreeMap<JobId, Going>,
    /// How many runs could not be completed.
    pub failed: usize,
    /// The verdicts of the others that have ended.
    pub verdicts: Vec<Option<Verdict>>,
}

impl Report {
    /// A report on jobs that are queued in this order in a session of their own.
    pub fn new(jobs: &[Job], json: bool, listening_copy: bool) -> Self {
        let asked = |job: &Job| Asked {
            layer: job.spec.layer.clone(),
            seed: job.spec.seed,
        };
        let runs: Vec<Asked> = jobs.iter().map(asked).collect();
        Self {
            json,
            listening_copy,
            line: ProgressLine::new(json),
            several_seeds: runs.iter().any(|r| r.seed != runs[0].seed),
            runs,
            going: BTreeMap::new(),
            failed: 0,
            verdicts: vec![],
        }
    }

    /// Tells what happened.
    pub fn tell(&mut self, event: Event) {
        match event {
            Event::Started(started) => self.started(&started),
            Event::Progress(progress) => self.progress(&progress),
            Event::Checkpointed { job, step, folder } => {
                self.say(job, "checkpoint", json!({"step": step, "folder": folder}));
            }
            Event::Stopped { job, step, folder } => {
                self.ended(job);
                if self.json {
                    self.say(job, "stopped", json!({"step": step, "folder": folder}));
                } else {
                    let kept = folder.map_or(String::new(), |f| {
                        format!("; checkpoint in {}. Go on with --resume", f.display())
                    });
                    eprintln!("{}: stopped after {step} steps{kept}", self.name(job));
                }
            }
            Event::Finished(finished) => self.finished(*finished),
            Event::Failed {
                job,
                message,
                folder,
            } => {
                self.failed += 1;
                self.ended(job);
                self.say(job, "error", json!({"message": message, "folder": folder}));
                eprintln!("{}: {message}", self.name(job));
            }
            Event::Paused(_)
            | Event::Resumed(_)
            | Event::Rewound(_)
            | Event::RateChanged(..)
            | Event::Idle => {}
        }
    }

    /// What a run is called: by its layer, and by its seed where there are several.
    fn name(&self, job: JobId) -> String {
        let Some(Asked { layer, seed }) = self.runs.get(job.0 as usize) else {
            return String::new();
        };
        if self.several_seeds {
            format!("{layer}, seed {seed}")
        } else {
            layer.clone()
        }
    }

    /// Prints an event about a run with these fields, if events are to be printed.
    fn say(&self, job: JobId, event: &str, fields: Value) {
        let (true, Some(Asked { layer, seed })) = (self.json, self.runs.get(job.0 as usize)) else {
            return;
        };
        let mut object = json!({"event": event, "layer": layer, "seed": seed});
        if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
            object.extend(fields);
        }
        out!("{object}");
    }

    fn ended(&mut self, job: JobId) {
        self.going.remove(&job);
        self.line.clear();
    }

    fn started(&mut self, started: &Started) {
        let steps = started.spec.procedure.steps;
        let going = Going {
            step: started.step,
            steps,
            ..Going::default()
        };
        self.going.insert(started.job, going);
        let fields = json!({
            "step": started.step,
            "steps": steps,
            "spec": started.spec,
            "predicted": started.predicted,
            "null_largest_spearman": started.null.as_ref().map(|n| Number(n.0)),
            "null": started.null.as_ref().map(|n| &n.1),
        });
        self.say(started.job, "started", fields);
    }

    fn progress(&mut self, progress: &Progress) {
        if self.json {
            let rows = progress.rows.iter();
            return rows.for_each(|row| self.say(progress.job, "step", step_json(row)));
        }
        let (Some(row), Some(going)) = (progress.rows.last(), self.going.get_mut(&progress.job))
        else {
            return;
        };
        going.step = row.step;
        going.loss = Some(row.loss);
        going.per_second = progress.steps_per_second;
        let alone = (self.going.len() == 1).then(|| self.name(progress.job));
        let going = &self.going;
        let total = self.runs.len();
        self.line.show(|| match alone {
            Some(name) => one(&name, going),
            None => together(going, total),
        });
    }

    fn finished(&mut self, finished: Finished) {
        self.ended(finished.job);
        let name = self.name(finished.job);
        if let (true, Some(folder)) = (self.listening_copy, &finished.folder)
            && let Err(error) = listening_copy::write(folder)
        {
            self.failed += 1;
            eprintln!("{name}: {error}");
        }
        let verification = finished.verification.as_ref();
        self.verdicts.push(verification.map(|v| v.verdict));
        if self.json {
            let fields = json!({
                "folder": finished.folder,
                "seconds": finished.seconds,
                "verdict": verification.map(|v| v.verdict),
                "verification": verification,
            });
            return self.say(finished.job, "finished", fields);
        }
        let sentence = verification.map_or_else(
            || "Unknown: no reference to check against".to_owned(),
            |v| v.sentence.clone(),
        );
        out!("{name}: {sentence}");
        if let Some(null) = verification.and_then(|v| v.null.as_ref()) {
            out!("  null: {}", null.description);
        }
        if let Some(folder) = &finished.folder {
            out!("  {} ({})", folder.display(), duration(finished.seconds));
        }
    }
}

impl Going {
    /// Seconds that are left at this rate; infinite where that is not known.
    fn left(&self) -> f64 {
        self.steps.saturating_sub(self.step) as f64 / self.per_second
    }
}

/// How far the only run is that goes on.
fn one(name: &str, going: &BTreeMap<JobId, Going>) -> String {
    let Some(run) = going.values().next() else {
        return String::new();
    };
    format!(
        "{name}: step {} of {}, loss {:.4e}, {:.1} steps/s, {} left",
        run.step,
        run.steps,
        run.loss.unwrap_or(f64::NAN),
        run.per_second,
        duration(run.left())
    )
}

/// How far runs are that go on at once, of so many.
fn together(going: &BTreeMap<JobId, Going>, total: usize) -> String {
    let (mut least, mut most, mut steps) = (u64::MAX, 0, 0);
    let (mut per_second, mut left) = (0.0, 0.0f64);
    for run in going.values() {
        least = least.min(run.step);
        most = most.max(run.step);
        steps = steps.max(run.steps);
        per_second += run.per_second;
        left = left.max(run.left());
    }
    let at = if least == most {
        format!("step {least}")
    } else {
        format!("steps {least} to {most}")
    };
    format!(
        "{} of {total} runs: {at} of {steps}, {per_second:.1} steps/s in all, {} left for these",
        going.len(),
        duration(left)
    )
}

fn step_json(row: &TraceRow) -> Value {
    let mut object = json!({
        "step": row.step,
        "loss": Number(row.loss),
        "learning_rate": row.learning_rate,
        "gradient_norm": Number(row.gradient_norm),
        "seconds": row.seconds,
    });
    if let Some(sample) = row.sample {
        object["spearman"] = json!(Number(sample.spearman));
        object["pearson"] = json!(Number(sample.pearson));
        object["snr_db"] = json!(Number(sample.snr_db));
        object["spearman_logits"] = json!(Number(sample.spearman_logits));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going(step: u64, per_second: f64) -> Going {
        Going {
            step,
            steps: 400,
            loss: Some(0.25),
            per_second,
        }
    }

    #[test]
    fn one_run_is_told_by_its_name_and_several_together() {
        let mut runs = BTreeMap::from([(JobId(3), going(100, 2.0))]);
        assert_eq!(
            one("block1", &runs),
            "block1: step 100 of 400, loss 2.5000e-1, 2.0 steps/s, 2 min 30 s left"
        );
        runs.insert(JobId(4), going(100, 2.5));
        assert_eq!(
            together(&runs, 7),
            "2 of 7 runs: step 100 of 400, 4.5 steps/s in all, 2 min 30 s left for these"
        );
        runs.insert(JobId(5), going(40, 0.0));
        assert_eq!(
            together(&runs, 7),
            "3 of 7 runs: steps 40 to 100 of 400, 4.5 steps/s in all, – left for these"
        );
    }
}
