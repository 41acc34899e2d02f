//! The orthonormal discrete Hartley transform of a sound, or of each plane of a picture.
//!
//! Entry (j, k) of a plane is Σ x[y, t] · (cos + sin)(2π (jy / height + kt / width)) / √(height · width): a real spectrum of
//! as many values as the plane has, each the amplitude of waves of one frequency in one direction (R. N. Bracewell, J. Opt.
//! Soc. Am. 73, 1983). The transform is orthonormal: a gradient with respect to the stimulus becomes one with respect to
//! the spectrum by the transform itself, and a change of the spectrum one of the stimulus by its inverse.

use crate::cpu::wide::wide;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Height and width of a stimulus's planes: its last two sizes, where it has two.
pub(in crate::synthesis) fn sides(shape: &[usize]) -> [usize; 2] {
    match *shape {
        [.., height, width] => [height, width],
        [n] => [1, n],
        [] => [1, 1],
    }
}

/// Transforms of one shape, with room to work in.
pub struct Hartley {
    height: usize,
    width: usize,
    rows: Arc<dyn Fft<f32>>,
    columns: Arc<dyn Fft<f32>>,
    /// One for every plane.
    rooms: Vec<Room>,
}

impl Hartley {
    /// For stimuli of a shape.
    pub fn new(shape: &[usize]) -> Self {
        let [height, width] = sides(shape);
        let plane = height * width;
        let planes = shape.iter().product::<usize>() / plane.max(1);
        let mut planner = FftPlanner::new();
        let rows = planner.plan_fft_forward(width);
        let columns = planner.plan_fft_forward(height);
        let scratch = rows
            .get_inplace_scratch_len()
            .max(columns.get_inplace_scratch_len());
        // On the way back height and width change places.
        let [band, turned] = if height == 1 || width == 1 {
            [plane, 0]
        } else {
            let lower = |height, width| (width / 2 + 1) * (height - upper(height));
            let band = BAND / 2 * height.max(width);
            [band, lower(height, width).max(lower(width, height))]
        };
        let hand = |_| Hand {
            band: vec![Complex::default(); band],
            scratch: vec![Complex::default(); scratch],
        };
        let rooms = (0..planes).map(|_| Room {
            hands: [0, 1].map(hand),
            turned: [0, 1].map(|_| vec![Complex::default(); turned]),
        });
        Self {
            height,
            width,
            rooms: rooms.collect(),
            rows,
            columns,
        }
    }

    /// From stimulus to spectrum. In each plane of the spectrum the horizontal frequencies come first: entry (k, j),
    /// `width` rows of `height`. Turning it back would take time and serve nobody.
    pub fn forward(&mut self, stimulus: &[f32], spectrum: &mut [f32]) {
        let (along, sizes) = ([&*self.rows, &*self.columns], [self.height, self.width]);
        let (rooms, put) = (&mut self.rooms, |_, new| new);
        transform(stimulus, spectrum, sizes, along, rooms, put);
    }

    /// From spectrum to stimulus: what [`Self::forward`] undoes, up to rounding. Every value of the stimulus becomes
    /// `put` of what it was and what it is in the transform.
    pub fn back(
        &mut self,
        spectrum: &[f32],
        stimulus: &mut [f32],
        put: impl Fn(f32, f32) -> f32 + Copy + Sync,
    ) {
        let (along, sizes) = ([&*self.columns, &*self.rows], [self.width, self.height]);
        transform(spectrum, stimulus, sizes, along, &mut self.rooms, put);
    }

    /// The frequency of every entry of a spectrum, in cycles per length of the stimulus (per side of a square picture).
    pub fn frequencies(&self) -> Vec<f32> {
        let folded = |k: usize, n: usize| k.min(n - k) as f32;
        let (height, width) = (self.height, self.width);
        let plane = (0..width)
            .flat_map(|k| (0..height).map(move |j| folded(j, height).hypot(folded(k, width))));
        let plane: Vec<f32> = plane.collect();
        plane.repeat(self.rooms.len())
    }
}

/// Planes of `height` rows of `width` become spectra of `width` rows of `height`, by Fourier transforms along rows and
/// columns.
fn transform(
    from: &[f32],
    to: &mut [f32],
    [height, width]: [usize; 2],
    along: [&dyn Fft<f32>; 2],
    rooms: &mut [Room],
    put: impl Fn(f32, f32) -> f32 + Copy + Sync,
) {
    let plane = height * width;
    let parts = from.par_chunks(plane).zip(to.par_chunks_mut(plane));
    parts.zip(rooms).for_each(|((from, to), room)| {
        if height == 1 || width == 1 {
            room.line(from, to, along[usize::from(width == 1)], put);
        } else {
            room.plane(from, to, width, along, put);
        }
    });
}

