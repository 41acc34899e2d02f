//! The micro-kernel: packed weights times columns of channels, sums in registers from the first term to the last.
//!
//! Every sum is taken in one order whatever the tile it falls into, so results depend neither on the number of threads
//! nor on what else is computed along with them.

#![allow(unsafe_code)]

use super::finish::{Finish, FinishRow};
use super::lanes::{Isa, Kernel, LANES, Lane, Lanes, lanes_for};
use super::panels::{Panel, WIDEST};
use super::shared::Shared;
use std::mem::MaybeUninit;
use std::ops::Range;

/// Tiles whose sums are finished together.
const TILES: usize = 4;
/// Positions that they have at most.
const KEPT: usize = TILES * 14;

/// Inputs whose weights are asked for before they are needed.
const AHEAD: usize = 32;

/// Whether tiles are so small that weights and inputs pass by faster than a processor looks ahead by itself: weights may
/// come from memory, and each block of inputs lies on another page. A long tile uses each of them several times as much.
#[inline(always)]
fn asking<L: Lanes>() -> bool {
    L::TILES[1] == 0
}

/// What is multiplied: at `values[block · stride + position]`, sixteen inputs of a position.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// All of them.
    pub values: &'a [Lane],
    /// From block to block.
    pub stride: usize,
    /// Number of blocks of inputs.
    pub blocks: usize,
    /// Blocks come in groups of so many, …
    pub group: usize,
    /// … the last of which has only so many inputs.
    pub rest: usize,
}

impl Columns<'_> {
    /// How many inputs a block has.
    #[inline(always)]
    pub fn inputs(&self, block: usize) -> usize {
        if (block + 1).is_multiple_of(self.group) {
            self.rest.min(LANES)
        } else {
            LANES
        }
    }

    /// How many blocks `channels` channels take, and how many are in the last.
    pub fn grouping(channels: usize) -> (usize, usize) {
        let group = lanes_for(channels);
        (group, channels - (group.max(1) - 1) * LANES)
    }
}

/// `out[column · stride + position] = Σ input of the position · weight of the column`, for the first `positions`.
///
/// # Panics
/// When a slice is too short for that.
pub fn multiply(
    isa: Isa,
    columns: Columns<'_>,
    panel: Panel<'_>,
    positions: usize,
    out: &mut [Lane],
    stride: usize,
) {
    isa.run(Multiply {
        columns,
        panel,
        positions,
        sink: Plain { out, stride },
    });
}

/// Where finished sums go: those of a panel's `n`-th channel block and position `p` to `start + n · stride + p`.
#[derive(Clone, Copy)]
pub struct Places {
    /// The place of the first.
    pub start: usize,
    /// From channel block to channel block.
    pub stride: usize,
}

impl Places {
    #[inline(always)]
    fn of(self, column: usize, position: usize) -> usize {
        self.start + column * self.stride + position
    }
}

/// The same sums finished on their way `to` places of `out`, which lie `at` those of what is finished.
///
/// # Safety
/// Nobody else may use the places `to` of `out` for the panel's channel blocks and the first `positions`.
///
/// # Panics
/// When a slice is too short for that.
#[allow(clippy::too_many_arguments)]
pub unsafe fn multiply_and_finish(
    isa: Isa,
    columns: Columns<'_>,
    panel: Panel<'_>,
    positions: usize,
    out: Shared<'_, Lane>,
    to: Places,
    at: Places,
    finish: Finish<'_>,
) {
    let mut kept = [const { MaybeUninit::uninit() }; WIDEST * KEPT];
    isa.run(Multiply {
        columns,
        panel,
        positions,
        sink: Finished {
            isa,
            kept: &mut kept,
            done: 0,
            out,
            to,
            at,
            finish,
            first: panel.first,
        },
    });
}

/// Where the sums of a tile go.
trait Sink {
    /// Asks for the memory that [`Self::put`] will use for a column of a tile, while its sums are being taken.
    fn expect<L: Lanes, const T: usize>(&self, column: usize, position: usize);
    /// Takes the `n`-th sums from a position on, those of a column.
    fn put<L: Lanes, const T: usize, const N: usize>(
        &mut self,
        column: usize,
        position: usize,
        sums: &[[L; N]; T],
        n: usize,
    );
    /// Told when all columns have been put up to a position: of each of them [`TILES`] tiles, or the last ones.
    fn put_to(&mut self, columns: Range<usize>, position: usize);
    /// Told when other columns follow, from the first position on.
    fn restart(&mut self);
}

/// As they are.
struct Plain<'a> {
    out: &'a mut [Lane],
    stride: usize,
}

impl Sink for Plain<'_> {
    #[inline(always)]
    fn expect<L: Lanes, const T: usize>(&self, _: usize, _: usize) {}

    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn put<L: Lanes, const T: usize, const N: usize>(
        &mut self,
        column: usize,
        position: usize,
        sums: &[[L; N]; T],
        n: usize,
    ) {
        let out = &mut self.out[column * self.stride + position..][..T];
        for t in 0..T {
            sums[t][n].store(&mut out[t]);
        }
    }

    #[inline(always)]
    fn put_to(&mut self, _: Range<usize>, _: usize) {}

    #[inline(always)]
    fn restart(&mut self) {}
}

