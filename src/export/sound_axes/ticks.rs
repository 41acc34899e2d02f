//! Where the axes of a sound are labelled.

use super::{SoundAxes, Span};

/// A label on an axis, and where: 0 at the lesser end of what is in view, 1 at the greater.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// How far along the axis.
    pub share: f64,
    /// What stands there.
    pub label: String,
}

/// Round seconds, at least `gap` of the axis apart.
pub fn seconds(view: Span, gap: f64) -> Vec<Tick> {
    let least = view.length() * gap;
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| *s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    let decimals = (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
    let first = (view.from / step - 1e-9).ceil() as i64;
    let last = (view.to / step + 1e-9).floor() as i64;
    (first..=last)
        .map(|k| {
            let at = k as f64 * step;
            Tick {
                share: view.share(at).clamp(0.0, 1.0),
                label: format!("{at:.decimals$} s"),
            }
        })
        .collect()
}

/// Frequencies among the channels in view, at least `gap` of the axis apart: the filters' limits before round numbers, and
/// rounder ones before others, which come only as a whole set.
pub fn hertz(axes: &SoundAxes, view: Span, gap: f64) -> Vec<Tick> {
    let (low, high) = (axes.hertz_at(view.from), axes.hertz_at(view.to));
    let (lowest, highest) = axes.limits();
    let in_view = |hz: &f64| (low..=high).contains(hz) && (lowest..=highest).contains(hz);
    let mut ticks: Vec<(f64, f64)> = vec![];
    let mut add = |set: Vec<f64>, whole: bool| {
        let mut with = ticks.clone();
        for hz in set.into_iter().filter(in_view) {
            let share = view.share(axes.channel_of(hz));
            let known = with.iter().any(|(_, other)| *other == hz);
            let room = with.iter().all(|(other, _)| (share - other).abs() >= gap);
            if !known && !room && whole {
                return;
            }
            if !known && room {
                with.push((share, hz));
            }
        }
        ticks = with;
    };
    add(vec![lowest, highest], false);
    add(rounded(&[100]), false);
    add(rounded(&[200, 500]), false);
    add(rounded(&[150, 300, 700]), true);
    for step in [100, 50, 20, 10, 5, 2, 1] {
        let multiples: Vec<u64> = (100..1000).step_by(step).collect();
        add(rounded(&multiples), true);
    }
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tick = |(share, hz)| Tick {
        share,
        label: frequency(hz),
    };
    ticks.into_iter().map(tick).collect()
}

/// Hundredths of powers of ten, as far as they are whole hertz.
fn rounded(hundredths: &[u64]) -> Vec<f64> {
    (0..5u32)
        .flat_map(|power| hundredths.iter().map(move |m| m * 10u64.pow(power)))
        .filter(|hz| hz.is_multiple_of(100))
        .map(|hz| (hz / 100) as f64)
        .collect()
}

/// A frequency as people read it: `500 Hz`, `2.5 kHz`.
pub fn frequency(hz: f64) -> String {
    if hz < 1000.0 {
        format!("{hz:.0} Hz")
    } else {
        let text = format!("{:.3}", hz / 1000.0);
        format!("{} kHz", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Cochleagram, FrontEnd};

    fn labels(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn seconds_are_round_and_have_room() {
        let at = |from, to, gap| labels(seconds(Span::new(from, to), gap));
        assert_eq!(
            at(0.0, 2.0, 0.2),
            ["0.0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s"]
        );
        assert_eq!(
            at(0.412, 0.418, 0.3),
            ["0.412 s", "0.414 s", "0.416 s", "0.418 s"]
        );
        assert_eq!(at(0.0, 100.0, 0.3), ["0 s", "50 s", "100 s"]);
    }

    #[test]
    fn frequencies_are_round_where_the_ear_hears_them_and_have_room() {
        let layer = Cochleagram::new(FrontEnd::FEATHER2019, 40_000).unwrap();
        let axes = SoundAxes::of(&layer);
        let whole = Span::new(0.0, 211.0);
        let gap = 0.08;
        let ticks = hertz(&axes, whole, gap);
        assert_eq!(
            labels(ticks.clone()),
            [
                "20 Hz", "200 Hz", "500 Hz", "1 kHz", "2 kHz", "5 kHz", "8 kHz"
            ]
        );
        for pair in ticks.windows(2) {
            assert!(pair[1].share - pair[0].share >= gap);
        }
        // Near one frequency the numbers become finer.
        let middle = axes.channel_of(1000.0);
        let near = hertz(&axes, Span::new(middle - 2.0, middle + 2.0), gap);
        assert!(near.len() >= 4, "{near:?}");
        for tick in near {
            let hz = axes.hertz_at(Span::new(middle - 2.0, middle + 2.0).at(tick.share));
            assert_eq!(frequency((hz * 1000.0).round() / 1000.0), tick.label);
        }
    }

    #[test]
    fn frequencies_read_well() {
        assert_eq!(
            [20.0, 999.0, 1000.0, 2500.0, 10_000.0].map(frequency),
            ["20 Hz", "999 Hz", "1 kHz", "2.5 kHz", "10 kHz"]
        );
    }
}
