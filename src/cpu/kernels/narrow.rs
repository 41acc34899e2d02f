//! Convolutions whose source has few channels, such as a picture: padding three channels to sixteen would waste most of
//! the work. The few-channelled side is kept as plain planes; the other side is in lanes.

#![allow(unsafe_code)]

use super::finish::Finish;
use super::lanes::{Isa, Kernel, LANES, Lane, Lanes, lanes_for};
use super::shared::Shared;
use super::sweep::Sweep;
use rayon::prelude::*;

/// Most channels on the narrow side.
pub const NARROW: usize = 4;
/// Outputs of a row that are computed together, forward.
const TILE: usize = 14;
/// Rows of a task.
const ROWS: usize = 4;

/// From planes to lanes.
pub struct Widen {
    rows: Sweep,
    columns: Sweep,
    /// For every channel block `[plane][row tap][column tap]`.
    weights: Vec<Lane>,
    planes: usize,
    channels: usize,
    source: [usize; 2],
    out: [usize; 2],
    before: [usize; 2],
    padded: [usize; 2],
}

impl Widen {
    /// Packs `weight([row, column] of the kernel, plane, output channel)`.
    pub fn pack(
        planes: usize,
        channels: usize,
        source: [usize; 2],
        out: [usize; 2],
        [rows, columns]: [Sweep; 2],
        weight: impl Fn([usize; 2], usize, usize) -> f32,
    ) -> Self {
        let mut weights = Vec::new();
        for block in 0..lanes_for(channels) {
            for plane in 0..planes {
                for (i, _) in &rows.taps {
                    for (j, _) in &columns.taps {
                        weights.push(Lane(std::array::from_fn(|l| {
                            let channel = block * LANES + l;
                            if channel < channels {
                                weight([*i, *j], plane, channel)
                            } else {
                                0.0
                            }
                        })));
                    }
                }
            }
        }
        let before = [rows.reach_before(), columns.reach_before()];
        let padded = [
            rows.reach(before[0], rows.count).max(before[0] + source[0]),
            columns
                .reach(before[1], columns.count + TILE)
                .max(before[1] + source[1]),
        ];
        Self {
            rows,
            columns,
            weights,
            planes,
            channels,
            source,
            out,
            before,
            padded,
        }
    }

    /// Numbers of one item's planes between zeros.
    pub fn padded(&self) -> usize {
        self.planes * self.padded[0] * self.padded[1]
    }

    /// Computes `items` items, `stride` numbers apart, from planes. `padded` is zero where no source has ever been.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[f32],
        stride: usize,
        padded: &mut [f32],
        out: &mut [Lane],
        finish: Finish<'_>,
    ) {
        let blocks = lanes_for(self.channels);
        let [height, width] = self.out;
        let area = self.source[0] * self.source[1];
        let plane = self.padded[0] * self.padded[1];
        for (item, out) in out
            .chunks_mut(blocks * height * width)
            .enumerate()
            .take(items)
        {
            let x = &x[item * stride..][..self.planes * area];
            for (x, padded) in x.chunks(area).zip(padded.chunks_mut(plane)) {
                let lines = padded.chunks_mut(self.padded[1]).skip(self.before[0]);
                for (x, line) in x.chunks(self.source[1]).zip(lines) {
                    line[self.before[1]..][..x.len()].copy_from_slice(x);
                }
            }
            let (padded, at) = (&*padded, item * blocks * height * width);
            let rows = out.par_chunks_mut(width).with_min_len(ROWS).enumerate();
            rows.for_each(|(row, out)| {
                isa.run(WidenRow {
                    of: self,
                    x: padded,
                    row: row % height,
                    block: row / height,
                    out,
                    at: at + row * width,
                    finish,
                });
            });
        }
    }
}

struct WidenRow<'a> {
    of: &'a Widen,
    x: &'a [f32],
    row: usize,
    block: usize,
    out: &'a mut [Lane],
    at: usize,
    finish: Finish<'a>,
}

impl Kernel for WidenRow<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        match L::TILES[0] {
            0..4 => self.stepping::<L, 2>(),
            4..12 => self.stepping::<L, 6>(),
            _ => self.stepping::<L, TILE>(),
        }
    }
}