/// Finished, to places that only this call uses.
struct Finished<'a> {
    isa: Isa,
    /// The sums of a few tiles, column after column: finishing them in a program of its own keeps it out of the one that
    /// takes the sums, where it would cost them their registers.
    kept: &'a mut [MaybeUninit<Lane>; WIDEST * KEPT],
    /// The position of the first of them.
    done: usize,
    out: Shared<'a, Lane>,
    to: Places,
    at: Places,
    finish: Finish<'a>,
    /// The panel's first channel block.
    first: usize,
}

impl Sink for Finished<'_> {
    #[inline(always)]
    fn expect<L: Lanes, const T: usize>(&self, column: usize, position: usize) {
        let (to, at) = (self.to.of(column, position), self.at.of(column, position));
        // SAFETY: these places are the caller's of `multiply_and_finish`.
        let out = unsafe { self.out.part(to..to + T) };
        for out in out {
            L::expect(out, 0);
        }
        self.finish.expect::<L>(at..at + T);
    }

    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn put<L: Lanes, const T: usize, const N: usize>(
        &mut self,
        column: usize,
        position: usize,
        sums: &[[L; N]; T],
        n: usize,
    ) {
        let kept = &mut self.kept[column * KEPT + position - self.done..][..T];
        for t in 0..T {
            sums[t][n].store_to(&mut kept[t]);
        }
    }

    #[inline(always)]
    fn put_to(&mut self, columns: Range<usize>, position: usize) {
        let n = position - self.done;
        for column in columns {
            let kept = &self.kept[column * KEPT..][..n];
            let (to, at) = (self.to.of(column, self.done), self.at.of(column, self.done));
            self.isa.run(FinishRow {
                finish: self.finish,
                block: self.first + column,
                // SAFETY: the sums of all positions up to here have just been put, and the two are laid out alike.
                sums: unsafe { &*(std::ptr::from_ref(kept) as *const [Lane]) },
                // SAFETY: these places are the caller's of `multiply_and_finish`.
                out: unsafe { self.out.part(to..to + n) },
                at,
                step: 1,
            });
        }
        self.done = position;
    }

    #[inline(always)]
    fn restart(&mut self) {
        self.done = 0;
    }
}

struct Multiply<'a, S> {
    columns: Columns<'a>,
    panel: Panel<'a>,
    positions: usize,
    sink: S,
}

impl<S: Sink> Kernel for Multiply<'_, S> {
    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        let width = self.panel.width;
        if L::TILES[2] > 0 {
            match width {
                1 => self.all::<L, 1, 1>(0),
                2 => self.all::<L, 2, 2>(0),
                _ => self.all::<L, 3, 3>(0),
            }
            return;
        }
        for column in 0..width {
            match width {
                1 => self.all::<L, 1, 1>(column),
                2 => self.all::<L, 1, 2>(column),
                _ => self.all::<L, 1, 3>(column),
            }
            self.sink.restart();
        }
    }
}

impl<S: Sink> Multiply<'_, S> {
    /// All positions of `N` columns of a panel that has `WIDTH`, in tiles as equal as can be.
    #[inline(always)]
    fn all<L: Lanes, const N: usize, const WIDTH: usize>(&mut self, column: usize) {
        let tiles = self.positions.div_ceil(L::TILES[N - 1].max(1));
        for i in 0..tiles {
            let (start, end) = (self.positions * i / tiles, self.positions * (i + 1) / tiles);
            let later = self.panel.later;
            let later = &later[later.len() * i / tiles..later.len() * (i + 1) / tiles];
            self.sized::<L, N, WIDTH>(end - start, start, column, later);
            if (i + 1) % TILES == 0 || i + 1 == tiles {
                self.sink.put_to(column..column + N, end);
            }
        }
    }

    #[inline(always)]
    fn sized<L: Lanes, const N: usize, const WIDTH: usize>(
        &mut self,
        size: usize,
        start: usize,
        column: usize,
        later: &[Lane],
    ) {
        // Arms that an instruction set has no registers for are never compiled.
        macro_rules! sizes {
            ($($t:literal)*) => {
                match size {
                    $($t if L::TILES[N - 1] >= $t => self.tile::<L, $t, N, WIDTH>(start, column, later),)*
                    _ => {}
                }
            };
        }
        sizes!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }

    #[inline(always)]
    fn tile<L: Lanes, const T: usize, const N: usize, const WIDTH: usize>(
        &mut self,
        start: usize,
        column: usize,
        later: &[Lane],
    ) {
        let Self {
            columns,
            panel,
            sink,
            ..
        } = self;
        for n in 0..N {
            sink.expect::<L, T>(column + n, start);
        }
        // What is asked here, once, is not asked again at every input, where questions took a third of all instructions.
        assert!(column + N <= WIDTH, "columns of a panel");
        let (mut weights, _) = panel.values.as_chunks::<WIDTH>();
        let mut sums = [[L::splat(0.0); N]; T];
        // As [`Columns::inputs`] tells, but counted down: no division so far inside.
        let mut left = columns.group;
        let mut later = later.chunks(later.len().div_ceil(columns.blocks.max(1)).max(1));
        for block in 0..columns.blocks {
            for lane in later.next().unwrap_or_default() {
                L::expect_later(lane);
            }
            let seen = &columns.values[block * columns.stride + start..];
            let seen = &seen.as_chunks::<T>().0[0];
            if asking::<L>() {
                for lane in seen {
                    L::expect(lane, columns.stride);
                }
            }
            left -= 1;
            let inputs = if left == 0 {
                left = columns.group;
                columns.rest.min(LANES)
            } else {
                LANES
            };
            let (rows, rest) = weights.split_at(inputs);
            weights = rest;
            // A whole block has a number of inputs that the compiler knows.
            if let Ok(rows) = <&[[Lane; WIDTH]; LANES]>::try_from(rows) {
                for (input, row) in rows.iter().enumerate() {
                    accumulate(&mut sums, seen, input, row, column);
                }
            } else {
                for (input, row) in rows.iter().enumerate().take(LANES) {
                    accumulate(&mut sums, seen, input, row, column);
                }
            }
        }
        for n in 0..N {
            sink.put(column + n, start, &sums, n);
        }
    }
}

