//! AVX-512, and AVX2 with FMA.

#![allow(unsafe_code)]

use super::{Kernel, LANES, Lane, Lanes, Skipping};
use std::arch::x86_64::*;

/// # Safety
/// The machine must have AVX-512F.
#[target_feature(enable = "avx512f")]
pub unsafe fn with_avx512(kernel: impl Kernel) {
    kernel.run::<Avx512>();
}

/// # Safety
/// The machine must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn with_avx2(kernel: impl Kernel) {
    kernel.run::<Avx2>();
}

// SAFETY, of every block in the two implementations: the types are private to this module, whose two functions
// alone instantiate kernels with them; their callers vouch for the instructions. Loads and stores go through
// references to whole, aligned lanes.

#[inline(always)]
fn expect(from: &Lane, ahead: usize) {
    // Nothing is read: an address that does not exist is ignored.
    let address = std::ptr::from_ref(from).wrapping_add(ahead);
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

#[inline(always)]
fn expect_later(lane: &Lane) {
    unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(lane).cast()) };
}

#[derive(Clone, Copy)]
struct Avx512(__m512);

impl Lanes for Avx512 {
    type Part = Self;
    const PARTS: usize = 1;
    // 32 registers: 28 sums, two columns of weights, and what is multiplied.
    const TILES: [usize; 3] = [14, 14, 9];
    const SUMS: usize = 24;
    const SKIPPING: Skipping = Skipping {
        positions: 2,
        blocks: 8,
        share: 0.94,
    };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    fn load(from: &Lane) -> Self {
        Self(unsafe { _mm512_load_ps(from.0.as_ptr()) })
    }
    #[inline(always)]
    fn load_any(from: &[f32; LANES]) -> Self {
        Self(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, to: &mut Lane) {
        unsafe { _mm512_store_ps(to.0.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn expect(from: &Lane, ahead: usize) {
        expect(from, ahead);
    }
    #[inline(always)]
    fn expect_later(lane: &Lane) {
        expect_later(lane);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }
    #[inline(always)]
    fn mul_sub(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm512_fmsub_ps(self.0, factor.0, term.0) })
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    fn rectified(self, ceiling: Self) -> Self {
        // These return their second operand where one is not a number.
        unsafe {
            let above = _mm512_max_ps(_mm512_setzero_ps(), self.0);
            Self(_mm512_min_ps(ceiling.0, above))
        }
    }
    #[inline(always)]
    fn open(self, ceiling: Self) -> u16 {
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, _mm512_setzero_ps());
            _mm512_mask_cmp_ps_mask::<_CMP_LT_OQ>(positive, self.0, ceiling.0)
        }
    }
    #[inline(always)]
    fn nonzero(self) -> u16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(self.0, _mm512_setzero_ps()) }
    }
    #[inline(always)]
    fn keep(self, bits: u16) -> Self {
        Self(unsafe { _mm512_maskz_mov_ps(bits, self.0) })
    }
    #[inline(always)]
    fn leak(self, bits: u16, share: Self) -> Self {
        Self(unsafe { _mm512_mask_mul_ps(self.0, !bits, self.0, share.0) })
    }
    #[inline(always)]
    fn where_equal(self, a: Self, b: Self) -> Self {
        unsafe {
            let equal = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a.0, b.0);
            Self(_mm512_maskz_mov_ps(equal, self.0))
        }
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        Avx2(unsafe { split(self.0) }).sum()
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

#[inline(always)]
unsafe fn split(v: __m512) -> [__m256; 2] {
    unsafe {
        let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v));
        [_mm512_castps512_ps256(v), _mm256_castpd_ps(high)]
    }
}

#[derive(Clone, Copy)]
struct Avx2([__m256; 2]);

impl Avx2 {
    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(__m256, __m256) -> __m256) -> Self {
        Self([f(self.0[0], other.0[0]), f(self.0[1], other.0[1])])
    }
}

/// A register full of bits for every one of the sixteen that is set.
#[inline(always)]
fn spread(bits: u16) -> Avx2 {
    let half = |bits: u16| unsafe {
        let each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
        let set = _mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), each);
        _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, each))
    };
    Avx2([half(bits), half(bits >> 8)])
}

