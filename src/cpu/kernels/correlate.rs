//! Direct correlation: many shifted, weighted copies of a signal added up, `BLOCK` outputs at a time in registers.

use crate::cpu::wide::wide;

/// Outputs computed together: four AVX-512 or eight AVX2 registers.
pub const BLOCK: usize = 64;

/// `out[t] = bias + Σₖ weights[k] · source[offsets[k] + t]`.
///
/// Multiplication and addition are rounded separately, so the result is the same on every instruction set.
///
/// # Panics
/// When `out` is no multiple of [`BLOCK`] long, the two lists differ in length, or a read would pass the end of `source`.
pub fn correlate(source: &[f32], offsets: &[usize], weights: &[f32], bias: f32, out: &mut [f32]) {
    assert_eq!(out.len() % BLOCK, 0, "output length");
    assert_eq!(offsets.len(), weights.len(), "taps");
    wide(
        #[inline(always)]
        || body(source, offsets, weights, bias, out),
    );
}

#[inline(always)]
fn body(source: &[f32], offsets: &[usize], weights: &[f32], bias: f32, out: &mut [f32]) {
    for (block, out) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut sums = [bias; BLOCK];
        for (offset, weight) in offsets.iter().zip(weights) {
            let start = offset + block * BLOCK;
            let seen = &source[start..start + BLOCK];
            for (sum, x) in sums.iter_mut().zip(seen) {
                *sum += weight * x;
            }
        }
        *out = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_plain_sum_to_the_bit() {
        let source: Vec<f32> = (0..500)
            .map(|i| ((i * 7919) % 1013) as f32 / 99.0 - 5.0)
            .collect();
        let offsets = [0, 3, 17, 100, 243];
        let weights = [0.5, -1.25, 3.0e-3, 7.0, -0.1];
        let mut out = vec![0.0; 3 * BLOCK];
        correlate(&source, &offsets, &weights, 0.75, &mut out);
        for (t, o) in out.iter().enumerate() {
            let expected = offsets
                .iter()
                .zip(&weights)
                .fold(0.75f32, |sum, (k, w)| sum + w * source[k + t]);
            assert_eq!(o.to_bits(), expected.to_bits());
        }
    }

    #[test]
    #[should_panic(expected = "range end index")]
    fn reading_past_the_end_panics_rather_than_reading() {
        correlate(&[0.0; 70], &[7], &[1.0], 0.0, &mut [0.0; BLOCK]);
    }
}