/// Adds one input of each position times its row of weights, from a column on.
// Numbers rather than iterators, so that the sums stay in registers.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn accumulate<L: Lanes, const T: usize, const N: usize, const WIDTH: usize>(
    sums: &mut [[L; N]; T],
    seen: &[Lane; T],
    input: usize,
    row: &[Lane; WIDTH],
    column: usize,
) {
    if asking::<L>() {
        L::expect(&row[column], AHEAD * WIDTH);
    }
    // Not by `array::from_fn`, which was seen to stay a call.
    let mut weights = [L::splat(0.0); N];
    for n in 0..N {
        weights[n] = L::load(&row[column + n]);
    }
    for t in 0..T {
        let x = L::splat(seen[t].0[input]);
        for n in 0..N {
            sums[t][n] = x.mul_add(weights[n], sums[t][n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::panels::Panels;
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    fn lanes(random: &mut Random, n: usize) -> Vec<Lane> {
        let one = |_| Lane(std::array::from_fn(|_| random.uniform() as f32 - 0.5));
        (0..n).map(one).collect()
    }

    #[test]
    fn products_agree_with_plain_sums_on_random_shapes() {
        let mut random = Random::new(21, Purpose::Start);
        let mut up_to = |n| 1 + random.below(n) as usize;
        let shapes: Vec<[usize; 4]> = (0..60)
            .map(|_| [up_to(70), up_to(3), up_to(90), up_to(40)])
            .collect();
        for [channels, groups, outputs, positions] in shapes {
            let (group, rest) = Columns::grouping(channels);
            let depth = groups * channels;
            let w = lanes(&mut random, lanes_for(depth * outputs));
            let w = super::super::lanes::flat(&w);
            let pack = |width| Panels::pack_by(width, depth, outputs, |i, o| w[i * outputs + o]);
            let (stride, blocks) = (positions + 2, group * groups);
            let x = lanes(&mut random, blocks * stride);
            let columns = Columns {
                values: &x,
                stride,
                blocks,
                group,
                rest,
            };
            let all = Isa::all().into_iter();
            for (isa, panels) in all.flat_map(|isa| [(isa, pack(1)), (isa, pack(2))]) {
                let mut seen = 0;
                for index in 0..panels.count() {
                    let panel = panels.panel(index);
                    assert_eq!(panel.first, seen);
                    seen += panel.width;
                    let mut out = vec![Lane::ZERO; panel.width * stride];
                    multiply(isa, columns, panel, positions, &mut out, stride);
                    for column in 0..panel.width {
                        for p in 0..positions {
                            for l in 0..LANES {
                                let o = (panel.first + column) * LANES + l;
                                let terms = (0..if o < outputs { depth } else { 0 }).map(|i| {
                                    let (g, c) = (i / channels, i % channels);
                                    let x = x[(g * group + c / LANES) * stride + p].0[c % LANES];
                                    f64::from(x) * f64::from(w[i * outputs + o])
                                });
                                let (sum, found) =
                                    (terms.sum::<f64>(), out[column * stride + p].0[l]);
                                assert!(
                                    (sum - f64::from(found)).abs() < 1e-5,
                                    "{} {channels}x{groups}->{outputs}: {sum} {found}",
                                    isa.name()
                                );
                            }
                        }
                    }
                }
                assert_eq!(seen, panels.blocks());
            }
        }
    }
}
