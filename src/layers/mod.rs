//! What a frozen layer is: parameters that never change, `forward`, and `pullback`.
//!
//! A *pullback* (vector–Jacobian product) carries the gradient of a loss from the layer's output back to its inputs.
//! There are no weight gradients anywhere in the program. Everything here works on candle tensors of any device and
//! either float type and is written to be read: it is the reference that fast executors are tested against.
//!
//! Tensors are `[batch, channel, height, width]` or `[batch, feature]`; shapes without the batch axis are called
//! *item shapes*.

mod activation;
mod affine;
mod batch_norm;
pub mod cochleagram;
mod conv2d;
pub(crate) mod factors;
mod global_average;
#[cfg(test)]
pub(crate) mod gradient_check;
mod hann_pool;
mod linear;
mod parameter;
mod pool;
mod shape;
mod softmax;
mod window;

pub use activation::Rectifier;
pub use affine::{Affine, Clamp};
pub use batch_norm::BatchNorm;
pub use cochleagram::{Cochleagram, FrontEnd};
pub use conv2d::Conv2d;
pub use global_average::GlobalAverage;
pub use hann_pool::HannPool;
pub use linear::Linear;
pub use parameter::Parameter;
pub use pool::{AveragePool, MaxPool};
pub use shape::{Add, Flatten};
pub use softmax::{Softmax, probabilities};
pub use window::{Padding, Window};

use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};

/// What every kind of layer can do.
pub trait FrozenLayer {
    /// The kind's name as shown to people: "conv2d", "relu6"…
    fn kind(&self) -> &'static str;

    /// The item shape of the output for given item shapes of the inputs.
    ///
    /// # Errors
    /// When the layer cannot take inputs of these shapes.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// The output for given inputs.
    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor>;

    /// The gradient with respect to each input, given the gradient `cotangent` with respect to the output.
    fn pullback(
        &self,
        inputs: &[&Tensor],
        output: &Tensor,
        cotangent: &Tensor,
    ) -> Result<Vec<Tensor>>;
}

/// One layer of a network.
#[derive(Clone, Debug)]
pub enum Layer {
    /// The network's input; has no inputs of its own and is never evaluated.
    Input,
    /// Restriction to the input's range.
    Clamp(Clamp),
    /// Per-channel scale and offset, such as input normalisation.
    Affine(Affine),
    /// What the ear passes on of a sound.
    Cochleagram(Cochleagram),
    /// Two-dimensional convolution.
    Conv2d(Conv2d),
    /// Batch normalisation with frozen statistics.
    BatchNorm(BatchNorm),
    /// ReLU and ReLU6.
    Rectifier(Rectifier),
    /// Maximum over a window.
    MaxPool(MaxPool),
    /// Mean over a window.
    AveragePool(AveragePool),
    /// Sum over a window, weighted by a Hann window.
    HannPool(HannPool),
    /// Mean over all positions.
    GlobalAverage(GlobalAverage),
    /// Matrix product with bias.
    Linear(Linear),
    /// Sum of two branches, as at the end of a residual block.
    Add(Add),
    /// All axes of an item in one.
    Flatten(Flatten),
    /// Class probabilities, for display.
    Softmax(Softmax),
}

impl Layer {
    /// The layer's behaviour.
    ///
    /// # Errors
    /// For [`Layer::Input`], which is given, not computed.
    pub fn behaviour(&self) -> Result<&dyn FrozenLayer> {
        Ok(match self {
            Self::Input => {
                return Err(Error::Internal("the input layer is never evaluated".into()));
            }
            Self::Clamp(l) => l,
            Self::Affine(l) => l,
            Self::Cochleagram(l) => l,
            Self::Conv2d(l) => l,
            Self::BatchNorm(l) => l,
            Self::Rectifier(l) => l,
            Self::MaxPool(l) => l,
            Self::AveragePool(l) => l,
            Self::HannPool(l) => l,
            Self::GlobalAverage(l) => l,
            Self::Linear(l) => l,
            Self::Add(l) => l,
            Self::Flatten(l) => l,
            Self::Softmax(l) => l,
        })
    }

    /// The kind's name as shown to people.
    pub fn kind(&self) -> &'static str {
        self.behaviour().map_or("input", FrozenLayer::kind)
    }

    /// The same layer with its parameters on another device or of another float type.
    pub fn to(&self, device: &Device, dtype: DType) -> Result<Self> {
        if let Self::Cochleagram(l) = self {
            return Ok(Self::Cochleagram(l.to(device, dtype)?));
        }
        let mut layer = self.clone();
        let parameters: Vec<&mut Parameter> = match &mut layer {
            Self::Affine(l) => vec![&mut l.scale, &mut l.offset],
            Self::Conv2d(l) => [Some(&mut l.weight), l.bias.as_mut()]
                .into_iter()
                .flatten()
                .collect(),
            Self::BatchNorm(l) => vec![&mut l.scale, &mut l.shift, &mut l.mean, &mut l.variance],
            Self::Linear(l) => vec![&mut l.weight, &mut l.bias],
            _ => vec![],
        };
        for parameter in parameters {
            *parameter = parameter.to(device, dtype)?;
        }
        Ok(layer)
    }
}

/// The single input of a layer that takes one.
fn only<'t>(inputs: &[&'t Tensor]) -> Result<&'t Tensor> {
    match inputs {
        [one] => Ok(one),
        _ => Err(Error::Internal(format!(
            "a layer with one input was given {}",
            inputs.len()
        ))),
    }
}

/// The single item shape of a layer that takes one.
fn only_shape<'s>(inputs: &[&'s [usize]]) -> Result<&'s [usize]> {
    match inputs {
        [one] => Ok(one),
        _ => Err(Error::Internal(format!(
            "a layer with one input was given {}",
            inputs.len()
        ))),
    }
}

/// Channels, height and width of an item shape.
fn image_shape(shape: &[usize], what: &str) -> Result<[usize; 3]> {
    match *shape {
        [c, h, w] => Ok([c, h, w]),
        _ => Err(Error::value(
            what,
            format!("needs an input of three axes (channel, height, width), found {shape:?}"),
        )),
    }
}
