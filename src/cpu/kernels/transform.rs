//! Fourier transforms of sixteen short signals side by side, one in each place of a lane: no value ever has to move
//! from one place to another, and a root of unity is the same number for all sixteen.
//!
//! Stockham's order: every pass reads one buffer and writes another, and what comes out is in order.

use super::lanes::{Lane, Lanes};
use std::f64::consts::TAU;

/// Sixteen complex numbers: real parts, imaginary parts.
pub type Pair = [Lane; 2];

/// The pairs `first`, `first + step`, … of a buffer.
#[derive(Clone, Copy)]
pub struct Places {
    /// The first.
    pub first: usize,
    /// From one to the next.
    pub step: usize,
}

impl Places {
    /// One after the other from the start.
    pub const DENSE: Self = Self { first: 0, step: 1 };

    #[inline(always)]
    fn of(self, i: usize) -> usize {
        self.first + i * self.step
    }
}

/// A transform of a number of points whose only prime factors are 2, 3 and 5.
pub struct Transform {
    points: usize,
    passes: Vec<Pass>,
}

/// Butterflies of one radix over all points.
struct Pass {
    radix: usize,
    /// Points of what is transformed, through the radix.
    count: usize,
    /// How many such transforms lie interleaved.
    together: usize,
    /// e^(−2πi·pk/points) for every `p < count` and every `0 < k < radix`.
    turns: Vec<[f32; 2]>,
}

/// The radices of a number of points, or none if other primes divide it.
pub fn radices(mut points: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for radix in [5, 3, 4, 2] {
        while points > 1 && points.is_multiple_of(radix) {
            points /= radix;
            found.push(radix);
        }
    }
    (points == 1).then_some(found)
}

/// e^(−2πi·turns).
pub fn root(turns: f64) -> [f32; 2] {
    let (sin, cos) = (TAU * turns).sin_cos();
    [cos as f32, -sin as f32]
}

impl Transform {
    /// Plans it; none if a prime other than 2, 3 and 5 divides `points`.
    pub fn plan(points: usize) -> Option<Self> {
        let (mut left, mut together) = (points, 1);
        let pass = |radix: usize| {
            let count = left / radix;
            let turn = |p: usize, k: usize| root((p * k) as f64 / left as f64);
            let turns = (0..count).flat_map(|p| (1..radix).map(move |k| turn(p, k)));
            let pass = Pass {
                radix,
                count,
                together,
                turns: turns.collect(),
            };
            (left, together) = (count, together * radix);
            pass
        };
        let passes = radices(points)?.into_iter().map(pass).collect();
        Some(Self { points, passes })
    }

    /// Points.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Pairs of scratch.
    pub fn scratch(&self) -> usize {
        2 * self.points
    }

    /// `to[k] = Σᵢ from[i] · e^(∓2πi·ik/points)`, with plus for the inverse; nothing is divided.
    ///
    /// # Panics
    /// When a buffer is too short.
    #[inline(always)]
    pub fn run<L: Lanes, const INVERSE: bool>(
        &self,
        (from, at): (&[Pair], Places),
        (to, into): (&mut [Pair], Places),
        scratch: &mut [Pair],
    ) {
        let (mut one, mut other) = scratch.split_at_mut(self.points);
        if self.passes.is_empty() {
            to[into.first] = from[at.first];
        }
        for (i, pass) in self.passes.iter().enumerate() {
            let (first, last) = (i == 0, i + 1 == self.passes.len());
            let (from, at) = if first {
                (from, at)
            } else {
                (&*one, Places::DENSE)
            };
            let (to, into) = if last {
                (&mut *to, into)
            } else {
                (&mut *other, Places::DENSE)
            };
            match pass.radix {
                2 => pass.run::<L, 2, INVERSE>(from, at, to, into),
                3 => pass.run::<L, 3, INVERSE>(from, at, to, into),
                4 => pass.run::<L, 4, INVERSE>(from, at, to, into),
                _ => pass.run::<L, 5, INVERSE>(from, at, to, into),
            }
            std::mem::swap(&mut one, &mut other);
        }
    }
}

impl Pass {
    #[inline(always)]
    fn run<L: Lanes, const R: usize, const INVERSE: bool>(
        &self,
        from: &[Pair],
        at: Places,
        to: &mut [Pair],
        into: Places,
    ) {
        let Self {
            count, together, ..
        } = *self;
        for p in 0..count {
            let turns: [[L; 2]; R] = std::array::from_fn(|k| {
                let [re, im] = if k == 0 {
                    [1.0, 0.0]
                } else {
                    self.turns[p * (R - 1) + k - 1]
                };
                [L::splat(re), L::splat(if INVERSE { -im } else { im })]
            });
            for q in 0..together {
                let x: [[L; 2]; R] = std::array::from_fn(|k| {
                    let [re, im] = &from[at.of(q + together * (p + k * count))];
                    [L::load(re), L::load(im)]
                });
                let y = butterfly::<L, R>(x);
                for k in 0..R {
                    // Backwards, a butterfly's outputs but the first come in the opposite order.
                    let mut y = y[if INVERSE { (R - k) % R } else { k }];
                    if p > 0 && k > 0 {
                        y = times(y, turns[k]);
                    }
                    let [re, im] = &mut to[into.of(q + together * (R * p + k))];
                    y[0].store(re);
                    y[1].store(im);
                }
            }
        }
    }
}

