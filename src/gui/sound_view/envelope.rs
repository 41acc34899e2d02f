//! A waveform as it is drawn: how far it swings within each column of pixels.

use super::Span;

/// The least and greatest value of a sound within each of `columns` equal parts of a stretch of seconds; sample `i` lies at
/// `i / rate`. Between samples the sound is a straight line, so neighbouring columns always meet, whether a column holds a
/// thousand samples or a thousandth of one. None before the first sample, after the last, and where nothing is finite.
pub fn envelope(samples: &[f32], rate: f64, span: Span, columns: usize) -> Vec<Option<[f32; 2]>> {
    let Some(last) = samples.len().checked_sub(1) else {
        return vec![None; columns];
    };
    let between = |at: f64| {
        let low = at as usize;
        let (a, b) = (samples[low], samples[(low + 1).min(last)]);
        a + (b - a) * (at - low as f64) as f32
    };
    let column = |i: usize| {
        let edge = |i: usize| span.at(i as f64 / columns as f64) * rate;
        let (from, to) = (edge(i).max(0.0), edge(i + 1).min(last as f64));
        if from > to {
            return None;
        }
        // None where a column is narrower than the way between two samples.
        let inside = samples.get(from.ceil() as usize..to.floor() as usize + 1);
        let inside = inside.unwrap_or_default().iter().copied();
        let values = inside.chain([between(from), between(to)]);
        let [low, high] = values
            .filter(|v| v.is_finite())
            .fold([f32::INFINITY, f32::NEG_INFINITY], |[a, b], v| {
                [a.min(v), b.max(v)]
            });
        (low <= high).then_some([low, high])
    };
    (0..columns).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_holds_its_extremes_and_meets_the_next() {
        let samples: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.37).sin()).collect();
        for (span, columns) in [
            (Span::new(0.0, 0.999), 100),
            (Span::new(0.1, 0.1005), 64),
            (Span::new(0.3, 0.5), 977),
        ] {
            let drawn = envelope(&samples, 10_000.0, span, columns);
            assert_eq!(drawn.len(), columns);
            for (i, pair) in drawn.windows(2).enumerate() {
                let ([a, b], [c, d]) = (pair[0].unwrap(), pair[1].unwrap());
                assert!(a <= d + 1e-6 && c <= b + 1e-6, "{columns}: gap after {i}");
            }
            for (i, v) in samples.iter().enumerate() {
                let share = span.share(i as f64 / 10_000.0);
                if (0.0..1.0).contains(&share) {
                    let [low, high] = drawn[(share * columns as f64) as usize].unwrap();
                    assert!((low - 1e-6..=high + 1e-6).contains(v), "sample {i}");
                }
            }
        }
    }

    #[test]
    fn between_two_samples_there_is_a_straight_line() {
        let drawn = envelope(&[0.0, 1.0], 1.0, Span::new(0.0, 1.0), 4);
        let expected = [0.0, 0.25, 0.5, 0.75].map(|v| Some([v, v + 0.25]));
        assert_eq!(drawn, expected);
    }

    #[test]
    fn beyond_the_sound_and_where_it_is_no_number_there_is_nothing() {
        let drawn = envelope(&[1.0, f32::NAN, 3.0, 3.0], 1.0, Span::new(-2.0, 6.0), 8);
        assert_eq!(drawn[..1], [None]);
        assert_eq!(drawn[2], Some([1.0, 1.0]));
        assert_eq!(drawn[4], Some([3.0, 3.0]));
        assert_eq!(drawn[6..], [None, None]);
        assert_eq!(envelope(&[], 1.0, Span::new(0.0, 1.0), 2), [None, None]);
    }
}
