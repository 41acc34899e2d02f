//! VGG-19 as TF-slim has it (Simonyan & Zisserman 2014), with the layers that Feather et al. (2019) make metamers for.
//!
//! Five stages of 3×3 convolutions with ReLU, each followed by 2×2 max pooling; then fully connected layers as
//! convolutions: 7×7 without padding, 1×1, and 1×1 without ReLU. Widths are those of the checkpoint.

use super::Supply;
use crate::formats::tensorflow::Description;
use crate::layers::{
    Affine, Conv2d, Flatten, Layer, MaxPool, Padding, Parameter, Rectifier, Window,
};
use crate::network::graph::{Graph, NodeId};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Every name in a checkpoint begins with this.
pub const SCOPE: &str = "vgg_19/";
/// Side of the input in pixels.
pub const SIZE: usize = 224;
/// Convolutions in each of the five stages.
const STAGES: [usize; 5] = [2, 2, 4, 4, 4];
/// The fully connected layers with the sides of their kernels.
const FULLY_CONNECTED: [(&str, usize); 3] = [("fc6", 7), ("fc7", 1), ("fc8", 1)];
/// Subtracted from pixels of 0 to 255, in the order red, green, blue.
const MEANS: [f32; 3] = [123.68, 116.779, 103.939];

/// The parts of a network that a model needs to know by place.
pub struct Built {
    /// The layers.
    pub graph: Graph,
    /// conv1_2, conv2_2, conv3_4, conv4_4, conv5_4, fc6 and fc7, each behind its ReLU, and fc8.
    pub metamer_layers: Vec<NodeId>,
    /// The class scores.
    pub logits: NodeId,
}

/// Names of the convolutions as layer and as in a checkpoint, with the sides of their kernels.
fn convolutions() -> impl Iterator<Item = (String, String, usize)> {
    let stages = (1..).zip(STAGES).flat_map(|(stage, n)| {
        (1..=n).map(move |i| {
            let name = format!("conv{stage}_{i}");
            let stored = format!("{SCOPE}conv{stage}/{name}");
            (name, stored, 3)
        })
    });
    let last = FULLY_CONNECTED.map(|(name, side)| (name.into(), format!("{SCOPE}{name}"), side));
    stages.chain(last)
}

/// Names of the tensors that a checkpoint must hold.
pub fn needed() -> BTreeSet<String> {
    convolutions()
        .flat_map(|(_, stored, _)| ["weights", "biases"].map(|what| format!("{stored}/{what}")))
        .collect()
}

/// Builds the network for `[3, 224, 224]` pictures in [0, 1].
///
/// # Errors
/// When a tensor is missing or has another shape than the layer before it asks for.
pub fn vgg19(tensors: &BTreeMap<String, Description>, weights: &mut dyn Supply) -> Result<Built> {
    let mut net = Builder {
        graph: Graph::new(&[3, SIZE, SIZE]),
        tensors,
        weights,
    };
    let preparation = Affine {
        scale: Parameter::new(&[3], vec![255.0; 3])?,
        offset: Parameter::new(&[3], MEANS.map(|m| -m).to_vec())?,
    };
    let mut x = net
        .graph
        .add("preprocessed", Layer::Affine(preparation), &[NodeId::INPUT])?;
    net.graph.alias(x, "image_preproc");
    let mut metamer_layers = Vec::new();
    let mut names = convolutions();
    for (stage, n) in (1..).zip(STAGES) {
        for (name, stored, side) in names.by_ref().take(n) {
            x = net.convolution(&name, &stored, side, x)?;
            x = net.relu(&name, x)?;
        }
        // The layers that the paper matches stand before the pooling.
        metamer_layers.push(x);
        let pool = MaxPool {
            window: Window::square(2, 2, Padding::default()),
        };
        x = net
            .graph
            .add(format!("pool{stage}"), Layer::MaxPool(pool), &[x])?;
    }
    for (name, stored, side) in names {
        x = net.convolution(&name, &stored, side, x)?;
        x = if name == "fc8" {
            // The scores, without the axes of one pixel.
            net.graph
                .add(name, Layer::Flatten(Flatten::ChannelFirst), &[x])?
        } else {
            net.relu(&name, x)?
        };
        metamer_layers.push(x);
    }
    net.graph.alias(x, "logits");
    Ok(Built {
        graph: net.graph,
        metamer_layers,
        logits: x,
    })
}

struct Builder<'w> {
    graph: Graph,
    tensors: &'w BTreeMap<String, Description>,
    weights: &'w mut dyn Supply,
}

impl Builder<'_> {
    /// A convolution with bias, as wide as the checkpoint has it; padded to the same size but for the 7×7 one.
    fn convolution(&mut self, name: &str, stored: &str, side: usize, x: NodeId) -> Result<NodeId> {
        let biases = format!("{stored}/biases");
        let Some(description) = self.tensors.get(&biases) else {
            let known = self.tensors.keys().map(String::as_str);
            return Err(Error::unknown("tensor", &biases, known));
        };
        let [out] = description.shape[..] else {
            let what = format!("tensor '{biases}'");
            return Err(Error::shape(what, &[0], &description.shape));
        };
        let input = self.graph.node(x).shape[0];
        let weight = self
            .weights
            .take(&format!("{stored}/weights"), &[out, input, side, side])?;
        let bias = self.weights.take(&biases, &[out])?;
        let padding = Padding::all(usize::from(side == 3));
        let conv = Conv2d::new(weight, Some(bias), Window::square(side, 1, padding), 1)?;
        self.graph
            .add(format!("{name}.conv"), Layer::Conv2d(conv), &[x])
    }

    /// The ReLU of a layer, under the name by which the paper matches it.
    fn relu(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        let layer = Layer::Rectifier(Rectifier::RELU);
        let node = self
            .graph
            .add(format!("{name}_jittered_relu"), layer, &[x])?;
        self.graph.alias(node, name);
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_has_sixteen_convolutions_and_three_more() {
        let needed = needed();
        assert_eq!(needed.len(), 38);
        for name in ["vgg_19/conv3/conv3_4/weights", "vgg_19/fc8/biases"] {
            assert!(needed.contains(name), "{name}");
        }
    }
}