impl WidenRow<'_> {
    /// The strides that networks begin with are known when this is compiled.
    #[inline(always)]
    fn stepping<L: Lanes, const T: usize>(self) {
        match self.of.columns.source_step {
            1 => self.all::<L, T, 1>(),
            2 => self.all::<L, T, 2>(),
            4 => self.all::<L, T, 4>(),
            _ => self.all::<L, T, 0>(),
        }
    }

    /// All outputs of a row, `T` at a time, the source read on by `STEP` from one to the next; by as much as it takes where
    /// `STEP` is 0.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn all<L: Lanes, const T: usize, const STEP: usize>(self) {
        let of = self.of;
        let finisher = self.finish.block::<L>(self.block);
        let (v, h) = (&of.rows, &of.columns);
        let taps = of.planes * v.taps.len() * h.taps.len();
        let weights = &of.weights[self.block * taps..][..taps];
        let plane = of.padded[0] * of.padded[1];
        let step = if STEP == 0 { h.source_step } else { STEP };
        for first in (0..h.count).step_by(T) {
            let mut sums = [L::splat(0.0); T];
            let mut weights = weights.chunks_exact(h.taps.len().max(1));
            for x in self.x.chunks(plane).take(of.planes) {
                for ((_, down), weights) in v.taps.iter().zip(&mut weights) {
                    let y = (of.before[0] + self.row * v.source_step) as isize + down;
                    let line = &x[y as usize * of.padded[1]..][..of.padded[1]];
                    for ((_, right), weight) in h.taps.iter().zip(weights) {
                        let from = (of.before[1] + first * step) as isize + right;
                        let line = &line[from as usize..][..(T - 1) * step + 1];
                        let weight = L::load(weight);
                        for t in 0..T {
                            sums[t] = L::splat(line[t * step]).mul_add(weight, sums[t]);
                        }
                    }
                }
            }
            if first + T <= h.count {
                finisher.tile::<T, 1>(sums, self.at + first, &mut self.out[first..]);
                continue;
            }
            for (t, sum) in sums.into_iter().enumerate().take(h.count - first) {
                let place = first + t;
                finisher.write(sum, self.at + place, &mut self.out[place]);
            }
        }
    }
}

/// From lanes to planes, the transpose of [`Widen`].
pub struct Narrow {
    rows: Vec<Sweep>,
    columns: Vec<Sweep>,
    /// For each pair of the above `[channel block][row tap][column tap][plane]`.
    weights: Vec<Vec<Lane>>,
    planes: usize,
    channels: usize,
    source: [usize; 2],
    out: [usize; 2],
}

impl Narrow {
    /// Packs `weight([row, column] of the kernel, plane, source channel)`.
    pub fn pack(
        planes: usize,
        channels: usize,
        source: [usize; 2],
        out: [usize; 2],
        [rows, columns]: [Vec<Sweep>; 2],
        weight: impl Fn([usize; 2], usize, usize) -> f32,
    ) -> Self {
        let mut weights = Vec::with_capacity(rows.len() * columns.len());
        for v in &rows {
            for h in &columns {
                let mut packed = Vec::new();
                for block in 0..lanes_for(channels) {
                    for (i, _) in &v.taps {
                        for (j, _) in &h.taps {
                            packed.extend((0..planes).map(|plane| {
                                Lane(std::array::from_fn(|l| {
                                    let channel = block * LANES + l;
                                    if channel < channels {
                                        weight([*i, *j], plane, channel)
                                    } else {
                                        0.0
                                    }
                                }))
                            }));
                        }
                    }
                }
                weights.push(packed);
            }
        }
        Self {
            rows,
            columns,
            weights,
            planes,
            channels,
            source,
            out,
        }
    }

    /// Computes the planes of `items` items, `stride` numbers apart; adds to what is there if told so.
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[Lane],
        out: &mut [f32],
        stride: usize,
        add: bool,
    ) {
        let [height, width] = self.out;
        let lanes = lanes_for(self.channels) * self.source[0] * self.source[1];
        let out = Shared::new(out);
        (0..items * height)
            .into_par_iter()
            .with_min_len(ROWS)
            .for_each(|task| {
                let (item, y) = (task / height, task % height);
                for (i, v) in self.rows.iter().enumerate() {
                    let Some(step) = y.checked_sub(v.start).filter(|d| d.is_multiple_of(v.step))
                    else {
                        continue;
                    };
                    // SAFETY: every task has a row of its own in each plane.
                    let planes = std::array::from_fn(|p| unsafe {
                        let at = item * stride + (p.min(self.planes - 1) * height + y) * width;
                        if p < self.planes {
                            out.part(at..at + width)
                        } else {
                            out.part(0..0)
                        }
                    });
                    isa.run(NarrowRow {
                        of: self,
                        x: &x[item * lanes..][..lanes],
                        v,
                        weights: &self.weights[i * self.columns.len()..],
                        step: step / v.step,
                        planes,
                        add,
                    });
                }
            });
    }
}

