//! Weights packed for the micro-kernels: for [`multiply`](super::multiply) in the order in which it reads them; for
//! [`skipping`](super::skipping), which puts together what it needs, by rows.

use super::lanes::{Isa, LANES, Lane, flat_mut, lanes_for};
use std::ops::Range;

/// Weights `[depth, outputs]` packed by two channel blocks (the last of an odd number by three, a single one by one), or
/// by one where the machine's registers hold the sums of no more: within a panel, all outputs of the first input, then of
/// the second. A panel is read from its beginning to its end for every tile.
pub struct Panels {
    values: Vec<Lane>,
    depth: usize,
    blocks: usize,
    /// Channel blocks of a panel.
    width: usize,
}

/// One panel.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    pub(super) values: &'a [Lane],
    /// What will be read after it, and is fetched meanwhile.
    pub(super) later: &'a [Lane],
    /// The first of its channel blocks.
    pub first: usize,
    /// How many channel blocks.
    pub width: usize,
}

impl Panels {
    /// Packs `weight(input, output)` for `depth` inputs and `outputs` output channels, as is best for this machine.
    pub fn pack(depth: usize, outputs: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        Self::pack_by(Isa::best().columns().min(2), depth, outputs, weight)
    }

    /// Packs by so many channel blocks, one or two.
    pub(super) fn pack_by(
        width: usize,
        depth: usize,
        outputs: usize,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let blocks = lanes_for(outputs);
        let mut panels = Self {
            values: vec![Lane::ZERO; depth * blocks],
            depth,
            blocks,
            width,
        };
        for index in 0..panels.count() {
            let (first, width) = panels.place(index);
            let values = &mut panels.values[depth * first..][..depth * width];
            for (input, row) in values.chunks_mut(width).enumerate() {
                for (o, value) in flat_mut(row).iter_mut().enumerate() {
                    let output = first * LANES + o;
                    if output < outputs {
                        *value = weight(input, output);
                    }
                }
            }
        }
        panels
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        (self.blocks / self.width).max(self.blocks.min(1))
    }

    /// Number of output channel blocks.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Number of inputs.
    pub fn depth(&self) -> usize {
        self.depth
    }

    fn place(&self, index: usize) -> (usize, usize) {
        let first = self.width * index;
        let rest = self.blocks - first;
        let odd = self.width == 2 && rest == 3;
        (first, if odd { 3 } else { rest.min(self.width) })
    }

    /// The one that holds a channel block.
    fn holding(&self, block: usize) -> usize {
        (block / self.width).min(self.count() - 1)
    }

    /// The channel blocks of some of them.
    pub fn blocks_of(&self, panels: Range<usize>) -> Range<usize> {
        let border = |index| {
            if index < self.count() {
                self.place(index).0
            } else {
                self.blocks
            }
        };
        border(panels.start)..border(panels.end)
    }

    /// The weights of all panels that hold some channel blocks, for a few inputs: a slice of each.
    pub fn rows(
        &self,
        blocks: Range<usize>,
        inputs: Range<usize>,
    ) -> impl Iterator<Item = &[Lane]> {
        let panels = if blocks.is_empty() {
            0..0
        } else {
            self.holding(blocks.start)..self.holding(blocks.end - 1) + 1
        };
        panels.map(move |index| {
            let (first, width) = self.place(index);
            &self.values[self.depth * first..][inputs.start * width..inputs.end * width]
        })
    }

    /// The weights of a channel block of outputs, input by input.
    pub fn of_block(&self, block: usize) -> impl Iterator<Item = &Lane> {
        let (first, width) = self.place(self.holding(block));
        let values = &self.values[self.depth * first..][..self.depth * width];
        values[block - first..].iter().step_by(width)
    }

    /// One of them.
    pub fn panel(&self, index: usize) -> Panel<'_> {
        let (first, width) = self.place(index);
        let (values, rest) = self.values[self.depth * first..].split_at(self.depth * width);
        let later = if rest.is_empty() {
            rest
        } else {
            &rest[..self.depth * self.place(index + 1).1]
        };
        Panel {
            values,
            later,
            first,
            width,
        }
    }
}

impl<'a> Panel<'a> {
    /// The panel, known to be followed by another one if it is the last of its [`Panels`].
    pub fn then(self, next: Panel<'a>) -> Self {
        let later = if self.later.is_empty() {
            next.values
        } else {
            self.later
        };
        Self { later, ..self }
    }
}

/// The widest panel.
pub const WIDEST: usize = 3;
