//! The CPU executor: `f32`, one item, every buffer and packed weight made once and used again at every step.
//!
//! - [`kernels`]: matrix product, direct correlation and the like, the only places where instruction sets matter
//! - `convolution`, `pointwise`, `pooling`, `cochleagram`, `elementwise`: what each layer kind does with them
//! - [`Cpu`]: runs a graph with them

mod cochleagram;
mod convolution;
mod elementwise;
mod hann_pool;
pub mod kernels;
mod operation;
mod pointwise;
mod pooling;

use kernels::matmul::Mask;

use crate::layers::Layer;
use crate::network::{Executor, Graph, NodeId, Tap};
use crate::{Error, Result};
use operation::Operation;
use std::borrow::Cow;
use std::sync::Arc;

/// Runs a graph on the CPU with a fixed number of threads.
pub struct Cpu {
    graph: Arc<Graph>,
    threads: rayon::ThreadPool,
    /// Packed when first needed, so that a shallow layer costs no memory for the deep ones.
    operations: Vec<Option<Operation>>,
    values: Vec<Vec<f32>>,
    computed: Vec<bool>,
    /// For a layer whose only reader is a rectifier: that rectifier. The two are computed together, and only the
    /// rectifier's output is kept, unless the layer itself is what was asked for.
    rectifier: Vec<Option<NodeId>>,
    /// The last node that was asked for.
    until: NodeId,
    cotangents: Vec<Vec<f32>>,
    scratch: Vec<f32>,
}

impl Cpu {
    /// An executor with `threads` threads; 0 means one per core.
    ///
    /// # Errors
    /// When the operating system refuses the threads.
    pub fn new(graph: Arc<Graph>, threads: usize) -> Result<Self> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("network {i}"))
            .build()
            .map_err(|e| Error::value("threads", e.to_string()))?;
        let n = graph.nodes().len();
        Ok(Self {
            rectifier: sole_rectifiers(&graph),
            until: NodeId::INPUT,
            graph,
            threads,
            operations: (0..n).map(|_| None).collect(),
            values: vec![vec![]; n],
            computed: vec![false; n],
            cotangents: vec![vec![]; n],
            scratch: vec![],
        })
    }

    /// How many threads work on a step.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    fn require(&self, node: NodeId) -> Result<()> {
        if self.computed[node.index()] {
            return Ok(());
        }
        Err(Error::Internal(format!(
            "layer '{}' has not been computed",
            self.graph.node(node).name
        )))
    }

    fn prepare(&mut self, id: NodeId) -> Result<()> {
        let i = id.index();
        if self.operations[i].is_none() {
            let node = self.graph.node(id);
            let shapes: Vec<&[usize]> = node
                .inputs
                .iter()
                .map(|n| &self.graph.node(*n).shape[..])
                .collect();
            let operation = Operation::pack(&node.layer, &shapes, &node.shape)?;
            if !operation.takes_rectifier() {
                self.rectifier[i] = None;
            }
            self.operations[i] = Some(operation);
        }
        Ok(())
    }

    /// The rectifier that the last forward pass computed together with `id`.
    fn fused(&self, id: NodeId) -> Option<NodeId> {
        self.rectifier[id.index()].filter(|_| id != self.until)
    }

    fn run(&mut self, path: &[NodeId]) {
        self.computed.fill(false);
        self.computed[0] = true;
        for id in path {
            // Computed together with the layer before it.
            if self.computed[id.index()] {
                continue;
            }
            let kept = self.fused(*id).unwrap_or(*id);
            let ceiling = (kept != *id).then(|| ceiling(&self.graph, kept));
            let Self {
                graph,
                operations,
                values,
                scratch,
                threads,
                ..
            } = self;
            let mut output = std::mem::take(&mut values[kept.index()]);
            output.resize(graph.node(kept).elements(), 0.0);
            let inputs: Vec<&[f32]> = graph
                .node(*id)
                .inputs
                .iter()
                .map(|n| &values[n.index()][..])
                .collect();
            if let Some(operation) = &mut operations[id.index()] {
                threads.install(|| operation.forward(&inputs, &mut output, ceiling, scratch));
            }
            values[kept.index()] = output;
            self.computed[kept.index()] = true;
        }
    }
}

/// The rectifiers that are the only readers of the layer before them, at that layer's place.
fn sole_rectifiers(graph: &Graph) -> Vec<Option<NodeId>> {
    let mut readers = vec![0; graph.nodes().len()];
    graph
        .nodes()
        .iter()
        .flat_map(|n| &n.inputs)
        .for_each(|i| readers[i.index()] += 1);
    let mut rectifier = vec![None; graph.nodes().len()];
    for id in graph.ids() {
        let node = graph.node(id);
        if let (Layer::Rectifier(_), [input]) = (&node.layer, node.inputs.as_slice())
            && readers[input.index()] == 1
            && *input != NodeId::INPUT
        {
            rectifier[input.index()] = Some(id);
        }
    }
    rectifier
}

