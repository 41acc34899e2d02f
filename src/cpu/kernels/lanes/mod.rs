//! Sixteen numbers at a time, whatever the machine's registers are: the one place that names instruction
//! sets (in `x86` and `portable`).
//!
//! A kernel is written once, over [`Lanes`], and [`Isa::run`] compiles it for AVX-512, for AVX2 with FMA, and for
//! whatever the target has by itself (SSE2, NEON).

#![allow(unsafe_code)]

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use portable::Portable;
use std::mem::MaybeUninit;

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

/// How many sums fit in registers beside what they are made of where inputs are skipped that are zero.
#[derive(Clone, Copy)]
pub struct Skipping {
    /// Positions that share a row of weights; none where to find out which inputs are zero takes as long as to multiply
    /// them.
    pub positions: usize,
    /// At most so many channel blocks.
    pub blocks: usize,
    /// It pays where fewer inputs than this share have to be multiplied.
    pub share: f64,
}

/// Sixteen numbers in registers.
///
/// The implementations are private: code over `Lanes` runs only inside [`Isa::run`], which has made sure that the
/// machine understands the instructions.
pub trait Lanes: Copy {
    /// As many of the sixteen as a register holds, for sums over all of them.
    type Part: Copy;
    /// How many make sixteen.
    const PARTS: usize;

    /// Positions whose sums fit in registers beside one, two or three columns of weights; 0 where the registers do not
    /// suffice for so many columns.
    const TILES: [usize; 3];
    /// Positions times channels whose sums fit in registers when every channel has a register's worth of sums.
    const SUMS: usize;
    /// How zeros are skipped.
    const SKIPPING: Skipping;

    /// The same number sixteen times.
    fn splat(value: f32) -> Self;
    /// From memory.
    fn load(from: &Lane) -> Self;
    /// From memory that is not aligned.
    fn load_any(from: &[f32; LANES]) -> Self;
    /// To memory.
    fn store(self, to: &mut Lane);
    /// To memory that need not hold anything yet.
    #[inline(always)]
    fn store_to(self, to: &mut MaybeUninit<Lane>) {
        // SAFETY: `store` only writes, and writes all of it; a lane may hold any bits.
        self.store(unsafe { to.assume_init_mut() });
    }
    /// Asks for a lane that will be loaded soon, `ahead` lanes after `from`, which need not exist.
    #[inline(always)]
    fn expect(_from: &Lane, _ahead: usize) {}
    /// Asks for a lane that will be loaded, but not before the nearest cache has seen much else.
    #[inline(always)]
    fn expect_later(_lane: &Lane) {}
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
    /// Which of the sixteen lie strictly between 0 and `ceiling`, the first in the lowest bit.
    fn open(self, ceiling: Self) -> u16;
    /// Which of the sixteen are not zero, the first in the lowest bit.
    fn nonzero(self) -> u16;
    /// `self` where the bit is set, elsewhere 0.
    fn keep(self, bits: u16) -> Self;
    /// `self` where the bit is set, elsewhere `self · share`.
    fn leak(self, bits: u16, share: Self) -> Self;
    /// `self` where `a` and `b` are equal, elsewhere 0.
    fn where_equal(self, a: Self, b: Self) -> Self;
    /// All sixteen added up.
    fn sum(self) -> f32;
    /// A part that is all zeros.
    fn no_part() -> Self::Part;
    /// One of the parts, from memory.
    fn part(from: &Lane, part: usize) -> Self::Part;
    /// `a · b + sum`, number by number.
    fn add_product(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part;
    /// All numbers of a part added up.
    fn total(part: Self::Part) -> f32;
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

    /// The most columns of weights beside which [`Lanes::TILES`] leaves room for sums.
    pub fn columns(self) -> usize {
        struct Columns<'a>(&'a mut usize);
        impl Kernel for Columns<'_> {
            #[inline(always)]
            fn run<L: Lanes>(self) {
                *self.0 = L::TILES.iter().take_while(|t| **t > 0).count();
            }
        }
        let mut columns = 0;
        self.run(Columns(&mut columns));
        columns
    }

    /// How zeros are skipped.
    pub fn skipping(self) -> Skipping {
        struct Ask<'a>(&'a mut Skipping);
        impl Kernel for Ask<'_> {
            #[inline(always)]
            fn run<L: Lanes>(self) {
                *self.0 = L::SKIPPING;
            }
        }
        let mut skipping = Portable::SKIPPING;
        self.run(Ask(&mut skipping));
        skipping
    }

    /// Bytes that a second-level cache may be taken to hold: a megabyte where there is AVX-512, elsewhere half of that.
    pub fn cache(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => 1 << 20,
            _ => 1 << 19,
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
                a.keep(b.open(c)),
                c.keep(b.nonzero()),
                a.leak(b.open(c), L::splat(0.25)),
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
            at(&|_, b, c| if b == 0.0 { 0.0 } else { c }),
            at(&|a, b, c| if b > 0.0 && b < c { a } else { a * 0.25 }),
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
