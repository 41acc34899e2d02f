//! One step of a plan, forward or back, on the first so many items of a batch.

use super::convolution::Convolution;
use super::elementwise::shut;
use super::kernels::finish::{Finish, Gate, Open};
use super::kernels::lanes::{Isa, Lane, flat, flat_mut};
use super::kernels::workspace::Workspaces;
use super::layout::{Layout, to_lanes, to_planes};
use super::operation::{Machine, Operation};
use super::plan::{Plan, Slot, Step, What};
use super::target::Target;
use crate::network::{Leak, NodeId};
use crate::{Error, Result};

/// What the steps work on. Buffers grow when they are first used and are kept.
#[derive(Default)]
pub struct Memory {
    /// For every home of the plan, one item after another.
    pub values: Vec<Vec<Lane>>,
    /// For every slot behind a rectifier, likewise, where that is open.
    pub open: Vec<Vec<Open>>,
    /// For every gradient buffer of the plan, likewise.
    pub gradients: Vec<Vec<Lane>>,
    /// For how many items each slot's gradient has been begun: the first so many.
    pub filled: Vec<usize>,
    pub workspaces: Workspaces,
    pub stage: Vec<Lane>,
    /// For every item, the output that was asked for in planes, where it is computed in lanes.
    pub kept: Vec<Vec<f32>>,
}

/// Makes a buffer at least so long.
pub fn grow<T: Clone>(buffer: &mut Vec<T>, length: usize, fill: T) {
    if buffer.len() < length {
        buffer.resize(length, fill);
    }
}

/// One forward or backward pass over a plan.
pub struct Pass<'a> {
    pub plan: &'a Plan,
    pub operations: &'a mut [Option<Operation>],
    pub memory: &'a mut Memory,
    pub isa: Isa,
    /// What rectifiers let through of a gradient where they are shut.
    pub leak: Leak,
}

