//! How alike two activation vectors are: Spearman's rho, Pearson's r, signal-to-noise ratio.

use super::number::Number;
use serde::{Deserialize, Serialize};

/// A vector replaced by its ranks, ready to be correlated with another.
///
/// Ranks are kept as twice the rank less twice the mean rank: whole numbers even where ties share a half. Sums of their
/// products are then exact, however long the vectors.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Empty when the vector held a NaN.
    doubled: Vec<i64>,
    squares: i128,
}

impl Ranked {
    /// Ranks a vector. Infinities are ranked as the largest and smallest values; a NaN makes every correlation NaN.
    pub fn new(values: &[f32]) -> Self {
        if values.iter().any(|v| v.is_nan()) {
            return Self {
                doubled: vec![],
                squares: 0,
            };
        }
        // Value in the upper half, place in the lower: one sort of whole numbers.
        let mut order: Vec<u64> = values
            .iter()
            .enumerate()
            .map(|(i, v)| u64::from(ascending_bits(*v)) << 32 | i as u64)
            .collect();
        order.sort_unstable();
        let mut doubled = vec![0; values.len()];
        let mut start = 0;
        while start < order.len() {
            let tied = order[start..]
                .iter()
                .take_while(|o| *o >> 32 == order[start] >> 32)
                .count();
            let shared = (2 * start + tied) as i64 - values.len() as i64;
            for o in &order[start..start + tied] {
                doubled[(*o & 0xffff_ffff) as usize] = shared;
            }
            start += tied;
        }
        let squares = dot(&doubled, &doubled);
        Self { doubled, squares }
    }

    /// Spearman's rho with a vector of the same length; NaN when either is constant, shorter than 2 or holds a NaN.
    pub fn correlate(&self, other: &Self) -> f64 {
        if self.doubled.len() != other.doubled.len() || self.squares == 0 || other.squares == 0 {
            return f64::NAN;
        }
        let norm = (self.squares as f64).sqrt() * (other.squares as f64).sqrt();
        (dot(&self.doubled, &other.doubled) as f64 / norm).clamp(-1.0, 1.0)
    }
}

fn dot(a: &[i64], b: &[i64]) -> i128 {
    a.iter()
        .zip(b)
        .map(|(a, b)| i128::from(*a) * i128::from(*b))
        .sum()
}

/// Bits that order as the numbers do; both zeros get the same.
fn ascending_bits(v: f32) -> u32 {
    let bits = (v + 0.0).to_bits();
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// Spearman's rho: Pearson's r of the ranks, ties sharing their mean rank (as `scipy.stats.spearmanr`).
pub fn spearman(x: &[f32], y: &[f32]) -> f64 {
    Ranked::new(x).correlate(&Ranked::new(y))
}

/// Pearson's r in `f64`; NaN when either vector is constant, or not finite.
pub fn pearson(x: &[f32], y: &[f32]) -> f64 {
    if x.len() != y.len() || x.len() < 2 {
        return f64::NAN;
    }
    let n = x.len();
    let mean = |v: &[f32]| total(0..n, &|i| f64::from(v[i])) / n as f64;
    let (mx, my) = (mean(x), mean(y));
    let (dx, dy) = (
        |i: usize| f64::from(x[i]) - mx,
        |i: usize| f64::from(y[i]) - my,
    );
    let (xx, yy) = (
        total(0..n, &|i| dx(i) * dx(i)),
        total(0..n, &|i| dy(i) * dy(i)),
    );
    let xy = total(0..n, &|i| dx(i) * dy(i));
    (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0)
}

/// A sum in halves of halves, whose rounding error grows with the logarithm of the length, not the length.
fn total(range: std::ops::Range<usize>, term: &impl Fn(usize) -> f64) -> f64 {
    if range.len() <= 128 {
        return range.map(term).sum();
    }
    let middle = range.start + range.len() / 2;
    total(range.start..middle, term) + total(middle..range.end, term)
}

/// How alike the metamer's activations are to the reference's, at one layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Spearman's rho.
    pub spearman: Number,
    /// Pearson's r.
    pub pearson: Number,
    /// `10 · log10(‖reference‖ / ‖reference − metamer‖)`: the papers' "dB SNR", half of what engineers call dB.
    pub snr_db: Number,
    /// `20 · log10(‖reference‖ / ‖reference − metamer‖)`: conventional decibels.
    pub snr_conventional_db: Number,
}

impl Comparison {
    /// Compares two activation vectors of the same layer.
    pub fn new(reference: &[f32], metamer: &[f32]) -> Self {
        Self::with_ranks(reference, &Ranked::new(reference), metamer)
    }

    /// The same, with the reference ranked before.
    pub fn with_ranks(reference: &[f32], ranks: &Ranked, metamer: &[f32]) -> Self {
        let [signal, noise] = norms(reference, metamer);
        let decades = (signal / noise).log10();
        Self {
            spearman: Number(ranks.correlate(&Ranked::new(metamer))),
            pearson: Number(pearson(reference, metamer)),
            snr_db: Number(10.0 * decades),
            snr_conventional_db: Number(20.0 * decades),
        }
    }
}

/// `‖reference‖` and `‖reference − metamer‖`, for vectors of equal length.
pub fn norms(reference: &[f32], metamer: &[f32]) -> [f64; 2] {
    let square = |v: f64| v * v;
    let signal = total(0..reference.len(), &|i| square(f64::from(reference[i])));
    let noise = total(0..reference.len(), &|i| {
        square(f64::from(reference[i]) - f64::from(metamer[i]))
    });
    [signal.sqrt(), noise.sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        let r = Ranked::new(&[2.0, -0.0, 0.0, 2.0, -1.0]);
        assert_eq!(r.doubled, [3, -1, -1, 3, -4]);
    }

    #[test]
    fn a_constant_has_no_correlation_and_an_identity_has_infinite_snr() {
        assert!(spearman(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]).is_nan());
        assert!(pearson(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]).is_nan());
        let same = Comparison::new(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!(same.snr_db.0, f64::INFINITY);
    }
}
