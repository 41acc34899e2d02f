//! The micro-kernel for inputs many of which are zero, as rectifiers leave activations, and their gates gradients: what
//! would be multiplied with zero is skipped. Its sums are those of [`multiply`](super::multiply), taken in the same order.
//!
//! A row of weights serves two positions (one where registers are few), and an input is skipped where all of them have
//! zeros. Weights of a few inputs are put together in the nearest cache, where every position finds those that it needs.

use super::lanes::{Isa, Kernel, LANES, Lane, Lanes, flat};
use super::multiply::Columns;
use super::panels::Panels;
use std::ops::Range;

/// Lanes of weights that the nearest cache holds beside a little else: 28 kilobytes.
const WEIGHTS: usize = 448;
/// Most blocks of inputs at a time: as many as have bits in a word.
const TOGETHER: usize = 4;
/// Most channel blocks of outputs that are summed together.
const BLOCKS: usize = 8;
/// Places that are looked at to see how many inputs are zero.
const LOOKS: usize = 128;
/// Blocks that could be multiplied in the time that it takes to find an input.
const SEARCH: f64 = 2.0;

/// Lanes of scratch for so many positions.
pub fn workspace(positions: usize) -> usize {
    WEIGHTS + BLOCKS * positions
}

/// Whether so many inputs of the first `positions` are zero that it pays to skip them for so many channel blocks of outputs.
/// It changes no result where weights are finite.
///
/// # Panics
/// When there are fewer columns than that.
pub fn pays(isa: Isa, columns: Columns<'_>, blocks: usize, positions: usize) -> bool {
    let mut found = [0; 2];
    isa.run(Look {
        columns,
        positions,
        found: &mut found,
    });
    let [inputs, all] = found.map(f64::from);
    // What it takes to find an input is shared by the blocks that it is multiplied for.
    let blocks = blocks.min(isa.skipping().blocks) as f64;
    inputs * (blocks + SEARCH) < isa.skipping().share * all * blocks
}

struct Look<'a> {
    columns: Columns<'a>,
    positions: usize,
    /// Inputs that are not zero at one or more of the positions that share their weights, and how many were looked at.
    found: &'a mut [u32; 2],
}

impl Kernel for Look<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let together = L::SKIPPING.positions;
        if together == 0 || self.positions < together {
            return;
        }
        let tiles = self.positions / together;
        let all = tiles * self.columns.blocks;
        for tile in (0..all).step_by((all / LOOKS).max(1)) {
            let (block, tile) = (tile / tiles, tile % tiles);
            let seen = &self.columns.values[block * self.columns.stride + tile * together..];
            let inputs = self.columns.inputs(block);
            let bits = seen[..together]
                .iter()
                .fold(0, |bits, lane| bits | u32::from(L::load(lane).nonzero()));
            self.found[0] += (bits & (u32::MAX >> (32 - inputs))).count_ones();
            self.found[1] += inputs as u32;
        }
    }
}

/// `put(block, Σ input of a position · weight of the block)` for some channel blocks of outputs: one lane for each of the
/// first `positions`.
///
/// # Panics
/// When there are fewer columns than that, or less scratch than [`workspace`] tells.
pub fn multiply(
    isa: Isa,
    columns: Columns<'_>,
    panels: &Panels,
    blocks: Range<usize>,
    positions: usize,
    scratch: &mut [Lane],
    mut put: impl FnMut(usize, &[Lane]),
) {
    let (weights, rest) = scratch.split_at_mut(WEIGHTS);
    let groups = blocks.len().div_ceil(isa.skipping().blocks.max(1));
    let border = |i: usize| blocks.start + blocks.len() * i.min(groups) / groups;
    for i in 0..groups {
        let blocks = border(i)..border(i + 1);
        let sums = &mut rest[..blocks.len() * positions];
        isa.run(Multiply {
            columns,
            panels,
            blocks: blocks.clone(),
            next: border(i + 1)..border(i + 2),
            positions,
            sums,
            weights,
        });
        for (block, sums) in blocks.zip(sums.chunks(positions.max(1))) {
            put(block, sums);
        }
    }
}

struct Multiply<'a> {
    columns: Columns<'a>,
    panels: &'a Panels,
    blocks: Range<usize>,
    /// Those that follow, whose first weights are fetched meanwhile.
    next: Range<usize>,
    positions: usize,
    sums: &'a mut [Lane],
    weights: &'a mut [Lane],
}

