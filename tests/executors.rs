//! The CPU executor against the reference executor in `f64`, on networks of random shapes, and both on the embedded
//! model.

use candle_core::{DType, Device};
use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::layers::cochleagram::{Analytic, Edges, ErbFilters, Power};
use metamer_studio::layers::*;
use metamer_studio::network::{Executor, Graph, Leak, NodeId, Reference, Tap, registry};
use metamer_studio::session::Stimulus;
use metamer_studio::stimulus::random::{Purpose, Random};
use std::sync::Arc;

/// Lets rectifiers of different ranks pass different shares.
const FALLING: Leak = Leak {
    first: 0.25,
    falloff: 0.5,
};

struct Draw(Random);

impl Draw {
    fn up_to(&mut self, n: usize) -> usize {
        1 + self.0.below(n as u64) as usize
    }
    fn padding(&mut self, n: u64) -> Padding {
        let mut side = || self.0.below(n) as usize;
        Padding {
            top: side(),
            bottom: side(),
            left: side(),
            right: side(),
        }
    }
    fn parameter(&mut self, shape: &[usize]) -> Parameter {
        let n = shape.iter().product();
        Parameter::new(shape, self.0.normals(n, 0.0, 0.5)).unwrap()
    }
    fn window(&mut self) -> Window {
        Window {
            kernel: [self.up_to(5), self.up_to(5)],
            stride: [self.up_to(4), self.up_to(4)],
            padding: self.padding(3),
        }
    }
}

/// Runs both executors to `tap` and compares activations and input gradients.
fn compare(graph: Graph, tap: Tap, draw: &mut Draw, what: &str) {
    let graph = Arc::new(graph);
    let input = draw.0.normals(graph.input_elements(), 0.3, 0.6);
    let cotangent = draw.0.normals(graph.node(tap.node).elements(), 0.0, 1.0);
    let run = |executor: &mut dyn Executor| {
        let mut gradient = vec![f32::NAN; input.len()];
        executor.forward(&input, tap.node).unwrap();
        let activation = executor.activation(tap.node).unwrap().into_owned();
        executor.pullback(tap, &cotangent, &mut gradient).unwrap();
        // A second run on the same buffers must not remember the first.
        executor.forward(&input, tap.node).unwrap();
        let mut again = vec![f32::NAN; input.len()];
        executor.pullback(tap, &cotangent, &mut again).unwrap();
        assert_eq!(gradient, again, "{what}: a repeated step differs");
        (activation, gradient)
    };
    let exact = run(&mut Reference::new(graph.clone(), Device::Cpu, DType::F64).unwrap());
    for threads in [1, 2] {
        let fast = run(&mut Cpu::new(graph.clone(), threads, Convolving::Exact).unwrap());
        for (name, a, b) in [
            ("activation", &exact.0, &fast.0),
            ("gradient", &exact.1, &fast.1),
        ] {
            let scale = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
            let worst = a
                .iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(
                worst < 2e-5 * scale,
                "{what}, {threads} threads: {name} differs by {worst} of {scale}"
            );
        }
    }
}

#[test]
fn convolutions_of_random_shapes_agree() {
    let mut draw = Draw(Random::new(1, Purpose::Start));
    let mut tried = 0;
    while tried < 60 {
        let groups = [1, 1, 2, 3, 8][draw.0.below(5) as usize];
        let (ins, outs) = (groups * draw.up_to(3), groups * draw.up_to(3));
        let (window, size) = (draw.window(), [draw.up_to(17), draw.up_to(40)]);
        if window.output(size).is_err() {
            continue;
        }
        let mut graph = Graph::new(&[ins, size[0], size[1]]);
        let weight = draw.parameter(&[outs, ins / groups, window.kernel[0], window.kernel[1]]);
        let bias = (draw.0.below(2) == 0).then(|| draw.parameter(&[outs]));
        let conv = Conv2d::new(weight, bias, window, groups).unwrap();
        let what = format!("{window:?} groups {groups} {ins}->{outs} {size:?}");
        let node = graph
            .add("conv", Layer::Conv2d(conv), &[NodeId::INPUT])
            .unwrap();
        compare(
            graph,
            Tap {
                node,
                straight_through: false,
                leak: Leak::NONE,
            },
            &mut draw,
            &what,
        );
        tried += 1;
    }
}

