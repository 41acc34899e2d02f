//! `activations`: forward only.

use super::Outcome;
use super::arguments::{Computer, CropArg, Listening, Replacing};
use super::output::out;
use crate::formats::{Array, npz};
use crate::network::registry;
use crate::session::Stimulus;
use crate::verify::verdict::top;
use clap::Args;
use std::path::PathBuf;

/// Writes activations.
#[derive(Args, Debug)]
pub struct Activations {
    /// The model.
    model: String,
    /// An embedded name, a picture (PNG, JPEG) or sound (WAV, FLAC, OGG, MP3), or a .npy that is used as it is.
    #[arg(long)]
    stimulus: String,
    /// Layers, separated by commas; 'all' for the model's metamer layers.
    #[arg(long)]
    layer: String,
    /// Where the arrays go: one per layer, float32, channel first.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    replacing: Replacing,
    /// How a picture becomes the network's input.
    #[arg(long, value_enum, default_value = "feather2023")]
    crop: CropArg,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    computer: Computer,
    /// The result as one JSON object.
    #[arg(long)]
    json: bool,
}

impl Activations {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.replacing.permits(&self.out)?;
        let model = registry::load(&self.model)?;
        let layers = model.layers(&self.layer)?;
        let stimulus = Stimulus::load(&self.stimulus)?;
        let input = stimulus.prepare_part(&model.input, self.crop.into(), self.listening.part)?;
        let mut executor = self.computer.executor(model.graph.clone())?;
        executor.keep(&layers);
        executor.forward(&input, model.logits)?;
        let predicted = top(&model, &executor.activation(model.logits)?, 5);
        let mut arrays = Vec::new();
        for id in layers {
            if executor.activation(id).is_err() {
                executor.forward(&input, id)?;
            }
            let node = model.graph.node(id);
            arrays.push((
                node.name.as_str(),
                Array::new(node.shape.clone(), executor.activation(id)?.into_owned())?,
            ));
        }
        npz::write(&self.out, arrays.iter().map(|(name, array)| (*name, array)))?;
        if self.json {
            let layers: Vec<_> = arrays
                .iter()
                .map(|(n, a)| serde_json::json!({"name": n, "shape": a.shape}))
                .collect();
            out!(
                "{}",
                serde_json::json!({"out": self.out, "layers": layers, "predicted": predicted})
            );
        } else {
            for p in predicted {
                out!("{:5.1} %  {}", p.probability * 100.0, p.label);
            }
            out!("{} layers written to {}", arrays.len(), self.out.display());
        }
        Ok(Outcome::Done)
    }
}