/// Rows of a plane that are transformed and turned before the next, while they are in the nearest cache. An even number.
const BAND: usize = 16;

/// How many of a plane's rows are the upper half: whole bands.
fn upper(height: usize) -> usize {
    height / 2 / BAND * BAND
}

/// Memory for a plane on its way, whose two halves two threads can take.
struct Room {
    hands: [Hand; 2],
    /// Columns of the transformed rows of the upper half and of the lower, as rows; none of a line.
    turned: [Vec<Complex<f32>>; 2],
}

/// What a thread works in.
struct Hand {
    /// A few rows, before and after their transform, and then a column; all of a line.
    band: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Room {
    /// A line, which turned is a line.
    ///
    /// With z the Fourier transform's entry for a frequency, the cosines are its real part, and the sines its imaginary
    /// part with the other sign.
    fn line(
        &mut self,
        from: &[f32],
        to: &mut [f32],
        along: &dyn Fft<f32>,
        put: impl Fn(f32, f32) -> f32 + Copy,
    ) {
        let Hand { band, scratch } = &mut self.hands[0];
        let scale = 1.0 / (from.len() as f32).sqrt();
        pair(from, &[], band);
        along.process_with_scratch(band, scratch);
        wide(
            #[inline(always)]
            || each(band, to, put, move |z| (z.re - z.im) * scale),
        );
    }

    /// A plane: of what is real, two rows are transformed as real and imaginary parts of one, and of every two columns
    /// that are then each other's conjugates, one.
    fn plane(
        &mut self,
        from: &[f32],
        to: &mut [f32],
        width: usize,
        [rows, columns]: [&dyn Fft<f32>; 2],
        put: impl Fn(f32, f32) -> f32 + Copy + Sync,
    ) {
        let height = from.len() / width;
        let ([one, other], [above, below]) = (&mut self.hands, &mut self.turned);
        let halves = from.split_at(upper(height) * width);
        rayon::join(
            || one.rows(halves.0, above, width, rows),
            || other.rows(halves.1, below, width, rows),
        );

        // The first half of the columns that are transformed, the second, and the opposites of each from the end.
        let whole = width / 2 + 1;
        let half = whole / 2;
        let (all, opposites) = to.split_at_mut(whole * height);
        let (first, second) = all.split_at_mut(half * height);
        // The first column is its own opposite.
        let opposites = opposites.split_at_mut((width - whole - (half - 1)) * height);
        let turned = [&above[..], &below[..]];
        // The columns are twice what they should be.
        let scale = 0.5 / (from.len() as f32).sqrt();
        let job = (columns, scale, put);
        rayon::join(
            || one.columns(0, turned, [first, opposites.1], height, job),
            || other.columns(half, turned, [second, opposites.0], height, job),
        );
    }
}

impl Hand {
    /// Transforms rows of a plane, and turns them.
    fn rows(
        &mut self,
        from: &[f32],
        turned: &mut [Complex<f32>],
        width: usize,
        along: &dyn Fft<f32>,
    ) {
        let height = from.len() / width;
        for (index, from) in from.chunks(BAND * width).enumerate() {
            let count = from.len() / width;
            let band = &mut self.band[..count.div_ceil(2) * width];
            for (two, row) in from.chunks(2 * width).zip(band.chunks_mut(width)) {
                let (even, odd) = two.split_at(width);
                pair(even, odd, row);
            }
            along.process_with_scratch(band, &mut self.scratch);
            let columns = turned.chunks_mut(height);
            for (k, column) in columns.enumerate().take(width / 2 + 1) {
                part(band, width, k, &mut column[index * BAND..][..count]);
            }
        }
    }