impl Kernel for Multiply<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        // Arms that an instruction set has no registers for are never compiled.
        macro_rules! sizes {
            ($($b:literal)*) => {
                match self.blocks.len() {
                    $($b if L::SKIPPING.blocks >= $b => self.all::<L, $b>(),)*
                    _ => {}
                }
            };
        }
        sizes!(1 2 3 4 5 6 7 8);
    }
}

impl Multiply<'_> {
    /// All positions of `B` channel blocks, a few blocks of inputs after the other.
    #[inline(always)]
    fn all<L: Lanes, const B: usize>(self) {
        let columns = self.columns;
        let (rows, _) = self.weights.as_chunks_mut::<B>();
        let at_once = (WEIGHTS / (B * LANES)).clamp(1, TOGETHER);
        let mut input = 0;
        for first in (0..columns.blocks).step_by(at_once) {
            let blocks = first..(first + at_once).min(columns.blocks);
            let mut used = 0;
            for (n, rows) in blocks.clone().zip(rows.chunks_mut(LANES)) {
                let inputs = columns.inputs(n);
                used |= (u64::MAX >> (64 - inputs)) << ((n - first) * LANES);
                for b in 0..B {
                    let weights = self.panels.of_block(self.blocks.start + b);
                    for (row, weight) in rows.iter_mut().zip(weights.skip(input)).take(inputs) {
                        L::load(weight).store(&mut row[b]);
                    }
                }
                input += inputs;
            }
            // What follows is fetched from far away meanwhile: of these blocks, or of the next after the last.
            let depth = self.panels.depth();
            let (blocks_later, from) = if input < depth {
                (self.blocks.clone(), input)
            } else {
                (self.next.clone(), 0)
            };
            let later = from..(from + at_once * LANES).min(depth);
            let each = (blocks_later.len() + 2) * later.len() * L::SKIPPING.positions;
            let each = each / self.positions.max(1) + 1;
            let later = self.panels.rows(blocks_later, later);
            let mut later = later.flat_map(|lanes| lanes.chunks(each));
            let mut tile = Tile {
                columns,
                blocks,
                rows,
                used,
                positions: self.positions,
                sums: self.sums,
            };
            let mut position = 0;
            while position < self.positions {
                let mut step = 1;
                if L::SKIPPING.positions == 2 && position + 2 <= self.positions {
                    tile.add::<L, 2>(position);
                    step = 2;
                } else {
                    tile.add::<L, 1>(position);
                }
                for lane in later.next().unwrap_or_default() {
                    L::expect_later(lane);
                }
                position += step;
            }
        }
    }
}

/// What the sums of `B` channel blocks are taken of, a few blocks of inputs.
struct Tile<'a, const B: usize> {
    columns: Columns<'a>,
    /// Of inputs; the first begin the sums, the others go on with them.
    blocks: Range<usize>,
    /// Weights, input by input.
    rows: &'a [[Lane; B]],
    /// A bit for every input that has weights.
    used: u64,
    positions: usize,
    sums: &'a mut [Lane],
}

