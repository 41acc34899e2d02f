//! `gradient`: a loss and its gradient with respect to the input, at one point.

use super::Outcome;
use super::arguments::{Computer, CropArg, Listening, LossArg, Replacing};
use super::output::out;
use crate::formats::{Array, npy, npz};
use crate::network::registry;
use crate::session::stimulus::prepared;
use crate::session::{Stimulus, job};
use crate::synthesis::{Loss, Target};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// Writes a gradient.
#[derive(Args, Debug)]
pub struct Gradient {
    /// The model.
    model: String,
    /// The reference whose activation is the target.
    #[arg(long, required_unless_present = "target", conflicts_with = "target")]
    stimulus: Option<String>,
    /// A .npy with the target activation itself.
    #[arg(long)]
    target: Option<PathBuf>,
    /// The layer at which the loss is taken.
    #[arg(long)]
    layer: String,
    /// A .npy with the input at which the gradient is taken.
    #[arg(long)]
    init: PathBuf,
    /// The loss.
    #[arg(long, value_enum, default_value = "half_squared")]
    loss: LossArg,
    /// The ordinary gradient of the matched layer's rectifier, instead of the papers' straight-through one.
    #[arg(long)]
    plain_relu: bool,
    /// How a picture becomes the network's input.
    #[arg(long, value_enum, default_value = "feather2023")]
    crop: CropArg,
    #[command(flatten)]
    listening: Listening,
    /// Where the arrays `loss` and `gradient` go.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    replacing: Replacing,
    #[command(flatten)]
    computer: Computer,
}

impl Gradient {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.replacing.permits(&self.out)?;
        let model = registry::load(&self.model)?;
        let layer = model.layer(&self.layer)?;
        let at = prepared(&npy::read(&self.init)?, &model.input, &self.init)?;
        let mut executor = self.computer.executor(model.graph.clone())?;
        let target = match (&self.target, &self.stimulus) {
            (Some(path), _) => job::read_target(path, &model, layer)?,
            (None, Some(stimulus)) => {
                let stimulus = Stimulus::load(stimulus)?;
                let input =
                    stimulus.prepare_part(&model.input, self.crop.into(), self.listening.part)?;
                executor.forward(&input, layer)?;
                executor.activation(layer)?.into_owned()
            }
            (None, None) => return Err(anyhow::anyhow!("--stimulus or --target is needed")),
        };
        executor.forward(&at, layer)?;
        let (mut cotangent, target) = (vec![0.0; target.len()], Target::new(target));
        let loss =
            Loss::from(self.loss).evaluate(&executor.activation(layer)?, &target, &mut cotangent);
        let mut gradient = vec![0.0; at.len()];
        executor.pullback(
            model.tap(layer, !self.plain_relu),
            &cotangent,
            &mut gradient,
        )?;
        let loss_array = Array::new(vec![], vec![loss as f32])?;
        let gradient = Array::new(model.input.shape.clone(), gradient)?;
        npz::write(&self.out, [("loss", &loss_array), ("gradient", &gradient)])
            .context("the gradient was not written")?;
        out!(
            "{}",
            serde_json::json!({"loss": crate::verify::number::Number(loss), "out": self.out})
        );
        Ok(Outcome::Done)
    }
}
