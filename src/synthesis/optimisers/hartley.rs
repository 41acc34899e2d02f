//! The orthonormal discrete Hartley transform of a sound, or of each plane of a picture.
//!
//! Entry (j, k) of a plane is Σ x[y, t] · (cos + sin)(2π (jy / height + kt / width)) / √(height · width): a real spectrum of
//! as many values as the plane has, each the amplitude of waves of one frequency in one direction (R. N. Bracewell, J. Opt.
//! Soc. Am. 73, 1983). The transform is orthonormal: a gradient with respect to the stimulus becomes one with respect to
//! the spectrum by the transform itself, and a change of the spectrum one of the stimulus by its inverse.

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
    room: Room,
}

struct Room {
    /// Two planes at a time, as real and imaginary parts.
    pair: Vec<Complex<f32>>,
    /// Its columns as rows.
    turned: Vec<Complex<f32>>,
    /// A row of the spectrum from its end.
    mirrored: Vec<Complex<f32>>,
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
        let room = |n| vec![Complex::default(); n];
        Self {
            planes: shape.iter().product::<usize>() / plane.max(1),
            height,
            width,
            rows,
            columns,
            room: Room {
                pair: room(plane),
                turned: room(if height > 1 { plane } else { 0 }),
                mirrored: room(height.max(width)),
                scratch: room(scratch),
            },
        }
    }

    /// From stimulus to spectrum, in place. In each plane of the spectrum the horizontal frequencies come first: entry
    /// (k, j), `width` rows of `height`. Turning it back would take time and serve nobody.
    pub fn forward(&mut self, values: &mut [f32]) {
        let (rows, columns) = (&*self.rows, &*self.columns);
        self.room
            .transform(values, self.height, self.width, rows, columns);
    }

    /// From spectrum to stimulus, in place: what [`Self::forward`] undoes, up to rounding.
    pub fn back(&mut self, values: &mut [f32]) {
        let (rows, columns) = (&*self.rows, &*self.columns);
        self.room
            .transform(values, self.width, self.height, columns, rows);
    }

    /// The frequency of every entry of a spectrum, in cycles per length of the stimulus (per side of a square picture).
    pub fn frequencies(&self) -> Vec<f32> {
        let folded = |k: usize, n: usize| k.min(n - k) as f32;
        let (height, width) = (self.height, self.width);
        let plane = (0..width)
            .flat_map(|k| (0..height).map(move |j| folded(j, height).hypot(folded(k, width))));
        let plane: Vec<f32> = plane.collect();
        plane.repeat(self.planes)
    }
}

impl Room {
    /// Planes of `height` rows of `width` become spectra of `width` rows of `height`.
    fn transform(
        &mut self,
        values: &mut [f32],
        height: usize,
        width: usize,
        rows: &dyn Fft<f32>,
        columns: &dyn Fft<f32>,
    ) {
        let plane = height * width;
        for two in values.chunks_mut(2 * plane) {
            let (first, second) = two.split_at_mut(plane);
            if second.is_empty() {
                let parts = self.pair.iter_mut().zip(&*first);
                parts.for_each(|(z, re)| *z = Complex::new(*re, 0.0));
            } else {
                let parts = self.pair.iter_mut().zip(first.iter().zip(&*second));
                parts.for_each(|(z, (re, im))| *z = Complex::new(*re, *im));
            }
            // A line turned is a line.
            let (spectrum, n) = if height == 1 || width == 1 {
                let line = if height == 1 { rows } else { columns };
                line.process_with_scratch(&mut self.pair, &mut self.scratch);
                (&self.pair, plane)
            } else {
                rows.process_with_scratch(&mut self.pair, &mut self.scratch);
                transpose(&self.pair, &mut self.turned, height, width);
                columns.process_with_scratch(&mut self.turned, &mut self.scratch);
                (&self.turned, height)
            };
            cosines_and_sines(spectrum, n, &mut self.mirrored[..n], first, second);
        }
    }
}

