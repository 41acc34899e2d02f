//! Matrix times vector, and its transpose, for weights that are read from memory once for all items.

#![allow(unsafe_code)]

use super::shared::Shared;
use crate::cpu::wide::wide;
use rayon::prelude::*;

/// Partial sums kept side by side: four AVX-512 or eight AVX2 registers.
const LANES: usize = 64;
/// Outputs of a task, forward.
const ROWS: usize = 16;
/// Fewest and most inputs of a task, back: the longer a strip, the fewer leaps from row to row, before each of which a
/// processor has fetched ahead for nothing.
const STRIP: [usize; 2] = [1024, 8192];

/// Rows that are read for one item, back, before they are for the next.
const BLOCK: usize = 16;

/// A matrix `[outputs, inputs]`, and how far apart the vectors of several items lie.
#[derive(Clone, Copy)]
pub struct Linear<'a> {
    /// Row by row.
    pub weights: &'a [f32],
    /// Rows.
    pub outputs: usize,
    /// Columns.
    pub inputs: usize,
    /// How many vectors.
    pub items: usize,
    /// From item to item: of the inputs, of the outputs.
    pub strides: [usize; 2],
}

impl Linear<'_> {
    /// `out[o] = bias[o] + Σᵢ weights[o, i] · x[i]`, limited to between 0 and `ceiling` if there is one.
    ///
    /// Multiplication and addition are rounded separately, so the result is the same on every instruction set.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn forward(&self, bias: &[f32], x: &[f32], out: &mut [f32], ceiling: Option<f32>) {
        let out = Shared::new(out);
        let rows = self.weights.par_chunks((ROWS * self.inputs).max(1));
        rows.zip(bias.par_chunks(ROWS))
            .enumerate()
            .for_each(|(task, (weights, bias))| {
                for item in 0..self.items {
                    let x = &x[item * self.strides[0]..][..self.inputs];
                    let at = item * self.strides[1] + task * ROWS;
                    // SAFETY: tasks differ in their outputs.
                    let out = unsafe { out.part(at..at + bias.len()) };
                    wide(
                        #[inline(always)]
                        || {
                            let rows = weights.chunks_exact(self.inputs).zip(bias);
                            for (o, (row, b)) in out.iter_mut().zip(rows) {
                                let sum = b + dot(row, x);
                                *o = ceiling.map_or(sum, |c| sum.clamp(0.0, c));
                            }
                        },
                    );
                }
            });
    }

    /// `out[i] = Σₒ weights[o, i] · g[o]`, added to what is there if told so. Rows of an output without a gradient, as
    /// gates leave half of them, are not read.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn pullback(&self, g: &[f32], out: &mut [f32], add: bool) {
        let out = Shared::new(out);
        let fair = self.inputs.div_ceil(rayon::current_num_threads());
        let strip_length = fair.clamp(STRIP[0], STRIP[1]);
        (0..self.inputs.div_ceil(strip_length))
            .into_par_iter()
            .with_max_len(1)
            .for_each(|strip| {
                let start = strip * strip_length;
                let columns = start..(start + strip_length).min(self.inputs);
                let part = |item: usize| {
                    let at = item * self.strides[0];
                    // SAFETY: tasks differ in their columns, and a task holds one part at a time.
                    unsafe { out.part(at + columns.start..at + columns.end) }
                };
                if !add {
                    (0..self.items).for_each(|item| part(item).fill(0.0));
                }
                let line = |row: usize| &self.weights[row * self.inputs..][columns.clone()];
                for first in (0..self.outputs).step_by(BLOCK) {
                    for item in 0..self.items {
                        let g = &g[item * self.strides[1]..][..self.outputs];
                        let out = part(item);
                        let rows = first..(first + BLOCK).min(self.outputs);
                        let mut open = rows.filter(|row| g[*row] != 0.0);
                        wide(
                            #[inline(always)]
                            || {
                                let mut four = || [0; 4].map(|_| open.next());
                                let mut rows = four();
                                while let [Some(a), Some(b), Some(c), Some(d)] = rows {
                                    let lines = line(a).iter().zip(line(b));
                                    let more = line(c).iter().zip(line(d));
                                    let [a, b, c, d] = [a, b, c, d].map(|row| g[row]);
                                    let all = out.iter_mut().zip(lines.zip(more));
                                    for (o, ((p, q), (r, s))) in all {
                                        *o += (a * p + b * q) + (c * r + d * s);
                                    }
                                    rows = four();
                                }
                                for row in rows.into_iter().flatten() {
                                    let all = out.iter_mut().zip(line(row));
                                    all.for_each(|(o, w)| *o += g[row] * w);
                                }
                            },
                        );
                    }
                }
            });
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    #[test]
    fn both_directions_agree_with_the_double_loop_and_do_not_depend_on_the_company() {
        let mut random = Random::new(41, Purpose::Start);
        for (outputs, inputs) in [(1, 1), (7, 130), (33, 64), (18, 2500), (5, 1025), (3, 8200)] {
            let items = 3;
            let strides = [inputs + 3, outputs + 1];
            let mut draw = |n: usize| random.normals(n, 0.0, 0.5);
            let (weights, bias) = (draw(inputs * outputs), draw(outputs));
            let (x, g, old) = (
                draw(items * strides[0]),
                draw(items * strides[1]),
                draw(items * strides[0]),
            );
            // As gates leave them, each item's in other places.
            let g: Vec<f32> = g.iter().map(|g| g.max(0.0)).collect();
            let all = Linear {
                weights: &weights,
                outputs,
                inputs,
                items,
                strides,
            };
            for ceiling in [None, Some(0.6)] {
                let mut y = vec![0.0; items * strides[1]];
                all.forward(&bias, &x, &mut y, ceiling);
                for item in 0..items {
                    let x = &x[item * strides[0]..];
                    for o in 0..outputs {
                        let terms = (0..inputs)
                            .map(|i| f64::from(weights[o * inputs + i]) * f64::from(x[i]));
                        let sum = f64::from(bias[o]) + terms.sum::<f64>();
                        let sum = ceiling.map_or(sum, |c| sum.clamp(0.0, f64::from(c)));
                        let found = y[item * strides[1] + o];
                        assert!((f64::from(found) - sum).abs() < 1e-4, "{found} {sum}");
                    }
                    let mut alone = vec![0.0; strides[1]];
                    Linear { items: 1, ..all }.forward(&bias, x, &mut alone, ceiling);
                    assert_eq!(alone[..outputs], y[item * strides[1]..][..outputs]);
                }
            }
            for add in [false, true] {
                let mut dx = old.clone();
                all.pullback(&g, &mut dx, add);
                for item in 0..items {
                    let g = &g[item * strides[1]..];
                    let mut alone = old[item * strides[0]..].to_vec();
                    Linear { items: 1, ..all }.pullback(g, &mut alone, add);
                    assert_eq!(alone[..inputs], dx[item * strides[0]..][..inputs]);
                    for i in 0..inputs {
                        let at = item * strides[0] + i;
                        let terms = (0..outputs)
                            .map(|o| f64::from(weights[o * inputs + i]) * f64::from(g[o]));
                        let start = if add { f64::from(old[at]) } else { 0.0 };
                        let sum = start + terms.sum::<f64>();
                        assert!((f64::from(dx[at]) - sum).abs() < 1e-4);
                    }
                }
            }
        }
    }
}
