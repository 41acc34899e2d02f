//! The CPU executor: `f32`, every buffer and packed weight made once and used again at every step.
//!
//! - [`kernels`]: convolutions in lanes of sixteen channels and the like, the only places where instruction sets matter
//! - `convolution`, `grouped`, `pooling`, `cochleagram`, `elementwise`: what each layer kind does with them
//! - `layout`: how values lie in memory; `target`: where gradients go; `plan`: what is computed together, and in what order
//! - `pass`: one step of the plan forward or back; [`Cpu`]: runs a graph according to plan
//!
//! Several items can be run as one batch, each to a layer of its own. The items that go deepest stand first in every
//! buffer, so that a step always works on the first so many. An item's results do not depend on its company.

mod cochleagram;
mod convolution;
mod elementwise;
mod grouped;
mod hann_pool;
pub mod kernels;
mod layout;
mod operation;
mod pass;
mod plan;
mod pooling;
mod target;
pub mod wide;

use crate::network::executor::{MOST_ITEMS, check_batch, common_leak};
use crate::network::{Executor, Graph, Leak, NodeId, Tap};
use crate::{Error, Result};
use kernels::finish::Open;
use kernels::lanes::{Isa, Lane, flat, flat_mut};
use kernels::workspace::Workspaces;
use layout::{Layout, to_planes};
use operation::{Needs, Operation};
use pass::{Memory, Pass, grow};
use plan::{Missing, Plan, Seat, What};
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
    threads: Arc<rayon::ThreadPool>,
    isa: Isa,
    convolving: Convolving,
    /// Packed when first needed, so that a shallow layer costs no memory for the deep ones.
    operations: Vec<Option<Operation>>,
    needs: Needs,
    /// Every node that was ever asked for.
    asked: Vec<NodeId>,
    plan: Plan,
    batch: Batch,
    /// Whether the last forward pass came to its end.
    computed: bool,
    memory: Memory,
}

/// The items of the last forward pass.
#[derive(Default)]
struct Batch {
    /// The node that each item asked for, in the caller's order.
    untils: Vec<NodeId>,
    /// Each item's place in the buffers, the deepest first.
    positions: Vec<usize>,
    /// For every step, how many items it works on: the first so many.
    counts: Vec<usize>,
}