#[test]
fn pools_of_random_shapes_agree() {
    let mut draw = Draw(Random::new(2, Purpose::Start));
    let mut tried = 0;
    while tried < 60 {
        let (window, size) = (draw.window(), [draw.up_to(11), draw.up_to(11)]);
        // A maximum over nothing but padding is minus infinity, which no network asks for.
        let sees = |a: usize, before: usize, after: usize| {
            window.kernel[a] > before.max(after) && size[a] > 0
        };
        let p = window.padding;
        if window.output(size).is_err() || !sees(0, p.top, p.bottom) || !sees(1, p.left, p.right) {
            continue;
        }
        let mut layers = vec![
            Layer::MaxPool(MaxPool { window }),
            Layer::AveragePool(AveragePool {
                window,
                count_padding: true,
            }),
            Layer::AveragePool(AveragePool {
                window,
                count_padding: false,
            }),
        ];
        if let Ok(pool) = HannPool::new(window, tried % 2 == 0, tried % 3 > 0) {
            layers.push(Layer::HannPool(pool));
        }
        for layer in layers {
            let mut graph = Graph::new(&[3, size[0], size[1]]);
            let node = graph.add("pool", layer.clone(), &[NodeId::INPUT]).unwrap();
            compare(
                graph,
                Tap {
                    node,
                    straight_through: false,
                    leak: Leak::NONE,
                },
                &mut draw,
                &format!("{layer:?} {size:?}"),
            );
        }
        tried += 1;
    }
}

#[test]
fn cochleagrams_of_random_parameters_agree() {
    let mut draw = Draw(Random::new(4, Purpose::Start));
    for trial in 0..60 {
        let one_of = |draw: &mut Draw, n| draw.0.below(n) as usize;
        let window = draw.up_to(60);
        let mut samples = window + draw.up_to(300);
        if trial % 2 == 0 {
            // Sixteen times a product of small primes, whose bands go through short transforms.
            samples = samples.next_multiple_of(80);
        }
        let frame_rate = [10, 20, 50, 100][one_of(&mut draw, 4)];
        let front_end = FrontEnd {
            sample_rate: 1000,
            filters: ErbFilters {
                low: 20.0 * draw.0.uniform(),
                high: 300.0 + 200.0 * draw.0.uniform(),
                count: draw.up_to(4),
                sample_factor: [1, 2, 4][one_of(&mut draw, 3)],
                low_pass: trial % 2 == 0,
                high_pass: trial % 3 == 0,
            },
            subtract_mean: trial % 5 == 0,
            lengthened: [1, 1, 2][one_of(&mut draw, 3)],
            analytic: [Analytic::OneSided, Analytic::Doubled][one_of(&mut draw, 2)],
            power_floor: [0.0, 1e-16, 1e-2][one_of(&mut draw, 3)],
            frame_rate,
            window,
            edges: [Edges::Valid, Edges::Same, Edges::Padded(7, 30)][one_of(&mut draw, 3)],
            // The slope jumps at zero unless gradients pass; there f32 and f64 may fall on different sides.
            straight_through: true,
            offset: 0.05,
            scale: 0.5 + draw.0.uniform(),
            compression: [
                None,
                Some(Power {
                    exponent: 0.3,
                    steepest: 1.0,
                }),
            ][one_of(&mut draw, 2)],
        };
        let layer = Cochleagram::new(front_end, samples).unwrap();
        let mut graph = Graph::new(&[samples]);
        let node = graph
            .add("cochleagram", Layer::Cochleagram(layer), &[NodeId::INPUT])
            .unwrap();
        compare(
            graph,
            Tap {
                node,
                straight_through: false,
                leak: Leak::NONE,
            },
            &mut draw,
            &format!("{front_end:?} {samples}"),
        );
    }
}

#[test]
fn what_is_not_a_number_is_not_heard_as_silence() {
    for front_end in [FrontEnd::FEATHER2019, FrontEnd::COCHLEAGRAM_1] {
        let mut graph = Graph::new(&[2000]);
        let layer = Layer::Cochleagram(Cochleagram::new(front_end, 2000).unwrap());
        let node = graph.add("cochleagram", layer, &[NodeId::INPUT]).unwrap();
        let graph = Arc::new(graph);
        let mut cpu = Cpu::new(graph.clone(), 1, Convolving::Exact).unwrap();
        let mut reference = Reference::new(graph, Device::Cpu, DType::F32).unwrap();
        let mut sound = vec![0.1; 2000];
        sound[700] = f32::NAN;
        let executors: [&mut dyn Executor; 2] = [&mut cpu, &mut reference];
        for executor in executors {
            executor.forward(&sound, node).unwrap();
            let heard = executor.activation(node).unwrap();
            assert!(heard.iter().all(|v| v.is_nan()), "{}", executor.name());
        }
    }
}

