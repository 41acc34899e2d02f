//! The order of work: which layers are computed together, how each value lies in memory, and which values and which
//! gradients may share a buffer. Made once for a set of layers that somebody asks for, then run at every step.

use super::convolution::Convolution;
use super::kernels::finish::{Gate, Open, Rectify};
use super::layout::Layout;
use super::operation::{Operation, Taken};
use crate::layers::{Flatten, Layer};
use crate::network::{Graph, Leak, NodeId};

/// Everything that has to be computed for the nodes that are asked for.
///
/// A value's *slot* is behind a rectifier if one was computed along with it. The gradient in its buffer is then that with
/// respect to what went *into* the rectifier: whoever writes it shuts the gate.
pub struct Plan {
    pub slots: Vec<Slot>,
    pub steps: Vec<Step>,
    /// Where each node's output is, if it is computed.
    pub seats: Vec<Option<Seat>>,
    /// Largest number of lanes of an item that each gradient buffer has to hold.
    pub buffers: Vec<usize>,
    /// The same for the values.
    pub homes: Vec<usize>,
}

/// A value that a step computes.
pub struct Slot {
    pub layout: Layout,
    /// The rectifier that was applied to it.
    pub rectified: Option<Rectified>,
    /// The buffer of its gradient.
    pub buffer: usize,
    /// Where its values are, perhaps for a time only.
    pub home: usize,
    /// Whether the values are never in memory as a whole, because the step that computes them is joined to the next.
    pub absent: bool,
    /// Whether the values stay until the next pass, because somebody asked for them or the way back reads them. All others
    /// are gone once the last step that reads them has run: what fits into a cache is not written to memory.
    pub kept: bool,
}

impl Slot {
    /// The rectifier on the way forward, which takes down where it is `open`.
    pub fn rectify<'a>(&self, open: &'a [Open]) -> Option<Rectify<'a>> {
        self.rectified.map(|r| Rectify {
            ceiling: r.ceiling,
            open,
        })
    }

    /// The rectifier on the way back, where it was `open`, which lets through a share of the gradient where it was not.
    pub fn gate<'a>(&self, open: &'a [Open], leak: Leak) -> Option<Gate<'a>> {
        self.rectified.map(|r| Gate {
            open,
            leak: leak.at(r.rank),
        })
    }
}

/// A rectifier that was applied to a slot's values.
#[derive(Clone, Copy)]
pub struct Rectified {
    /// Its upper limit; infinite for a plain ReLU.
    pub ceiling: f32,
    /// Which it is (see [`Graph::rectifier_ranks`]).
    pub rank: u32,
}

/// Where a node's output is.
#[derive(Clone, Copy)]
pub struct Seat {
    pub slot: usize,
    /// What the step that computes the slot did after this node, and so is missing from the node's own output.
    pub missing: Missing,
}

/// What a step did after a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing: the slot holds the node's output.
    Nothing,
    /// A rectifier.
    Rectifier,
    /// A sum with another branch, and perhaps a rectifier.
    Sum,
}

/// One unit of work.
pub struct Step {
    pub what: What,
    pub input: usize,
    /// The other branch of a sum.
    pub other: Option<usize>,
    pub output: usize,
    /// Computed a few rows at a time together with the step that follows, which alone reads the output: that is never in
    /// memory as a whole.
    pub joined: bool,
}

/// What a step does.
#[derive(Clone, Copy)]
pub enum What {
    /// A node's operation, with what was fused into it.
    Node(NodeId),
    ToLanes,
    ToPlanes,
}

