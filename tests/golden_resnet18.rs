//! A narrow ResNet-18, the 2023 paper's kind of network, against PyTorch: activations, input gradients through the
//! straight-through rectifier, and the original attack step.

#[path = "support/golden.rs"]
mod golden;

use candle_core::{DType, Device};
use golden::{relative_l2, sample, uniform};
use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::formats::{Array, npy, npz, safetensors};
use metamer_studio::layers::*;
use metamer_studio::network::{Executor, Graph, Leak, NodeId, Reference, Tap};
use metamer_studio::synthesis::{Loss, Synthesis, Target, recipe};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const FOLDER: &str = "tests/data/golden/resnet18";

struct Builder {
    graph: Graph,
    weights: BTreeMap<String, Array>,
}

impl Builder {
    fn take(&mut self, name: &str) -> Parameter {
        let array = self
            .weights
            .remove(name)
            .unwrap_or_else(|| panic!("no weight {name}"));
        Parameter::new(&array.shape, array.values).unwrap()
    }

    fn conv_norm(
        &mut self,
        name: &str,
        conv: &str,
        norm: &str,
        x: NodeId,
        stride: usize,
    ) -> NodeId {
        let weight = self.take(&format!("{conv}.weight"));
        let kernel = weight.shape()[2];
        let window = Window::square(kernel, stride, Padding::all(kernel / 2));
        let conv = Layer::Conv2d(Conv2d::new(weight, None, window, 1).unwrap());
        let y = self.graph.add(format!("{name}.conv"), conv, &[x]).unwrap();
        let norm = BatchNorm {
            scale: self.take(&format!("{norm}.weight")),
            shift: self.take(&format!("{norm}.bias")),
            mean: self.take(&format!("{norm}.running_mean")),
            variance: self.take(&format!("{norm}.running_var")),
            epsilon: 1e-5,
        };
        self.graph
            .add(format!("{name}.norm"), Layer::BatchNorm(norm), &[y])
            .unwrap()
    }

    fn relu(&mut self, name: &str, x: NodeId) -> NodeId {
        self.graph
            .add(name, Layer::Rectifier(Rectifier::RELU), &[x])
            .unwrap()
    }
}

fn resnet18() -> Graph {
    let weights = safetensors::read(Path::new(&format!("{FOLDER}/tiny_resnet18.safetensors")))
        .unwrap()
        .arrays;
    let mut net = Builder {
        graph: Graph::new(&[3, 224, 224]),
        weights,
    };
    let clamp = net
        .graph
        .add(
            "clamp",
            Layer::Clamp(Clamp {
                low: 0.0,
                high: 1.0,
            }),
            &[NodeId::INPUT],
        )
        .unwrap();
    let (mean, std) = ([0.485f32, 0.456, 0.406], [0.229f32, 0.224, 0.225]);
    let normalise = Affine {
        scale: Parameter::new(&[3], std.map(|s| 1.0 / s).to_vec()).unwrap(),
        offset: Parameter::new(&[3], (0..3).map(|c| -mean[c] / std[c]).collect()).unwrap(),
    };
    let x = net
        .graph
        .add("normalised", Layer::Affine(normalise), &[clamp])
        .unwrap();
    let x = net.conv_norm("conv1", "conv1", "bn1", x, 2);
    let x = net.relu("conv1_relu1", x);
    let pool = Layer::MaxPool(MaxPool {
        window: Window::square(3, 2, Padding::all(1)),
    });
    let mut x = net.graph.add("maxpool1", pool, &[x]).unwrap();
    for stage in 1..=4 {
        for block in 0..2 {
            let stored = format!("layer{stage}.{block}");
            let stride = if stage > 1 && block == 0 { 2 } else { 1 };
            let y = net.conv_norm(
                &format!("{stored}.a"),
                &format!("{stored}.conv1"),
                &format!("{stored}.bn1"),
                x,
                stride,
            );
            let y = net.relu(&format!("{stored}.relu"), y);
            let y = net.conv_norm(
                &format!("{stored}.b"),
                &format!("{stored}.conv2"),
                &format!("{stored}.bn2"),
                y,
                1,
            );
            let side = if stride == 2 {
                let (conv, norm) = (
                    format!("{stored}.downsample.0"),
                    format!("{stored}.downsample.1"),
                );
                net.conv_norm(&format!("{stored}.side"), &conv, &norm, x, 2)
            } else {
                x
            };
            let sum = net
                .graph
                .add(format!("{stored}.sum"), Layer::Add(Add), &[y, side])
                .unwrap();
            x = net.relu(
                &if block == 1 {
                    format!("layer{stage}")
                } else {
                    format!("{stored}.out")
                },
                sum,
            );
        }
    }
    let x = net
        .graph
        .add("avgpool", Layer::GlobalAverage(GlobalAverage), &[x])
        .unwrap();
    let linear = Linear {
        weight: net.take("fc.weight"),
        bias: net.take("fc.bias"),
    };
    net.graph.add("final", Layer::Linear(linear), &[x]).unwrap();
    net.graph
}

/// The picture that the reference data was made with, `[3, 224, 224]` in [0, 1].
fn picture() -> Vec<f32> {
    let bytes = npy::read(Path::new(
        "tests/data/golden/resize/chelsea_bilinear_224.npy",
    ))
    .unwrap();
    let pixels = 224 * 224;
    (0..3 * pixels)
        .map(|i| bytes.values[(i % pixels) * 3 + i / pixels] / 255.0)
        .collect()
}

