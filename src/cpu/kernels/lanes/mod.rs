//! Sixteen numbers at a time, whatever the machine's registers are: the one place that names instruction sets.
//!
//! A kernel is written once, over [`Lanes`], and [`Isa::run`] compiles it for AVX-512, for AVX2 with FMA, and for
//! whatever the target has by itself (SSE2, NEON).

#![allow(unsafe_code)]

/// Channels that lie together in memory.
pub const LANES: usize = 16;

/// Sixteen channels of one position, aligned to a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Lane(pub [f32; LANES]);

impl Lane {
    /// All zeros.
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// The numbers behind lanes, in order.
pub fn flat(lanes: &[Lane]) -> &[f32] {
    // SAFETY: `Lane` is `repr(C)` around sixteen `f32` and as large as they are, so `n` lanes are `16 n` numbers.
    unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), lanes.len() * LANES) }
}

/// The numbers behind lanes, in order, to be written.
pub fn flat_mut(lanes: &mut [Lane]) -> &mut [f32] {
    // SAFETY: as in `flat`; the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * LANES) }
}

/// How many lanes hold `n` numbers.
pub const fn lanes_for(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// Sixteen numbers in registers.
///
/// The implementations are private: code over `Lanes` runs only inside [`Isa::run`], which has made sure that the
/// machine understands the instructions.
pub trait Lanes: Copy {
    /// Positions whose sums fit in registers beside one, two or three columns of weights; 0 where the registers do not
    /// suffice for so many columns.
    const TILES: [usize; 3];
    /// Positions times channels whose sums fit in registers when every channel has a register's worth of sums.
    const SUMS: usize;

    /// The same number sixteen times.
    fn splat(value: f32) -> Self;
    /// From memory.
    fn load(from: &Lane) -> Self;
    /// From memory that is not aligned.
    fn load_any(from: &[f32; LANES]) -> Self;
    /// To memory.
    fn store(self, to: &mut Lane);
    /// Asks for a lane that will be loaded soon, `ahead` lanes after `from`, which need not exist.
    #[inline(always)]
    fn expect(_from: &Lane, _ahead: usize) {}
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self − other`.
    fn sub(self, other: Self) -> Self;
    /// `self · other`.
    fn mul(self, other: Self) -> Self;
    /// `self · factor + term`, rounded once where the machine can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self · factor − term`, rounded once where the machine can.
    fn mul_sub(self, factor: Self, term: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// `√self`.
    fn sqrt(self) -> Self;
    /// The larger of the two; the other one where `self` is not a number.
    fn max(self, other: Self) -> Self;
    /// Limited to between 0 and `ceiling`; not a number stays so.
    fn rectified(self, ceiling: Self) -> Self;
    /// `self` where `y` lies strictly between 0 and `ceiling`, elsewhere 0.
    fn where_open(self, y: Self, ceiling: Self) -> Self;
    /// `self` where `a` and `b` are equal, elsewhere 0.
    fn where_equal(self, a: Self, b: Self) -> Self;
    /// All sixteen added up.
    fn sum(self) -> f32;
}

/// Something to be compiled for every instruction set. `run` must be `#[inline(always)]`, and so must all it calls with
/// lanes.
pub trait Kernel {
    /// Does it.
    fn run<L: Lanes>(self);
}

/// An instruction set that this machine has. There is no way to come by one that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Isa {
    /// All that this machine has, the fastest first.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                all.push(Self(Kind::Avx512));
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                all.push(Self(Kind::Avx2));
            }
        }
        all.push(Self(Kind::Portable));
        all
    }

    /// The fastest that this machine has.
    pub fn best() -> Self {
        Self::all()[0]
    }

    /// "avx512", "avx2" or "portable".
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            Kind::Portable => "portable",
        }
    }

    /// Runs a kernel with this instruction set.
    pub fn run(self, kernel: impl Kernel) {
        match self.0 {
            // SAFETY: an `Isa` of this kind exists only where `all` has found the feature.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { x86::with_avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { x86::with_avx2(kernel) },
            Kind::Portable => kernel.run::<Portable>(),
        }
    }
}