impl Plan {
    /// A plan for all of `asked`, none of which is fused away.
    pub fn new(graph: &Graph, asked: &[NodeId]) -> Self {
        let mut needed = vec![false; graph.nodes().len()];
        for id in asked.iter().flat_map(|n| graph.path_to(*n)) {
            needed[id.index()] = true;
        }
        let mut maker = Maker {
            readers: sole_readers(graph),
            ranks: graph.rectifier_ranks(),
            graph,
            asked,
            converted: vec![],
            plan: Self {
                slots: vec![],
                steps: vec![],
                seats: vec![None; graph.nodes().len()],
                buffers: vec![],
                homes: vec![],
            },
        };
        let elements = graph.input_elements();
        let input = maker.slot(Layout::Planes(elements), None);
        maker.seat(NodeId::INPUT, input, Missing::Nothing);
        for id in graph.ids().filter(|id| needed[id.index()]) {
            if maker.plan.seats[id.index()].is_none() {
                maker.add(id);
            }
        }
        let mut plan = maker.plan;
        plan.slots[0].kept = true;
        for seat in asked.iter().filter_map(|n| plan.seats[n.index()]) {
            plan.slots[seat.slot].kept = true;
        }
        for step in &plan.steps {
            if let What::Node(id) = step.what {
                let read = Operation::reads_again(&graph.node(id).layer);
                plan.slots[step.input].kept |= read;
                plan.slots[step.output].kept |= read;
            }
        }
        plan.join(graph);
        plan.assign_homes();
        plan.assign_buffers();
        plan
    }

    /// Whether `node`'s own output is computed and stays.
    pub fn has(&self, node: NodeId) -> bool {
        self.seats[node.index()]
            .is_some_and(|s| s.missing == Missing::Nothing && self.slots[s.slot].kept)
    }

    /// The steps that lead to a slot.
    pub fn leading_to(&self, slot: usize) -> Vec<bool> {
        let mut wanted = vec![false; self.slots.len()];
        wanted[slot] = true;
        let mut leading = vec![false; self.steps.len()];
        for (i, step) in self.steps.iter().enumerate().rev() {
            if wanted[step.output] {
                leading[i] = true;
                wanted[step.input] = true;
                step.other.into_iter().for_each(|o| wanted[o] = true);
            }
        }
        leading
    }

    /// Finds the steps that are better computed together with the one that follows.
    fn join(&mut self, graph: &Graph) {
        for i in 1..self.steps.len() {
            let [first, second] = [&self.steps[i - 1], &self.steps[i]];
            let between = first.output;
            let reads = |s: &Step| s.input == between || s.other == Some(between);
            let alone = self.steps.iter().filter(|s| reads(s)).count() == 1;
            let shapes = [between, second.output].map(|slot| self.slots[slot].layout);
            let joined = match (first.what, second.what, shapes) {
                (What::Node(a), What::Node(b), [Layout::Lanes(middle), Layout::Lanes(out)]) => {
                    match (&graph.node(a).layer, &graph.node(b).layer) {
                        (Layer::Conv2d(a), Layer::Conv2d(b)) => {
                            Convolution::expands_into(a, b, middle, out)
                        }
                        _ => false,
                    }
                }
                _ => false,
            };
            let sums = first.other.is_some() || second.other.is_some();
            let joined =
                joined && alone && second.input == between && !sums && !self.slots[between].kept;
            self.steps[i - 1].joined = joined;
            self.slots[between].absent = joined;
        }
    }

    /// The step that is computed together with the one at `index`, before it.
    pub fn joined_before(&self, index: usize) -> Option<&Step> {
        let before = self.steps.get(index.checked_sub(1)?)?;
        before.joined.then_some(before)
    }

    /// Gives every slot a place for its values. One that does not stay makes room after the last step that reads it.
    fn assign_homes(&mut self) {
        let Self {
            slots,
            steps,
            homes,
            ..
        } = self;
        let mut last = vec![None; slots.len()];
        for (i, step) in steps.iter().enumerate() {
            for read in [Some(step.input), step.other].into_iter().flatten() {
                last[read] = Some(i + usize::from(step.joined));
            }
        }
        let mut free: Vec<usize> = vec![];
        slots[0].home = take_buffer(homes, &mut vec![], slots[0].layout.lanes());
        for (i, step) in steps.iter().enumerate() {
            if step.joined {
                continue;
            }
            let slot = &mut slots[step.output];
            let lanes = slot.layout.lanes();
            slot.home = if slot.kept {
                take_buffer(homes, &mut vec![], lanes)
            } else {
                take_buffer(homes, &mut free, lanes)
            };
            let before = i.checked_sub(1).map(|i| &steps[i]).filter(|s| s.joined);
            let first = before.unwrap_or(step);
            let other = first.other.filter(|o| *o != first.input);
            for read in [Some(first.input), other].into_iter().flatten() {
                if last[read] == Some(i) && !slots[read].kept {
                    free.push(slots[read].home);
                }
            }
        }
    }

