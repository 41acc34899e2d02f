//! `import`: adds a model from published weight files.

use super::Outcome;
use super::output::out;
use crate::network::imported::{Architecture, Asked, Library, examine};
use clap::Args;
use std::path::PathBuf;

/// Imports a model.
#[derive(Args, Debug)]
pub struct Import {
    /// A TensorFlow checkpoint (a V1 file, or the index, a data file or the prefix of a V2 one), and what belongs with it:
    /// a word network's configuration, a null distribution, class names. What lies beside it is found.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The architecture (vgg19-slim, word-network), instead of finding it out.
    #[arg(long)]
    architecture: Option<String>,
    /// The model's name; the checkpoint's own without it.
    #[arg(long)]
    name: Option<String>,
    /// Class names: the authors' word encodings, or a text with one a line.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The authors' null distribution.
    #[arg(long)]
    null: Option<PathBuf>,
    /// Length of the sounds that a word network was made for.
    #[arg(long)]
    seconds: Option<f64>,
    /// Copies the files into the program's own folder; otherwise they are used where they lie.
    #[arg(long)]
    copy: bool,
    /// Replaces a model of the same name.
    #[arg(long)]
    overwrite: bool,
    /// The result as one JSON object.
    #[arg(long)]
    json: bool,
}

impl Import {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let asked = Asked {
            files: self.files.iter().chain(&self.null).cloned().collect(),
            architecture: self
                .architecture
                .as_deref()
                .map(Architecture::find)
                .transpose()?,
            name: self.name.clone(),
            labels: self.labels.clone(),
            seconds: self.seconds,
        };
        let found = examine(&asked)?;
        let library = Library::usual();
        let record = if self.copy {
            library.copied(&found.record)?
        } else {
            found.record
        };
        library.add(&record, self.overwrite)?;
        let layers: Vec<&str> = found
            .model
            .metamer_layers
            .iter()
            .map(|id| found.model.graph.node(*id).name.as_str())
            .collect();
        let unexpected = &found.fit.unexpected;
        if self.json {
            let object = serde_json::json!({
                "name": record.name,
                "architecture": record.architecture,
                "format": found.version,
                "tensors": found.fit.used,
                "unexpected": unexpected,
                "layers": layers,
                "classes": found.model.labels.len(),
                "weights_sha256": found.model.weights_sha256,
                "files": record.files.iter().map(|f| &f.path).collect::<Vec<_>>(),
                "null": record.null,
                "labels": record.labels,
                "notes": found.notes,
            });
            out!("{object}");
            return Ok(Outcome::Done);
        }
        let checkpoint = record.checkpoint.display();
        out!("{checkpoint}: TensorFlow {} checkpoint", found.version);
        let title = record.architecture.title();
        out!(
            "architecture {title}, {} tensors, none missing",
            found.fit.used
        );
        if !unexpected.is_empty() {
            out!("not used: {}", unexpected.join(", "));
        }
        out!("layers {}", layers.join(", "));
        found.notes.iter().for_each(|note| out!("{note}"));
        let copied = if self.copy {
            "copied"
        } else {
            "used where it lies"
        };
        out!("imported as '{}', {copied}", record.name);
        Ok(Outcome::Done)
    }
}
