//! The CPU executor: `f32`, every buffer and packed weight made once and used again at every step.
//!
//! - [`kernels`]: convolutions in lanes of sixteen channels and the like, the only places where instruction sets matter
//! - `convolution`, `grouped`, `pooling`, `cochleagram`, `elementwise`: what each layer kind does with them
//! - `layout`: how values lie in memory; `plan`: what is computed together, and in what order
//! - [`Cpu`]: runs a graph according to plan

mod cochleagram;
mod convolution;
mod elementwise;
mod grouped;
pub mod kernels;
mod layout;
mod operation;
mod plan;
mod pooling;

use crate::network::{Executor, Graph, NodeId, Tap};
use crate::{Error, Result};
use elementwise::shut;
use kernels::finish::{Finish, Gate};
use kernels::lanes::{Isa, Lane, flat, flat_mut};
use kernels::workspace::Workspaces;
use layout::{Layout, to_lanes, to_planes};
use operation::{Machine, Needs, Operation, Target};
use plan::{Missing, Plan, Seat, Step, What};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// How convolutions are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convolving {
    /// Every product of the definition.
    #[default]
    Exact,
    /// Winograd's algorithm where it saves work; rounding errors are then about four times as large.
    Fast,
}

/// Runs a graph on the CPU with a fixed number of threads.
pub struct Cpu {
    graph: Arc<Graph>,
    threads: rayon::ThreadPool,
    isa: Isa,
    convolving: Convolving,
    /// Packed when first needed, so that a shallow layer costs no memory for the deep ones.
    operations: Vec<Option<Operation>>,
    needs: Needs,
    /// Every node that was ever asked for.
    asked: Vec<NodeId>,
    plan: Plan,
    /// The steps of the last forward pass, and whether each slot was computed by it.
    leading: Vec<bool>,
    computed: Vec<bool>,
    /// The slot that it was made for.
    until: Option<usize>,
    memory: Memory,
}

/// What the steps work on. Buffers grow when they are first used and are kept.
#[derive(Default)]
struct Memory {
    values: Vec<Vec<Lane>>,
    gradients: Vec<Vec<Lane>>,
    /// Whether each slot's gradient has been begun.
    filled: Vec<bool>,
    workspaces: Workspaces,
    stage: Vec<Lane>,
    /// The output that was asked for, in planes, where it is computed in lanes.
    asked: Vec<f32>,
}

/// Makes a buffer at least so long.
fn grow<T: Clone>(buffer: &mut Vec<T>, length: usize, fill: T) {
    if buffer.len() < length {
        buffer.resize(length, fill);
    }
}

impl Cpu {
    /// An executor with `threads` threads; 0 means one per core.
    ///
    /// # Errors
    /// When the operating system refuses the threads.
    pub fn new(graph: Arc<Graph>, threads: usize, convolving: Convolving) -> Result<Self> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("network {i}"))
            .build()
            .map_err(|e| Error::value("threads", e.to_string()))?;
        Ok(Self {
            operations: graph.nodes().iter().map(|_| None).collect(),
            plan: Plan::new(&graph, &[]),
            graph,
            threads,
            isa: Isa::best(),
            convolving,
            needs: Needs::default(),
            asked: vec![],
            leading: vec![],
            computed: vec![],
            until: None,
            memory: Memory::default(),
        })
    }

    /// How many threads work on a step.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// The seat of a node that the last forward pass computed, perhaps together with what follows it.
    fn seat(&self, node: NodeId) -> Result<Seat> {
        self.plan.seats[node.index()]
            .filter(|s| self.computed.get(s.slot) == Some(&true))
            .ok_or_else(|| {
                let name = &self.graph.node(node).name;
                Error::Internal(format!("layer '{name}' has not been computed"))
            })
    }

    /// Makes a plan in which `until` has an output of its own, unless the present one is so.
    fn plan_for(&mut self, until: NodeId) {
        if !self.plan.has(until) {
            self.asked.push(until);
            self.plan = Plan::new(&self.graph, &self.asked);
            self.memory.values.clear();
            self.until = None;
        }
        let slots = self.plan.slots.len();
        self.memory.values.resize_with(slots, Vec::new);
        self.memory
            .gradients
            .resize_with(self.plan.buffers.len(), Vec::new);
        self.memory.filled.resize(slots, false);
        let slot = self.plan.seats[until.index()].map_or(0, |s| s.slot);
        if self.until != Some(slot) || self.leading.len() != self.plan.steps.len() {
            self.leading = self.plan.leading_to(slot);
        }
    }

    /// Packs what the coming pass needs and makes room for it.
    fn prepare(&mut self, back: bool) -> Result<()> {
        let Self {
            plan,
            leading,
            operations,
            graph,
            convolving,
            memory,
            threads,
            needs,
            ..
        } = self;
        for (step, _) in plan.steps.iter().zip(leading).filter(|(_, l)| **l) {
            let lanes = plan.slots[step.output].layout.lanes();
            grow(&mut memory.values[step.output], lanes, Lane::ZERO);
            let What::Node(id) = step.what else { continue };
            let node = graph.node(id);
            let operation = match &mut operations[id.index()] {
                Some(operation) => operation,
                none => {
                    let first = node.inputs.first().copied().unwrap_or(NodeId::INPUT);
                    let input = &graph.node(first).shape;
                    let winograd = *convolving == Convolving::Fast;
                    let pack = || Operation::pack(&node.layer, input, &node.shape, winograd);
                    none.insert(threads.install(pack)?)
                }
            };
            if back {
                threads.install(|| operation.pack_pullback())?;
            }
            let more = operation.needs(1);
            if more.thread > needs.thread || memory.workspaces.is_empty() {
                needs.thread = needs.thread.max(more.thread);
                memory.workspaces = Workspaces::new(threads.current_num_threads(), needs.thread);
            }
            grow(&mut memory.stage, more.stage, Lane::ZERO);
        }
        Ok(())
    }
}

