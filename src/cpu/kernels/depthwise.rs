//! Depthwise convolution: every channel with a kernel of its own, sixteen channels at a time.
//!
//! A task takes a band of rows of one channel block. It first copies the source rows that the band sees between zeros,
//! so that no column has to ask whether it lies at an edge.

#![allow(unsafe_code)]

use super::finish::Finish;
use super::lanes::{Isa, Kernel, LANES, Lane, Lanes, lanes_for};
use super::shared::Shared;
use super::sweep::Sweep;
use super::workspace::Workspaces;
use rayon::prelude::*;
use std::ops::Range;

/// Most outputs of a row that are computed together.
const TILE: usize = 8;
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

impl Depthwise {
    /// Packs `weight([row, column] of the kernel, channel)`.
    pub fn pack(
        channels: usize,
        source: [usize; 2],
        out: [usize; 2],
        [rows, columns]: [Vec<Sweep>; 2],
        weight: impl Fn([usize; 2], usize) -> f32,
    ) -> Self {
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
        let reach = |h: &Sweep| h.reach(before, h.count.next_multiple_of(TILE));
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
        let bands = (0..self.out[0]).step_by(self.band);
        bands
            .map(|y| self.seen(self.rows_of(y)).len())
            .max()
            .unwrap_or(0)
            * self.padded
    }

    fn rows_of(&self, first: usize) -> Range<usize> {
        first..(first + self.band).min(self.out[0])
    }

    /// The source rows that some output rows see.
    fn seen(&self, outputs: Range<usize>) -> Range<usize> {
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

struct Band<'a> {
    of: &'a Depthwise,
    block: usize,
    plane: &'a [Lane],
    rows: Range<usize>,
    out: &'a mut [Lane],
    at: usize,
    finish: Finish<'a>,
    copied: &'a mut [Lane],
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
    fn all<L: Lanes, const T: usize>(self) {
        let of = self.of;
        let [height, width] = of.source;
        let seen = of.seen(self.rows.clone());
        for (y, row) in seen.clone().zip(self.copied.chunks_mut(of.padded)) {
            let (before, rest) = row.split_at_mut(of.before);
            let (middle, after) = rest.split_at_mut(width);
            before.fill(Lane::ZERO);
            middle.copy_from_slice(&self.plane[y * width..][..width]);
            after.fill(Lane::ZERO);
        }
        let finisher = self.finish.block::<L>(self.block);
        let mut weights = of.weights.iter();
        for v in &of.rows {
            for h in &of.columns {
                let Some(weights) = weights.next() else {
                    return;
                };
                let taps = v.taps.len() * h.taps.len();
                let weights = &weights[self.block * taps..][..taps];
                for step in Depthwise::steps(v, &self.rows) {
                    let y = v.start + step * v.step;
                    let row = (y - self.rows.start) * of.out[1] + h.start;
                    for first in (0..h.count).step_by(T) {
                        let mut sums = [L::splat(0.0); T];
                        for (i, (_, down)) in v.taps.iter().enumerate() {
                            let source = (step * v.source_step) as isize + down;
                            if !(0..height as isize).contains(&source) {
                                continue;
                            }
                            let line = (source as usize - seen.start) * of.padded;
                            let line = &self.copied[line..][..of.padded];
                            let weights = &weights[i * h.taps.len()..][..h.taps.len()];
                            for ((_, right), weight) in h.taps.iter().zip(weights) {
                                let from = (of.before + first * h.source_step) as isize + right;
                                let weight = L::load(weight);
                                let line = &line[from as usize..][..(T - 1) * h.source_step + 1];
                                for (t, sum) in sums.iter_mut().enumerate() {
                                    let x = L::load(&line[t * h.source_step]);
                                    *sum = x.mul_add(weight, *sum);
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
    }
}