/// The point that the reference data was made at.
fn start() -> Vec<f32> {
    let values = uniform(88, 3 * 224 * 224);
    values.into_iter().map(|u| (u * 0.2 + 0.4) as f32).collect()
}

/// The same network with and without folded batch norms on the fast executor, and as written on the reference.
fn executors() -> Vec<(&'static str, Box<dyn Executor>)> {
    let (graph, folded) = (Arc::new(resnet18()), Arc::new(resnet18().folded().unwrap()));
    vec![
        (
            "reference",
            Box::new(Reference::new(graph.clone(), Device::Cpu, DType::F32).unwrap()),
        ),
        (
            "f64",
            Box::new(Reference::new(graph.clone(), Device::Cpu, DType::F64).unwrap()),
        ),
        (
            "cpu",
            Box::new(Cpu::new(graph, 2, Convolving::Exact).unwrap()),
        ),
        (
            "cpu, folded",
            Box::new(Cpu::new(folded, 2, Convolving::Exact).unwrap()),
        ),
    ]
}

#[test]
fn activations_and_gradients_agree_with_pytorch() {
    let golden = npz::read(Path::new(&format!("{FOLDER}/tiny_resnet18.npz"))).unwrap();
    let losses = [
        ("layer2", 11442.4150390625, 0.7899993658065796),
        ("layer4", 10674.3056640625, 0.7447708249092102),
        ("final", 202.4365234375, 0.7025383710861206),
    ];
    for (name, mut executor) in executors() {
        let end = executor.graph().find("final").unwrap();
        let layers = [
            "conv1_relu1",
            "layer1",
            "layer2",
            "layer3",
            "layer4",
            "avgpool",
            "final",
        ];
        let ids = layers.map(|layer| executor.graph().find(layer).unwrap());
        executor.keep(&ids);
        executor.forward(&picture(), end).unwrap();
        for layer in layers {
            let expected = &golden[&format!("act_{layer}")].values;
            let id = executor.graph().find(layer).unwrap();
            let found = sample(&executor.activation(id).unwrap(), expected.len());
            let error = relative_l2(&found, expected);
            assert!(error < 1e-5, "{name} {layer}: {error}");
        }
        for (layer, half_squared, normalised) in losses {
            let node = executor.graph().find(layer).unwrap();
            executor.forward(&picture(), node).unwrap();
            let target = Target::new(executor.activation(node).unwrap().into_owned());
            let key = if layer == "final" {
                layer.to_owned()
            } else {
                format!("{layer}_fake_relu")
            };
            for (kind, prefix, expected_loss) in [
                (Loss::HalfSquared, "grad_l2", half_squared),
                (Loss::RelativeL2, "grad_norm", normalised),
            ] {
                executor.forward(&start(), node).unwrap();
                let activation = executor.activation(node).unwrap().into_owned();
                let mut cotangent = vec![0.0; target.values.len()];
                let loss = kind.evaluate(&activation, &target, &mut cotangent);
                assert!(
                    (loss / expected_loss - 1.0).abs() < 1e-5,
                    "{name} {layer} {kind:?}: {loss}"
                );
                let mut gradient = vec![0.0; 3 * 224 * 224];
                executor
                    .pullback(
                        Tap {
                            node,
                            straight_through: true,
                            leak: Leak::NONE,
                        },
                        &cotangent,
                        &mut gradient,
                    )
                    .unwrap();
                let expected = &golden[&format!("{prefix}_{key}")].values;
                let error = relative_l2(&sample(&gradient, expected.len()), expected);
                assert!(error < 1e-5, "{name} {layer} {kind:?}: gradient {error}");
            }
        }
    }
}

/// The original 2023 attack: step length 1, eps 1e5, relative loss, at layer2's straight-through rectifier.
#[test]
fn twenty_normalised_steps_agree_with_the_original_attack() {
    let golden = npz::read(Path::new(&format!("{FOLDER}/tiny_resnet18_l2step.npz"))).unwrap();
    for (name, mut executor) in executors() {
        let node = executor.graph().find("layer2").unwrap();
        executor.forward(&picture(), node).unwrap();
        let target = executor.activation(node).unwrap().into_owned();
        let procedure = recipe::find("feather2023").unwrap().procedure;
        let tap = Tap {
            node,
            straight_through: true,
            leak: Leak::NONE,
        };
        let shape = executor.graph().node(NodeId::INPUT).shape.clone();
        let mut synthesis =
            Synthesis::new(procedure, tap, target, start(), &shape, [0.0, 1.0]).unwrap();
        for updates in 0..=20 {
            let x = synthesis.stimulus().to_vec();
            let report = synthesis.step(executor.as_mut()).unwrap();
            assert_eq!((report.step, report.learning_rate), (updates, 1.0));
            // Two correct f32 programs part ways as rectifiers flip: after 20 steps the f64 run is as far from the record.
            let [loss_tolerance, stimulus_tolerance] = if updates <= 5 {
                [2e-6, 2e-7]
            } else {
                [1e-3, 2e-3]
            };
            if let Some(expected) = golden.get(&format!("loss_after_{updates}")) {
                let error = (report.loss / f64::from(expected.values[0]) - 1.0).abs();
                assert!(
                    error < loss_tolerance,
                    "{name}: loss after {updates}: {error}"
                );
            }
            if let Some(expected) = golden.get(&format!("x_after_{updates}")) {
                let error = relative_l2(&sample(&x, expected.values.len()), &expected.values);
                assert!(
                    error < stimulus_tolerance,
                    "{name}: stimulus after {updates}: {error}"
                );
            }
        }
    }
}
