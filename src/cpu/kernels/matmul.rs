//! A safe face for the `gemm` crate's matrix product.

#![allow(unsafe_code)]

use rayon::prelude::*;
use std::ops::Range;

/// A matrix in a slice: element (row, column) is `values[row · row_stride + column · column_stride]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` × `columns`, rows one after another.
    ///
    /// # Panics
    /// When the slice is not exactly that long.
    pub fn row_major(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "matrix size");
        Self {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// Some of the rows, without moving anything.
    ///
    /// # Panics
    /// When there are not that many.
    pub fn rows(self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows");
        let start = (rows.start * self.row_stride).min(self.values.len());
        Self {
            values: &self.values[start..],
            rows: rows.len(),
            ..self
        }
    }

    /// The transposed matrix, without moving anything.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What happens around a product `out = left · right`, tile by tile while the tile is in the cache.
#[derive(Clone, Copy, Default)]
pub struct Around<'a> {
    /// Added to every element of a row of `out`.
    pub bias: Option<&'a [f32]>,
    /// Limits every element of `out` to between 0 and this, after everything else.
    pub ceiling: Option<f32>,
    /// Elements of `right` count as 0 unless the same element of this lies strictly between 0 and the limit.
    pub mask: Option<Mask<'a>>,
    /// Adds to `out` instead of replacing it; excludes `bias`.
    pub add: bool,
}

/// Where a rectifier lets gradients through: strictly between 0 and the ceiling.
#[derive(Clone, Copy)]
pub struct Mask<'a> {
    /// The rectifier's output.
    pub output: &'a [f32],
    /// Its upper limit; infinite for a plain ReLU.
    pub ceiling: f32,
}

impl Mask<'_> {
    /// Sets `out` to the gradient where it passes and to 0 elsewhere. `at` is where `gradient` begins in the output.
    pub fn apply(&self, at: usize, gradient: &[f32], out: &mut [f32]) {
        let (output, ceiling) = (&self.output[at..at + gradient.len()], self.ceiling);
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for (o, (y, g)) in out.iter_mut().zip(output.iter().zip(gradient)) {
                    *o = if *y > 0.0 && *y < ceiling { *g } else { 0.0 };
                }
            },
        );
    }
}

/// Columns of a tile: a tile of a hundred rows then fits the second-level cache.
const TILE: usize = 1024;

/// Rows of a block where the product is narrow.
const ROWS: usize = 32;

/// `out = left · right` with `right` and `out` row-major, in parallel on the current thread pool.
///
/// Wide products are split into tiles of columns, narrow ones into blocks of rows. Either way every element is one
/// unsplit sum, so the result does not depend on the number of threads.
///
/// # Panics
/// When the sizes do not fit.
pub fn multiply(left: Matrix<'_>, right: &[f32], out: &mut [f32], around: Around<'_>) {
    let (m, k) = (left.rows, left.columns);
    assert_eq!(right.len() % k.max(1), 0, "right-hand side");
    let n = right.len() / k.max(1);
    assert_eq!(out.len(), m * n, "output size");
    assert!(
        around.bias.is_none_or(|b| b.len() == m && !around.add),
        "bias"
    );
    assert!(
        around
            .mask
            .is_none_or(|mask| mask.output.len() == right.len()),
        "mask"
    );
    if m == 0 || n == 0 {
        return;
    }
    if n >= 2 * TILE {
        let shared = Shared(out.as_mut_ptr());
        (0..n.div_ceil(TILE))
            .into_par_iter()
            .for_each_init(Vec::new, |masked, tile| {
                let columns = tile * TILE..((tile + 1) * TILE).min(n);
                // SAFETY: tiles are disjoint ranges of columns of the `m` × `n` elements behind the pointer, which `out`
                // borrows exclusively until the loop has ended.
                unsafe { multiply_tile(left, right, n, shared, columns, around, masked) }
            });
    } else {
        let mut masked = Vec::new();
        let right = match around.mask {
            Some(mask) => {
                masked.resize(right.len(), 0.0);
                mask.apply(0, right, &mut masked);
                &masked[..]
            }
            None => right,
        };
        out.par_chunks_mut(ROWS * n)
            .enumerate()
            .for_each(|(i, out)| {
                let rows = i * ROWS..i * ROWS + out.len() / n;
                let bias = around.bias.map(|b| &b[rows.clone()]);
                let around = Around {
                    bias,
                    mask: None,
                    ..around
                };
                // SAFETY: `out` is exclusively this block's, and holds its rows with all `n` columns.
                unsafe {
                    multiply_tile(
                        left.rows(rows),
                        right,
                        n,
                        Shared(out.as_mut_ptr()),
                        0..n,
                        around,
                        &mut Vec::new(),
                    );
                }
            });
    }
}

