//! `models`, `layers`, `stimuli`: what there is.

use super::Outcome;
use super::output::out;
use crate::network::imported::Library;
use crate::network::registry::{self, MODELS};
use crate::stimulus::embedded;
use clap::{Args, ValueEnum};

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
                out!("{:<24} {:<6} {}", m.name, m.modality, m.source);
            }
        }
        for r in Library::usual().records() {
            let available = r.is_available();
            if self.json {
                let object = serde_json::json!({
                    "name": r.name,
                    "title": r.architecture.title(),
                    "modality": r.architecture.modality(),
                    "source": r.source(),
                    "available": available,
                    "files": r.files.iter().map(|f| &f.path).collect::<Vec<_>>(),
                });
                out!("{object}");
            } else {
                let gone = if available {
                    ""
                } else {
                    " (not there any more)"
                };
                let modality = r.architecture.modality();
                out!("{:<24} {modality:<6} {}{gone}", r.name, r.source());
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
                let aliases = if node.aliases.is_empty() {
                    String::new()
                } else {
                    format!("  also {}", node.aliases.join(", "))
                };
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

/// What a stimulus is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Modality {
    /// Pictures.
    Image,
    /// Sounds.
    Sound,
}

/// Lists embedded stimuli.
#[derive(Args, Debug)]
pub struct Stimuli {
    /// Only pictures or only sounds.
    #[arg(long, value_enum)]
    modality: Option<Modality>,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Stimuli {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let wanted = |modality| self.modality.is_none_or(|m| m == modality);
        if wanted(Modality::Image) {
            for s in embedded::all() {
                self.list("image", &s.name, &s.title, &s.author, &s.licence, s)?;
            }
        }
        if wanted(Modality::Sound) {
            for s in embedded::sounds() {
                self.list("sound", &s.name, &s.title, &s.author, &s.licence, s)?;
            }
        }
        Ok(Outcome::Done)
    }

    fn list(
        &self,
        modality: &str,
        name: &str,
        title: &str,
        author: &str,
        licence: &str,
        all: &impl serde::Serialize,
    ) -> anyhow::Result<()> {
        if self.json {
            let mut object = serde_json::to_value(all)?;
            object["modality"] = modality.into();
            out!("{object}");
        } else {
            out!("{name:<12} {modality}  {title:<24} {author} ({licence})");
        }
        Ok(())
    }
}
