//! Depthwise convolution: every channel with a kernel of its own, sixteen channels at a time.
//!
//! A task takes a band of rows of one channel block. Kernels that networks have are compiled for their width and stride:
//! a tile of outputs takes what it sees of a row into registers, zeros where that lies beyond an edge. For others the
//! source rows that the band sees are first copied between zeros, so that no column has to ask whether it lies at an edge.

#![allow(unsafe_code)]

use super::finish::Finish;
use super::lanes::{Isa, Kernel, LANES, Lane, Lanes, lanes_for};
use super::shared::Shared;
use super::sweep::Sweep;
use super::workspace::Workspaces;
use rayon::prelude::*;
use std::ops::Range;

/// Most outputs of a row that are computed together: the planes of networks for pictures of 224 points are all a multiple
/// of seven wide.
const TILE: usize = 7;
/// Places of a row that a tile sees at most: five taps, every second place.
const SEEN: usize = (TILE - 1) * 2 + 5;
/// Most rows of a kernel that reads planes where they lie.
const ROWS: usize = 5;
/// Outputs of a band, about.
const BAND: usize = 1024;

/// One direction of a depthwise convolution, its weights packed.
pub struct Depthwise {
    rows: Vec<Sweep>,
    columns: Vec<Sweep>,
    /// For each pair of the above `[channel block][row tap][column tap]`.
    weights: Vec<Vec<Lane>>,
    /// Channels.
    channels: usize,
    /// Height, width.
    source: [usize; 2],
    out: [usize; 2],
    /// Rows of a band.
    band: usize,
    /// Zeros before a copied row, and its length with them and those after.
    before: usize,
    padded: usize,
}

impl Sweep {
    /// Number of taps and way from output to output, if they are among those that a tile is compiled for.
    #[inline(always)]
    fn known(&self) -> Option<[usize; 2]> {
        let next = self.taps.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
        let kind = [self.taps.len(), self.source_step];
        let compiled = [[1, 1], [2, 1], [3, 1], [5, 1], [3, 2], [5, 2]];
        (next && compiled.contains(&kind)).then_some(kind)
    }
}

/// Whether rows of any length are read where they lie by tiles that are compiled for all of these.
fn known(rows: &[Sweep], columns: &[Sweep]) -> bool {
    rows.iter().all(|v| v.taps.len() <= ROWS) && columns.iter().all(|h| h.known().is_some())
}

/// Sorts taps by the place that they read.
fn in_order(columns: &mut [Sweep]) {
    for h in columns {
        h.taps.sort_by_key(|tap| tap.1);
    }
}

impl Depthwise {
    /// Packs `weight([row, column] of the kernel, channel)`.
    pub fn pack(
        channels: usize,
        source: [usize; 2],
        out: [usize; 2],
        [rows, mut columns]: [Vec<Sweep>; 2],
        weight: impl Fn([usize; 2], usize) -> f32,
    ) -> Self {
        in_order(&mut columns);
        let mut weights = Vec::with_capacity(rows.len() * columns.len());
        for v in &rows {
            for h in &columns {
                let mut packed =
                    Vec::with_capacity(lanes_for(channels) * v.taps.len() * h.taps.len());
                for block in 0..lanes_for(channels) {
                    for (i, _) in &v.taps {
                        for (j, _) in &h.taps {
                            packed.push(Lane(std::array::from_fn(|l| {
                                let channel = block * LANES + l;
                                if channel < channels {
                                    weight([*i, *j], channel)
                                } else {
                                    0.0
                                }
                            })));
                        }
                    }
                }
                weights.push(packed);
            }
        }
        let before = columns.iter().map(Sweep::reach_before).max().unwrap_or(0);
        let reach = |h: &Sweep| h.reach(before, h.count + TILE);
        let padded = columns.iter().map(reach).max().unwrap_or(0);
        Self {
            before,
            padded: padded.max(before + source[1]),
            band: (BAND / out[1]).clamp(1, out[0]),
            rows,
            columns,
            weights,
            channels,
            source,
            out,
        }
    }

