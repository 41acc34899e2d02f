//! Pooling windows, channel by channel.

use super::Target;
use crate::layers::Window;
use rayon::prelude::*;
use std::ops::Range;

/// A pooling layer's geometry.
pub struct Pooling {
    window: Window,
    input: [usize; 2],
    output: [usize; 2],
    kind: Kind,
}

enum Kind {
    /// Remembers, for every output, the input element that won.
    Max {
        winner: Vec<u32>,
    },
    Average {
        count_padding: bool,
    },
}

impl Pooling {
    pub fn max(window: Window, input: [usize; 2], output: [usize; 2]) -> Self {
        Self {
            window,
            input,
            output,
            kind: Kind::Max { winner: vec![] },
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

    pub fn forward(&mut self, x: &[f32], out: &mut [f32]) {
        let planes = [self.input, self.output].map(|[h, w]| h * w);
        let total = out.len();
        let Self {
            window,
            input,
            output,
            kind,
        } = self;
        let geometry = Geometry {
            window: *window,
            input: *input,
            output: *output,
        };
        match kind {
            Kind::Max { winner } => {
                winner.resize(total, 0);
                let work = out
                    .par_chunks_mut(planes[1])
                    .zip(winner.par_chunks_mut(planes[1]));
                work.zip(x.par_chunks(planes[0]))
                    .for_each(|((out, winner), x)| {
                        for (at, rows, columns, _) in geometry.windows() {
                            let (mut best, mut place) = (f32::NEG_INFINITY, NONE);
                            for y in rows {
                                let row = y * geometry.input[1];
                                for (i, v) in columns.clone().map(|c| (row + c, x[row + c])) {
                                    // Strictly larger: the first of tied maxima wins.
                                    if v > best || place == NONE {
                                        (best, place) = (v, i as u32);
                                    }
                                }
                            }
                            (out[at], winner[at]) = (best, place);
                        }
                    });
            }
            Kind::Average { count_padding } => {
                let count_padding = *count_padding;
                out.par_chunks_mut(planes[1])
                    .zip(x.par_chunks(planes[0]))
                    .for_each(|(out, x)| {
                        for (at, rows, columns, padded) in geometry.windows() {
                            let share = share(count_padding, &rows, &columns, padded);
                            let sum: f32 = rows
                                .map(|y| {
                                    x[y * geometry.input[1]..][columns.clone()]
                                        .iter()
                                        .sum::<f32>()
                                })
                                .sum();
                            out[at] = sum * share;
                        }
                    });
            }
        }
    }

    pub fn pullback(&self, cotangent: &[f32], target: &mut Target) {
        let planes = [self.input, self.output].map(|[h, w]| h * w);
        let geometry = Geometry {
            window: self.window,
            input: self.input,
            output: self.output,
        };
        if !target.add {
            target.buffer.fill(0.0);
        }
        let work = target
            .buffer
            .par_chunks_mut(planes[0])
            .zip(cotangent.par_chunks(planes[1]));
        match &self.kind {
            Kind::Max { winner } => {
                work.zip(winner.par_chunks(planes[1]))
                    .for_each(|((dx, g), winner)| {
                        for (g, place) in g.iter().zip(winner) {
                            if *place != NONE {
                                dx[*place as usize] += g;
                            }
                        }
                    });
            }
            Kind::Average { count_padding } => work.for_each(|(dx, g)| {
                for (at, rows, columns, padded) in geometry.windows() {
                    let share = g[at] * share(*count_padding, &rows, &columns, padded);
                    for y in rows {
                        dx[y * geometry.input[1]..][columns.clone()]
                            .iter_mut()
                            .for_each(|d| *d += share);
                    }
                }
            }),
        }
    }
}

/// No input element: the window saw padding only.
const NONE: u32 = u32::MAX;

/// One over the number of samples that a window's mean is taken of.
fn share(count_padding: bool, rows: &Range<usize>, columns: &Range<usize>, padded: usize) -> f32 {
    let count = if count_padding {
        padded
    } else {
        (rows.len() * columns.len()).max(1)
    };
    1.0 / count as f32
}

#[derive(Clone, Copy)]
struct Geometry {
    window: Window,
    input: [usize; 2],
    output: [usize; 2],
}

impl Geometry {
    /// Every output with the input rows and columns that its window sees, and the window's size with padding.
    fn windows(&self) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>, usize)> {
        let Self {
            window,
            input,
            output,
        } = *self;
        let area = window.kernel[0] * window.kernel[1];
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
                (
                    oy * output[1] + ox,
                    rows.clone(),
                    seen(1, ox, window.padding.left),
                    area,
                )
            })
        })
    }
}