impl<const B: usize> Tile<'_, B> {
    /// Adds to the sums of `P` positions.
    // Numbers rather than iterators, so that the sums stay in registers.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn add<L: Lanes, const P: usize>(&mut self, position: usize) {
        let begun = self.blocks.start > 0;
        let mut sums = [[L::splat(0.0); P]; B];
        for b in 0..B {
            let kept = &self.sums[b * self.positions + position..][..P];
            for p in 0..P {
                if begun {
                    sums[b][p] = L::load(&kept[p]);
                }
            }
        }
        let mut inputs = [[Lane::ZERO; TOGETHER]; P];
        let mut bits = 0;
        for (n, block) in self.blocks.clone().enumerate() {
            let seen = &self.columns.values[block * self.columns.stride + position..][..P];
            for p in 0..P {
                let seen = L::load(&seen[p]);
                seen.store(&mut inputs[p][n % TOGETHER]);
                bits |= u64::from(seen.nonzero()) << (n * LANES);
            }
        }
        bits &= self.used;
        while bits != 0 {
            let input = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let mut seen = [L::splat(0.0); P];
            for p in 0..P {
                seen[p] = L::splat(flat(&inputs[p])[input % (TOGETHER * LANES)]);
            }
            let row = &self.rows[input];
            for b in 0..B {
                let weight = L::load(&row[b]);
                for p in 0..P {
                    sums[b][p] = seen[p].mul_add(weight, sums[b][p]);
                }
            }
        }
        for b in 0..B {
            let kept = &mut self.sums[b * self.positions + position..][..P];
            for p in 0..P {
                sums[b][p].store(&mut kept[p]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::lanes_for;
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    /// Inputs of random shape, of which a share is zero, and what lies in unused channels is not a number.
    struct Case {
        channels: usize,
        outputs: usize,
        groups: usize,
        positions: usize,
        x: Vec<Lane>,
        weights: Vec<f32>,
    }

    impl Case {
        fn draw(random: &mut Random, zeros: f64) -> Self {
            let shape = [150, 400, 3, 40].map(|most| 1 + random.below(most) as usize);
            Self::of_shape(random, shape, zeros)
        }

        fn of_shape(random: &mut Random, shape: [usize; 4], zeros: f64) -> Self {
            let [channels, outputs, groups, positions] = shape;
            let blocks = groups * lanes_for(channels);
            let mut value = |block: usize, lane: usize| {
                if block % lanes_for(channels) * LANES + lane >= channels {
                    return f32::NAN;
                }
                let value = random.uniform() as f32 - 0.5;
                if random.uniform() < zeros { 0.0 } else { value }
            };
            let x = (0..blocks * positions)
                .map(|at| Lane(std::array::from_fn(|l| value(at / positions, l))))
                .collect();
            Self {
                channels,
                outputs,
                groups,
                positions,
                x,
                weights: random.normals(groups * channels * outputs, 0.0, 0.3),
            }
        }

        fn columns(&self) -> Columns<'_> {
            let (group, rest) = Columns::grouping(self.channels);
            Columns {
                values: &self.x,
                stride: self.positions,
                blocks: self.groups * group,
                group,
                rest,
            }
        }

        fn panels(&self) -> Panels {
            Panels::pack(self.groups * self.channels, self.outputs, |i, o| {
                self.weights[i * self.outputs + o]
            })
        }
    }

    #[test]
    fn sums_are_those_of_the_micro_kernel_that_skips_nothing() {
        let mut random = Random::new(23, Purpose::Start);
        for trial in 0..40 {
            let case = Case::draw(&mut random, [0.0, 0.5, 0.9, 1.0][trial % 4]);
            let (columns, panels, n) = (case.columns(), case.panels(), case.positions);
            for isa in Isa::all().into_iter().filter(|i| i.skipping().blocks > 0) {
                let mut expected = vec![Lane::ZERO; panels.blocks() * n];
                for index in 0..panels.count() {
                    let panel = panels.panel(index);
                    let out = &mut expected[panel.first * n..];
                    super::super::multiply::multiply(isa, columns, panel, n, out, n);
                }
                // In two parts, as two threads would.
                let half = panels.blocks_of(0..panels.count() / 2).end;
                let mut scratch = vec![Lane([f32::NAN; LANES]); workspace(n)];
                let mut seen = 0;
                for blocks in [0..half, half..panels.blocks()] {
                    let put = |block: usize, sums: &[Lane]| {
                        assert_eq!(block, seen);
                        assert!(
                            sums == &expected[block * n..][..n],
                            "{} trial {trial} block {block}",
                            isa.name()
                        );
                        seen += 1;
                    };
                    multiply(isa, columns, &panels, blocks, n, &mut scratch, put);
                }
                assert_eq!(seen, panels.blocks());
            }
        }
    }

    #[test]
    fn it_pays_where_much_is_zero_and_only_there() {
        let mut random = Random::new(24, Purpose::Start);
        for (zeros, much) in [(0.0, false), (0.2, false), (0.8, true), (1.0, true)] {
            let shape = [20, 128, 3, 37];
            let case = Case::of_shape(&mut random, shape, zeros);
            for isa in Isa::all() {
                let found = pays(isa, case.columns(), 8, case.positions);
                let expected = much && isa.skipping().positions > 0;
                assert_eq!(found, expected, "{} {zeros}", isa.name());
            }
        }
    }
}
