//! The CPU executor: `f32`, one item, every buffer and packed weight made once and used again at every step.
//!
//! - [`kernels`]: matrix product, direct correlation and the like, the only places where instruction sets matter
//! - `convolution`, `pointwise`, `pooling`, `cochleagram`, `elementwise`: what each layer kind does with them
//! - [`Cpu`]: runs a graph with them

mod cochleagram;
mod convolution;
mod elementwise;
pub mod kernels;
mod operation;
mod pointwise;
mod pooling;

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
        Err(Error::Internal(format!("layer '{}' has not been computed", self.graph.node(node).name)))
    }

    fn prepare(&mut self, id: NodeId) -> Result<()> {
        let i = id.index();
        if self.operations[i].is_none() {
            let node = self.graph.node(id);
            let shapes: Vec<&[usize]> = node.inputs.iter().map(|n| &self.graph.node(*n).shape[..]).collect();
            self.operations[i] = Some(Operation::pack(&node.layer, &shapes, &node.shape)?);
            self.values[i].resize(node.elements(), 0.0);
        }
        Ok(())
    }

    fn run(&mut self, path: &[NodeId]) -> Result<()> {
        let Self { graph, operations, values, scratch, threads, .. } = self;
        let parallelism = threads.current_num_threads();
        threads.install(|| {
            for id in path {
                let mut output = std::mem::take(&mut values[id.index()]);
                let inputs: Vec<&[f32]> = graph.node(*id).inputs.iter().map(|n| &values[n.index()][..]).collect();
                if let Some(operation) = &mut operations[id.index()] {
                    operation.forward(&inputs, &mut output, scratch, parallelism);
                }
                values[id.index()] = output;
            }
        });
        Ok(())
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
            return Err(Error::shape("network input", &self.graph.node(NodeId::INPUT).shape, &[input.len()]));
        }
        let path = self.graph.path_to(until);
        for id in &path {
            self.prepare(*id)?;
        }
        self.values[0].resize(input.len(), 0.0);
        self.values[0].copy_from_slice(input);
        self.run(&path)?;
        self.computed.fill(false);
        self.computed[0] = true;
        path.iter().for_each(|id| self.computed[id.index()] = true);
        Ok(())
    }

    fn activation(&self, node: NodeId) -> Result<Cow<'_, [f32]>> {
        self.require(node)?;
        Ok(Cow::Borrowed(&self.values[node.index()]))
    }

    fn pullback(&mut self, tap: Tap, cotangent: &[f32], gradient: &mut [f32]) -> Result<()> {
        self.require(tap.node)?;
        for (what, node, length) in
            [("loss gradient", tap.node, cotangent.len()), ("input gradient", NodeId::INPUT, gradient.len())]
        {
            let node = self.graph.node(node);
            if length != node.elements() {
                return Err(Error::shape(what, &node.shape, &[length]));
            }
        }
        let Self { graph, operations, values, cotangents, scratch, threads, .. } = self;
        let parallelism = threads.current_num_threads();
        let mut filled = vec![false; graph.nodes().len()];
        fill(&mut cotangents[tap.node.index()], &mut filled[tap.node.index()], cotangent);
        threads.install(|| {
            for id in graph.path_to(tap.node).into_iter().rev() {
                let i = id.index();
                if !filled[i] {
                    continue;
                }
                let own = std::mem::take(&mut cotangents[i]);
                let node = graph.node(id);
                let mut targets: Vec<Target> = Vec::with_capacity(node.inputs.len());
                for input in &node.inputs {
                    let k = input.index();
                    let mut buffer = std::mem::take(&mut cotangents[k]);
                    buffer.resize(graph.node(*input).elements(), 0.0);
                    targets.push(Target { buffer, add: filled[k] });
                }
                let inputs: Vec<&[f32]> = node.inputs.iter().map(|n| &values[n.index()][..]).collect();
                let passes = tap.straight_through && id == tap.node && matches!(node.layer, Layer::Rectifier(_));
                if passes {
                    targets.iter_mut().for_each(|t| t.accept(|_, g| g, &own));
                } else if let Some(operation) = &mut operations[i] {
                    operation.pullback(&inputs, &values[i], &own, &mut targets, scratch, parallelism);
                }
                for (input, target) in node.inputs.iter().zip(targets) {
                    cotangents[input.index()] = target.buffer;
                    filled[input.index()] = true;
                }
                cotangents[i] = own;
            }
        });
        gradient.copy_from_slice(&cotangents[0]);
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
    /// Puts `share(i, cotangent[i])` into every element.
    fn accept(&mut self, share: impl Fn(usize, f32) -> f32 + Sync, cotangent: &[f32]) {
        let add = self.add;
        elementwise::each(&mut self.buffer, |i, old| {
            let new = share(i, cotangent[i]);
            if add { old + new } else { new }
        });
    }

    /// Adds a finished gradient.
    fn accept_whole(&mut self, gradient: &[f32]) {
        self.accept(|_, g| g, gradient);
    }
}

fn fill(buffer: &mut Vec<f32>, filled: &mut bool, values: &[f32]) {
    buffer.resize(values.len(), 0.0);
    buffer.copy_from_slice(values);
    *filled = true;
}
