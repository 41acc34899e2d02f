//! Magnitudes of an analytic signal, and their gradient.

use super::lanes::{Lane, Lanes};
use super::transform::Pair;

/// `out[i] = √max(|z[i]|², floor)`.
#[inline(always)]
pub fn magnitudes<L: Lanes>(z: &[Pair], floor: f32, out: &mut [Lane]) {
    let floor = L::splat(floor);
    for (out, [re, im]) in out.iter_mut().zip(z) {
        let (re, im) = (L::load(re), L::load(im));
        let power = re.mul_add(re, im.mul(im));
        // The larger of the two, and not a number where the power is none.
        floor.max(power).sqrt().store(out);
    }
}

/// The pullback of [`magnitudes`]: `z[i]` becomes `gradient[i] · z[i] / |z[i]|`, or 0 where the floor holds or it is 0.
#[inline(always)]
pub fn along<L: Lanes>(z: &mut [Pair], gradient: &[Lane], floor: f32) {
    // Powers that pass are above 0 and not below the floor, which is to say above whatever precedes the floor.
    let below = L::splat(if floor > 0.0 { floor.next_down() } else { 0.0 });
    let unlimited = L::splat(f32::INFINITY);
    for ([re, im], g) in z.iter_mut().zip(gradient) {
        let (x, y) = (L::load(re), L::load(im));
        let power = x.mul_add(x, y.mul(y));
        let share = L::load(g).div(power.sqrt());
        let share = share.keep(power.sub(below).open(unlimited));
        x.mul(share).store(re);
        y.mul(share).store(im);
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Isa, Kernel, LANES};
    use super::*;

    struct There<'a>(&'a [Pair], f32, &'a mut [Lane]);
    impl Kernel for There<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            magnitudes::<L>(self.0, self.1, self.2);
        }
    }
    struct Back<'a>(&'a mut [Pair], &'a [Lane], f32);
    impl Kernel for Back<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            along::<L>(self.0, self.1, self.2);
        }
    }

    fn lane(values: &[f32]) -> Lane {
        Lane(std::array::from_fn(|l| {
            values.get(l).copied().unwrap_or(0.0)
        }))
    }

    #[test]
    fn nothing_passes_where_the_floor_holds() {
        let z = [lane(&[3.0, 0.0, 1e-9, -1e-8]), lane(&[4.0, 0.0, 0.0, 1e-8])];
        for isa in Isa::all() {
            let mut e = [Lane([f32::NAN; LANES])];
            isa.run(There(&[z], 1e-16, &mut e));
            assert_eq!(e[0].0[..3], [5.0, 1e-8, 1e-8], "{}", isa.name());
            let mut g = [z];
            isa.run(Back(&mut g, &[lane(&[10.0, 1.0, 1.0, 1.0])], 1e-16));
            let at = |g: &[Pair], i: usize| (g[0][0].0[i], g[0][1].0[i]);
            let size = |g: &[Pair], i: usize| at(g, i).0.hypot(at(g, i).1);
            assert_eq!(at(&g, 0), (6.0, 8.0));
            assert!(size(&g, 1) == 0.0 && size(&g, 2) == 0.0);
            assert!((size(&g, 3) - 1.0).abs() < 1e-6);
            let mut g = [z];
            isa.run(Back(&mut g, &[lane(&[1.0; 4])], 0.0));
            assert!(size(&g, 1) == 0.0 && (at(&g, 2).0 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_not_a_number_stays_visible() {
        for isa in Isa::all() {
            let mut e = [Lane::ZERO];
            isa.run(There(&[[lane(&[f32::NAN]), Lane::ZERO]], 1e-16, &mut e));
            assert!(e[0].0[0].is_nan(), "{}", isa.name());
        }
    }
}
