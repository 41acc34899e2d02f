//! A step allocates nothing: not the executor's passes, which a network of every covered layer kind makes here.
//!
//! rayon's queue, through which a pass is handed to the pool, takes a new block of under two kilobytes for every 63
//! passes, and that is all that is allowed.

#![allow(unsafe_code)]

use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::layers::cochleagram::FrontEnd;
use metamer_studio::layers::*;
use metamer_studio::network::{Executor, Graph, Leak, NodeId, Tap};
use metamer_studio::stimulus::random::{Purpose, Random};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn conv(random: &mut Random, ins: usize, outs: usize, window: Window, groups: usize) -> Layer {
    let shape = [outs, ins / groups, window.kernel[0], window.kernel[1]];
    let values = random.normals(shape.iter().product(), 0.0, 0.1);
    let weight = Parameter::new(&shape, values).unwrap();
    Layer::Conv2d(Conv2d::new(weight, None, window, groups).unwrap())
}

/// Stem, dense, strided, depthwise and pointwise convolutions, a residual, both pools, and a classifier.
fn picture_network() -> (Graph, NodeId) {
    let mut random = Random::new(9, Purpose::Start);
    let mut g = Graph::new(&[3, 40, 40]);
    let same = Window::square(3, 1, Padding::all(1));
    let half = Window::square(3, 2, Padding::all(1));
    let point = Window::square(1, 1, Padding::default());
    let relu = || Layer::Rectifier(Rectifier::RELU);
    let mut x = NodeId::INPUT;
    let mut number = 0;
    let mut add = |g: &mut Graph, layer: Layer, inputs: &[NodeId]| {
        number += 1;
        g.add(format!("{number}"), layer, inputs).unwrap()
    };
    for layer in [
        conv(&mut random, 3, 32, half, 1),
        relu(),
        conv(&mut random, 32, 48, same, 1),
        relu(),
        Layer::MaxPool(MaxPool { window: half }),
        conv(&mut random, 48, 48, half, 48),
        relu(),
    ] {
        x = add(&mut g, layer, &[x]);
    }
    let y = add(&mut g, conv(&mut random, 48, 48, point, 1), &[x]);
    let y = add(&mut g, Layer::Add(Add), &[y, x]);
    let y = add(&mut g, relu(), &[y]);
    let pool = Layer::AveragePool(AveragePool {
        window: same,
        count_padding: false,
    });
    let y = add(&mut g, pool, &[y]);
    let y = add(&mut g, Layer::GlobalAverage(GlobalAverage), &[y]);
    let linear = Linear {
        weight: Parameter::new(&[10, 48], random.normals(480, 0.0, 0.1)).unwrap(),
        bias: Parameter::new(&[10], vec![0.1; 10]).unwrap(),
    };
    let y = add(&mut g, Layer::Linear(linear), &[y]);
    (g, y)
}

fn sound_network() -> (Graph, NodeId) {
    let layer = Cochleagram::new(FrontEnd::FEATHER2019, 4000).unwrap();
    let mut g = Graph::new(&[4000]);
    let node = g
        .add("cochleagram", Layer::Cochleagram(layer), &[NodeId::INPUT])
        .unwrap();
    (g, node)
}

/// One test in the file: a second one at the same time would be counted too.
#[test]
fn a_step_allocates_nothing() {
    let both = [Convolving::Exact, Convolving::Fast];
    for (graph, node) in [picture_network(), sound_network()] {
        let graph = Arc::new(graph);
        for convolving in both {
            for threads in [1, 2] {
                let mut cpu = Cpu::new(graph.clone(), threads, convolving).unwrap();
                let input = vec![0.5; graph.input_elements()];
                let cotangent = vec![1.0; graph.node(node).elements()];
                let mut gradient = vec![0.0; input.len()];
                let tap = Tap {
                    node,
                    straight_through: false,
                    leak: Leak::NONE,
                };
                let mut step = || {
                    cpu.forward(&input, node).unwrap();
                    assert!(matches!(
                        cpu.activation(node),
                        Ok(std::borrow::Cow::Borrowed(_))
                    ));
                    cpu.pullback(tap, &cotangent, &mut gradient).unwrap();
                };
                // Threads start, buffers grow, weights are packed.
                (0..5).for_each(|_| step());
                let count = || [&CALLS, &BYTES].map(|n| n.load(Ordering::Relaxed));
                let before = count();
                (0..20).for_each(|_| step());
                let [calls, bytes] = [0, 1].map(|i| count()[i] - before[i]);
                // What a step allocates would be counted twenty times. Now and then rayon's queue takes another block, more
                // often when other programs hold its threads up.
                assert!(
                    calls < 10 && bytes < 16_384,
                    "20 steps on {threads} threads made {calls} allocations of {bytes} bytes in all"
                );
            }
        }
    }
}
