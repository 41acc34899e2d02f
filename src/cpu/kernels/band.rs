//! Long Fourier transforms of which only a narrow band of bins matters, such as the channels of a filter bank.
//!
//! Of `n = M · D` points, sample `t = D·m + d` is `Σₖ aₖ · e^(2πi·kd/n) · e^(2πi·km/M)`: for each `d`, the bins are turned a
//! little and go through a transform of `M` points only, onto which bins beyond the `M`-th fold. Sixteen neighbouring
//! `d` lie in one lane. The turn of `d = 16·j + l` is one of `16·j`, the same for a whole lane, and one of `l`, the same
//! for all `j`.

use super::lanes::{LANES, Lane, Lanes};
use super::transform::{Pair, Places, Transform, radices, root, times};
use rustfft::num_complex::Complex;

/// Transforms from and to bands of one spectrum.
pub struct Bands {
    /// e^(−2πi·kl/n) for every place `l` of a lane: `[bin k]`.
    within: Vec<Pair>,
    lengths: Vec<Length>,
    /// For every band: its number of bins, and which of the lengths it goes through.
    bands: Vec<(usize, usize)>,
}

/// Transforms of `M` points.
struct Length {
    transform: Transform,
    /// `D / 16`.
    groups: usize,
    /// Bins of the widest band that goes through it.
    reach: usize,
    /// e^(−2πi·16jk/n): `[group j][bin k]`.
    turns: Vec<[f32; 2]>,
}

/// What one thread needs to work on a band.
#[derive(Default)]
pub struct Scratch {
    transform: Vec<Pair>,
    points: Vec<Pair>,
    bins: Vec<Pair>,
    turned: Vec<[f32; 2]>,
}

impl Bands {
    /// Plans transforms of `points` points for bands of so many bins; none where `points` is not 16 times a product of
    /// small primes.
    pub fn plan(points: usize, widths: &[usize]) -> Option<Self> {
        let outer = points / LANES;
        if !points.is_multiple_of(LANES) || radices(outer).is_none() {
            return None;
        }
        let divisors: Vec<usize> = (1..=outer).filter(|m| outer.is_multiple_of(*m)).collect();
        let mut lengths: Vec<Length> = Vec::new();
        let mut bands = Vec::with_capacity(widths.len());
        for width in widths {
            let best = divisors
                .iter()
                .min_by_key(|m| outer / **m * cost(**m, *width));
            let short = best.copied().unwrap_or(1);
            let found = lengths.iter().position(|l| l.transform.points() == short);
            let length = match found {
                Some(length) => length,
                None => {
                    lengths.push(Length {
                        transform: Transform::plan(short)?,
                        groups: outer / short,
                        reach: 0,
                        turns: vec![],
                    });
                    lengths.len() - 1
                }
            };
            lengths[length].reach = lengths[length].reach.max(*width);
            bands.push((*width, length));
        }
        let turn = |k: usize, d: usize| root(((k * d) % points) as f64 / points as f64);
        for length in &mut lengths {
            let (groups, reach) = (length.groups, length.reach);
            length.turns = (0..groups)
                .flat_map(|j| (0..reach).map(move |k| turn(k, LANES * j)))
                .collect();
        }
        let widest = widths.iter().copied().max().unwrap_or(0);
        let place = |k: usize, part: usize| Lane(std::array::from_fn(|l| turn(k, l)[part]));
        let within = (0..widest).map(|k| [place(k, 0), place(k, 1)]).collect();
        Some(Self {
            within,
            lengths,
            bands,
        })
    }

    /// Scratch that suffices for every band.
    pub fn scratch(&self) -> Scratch {
        let most = |of: fn(&Length) -> usize| self.lengths.iter().map(of).max().unwrap_or(0);
        Scratch {
            transform: vec![ZERO; most(|l| l.transform.scratch())],
            points: vec![ZERO; most(|l| l.transform.points())],
            bins: vec![ZERO; self.within.len()],
            turned: vec![[0.0; 2]; self.within.len()],
        }
    }