/// One forward or backward pass over a plan.
struct Pass<'a> {
    plan: &'a Plan,
    operations: &'a mut [Option<Operation>],
    memory: &'a mut Memory,
    isa: Isa,
}

impl Pass<'_> {
    fn forward(&mut self, step: &Step) -> Result<()> {
        let Memory {
            values,
            workspaces,
            stage,
            ..
        } = &mut *self.memory;
        let mut out = std::mem::take(&mut values[step.output]);
        let input = &values[step.input][..];
        let slot = &self.plan.slots[step.output];
        let result = match step.what {
            What::Node(id) => match &mut self.operations[id.index()] {
                Some(operation) => {
                    let finish = Finish {
                        also: step.other.map(|o| &values[o][..]),
                        ceiling: slot.rectified,
                        ..Finish::default()
                    };
                    let mut machine = Machine {
                        isa: self.isa,
                        items: 1,
                        workspaces,
                        stage,
                    };
                    operation.forward(&mut machine, input, slot.layout, &mut out, finish)
                }
                None => Ok(()),
            },
            What::ToLanes => {
                if let Layout::Lanes(shape) = slot.layout {
                    to_lanes(flat(input), shape, &mut out, false);
                }
                Ok(())
            }
            What::ToPlanes => {
                if let Layout::Lanes(shape) = self.plan.slots[step.input].layout {
                    to_planes(input, shape, flat_mut(&mut out), false);
                }
                Ok(())
            }
        };
        values[step.output] = out;
        result
    }

    fn gate<'v>(plan: &Plan, values: &'v [Vec<Lane>], slot: usize) -> Option<Gate<'v>> {
        let ceiling = plan.slots[slot].rectified?;
        Some(Gate {
            output: &values[slot],
            ceiling,
        })
    }

    /// Begins with a tap's gradient.
    fn begin(&mut self, slot: usize, shut_gate: bool, cotangent: &[f32]) {
        let Memory {
            values,
            gradients,
            filled,
            ..
        } = &mut *self.memory;
        let Layouted { layout, buffer } = Layouted::of(self.plan, slot);
        let gradient = &mut gradients[buffer];
        grow(gradient, layout.lanes(), Lane::ZERO);
        let gradient = &mut gradient[..layout.lanes()];
        match layout {
            Layout::Lanes(shape) => to_lanes(cotangent, shape, gradient, false),
            Layout::Planes(n) => flat_mut(gradient)[..n].copy_from_slice(cotangent),
        }
        if let Some(gate) = Self::gate(self.plan, values, slot).filter(|_| shut_gate) {
            shut(self.isa, gate, gradient);
        }
        filled[slot] = true;
    }

    fn pullback(&mut self, step: &Step, with_other: bool) -> Result<()> {
        let Self {
            plan,
            operations,
            memory,
            isa,
        } = self;
        let Memory {
            values,
            gradients,
            filled,
            workspaces,
            stage,
            ..
        } = &mut **memory;
        let from = Layouted::of(plan, step.output);
        let own = std::mem::take(&mut gradients[from.buffer]);
        let g = &own[..from.layout.lanes()];
        let mut put = |slot: usize, work: &mut dyn FnMut(&mut Target<'_>) -> Result<()>| {
            let to = Layouted::of(plan, slot);
            let mut buffer = std::mem::take(&mut gradients[to.buffer]);
            grow(&mut buffer, to.layout.lanes(), Lane::ZERO);
            let result = work(&mut Target {
                buffer: &mut buffer[..to.layout.lanes()],
                add: std::mem::replace(&mut filled[slot], true),
                gate: Self::gate(plan, values, slot),
            });
            gradients[to.buffer] = buffer;
            result
        };
        if let Some(other) = step.other.filter(|_| with_other) {
            put(other, &mut |target| {
                target.accept(*isa, g);
                Ok(())
            })?;
        }
        put(step.input, &mut |target| {
            match step.what {
                What::Node(id) => {
                    if let Some(operation) = &mut operations[id.index()] {
                        let mut machine = Machine {
                            isa: *isa,
                            items: 1,
                            workspaces,
                            stage,
                        };
                        let (x, y) = (&values[step.input], &values[step.output]);
                        operation.pullback(&mut machine, x, y, from.layout, g, target)?;
                    }
                }
                What::ToLanes => {
                    if let Layout::Lanes(shape) = from.layout {
                        target.planes(*isa, |dx, add| to_planes(g, shape, dx, add));
                    }
                }
                What::ToPlanes => {
                    if let Layout::Lanes(shape) = Layouted::of(plan, step.input).layout {
                        to_lanes(flat(g), shape, target.buffer, target.add);
                        if let Some(gate) = target.gate {
                            shut(*isa, gate, target.buffer);
                        }
                    }
                }
            }
            Ok(())
        })?;
        gradients[from.buffer] = own;
        Ok(())
    }
}

