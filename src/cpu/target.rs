//! Where gradients go.

use super::elementwise::{self, shut, update2};
use super::kernels::finish::{Finish, Gate};
use super::kernels::lanes::{Isa, Lane, flat, flat_mut};

/// Where an operation puts the gradient with respect to one of its inputs.
pub struct Target<'a> {
    pub buffer: &'a mut [Lane],
    /// Whether another branch has put its share there already.
    pub add: bool,
    /// The rectifier that the input came out of: the buffer holds the gradient with respect to what went into it.
    pub gate: Option<Gate<'a>>,
}

impl<'a> Target<'a> {
    /// What is done to a gradient on its way to the buffer.
    pub fn finish(&self) -> Finish<'a> {
        Finish {
            add: self.add,
            gate: self.gate,
            ..Finish::default()
        }
    }

    /// Puts the gradient in as it is.
    pub fn accept(&mut self, isa: Isa, gradient: &[Lane]) {
        elementwise::finish(isa, gradient, self.buffer, self.finish());
    }

    /// Lets `put` write plain numbers, or add to them, and shuts the gate over the result.
    pub fn planes(&mut self, isa: Isa, put: impl FnOnce(&mut [f32], bool)) {
        self.lanes(isa, |lanes, add| put(flat_mut(lanes), add));
    }

    /// The same for lanes.
    pub fn lanes(&mut self, isa: Isa, put: impl FnOnce(&mut [Lane], bool)) {
        self.by_itself(isa, |target| {
            put(target.buffer, target.add);
            if let Some(gate) = target.gate {
                shut(isa, gate, target.buffer);
            }
        });
    }

    /// Lets `put` shut the gate over what it has added to. Shares of other branches have been through the gate: that it is
    /// shut over them again is without effect unless it leaks, and then they are kept apart meanwhile, in memory that is
    /// asked for at every step: no built-in network comes here.
    pub fn by_itself(&mut self, isa: Isa, put: impl FnOnce(&mut Target<'_>)) {
        let leaks = self.gate.is_some_and(|g| g.leak != 0.0);
        if !(self.add && leaks) {
            return put(self);
        }
        let others = self.buffer.to_vec();
        put(&mut Target {
            buffer: self.buffer,
            add: false,
            gate: self.gate,
        });
        let add = Finish {
            add: true,
            ..Finish::default()
        };
        elementwise::finish(isa, &others, self.buffer, add);
    }

    /// Puts `share(x, cotangent)` into every element.
    pub fn each(
        &mut self,
        isa: Isa,
        x: &[Lane],
        g: &[Lane],
        share: impl Fn(f32, f32) -> f32 + Sync,
    ) {
        self.planes(isa, |dx, add| {
            update2(flat(x), flat(g), dx, |old, x, g| {
                if add { old + share(x, g) } else { share(x, g) }
            });
        });
    }
}