    /// Lanes of scratch that each thread needs.
    pub fn workspace(&self) -> usize {
        if !self.copies() {
            return 0;
        }
        let bands = (0..self.out[0]).step_by(self.band);
        bands
            .map(|y| self.seen(self.rows_of(y)).len())
            .max()
            .unwrap_or(0)
            * self.padded
    }

    /// Whether bands copy what they see.
    fn copies(&self) -> bool {
        !known(&self.rows, &self.columns)
    }

    /// Whether a source is read where it lies by such sweeps.
    pub fn reads_in_place([rows, mut columns]: [Vec<Sweep>; 2]) -> bool {
        in_order(&mut columns);
        known(&rows, &columns)
    }

    /// Channel blocks.
    pub(super) fn blocks(&self) -> usize {
        lanes_for(self.channels)
    }

    /// Height and width of what is read.
    pub(super) fn source(&self) -> [usize; 2] {
        self.source
    }

    /// Height and width of what is written.
    pub(super) fn out(&self) -> [usize; 2] {
        self.out
    }

    /// On the way forward: the way from row to row of the source, and how many rows an output sees.
    pub(super) fn row_reach(&self) -> [usize; 2] {
        let sweep = self.rows.first();
        sweep.map_or([1, 1], |v| [v.source_step, v.taps.len()])
    }

    fn rows_of(&self, first: usize) -> Range<usize> {
        first..(first + self.band).min(self.out[0])
    }

    /// The source rows that some output rows see.
    pub(super) fn seen(&self, outputs: Range<usize>) -> Range<usize> {
        let (mut first, mut end) = (self.source[0], 0);
        for v in &self.rows {
            for t in Self::steps(v, &outputs) {
                for (_, offset) in &v.taps {
                    let y = (t * v.source_step) as isize + offset;
                    if (0..self.source[0] as isize).contains(&y) {
                        (first, end) = (first.min(y as usize), end.max(y as usize + 1));
                    }
                }
            }
        }
        first.min(end)..end
    }

    /// The steps of a sweep whose outputs lie among `outputs`.
    #[inline(always)]
    fn steps(v: &Sweep, outputs: &Range<usize>) -> Range<usize> {
        let from = |y: usize| y.saturating_sub(v.start).div_ceil(v.step).min(v.count);
        from(outputs.start)..from(outputs.end)
    }

    /// Computes `items` items.
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[Lane],
        out: &mut [Lane],
        finish: Finish<'_>,
        workspaces: &Workspaces,
    ) {
        let blocks = lanes_for(self.channels);
        let bands = self.out[0].div_ceil(self.band);
        let (area, width) = (self.source[0] * self.source[1], self.out[1]);
        let out = Shared::new(out);
        (0..items * blocks * bands)
            .into_par_iter()
            .for_each(|task| {
                let (plane, band) = (task / bands, task % bands);
                let rows = self.rows_of(band * self.band);
                let at = (plane * self.out[0] + rows.start) * width;
                isa.run(Band {
                    of: self,
                    block: plane % blocks,
                    plane: &x[plane * area..][..area],
                    above: 0,
                    // SAFETY: every task has rows of its own.
                    out: unsafe { out.part(at..at + rows.len() * width) },
                    rows,
                    at,
                    finish,
                    copied: &mut workspaces.own(),
                });
            });
    }
}

/// Some rows of one channel block.
pub(super) struct Band<'a> {
    pub of: &'a Depthwise,
    /// The channel block.
    pub block: usize,
    /// What is seen of the source, from a row on.
    pub plane: &'a [Lane],
    /// That row.
    pub above: usize,
    pub rows: Range<usize>,
    /// The output's rows.
    pub out: &'a mut [Lane],
    /// The place of the first of them in what is finished.
    pub at: usize,
    pub finish: Finish<'a>,
    /// Scratch, as much as [`Depthwise::workspace`] tells.
    pub copied: &'a mut [Lane],
}

impl Kernel for Band<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        match L::SUMS {
            0..4 => self.all::<L, 2>(),
            4..12 => self.all::<L, 4>(),
            _ => self.all::<L, TILE>(),
        }
    }
}

