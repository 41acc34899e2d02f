//! Hann pooling, channel by channel: down first, then across.

use super::Target;
use super::elementwise::wide;
use crate::layers::HannPool;
use rayon::prelude::*;
use std::ops::Range;

/// A Hann pooling layer's geometry and weights.
pub struct HannPooling {
    rows: Side,
    columns: Side,
}

/// One axis: where the window stands, and its weights.
struct Side {
    input: usize,
    output: usize,
    stride: usize,
    before: usize,
    weights: Vec<f32>,
}

impl Side {
    /// The first input of the window at output `at`, and the weights that meet an input.
    fn meets(&self, at: usize) -> (usize, Range<usize>) {
        let start = at * self.stride;
        let first = self.before.saturating_sub(start).min(self.weights.len());
        let last = (self.input + self.before)
            .saturating_sub(start)
            .min(self.weights.len());
        (
            (start + first).saturating_sub(self.before),
            first..last.max(first),
        )
    }
}

impl HannPooling {
    pub fn plan(layer: &HannPool, input: [usize; 2], output: [usize; 2]) -> Self {
        let [rows, columns] = layer.weights();
        let side = |axis: usize, before, weights: &[f64]| Side {
            input: input[axis],
            output: output[axis],
            stride: layer.window.stride[axis],
            before,
            weights: weights.iter().map(|w| *w as f32).collect(),
        };
        Self {
            rows: side(0, layer.window.padding.top, rows),
            columns: side(1, layer.window.padding.left, columns),
        }
    }

    pub fn forward(&self, x: &[f32], out: &mut [f32]) {
        let Self { rows, columns } = self;
        let [from, to] = [rows.input * columns.input, rows.output * columns.output];
        out.par_chunks_mut(to)
            .zip(x.par_chunks(from))
            .for_each_init(
                || vec![0.0; columns.input],
                |down, (out, x)| {
                    for (at, out) in out.chunks_mut(columns.output).enumerate() {
                        let (first, taps) = rows.meets(at);
                        down.fill(0.0);
                        for (row, weight) in x[first * columns.input..]
                            .chunks(columns.input)
                            .zip(&rows.weights[taps])
                        {
                            wide(
                                #[inline(always)]
                                || add(down, row, *weight),
                            );
                        }
                        for (at, out) in out.iter_mut().enumerate() {
                            let (first, taps) = columns.meets(at);
                            *out = down[first..]
                                .iter()
                                .zip(&columns.weights[taps])
                                .map(|(x, w)| x * w)
                                .sum();
                        }
                    }
                },
            );
    }

    pub fn pullback(&self, cotangent: &[f32], target: &mut Target) {
        let Self { rows, columns } = self;
        let [from, to] = [rows.input * columns.input, rows.output * columns.output];
        if !target.add {
            target.buffer.fill(0.0);
        }
        target
            .buffer
            .par_chunks_mut(from)
            .zip(cotangent.par_chunks(to))
            .for_each_init(
                || vec![0.0; columns.input],
                |across, (dx, g)| {
                    for (at, g) in g.chunks(columns.output).enumerate() {
                        across.fill(0.0);
                        for (at, g) in g.iter().enumerate() {
                            let (first, taps) = columns.meets(at);
                            add(&mut across[first..], &columns.weights[taps], *g);
                        }
                        let (first, taps) = rows.meets(at);
                        for (row, weight) in dx[first * columns.input..]
                            .chunks_mut(columns.input)
                            .zip(&rows.weights[taps])
                        {
                            wide(
                                #[inline(always)]
                                || add(row, across, *weight),
                            );
                        }
                    }
                },
            );
    }
}

/// Adds `weight · x` to as many elements as both have.
#[inline(always)]
fn add(sum: &mut [f32], x: &[f32], weight: f32) {
    sum.iter_mut().zip(x).for_each(|(s, x)| *s += x * weight);
}
