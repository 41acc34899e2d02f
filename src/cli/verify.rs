//! `verify`: the acceptance criteria again, on finished runs.

use super::Outcome;
use super::arguments::Computer;
use super::output::out;
use crate::network::imported::Library;
use crate::network::registry;
use crate::session::run_folder::FinishedRun;
use crate::session::{Request, device};
use crate::verify::published;
use crate::verify::verdict::{Verdict, verify};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Verifies runs.
#[derive(Args, Debug)]
pub struct Verify {
    /// Run folders.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Null distribution, instead of the embedded one.
    #[arg(long)]
    null: Option<PathBuf>,
    #[command(flatten)]
    computer: Computer,
    /// One JSON object per run.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let mut verdicts = Vec::new();
        for path in &self.runs {
            let run = FinishedRun::read(path)?;
            let model = Arc::new(registry::load(&run.spec.model)?);
            let request = Request::from_spec(&run.spec, &model, Some(path))?;
            let layer = request.layer;
            let stimulus = request.stimulus.with_context(|| {
                format!(
                    "{}: was made from a target activation; without a reference there is nothing to verify",
                    path.display()
                )
            })?;
            let reference = stimulus.prepare_part(
                &model.input,
                run.spec.procedure.crop,
                run.spec.procedure.part,
            )?;
            let mut executor = device::executor(
                model.graph.clone(),
                &self.computer.device,
                self.computer.threads,
            )?;
            let null = match &self.null {
                Some(path) => Some(Arc::new(published::read_for(path, &model)?)),
                None => published::null_for(&Library::usual(), &model)?,
            };
            let criteria = run.spec.procedure.criteria;
            let outcome = verify(
                &model,
                executor.as_mut(),
                layer,
                &reference,
                &run.metamer,
                criteria,
                null.as_deref(),
            )?;
            if self.json {
                out!(
                    "{}",
                    serde_json::json!({"run": path, "verification": outcome})
                );
            } else {
                out!("{}: {}", path.display(), outcome.sentence);
                out!(
                    "{:<12} {:>9} {:>9} {:>10} {:>16}",
                    "layer",
                    "rho",
                    "r",
                    "SNR dB",
                    "conventional dB"
                );
                for id in &model.metamer_layers {
                    let name = &model.graph.node(*id).name;
                    if let Some(c) = outcome.layers.values().find_map(|l| l.get(name)) {
                        let matched = if *name == run.spec.layer {
                            "  matched"
                        } else {
                            ""
                        };
                        out!(
                            "{name:<12} {:>9.4} {:>9.4} {:>10.2} {:>16.2}{matched}",
                            c.spearman.0,
                            c.pearson.0,
                            c.snr_db.0,
                            c.snr_conventional_db.0
                        );
                    }
                }
            }
            verdicts.push(outcome.verdict);
        }
        Ok(if verdicts.contains(&Verdict::Fail) {
            Outcome::Failed
        } else {
            Outcome::Done
        })
    }
}