impl Pass<'_> {
    fn home(&self, slot: usize) -> usize {
        self.plan.slots[slot].home
    }

    fn lanes(&self, slot: usize) -> usize {
        self.plan.slots[slot].layout.lanes()
    }

    /// Computes a step for the first `items` items.
    pub fn forward(&mut self, step: &Step, items: usize) -> Result<()> {
        let (from, to) = (self.lanes(step.input), self.lanes(step.output));
        let (source, home) = (self.home(step.input), self.home(step.output));
        let branch = step.other.map(|o| self.home(o));
        let Memory {
            values,
            open,
            workspaces,
            stage,
            ..
        } = &mut *self.memory;
        let mut out = std::mem::take(&mut values[home]);
        let input = &values[source][..items * from];
        let own = &mut out[..items * to];
        let slot = &self.plan.slots[step.output];
        let result = match step.what {
            What::Node(id) => match &mut self.operations[id.index()] {
                Some(operation) => {
                    let finish = Finish {
                        also: branch.map(|o| &values[o][..]),
                        rectify: slot.rectify(&open[step.output]),
                        ..Finish::default()
                    };
                    let mut machine = Machine {
                        isa: self.isa,
                        items,
                        workspaces,
                        stage,
                    };
                    operation.forward(&mut machine, input, slot.layout, own, finish)
                }
                None => Ok(()),
            },
            What::ToLanes | What::ToPlanes => {
                for (input, out) in input.chunks(from).zip(own.chunks_mut(to)) {
                    match (slot.layout, self.plan.slots[step.input].layout) {
                        (Layout::Lanes(shape), _) => to_lanes(flat(input), shape, out, false),
                        (_, Layout::Lanes(shape)) => to_planes(input, shape, flat_mut(out), false),
                        _ => {}
                    }
                }
                Ok(())
            }
        };
        values[home] = out;
        result
    }

    /// Computes two joined steps for the first `items` items.
    pub fn forward_joined(&mut self, steps: [&Step; 2], items: usize) -> Result<()> {
        let [first, second] = steps;
        let (from, to) = (self.lanes(first.input), self.lanes(second.output));
        let (source, home) = (self.home(first.input), self.home(second.output));
        let Memory {
            values,
            open,
            workspaces,
            stage,
            ..
        } = &mut *self.memory;
        let mut out = std::mem::take(&mut values[home]);
        let finish = |step: &Step| Finish {
            rectify: self.plan.slots[step.output].rectify(&open[step.output]),
            ..Finish::default()
        };
        let mut machine = Machine {
            isa: self.isa,
            items,
            workspaces,
            stage,
        };
        let result = convolutions(self.operations, steps).and_then(|[a, b]| {
            let (x, own) = (&values[source][..items * from], &mut out[..items * to]);
            a.forward_with(b, &mut machine, x, finish(first), own, finish(second))
        });
        values[home] = out;
        result
    }

    /// Puts an item's output at a node in planes, where it is not.
    pub fn keep(&mut self, node: NodeId, position: usize) {
        let slot = self.plan.seats[node.index()].map_or(0, |s| s.slot);
        if let Layout::Lanes(shape) = self.plan.slots[slot].layout {
            let (lanes, home) = (self.lanes(slot), self.home(slot));
            let Memory { values, kept, .. } = &mut *self.memory;
            kept[position].resize(shape.iter().product(), 0.0);
            let values = &values[home][position * lanes..][..lanes];
            to_planes(values, shape, &mut kept[position], false);
        }
    }

    /// Begins an item's way back with the gradient at its tap. Items before it that are not there yet have none.
    pub fn begin(&mut self, slot: usize, position: usize, shut_gate: bool, cotangent: &[f32]) {
        let lanes = self.lanes(slot);
        let Memory {
            open,
            gradients,
            filled,
            ..
        } = &mut *self.memory;
        let gradient = &mut gradients[self.plan.slots[slot].buffer];
        grow(gradient, (position + 1) * lanes, Lane::ZERO);
        let own = position * lanes..(position + 1) * lanes;
        if filled[slot] < position {
            gradient[filled[slot] * lanes..own.start].fill(Lane::ZERO);
        }
        filled[slot] = filled[slot].max(position + 1);
        let gradient = &mut gradient[own.clone()];
        match self.plan.slots[slot].layout {
            Layout::Lanes(shape) => to_lanes(cotangent, shape, gradient, false),
            Layout::Planes(n) => flat_mut(gradient)[..n].copy_from_slice(cotangent),
        }
        let gate = self.plan.slots[slot].gate(&open[slot], self.leak);
        if let Some(Gate { open, leak }) = gate.filter(|_| shut_gate) {
            let open = &open[own];
            shut(self.isa, Gate { open, leak }, gradient);
        }
    }

    /// Hands the gradient of two joined steps on to what the first was computed from.
    pub fn pullback_joined(&mut self, steps: [&Step; 2]) -> Result<()> {
        let [first, second] = steps;
        let Memory {
            open,
            gradients,
            filled,
            workspaces,
            stage,
            ..
        } = &mut *self.memory;
        let slots = &self.plan.slots;
        let items = filled[second.output];
        if items == 0 {
            return Ok(());
        }
        let own = std::mem::take(&mut gradients[slots[second.output].buffer]);
        let g = &own[..items * slots[second.output].layout.lanes()];
        let between = Finish {
            gate: slots[first.output].gate(&open[first.output], self.leak),
            ..Finish::default()
        };
        let mut machine = Machine {
            isa: self.isa,
            items,
            workspaces,
            stage,
        };
        let both = convolutions(self.operations, steps);
        let mut shares = Shares {
            slots,
            gradients,
            filled,
            open,
            items,
            leak: self.leak,
        };
        let result = both.and_then(|[a, b]| {
            shares.put(first.input, |target| {
                a.pullback_with(b, &mut machine, g, between, target)
            })
        });
        gradients[slots[second.output].buffer] = own;
        result
    }

    /// Hands a step's gradient on to what it was computed from; to the other branch of a sum only if told so.
    pub fn pullback(&mut self, step: &Step, with_other: bool) -> Result<()> {
        let Self {
            plan,
            operations,
            memory,
            isa,
            leak,
        } = self;
        let Memory {
            values,
            open,
            gradients,
            filled,
            workspaces,
            stage,
            ..
        } = &mut **memory;
        let items = filled[step.output];
        if items == 0 {
            return Ok(());
        }
        let (from, to) = (&plan.slots[step.output], &plan.slots[step.input]);
        let own = std::mem::take(&mut gradients[from.buffer]);
        let g = &own[..items * from.layout.lanes()];
        let mut shares = Shares {
            slots: &plan.slots,
            gradients,
            filled,
            open,
            items,
            leak: *leak,
        };
        if let Some(other) = step.other.filter(|_| with_other) {
            shares.put(other, |target| {
                target.accept(*isa, g);
                Ok(())
            })?;
        }
        shares.put(step.input, |target| {
            match (step.what, from.layout, to.layout) {
                (What::Node(id), layout, _) => {
                    if let Some(operation) = &mut operations[id.index()] {
                        let mut machine = Machine {
                            isa: *isa,
                            items,
                            workspaces,
                            stage,
                        };
                        let there = |slot: &Slot| match slot.absent {
                            true => &[][..],
                            false => &values[slot.home][..items * slot.layout.lanes()],
                        };
                        let (x, y) = (there(to), there(from));
                        operation.pullback(&mut machine, x, y, layout, g, target)?;
                    }
                }
                (_, Layout::Lanes(shape), _) => target.planes(*isa, |dx, add| {
                    let stride = dx.len() / items;
                    for (g, dx) in g.chunks(from.layout.lanes()).zip(dx.chunks_mut(stride)) {
                        to_planes(g, shape, dx, add);
                    }
                }),
                (_, _, Layout::Lanes(shape)) => {
                    target.lanes(*isa, |dx, add| {
                        let each = g.chunks(from.layout.lanes());
                        for (g, dx) in each.zip(dx.chunks_mut(to.layout.lanes())) {
                            to_lanes(flat(g), shape, dx, add);
                        }
                    });
                }
                _ => {}
            }
            Ok(())
        })?;
        gradients[from.buffer] = own;
        Ok(())
    }
}

