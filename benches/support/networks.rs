//! Shapes of published networks, batch norms folded, weights random.

use metamer_studio::layers::*;
use metamer_studio::network::{Graph, NodeId};
use metamer_studio::stimulus::random::{Purpose, Random};

/// Adds layers one after another.
struct Builder {
    graph: Graph,
    random: Random,
    last: NodeId,
    number: usize,
}

impl Builder {
    fn new(shape: &[usize]) -> Self {
        Self {
            graph: Graph::new(shape),
            random: Random::new(7, Purpose::Start),
            last: NodeId::INPUT,
            number: 0,
        }
    }

    fn add(&mut self, name: &str, layer: Layer, inputs: &[NodeId]) -> NodeId {
        self.number += 1;
        let name = match name {
            "" => format!("unnamed {}", self.number),
            name => name.to_owned(),
        };
        self.last = self
            .graph
            .add(name, layer, inputs)
            .expect("shapes that fit");
        self.last
    }

    fn shape(&self) -> Vec<usize> {
        self.graph.node(self.last).shape.clone()
    }

    /// Random numbers, the same few thousand over and over where there are very many.
    fn parameter(&mut self, shape: &[usize], sd: f64) -> Parameter {
        let n: usize = shape.iter().product();
        let mut values = self.random.normals(n.min(1 << 16), 0.0, sd);
        while values.len() < n {
            values.extend_from_within(..(n - values.len()).min(1 << 16));
        }
        Parameter::new(shape, values).expect("as many values as the shape asks for")
    }

    fn conv(
        &mut self,
        name: &str,
        out: usize,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
        groups: usize,
    ) -> NodeId {
        let ins = self.shape()[0] / groups;
        let sd = (2.0 / (ins * kernel[0] * kernel[1]) as f64).sqrt();
        let weight = self.parameter(&[out, ins, kernel[0], kernel[1]], sd);
        let bias = self.parameter(&[out], 0.01);
        let window = Window {
            kernel,
            stride: [stride; 2],
            padding,
        };
        let conv = Conv2d::new(weight, Some(bias), window, groups).expect("a convolution");
        self.add(name, Layer::Conv2d(conv), &[self.last])
    }

    fn relu(&mut self, name: &str) -> NodeId {
        self.add(name, Layer::Rectifier(Rectifier::RELU), &[self.last])
    }

    fn max_pool(&mut self, kernel: [usize; 2], stride: usize, padding: Padding) -> NodeId {
        let window = Window {
            kernel,
            stride: [stride; 2],
            padding,
        };
        self.add("", Layer::MaxPool(MaxPool { window }), &[self.last])
    }

    fn linear(&mut self, name: &str, out: usize) -> NodeId {
        let ins = self.shape()[0];
        let linear = Linear {
            weight: self.parameter(&[out, ins], (1.0 / ins as f64).sqrt()),
            bias: self.parameter(&[out], 0.01),
        };
        self.add(name, Layer::Linear(linear), &[self.last])
    }

    fn cochleagram(&mut self, front_end: FrontEnd) {
        let samples = self.shape()[0];
        let layer = Cochleagram::new(front_end, samples).expect("two seconds");
        self.add("cochleagram", Layer::Cochleagram(layer), &[self.last]);
    }
}

/// VGG-19 at 224 pixels up to a layer: conv1_1 … conv5_4 (rectified), fc8.
pub fn vgg19(until: &str) -> Graph {
    let mut net = Builder::new(&[3, 224, 224]);
    for (block, (width, depth)) in [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)]
        .iter()
        .enumerate()
    {
        for layer in 1..=*depth {
            net.conv("", *width, [3, 3], 1, Padding::all(1), 1);
            let name = format!("conv{}_{layer}", block + 1);
            net.relu(&name);
            if name == until {
                return net.graph;
            }
        }
        net.max_pool([2, 2], 2, Padding::default());
    }
    net.add("", Layer::Flatten(Flatten::ChannelFirst), &[net.last]);
    for name in ["fc6", "fc7"] {
        net.linear("", 4096);
        net.relu(name);
    }
    net.linear("fc8", 1000);
    net.graph
}

/// ResNet-50 up to layer4, for pictures (three channels) or, with a cochleagram before it, for sounds.
pub fn resnet50(sound: bool) -> Graph {
    let mut net = if sound {
        let mut net = Builder::new(&[40_000]);
        net.cochleagram(FrontEnd::COCHLEAGRAM_1);
        net
    } else {
        Builder::new(&[3, 224, 224])
    };
    net.conv("", 64, [7, 7], 2, Padding::all(3), 1);
    net.relu("");
    net.max_pool([3, 3], 2, Padding::all(1));
    for (stage, blocks) in [3, 4, 6, 3].into_iter().enumerate() {
        let width = 64 << stage;
        for block in 0..blocks {
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            let input = net.last;
            let shortcut = if block == 0 {
                net.conv("", 4 * width, [1, 1], stride, Padding::default(), 1)
            } else {
                input
            };
            net.last = input;
            net.conv("", width, [1, 1], 1, Padding::default(), 1);
            net.relu("");
            net.conv("", width, [3, 3], stride, Padding::all(1), 1);
            net.relu("");
            let main = net.conv("", 4 * width, [1, 1], 1, Padding::default(), 1);
            net.add("", Layer::Add(Add), &[main, shortcut]);
            let last = block + 1 == blocks && stage == 3;
            net.relu(if last { "layer4" } else { "" });
        }
    }
    net.graph
}

/// The cochleagram alone.
pub fn cochleagram() -> Graph {
    let mut net = Builder::new(&[40_000]);
    net.cochleagram(FrontEnd::COCHLEAGRAM_1);
    net.graph
}

/// kell2018 behind its cochleagram, up to relu4.
pub fn kell2018() -> Graph {
    let mut net = Builder::new(&[40_000]);
    net.cochleagram(FrontEnd::COCHLEAGRAM_1);
    let pad = |top, bottom, left, right| Padding {
        top,
        bottom,
        left,
        right,
    };
    net.conv("", 96, [7, 14], 3, pad(3, 3, 5, 6), 1);
    net.relu("relu0");
    net.max_pool([2, 5], 2, pad(0, 1, 1, 2));
    net.conv("", 256, [4, 8], 2, pad(1, 1, 3, 4), 1);
    net.relu("relu1");
    net.max_pool([2, 5], 2, pad(0, 0, 2, 2));
    for (name, width) in [("relu2", 512), ("relu3", 1024), ("relu4", 512)] {
        net.conv("", width, [2, 5], 1, pad(0, 1, 2, 2), 1);
        net.relu(name);
    }
    net.graph
}