/// A slot's layout and gradient buffer.
struct Layouted {
    layout: Layout,
    buffer: usize,
}

impl Layouted {
    fn of(plan: &Plan, slot: usize) -> Self {
        let slot = &plan.slots[slot];
        Self {
            layout: slot.layout,
            buffer: slot.buffer,
        }
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
        self.plan_for(until);
        self.prepare(false)?;
        let Self {
            threads,
            plan,
            operations,
            memory,
            isa,
            leading,
            computed,
            ..
        } = self;
        let slot = plan.seats[until.index()].map_or(0, |s| s.slot);
        self.until = Some(slot);
        computed.clear();
        computed.resize(plan.slots.len(), false);
        computed[0] = true;
        grow(
            &mut memory.values[0],
            plan.slots[0].layout.lanes(),
            Lane::ZERO,
        );
        flat_mut(&mut memory.values[0])[..input.len()].copy_from_slice(input);
        let mut pass = Pass {
            plan,
            operations,
            memory,
            isa: *isa,
        };
        threads.install(|| {
            for (step, _) in plan.steps.iter().zip(leading).filter(|(_, l)| **l) {
                pass.forward(step)?;
                computed[step.output] = true;
            }
            if let Layout::Lanes(shape) = plan.slots[slot].layout {
                let Memory { values, asked, .. } = &mut *pass.memory;
                let elements = shape.iter().product();
                asked.resize(elements, 0.0);
                to_planes(&values[slot], shape, asked, false);
            }
            Ok(())
        })
    }

    fn activation(&self, node: NodeId) -> Result<Cow<'_, [f32]>> {
        let seat = self.seat(node)?;
        if seat.missing != Missing::Nothing {
            let name = &self.graph.node(node).name;
            return Err(Error::Internal(format!(
                "layer '{name}' has been computed only together with what follows it"
            )));
        }
        let values = &self.memory.values[seat.slot];
        Ok(match self.plan.slots[seat.slot].layout {
            Layout::Planes(n) => Cow::Borrowed(&flat(values)[..n]),
            Layout::Lanes(_) if self.until == Some(seat.slot) => Cow::Borrowed(&self.memory.asked),
            Layout::Lanes(shape) => {
                let mut planes = vec![0.0; shape.iter().product()];
                self.threads
                    .install(|| to_planes(values, shape, &mut planes, false));
                Cow::Owned(planes)
            }
        })
    }

    fn pullback(&mut self, tap: Tap, cotangent: &[f32], gradient: &mut [f32]) -> Result<()> {
        // A layer that was computed together with what follows has no output of its own, but a pullback needs none.
        let seat = self.seat(tap.node)?;
        for (what, node, length) in [
            ("loss gradient", tap.node, cotangent.len()),
            ("input gradient", NodeId::INPUT, gradient.len()),
        ] {
            let node = self.graph.node(node);
            if length != node.elements() {
                return Err(Error::shape(what, &node.shape, &[length]));
            }
        }
        self.prepare(true)?;
        let Self {
            threads,
            plan,
            operations,
            memory,
            isa,
            leading,
            ..
        } = self;
        memory.filled.fill(false);
        let mut pass = Pass {
            plan,
            operations,
            memory,
            isa: *isa,
        };
        threads.install(|| {
            let shut = seat.missing == Missing::Nothing && !tap.straight_through;
            pass.begin(seat.slot, shut, cotangent);
            for (step, _) in plan.steps.iter().zip(leading).rev().filter(|(_, l)| **l) {
                if pass.memory.filled[step.output] {
                    let whole = step.output != seat.slot || seat.missing != Missing::Sum;
                    pass.pullback(step, whole)?;
                }
            }
            Ok::<(), Error>(())
        })?;
        let buffer = &self.memory.gradients[self.plan.slots[0].buffer];
        gradient.copy_from_slice(&flat(buffer)[..gradient.len()]);
        Ok(())
    }
}