#[test]
fn cochleagrams_are_the_same_to_the_bit_on_any_number_of_threads() {
    let mut draw = Draw(Random::new(5, Purpose::Start));
    let layer = Cochleagram::new(FrontEnd::FEATHER2019, 4000).unwrap();
    let mut graph = Graph::new(&[4000]);
    let node = graph
        .add("cochleagram", Layer::Cochleagram(layer), &[NodeId::INPUT])
        .unwrap();
    let (graph, sound) = (Arc::new(graph), draw.0.normals(4000, 0.0, 0.1));
    let cotangent = draw.0.normals(graph.node(node).elements(), 0.0, 1.0);
    let run = |threads| {
        let mut cpu = Cpu::new(graph.clone(), threads, Convolving::Exact).unwrap();
        cpu.forward(&sound, node).unwrap();
        let mut gradient = || {
            let mut gradient = vec![f32::NAN; sound.len()];
            cpu.pullback(
                Tap {
                    node,
                    straight_through: false,
                    leak: Leak::NONE,
                },
                &cotangent,
                &mut gradient,
            )
            .unwrap();
            gradient
        };
        // One forward pass is enough for any number of pullbacks.
        let (first, second) = (gradient(), gradient());
        assert_eq!(first, second);
        (cpu.activation(node).unwrap().into_owned(), first)
    };
    let alone = run(1);
    assert!(alone.1.iter().any(|g| *g != 0.0));
    assert_eq!(alone, run(2));
    assert_eq!(alone, run(5));
}

/// Every remaining layer kind in one residual network.
fn every_layer_kind(draw: &mut Draw) -> Graph {
    let mut g = Graph::new(&[3, 9, 7]);
    let clamp = g
        .add(
            "clamp",
            Layer::Clamp(Clamp {
                low: 0.0,
                high: 1.0,
            }),
            &[NodeId::INPUT],
        )
        .unwrap();
    let affine = Affine {
        scale: draw.parameter(&[3]),
        offset: draw.parameter(&[3]),
    };
    let x = g.add("affine", Layer::Affine(affine), &[clamp]).unwrap();
    let same = Window::square(3, 1, Padding::all(1));
    let conv = |draw: &mut Draw, i, o, window: Window| {
        let weight = draw.parameter(&[o, i, window.kernel[0], window.kernel[1]]);
        Layer::Conv2d(Conv2d::new(weight, None, window, 1).unwrap())
    };
    let layer = conv(draw, 3, 6, same);
    let x = g.add("conv1", layer, &[x]).unwrap();
    let variance = Parameter::new(&[6], vec![0.5, 1.0, 2.0, 0.1, 3.0, 0.7]).unwrap();
    let norm = BatchNorm {
        scale: draw.parameter(&[6]),
        shift: draw.parameter(&[6]),
        mean: draw.parameter(&[6]),
        variance,
        epsilon: 1e-5,
    };
    let x = g.add("bn1", Layer::BatchNorm(norm), &[x]).unwrap();
    let relu = g
        .add("relu1", Layer::Rectifier(Rectifier::RELU), &[x])
        .unwrap();
    let layer = conv(draw, 6, 6, Window::square(1, 1, Padding::default()));
    let x = g.add("conv2", layer, &[relu]).unwrap();
    let x = g.add("sum", Layer::Add(Add), &[x, relu]).unwrap();
    let x = g
        .add(
            "relu6",
            Layer::Rectifier(Rectifier { ceiling: Some(0.5) }),
            &[x],
        )
        .unwrap();
    let pool = g
        .add(
            "pool",
            Layer::MaxPool(MaxPool {
                window: Window::square(3, 2, Padding::all(1)),
            }),
            &[x],
        )
        .unwrap();
    let mean = g
        .add("mean", Layer::GlobalAverage(GlobalAverage), &[pool])
        .unwrap();
    let first = g
        .add("flat", Layer::Flatten(Flatten::ChannelFirst), &[pool])
        .unwrap();
    let last = g
        .add("transposed", Layer::Flatten(Flatten::ChannelLast), &[pool])
        .unwrap();
    let flat = g.add("flats", Layer::Add(Add), &[first, last]).unwrap();
    let n = g.node(flat).elements();
    let linear = Linear {
        weight: draw.parameter(&[6, n]),
        bias: draw.parameter(&[6]),
    };
    let y = g.add("linear", Layer::Linear(linear), &[flat]).unwrap();
    let y = g.add("both", Layer::Add(Add), &[y, mean]).unwrap();
    g.add("softmax", Layer::Softmax(Softmax), &[y]).unwrap();
    g
}

