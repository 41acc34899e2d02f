//! Pooling by a smooth window instead of a square one, so that what is thinned out has little left to fold over.

use super::{FrozenLayer, Window, image_shape, only, only_shape};
use crate::{Error, Result};
use candle_core::{DType, Tensor};

/// The sum of what the window sees, weighted by the product of a Hann window down and one across; padding is zeros and
/// stays in the sum, so edges come out smaller (as in the "reduced aliasing" networks of Feather et al. 2019).
#[derive(Clone, Debug, PartialEq)]
pub struct HannPool {
    /// How the window slides.
    pub window: Window,
    /// Weights down the window.
    rows: Vec<f64>,
    /// Weights across the window.
    columns: Vec<f64>,
}

impl HannPool {
    /// The layer for a window; `square_root` takes the root of every weight and `normalise` then divides them by their
    /// sum.
    ///
    /// # Errors
    /// For a side of two points: both are zero, and so is their sum.
    pub fn new(window: Window, square_root: bool, normalise: bool) -> Result<Self> {
        if window.kernel.contains(&2) {
            return Err(Error::value(
                "Hann window",
                "one of two points is zero everywhere; it takes one point, or three and more",
            ));
        }
        let side = |n: usize| {
            let mut weights = hann(n);
            if square_root {
                weights.iter_mut().for_each(|w| *w = w.sqrt());
            }
            let sum: f64 = weights.iter().sum();
            if normalise {
                weights.iter_mut().for_each(|w| *w /= sum);
            }
            weights
        };
        Ok(Self {
            window,
            rows: side(window.kernel[0]),
            columns: side(window.kernel[1]),
        })
    }

    /// Weights down and across the window.
    pub fn weights(&self) -> [&[f64]; 2] {
        [&self.rows, &self.columns]
    }

    /// The weights of every position in the window, with the position.
    fn taps(&self) -> impl Iterator<Item = ([usize; 2], f64)> {
        self.window
            .taps()
            .map(|[i, j]| ([i, j], self.rows[i] * self.columns[j]))
            // The window's ends are zero.
            .filter(|(_, weight)| *weight != 0.0)
    }
}

/// `n` points of ½(1 − cos 2πi/(n − 1)), the zeros at both ends included; a single point is 1, so that an axis that is
/// not pooled stays as it is.
fn hann(n: usize) -> Vec<f64> {
    if n == 1 {
        return vec![1.0];
    }
    (0..n)
        .map(|i| 0.5 * (1.0 - (std::f64::consts::TAU * i as f64 / (n - 1) as f64).cos()))
        .enumerate()
        // cos 2π is not 1 to the last bit.
        .map(|(i, w)| if i == 0 || i == n - 1 { 0.0 } else { w })
        .collect()
}

impl FrozenLayer for HannPool {
    fn kind(&self) -> &'static str {
        "hann pool"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [c, h, w] = image_shape(only_shape(inputs)?, "pooling")?;
        let [h, w] = self.window.output([h, w])?;
        Ok(vec![c, h, w])
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let (n, c, h, w) = x.dims4()?;
        let out = self.window.output([h, w])?;
        let padded = self.window.pad(x, 0.0)?;
        let mut sum = Tensor::zeros((n, c, out[0], out[1]), x.dtype(), x.device())?;
        for (tap, weight) in self.taps() {
            sum = (sum + (self.window.see(&padded, tap, out)? * weight)?)?;
        }
        Ok(sum)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = only(inputs)?.dims4()?;
        let size = self.window.padded([h, w]);
        let dtype: DType = cotangent.dtype();
        let mut dx = Tensor::zeros((n, c, size[0], size[1]), dtype, cotangent.device())?;
        for (tap, weight) in self.taps() {
            let share = (cotangent * weight)?;
            dx = (dx + self.window.unsee(&share, tap, size)?)?;
        }
        Ok(vec![self.window.unpad(&dx, [h, w])?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::gradient_check::check;
    use super::super::{Layer, Padding};
    use super::*;

    #[test]
    fn pullbacks_agree_with_central_differences() {
        let same = |kernel, stride| Window {
            kernel,
            stride,
            padding: Padding::same([7, 6], kernel, stride),
        };
        for window in [
            same([5, 5], [2, 2]),
            same([9, 1], [2, 1]),
            same([4, 3], [3, 1]),
            Window::square(3, 2, Padding::default()),
        ] {
            for (root, normalise) in [(false, true), (true, true), (false, false)] {
                let pool = HannPool::new(window, root, normalise).unwrap();
                check(&Layer::HannPool(pool), &[&[2, 7, 6]]);
            }
        }
    }

    #[test]
    fn a_window_of_two_points_is_refused() {
        assert!(HannPool::new(Window::square(2, 2, Padding::default()), false, true).is_err());
    }

    #[test]
    fn the_window_has_its_zeros_at_the_ends_and_sums_to_one() {
        let pool = HannPool::new(Window::square(5, 1, Padding::default()), false, true).unwrap();
        for side in pool.weights() {
            for (weight, expected) in side.iter().zip([0.0, 0.25, 0.5, 0.25, 0.0]) {
                assert!((weight - expected).abs() < 1e-15);
            }
        }
        assert_eq!(hann(1), [1.0]);
        let root = HannPool::new(Window::square(5, 1, Padding::default()), true, false).unwrap();
        assert!((root.weights()[0][1] - 0.5f64.sqrt()).abs() < 1e-15);
    }
}