    /// Gives every slot a buffer for its gradient. Going back, a buffer is free once the step that computed its slot has
    /// passed the gradient on.
    fn assign_buffers(&mut self) {
        let mut free: Vec<usize> = vec![];
        let mut has = vec![false; self.slots.len()];
        let Self {
            slots,
            steps,
            buffers,
            ..
        } = self;
        let mut take = |slot: usize, free: &mut Vec<usize>, slots: &mut [Slot]| {
            if std::mem::replace(&mut has[slot], true) {
                return;
            }
            slots[slot].buffer = take_buffer(buffers, free, slots[slot].layout.lanes());
        };
        let before = |i: usize| i.checked_sub(1).map(|i| &steps[i]);
        let mut waiting: Option<usize> = None;
        for (i, step) in steps.iter().enumerate().rev() {
            take(step.output, &mut free, slots);
            take(step.input, &mut free, slots);
            if let Some(other) = step.other {
                take(other, &mut free, slots);
            }
            // Of two joined steps, the second one's gradient is read until the first has passed it on.
            let read = waiting.take();
            let own = slots[step.output].buffer;
            if before(i).is_some_and(|s| s.joined) {
                waiting = Some(own);
            } else {
                free.push(own);
            }
            free.extend(read);
        }
        take(0, &mut free, slots);
    }
}

/// One of the free buffers, or a new one, for so many lanes: the smallest that is large enough, or else the largest, which
/// grows.
fn take_buffer(sizes: &mut Vec<usize>, free: &mut Vec<usize>, lanes: usize) -> usize {
    let best = (0..free.len()).min_by_key(|i| {
        let size = sizes[free[*i]];
        (size < lanes, size.abs_diff(lanes))
    });
    let buffer = best.map_or_else(
        || {
            sizes.push(0);
            sizes.len() - 1
        },
        |i| free.swap_remove(i),
    );
    sizes[buffer] = sizes[buffer].max(lanes);
    buffer
}

/// For every node that has exactly one reader: that reader.
fn sole_readers(graph: &Graph) -> Vec<Option<NodeId>> {
    let mut count = vec![0; graph.nodes().len()];
    let mut reader = vec![None; graph.nodes().len()];
    for id in graph.ids() {
        for input in &graph.node(id).inputs {
            count[input.index()] += 1;
            reader[input.index()] = Some(id);
        }
    }
    reader
        .iter()
        .zip(count)
        .map(|(r, n)| r.filter(|_| n == 1))
        .collect()
}

struct Maker<'a> {
    graph: &'a Graph,
    asked: &'a [NodeId],
    readers: Vec<Option<NodeId>>,
    ranks: Vec<u32>,
    /// Slots that hold another slot's values in the other layout.
    converted: Vec<(usize, usize)>,
    plan: Plan,
}