/// Tapped everywhere, with and without straight-through and leaks.
#[test]
fn a_network_of_every_layer_kind_agrees_at_every_tap() {
    let mut draw = Draw(Random::new(3, Purpose::Start));
    let g = every_layer_kind(&mut draw);
    let names: Vec<String> = g.nodes()[1..].iter().map(|n| n.name.clone()).collect();
    for name in names {
        let node = g.find(&name).unwrap();
        let rectifier = matches!(g.node(node).layer, Layer::Rectifier(_));
        for (straight_through, leak) in [
            (false, Leak::NONE),
            (true, Leak::NONE),
            (false, FALLING),
            (true, FALLING),
        ] {
            if rectifier || !straight_through {
                let tap = Tap {
                    node,
                    straight_through,
                    leak,
                };
                compare(g.clone(), tap, &mut draw, &name);
                let folded = g.folded().unwrap();
                let tap = Tap {
                    leak,
                    ..tap_in(&folded, &name, straight_through)
                };
                compare(folded, tap, &mut draw, &name);
            }
        }
    }
}

/// Where gradients leak, each branch's share passes the rectifier once, whatever kind of layer it comes from.
#[test]
fn what_several_branches_send_back_leaks_once() {
    let mut draw = Draw(Random::new(15, Purpose::Start));
    let window = Window::square(3, 1, Padding::all(1));
    let apart = Window::square(1, 1, Padding::default());
    let average = |window| {
        Layer::AveragePool(AveragePool {
            window,
            count_padding: true,
        })
    };
    let kinds = [
        Layer::MaxPool(MaxPool { window }),
        average(window),
        average(apart),
        Layer::Conv2d(Conv2d::new(draw.parameter(&[20, 20, 3, 3]), None, window, 1).unwrap()),
        Layer::Conv2d(Conv2d::new(draw.parameter(&[20, 2, 3, 3]), None, window, 10).unwrap()),
        Layer::Affine(Affine {
            scale: draw.parameter(&[20]),
            offset: draw.parameter(&[20]),
        }),
    ];
    for first in &kinds {
        for second in &kinds {
            let mut g = Graph::new(&[20, 7, 6]);
            let relu = Layer::Rectifier(Rectifier { ceiling: Some(0.5) });
            let x = g.add("relu", relu, &[NodeId::INPUT]).unwrap();
            let a = g.add("a", first.clone(), &[x]).unwrap();
            let b = g.add("b", second.clone(), &[x]).unwrap();
            let node = g.add("sum", Layer::Add(Add), &[a, b]).unwrap();
            let tap = Tap {
                node,
                straight_through: false,
                leak: Leak::even(0.25),
            };
            compare(g, tap, &mut draw, &format!("{first:?} and {second:?}"));
        }
    }
}