/// What each slot's gradient is put together from.
struct Shares<'a> {
    slots: &'a [Slot],
    gradients: &'a mut [Vec<Lane>],
    filled: &'a mut [usize],
    open: &'a [Vec<Open>],
    items: usize,
    leak: Leak,
}

impl Shares<'_> {
    /// Lets `work` put the items' shares into a slot's gradient.
    fn put(&mut self, slot: usize, work: impl FnOnce(&mut Target<'_>) -> Result<()>) -> Result<()> {
        let (to, items) = (&self.slots[slot], self.items);
        let lanes = to.layout.lanes();
        let mut buffer = std::mem::take(&mut self.gradients[to.buffer]);
        grow(&mut buffer, items * lanes, Lane::ZERO);
        let before = self.filled[slot];
        if (1..items).contains(&before) {
            // Some items have a share there already: the others' shares are added to zeros.
            buffer[before * lanes..items * lanes].fill(Lane::ZERO);
        }
        self.filled[slot] = before.max(items);
        let result = work(&mut Target {
            buffer: &mut buffer[..items * lanes],
            add: before > 0,
            gate: to.gate(&self.open[slot], self.leak),
        });
        self.gradients[to.buffer] = buffer;
        result
    }
}

/// The operations of two joined steps.
pub fn convolutions<'a>(
    operations: &'a [Option<Operation>],
    steps: [&Step; 2],
) -> Result<[&'a Convolution; 2]> {
    let one = |step: &Step| match step.what {
        What::Node(id) => match &operations[id.index()] {
            Some(Operation::Convolution(convolution)) => Some(&**convolution),
            _ => None,
        },
        _ => None,
    };
    match (one(steps[0]), one(steps[1])) {
        (Some(a), Some(b)) => Ok([a, b]),
        _ => Err(Error::Internal(
            "steps were joined that are not both convolutions".into(),
        )),
    }
}
