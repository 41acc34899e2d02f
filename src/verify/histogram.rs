//! How often values fall into each of a number of equal parts of their range.

/// Counts over equal parts of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The smallest and the largest value.
    pub range: [f64; 2],
    /// Number of values in each part, from the smallest values to the largest.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// Counts values into `parts` parts; none if there are no finite values.
    pub fn of(values: &[f32], parts: usize) -> Option<Self> {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let low = f64::from(finite().reduce(f32::min)?);
        let high = f64::from(finite().reduce(f32::max)?);
        let mut counts = vec![0; parts.max(1)];
        let last = counts.len() - 1;
        for value in finite() {
            let place = (f64::from(value) - low) / (high - low) * counts.len() as f64;
            // The largest value belongs to the last part; of a single value all parts but one are empty.
            let place = if place.is_nan() {
                0
            } else {
                (place as usize).min(last)
            };
            counts[place] += 1;
        }
        Some(Self {
            range: [low, high],
            counts,
        })
    }

    /// Number of values.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|n| u64::from(*n)).sum()
    }

    /// The middle of each part and its count.
    pub fn bars(&self) -> impl Iterator<Item = (f64, u32)> {
        let [low, _] = self.range;
        let width = self.width();
        self.counts
            .iter()
            .enumerate()
            .map(move |(i, n)| (low + (i as f64 + 0.5) * width, *n))
    }

    /// Width of a part.
    pub fn width(&self) -> f64 {
        (self.range[1] - self.range[0]) / self.counts.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_counted_once_and_the_largest_in_the_last_part() {
        let h = Histogram::of(&[0.0, 0.1, 0.5, 0.9, 1.0, f32::NAN], 4).unwrap();
        assert_eq!((h.range, &h.counts[..]), ([0.0, 1.0], &[2, 0, 1, 2][..]));
        assert_eq!((h.total(), h.width()), (5, 0.25));
        assert_eq!(h.bars().next(), Some((0.125, 2)));
        assert_eq!(Histogram::of(&[3.0; 7], 5).unwrap().total(), 7);
        assert!(Histogram::of(&[f32::INFINITY], 5).is_none());
    }
}