/// Items to different layers in one batch, against each of them alone, to the bit.
#[test]
fn a_batch_gives_every_item_what_it_would_get_alone() {
    let mut draw = Draw(Random::new(6, Purpose::Start));
    let small = Arc::new(every_layer_kind(&mut draw));
    let model = registry::load("efficientnet-lite0").unwrap().graph;
    let batches: [(Arc<Graph>, &[&str]); 4] = [
        (
            small.clone(),
            &["relu1", "probability", "mean", "relu1", "sum"],
        ),
        (small.clone(), &["clamp", "conv1"]),
        (small, &["relu6", "relu6", "relu6"]),
        (model, &["stem", "block3", "logits", "block3"]),
    ];
    for (graph, names) in batches {
        let nodes: Vec<NodeId> = names
            .iter()
            .map(|n| graph.find(n).or_else(|_| graph.find("softmax")).unwrap())
            .collect();
        let inputs: Vec<Vec<f32>> = nodes
            .iter()
            .map(|_| draw.0.normals(graph.input_elements(), 0.4, 0.4))
            .collect();
        let cotangents: Vec<Vec<f32>> = nodes
            .iter()
            .map(|n| draw.0.normals(graph.node(*n).elements(), 0.0, 1.0))
            .collect();
        for (convolving, leak) in [(Convolving::Exact, Leak::NONE), (Convolving::Fast, FALLING)] {
            let tap = |node: NodeId| Tap {
                node,
                straight_through: node.index().is_multiple_of(2),
                leak,
            };
            let mut together = Cpu::new(graph.clone(), 2, convolving).unwrap();
            let all: Vec<&[f32]> = inputs.iter().map(|x| &x[..]).collect();
            let taps: Vec<Tap> = nodes.iter().map(|n| tap(*n)).collect();
            let losses: Vec<&[f32]> = cotangents.iter().map(|g| &g[..]).collect();
            let mut gradients = vec![vec![f32::NAN; graph.input_elements()]; nodes.len()];
            // Twice: the second time in buffers that remember the first.
            for _ in 0..2 {
                together.forward_batch(&all, &nodes).unwrap();
                let mut into: Vec<&mut [f32]> = gradients.iter_mut().map(|g| &mut g[..]).collect();
                together.pullback_batch(&taps, &losses, &mut into).unwrap();
            }
            for (i, node) in nodes.iter().enumerate() {
                let mut alone = Cpu::new(graph.clone(), 1, convolving).unwrap();
                alone.forward(&inputs[i], *node).unwrap();
                let mut gradient = vec![f32::NAN; graph.input_elements()];
                alone.pullback(taps[i], losses[i], &mut gradient).unwrap();
                let expected = alone.activation(*node).unwrap();
                assert_eq!(
                    together.activation_of(i, *node).unwrap(),
                    expected,
                    "{}",
                    names[i]
                );
                assert_eq!(gradients[i], gradient, "{} in {names:?}", names[i]);
            }
        }
    }
}

fn tap_in(folded: &Graph, name: &str, straight_through: bool) -> Tap {
    // conv1 is gone in the folded graph; its place is taken by bn1.
    let node = folded.find(name).or_else(|_| folded.find("bn1")).unwrap();
    Tap {
        node,
        straight_through,
        leak: Leak::NONE,
    }
}

#[test]
fn outputs_stay_if_asked_for_and_what_makes_room_changes_no_result() {
    let model = registry::load("efficientnet-lite0").unwrap();
    let stimulus = Stimulus::load("chelsea").unwrap();
    let input = stimulus
        .prepare(&model.input, metamer_studio::stimulus::Crop::Feather2023)
        .unwrap();
    let tap = Tap {
        node: model.logits,
        straight_through: false,
        leak: Leak::NONE,
    };
    let classes = model.graph.node(model.logits).elements();
    let cotangent: Vec<f32> = (0..classes).map(|i| (i % 7) as f32 - 3.0).collect();
    let gradient = |cpu: &mut Cpu| {
        let mut gradient = vec![f32::NAN; input.len()];
        cpu.forward(&input, model.logits).unwrap();
        cpu.pullback(tap, &cotangent, &mut gradient).unwrap();
        gradient
    };
    let mut cpu = Cpu::new(model.graph.clone(), 2, Convolving::Fast).unwrap();
    let of_few = gradient(&mut cpu);
    let [shallow, deep] = ["block3", "block15"].map(|n| model.graph.find(n).unwrap());
    for layer in [shallow, deep] {
        let said = cpu.activation(layer).unwrap_err().to_string();
        assert!(said.contains("nobody asked to keep it"), "{said}");
    }
    cpu.keep(&model.metamer_layers);
    assert!(cpu.activation(model.logits).is_err(), "from before");
    let of_all = gradient(&mut cpu);
    assert_eq!(of_few, of_all);
    for layer in &model.metamer_layers {
        let mut alone = Cpu::new(model.graph.clone(), 1, Convolving::Fast).unwrap();
        alone.forward(&input, *layer).unwrap();
        let name = &model.graph.node(*layer).name;
        let (kept, alone) = (cpu.activation(*layer), alone.activation(*layer));
        assert_eq!(kept.unwrap(), alone.unwrap(), "{name}");
    }
}

