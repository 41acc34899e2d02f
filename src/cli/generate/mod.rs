//! `generate`: makes metamers.

mod report;

use super::arguments::Computer;
use super::{Outcome, interrupt};
use crate::cpu::Convolving;
use crate::network::executor::MOST_ITEMS;
use crate::network::imported::Library;
use crate::network::registry;
use crate::session::{Command, Event, Existing, Job, Request, Session, SessionOptions, Stimulus};
use crate::synthesis::recipe;
use crate::verify::published;
use crate::verify::verdict::Verdict;
use anyhow::{Context, bail};
use clap::Args;
use report::Report;
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
    /// Selects the noise that the synthesis starts from; several, separated by commas, make a metamer each at every layer.
    #[arg(
        long = "seed",
        visible_alias = "seeds",
        value_delimiter = ',',
        default_value = "1",
        allow_negative_numbers = true
    )]
    seeds: Vec<u64>,
    /// How many runs go on at once, reading the network's weights once for all of them (--device cpu). Results are the
    /// same to the bit, and time is hardly saved; each run takes memory of its own.
    #[arg(long, value_name = "RUNS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MOST_ITEMS as i64))]
    batch: u16,
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
            together: usize::from(self.batch),
            ..SessionOptions::default()
        };
        let mut session = Session::start(options, || {})?;
        let commands = session.commands();
        let interrupted = interrupt::watch(move || {
            let _ = commands.send(Command::Quit);
        })?;
        let total = jobs.len();
        let mut report = Report::new(&jobs, self.json, self.listening_copy);
        for job in jobs {
            session.enqueue(job);
        }
        let mut ended = 0;
        while ended < total {
            // After an interruption the worker ends, and with it its news.
            let Ok(event) = session.events().recv() else {
                break;
            };
            ended += usize::from(matches!(
                event,
                Event::Finished(_) | Event::Failed { .. } | Event::Stopped { .. }
            ));
            report.tell(event);
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
        let job = |(layer, seed)| {
            let request = Request {
                model: model.clone(),
                layer,
                stimulus: stimulus.clone(),
                target: self.target.clone(),
                init: self.init.clone(),
                recipe: self.recipe.clone(),
                procedure: procedure.clone(),
                seed,
                device: self.computer.device.clone(),
                threads: self.computer.threads,
                conv: self.computer.convolving(Convolving::Fast),
            };
            Ok(Job::resolve(&request, null.clone())?.into_folder(&self.out, existing))
        };
        let seeds = self.seeds()?;
        // A layer's seeds follow one another: runs to the same depth keep step in a batch.
        let wanted = layers
            .into_iter()
            .flat_map(|layer| seeds.iter().map(move |seed| (layer, *seed)));
        wanted.map(job).collect()
    }

    /// The seeds, each once.
    fn seeds(&self) -> anyhow::Result<Vec<u64>> {
        let mut seeds = Vec::new();
        for seed in &self.seeds {
            if !seeds.contains(seed) {
                seeds.push(*seed);
            }
        }
        if seeds.len() > 1 && self.init.is_some() {
            bail!("--seed: with --init every seed would start from the same file; name one seed");
        }
        Ok(seeds)
    }
}
