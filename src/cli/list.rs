//! `models`, `layers`, `stimuli`: what there is.

use super::Outcome;
use super::output::out;
use crate::network::registry::{self, MODELS};
use crate::stimulus::embedded;
use clap::Args;

/// Lists models.
#[derive(Args, Debug)]
pub struct Models {
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Models {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        for m in &MODELS {
            if self.json {
                out!("{}", serde_json::to_string(m)?);
            } else {
                out!("{:<20} {:<6} {}", m.name, m.modality, m.source);
            }
        }
        Ok(Outcome::Done)
    }
}

/// Lists layers.
#[derive(Args, Debug)]
pub struct Layers {
    /// The model.
    model: String,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
    /// The layers inside blocks too; they can be matched like the others.
    #[arg(long)]
    inner: bool,
}

impl Layers {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let model = registry::load(&self.model)?;
        let ids: Vec<usize> = if self.inner {
            (1..model.graph.nodes().len()).collect()
        } else {
            model.metamer_layers.iter().map(|id| id.index()).collect()
        };
        for i in ids {
            let node = &model.graph.nodes()[i];
            let shape = node.shape.iter().map(usize::to_string).collect::<Vec<_>>();
            if self.json {
                let object = serde_json::json!({
                    "name": node.name,
                    "shape": node.shape,
                    "elements": node.elements(),
                    "kind": node.layer.kind(),
                    "aliases": node.aliases,
                    "metamer_layer": model.metamer_layers.iter().any(|id| id.index() == i),
                });
                out!("{object}");
            } else {
                let aliases =
                    if node.aliases.is_empty() { String::new() } else { format!("  also {}", node.aliases.join(", ")) };
                out!(
                    "{:<24} {:>12} {:>9}  {}{aliases}",
                    node.name,
                    shape.join("×"),
                    node.elements(),
                    node.layer.kind()
                );
            }
        }
        Ok(Outcome::Done)
    }
}

/// Lists embedded stimuli.
#[derive(Args, Debug)]
pub struct Stimuli {
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Stimuli {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        for s in embedded::all() {
            if self.json {
                let mut object = serde_json::to_value(s)?;
                object["modality"] = "image".into();
                out!("{object}");
            } else {
                out!("{:<12} image  {:<24} {} ({})", s.name, s.title, s.author, s.licence);
            }
        }
        Ok(Outcome::Done)
    }
}