/// Plain arrays; compilers turn the loops into whatever registers the target has.
#[derive(Clone, Copy)]
struct Portable([f32; LANES]);

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
    // Sixteen numbers take four registers of 128 bits, of which x86-64 has 16 and AArch64 32.
    const TILES: [usize; 3] = if cfg!(target_arch = "aarch64") {
        [5, 0, 0]
    } else {
        [2, 0, 0]
    };
    const SUMS: usize = if cfg!(target_arch = "aarch64") { 6 } else { 3 };

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
    fn where_open(self, y: Self, ceiling: Self) -> Self {
        let below = y.with(ceiling, |y, c| if y > 0.0 && y < c { 1.0 } else { 0.0 });
        self.with(below, |v, open| if open > 0.0 { v } else { 0.0 })
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
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, LANES, Lane, Lanes};
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

    #[derive(Clone, Copy)]
    struct Avx512(__m512);

    impl Lanes for Avx512 {
        // 32 registers: 28 sums, two columns of weights, and what is multiplied.
        const TILES: [usize; 3] = [14, 14, 9];
        const SUMS: usize = 24;

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
            // Nothing is read: an address that does not exist is ignored.
            let address = std::ptr::from_ref(from).wrapping_add(ahead);
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
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
        fn where_open(self, y: Self, ceiling: Self) -> Self {
            unsafe {
                let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(y.0, _mm512_setzero_ps());
                let open = _mm512_mask_cmp_ps_mask::<_CMP_LT_OQ>(positive, y.0, ceiling.0);
                Self(_mm512_maskz_mov_ps(open, self.0))
            }
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

    impl Lanes for Avx2 {
        // 16 registers, two for sixteen numbers: 12 sums, two of weights, one for what is multiplied.
        const TILES: [usize; 3] = [6, 0, 0];
        const SUMS: usize = 6;

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
        fn where_open(self, y: Self, ceiling: Self) -> Self {
            let open = y.with(ceiling, |y, c| unsafe {
                let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(y, _mm256_setzero_ps());
                _mm256_and_ps(positive, _mm256_cmp_ps::<_CMP_LT_OQ>(y, c))
            });
            self.with(open, |v, open| unsafe { _mm256_and_ps(v, open) })
        }
        #[inline(always)]
        fn where_equal(self, a: Self, b: Self) -> Self {
            let equal = a.with(b, |a, b| unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) });
            self.with(equal, |v, equal| unsafe { _mm256_and_ps(v, equal) })
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            unsafe {
                let eight = _mm256_add_ps(self.0[0], self.0[1]);
                let high = _mm256_extractf128_ps::<1>(eight);
                let four = _mm_add_ps(_mm256_castps256_ps128(eight), high);
                let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everything<'a>([Lane; 3], &'a mut Vec<f32>);
    impl Kernel for Everything<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            let [a, b, c] = self.0.map(|lane| L::load(&lane));
            let results = [
                L::splat(2.5),
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.mul_add(b, c),
                a.mul_sub(b, c),
                a.div(L::splat(0.5)),
                a.mul(a).sqrt(),
                L::load_any(&self.0[1].0),
                a.max(b),
                a.rectified(b),
                a.where_open(b, c),
                a.where_equal(b, c),
            ];
            for r in results {
                let mut lane = Lane::ZERO;
                r.store(&mut lane);
                self.1.extend(lane.0);
            }
            self.1.push(a.sum());
        }
    }

    /// Small whole numbers and halves, for which no rounding can differ.
    #[test]
    fn every_instruction_set_does_the_same_arithmetic() {
        let lane = |f: fn(usize) -> f32| Lane(std::array::from_fn(f));
        let a = lane(|i| i as f32 * 0.5 - 3.0);
        let b = lane(|i| (i as f32 * 5.0) % 7.0);
        let c = lane(|i| {
            if i % 3 == 0 {
                (i as f32 * 5.0) % 7.0
            } else {
                3.5
            }
        });
        let at = |f: &dyn Fn(f32, f32, f32) -> f32| -> Vec<f32> {
            (0..LANES).map(|i| f(a.0[i], b.0[i], c.0[i])).collect()
        };
        let expected: Vec<f32> = [
            at(&|_, _, _| 2.5),
            at(&|a, b, _| a + b),
            at(&|a, b, _| a - b),
            at(&|a, b, _| a * b),
            at(&|a, b, c| a * b + c),
            at(&|a, b, c| a * b - c),
            at(&|a, _, _| a / 0.5),
            at(&|a, _, _| a.abs()),
            at(&|_, b, _| b),
            at(&|a, b, _| a.max(b)),
            at(&|a, b, _| a.clamp(0.0, b)),
            at(&|a, b, c| if b > 0.0 && b < c { a } else { 0.0 }),
            at(&|a, b, c| if b == c { a } else { 0.0 }),
            vec![a.0.iter().sum()],
        ]
        .concat();
        for isa in Isa::all() {
            let mut found = Vec::new();
            isa.run(Everything([a, b, c], &mut found));
            assert_eq!(found, expected, "{}", isa.name());
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden_by_a_rectifier() {
        struct Rectify<'a>(&'a mut Lane);
        impl Kernel for Rectify<'_> {
            #[inline(always)]
            fn run<L: Lanes>(self) {
                L::load(self.0).rectified(L::splat(6.0)).store(self.0);
            }
        }
        for isa in Isa::all() {
            let mut lane = Lane([f32::NAN; LANES]);
            isa.run(Rectify(&mut lane));
            assert!(lane.0.iter().all(|v| v.is_nan()), "{}", isa.name());
        }
    }
}
