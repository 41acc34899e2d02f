//! The orthonormal discrete Hartley transform of a sound, or of each plane of a picture.
//!
//! Entry k of a row of n is Σ x[t] · (cos + sin)(2πkt/n) / √n: a real spectrum of as many values as the signal has, whose
//! entries k and n − k hold the frequency of min(k, n − k) cycles. Along the rows and then the columns of a plane (R. N.
//! Bracewell, J. Opt. Soc. Am. 73, 1983). The transform is symmetric and orthonormal, so it is its own inverse and its
//! own transpose: a gradient with respect to the stimulus becomes one with respect to the spectrum by the same call.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Transforms of one shape, with room to work in.
pub struct Hartley {
    planes: usize,
    height: usize,
    width: usize,
    rows: Arc<dyn Fft<f32>>,
    columns: Arc<dyn Fft<f32>>,
    /// A plane's columns as rows.
    turned: Vec<f32>,
    /// Two lines at a time, as real and imaginary parts.
    pair: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Hartley {
    /// For stimuli of a shape; its last two sizes make up a plane, where it has two.
    pub fn new(shape: &[usize]) -> Self {
        let [height, width] = match *shape {
            [.., height, width] => [height, width],
            [n] => [1, n],
            [] => [1, 1],
        };
        let plane = height * width;
        let mut planner = FftPlanner::new();
        let (rows, columns) = (
            planner.plan_fft_forward(width),
            planner.plan_fft_forward(height),
        );
        let scratch = rows
            .get_inplace_scratch_len()
            .max(columns.get_inplace_scratch_len());
        Self {
            planes: shape.iter().product::<usize>() / plane.max(1),
            height,
            width,
            rows,
            columns,
            turned: vec![0.0; if height > 1 { plane } else { 0 }],
            pair: vec![Complex::default(); width.max(height)],
            scratch: vec![Complex::default(); scratch],
        }
    }

    /// The transform in place; applied twice it gives back what was there, up to rounding.
    pub fn apply(&mut self, values: &mut [f32]) {
        let (height, width) = (self.height, self.width);
        let (pair, scratch) = (&mut self.pair, &mut self.scratch);
        lines(&*self.rows, values, width, pair, scratch);
        if height > 1 {
            for plane in values.chunks_exact_mut(height * width) {
                transpose(plane, &mut self.turned, height, width);
                lines(&*self.columns, &mut self.turned, height, pair, scratch);
                transpose(&self.turned, plane, width, height);
            }
        }
    }

    /// The frequency of every entry, in cycles per length of the stimulus (per side of a square picture).
    pub fn frequencies(&self) -> Vec<f32> {
        let folded = |k: usize, n: usize| k.min(n - k) as f32;
        let (height, width) = (self.height, self.width);
        let plane = (0..height)
            .flat_map(|y| (0..width).map(move |x| folded(y, height).hypot(folded(x, width))));
        let plane: Vec<f32> = plane.collect();
        plane.repeat(self.planes)
    }
}

/// Orthonormal Hartley transforms of the lines of `n`, two by two: the real and imaginary parts of one Fourier transform.
fn lines(
    fourier: &dyn Fft<f32>,
    values: &mut [f32],
    n: usize,
    pair: &mut [Complex<f32>],
    scratch: &mut [Complex<f32>],
) {
    let pair = &mut pair[..n];
    let scale = 1.0 / (n as f32).sqrt();
    for two in values.chunks_mut(2 * n) {
        let (first, second) = two.split_at_mut(n);
        if second.is_empty() {
            let parts = pair.iter_mut().zip(&*first);
            parts.for_each(|(z, re)| *z = Complex::new(*re, 0.0));
        } else {
            let parts = pair.iter_mut().zip(first.iter().zip(&*second));
            parts.for_each(|(z, (re, im))| *z = Complex::new(*re, *im));
        }
        fourier.process_with_scratch(pair, scratch);
        // Entry k is half of z[k] + z[n − k], its cosines, and half of (z[n − k] − z[k]) / i, its sines.
        let mirrored = pair.iter().skip(1).rev();
        let mirrored = pair.first().into_iter().chain(mirrored);
        let entries = pair.iter().zip(mirrored).map(|(here, mirror)| {
            let (cosines, difference) = (here + mirror, mirror - here);
            let entry = cosines + Complex::new(difference.im, -difference.re);
            entry * (0.5 * scale)
        });
        if second.is_empty() {
            first.iter_mut().zip(entries).for_each(|(v, z)| *v = z.re);
        } else {
            let both = first.iter_mut().zip(second);
            both.zip(entries)
                .for_each(|((a, b), z)| (*a, *b) = (z.re, z.im));
        }
    }
}

/// Sides of the squares in which a plane is turned, so that no line of the cache is fetched twice.
const SQUARE: usize = 16;

/// `height` rows of `width` become `width` rows of `height`.
fn transpose(from: &[f32], to: &mut [f32], height: usize, width: usize) {
    for top in (0..height).step_by(SQUARE) {
        let rows = top..(top + SQUARE).min(height);
        for left in (0..width).step_by(SQUARE) {
            for x in left..(left + SQUARE).min(width) {
                let column = &mut to[x * height..][rows.clone()];
                for (v, y) in column.iter_mut().zip(rows.clone()) {
                    *v = from[y * width + x];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        Random::new(seed, Purpose::Start).normals(n, 0.0, 1.0)
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
    }

    #[test]
    fn the_transform_is_its_definition() {
        let cas = |k: usize, t: usize, n: usize| {
            let angle = std::f64::consts::TAU * (k * t) as f64 / n as f64;
            (angle.cos() + angle.sin()) / (n as f64).sqrt()
        };
        // The second has an odd number of lines, and more than one square to turn, the last of them not full.
        for [planes, height, width] in [[2, 4, 7], [1, 19, 21], [3, 17, 16]] {
            let x = noise(planes * height * width, 1);
            let mut spectrum = x.clone();
            Hartley::new(&[planes, height, width]).apply(&mut spectrum);
            for (i, found) in spectrum.iter().enumerate() {
                let (p, ky, kx) = (i / (height * width), i / width % height, i % width);
                let mut sum = 0.0;
                for y in 0..height {
                    for t in 0..width {
                        let v = f64::from(x[(p * height + y) * width + t]);
                        sum += v * cas(ky, y, height) * cas(kx, t, width);
                    }
                }
                assert!((sum - f64::from(*found)).abs() < 1e-5, "{i}: {sum} {found}");
            }
        }
    }

    #[test]
    fn it_is_orthonormal_symmetric_and_its_own_inverse() {
        for shape in [vec![3, 12, 10], vec![1, 5, 5], vec![21], vec![64], vec![1]] {
            let n = shape.iter().product();
            let (x, y) = (noise(n, 1), noise(n, 2));
            let mut hartley = Hartley::new(&shape);
            let mut through = |v: &[f32]| {
                let mut v = v.to_vec();
                hartley.apply(&mut v);
                v
            };
            let (hx, hy) = (through(&x), through(&y));
            assert!((dot(&hx, &y) - dot(&x, &hy)).abs() < 1e-3, "{shape:?}");
            assert!(
                (dot(&hx, &hx) / dot(&x, &x) - 1.0).abs() < 1e-5,
                "{shape:?}"
            );
            let back = through(&hx);
            assert!(
                x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-5),
                "{shape:?}"
            );
        }
    }

    #[test]
    fn a_wave_is_found_at_its_frequency() {
        let mut hartley = Hartley::new(&[1, 8, 8]);
        let wave = |i: usize| (std::f32::consts::TAU * (3 * (i % 8)) as f32 / 8.0).cos();
        let mut x: Vec<f32> = (0..64).map(wave).collect();
        hartley.apply(&mut x);
        for (v, f) in x.iter().zip(hartley.frequencies()) {
            assert!(v.abs() < 1e-5 || f == 3.0, "{v} at {f}");
        }
    }
}
