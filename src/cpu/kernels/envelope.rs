//! Magnitudes of an analytic signal, and their gradient.

use rustfft::num_complex::Complex;

/// `out[i] = √max(|z[i]|², floor)`.
pub fn magnitudes(z: &[Complex<f32>], floor: f32, out: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (out, z) in out.iter_mut().zip(z) {
                *out = (z.re * z.re + z.im * z.im).max(floor).sqrt();
            }
        },
    );
}

/// The pullback of [`magnitudes`]: `out[i] = gradient[i] · z[i] / |z[i]|`, and 0 where the floor holds or `z[i]` is 0.
pub fn along(z: &[Complex<f32>], gradient: &[f32], floor: f32, out: &mut [Complex<f32>]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (out, (z, g)) in out.iter_mut().zip(z.iter().zip(gradient)) {
                let power = z.re * z.re + z.im * z.im;
                let share = if power > 0.0 && power >= floor {
                    g / power.sqrt()
                } else {
                    0.0
                };
                *out = Complex {
                    re: z.re * share,
                    im: z.im * share,
                };
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_where_the_floor_holds() {
        let z =
            [(3.0, 4.0), (0.0, 0.0), (1e-9, 0.0), (-1e-8, 1e-8)].map(|(re, im)| Complex { re, im });
        let mut e = [f32::NAN; 4];
        magnitudes(&z, 1e-16, &mut e);
        assert_eq!(e[..3], [5.0, 1e-8, 1e-8]);
        let mut g = [Complex {
            re: f32::NAN,
            im: f32::NAN,
        }; 4];
        along(&z, &[10.0, 1.0, 1.0, 1.0], 1e-16, &mut g);
        assert_eq!((g[0].re, g[0].im), (6.0, 8.0));
        assert!(
            g[1].norm_sqr() == 0.0
                && g[2].norm_sqr() == 0.0
                && (g[3].norm_sqr() - 1.0).abs() < 1e-6
        );
        along(&z, &[1.0; 4], 0.0, &mut g);
        assert!(g[1].norm_sqr() == 0.0 && (g[2].re - 1.0).abs() < 1e-6);
    }
}