    /// Transforms columns, the first of which is column `from`, into rows of the spectrum, and into those of their
    /// opposites, which go from the last to the first.
    fn columns(
        &mut self,
        from: usize,
        turned: [&[Complex<f32>]; 2],
        [to, opposites]: [&mut [f32]; 2],
        height: usize,
        (along, scale, put): (&dyn Fft<f32>, f32, impl Fn(f32, f32) -> f32 + Copy),
    ) {
        let mut opposites = opposites.rchunks_exact_mut(height);
        let column = &mut self.band[..height];
        for (k, row) in (from..).zip(to.chunks_exact_mut(height)) {
            let (above, below) = column.split_at_mut(upper(height));
            above.copy_from_slice(&turned[0][k * above.len()..][..above.len()]);
            below.copy_from_slice(&turned[1][k * below.len()..][..below.len()]);
            along.process_with_scratch(column, &mut self.scratch);
            wide(
                #[inline(always)]
                || each(column, row, put, move |z| (z.re - z.im) * scale),
            );
            // The first column is its own opposite and, of an even number, the middle one, where there are none left.
            if k > 0
                && let Some(row) = opposites.next()
            {
                column[1..].reverse();
                wide(
                    #[inline(always)]
                    || each(column, row, put, move |z| (z.re + z.im) * scale),
                );
            }
        }
    }
}

/// Two rows of real numbers become real and imaginary parts of one. Without the second, imaginary parts are zero.
fn pair(re: &[f32], im: &[f32], to: &mut [Complex<f32>]) {
    if im.is_empty() {
        to.iter_mut().zip(re).for_each(|(z, re)| *z = (*re).into());
        return;
    }
    wide(
        #[inline(always)]
        || {
            let parts = to.iter_mut().zip(re.iter().zip(im));
            parts.for_each(|(z, (re, im))| *z = Complex::new(*re, *im));
        },
    );
}

/// Takes the transforms of paired rows apart: column `k` of twice the transforms of the single rows.
fn part(paired: &[Complex<f32>], width: usize, k: usize, column: &mut [Complex<f32>]) {
    let opposite = (width - k) % width;
    let mut rows = paired.chunks_exact(width);
    let (twos, last) = column.as_chunks_mut::<2>();
    for (two, row) in twos.iter_mut().zip(&mut rows) {
        *two = apart(row[k], row[opposite]);
    }
    if let ([last], Some(row)) = (last, rows.next()) {
        *last = apart(row[k], row[opposite])[0];
    }
}

/// Twice an entry of the transform of even rows, and of odd ones, from the two in which they are one.
#[inline(always)]
fn apart(z: Complex<f32>, opposite: Complex<f32>) -> [Complex<f32>; 2] {
    let a = [z.re, z.im, z.im, -z.re];
    let b = [opposite.re, -opposite.im, opposite.im, opposite.re];
    let sums: [f32; 4] = std::array::from_fn(|i| a[i] + b[i]);
    [
        Complex::new(sums[0], sums[1]),
        Complex::new(sums[2], sums[3]),
    ]
}

/// Puts `entry(row[j])` to `to[j]`.
#[inline(always)]
fn each(
    row: &[Complex<f32>],
    to: &mut [f32],
    put: impl Fn(f32, f32) -> f32,
    entry: impl Fn(&Complex<f32>) -> f32,
) {
    let to = to.iter_mut().zip(row);
    to.for_each(|(v, z)| *v = put(*v, entry(z)));
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
        // Some have more than one band, the last of them not full, or two halves, of an odd and of an even height.
        for [planes, height, width] in [
            [2, 4, 7],
            [1, 19, 21],
            [3, 17, 16],
            [2, 1, 9],
            [1, 8, 1],
            [1, 2, 2],
            [1, 45, 3],
            [2, 34, 38],
        ] {
            let x = noise(planes * height * width, 1);
            let mut spectrum = vec![f32::NAN; x.len()];
            Hartley::new(&[planes, height, width]).forward(&x, &mut spectrum);
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
            let (mut hx, mut by) = (vec![0.0; n], vec![0.0; n]);
            hartley.forward(&x, &mut hx);
            hartley.back(&y, &mut by, |_, new| new);
            assert!((dot(&hx, &y) - dot(&x, &by)).abs() < 1e-3, "{shape:?}");
            assert!(
                (dot(&hx, &hx) / dot(&x, &x) - 1.0).abs() < 1e-5,
                "{shape:?}"
            );
            // What was there counts once, at whatever frequency.
            let mut twice = x.clone();
            hartley.back(&hx, &mut twice, |old, new| old + new);
            assert!(
                x.iter()
                    .zip(&twice)
                    .all(|(a, b)| (2.0 * a - b).abs() < 1e-5),
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
        let wave: Vec<f32> = (0..64).map(wave).collect();
        let mut x = vec![0.0; 64];
        hartley.forward(&wave, &mut x);
        let f = hartley.frequencies();
        for (i, v) in x.iter().enumerate() {
            let there = [3 * 8 + 2, 5 * 8 + 6].contains(&i);
            assert_eq!(v.abs() > 1e-5, there, "{v} at {i}");
            assert!(!there || (f[i] - 13f32.sqrt()).abs() < 1e-6, "{}", f[i]);
        }
    }
}