/// The upper limit of a rectifier.
fn ceiling(graph: &Graph, rectifier: NodeId) -> f32 {
    match &graph.node(rectifier).layer {
        Layer::Rectifier(r) => r.ceiling.unwrap_or(f32::INFINITY),
        _ => f32::INFINITY,
    }
}

impl Executor for Cpu {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn name(&self) -> &'static str {
        "cpu"
    }

    fn forward(&mut self, input: &[f32], until: NodeId) -> Result<()> {
        if input.len() != self.graph.input_elements() {
            return Err(Error::shape(
                "network input",
                &self.graph.node(NodeId::INPUT).shape,
                &[input.len()],
            ));
        }
        let path = self.graph.path_to(until);
        for id in &path {
            self.prepare(*id)?;
        }
        self.values[0].resize(input.len(), 0.0);
        self.values[0].copy_from_slice(input);
        self.until = until;
        self.run(&path);
        Ok(())
    }

    fn activation(&self, node: NodeId) -> Result<Cow<'_, [f32]>> {
        self.require(node)?;
        Ok(Cow::Borrowed(&self.values[node.index()]))
    }

    fn pullback(&mut self, tap: Tap, cotangent: &[f32], gradient: &mut [f32]) -> Result<()> {
        // A layer that was computed together with its rectifier has no output of its own, but a pullback needs none.
        self.require(self.fused(tap.node).unwrap_or(tap.node))?;
        for (what, node, length) in [
            ("loss gradient", tap.node, cotangent.len()),
            ("input gradient", NodeId::INPUT, gradient.len()),
        ] {
            let node = self.graph.node(node);
            if length != node.elements() {
                return Err(Error::shape(what, &node.shape, &[length]));
            }
        }
        let mut filled = vec![false; self.graph.nodes().len()];
        fill(
            &mut self.cotangents[tap.node.index()],
            &mut filled[tap.node.index()],
            cotangent,
        );
        for id in self.graph.path_to(tap.node).into_iter().rev() {
            // A rectifier that was computed together with the layer before it hands its cotangent on with a mask.
            let after = self.fused(id).filter(|r| filled[r.index()]);
            let at = after.unwrap_or(id);
            let skipped = self
                .graph
                .node(id)
                .inputs
                .iter()
                .any(|input| self.fused(*input) == Some(id));
            if !filled[at.index()] || skipped {
                continue;
            }
            let own = std::mem::take(&mut self.cotangents[at.index()]);
            let Self {
                graph,
                operations,
                values,
                cotangents,
                scratch,
                threads,
                ..
            } = self;
            let node = graph.node(id);
            let mut targets: Vec<Target> = Vec::with_capacity(node.inputs.len());
            for input in &node.inputs {
                let mut buffer = std::mem::take(&mut cotangents[input.index()]);
                buffer.resize(graph.node(*input).elements(), 0.0);
                targets.push(Target {
                    buffer,
                    add: filled[input.index()],
                });
            }
            let inputs: Vec<&[f32]> = node.inputs.iter().map(|n| &values[n.index()][..]).collect();
            let unchanged = tap.straight_through && at == tap.node;
            let mask = after.filter(|_| !unchanged).map(|rectifier| Mask {
                output: &values[rectifier.index()],
                ceiling: ceiling(graph, rectifier),
            });
            threads.install(|| {
                if unchanged && matches!(node.layer, Layer::Rectifier(_)) {
                    targets.iter_mut().for_each(|t| t.accept_whole(&own));
                } else if let Some(operation) = &mut operations[id.index()] {
                    operation.pullback(
                        &inputs,
                        &values[id.index()],
                        &own,
                        &mut targets,
                        mask,
                        scratch,
                    );
                }
            });
            for (input, target) in node.inputs.iter().zip(targets) {
                cotangents[input.index()] = target.buffer;
                filled[input.index()] = true;
            }
            cotangents[at.index()] = own;
        }
        gradient.copy_from_slice(&self.cotangents[0]);
        Ok(())
    }
}

/// Where an operation puts the gradient with respect to one of its inputs.
struct Target {
    buffer: Vec<f32>,
    /// Whether another branch has put its share there already.
    add: bool,
}

impl Target {
    /// Puts `share(other[i], cotangent[i])` into every element.
    fn accept(&mut self, other: &[f32], cotangent: &[f32], share: impl Fn(f32, f32) -> f32 + Sync) {
        if self.add {
            elementwise::update2(other, cotangent, &mut self.buffer, |old, o, g| {
                old + share(o, g)
            });
        } else {
            elementwise::map2(other, cotangent, &mut self.buffer, share);
        }
    }

    /// Puts the gradient in as it is.
    fn accept_whole(&mut self, gradient: &[f32]) {
        self.accept(gradient, gradient, |_, g| g);
    }
}

fn fill(buffer: &mut Vec<f32>, filled: &mut bool, values: &[f32]) {
    buffer.resize(values.len(), 0.0);
    buffer.copy_from_slice(values);
    *filled = true;
}