impl Band<'_> {
    #[inline(always)]
    fn all<L: Lanes, const T: usize>(mut self) {
        let of = self.of;
        let seen = of.seen(self.rows.clone());
        let copied = of.copies();
        if copied {
            for (y, row) in seen.clone().zip(self.copied.chunks_mut(of.padded)) {
                let (before, rest) = row.split_at_mut(of.before);
                let (middle, after) = rest.split_at_mut(of.source[1]);
                before.fill(Lane::ZERO);
                middle.copy_from_slice(
                    &self.plane[(y - self.above) * of.source[1]..][..of.source[1]],
                );
                after.fill(Lane::ZERO);
            }
        }
        let mut weights = of.weights.iter();
        for v in &of.rows {
            for h in &of.columns {
                let Some(weights) = weights.next() else {
                    return;
                };
                let taps = v.taps.len() * h.taps.len();
                let weights = &weights[self.block * taps..][..taps];
                let sweep = Pair {
                    v,
                    h,
                    weights,
                    first: seen.start,
                };
                match h.known().filter(|_| !copied) {
                    Some([1, 1]) => self.sweep::<L, T, 1, 1>(&sweep),
                    Some([2, 1]) => self.sweep::<L, T, 2, 1>(&sweep),
                    Some([3, 1]) => self.sweep::<L, T, 3, 1>(&sweep),
                    Some([5, 1]) => self.sweep::<L, T, 5, 1>(&sweep),
                    Some([3, 2]) => self.sweep::<L, T, 3, 2>(&sweep),
                    Some([5, 2]) => self.sweep::<L, T, 5, 2>(&sweep),
                    _ => self.any_sweep::<L, T>(&sweep),
                }
            }
        }
    }

    /// The outputs of a pair of sweeps. `W` and `STEP` are the number of its column taps and its way from output to output.
    #[inline(always)]
    fn sweep<L: Lanes, const T: usize, const W: usize, const STEP: usize>(
        &mut self,
        pair: &Pair<'_>,
    ) {
        let (of, v, h) = (self.of, pair.v, pair.h);
        let [height, width] = of.source;
        let Self {
            plane, out, finish, ..
        } = self;
        let left = h.taps.first().map_or(0, |tap| tap.1);
        let finisher = finish.block::<L>(self.block);
        for t in Depthwise::steps(v, &self.rows) {
            // The kernel's rows that meet the source, one after another whichever way they go.
            let source = |down: isize| (t * v.source_step) as isize + down;
            let meets = |tap: &&(usize, isize)| (0..height as isize).contains(&source(tap.1));
            let above = v.taps.iter().take_while(|tap| !meets(tap)).count();
            let end = above + v.taps[above..].iter().take_while(meets).count();
            // What is seen by one of them, and its weights.
            let line = |i: usize| {
                let source = source(v.taps[i].1) as usize;
                let line = &plane[(source - self.above) * width..][..width];
                (line, &pair.weights[i * W..][..W])
            };
            // Found once for the many tiles of a wide row.
            let mut lines: [(&[Lane], &[Lane]); ROWS] = [(&[], &[]); ROWS];
            (above..end).zip(&mut lines).for_each(|(i, l)| *l = line(i));
            let lines = &lines[..end - above];
            let row = (v.start + t * v.step - self.rows.start) * of.out[1] + h.start;
            for first in (0..h.count).step_by(T) {
                let count = T.min(h.count - first);
                if h.step == 1 {
                    // The next tile's, or the next row's.
                    let next = row + first + count;
                    let end = (next + T).min(out.len());
                    out[next.min(end)..end]
                        .iter()
                        .for_each(|out| L::expect(out, 0));
                    finish.expect::<L>(self.at + next.min(end)..self.at + end);
                }
                let mut sums = [L::splat(0.0); T];
                let from = (first * STEP) as isize + left;
                let length = (T - 1) * STEP + W;
                if from >= 0 && from as usize + length <= width {
                    for (line, weights) in lines {
                        sum_row::<L, T, W, STEP>(&line[from as usize..], weights, &mut sums);
                    }
                } else {
                    for (line, weights) in lines {
                        sum_edge::<L, T, W, STEP>(line, from, weights, &mut sums);
                    }
                }
                let place = row + first * h.step;
                let at = self.at + place;
                match h.step {
                    1 if count == T => finisher.tile::<T, 1>(sums, at, &mut out[place..]),
                    2 if count == T => finisher.tile::<T, 2>(sums, at, &mut out[place..]),
                    step => {
                        for (t, sum) in sums.into_iter().enumerate().take(count) {
                            finisher.write(sum, at + t * step, &mut out[place + t * step]);
                        }
                    }
                }
            }
        }
    }

    /// The same for any number of taps and any way from output to output, from copied rows.
    #[inline(always)]
    fn any_sweep<L: Lanes, const T: usize>(&mut self, pair: &Pair<'_>) {
        let (of, v, h) = (self.of, pair.v, pair.h);
        let height = of.source[0];
        let finisher = self.finish.block::<L>(self.block);
        for t in Depthwise::steps(v, &self.rows) {
            let row = (v.start + t * v.step - self.rows.start) * of.out[1] + h.start;
            for first in (0..h.count).step_by(T) {
                let mut sums = [L::splat(0.0); T];
                for (i, (_, down)) in v.taps.iter().enumerate() {
                    let source = (t * v.source_step) as isize + down;
                    if !(0..height as isize).contains(&source) {
                        continue;
                    }
                    let line = (source as usize - pair.first) * of.padded;
                    let line = &self.copied[line..][..of.padded];
                    let weights = &pair.weights[i * h.taps.len()..][..h.taps.len()];
                    for ((_, right), weight) in h.taps.iter().zip(weights) {
                        let from = (of.before + first * h.source_step) as isize + right;
                        let line = &line[from as usize..][..(T - 1) * h.source_step + 1];
                        let weight = L::load(weight);
                        for (t, sum) in sums.iter_mut().enumerate() {
                            *sum = L::load(&line[t * h.source_step]).mul_add(weight, *sum);
                        }
                    }
                }
                for (t, sum) in sums.into_iter().enumerate().take(h.count - first) {
                    let place = row + (first + t) * h.step;
                    finisher.write(sum, self.at + place, &mut self.out[place]);
                }
            }
        }
    }
}

