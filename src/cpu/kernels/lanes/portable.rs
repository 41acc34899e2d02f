//! Whatever the target has by itself: SSE2, NEON.

use super::{LANES, Lane, Lanes, Skipping};

/// Plain arrays; compilers turn the loops into whatever registers the target has.
#[derive(Clone, Copy)]
pub struct Portable([f32; LANES]);

impl Portable {
    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = [0.0; LANES];
        for (o, (a, b)) in out.iter_mut().zip(self.0.iter().zip(&other.0)) {
            *o = f(*a, *b);
        }
        Self(out)
    }
}

impl Lanes for Portable {
    type Part = Self;
    const PARTS: usize = 1;
    // Sixteen numbers take four registers of 128 bits, of which x86-64 has 16 and AArch64 32.
    const TILES: [usize; 3] = if cfg!(target_arch = "aarch64") {
        [5, 0, 0]
    } else {
        [2, 0, 0]
    };
    const SUMS: usize = if cfg!(target_arch = "aarch64") { 6 } else { 3 };
    const SKIPPING: Skipping = Skipping {
        positions: 0,
        blocks: 0,
        share: 0.0,
    };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    fn load(from: &Lane) -> Self {
        Self(from.0)
    }
    #[inline(always)]
    fn load_any(from: &[f32; LANES]) -> Self {
        Self(*from)
    }
    #[inline(always)]
    fn store(self, to: &mut Lane) {
        to.0 = self.0;
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        if cfg!(target_feature = "fma") || cfg!(target_arch = "aarch64") {
            let mut out = term.0;
            for (o, (a, b)) in out.iter_mut().zip(self.0.iter().zip(&factor.0)) {
                *o = a.mul_add(*b, *o);
            }
            Self(out)
        } else {
            self.mul(factor).add(term)
        }
    }
    #[inline(always)]
    fn mul_sub(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term.with(term, |t, _| -t))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.with(self, |a, _| a.sqrt())
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn rectified(self, ceiling: Self) -> Self {
        self.with(ceiling, |v, c| v.clamp(0.0, c))
    }
    #[inline(always)]
    fn open(self, ceiling: Self) -> u16 {
        let each = self.0.iter().zip(&ceiling.0).enumerate();
        each.map(|(i, (y, c))| u16::from(*y > 0.0 && y < c) << i)
            .sum()
    }
    #[inline(always)]
    fn nonzero(self) -> u16 {
        let each = self.0.iter().enumerate();
        each.map(|(i, v)| u16::from(*v != 0.0) << i).sum()
    }
    #[inline(always)]
    fn keep(self, bits: u16) -> Self {
        let mut out = self.0;
        for (i, o) in out.iter_mut().enumerate() {
            *o = if bits >> i & 1 == 1 { *o } else { 0.0 };
        }
        Self(out)
    }
    #[inline(always)]
    fn leak(self, bits: u16, share: Self) -> Self {
        let mut out = self.0;
        for (i, (o, share)) in out.iter_mut().zip(&share.0).enumerate() {
            *o *= if bits >> i & 1 == 1 { 1.0 } else { *share };
        }
        Self(out)
    }
    #[inline(always)]
    fn where_equal(self, a: Self, b: Self) -> Self {
        let equal = a.with(b, |a, b| if a == b { 1.0 } else { 0.0 });
        self.with(equal, |v, equal| if equal > 0.0 { v } else { 0.0 })
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut half = [0.0; 8];
        for (i, h) in half.iter_mut().enumerate() {
            *h = self.0[i] + self.0[i + 8];
        }
        let quarter = [0, 1, 2, 3].map(|i| half[i] + half[i + 4]);
        (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
    }
    #[inline(always)]
    fn no_part() -> Self {
        Self::splat(0.0)
    }
    #[inline(always)]
    fn part(from: &Lane, _: usize) -> Self {
        Self::load(from)
    }
    #[inline(always)]
    fn add_product(a: Self, b: Self, sum: Self) -> Self {
        a.mul_add(b, sum)
    }
    #[inline(always)]
    fn total(part: Self) -> f32 {
        part.sum()
    }
}
