//! EfficientNet-Lite: inverted residual blocks without squeeze-and-excitation, ReLU6 throughout (Tan & Le 2019; the
//! "lite" variants are Google's, 2020). Batch norms are folded into the convolutions of the weight file.

use super::Weights;
use crate::Result;
use crate::layers::{
    Add, Affine, Conv2d, GlobalAverage, Layer, Linear, Padding, Parameter, Rectifier, Softmax,
    Window,
};
use crate::network::graph::{Graph, NodeId};

/// One stage: how many blocks, their depthwise kernel, the first block's stride, expansion factor, output channels.
struct Stage {
    repeats: usize,
    kernel: usize,
    stride: usize,
    expand: usize,
    out: usize,
}

const fn stage(repeats: usize, kernel: usize, stride: usize, expand: usize, out: usize) -> Stage {
    Stage {
        repeats,
        kernel,
        stride,
        expand,
        out,
    }
}

const LITE0: [Stage; 7] = [
    stage(1, 3, 1, 1, 16),
    stage(2, 3, 2, 6, 24),
    stage(2, 5, 2, 6, 40),
    stage(3, 3, 2, 6, 80),
    stage(3, 5, 1, 6, 112),
    stage(4, 5, 2, 6, 192),
    stage(1, 3, 1, 6, 320),
];
const STEM: usize = 32;
const HEAD: usize = 1280;
/// The network was trained on `(byte − 127) / 128`.
const BYTE_OFFSET: f32 = 127.0;
const BYTE_SCALE: f32 = 128.0;

/// The parts of a network that a model needs to know by place.
pub struct Built {
    /// The layers.
    pub graph: Graph,
    /// stem, block0 … block15, head, avgpool, logits.
    pub metamer_layers: Vec<NodeId>,
    /// The class scores.
    pub logits: NodeId,
}

/// Builds EfficientNet-Lite0 for square RGB input of `size` pixels, values in [0, 1]. As in the network's own
/// preprocessing nothing is clamped; a synthesis keeps its stimulus in the range itself.
///
/// # Errors
/// When a weight is missing or has another shape than the architecture asks for.
pub fn lite0(weights: &mut Weights, size: usize, classes: usize) -> Result<Built> {
    let mut net = Builder {
        graph: Graph::new(&[3, size, size]),
        weights,
    };
    let normalise = Affine {
        scale: Parameter::new(&[3], vec![255.0 / BYTE_SCALE; 3])?,
        offset: Parameter::new(&[3], vec![-BYTE_OFFSET / BYTE_SCALE; 3])?,
    };
    let x = net
        .graph
        .add("normalised", Layer::Affine(normalise), &[NodeId::INPUT])?;
    net.graph.alias(x, "input_after_preproc");

    let x = net.conv("stem.conv", "stem", x, STEM, 3, 2, 1)?;
    let mut x = net.relu6("stem", x)?;
    let mut metamer_layers = vec![x];
    let mut number = 0;
    for stage in &LITE0 {
        for repeat in 0..stage.repeats {
            x = net.block(number, x, stage, if repeat == 0 { stage.stride } else { 1 })?;
            metamer_layers.push(x);
            number += 1;
        }
    }
    let y = net.conv("head.conv", "head", x, HEAD, 1, 1, 1)?;
    let head = net.relu6("head", y)?;
    let pooled = net
        .graph
        .add("avgpool", Layer::GlobalAverage(GlobalAverage), &[head])?;
    let linear = Linear {
        weight: net.weights.take("fc.weight", &[classes, HEAD])?,
        bias: net.weights.take("fc.bias", &[classes])?,
    };
    let logits = net.graph.add("logits", Layer::Linear(linear), &[pooled])?;
    net.graph.alias(logits, "fc");
    net.graph.alias(logits, "final");
    net.graph
        .add("probabilities", Layer::Softmax(Softmax), &[logits])?;
    metamer_layers.extend([head, pooled, logits]);
    Ok(Built {
        graph: net.graph,
        metamer_layers,
        logits,
    })
}

struct Builder<'w> {
    graph: Graph,
    weights: &'w mut Weights,
}

impl Builder<'_> {
    fn shape(&self, x: NodeId) -> [usize; 3] {
        let shape = &self.graph.node(x).shape;
        [shape[0], shape[1], shape[2]]
    }

    /// A convolution with TensorFlow's SAME padding and the weights stored under `stored`.
    #[allow(clippy::too_many_arguments)]
    fn conv(
        &mut self,
        name: &str,
        stored: &str,
        x: NodeId,
        out: usize,
        kernel: usize,
        stride: usize,
        groups: usize,
    ) -> Result<NodeId> {
        let [channels, h, w] = self.shape(x);
        let weight = self.weights.take(
            &format!("{stored}.weight"),
            &[out, channels / groups, kernel, kernel],
        )?;
        let bias = self.weights.take(&format!("{stored}.bias"), &[out])?;
        let window = Window::square(
            kernel,
            stride,
            Padding::same([h, w], [kernel; 2], [stride; 2]),
        );
        self.graph.add(
            name,
            Layer::Conv2d(Conv2d::new(weight, Some(bias), window, groups)?),
            &[x],
        )
    }

    fn relu6(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        self.graph
            .add(name, Layer::Rectifier(Rectifier::RELU6), &[x])
    }

    /// Expand, depthwise, project; added to the input where shape allows. No activation after the projection.
    fn block(&mut self, number: usize, x: NodeId, stage: &Stage, stride: usize) -> Result<NodeId> {
        let block = format!("block{number}");
        let channels = self.shape(x)[0];
        let wide = channels * stage.expand;
        let mut y = x;
        if stage.expand > 1 {
            let name = format!("{block}.expand");
            y = self.conv(&name, &name, y, wide, 1, 1, 1)?;
            y = self.relu6(&format!("{name}.relu6"), y)?;
        }
        let name = format!("{block}.depthwise");
        y = self.conv(&name, &name, y, wide, stage.kernel, stride, wide)?;
        y = self.relu6(&format!("{name}.relu6"), y)?;
        let stored = format!("{block}.project");
        if stride == 1 && channels == stage.out {
            let y = self.conv(&stored, &stored, y, stage.out, 1, 1, 1)?;
            self.graph.add(block, Layer::Add(Add), &[y, x])
        } else {
            let node = self.conv(&block, &stored, y, stage.out, 1, 1, 1)?;
            self.graph.alias(node, stored);
            Ok(node)
        }
    }
}