/// Between a 1×1 convolution and a depthwise one nothing is kept, but a gradient can begin there.
#[test]
fn a_gradient_can_begin_between_layers_that_are_computed_together() {
    let model = registry::load("efficientnet-lite0").unwrap();
    let graph = &model.graph;
    let input = Draw(Random::new(11, Purpose::Start))
        .0
        .normals(graph.input_elements(), 0.5, 0.2);
    let deep = graph.find("block2").unwrap();
    let mut joined = Cpu::new(graph.clone(), 2, Convolving::Exact).unwrap();
    let mut tried = 0;
    for (place, node) in graph.nodes().iter().enumerate().take(deep.index()) {
        if !node.name.contains("expand") {
            continue;
        }
        let id = graph.ids().find(|id| id.index() == place).unwrap();
        for straight_through in [false, true] {
            let tap = Tap {
                node: id,
                straight_through,
                leak: Leak::NONE,
            };
            let cotangent =
                Draw(Random::new(12, Purpose::Start))
                    .0
                    .normals(node.elements(), 0.0, 1.0);
            let [mut together, mut alone] = [(); 2].map(|()| vec![f32::NAN; input.len()]);
            joined.forward(&input, deep).unwrap();
            assert!(joined.activation(id).is_err(), "{}", node.name);
            joined.pullback(tap, &cotangent, &mut together).unwrap();
            let mut other = Cpu::new(graph.clone(), 1, Convolving::Exact).unwrap();
            other.forward(&input, id).unwrap();
            other.pullback(tap, &cotangent, &mut alone).unwrap();
            tried += 1;
            assert_eq!(together, alone, "{} {straight_through}", node.name);
        }
    }
    assert!(tried >= 4, "{tried}");
}

#[test]
fn layers_that_are_computed_together_give_what_they_give_apart() {
    let model = registry::load("efficientnet-lite0").unwrap();
    let graph = &model.graph;
    let elements = graph.input_elements();
    let input = Draw(Random::new(13, Purpose::Start))
        .0
        .normals(elements, 0.5, 0.2);
    let node = graph.find("block5").unwrap();
    let elements = graph.node(node).elements();
    let cotangent = Draw(Random::new(14, Purpose::Start))
        .0
        .normals(elements, 0.0, 1.0);
    let results = [false, true].map(|apart| {
        let mut cpu = Cpu::new(graph.clone(), 2, Convolving::Exact).unwrap();
        let expanded: Vec<NodeId> = graph
            .ids()
            .filter(|id| graph.node(*id).name.contains("expand"))
            .collect();
        assert!(!expanded.is_empty());
        if apart {
            cpu.keep(&expanded);
        }
        let mut gradient = vec![f32::NAN; input.len()];
        cpu.forward(&input, node).unwrap();
        assert_eq!(cpu.activation(expanded[0]).is_ok(), apart);
        let tap = Tap {
            node,
            straight_through: false,
            leak: FALLING,
        };
        cpu.pullback(tap, &cotangent, &mut gradient).unwrap();
        (cpu.activation(node).unwrap().into_owned(), gradient)
    });
    assert_eq!(results[0], results[1]);
}

#[test]
fn gradients_that_leak_differently_do_not_go_back_together() {
    let mut g = Graph::new(&[4]);
    let layer = Layer::Rectifier(Rectifier::RELU6);
    let node = g.add("relu", layer, &[NodeId::INPUT]).unwrap();
    let mut cpu = Cpu::new(Arc::new(g), 1, Convolving::Exact).unwrap();
    let x = [-1.0, 0.0, 3.0, 9.0];
    cpu.forward_batch(&[&x, &x], &[node, node]).unwrap();
    let taps = [0.25, 0.5].map(|leak| Tap {
        node,
        straight_through: false,
        leak: Leak::even(leak),
    });
    let (mut a, mut b) = ([f32::NAN; 4], [f32::NAN; 4]);
    let mut into: [&mut [f32]; 2] = [&mut a, &mut b];
    let ones: [&[f32]; 2] = [&[1.0; 4]; 2];
    let refusal = cpu.pullback_batch(&taps, &ones, &mut into).unwrap_err();
    assert!(refusal.to_string().contains("0.25"), "{refusal}");
    let alike = [taps[0]; 2];
    cpu.pullback_batch(&alike, &ones, &mut into).unwrap();
    assert_eq!([a, b], [[0.25, 0.25, 1.0, 0.25]; 2]);
}