    /// The signal whose spectrum is `bins` from bin 0 on, sixteen samples a pair: `z[t] = Σₖ bins[k] · e^(2πi·kt/n)`.
    ///
    /// # Panics
    /// When a buffer is too short.
    #[inline(always)]
    pub fn signal<L: Lanes>(
        &self,
        band: usize,
        bins: &[Complex<f32>],
        z: &mut [Pair],
        scratch: &mut Scratch,
    ) {
        let (width, length) = self.bands[band];
        let length = &self.lengths[length];
        let short = length.transform.points();
        for group in 0..length.groups {
            let turned = &mut scratch.turned[..width];
            let turns = &length.turns[group * length.reach..][..width];
            for (turned, (a, [re, im])) in turned.iter_mut().zip(bins.iter().zip(turns)) {
                // Times the conjugate, as below.
                *turned = [a.re * re + a.im * im, a.im * re - a.re * im];
            }
            for (round, (turned, within)) in turned
                .chunks(short)
                .zip(self.within.chunks(short))
                .enumerate()
            {
                let values = turned.iter().zip(within).zip(&mut scratch.points);
                for (([re, im], [cos, sin]), point) in values {
                    let (re, minus_re, im) = (L::splat(*re), L::splat(-re), L::splat(*im));
                    let (cos, sin) = (L::load(cos), L::load(sin));
                    let old = if round == 0 { ZERO } else { *point };
                    let [old_re, old_im] = [L::load(&old[0]), L::load(&old[1])];
                    re.mul_add(cos, im.mul_add(sin, old_re))
                        .store(&mut point[0]);
                    minus_re
                        .mul_add(sin, im.mul_add(cos, old_im))
                        .store(&mut point[1]);
                }
            }
            scratch.points[width.min(short)..short].fill(ZERO);
            let into = Places {
                first: group,
                step: length.groups,
            };
            length.transform.run::<L, true>(
                (&scratch.points, Places::DENSE),
                (z, into),
                &mut scratch.transform,
            );
        }
    }

    /// The bins of a signal that [`Self::signal`] would make it from: `bins[k] = Σₜ z[t] · e^(−2πi·kt/n)`.
    ///
    /// # Panics
    /// When a buffer is too short.
    #[inline(always)]
    pub fn bins<L: Lanes>(
        &self,
        band: usize,
        z: &[Pair],
        bins: &mut [Complex<f32>],
        scratch: &mut Scratch,
    ) {
        let (width, length) = self.bands[band];
        let length = &self.lengths[length];
        let short = length.transform.points();
        let sums = &mut scratch.bins[..width];
        for group in 0..length.groups {
            let from = Places {
                first: group,
                step: length.groups,
            };
            length.transform.run::<L, false>(
                (z, from),
                (&mut scratch.points, Places::DENSE),
                &mut scratch.transform,
            );
            let turns = &length.turns[group * length.reach..][..width];
            for (sums, turns) in sums.chunks_mut(short).zip(turns.chunks(short)) {
                let values = sums.iter_mut().zip(turns).zip(&scratch.points);
                for ((sum, [re, im]), [x, y]) in values {
                    let (re, im, minus_im) = (L::splat(*re), L::splat(*im), L::splat(-im));
                    let (x, y) = (L::load(x), L::load(y));
                    let old = if group == 0 { ZERO } else { *sum };
                    let [old_re, old_im] = [L::load(&old[0]), L::load(&old[1])];
                    x.mul_add(re, y.mul_add(minus_im, old_re))
                        .store(&mut sum[0]);
                    x.mul_add(im, y.mul_add(re, old_im)).store(&mut sum[1]);
                }
            }
        }
        for (bin, (sum, [cos, sin])) in bins.iter_mut().zip(sums.iter().zip(&self.within)) {
            let [re, im] = times(
                [L::load(&sum[0]), L::load(&sum[1])],
                [L::load(cos), L::load(sin)],
            );
            *bin = Complex::new(re.sum(), im.sum());
        }
    }
}

