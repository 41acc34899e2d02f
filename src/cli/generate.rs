//! `generate`: makes metamers.

use super::arguments::Computer;
use super::output::out;
use super::progress::{ProgressLine, duration};
use super::{Outcome, interrupt};
use crate::cpu::Convolving;
use crate::network::imported::Library;
use crate::network::registry;
use crate::session::listening_copy;
use crate::session::messages::{Finished, Progress, Started};
use crate::session::{
    Command, Event, Existing, Job, Request, Session, SessionOptions, Stimulus, TraceRow,
};
use crate::synthesis::recipe;
use crate::verify::number::Number;
use crate::verify::published;
use crate::verify::verdict::Verdict;
use anyhow::{Context, bail};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Makes metamers.
#[derive(Args, Debug)]
pub struct Generate {
    /// The model to make metamers of.
    model: String,
    /// The reference: an embedded name, a picture (PNG, JPEG) or sound (WAV, FLAC, OGG, MP3), or a .npy that is used as it is.
    #[arg(long, required_unless_present = "target")]
    stimulus: Option<String>,
    /// A .npy with the layer's target activation, instead of the stimulus's.
    #[arg(long)]
    target: Option<PathBuf>,
    /// The layers to match, separated by commas; 'all' for the model's metamer layers.
    #[arg(long)]
    layer: String,
    /// quick, fast, feather2019, feather2023, or a recipe file (.toml).
    #[arg(long, default_value = "quick")]
    recipe: String,
    /// Number of updates; schedules of blocks keep their number of blocks.
    #[arg(long, allow_negative_numbers = true)]
    steps: Option<u64>,
    /// Selects the noise that the synthesis starts from.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// A .npy to start from instead of noise.
    #[arg(long)]
    init: Option<PathBuf>,
    /// Changes a field of the procedure, for instance --set learning_rate=0.5.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    #[command(flatten)]
    computer: Computer,
    /// Where run folders are made.
    #[arg(long, default_value = "runs")]
    out: PathBuf,
    /// Goes on with an unfinished run; keeps a complete one.
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Replaces existing runs.
    #[arg(long)]
    overwrite: bool,
    /// Null distribution for the verdict, instead of the embedded one.
    #[arg(long)]
    null: Option<PathBuf>,
    /// Steps between checkpoints.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: u64,
    /// Leaves out history.npz, the film of how the stimulus came to be (7.2 MB for a picture, 3.8 MB for a sound).
    #[arg(long)]
    no_history: bool,
    /// Writes reference and metamer of a model that hears once more, at 48 kHz and 16 bits, which every player plays.
    #[arg(long)]
    listening_copy: bool,
    /// Progress and results as one JSON object per line on stdout.
    #[arg(long)]
    json: bool,
}

impl Generate {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let jobs = self.jobs()?;
        let options = SessionOptions {
            checkpoint_steps: self.checkpoint_every,
            history: !self.no_history,
            ..SessionOptions::default()
        };
        let mut session = Session::start(options, || {})?;
        let commands = session.commands();
        let interrupted = interrupt::watch(move || {
            let _ = commands.send(Command::Quit);
        })?;
        let total = jobs.len();
        let layers: Vec<String> = jobs.iter().map(|j| j.spec.layer.clone()).collect();
        for job in jobs {
            session.enqueue(job);
        }
        let mut report = Report {
            json: self.json,
            listening_copy: self.listening_copy,
            line: ProgressLine::new(self.json),
            layers,
            steps: 0,
            failed: 0,
            verdicts: vec![],
        };
        let mut ended = 0;
        while ended < total {
            let Ok(event) = session.events().recv() else {
                break;
            };
            ended += usize::from(matches!(
                event,
                Event::Finished(_) | Event::Failed { .. } | Event::Stopped { .. }
            ));
            report.tell(event);
            if interrupted.load(Ordering::SeqCst) && ended > 0 && session.events().is_empty() {
                break;
            }
        }
        // A run that finished while the interruption was under way may have left others unbegun.
        if interrupted.load(Ordering::SeqCst) && report.verdicts.len() + report.failed < total {
            return Ok(Outcome::Interrupted);
        }
        if report.failed > 0 {
            bail!("{} of {total} runs could not be completed", report.failed);
        }
        Ok(if report.verdicts.contains(&Some(Verdict::Fail)) {
            Outcome::Failed
        } else {
            Outcome::Done
        })
    }

    fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let model = Arc::new(registry::load(&self.model)?);
        if self.listening_copy && !model.input.is_sound() {
            bail!(
                "--listening-copy: '{}' sees; there is nothing to listen to",
                self.model
            );
        }
        let layers = model.layers(&self.layer)?;
        let recipe = if model.input.is_sound() {
            recipe::find_for_sounds(&self.recipe)?
        } else {
            recipe::find(&self.recipe)?
        };
        let mut procedure = recipe.procedure;
        if let Some(steps) = self.steps {
            procedure = procedure.with_steps(steps);
        }
        for change in &self.changes {
            let (key, value) = change
                .split_once('=')
                .with_context(|| format!("--set {change}: expected KEY=VALUE"))?;
            procedure.set(key.trim(), value.trim())?;
        }
        let null = match &self.null {
            Some(path) => Some(Arc::new(published::read_for(path, &model)?)),
            None => published::null_for(&Library::usual(), &model)?,
        };
        let stimulus = self.stimulus.as_deref().map(Stimulus::load).transpose()?;
        let existing = match (self.resume, self.overwrite) {
            (true, _) => Existing::Resume,
            (_, true) => Existing::Overwrite,
            _ => Existing::Refuse,
        };
        let job = |layer| {
            let request = Request {
                model: model.clone(),
                layer,
                stimulus: stimulus.clone(),
                target: self.target.clone(),
                init: self.init.clone(),
                recipe: self.recipe.clone(),
                procedure: procedure.clone(),
                seed: self.seed,
                device: self.computer.device.clone(),
                threads: self.computer.threads,
                conv: self.computer.convolving(Convolving::Fast),
            };
            Ok(Job::resolve(&request, null.clone())?.into_folder(&self.out, existing))
        };
        layers.into_iter().map(job).collect()
    }
}

