//! The filter through which envelopes are downsampled.

use std::f64::consts::PI;

/// Shape of the Kaiser window.
const BETA: f64 = 5.0;

/// A sinc of period `stride` under a Kaiser window of `length` taps.
///
/// As published, the sinc's time axis runs from −length/2 in whole steps, so for odd lengths its centre lies half a sample
/// after the window's, and the sum is only nearly one.
pub fn windowed_sinc(length: usize, stride: usize) -> Vec<f64> {
    let tap = |j: usize| {
        let t = PI * (j as f64 - length as f64 / 2.0) / stride as f64;
        let sinc = if t == 0.0 { 1.0 } else { libm::sin(t) / t };
        sinc / stride as f64 * kaiser(j, length)
    };
    (0..length).map(tap).collect()
}

fn kaiser(j: usize, length: usize) -> f64 {
    if length == 1 {
        return 1.0;
    }
    let r = 2.0 * j as f64 / (length - 1) as f64 - 1.0;
    bessel_i0(BETA * (1.0 - r * r).max(0.0).sqrt()) / bessel_i0(BETA)
}

/// The modified Bessel function of the first kind and order 0, by its power series (all terms are positive).
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        term *= (x / 2.0 / f64::from(k)) * (x / 2.0 / f64::from(k));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_filter_has_the_known_sum_and_ends() {
        let h = windowed_sinc(1001, 100);
        assert!((h.iter().sum::<f64>() - 1.000_944_659_808_768_6).abs() < 1e-12);
        for (j, expected) in [
            (0, -3.66727e-7),
            (500, 9.999_588_77e-3),
            (501, 9.999_499_44e-3),
            (1000, 3.67461e-7),
        ] {
            assert!(
                (h[j] - expected).abs() < 1e-5 * expected.abs(),
                "tap {j}: {}",
                h[j]
            );
        }
    }
}