const ZERO: Pair = [Lane::ZERO; 2];

/// Instructions on lanes, roughly, for one group of a transform of `short` points of a band.
fn cost(short: usize, width: usize) -> usize {
    let passes: usize = radices(short)
        .unwrap_or_default()
        .iter()
        .map(|radix| {
            let butterfly = match radix {
                2 => 8,
                3 => 22,
                4 => 28,
                _ => 52,
            };
            short / radix * butterfly
        })
        .sum();
    passes + 6 * width
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Isa, Kernel};
    use super::*;
    use crate::stimulus::random::{Purpose, Random};
    use std::f64::consts::TAU;

    struct Way<'a> {
        bands: &'a Bands,
        band: usize,
        z: &'a mut [Pair],
        bins: &'a mut [Complex<f32>],
        back: bool,
    }
    impl Kernel for Way<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            let mut scratch = self.bands.scratch();
            if self.back {
                self.bands
                    .bins::<L>(self.band, self.z, self.bins, &mut scratch);
            } else {
                self.bands
                    .signal::<L>(self.band, self.bins, self.z, &mut scratch);
            }
        }
    }

    /// `Σ values[i] · e^(sign · 2πi·i·k/n)`
    fn plain(values: &[Complex<f32>], k: usize, n: usize, sign: f64) -> Complex<f64> {
        let term = |(i, v): (usize, &Complex<f32>)| {
            let turn = sign * TAU * ((i * k) % n) as f64 / n as f64;
            Complex::new(f64::from(v.re), f64::from(v.im)) * Complex::cis(turn)
        };
        values.iter().enumerate().map(term).sum()
    }

    #[test]
    fn both_ways_agree_with_the_double_sum_for_narrow_and_for_folding_bands() {
        let mut random = Random::new(8, Purpose::Start);
        let mut draw = |n: usize| -> Vec<Complex<f32>> {
            let values = random.normals(2 * n, 0.0, 1.0);
            values.chunks(2).map(|c| Complex::new(c[0], c[1])).collect()
        };
        for (points, widths) in [
            (16, &[1, 9][..]),
            (240, &[3, 20, 100]),
            (400, &[1, 7, 30, 26, 201]),
        ] {
            let bands = Bands::plan(points, widths).unwrap();
            for (band, width) in widths.iter().enumerate() {
                let (bins, z) = (draw(*width), draw(points));
                for isa in Isa::all() {
                    let mut pairs = vec![[Lane([f32::NAN; LANES]); 2]; points / LANES];
                    let mut found = bins.clone();
                    let way = |pairs: &mut [Pair], bins: &mut [Complex<f32>], back| {
                        isa.run(Way {
                            bands: &bands,
                            band,
                            z: pairs,
                            bins,
                            back,
                        });
                    };
                    way(&mut pairs, &mut found, false);
                    for t in 0..points {
                        let [re, im] = pairs[t / LANES].map(|v| f64::from(v.0[t % LANES]));
                        let off = (plain(&bins, t, points, 1.0) - Complex::new(re, im)).norm();
                        assert!(
                            off < 1e-5 * (*width as f64).sqrt().max(1.0),
                            "{points} {width} {t}: {off}"
                        );
                    }
                    for (t, z) in z.iter().enumerate() {
                        pairs[t / LANES][0].0[t % LANES] = z.re;
                        pairs[t / LANES][1].0[t % LANES] = z.im;
                    }
                    way(&mut pairs, &mut found, true);
                    for (k, found) in found.iter().enumerate() {
                        let found = Complex::new(f64::from(found.re), f64::from(found.im));
                        let off = (plain(&z, k, points, -1.0) - found).norm();
                        assert!(
                            off < 1e-5 * (points as f64).sqrt(),
                            "{points} {width} {k}: {off}"
                        );
                    }
                }
            }
        }
        assert!(Bands::plan(100, &[3]).is_none() && Bands::plan(16 * 7, &[3]).is_none());
    }
}
