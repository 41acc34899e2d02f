//! `bench`: steps per second and memory, on this machine.

use super::Outcome;
use super::arguments::Computer;
use super::output::out;
use crate::Result;
use crate::cpu::Convolving;
use crate::network::executor::MOST_ITEMS;
use crate::network::{Executor, Model, NodeId, registry};
use crate::session::{Stimulus, device};
use crate::synthesis::{Synthesis, recipe, start, step_together};
use clap::Args;
use std::time::{Duration, Instant};

/// Measures speed.
#[derive(Args, Debug)]
pub struct Bench {
    /// The model.
    #[arg(default_value = "efficientnet-lite0")]
    model: String,
    /// Layers, separated by commas; the deepest if none is given.
    #[arg(long)]
    layer: Option<String>,
    #[command(flatten)]
    computer: Computer,
    /// Seconds to measure each layer for, after three steps to warm up.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How many stimuli make their steps at once; times are those of a step of one. On the CPU only.
    #[arg(long, value_name = "STIMULI", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MOST_ITEMS as i64))]
    batch: u16,
    /// Only the device named, without the reference executor beside it.
    #[arg(long)]
    only: bool,
    /// Instead, opens the window, lets a run use all cores for so many seconds, and prints how long frames took.
    #[arg(long, value_name = "SECONDS")]
    pub window: Option<f64>,
    /// With --window: measures the ladder of the runs in this folder, every layer and three seeds, of EfficientNet-Lite0 with the recipe quick; a run that is not finished is left
    /// there.
    #[arg(long, value_name = "RUNS", requires = "window")]
    pub ladder: Option<std::path::PathBuf>,
    /// With --window: the page that is shown; the ladder where there is one, otherwise the page on which metamers are made.
    #[arg(long, requires = "window")]
    pub page: Option<ShownPage>,
    /// With --window: measures once the run has made so many steps, each of which is a point in the plots.
    #[arg(long, value_name = "STEPS", default_value_t = 0, requires = "window")]
    pub after: u64,
    /// One JSON object per measurement.
    #[arg(long)]
    json: bool,
}

/// A page of the window.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ShownPage {
    /// One metamer in the making.
    Make,
    /// One metamer a layer.
    Ladder,
    /// The metamer in the making, looked into.
    Inspect,
    /// All runs.
    Library,
}

impl Bench {
    /// Measures and reports.
    ///
    /// # Errors
    /// When the model, layer or device is unknown.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let model = registry::load(&self.model)?;
        let layers = match &self.layer {
            Some(names) => model.layers(names)?,
            None => model.metamer_layers.last().copied().into_iter().collect(),
        };
        let mut devices = vec![self.computer.device.as_str()];
        if !self.only && self.computer.device != "reference" {
            devices.push("reference");
        }
        for device_name in devices {
            let computer = Computer {
                device: device_name.to_owned(),
                ..self.computer.clone()
            };
            let conv = computer.convolving(Convolving::Fast);
            let threads = computer.threads;
            let graph = model.graph.clone();
            let mut executor = device::executor(graph, device_name, threads, conv)?;
            let batch = usize::from(self.batch).min(executor.most_items());
            for layer in &layers {
                let m = measure(
                    &model,
                    executor.as_mut(),
                    *layer,
                    batch,
                    Duration::from_secs_f64(self.seconds.max(0.1)),
                )?;
                let name = &model.graph.node(*layer).name;
                if self.json {
                    let object = serde_json::json!({
                        "model": model.name,
                        "layer": name,
                        "device": computer.describe(),
                        "batch": m.batch,
                        "steps": m.steps,
                        "median_ms": m.median_ms,
                        "fastest_ms": m.fastest_ms,
                        "steps_per_second": 1e3 / m.median_ms,
                        "peak_memory_mb": peak_memory_mb(),
                    });
                    out!("{object}");
                } else {
                    let memory = peak_memory_mb()
                        .map_or(String::new(), |mb| format!(", {mb:.0} MB peak so far"));
                    let together = match m.batch {
                        1 => String::new(),
                        n => format!(", {n} at once"),
                    };
                    out!(
                        "{} {name} on {}{together}: {:.1} ms a step (median of {}, fastest {:.1}), {:.1} steps/s{memory}",
                        model.name,
                        computer.describe(),
                        m.median_ms,
                        m.steps,
                        m.fastest_ms,
                        1e3 / m.median_ms
                    );
                }
            }
        }
        Ok(Outcome::Done)
    }
}

struct Measurement {
    /// Stimuli that made their steps at once.
    batch: usize,
    /// Steps of each stimulus.
    steps: usize,
    median_ms: f64,
    fastest_ms: f64,
}

/// Times whole steps of the 2023 procedure: forward, loss, pullback, update. `batch` stimuli make theirs together, and
/// each is charged an equal part.
fn measure(
    model: &Model,
    executor: &mut dyn Executor,
    layer: NodeId,
    batch: usize,
    time: Duration,
) -> anyhow::Result<Measurement> {
    let (recipe, stimulus) = if model.input.is_sound() {
        (recipe::find_for_sounds("feather2023")?, "austen")
    } else {
        (recipe::find("feather2023")?, "chelsea")
    };
    let procedure = recipe.procedure;
    let reference = Stimulus::load(stimulus)?.prepare(&model.input, procedure.crop)?;
    executor.forward(&reference, layer)?;
    let target = executor.activation(layer)?.into_owned();
    let moments = [procedure.start_mean, procedure.start_sd];
    let range = model.input.range;
    let begin = |seed| {
        let noise = start::draw(
            procedure.start,
            reference.len(),
            seed,
            [0.0, 1.0],
            moments,
            range,
        );
        Synthesis::new(
            procedure.clone(),
            model.tap(layer, true),
            target.clone(),
            noise.unwrap_or_else(|| reference.clone()),
            &model.input.shape,
            range,
        )
    };
    let mut all = (1..=batch as u64).map(begin).collect::<Result<Vec<_>>>()?;
    // As many as asked for, where an executor is not waited for at each; how many, and milliseconds a step.
    let mut steps = |count: u64| -> Result<(usize, f64)> {
        let began = Instant::now();
        let made = match &mut all[..] {
            [alone] => alone.steps(count, executor)?.len(),
            many => {
                let mut members: Vec<&mut Synthesis> = many.iter_mut().collect();
                let reports = step_together(&mut members, executor)?;
                reports.into_iter().collect::<Result<Vec<_>>>()?.len()
            }
        };
        Ok((made, began.elapsed().as_secs_f64() * 1e3 / made as f64))
    };
    let mut pace = 0.0;
    for _ in 0..3 {
        pace = steps(1)?.1;
    }
    // As a run does: what is made in a tenth of a second, up to where it is measured.
    let count = ((100.0 / pace) as u64).clamp(1, 25);
    let (begun, mut times, mut made) = (Instant::now(), Vec::new(), 0);
    while begun.elapsed() < time || times.is_empty() {
        let (steps, pace) = steps(count)?;
        made += steps;
        times.push(pace);
    }
    times.sort_by(f64::total_cmp);
    Ok(Measurement {
        batch,
        steps: made / batch,
        median_ms: times[times.len() / 2],
        fastest_ms: times[0],
    })
}

/// The process's largest resident memory so far, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