impl Maker<'_> {
    fn slot(&mut self, layout: Layout, rectified: Option<Rectified>) -> usize {
        self.plan.slots.push(Slot {
            layout,
            rectified,
            buffer: 0,
            home: 0,
            absent: false,
            kept: false,
        });
        self.plan.slots.len() - 1
    }

    fn seat(&mut self, node: NodeId, slot: usize, missing: Missing) {
        self.plan.seats[node.index()] = Some(Seat { slot, missing });
    }

    /// The slot of a node that was added before; nodes come after their inputs.
    fn slot_of(&self, node: NodeId) -> usize {
        self.plan.seats[node.index()].map_or(0, |s| s.slot)
    }

    fn layout(&self, slot: usize) -> Layout {
        self.plan.slots[slot].layout
    }

    /// A node's output in lanes or in planes.
    fn converted(&mut self, node: NodeId, lanes: bool) -> usize {
        let slot = self.slot_of(node);
        if matches!(self.layout(slot), Layout::Lanes(_)) == lanes {
            return slot;
        }
        if let Some((_, other)) = self.converted.iter().find(|(from, _)| *from == slot) {
            return *other;
        }
        let shape = &self.graph.node(node).shape;
        let (layout, what) = if lanes {
            (in_lanes(shape), What::ToLanes)
        } else {
            (Layout::Planes(shape.iter().product()), What::ToPlanes)
        };
        let output = self.slot(layout, None);
        self.plan.steps.push(Step {
            what,
            input: slot,
            other: None,
            output,
            joined: false,
        });
        self.converted.push((slot, output));
        output
    }

    /// The only reader of `node`, unless the node itself is asked for.
    fn next(&self, node: NodeId) -> Option<NodeId> {
        self.readers[node.index()].filter(|_| !self.asked.contains(&node))
    }

    /// The rectifier at a node, if it is one.
    fn rectified(&self, node: NodeId) -> Option<Rectified> {
        match &self.graph.node(node).layer {
            Layer::Rectifier(r) => Some(Rectified {
                ceiling: r.ceiling.unwrap_or(f32::INFINITY),
                rank: self.ranks[node.index()],
            }),
            _ => None,
        }
    }

    fn add(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let first = node.inputs.first().copied().unwrap_or(NodeId::INPUT);
        let any = matches!(self.layout(self.slot_of(first)), Layout::Lanes(_));
        let (reads, writes) = match &node.layer {
            Layer::Conv2d(c) if !Convolution::fits(c) => (false, false),
            Layer::Conv2d(c) => (any || !Convolution::reads_planes(c), true),
            Layer::MaxPool(_) | Layer::AveragePool(_) | Layer::HannPool(_) => (true, true),
            Layer::GlobalAverage(_) => (true, false),
            Layer::Linear(_) | Layer::Softmax(_) | Layer::Cochleagram(_) | Layer::Flatten(_) => {
                (false, false)
            }
            _ => (any, any),
        };
        // Few channels in lanes are read as planes too, rather than have two ways to pack one layer.
        let reads =
            reads && !matches!(&node.layer, Layer::Conv2d(c) if Convolution::reads_planes(c));
        let input = self.converted(first, reads);
        let reorders = matches!(node.layer, Layer::Flatten(Flatten::ChannelLast))
            && self.graph.node(first).shape.len() == 3;
        if matches!(node.layer, Layer::Flatten(_)) && !reorders {
            // The same numbers in the same order.
            self.seat(id, input, Missing::Nothing);
            return;
        }
        let other = node.inputs.get(1).map(|n| self.converted(*n, reads));
        let layout = if writes {
            in_lanes(&node.shape)
        } else {
            Layout::Planes(node.elements())
        };
        let mut made = Made {
            last: id,
            fused: vec![],
            other,
            rectified: self.rectified(id),
        };
        self.fuse(id, layout, &mut made);
        let output = self.slot(layout, made.rectified);
        self.plan.steps.push(Step {
            what: What::Node(id),
            input,
            other: made.other,
            output,
            joined: false,
        });
        self.seat(made.last, output, Missing::Nothing);
        for (node, missing) in made.fused {
            self.seat(node, output, missing);
        }
    }

    /// Computes a sum or a rectifier that follows along with `id`, where that can be done.
    fn fuse(&self, id: NodeId, layout: Layout, made: &mut Made) {
        let takes = Operation::takes(&self.graph.node(id).layer, layout);
        let Taken { sum, rectifier } = takes;
        if let (true, Some(next)) = (sum, self.next(id))
            && let (Layer::Add(_), [a, b]) = (
                &self.graph.node(next).layer,
                &self.graph.node(next).inputs[..],
            )
        {
            let branch = if *a == id { *b } else { *a };
            // The other branch has to be there already, and to lie the same way.
            let there = self.plan.seats[branch.index()].filter(|s| s.missing == Missing::Nothing);
            if let Some(seat) = there.filter(|s| branch != id && self.layout(s.slot) == layout) {
                made.other = Some(seat.slot);
                made.fused.push((id, Missing::Sum));
                made.last = next;
            }
        }
        if let (true, Some(next)) = (rectifier, self.next(made.last))
            && let Some(rectified) = self.rectified(next)
        {
            made.fused.push((made.last, Missing::Rectifier));
            made.last = next;
            made.rectified = Some(rectified);
        }
    }
}

/// What one step came to compute.
struct Made {
    last: NodeId,
    fused: Vec<(NodeId, Missing)>,
    other: Option<usize>,
    rectified: Option<Rectified>,
}

fn in_lanes(shape: &[usize]) -> Layout {
    match *shape {
        [channels, height, width] => Layout::Lanes([channels, height, width]),
        _ => Layout::Planes(shape.iter().product()),
    }
}
