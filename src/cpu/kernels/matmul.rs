//! A safe face for the `gemm` crate's matrix product.

#![allow(unsafe_code)]

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
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
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

/// `out = left · right`, or `out += left · right` when `add`; `out` is row-major.
///
/// # Panics
/// When the sizes do not fit.
pub fn multiply(left: Matrix<'_>, right: Matrix<'_>, out: &mut [f32], add: bool, threads: usize) {
    let (m, k, n) = (left.rows, left.columns, right.columns);
    assert_eq!(right.rows, k, "inner dimensions");
    assert_eq!(out.len(), m * n, "output size");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !add {
            out.fill(0.0);
        }
        return;
    }
    let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
    // SAFETY: the constructors of `Matrix` guarantee that rows × columns elements with these strides lie inside the
    // slices (a row-major matrix and its transpose), the assertions above that the three sizes agree, and `out` is
    // exclusively borrowed, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| (((i + seed) * 7919) % 1013) as f32 / 506.5 - 1.0).collect()
    }

    #[test]
    fn agrees_with_the_triple_loop_at_awkward_sizes() {
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (17, 33, 65), (1, 100, 9), (40, 1, 130), (5, 4, 0), (0, 4, 3)] {
            for threads in [1, 2] {
                for transpose in [false, true] {
                    for add in [false, true] {
                        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
                        let mut out = numbers(m * n, 3);
                        let mut expected: Vec<f64> =
                            out.iter().map(|v| if add { f64::from(*v) } else { 0.0 }).collect();
                        let at = |i: usize, l: usize| if transpose { a[l * m + i] } else { a[i * k + l] };
                        for i in 0..m {
                            for j in 0..n {
                                expected[i * n + j] +=
                                    (0..k).map(|l| f64::from(at(i, l)) * f64::from(b[l * n + j])).sum::<f64>();
                            }
                        }
                        let left = if transpose {
                            Matrix::row_major(&a, k, m).transposed()
                        } else {
                            Matrix::row_major(&a, m, k)
                        };
                        multiply(left, Matrix::row_major(&b, k, n), &mut out, add, threads);
                        for (o, e) in out.iter().zip(&expected) {
                            assert!((f64::from(*o) - e).abs() < 1e-5 * (k as f64 + 1.0), "{m}x{n}x{k}");
                        }
                    }
                }
            }
        }
    }
}