impl Lanes for Avx2 {
    type Part = __m256;
    const PARTS: usize = 2;
    // 16 registers, two for sixteen numbers: 12 sums, two of weights, one for what is multiplied.
    const TILES: [usize; 3] = [6, 0, 0];
    const SUMS: usize = 6;
    // With six blocks, sums were seen to leave the registers.
    const SKIPPING: Skipping = Skipping {
        positions: 1,
        blocks: 5,
        share: 0.84,
    };

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([unsafe { _mm256_set1_ps(value) }; 2])
    }
    #[inline(always)]
    fn load(from: &Lane) -> Self {
        let [low, high] = [&from.0[..8], &from.0[8..]];
        Self(unsafe { [_mm256_load_ps(low.as_ptr()), _mm256_load_ps(high.as_ptr())] })
    }
    #[inline(always)]
    fn load_any(from: &[f32; LANES]) -> Self {
        let [low, high] = [&from[..8], &from[8..]];
        Self(unsafe {
            [
                _mm256_loadu_ps(low.as_ptr()),
                _mm256_loadu_ps(high.as_ptr()),
            ]
        })
    }
    #[inline(always)]
    fn store(self, to: &mut Lane) {
        let (low, high) = to.0.split_at_mut(8);
        unsafe {
            _mm256_store_ps(low.as_mut_ptr(), self.0[0]);
            _mm256_store_ps(high.as_mut_ptr(), self.0[1]);
        }
    }
    #[inline(always)]
    fn expect(from: &Lane, ahead: usize) {
        expect(from, ahead);
    }
    #[inline(always)]
    fn expect_later(lane: &Lane) {
        expect_later(lane);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm256_add_ps(a, b) })
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm256_sub_ps(a, b) })
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm256_mul_ps(a, b) })
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        unsafe {
            Self([
                _mm256_fmadd_ps(self.0[0], factor.0[0], term.0[0]),
                _mm256_fmadd_ps(self.0[1], factor.0[1], term.0[1]),
            ])
        }
    }
    #[inline(always)]
    fn mul_sub(self, factor: Self, term: Self) -> Self {
        unsafe {
            Self([
                _mm256_fmsub_ps(self.0[0], factor.0[0], term.0[0]),
                _mm256_fmsub_ps(self.0[1], factor.0[1], term.0[1]),
            ])
        }
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm256_div_ps(a, b) })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.with(self, |a, _| unsafe { _mm256_sqrt_ps(a) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| unsafe { _mm256_max_ps(a, b) })
    }
    #[inline(always)]
    fn rectified(self, ceiling: Self) -> Self {
        self.with(ceiling, |v, c| unsafe {
            _mm256_min_ps(c, _mm256_max_ps(_mm256_setzero_ps(), v))
        })
    }
    #[inline(always)]
    fn open(self, ceiling: Self) -> u16 {
        let open = self.with(ceiling, |y, c| unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(y, _mm256_setzero_ps());
            _mm256_and_ps(positive, _mm256_cmp_ps::<_CMP_LT_OQ>(y, c))
        });
        // Not by `array::map`, which was seen to stay a call, with another for each of the two.
        let [low, high] = open.0;
        let [low, high] = unsafe { [_mm256_movemask_ps(low), _mm256_movemask_ps(high)] };
        low as u16 | (high as u16) << 8
    }
    #[inline(always)]
    fn nonzero(self) -> u16 {
        let [low, high] = self.0;
        let bits = |v| unsafe {
            _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(v, _mm256_setzero_ps())) as u16
        };
        bits(low) | bits(high) << 8
    }
    #[inline(always)]
    fn keep(self, bits: u16) -> Self {
        self.with(spread(bits), |v, open| unsafe { _mm256_and_ps(v, open) })
    }
    #[inline(always)]
    fn leak(self, bits: u16, share: Self) -> Self {
        let leaked = self.mul(share);
        let open = spread(bits);
        let half = |i: usize| unsafe { _mm256_blendv_ps(leaked.0[i], self.0[i], open.0[i]) };
        Self([half(0), half(1)])
    }
    #[inline(always)]
    fn where_equal(self, a: Self, b: Self) -> Self {
        let equal = a.with(b, |a, b| unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) });
        self.with(equal, |v, equal| unsafe { _mm256_and_ps(v, equal) })
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        Self::total(unsafe { _mm256_add_ps(self.0[0], self.0[1]) })
    }
    #[inline(always)]
    fn no_part() -> __m256 {
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    fn part(from: &Lane, part: usize) -> __m256 {
        let half = &from.0.as_chunks::<8>().0[part];
        unsafe { _mm256_load_ps(half.as_ptr()) }
    }
    #[inline(always)]
    fn add_product(a: __m256, b: __m256, sum: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }
    #[inline(always)]
    fn total(part: __m256) -> f32 {
        unsafe {
            let high = _mm256_extractf128_ps::<1>(part);
            let four = _mm_add_ps(_mm256_castps256_ps128(part), high);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
}