impl Batch {
    fn new(plan: &Plan, untils: &[NodeId]) -> Self {
        let slot = |node: &NodeId| plan.seats[node.index()].map_or(0, |s| s.slot);
        let mut order: Vec<usize> = (0..untils.len()).collect();
        order.sort_by_key(|item| std::cmp::Reverse(slot(&untils[*item])));
        let mut positions = vec![0; untils.len()];
        let mut counts = vec![0; plan.steps.len()];
        for (position, item) in order.into_iter().enumerate() {
            positions[item] = position;
            for (count, leads) in counts.iter_mut().zip(plan.leading_to(slot(&untils[item]))) {
                if leads {
                    *count = position + 1;
                }
            }
        }
        Self {
            untils: untils.to_vec(),
            positions,
            counts,
        }
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
            threads: Arc::new(threads),
            isa: Isa::best(),
            convolving,
            needs: Needs::default(),
            asked: vec![],
            batch: Batch::default(),
            computed: false,
            memory: Memory::default(),
        })
    }

    /// The seat of a node that the last forward pass computed for an item, perhaps together with what follows it, and
    /// the item's place.
    fn seat(&self, item: usize, node: NodeId) -> Result<(Seat, usize)> {
        let position = self.batch.positions.get(item).filter(|_| self.computed);
        let found = position.and_then(|position| {
            let seat = self.plan.seats[node.index()]?;
            let mut steps = self.plan.steps.iter().zip(&self.batch.counts);
            let there = seat.slot == 0 || steps.any(|(s, n)| s.output == seat.slot && n > position);
            there.then_some((seat, *position))
        });
        found.ok_or_else(|| {
            let name = &self.graph.node(node).name;
            Error::Internal(format!("layer '{name}' has not been computed"))
        })
    }

    /// Makes a plan in which all of `untils` have outputs of their own, unless the present one is so.
    fn plan_for(&mut self, untils: &[NodeId]) {
        if self.batch.untils == untils {
            return;
        }
        self.keep(untils);
        self.batch = Batch::new(&self.plan, untils);
        let slots = self.plan.slots.len();
        self.memory
            .values
            .resize_with(self.plan.homes.len(), Vec::new);
        self.memory.open.resize_with(slots, Vec::new);
        self.memory
            .gradients
            .resize_with(self.plan.buffers.len(), Vec::new);
        self.memory.filled.resize(slots, 0);
        self.memory.kept.resize_with(untils.len(), Vec::new);
    }

    /// Packs what the coming pass needs and makes room for it.
    fn prepare(&mut self, back: bool) -> Result<()> {
        let Self {
            plan,
            batch,
            operations,
            graph,
            convolving,
            memory,
            threads,
            needs,
            ..
        } = self;
        let items = batch.untils.len();
        grow(
            &mut memory.values[plan.slots[0].home],
            items * plan.slots[0].layout.lanes(),
            Lane::ZERO,
        );
        for (index, (step, count)) in plan
            .steps
            .iter()
            .zip(&batch.counts)
            .enumerate()
            .filter(|(_, (_, c))| **c > 0)
        {
            let lanes = plan.slots[step.output].layout.lanes();
            let home = plan.slots[step.output].home;
            if !step.joined {
                grow(&mut memory.values[home], count * lanes, Lane::ZERO);
            }
            let open = &mut memory.open[step.output];
            if plan.slots[step.output].rectified.is_some() && open.len() < count * lanes {
                open.resize_with(count * lanes, Open::default);
            }
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
                operation.pack_pullback(threads)?;
            }
            let mut more = operation.needs(*count);
            if let Some(before) = plan.joined_before(index) {
                let [a, b] = pass::convolutions(operations, [before, step])?;
                more.thread = more.thread.max(a.needs_with(b).thread);
            }
            if more.thread > needs.thread || memory.workspaces.is_empty() {
                needs.thread = needs.thread.max(more.thread);
                memory.workspaces = Workspaces::new(threads.current_num_threads(), needs.thread);
            }
            grow(&mut memory.stage, more.stage, Lane::ZERO);
        }
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

    fn threads(&self) -> Option<Arc<rayon::ThreadPool>> {
        Some(self.threads.clone())
    }

    fn most_items(&self) -> usize {
        MOST_ITEMS
    }

    fn keep(&mut self, nodes: &[NodeId]) {
        if let Some(missing) = nodes.iter().position(|n| !self.plan.has(*n)) {
            self.asked.extend(&nodes[missing..]);
            self.plan = Plan::new(&self.graph, &self.asked);
            self.memory.values.clear();
            self.memory.open.clear();
            self.batch = Batch::default();
            self.computed = false;
        }
    }

    fn forward_batch(&mut self, inputs: &[&[f32]], untils: &[NodeId]) -> Result<()> {
        self.computed = false;
        check_batch(inputs.len(), untils.len(), self.most_items())?;
        let elements = self.graph.input_elements();
        if let Some(wrong) = inputs.iter().find(|x| x.len() != elements) {
            let shape = &self.graph.node(NodeId::INPUT).shape;
            return Err(Error::shape("network input", shape, &[wrong.len()]));
        }
        self.plan_for(untils);
        self.prepare(false)?;
        let Self {
            threads,
            plan,
            operations,
            memory,
            isa,
            batch,
            ..
        } = self;
        let stride = plan.slots[0].layout.lanes();
        for (x, position) in inputs.iter().zip(&batch.positions) {
            let lanes = &mut memory.values[plan.slots[0].home][position * stride..][..stride];
            flat_mut(lanes)[..elements].copy_from_slice(x);
        }
        let mut pass = Pass {
            plan,
            operations,
            memory,
            isa: *isa,
            leak: Leak::NONE,
        };
        threads.install(|| {
            for (index, (step, count)) in plan
                .steps
                .iter()
                .zip(&batch.counts)
                .enumerate()
                .filter(|(_, (step, c))| **c > 0 && !step.joined)
            {
                match plan.joined_before(index) {
                    Some(before) => pass.forward_joined([before, step], *count)?,
                    None => pass.forward(step, *count)?,
                }
            }
            let items = batch.untils.iter().zip(&batch.positions);
            items.for_each(|(node, position)| pass.keep(*node, *position));
            Ok::<(), Error>(())
        })?;
        self.computed = true;
        Ok(())
    }

    fn activation_of(&self, item: usize, node: NodeId) -> Result<Cow<'_, [f32]>> {
        let (seat, position) = self.seat(item, node)?;
        if seat.missing != Missing::Nothing {
            let name = &self.graph.node(node).name;
            return Err(Error::Internal(format!(
                "layer '{name}' has been computed only together with what follows it"
            )));
        }
        let slot = &self.plan.slots[seat.slot];
        if !slot.kept {
            let name = &self.graph.node(node).name;
            return Err(Error::Internal(format!(
                "layer '{name}' has been computed, but nobody asked to keep it"
            )));
        }
        let layout = slot.layout;
        let values = &self.memory.values[slot.home][position * layout.lanes()..][..layout.lanes()];
        Ok(match layout {
            Layout::Planes(n) => Cow::Borrowed(&flat(values)[..n]),
            Layout::Lanes(_) if self.batch.untils[item] == node => {
                Cow::Borrowed(&self.memory.kept[position])
            }
            Layout::Lanes(shape) => {
                let mut planes = vec![0.0; shape.iter().product()];
                self.threads
                    .install(|| to_planes(values, shape, &mut planes, false));
                Cow::Owned(planes)
            }
        })
    }

    fn pullback_batch(
        &mut self,
        taps: &[Tap],
        cotangents: &[&[f32]],
        gradients: &mut [&mut [f32]],
    ) -> Result<()> {
        let items = self.batch.untils.len();
        for (what, found) in [
            ("taps of a batch", taps.len()),
            ("loss gradients of a batch", cotangents.len()),
            ("input gradients of a batch", gradients.len()),
        ] {
            if found != items {
                return Err(Error::shape(what, &[items], &[found]));
            }
        }
        for (item, tap) in taps.iter().enumerate() {
            // A layer that was computed together with what follows has no output of its own, but a pullback needs none.
            let (seat, _) = self.seat(item, tap.node)?;
            if items > 1 && seat.missing == Missing::Sum {
                let name = &self.graph.node(tap.node).name;
                return Err(Error::Internal(format!(
                    "in a batch, layer '{name}' has to be what was asked for, since a sum follows it"
                )));
            }
            for (what, node, length) in [
                ("loss gradient", tap.node, cotangents[item].len()),
                ("input gradient", NodeId::INPUT, gradients[item].len()),
            ] {
                let node = self.graph.node(node);
                if length != node.elements() {
                    return Err(Error::shape(what, &node.shape, &[length]));
                }
            }
        }
        let leak = common_leak(taps)?;
        self.prepare(true)?;
        let Self {
            threads,
            plan,
            operations,
            memory,
            isa,
            batch,
            ..
        } = self;
        memory.filled.fill(0);
        let mut pass = Pass {
            plan,
            operations,
            memory,
            isa: *isa,
            leak,
        };
        let begins = |slot: usize| {
            let seat = |tap: &Tap| plan.seats[tap.node.index()];
            taps.iter().filter_map(seat).any(|s| s.slot == slot)
        };
        let begin = |pass: &mut Pass<'_>, slot: usize| {
            let mut whole = true;
            for ((tap, cotangent), position) in taps.iter().zip(cotangents).zip(&batch.positions) {
                let seat = plan.seats[tap.node.index()].filter(|s| s.slot == slot);
                if let Some(seat) = seat {
                    let shut = seat.missing == Missing::Nothing && !tap.straight_through;
                    pass.begin(slot, *position, shut, cotangent);
                    whole &= seat.missing != Missing::Sum;
                }
            }
            whole
        };
        threads.install(|| {
            for (index, (step, _)) in plan
                .steps
                .iter()
                .zip(&batch.counts)
                .enumerate()
                .rev()
                .filter(|(_, (_, c))| **c > 0)
            {
                let whole = begin(&mut pass, step.output);
                // Where a gradient begins between the two, both go back by themselves.
                match plan.joined_before(index).filter(|b| !begins(b.output)) {
                    Some(before) => pass.pullback_joined([before, step])?,
                    None => pass.pullback(step, whole)?,
                }
            }
            begin(&mut pass, 0);
            Ok::<(), Error>(())
        })?;
        let slot = &self.plan.slots[0];
        let lanes = slot.layout.lanes();
        for (gradient, position) in gradients.iter_mut().zip(&self.batch.positions) {
            let from = &self.memory.gradients[slot.buffer][position * lanes..][..lanes];
            gradient.copy_from_slice(&flat(from)[..gradient.len()]);
        }
        Ok(())
    }
}