/// Tells the person or the calling program what happens.
struct Report {
    json: bool,
    listening_copy: bool,
    line: ProgressLine,
    layers: Vec<String>,
    steps: u64,
    failed: usize,
    verdicts: Vec<Option<Verdict>>,
}

impl Report {
    fn tell(&mut self, event: Event) {
        match event {
            Event::Started(started) => self.started(&started),
            Event::Progress(progress) => self.progress(&progress),
            Event::Checkpointed { job, step, folder } => {
                if self.json {
                    let layer = &self.layers[job.0 as usize];
                    out!(
                        "{}",
                        serde_json::json!({"event": "checkpoint", "layer": layer, "step": step, "folder": folder})
                    );
                }
            }
            Event::Stopped { job, step, folder } => {
                self.line.clear();
                let layer = &self.layers[job.0 as usize];
                if self.json {
                    out!(
                        "{}",
                        serde_json::json!({"event": "stopped", "layer": layer, "step": step, "folder": folder})
                    );
                } else {
                    let kept = folder.map_or(String::new(), |f| {
                        format!("; checkpoint in {}. Go on with --resume", f.display())
                    });
                    eprintln!("{layer}: stopped after {step} steps{kept}");
                }
            }
            Event::Finished(finished) => self.finished(*finished),
            Event::Failed {
                job,
                message,
                folder,
            } => {
                self.failed += 1;
                self.line.clear();
                let layer = &self.layers[job.0 as usize];
                if self.json {
                    out!(
                        "{}",
                        serde_json::json!({"event": "error", "layer": layer, "message": message, "folder": folder})
                    );
                }
                eprintln!("{layer}: {message}");
            }
            Event::Paused(_)
            | Event::Resumed(_)
            | Event::Rewound(_)
            | Event::RateChanged(..)
            | Event::Idle => {}
        }
    }

    fn started(&mut self, started: &Started) {
        self.steps = started.spec.procedure.steps;
        if self.json {
            let largest = started.null.as_ref().map(|n| Number(n.0));
            let description = started.null.as_ref().map(|n| &n.1);
            let object = serde_json::json!({
                "event": "started",
                "layer": started.spec.layer,
                "step": started.step,
                "steps": self.steps,
                "spec": started.spec,
                "predicted": started.predicted,
                "null_largest_spearman": largest,
                "null": description,
            });
            out!("{object}");
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let layer = &self.layers[progress.job.0 as usize];
        if self.json {
            progress
                .rows
                .iter()
                .for_each(|row| out!("{}", step_json(layer, row)));
            return;
        }
        let (Some(row), steps) = (progress.rows.last(), self.steps) else {
            return;
        };
        let left = (steps - row.step.min(steps)) as f64 / progress.steps_per_second;
        self.line.show(|| {
            let rate = progress.steps_per_second;
            format!(
                "{layer}: step {} of {steps}, loss {:.4e}, {rate:.1} steps/s, {} left",
                row.step,
                row.loss,
                duration(left)
            )
        });
    }

    fn finished(&mut self, finished: Finished) {
        self.line.clear();
        let layer = &self.layers[finished.job.0 as usize];
        if let (true, Some(folder)) = (self.listening_copy, &finished.folder)
            && let Err(error) = listening_copy::write(folder)
        {
            self.failed += 1;
            eprintln!("{layer}: {error}");
        }
        let verification = finished.verification.as_ref();
        self.verdicts.push(verification.map(|v| v.verdict));
        if self.json {
            let object = serde_json::json!({
                "event": "finished",
                "layer": layer,
                "folder": finished.folder,
                "seconds": finished.seconds,
                "verdict": verification.map(|v| v.verdict),
                "verification": verification,
            });
            out!("{object}");
            return;
        }
        let sentence = verification.map_or_else(
            || "Unknown: no reference to check against".to_owned(),
            |v| v.sentence.clone(),
        );
        out!("{layer}: {sentence}");
        if let Some(null) = verification.and_then(|v| v.null.as_ref()) {
            out!("  null: {}", null.description);
        }
        if let Some(folder) = &finished.folder {
            out!("  {} ({})", folder.display(), duration(finished.seconds));
        }
    }
}

fn step_json(layer: &str, row: &TraceRow) -> serde_json::Value {
    let mut object = serde_json::json!({
        "event": "step",
        "layer": layer,
        "step": row.step,
        "loss": Number(row.loss),
        "learning_rate": row.learning_rate,
        "gradient_norm": Number(row.gradient_norm),
        "seconds": row.seconds,
    });
    if let Some(sample) = row.sample {
        object["spearman"] = serde_json::json!(Number(sample.spearman));
        object["pearson"] = serde_json::json!(Number(sample.pearson));
        object["snr_db"] = serde_json::json!(Number(sample.snr_db));
        object["spearman_logits"] = serde_json::json!(Number(sample.spearman_logits));
    }
    object
}
