//! What the tests against reference data share.

// Each test file uses its own part of this.
#![allow(dead_code)]

/// SplitMix64, the reference data's own portable generator: `n` numbers on [0, 1).
pub fn uniform(seed: u64, n: usize) -> Vec<f64> {
    (1..=n as u64)
        .map(|i| {
            let mut z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
        })
        .collect()
}

/// Every value, or the stored sub-sample of them.
pub fn sample(values: &[f32], stored: usize) -> Vec<f32> {
    (0..stored)
        .map(|i| values[i * values.len() / stored])
        .collect()
}

/// Values of shape `[channel, height, width]` in TensorFlow's order, with channels last.
pub fn channels_last(values: &[f32], channels: usize) -> Vec<f32> {
    let plane = values.len() / channels;
    (0..values.len())
        .map(|i| values[i % channels * plane + i / channels])
        .collect()
}

/// Values in TensorFlow's order, with channels last, as `[channel, height, width]`.
pub fn channels_first(values: &[f32], channels: usize) -> Vec<f32> {
    let plane = values.len() / channels;
    (0..values.len())
        .map(|i| values[i % plane * channels + i / plane])
        .collect()
}

/// Length of the difference relative to that of what was expected.
pub fn relative_l2(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |v: f32| f64::from(v) * f64::from(v);
    let error: f64 = found.iter().zip(expected).map(|(f, e)| square(f - e)).sum();
    (error / expected.iter().map(|e| square(*e)).sum::<f64>()).sqrt()
}
