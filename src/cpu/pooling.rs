//! Pooling windows, sixteen channels at a time.

use super::kernels::finish::Gate;
use super::kernels::lanes::{Isa, Kernel, Lane, Lanes};
use super::target::Target;
use crate::layers::{Padding, Window};
use rayon::prelude::*;
use std::ops::Range;

/// A pooling layer's geometry.
#[derive(Clone, Copy)]
pub struct Pooling {
    window: Window,
    input: [usize; 2],
    output: [usize; 2],
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Max,
    Average { count_padding: bool },
}

impl Pooling {
    pub fn max(window: Window, input: [usize; 2], output: [usize; 2]) -> Self {
        Self {
            window,
            input,
            output,
            kind: Kind::Max,
        }
    }

    pub fn average(
        window: Window,
        count_padding: bool,
        input: [usize; 2],
        output: [usize; 2],
    ) -> Self {
        Self {
            window,
            input,
            output,
            kind: Kind::Average { count_padding },
        }
    }

    fn areas(&self) -> [usize; 2] {
        [self.input, self.output].map(|[h, w]| h * w)
    }

    pub fn forward(&self, isa: Isa, x: &[Lane], out: &mut [Lane]) {
        let [from, to] = self.areas();
        out.par_chunks_mut(to)
            .zip(x.par_chunks(from))
            .for_each(|(out, x)| isa.run(Forward { of: self, x, out }));
    }

    pub fn pullback(
        &self,
        isa: Isa,
        x: &[Lane],
        y: &[Lane],
        cotangent: &[Lane],
        target: &mut Target<'_>,
    ) {
        target.by_itself(isa, |target| {
            self.put_pullback(isa, [x, y], cotangent, target);
        });
    }

    fn put_pullback(
        &self,
        isa: Isa,
        [x, y]: [&[Lane]; 2],
        cotangent: &[Lane],
        target: &mut Target<'_>,
    ) {
        let [from, to] = self.areas();
        let (add, gate) = (target.add, target.gate);
        target
            .buffer
            .par_chunks_mut(from)
            .zip(x.par_chunks(from))
            .zip(y.par_chunks(to).zip(cotangent.par_chunks(to)))
            .enumerate()
            .for_each(|(plane, ((dx, x), (y, g)))| {
                let once = self.tiles() && !add;
                if !once && !add {
                    dx.fill(Lane::ZERO);
                }
                let gate = gate.map(|gate| Gate {
                    open: &gate.open[plane * from..][..from],
                    ..gate
                });
                let pullback = Pullback {
                    of: self,
                    x,
                    y,
                    g,
                    dx,
                    gate,
                };
                if once {
                    isa.run(Once(pullback));
                } else {
                    isa.run(pullback);
                }
            });
    }

    /// Whether every input is seen by exactly one window.
    fn tiles(&self) -> bool {
        let window = self.window;
        let once = |a: usize| {
            window.kernel[a] == window.stride[a]
                && self.input[a] == window.kernel[a] * self.output[a]
        };
        window.padding == Padding::default() && once(0) && once(1)
    }

    /// Every output with the input rows and columns that its window sees.
    #[inline(always)]
    fn windows(&self) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
        let Self {
            window,
            input,
            output,
            ..
        } = *self;
        let seen = move |axis: usize, at: usize, before: usize| {
            let start = at * window.stride[axis];
            let end = (start + window.kernel[axis])
                .saturating_sub(before)
                .min(input[axis]);
            start.saturating_sub(before).min(end)..end
        };
        (0..output[0]).flat_map(move |oy| {
            let rows = seen(0, oy, window.padding.top);
            (0..output[1]).map(move |ox| {
                let columns = seen(1, ox, window.padding.left);
                (oy * output[1] + ox, rows.clone(), columns)
            })
        })
    }

    /// One over the number of samples that a window's mean is taken of.
    #[inline(always)]
    fn share(&self, count_padding: bool, rows: &Range<usize>, columns: &Range<usize>) -> f32 {
        let [height, width] = self.window.kernel;
        let count = if count_padding {
            height * width
        } else {
            (rows.len() * columns.len()).max(1)
        };
        1.0 / count as f32
    }
}

struct Forward<'a> {
    of: &'a Pooling,
    x: &'a [Lane],
    out: &'a mut [Lane],
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let width = self.of.input[1];
        for (at, rows, columns) in self.of.windows() {
            let line = |y: usize| &self.x[y * width..][columns.clone()];
            let value = match self.of.kind {
                Kind::Max => {
                    let mut best = None;
                    for x in rows.flat_map(line).map(L::load) {
                        // Strictly larger: the first of tied maxima wins.
                        best = Some(best.map_or(x, |best| x.max(best)));
                    }
                    best.unwrap_or(L::splat(f32::NEG_INFINITY))
                }
                Kind::Average { count_padding } => {
                    let share = self.of.share(count_padding, &rows, &columns);
                    let mut sum = L::splat(0.0);
                    for x in rows.flat_map(line) {
                        sum = sum.add(L::load(x));
                    }
                    sum.mul(L::splat(share))
                }
            };
            value.store(&mut self.out[at]);
        }
    }
}

struct Pullback<'a> {
    of: &'a Pooling,
    x: &'a [Lane],
    y: &'a [Lane],
    g: &'a [Lane],
    dx: &'a mut [Lane],
    gate: Option<Gate<'a>>,
}

impl Kernel for Pullback<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let width = self.of.input[1];
        for (at, rows, columns) in self.of.windows() {
            let mut g = L::load(&self.g[at]);
            match self.of.kind {
                Kind::Max => {
                    let y = L::load(&self.y[at]);
                    for row in rows {
                        let places = row * width + columns.start..row * width + columns.end;
                        let seen = self.x[places.clone()].iter().zip(&mut self.dx[places]);
                        for (x, dx) in seen {
                            // To the first maximum, and then there is nothing left for the others.
                            let here = g.where_equal(L::load(x), y);
                            g = g.sub(here);
                            L::load(dx).add(here).store(dx);
                        }
                    }
                }
                Kind::Average { count_padding } => {
                    g = g.mul(L::splat(self.of.share(count_padding, &rows, &columns)));
                    for row in rows {
                        for dx in &mut self.dx[row * width..][columns.clone()] {
                            L::load(dx).add(g).store(dx);
                        }
                    }
                }
            }
        }
        if let Some(gate) = self.gate.map(|g| g.keeper::<L>()) {
            for (place, dx) in self.dx.iter_mut().enumerate() {
                gate.pass(L::load(dx), place).store(dx);
            }
        }
    }
}

/// The same where windows neither overlap nor leave anything out: every number of the gradient is written once.
struct Once<'a>(Pullback<'a>);

impl Kernel for Once<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Pullback {
            of,
            x,
            y,
            g,
            dx,
            gate,
        } = self.0;
        let width = of.input[1];
        let gate = gate.map(|g| g.keeper::<L>());
        for (at, rows, columns) in of.windows() {
            let y = L::load(&y[at]);
            let mut g = L::load(&g[at]);
            if let Kind::Average { count_padding } = of.kind {
                g = g.mul(L::splat(of.share(count_padding, &rows, &columns)));
            }
            for row in rows {
                for place in row * width + columns.start..row * width + columns.end {
                    let here = match of.kind {
                        Kind::Max => {
                            let here = g.where_equal(L::load(&x[place]), y);
                            g = g.sub(here);
                            here
                        }
                        Kind::Average { .. } => g,
                    };
                    let here = match gate {
                        Some(gate) => gate.pass(here, place),
                        None => here,
                    };
                    here.store(&mut dx[place]);
                }
            }
        }
    }
}