/// The product of complex numbers.
#[inline(always)]
pub fn times<L: Lanes>(a: [L; 2], b: [L; 2]) -> [L; 2] {
    let (re, im) = (a[1].mul(b[1]), a[1].mul(b[0]));
    [a[0].mul_sub(b[0], re), a[0].mul_add(b[1], im)]
}

/// The Fourier transform of `R` points.
#[inline(always)]
fn butterfly<L: Lanes, const R: usize>(x: [[L; 2]; R]) -> [[L; 2]; R] {
    let add = |a: [L; 2], b: [L; 2]| [a[0].add(b[0]), a[1].add(b[1])];
    let sub = |a: [L; 2], b: [L; 2]| [a[0].sub(b[0]), a[1].sub(b[1])];
    // a ∓ i·b
    let behind = |a: [L; 2], b: [L; 2]| [a[0].add(b[1]), a[1].sub(b[0])];
    let ahead = |a: [L; 2], b: [L; 2]| [a[0].sub(b[1]), a[1].add(b[0])];
    let scaled = |a: [L; 2], s: f32, term: [L; 2]| {
        let s = L::splat(s);
        [a[0].mul_add(s, term[0]), a[1].mul_add(s, term[1])]
    };
    let by = |a: [L; 2], s: f32| [a[0].mul(L::splat(s)), a[1].mul(L::splat(s))];
    let mut y = x;
    match R {
        2 => {
            y[0] = add(x[0], x[1]);
            y[1] = sub(x[0], x[1]);
        }
        3 => {
            const SIN: f32 = 0.866_025_4;
            let (sum, difference) = (add(x[1], x[2]), by(sub(x[1], x[2]), SIN));
            let middle = scaled(sum, -0.5, x[0]);
            y[0] = add(x[0], sum);
            y[1] = behind(middle, difference);
            y[2] = ahead(middle, difference);
        }
        4 => {
            let (even, even_odd) = (add(x[0], x[2]), sub(x[0], x[2]));
            let (odd, odd_odd) = (add(x[1], x[3]), sub(x[1], x[3]));
            y[0] = add(even, odd);
            y[1] = behind(even_odd, odd_odd);
            y[2] = sub(even, odd);
            y[3] = ahead(even_odd, odd_odd);
        }
        _ => {
            // Cosines and sines of 72° and 144°.
            const COS: [f32; 2] = [0.309_017, -0.809_017];
            const SIN: [f32; 2] = [0.951_056_54, 0.587_785_24];
            let (outer, inner) = (add(x[1], x[4]), add(x[2], x[3]));
            let (outer_odd, inner_odd) = (sub(x[1], x[4]), sub(x[2], x[3]));
            let near = scaled(inner, COS[1], scaled(outer, COS[0], x[0]));
            let far = scaled(inner, COS[0], scaled(outer, COS[1], x[0]));
            let near_odd = scaled(inner_odd, SIN[1], by(outer_odd, SIN[0]));
            let far_odd = scaled(inner_odd, -SIN[0], by(outer_odd, SIN[1]));
            y[0] = add(add(x[0], outer), inner);
            y[1] = behind(near, near_odd);
            y[2] = behind(far, far_odd);
            y[3] = ahead(far, far_odd);
            y[4] = ahead(near, near_odd);
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Isa, Kernel, LANES};
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    struct Both<'a>(&'a Transform, &'a [Pair], [&'a mut [Pair]; 2], Places);
    impl Kernel for Both<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            let Self(transform, x, [forward, inverse], places) = self;
            let mut scratch = vec![[Lane::ZERO; 2]; transform.scratch()];
            transform.run::<L, false>((x, Places::DENSE), (forward, places), &mut scratch);
            transform.run::<L, true>((x, Places::DENSE), (inverse, places), &mut scratch);
        }
    }

    #[test]
    fn every_length_agrees_with_the_double_sum_both_ways() {
        let mut random = Random::new(7, Purpose::Start);
        for points in [1, 2, 3, 4, 5, 6, 8, 15, 20, 60, 125, 250] {
            let transform = Transform::plan(points).unwrap();
            let pair = |values: Vec<f32>| -> Pair {
                [0, 1].map(|part| Lane(std::array::from_fn(|l| values[part * LANES + l])))
            };
            let x: Vec<Pair> = (0..points)
                .map(|_| pair(random.normals(2 * LANES, 0.0, 1.0)))
                .collect();
            let places = Places { first: 1, step: 3 };
            for isa in Isa::all() {
                let mut found = [(); 2].map(|()| vec![[Lane::ZERO; 2]; 3 * points]);
                let [forward, inverse] = &mut found;
                isa.run(Both(&transform, &x, [forward, inverse], places));
                for (found, sign) in found.iter().zip([-1.0, 1.0]) {
                    for k in 0..points {
                        for l in 0..LANES {
                            let [mut re, mut im] = [0.0, 0.0];
                            for (i, x) in x.iter().enumerate() {
                                let turn = TAU * ((i * k) % points) as f64 / points as f64;
                                let (sin, cos) = (sign * turn).sin_cos();
                                let (a, b) = (f64::from(x[0].0[l]), f64::from(x[1].0[l]));
                                (re, im) = (re + a * cos - b * sin, im + a * sin + b * cos);
                            }
                            let [found_re, found_im] = found[1 + 3 * k].map(|v| f64::from(v.0[l]));
                            let off = (re - found_re).hypot(im - found_im);
                            assert!(off < 1e-5 * (points as f64).sqrt(), "{points} {k}: {off}");
                        }
                    }
                }
            }
        }
        assert!(Transform::plan(7).is_none() && Transform::plan(22).is_none());
    }
}