#[derive(Clone, Copy)]
struct Shared(*mut f32);
// SAFETY: the pointer is only used through `multiply_tile`, whose callers give each thread elements of its own.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// One tile of a product: all rows of `left`, some columns of `right` and `out`, which have `n` columns in all.
///
/// # Safety
/// `out` must point to `left.rows` rows of `n` elements, of which nobody else may use those in `columns`.
unsafe fn multiply_tile(
    left: Matrix<'_>,
    right: &[f32],
    n: usize,
    out: Shared,
    columns: Range<usize>,
    around: Around<'_>,
    masked: &mut Vec<f32>,
) {
    let (m, k, width) = (left.rows, left.columns, columns.len());
    // SAFETY: row `i` < `m` of the tile lies inside what the caller vouches for, and rows do not overlap.
    let row = |i: usize| unsafe {
        std::slice::from_raw_parts_mut(out.0.add(i * n + columns.start), width)
    };
    if let Some(bias) = around.bias {
        bias.iter().enumerate().for_each(|(i, b)| row(i).fill(*b));
    }
    let (right, stride) = match around.mask {
        Some(mask) => {
            masked.resize(k * width, 0.0);
            for (l, masked) in masked.chunks_mut(width).enumerate() {
                let at = l * n + columns.start;
                mask.apply(at, &right[at..at + width], masked);
            }
            (&masked[..], width)
        }
        None => (&right[columns.start.min(right.len())..], n),
    };
    if k > 0 {
        assert!((k - 1) * stride + width <= right.len(), "right-hand side");
        // SAFETY: `Matrix` guarantees `m` × `k` elements of `left` with these strides; the assertion above covers
        // `right`; the caller vouches for `out`, which is borrowed exclusively and so overlaps neither.
        unsafe {
            gemm::gemm(
                m,
                width,
                k,
                out.0.add(columns.start),
                1,
                n as isize,
                around.add || around.bias.is_some(),
                left.values.as_ptr(),
                left.column_stride as isize,
                left.row_stride as isize,
                right.as_ptr(),
                1,
                stride as isize,
                1.0f32,
                1.0f32,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    } else if !around.add && around.bias.is_none() {
        (0..m).for_each(|i| row(i).fill(0.0));
    }
    if let Some(ceiling) = around.ceiling {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for i in 0..m {
                    row(i).iter_mut().for_each(|v| *v = v.clamp(0.0, ceiling));
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| (((i + seed) * 7919) % 1013) as f32 / 506.5 - 1.0)
            .collect()
    }

    #[test]
    fn agrees_with_the_triple_loop_at_awkward_sizes() {
        let sizes = [
            (1, 1, 1),
            (3, 5, 7),
            (17, 33, 65),
            (1, 100, 9),
            (40, 1, 130),
            (5, 4, 0),
            (0, 4, 3),
            (7, 2000, 5),
            (130, 1025, 3),
        ];
        for (m, n, k) in sizes {
            for case in 0..16 {
                let [transpose, add, masks, limits] = [0, 1, 2, 3].map(|bit| case >> bit & 1 == 1);
                let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m, 5));
                let (mask, ceiling) = (numbers(k * n, 4), 0.6);
                let mut out = numbers(m * n, 3);
                let at = |i: usize, l: usize| {
                    if transpose {
                        a[l * m + i]
                    } else {
                        a[i * k + l]
                    }
                };
                let open = |i: usize| !masks || mask[i] > 0.0 && mask[i] < ceiling;
                let mut expected = vec![0.0; m * n];
                for i in 0..m {
                    for j in 0..n {
                        let start = if add { out[i * n + j] } else { bias[i] };
                        let terms = (0..k).filter(|l| open(l * n + j));
                        let sum: f64 = terms
                            .map(|l| f64::from(at(i, l)) * f64::from(b[l * n + j]))
                            .sum();
                        let value = f64::from(start) + sum;
                        expected[i * n + j] = if limits { value.clamp(0.0, 0.5) } else { value };
                    }
                }
                let left = if transpose {
                    Matrix::row_major(&a, k, m).transposed()
                } else {
                    Matrix::row_major(&a, m, k)
                };
                let around = Around {
                    bias: (!add).then_some(&bias[..]),
                    ceiling: limits.then_some(0.5),
                    mask: masks.then_some(Mask {
                        output: &mask,
                        ceiling,
                    }),
                    add,
                };
                if k == 0 {
                    // Without inner elements the width of the right-hand side cannot be told.
                    continue;
                }
                multiply(left, &b, &mut out, around);
                for (o, e) in out.iter().zip(&expected) {
                    assert!(
                        (f64::from(*o) - e).abs() < 1e-5 * (k as f64 + 1.0),
                        "{m}x{n}x{k} case {case}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        let (m, n, k) = (67, 1500, 33);
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let run = |threads: usize| {
            let mut out = vec![0.0; m * n];
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| multiply(Matrix::row_major(&a, m, k), &b, &mut out, Around::default()));
            out
        };
        assert_eq!(run(1), run(3));
    }
}
