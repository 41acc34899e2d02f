//! What rows and columns of a cochleagram mean: hertz and seconds.

use super::{Place, Span};
use crate::export::Part;
use crate::layers::Cochleagram;
use crate::layers::cochleagram::erb::{erb_rate, hertz};

/// The axes of one front end's cochleagrams.
///
/// ```
/// use metamer_studio::export::SoundAxes;
/// use metamer_studio::layers::Layer;
///
/// let model = metamer_studio::network::registry::load("cochleagram-feather2019")?;
/// let layers = model.graph.nodes().iter().map(|node| &node.layer);
/// let axes = layers.filter_map(|layer| match layer {
///     Layer::Cochleagram(layer) => Some(SoundAxes::of(layer)),
///     _ => None,
/// });
/// assert_eq!(axes.map(|a| (a.channels(), a.limits())).next(), Some((211, (20.0, 8000.0))));
/// # Ok::<(), metamer_studio::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SoundAxes {
    /// Centre of each channel on the ERB-rate scale, ascending.
    centres: Vec<f64>,
    /// The published limits of the filters in Hz.
    limits: (f64, f64),
    frames: usize,
    /// The second at which the first frame's share of time begins.
    start: f64,
    /// Seconds from one frame to the next.
    frame: f64,
    /// Length of the sound in seconds.
    seconds: f64,
}

impl SoundAxes {
    /// The axes of what this layer makes of a sound. A frame stands for the time half way to its neighbours around the
    /// middle of its window; where a front end keeps only whole windows, the first frame begins after the sound does.
    pub fn of(layer: &Cochleagram) -> Self {
        let rate = layer.front_end().sample_rate as f64;
        let stride = layer.front_end().stride() as f64;
        let filters = layer.front_end().filters;
        Self {
            centres: layer.bands().iter().map(|b| erb_rate(b.centre)).collect(),
            limits: (filters.low, filters.high),
            frames: layer.frames(),
            start: (layer.centre_of(0) - stride / 2.0) / rate,
            frame: stride / rate,
            seconds: layer.samples() as f64 / rate,
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.centres.len()
    }

    /// The filters' published limits in Hz.
    pub fn limits(&self) -> (f64, f64) {
        self.limits
    }

    /// Length of the sound in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Seconds from one frame to the next.
    pub fn frame(&self) -> f64 {
        self.frame
    }

    /// The frequency in Hz at a place on the channels' axis: channel `k`'s centre at `k + 0.5`.
    pub fn hertz_at(&self, channel: f64) -> f64 {
        let last = self.centres.len().saturating_sub(2);
        let k = ((channel - 0.5).max(0.0) as usize).min(last);
        let (Some(a), Some(b)) = (self.centres.get(k), self.centres.get(k + 1)) else {
            return self.limits.0;
        };
        hertz(a + (b - a) * (channel - 0.5 - k as f64)).max(0.0)
    }

    /// The place on the channels' axis of a frequency in Hz.
    pub fn channel_of(&self, hertz: f64) -> f64 {
        let wanted = erb_rate(hertz);
        let above = self.centres.partition_point(|c| *c < wanted);
        let k = above
            .saturating_sub(1)
            .min(self.centres.len().saturating_sub(2));
        match (self.centres.get(k), self.centres.get(k + 1)) {
            (Some(a), Some(b)) if b > a => k as f64 + 0.5 + (wanted - a) / (b - a),
            _ => k as f64 + 0.5,
        }
    }

    /// The cell at a place: channel and frame.
    pub fn cell(&self, place: Place) -> Option<(usize, usize)> {
        let inside = |v: f64, count: usize| (0.0..count as f64).contains(&v).then_some(v as usize);
        let frame = inside((place.seconds - self.start) / self.frame, self.frames)?;
        Some((inside(place.channel?, self.channels())?, frame))
    }

    /// The part of the map that lies in a stretch of time and of channels.
    pub fn part(&self, time: Span, channels: Span) -> Part {
        let column = |seconds: f64| (seconds - self.start) / self.frame;
        Part {
            left: column(time.from),
            right: column(time.to),
            bottom: channels.from,
            top: channels.to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::FrontEnd;

    fn axes(front_end: FrontEnd) -> SoundAxes {
        SoundAxes::of(&Cochleagram::new(front_end, 40_000).unwrap())
    }

    #[test]
    fn frames_fill_two_seconds_or_only_where_windows_are_whole() {
        let time = Span::new(0.0, 2.0);
        let part = |f| axes(f).part(time, Span::new(0.0, 211.0));
        let first = part(FrontEnd::FEATHER2019);
        assert!(first.left.abs() < 1e-9 && (first.right - 400.0).abs() < 1e-9);
        // 22.5 ms before the first frame's time, 27.5 ms after the last one's.
        let second = part(FrontEnd::COCHLEAGRAM_1);
        assert!((second.left + 4.5).abs() < 1e-9 && (second.right - 395.5).abs() < 1e-9);
        assert_eq!((second.bottom, second.top), (0.0, 211.0));
    }

    #[test]
    fn frequencies_and_channels_are_each_other_s_inverse_and_evenly_spaced_in_erb() {
        for front_end in [FrontEnd::FEATHER2019, FrontEnd::COCHLEAGRAM_1] {
            let axes = axes(front_end);
            for hertz in [100.0, 440.0, 1000.0, 7999.0] {
                let there = axes.hertz_at(axes.channel_of(hertz));
                assert!((there / hertz - 1.0).abs() < 1e-9, "{hertz} {there}");
            }
            let steps: Vec<f64> = (10..200)
                .map(|k| {
                    let [a, b] = [0.5, 1.5].map(|d| erb_rate(axes.hertz_at(k as f64 + d)));
                    b - a
                })
                .collect();
            assert!(steps.iter().all(|s| (s / steps[0] - 1.0).abs() < 1e-9));
            let rises = (0..210).all(|k| axes.hertz_at(k as f64) < axes.hertz_at(k as f64 + 1.0));
            assert!(rises, "{front_end:?}");
        }
    }

    #[test]
    fn a_tone_lies_in_the_channel_that_its_frequency_names() {
        let axes = axes(FrontEnd::FEATHER2019);
        let layer = Cochleagram::new(FrontEnd::FEATHER2019, 40_000).unwrap();
        let (channel, _) = axes
            .cell(Place {
                seconds: 1.0,
                channel: Some(axes.channel_of(1000.0)),
            })
            .unwrap();
        let nearest = (0..211)
            .min_by_key(|k| ((layer.bands()[*k].centre - 1000.0).abs() * 1e6) as u64)
            .unwrap();
        assert_eq!(channel, nearest);
        let beyond = Place {
            seconds: 2.01,
            channel: Some(3.0),
        };
        assert_eq!(axes.cell(beyond), None);
    }
}