/// One of the sweeps along either axis, and its weights for one channel block.
struct Pair<'a> {
    v: &'a Sweep,
    h: &'a Sweep,
    weights: &'a [Lane],
    /// The source row that the first copied one is.
    first: usize,
}

/// Adds what `W` taps see from the beginning of `line` on to `T` sums.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn sum_row<L: Lanes, const T: usize, const W: usize, const STEP: usize>(
    line: &[Lane],
    weights: &[Lane],
    sums: &mut [L; T],
) {
    let (line, weights) = (&line[..(T - 1) * STEP + W], &weights[..W]);
    for w in 0..W {
        let weight = L::load(&weights[w]);
        for t in 0..T {
            sums[t] = L::load(&line[t * STEP + w]).mul_add(weight, sums[t]);
        }
    }
}

/// The same from place `from` of a line that may not reach so far to either side: beyond are zeros.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn sum_edge<L: Lanes, const T: usize, const W: usize, const STEP: usize>(
    line: &[Lane],
    from: isize,
    weights: &[Lane],
    sums: &mut [L; T],
) {
    let weights = &weights[..W];
    let mut seen = [L::splat(0.0); SEEN];
    for i in 0..(T - 1) * STEP + W {
        // Whether each place lies inside is asked once, not once for every tap that sees it.
        if let Some(lane) = line.get(from.wrapping_add(i as isize) as usize) {
            seen[i] = L::load(lane);
        }
    }
    for w in 0..W {
        let weight = L::load(&weights[w]);
        for t in 0..T {
            sums[t] = seen[t * STEP + w].mul_add(weight, sums[t]);
        }
    }
}
