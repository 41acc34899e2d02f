//! Toom–Cook transforms of one axis, the pieces that Winograd's convolution is made of.
//!
//! A correlation of `k` weights with `m` outputs is a product of polynomials, which `a = m + k − 1` values determine: at
//! 0, ±1, ±2 and infinity for `a` = 6, at 0, ±1 and infinity for `a` = 4. With one point nothing is transformed.

use super::lanes::Lanes;

/// The finite points of an axis with `a` points.
fn points(a: usize) -> &'static [f64] {
    match a {
        6 => &[0.0, 1.0, -1.0, 2.0, -2.0],
        4 => &[0.0, 1.0, -1.0],
        _ => &[],
    }
}

/// What a kernel entry contributes at each point: `[a][k]`, entries scaled so that [`spread`] needs no division.
pub fn weights(a: usize, k: usize) -> Vec<Vec<f64>> {
    let points = points(a);
    let mut rows: Vec<Vec<f64>> = points
        .iter()
        .map(|p| {
            let others = points.iter().filter(|q| *q != p);
            let scale: f64 = others.map(|q| p - q).product();
            (0..k as i32).map(|r| p.powi(r) / scale).collect()
        })
        .collect();
    rows.push((0..k).map(|r| f64::from(u8::from(r + 1 == k))).collect());
    rows
}

/// From `A` neighbouring inputs to their values at the points.
#[inline(always)]
pub fn spread<L: Lanes, const A: usize>(d: [L; A]) -> [L; A] {
    let mut out = d;
    if A == 6 {
        let [two, four, minus_five] = [2.0, 4.0, -5.0].map(L::splat);
        let [minus_two, minus_four] = [-2.0, -4.0].map(L::splat);
        let (d0, d1, d2, d3, d4, d5) = (d[0], d[1], d[2], d[3], d[4], d[5]);
        let (even, odd) = (d2.mul_add(minus_four, d4), d1.mul_add(minus_four, d3));
        let (wide, far) = (d4.sub(d2), d3.sub(d1));
        out[0] = d0.mul_add(four, d2.mul_add(minus_five, d4));
        out[1] = even.add(odd);
        out[2] = even.sub(odd);
        out[3] = far.mul_add(two, wide);
        out[4] = far.mul_add(minus_two, wide);
        out[5] = d1.mul_add(four, d3.mul_add(minus_five, d5));
    } else if A == 4 {
        let (d0, d1, d2, d3) = (d[0], d[1], d[2], d[3]);
        out[0] = d2.sub(d0);
        out[1] = d1.add(d2);
        out[2] = d2.sub(d1);
        out[3] = d3.sub(d1);
    }
    out
}

/// From products at the `A` points to `M` neighbouring outputs.
#[inline(always)]
pub fn collect<L: Lanes, const A: usize, const M: usize>(p: [L; A]) -> [L; M] {
    let mut out = [p[0]; M];
    if A == 6 {
        let (near, near_odd) = (p[1].add(p[2]), p[1].sub(p[2]));
        let (far, far_odd) = (p[3].add(p[4]), p[3].sub(p[4]));
        for (i, o) in out.iter_mut().enumerate() {
            *o = match i {
                0 => p[0].add(near).add(far),
                _ if i % 2 == 1 => far_odd.mul_add(L::splat((1 << i) as f32), near_odd),
                _ => far.mul_add(L::splat((1 << i) as f32), near),
            };
        }
        out[M - 1] = out[M - 1].add(p[5]);
    } else if A == 4 {
        let (even, odd) = (p[1].add(p[2]), p[1].sub(p[2]));
        for (i, o) in out.iter_mut().enumerate() {
            *o = match i {
                0 => p[0].add(even),
                _ if i % 2 == 1 => odd,
                _ => even,
            };
        }
        out[M - 1] = out[M - 1].add(p[3]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Isa, Kernel, Lane};
    use super::*;

    struct OneAxis<'a, const A: usize, const M: usize>(&'a [f32], &'a mut Vec<f32>);
    impl<const A: usize, const M: usize> Kernel for OneAxis<'_, A, M> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            let k = A - M + 1;
            let d: [L; A] = std::array::from_fn(|i| L::splat(((i * 7 + 3) % 11) as f32 - 5.0));
            let mut products = spread::<L, A>(d);
            for (p, row) in products.iter_mut().zip(weights(A, k)) {
                let w: f64 = row.iter().zip(self.0).map(|(g, w)| g * f64::from(*w)).sum();
                *p = p.mul(L::splat(w as f32));
            }
            for y in collect::<L, A, M>(products) {
                let mut lane = Lane::ZERO;
                y.store(&mut lane);
                self.1.push(lane.0[7]);
            }
        }
    }

    fn check<const A: usize, const M: usize>() {
        let w: Vec<f32> = (0..=A - M).map(|i| i as f32 * 0.5 - 1.0).collect();
        let d = |i: usize| ((i * 7 + 3) % 11) as f32 - 5.0;
        for isa in Isa::all() {
            let mut found = Vec::new();
            isa.run(OneAxis::<A, M>(&w, &mut found));
            for (t, y) in found.iter().enumerate() {
                let plain: f32 = w.iter().enumerate().map(|(r, w)| w * d(t + r)).sum();
                assert!((y - plain).abs() < 1e-4, "F({M}, {}): {y} {plain}", w.len());
            }
            assert_eq!(found.len(), M);
        }
    }

    #[test]
    fn an_axis_reproduces_the_correlation() {
        check::<6, 4>();
        check::<6, 2>();
        check::<6, 5>();
        check::<6, 3>();
        check::<4, 2>();
        check::<4, 3>();
        check::<1, 1>();
    }
}
