//! A filter that is evaluated only where its output is wanted, and its transpose.

/// Partial sums kept side by side: four AVX-512 or eight AVX2 registers' worth of two.
const LANES: usize = 32;

/// `out[f] = Σⱼ taps[j] · signal[f · stride + j − before]`, zeros beyond the signal's ends.
///
/// Multiplication and addition are rounded separately, so the result is the same on every instruction set.
pub fn decimate(signal: &[f32], taps: &[f32], stride: usize, before: usize, out: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (frame, out) in out.iter_mut().enumerate() {
                let (signal_from, taps_from, n) =
                    overlap(frame * stride, before, signal.len(), taps.len());
                *out = dot(
                    &signal[signal_from..signal_from + n],
                    &taps[taps_from..taps_from + n],
                );
            }
        },
    );
}

/// The transpose of [`decimate`]: adds `frames[f] · taps[j]` to `signal[f · stride + j − before]`.
pub fn spread(frames: &[f32], taps: &[f32], stride: usize, before: usize, signal: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for (frame, g) in frames.iter().enumerate() {
                let (signal_from, taps_from, n) =
                    overlap(frame * stride, before, signal.len(), taps.len());
                let taps = &taps[taps_from..taps_from + n];
                signal[signal_from..signal_from + n]
                    .iter_mut()
                    .zip(taps)
                    .for_each(|(s, tap)| *s += g * tap);
            }
        },
    );
}

/// Where the taps of a frame meet the signal: first sample, first tap, how many.
#[inline(always)]
fn overlap(start: usize, before: usize, samples: usize, taps: usize) -> (usize, usize, usize) {
    let first_sample = start.saturating_sub(before).min(samples);
    let first_tap = before.saturating_sub(start).min(taps);
    (
        first_sample,
        first_tap,
        (taps - first_tap).min(samples - first_sample),
    )
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn irregular(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| (((i + seed) * 7919) % 1013) as f32 / 500.0 - 1.0)
            .collect()
    }

    #[test]
    fn both_agree_with_the_plain_sums_at_every_edge() {
        for (samples, length, stride, before) in [
            (500, 101, 10, 50),
            (90, 101, 7, 30),
            (40, 9, 3, 20),
            (200, 33, 50, 0),
        ] {
            let (signal, taps) = (irregular(samples, 1), irregular(length, 5));
            let frames = (samples + 2 * before).saturating_sub(length) / stride + 1;
            let place = |f: usize, j: usize| {
                (f * stride + j)
                    .checked_sub(before)
                    .filter(|i| *i < samples)
            };
            let mut out = vec![f32::NAN; frames];
            decimate(&signal, &taps, stride, before, &mut out);
            for (f, o) in out.iter().enumerate() {
                let plain: f64 = (0..length)
                    .filter_map(|j| Some(f64::from(signal[place(f, j)?]) * f64::from(taps[j])))
                    .sum();
                assert!(
                    (f64::from(*o) - plain).abs() < 1e-4,
                    "{samples} {length} {f}: {o} {plain}"
                );
            }
            let g = irregular(frames, 9);
            let mut back = vec![0.0; samples];
            spread(&g, &taps, stride, before, &mut back);
            // ⟨Ax, g⟩ = ⟨x, Aᵀg⟩
            let product = |a: &[f32], b: &[f32]| {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum::<f64>()
            };
            assert!((product(&out, &g) - product(&signal, &back)).abs() < 1e-3);
        }
    }
}