/// Orthonormal Hartley transforms of the real and of the imaginary part, from their Fourier transform in rows of `n`.
///
/// With z the transform's entry for a frequency and m that for its negative, the cosines are half of z + m and the sines
/// half of (m − z) / i; the two parts do not mix.
fn cosines_and_sines(
    spectrum: &[Complex<f32>],
    n: usize,
    mirrored: &mut [Complex<f32>],
    first: &mut [f32],
    second: &mut [f32],
) {
    let half = 0.5 / (spectrum.len() as f32).sqrt();
    let rows = spectrum.len() / n;
    for (k, row) in spectrum.chunks_exact(n).enumerate() {
        let opposite = &spectrum[(rows - k) % rows * n..][..n];
        mirrored[0] = opposite[0];
        for (m, z) in mirrored[1..].iter_mut().rev().zip(&opposite[1..]) {
            *m = *z;
        }
        let entries = row.iter().zip(&*mirrored);
        let real = |(z, m): (&Complex<f32>, &Complex<f32>)| (z.re + m.re + (m.im - z.im)) * half;
        let imaginary =
            |(z, m): (&Complex<f32>, &Complex<f32>)| (z.im + m.im + (z.re - m.re)) * half;
        for (v, entry) in first[k * n..][..n].iter_mut().zip(entries.clone()) {
            *v = real(entry);
        }
        if !second.is_empty() {
            for (v, entry) in second[k * n..][..n].iter_mut().zip(entries) {
                *v = imaginary(entry);
            }
        }
    }
}

/// Sides of the squares in which a plane is turned, so that no line of the cache is fetched twice.
const SQUARE: usize = 16;

/// `height` rows of `width` become `width` rows of `height`.
fn transpose(from: &[Complex<f32>], to: &mut [Complex<f32>], height: usize, width: usize) {
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
    use std::f64::consts::TAU;

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        Random::new(seed, Purpose::Start).normals(n, 0.0, 1.0)
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
    }

    #[test]
    fn the_transform_is_its_definition() {
        let turns = |k: usize, t: usize, n: usize| (k * t % n) as f64 / n as f64;
        // The second has a plane without a partner, and more than one square to turn, the last of them not full.
        for [planes, height, width] in [[2, 4, 7], [1, 19, 21], [3, 17, 16], [2, 1, 9], [1, 8, 1]] {
            let x = noise(planes * height * width, 1);
            let mut spectrum = x.clone();
            Hartley::new(&[planes, height, width]).forward(&mut spectrum);
            for (i, found) in spectrum.iter().enumerate() {
                let (p, k, j) = (i / (height * width), i / height % width, i % height);
                let mut sum = 0.0;
                for y in 0..height {
                    for t in 0..width {
                        let v = f64::from(x[(p * height + y) * width + t]);
                        let angle = TAU * (turns(j, y, height) + turns(k, t, width));
                        sum += v * (angle.cos() + angle.sin());
                    }
                }
                let sum = sum / ((height * width) as f64).sqrt();
                assert!((sum - f64::from(*found)).abs() < 1e-5, "{i}: {sum} {found}");
            }
        }
    }

    #[test]
    fn it_is_orthonormal_and_undone_by_its_inverse_and_transpose() {
        for shape in [vec![3, 12, 10], vec![1, 5, 5], vec![21], vec![64], vec![1]] {
            let n = shape.iter().product();
            let (x, y) = (noise(n, 1), noise(n, 2));
            let mut hartley = Hartley::new(&shape);
            let (mut hx, mut by) = (x.clone(), y.clone());
            hartley.forward(&mut hx);
            hartley.back(&mut by);
            assert!((dot(&hx, &y) - dot(&x, &by)).abs() < 1e-3, "{shape:?}");
            assert!(
                (dot(&hx, &hx) / dot(&x, &x) - 1.0).abs() < 1e-5,
                "{shape:?}"
            );
            hartley.back(&mut hx);
            assert!(
                x.iter().zip(&hx).all(|(a, b)| (a - b).abs() < 1e-5),
                "{shape:?}"
            );
        }
    }

    #[test]
    fn a_wave_is_found_at_its_frequency_and_in_its_direction() {
        let mut hartley = Hartley::new(&[1, 8, 8]);
        // Three cycles to the right and two down.
        let wave =
            |i: usize| (std::f32::consts::TAU * (3 * (i % 8) + 2 * (i / 8)) as f32 / 8.0).cos();
        let mut x: Vec<f32> = (0..64).map(wave).collect();
        hartley.forward(&mut x);
        let f = hartley.frequencies();
        for (i, v) in x.iter().enumerate() {
            let there = [3 * 8 + 2, 5 * 8 + 6].contains(&i);
            assert_eq!(v.abs() > 1e-5, there, "{v} at {i}");
            assert!(!there || (f[i] - 13f32.sqrt()).abs() < 1e-6, "{}", f[i]);
        }
    }
}