struct NarrowRow<'a> {
    of: &'a Narrow,
    x: &'a [Lane],
    v: &'a Sweep,
    weights: &'a [Vec<Lane>],
    step: usize,
    planes: [&'a mut [f32]; NARROW],
    add: bool,
}

impl Kernel for NarrowRow<'_> {
    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        let planes = self.of.planes;
        if L::SUMS >= 24 {
            match planes {
                1 => self.all::<L, 1, 8>(),
                2 => self.all::<L, 2, 8>(),
                3 => self.all::<L, 3, 8>(),
                _ => self.all::<L, 4, 6>(),
            }
        } else if L::PARTS == 2 {
            match planes {
                1 => self.all::<L, 1, 8>(),
                2 => self.all::<L, 2, 6>(),
                3 => self.all::<L, 3, 4>(),
                _ => self.all::<L, 4, 3>(),
            }
        } else {
            match planes {
                1 => self.all::<L, 1, 4>(),
                2 => self.all::<L, 2, 2>(),
                3 => self.all::<L, 3, 2>(),
                _ => self.all::<L, 4, 1>(),
            }
        }
    }
}

impl NarrowRow<'_> {
    /// `T` outputs of `P` planes at a time, each in one register: what its channels add to need not be kept apart.
    // Numbers rather than iterators, so that the sums stay in registers.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn all<L: Lanes, const P: usize, const T: usize>(&mut self) {
        let (of, v) = (self.of, self.v);
        let [height, width] = of.source;
        for (h, weights) in of.columns.iter().zip(self.weights) {
            let (weights, _) = weights.as_chunks::<P>();
            let offsets = || h.taps.iter().map(|tap| tap.1);
            let reach = [offsets().min(), offsets().max()].map(|o| o.unwrap_or(0));
            for start in (0..h.count).step_by(T) {
                let at = (start * h.source_step) as isize;
                let inside = h.source_step == 1
                    && at + reach[0] >= 0
                    && at + reach[1] + T as isize <= width as isize;
                let mut sums = [[L::no_part(); P]; T];
                let mut weights = weights.chunks_exact(h.taps.len().max(1));
                for plane in self.x.chunks_exact(height * width) {
                    for ((_, down), weights) in v.taps.iter().zip(&mut weights) {
                        let y = (self.step * v.source_step) as isize + down;
                        if !(0..height as isize).contains(&y) {
                            continue;
                        }
                        let line = &plane[y as usize * width..][..width];
                        for ((_, right), weights) in h.taps.iter().zip(weights) {
                            let from = at + right;
                            if inside {
                                let seen = &line[from as usize..].as_chunks::<T>().0[0];
                                for part in 0..L::PARTS {
                                    let mut w = [L::no_part(); P];
                                    for p in 0..P {
                                        w[p] = L::part(&weights[p], part);
                                    }
                                    for t in 0..T {
                                        let x = L::part(&seen[t], part);
                                        for p in 0..P {
                                            sums[t][p] = L::add_product(x, w[p], sums[t][p]);
                                        }
                                    }
                                }
                                continue;
                            }
                            for t in 0..T {
                                let place = from + (t * h.source_step) as isize;
                                if !(0..width as isize).contains(&place) {
                                    continue;
                                }
                                for part in 0..L::PARTS {
                                    let x = L::part(&line[place as usize], part);
                                    for p in 0..P {
                                        let w = L::part(&weights[p], part);
                                        sums[t][p] = L::add_product(x, w, sums[t][p]);
                                    }
                                }
                            }
                        }
                    }
                }
                for (t, sums) in sums.into_iter().enumerate().take(h.count - start) {
                    let place = h.start + (start + t) * h.step;
                    for (sum, plane) in sums.into_iter().zip(&mut self.planes) {
                        let old = if self.add { plane[place] } else { 0.0 };
                        plane[place] = old + L::total(sum);
                    }
                }
            }
        }
    }
}