#[test]
fn straight_through_differs_from_the_ordinary_gradient_only_in_what_passes() {
    let mut g = Graph::new(&[4]);
    let node = g
        .add("relu", Layer::Rectifier(Rectifier::RELU6), &[NodeId::INPUT])
        .unwrap();
    let mut cpu = Cpu::new(Arc::new(g), 1, Convolving::Exact).unwrap();
    cpu.forward(&[-1.0, 0.0, 3.0, 9.0], node).unwrap();
    assert_eq!(cpu.activation(node).unwrap()[..], [0.0, 0.0, 3.0, 6.0]);
    let mut g = [f32::NAN; 4];
    cpu.pullback(
        Tap {
            node,
            straight_through: true,
            leak: Leak::NONE,
        },
        &[1.0, 2.0, 3.0, 4.0],
        &mut g,
    )
    .unwrap();
    assert_eq!(g, [1.0, 2.0, 3.0, 4.0]);
    cpu.pullback(
        Tap {
            node,
            straight_through: false,
            leak: Leak::NONE,
        },
        &[1.0, 2.0, 3.0, 4.0],
        &mut g,
    )
    .unwrap();
    assert_eq!(g, [0.0, 0.0, 3.0, 0.0]);
}

/// Expected logits come from an independent NumPy port of the network; its normalised input is a formula, undone here.
#[test]
fn the_embedded_network_reproduces_the_parity_values() {
    let text = std::fs::read_to_string("tests/data/parity/efficientnet_lite0.json").unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let model = registry::load("efficientnet-lite0").unwrap();
    let size = 224;
    let mut input = Vec::new();
    for c in 0..3 {
        for i in 0..size {
            let normalised = |j| (0.05 * f64::from(i * (c + 1)) + 0.03 * f64::from(j)).sin();
            input.extend((0..size).map(|j| ((normalised(j) * 128.0 + 127.0) / 255.0) as f32));
        }
    }
    let graph = model.graph.clone();
    let logits = model.logits;
    let mut cpu = Cpu::new(graph.clone(), 2, Convolving::Exact).unwrap();
    let mut reference = Reference::new(graph, Device::Cpu, DType::F32).unwrap();
    let executors: [&mut dyn Executor; 2] = [&mut cpu, &mut reference];
    for executor in executors {
        executor.forward(&input, logits).unwrap();
        let y = executor.activation(logits).unwrap().into_owned();
        let top = y
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .unwrap();
        assert_eq!(top.0 as u64, expected["argmax"].as_u64().unwrap());
        let scale = expected["max"].as_f64().unwrap();
        for (i, e) in expected["logits_0_9"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let error = (f64::from(y[i]) - e.as_f64().unwrap()).abs();
            assert!(
                error < 2e-6 * scale,
                "{}: logit {i} is {} not {e}",
                executor.name(),
                y[i]
            );
        }
        let mean = y.iter().map(|v| f64::from(*v)).sum::<f64>() / 1000.0;
        assert!((mean - expected["mean"].as_f64().unwrap()).abs() < 2e-6 * scale);
    }
}

/// The word scores of the embedded word 'umbrella', from the same weights in PyTorch 2.15 on this program's cochleagram.
#[test]
fn the_embedded_word_networks_reproduce_the_scores_of_another_program() {
    let text = std::fs::read_to_string("tests/data/parity/word_networks.json").unwrap();
    let expected: std::collections::BTreeMap<String, Vec<f32>> =
        serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 2);
    let stimulus = Stimulus::load("umbrella").unwrap();
    for (name, scores) in expected {
        let model = registry::load(&name).unwrap();
        let input = stimulus
            .prepare(&model.input, metamer_studio::stimulus::Crop::Feather2023)
            .unwrap();
        let graph = model.graph.clone();
        let mut cpu = Cpu::new(graph.clone(), 2, Convolving::Exact).unwrap();
        let mut reference = Reference::new(graph, Device::Cpu, DType::F32).unwrap();
        // The reference executor has its cochleagrams from f64. In the silence around the word they are rounding, which the
        // compression raises to where the network sees it.
        let executors: [(&mut dyn Executor, f32); 2] = [(&mut cpu, 2e-5), (&mut reference, 1e-4)];
        for (executor, tolerance) in executors {
            executor.forward(&input, model.logits).unwrap();
            let found = executor.activation(model.logits).unwrap().into_owned();
            let largest = scores.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            for (a, b) in found.iter().zip(&scores) {
                let name = format!("{name} on {}", executor.name());
                assert!((a - b).abs() < tolerance * largest, "{name}: {a} {b}");
            }
            let best = |v: &[f32]| (0..v.len()).max_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap();
            assert_eq!(model.label(best(&found)), "umbrella");
        }
    }
}
