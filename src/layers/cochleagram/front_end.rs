//! Everything that one toolbox's cochleagram does differently from another's.

use super::erb::ErbFilters;
use crate::{Error, Result};

/// How the filtered spectrum becomes an analytic signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analytic {
    /// The one-sided spectrum as it is, so that the envelope is half the usual one.
    OneSided,
    /// Positive frequencies doubled, as in the usual analytic signal; the mean and half the sample rate are dropped.
    Doubled,
}

/// What lies beyond the ends of an envelope when it is downsampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Nothing: only windows wholly inside count.
    Valid,
    /// Zeros by TensorFlow's "SAME" rule: as many frames as strides fit, the odd zero at the end.
    Same,
    /// So many zeros before and after.
    Padded(usize, usize),
}

/// A compression `uᵉˣᵖᵒⁿᵉⁿᵗ` whose slope is limited on the way back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    /// 0.3 in both papers.
    pub exponent: f64,
    /// The largest slope that a gradient is multiplied with. Near silence the true slope is without bound.
    pub steepest: f64,
}

/// The parameters of a cochleagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontEnd {
    /// Samples per second of the sound.
    pub sample_rate: usize,
    /// The cochlear filters.
    pub filters: ErbFilters,
    /// Whether the sound's mean is removed first.
    pub subtract_mean: bool,
    /// How many times as long the sound is made, with zeros at its end, while it is filtered; 1 for not at all.
    pub lengthened: usize,
    /// The analytic signal.
    pub analytic: Analytic,
    /// The squared envelope is not allowed below this, and passes no gradient there.
    pub power_floor: f64,
    /// Frames per second; must divide the sample rate.
    pub frame_rate: usize,
    /// Taps of the downsampling filter.
    pub window: usize,
    /// The ends of the envelopes.
    pub edges: Edges,
    /// Whether gradients pass the rectifier after downsampling unchanged (a "fake" ReLU).
    pub straight_through: bool,
    /// Added after rectification.
    pub offset: f64,
    /// Multiplied with the sum.
    pub scale: f64,
    /// The compression; none for a linear scale.
    pub compression: Option<Power>,
}

impl FrontEnd {
    /// The front end of the word networks of Feather et al. (2019), TensorFlow conventions: 211 channels from 20 to
    /// 8000 Hz, 400 frames for two seconds.
    pub const FEATHER2019: Self = Self {
        sample_rate: 20_000,
        filters: ErbFilters {
            low: 20.0,
            high: 8000.0,
            count: 50,
            sample_factor: 4,
            low_pass: true,
            high_pass: true,
        },
        subtract_mean: false,
        lengthened: 1,
        analytic: Analytic::OneSided,
        power_floor: 0.0,
        frame_rate: 200,
        window: 1001,
        edges: Edges::Same,
        straight_through: false,
        offset: 0.0,
        scale: 796.874_168_374_569_4,
        compression: Some(Power {
            exponent: 0.3,
            steepest: 1.0,
        }),
    };

    /// The front end of the word networks of Feather et al. (2023), PyTorch conventions: 211 channels from 50 to
    /// 10 000 Hz, 390 frames for two seconds.
    pub const COCHLEAGRAM_1: Self = Self {
        filters: ErbFilters {
            low: 50.0,
            high: 10_000.0,
            ..Self::FEATHER2019.filters
        },
        power_floor: 1e-16,
        edges: Edges::Valid,
        straight_through: true,
        offset: 1e-8,
        scale: 1.0,
        compression: Some(Power {
            exponent: 0.3,
            steepest: 5.0,
        }),
        ..Self::FEATHER2019
    };

    /// Samples from one frame to the next.
    pub fn stride(&self) -> usize {
        self.sample_rate / self.frame_rate.max(1)
    }

    /// Zeros before an envelope of `samples` samples, and the number of frames.
    ///
    /// # Errors
    /// When the frame rate does not divide the sample rate, or the sound is too short for one frame.
    pub fn framing(&self, samples: usize) -> Result<(usize, usize)> {
        if self.frame_rate == 0
            || !self.sample_rate.is_multiple_of(self.frame_rate)
            || self.window == 0
        {
            return Err(Error::value(
                "frame_rate",
                format!(
                    "must divide the sample rate of {} Hz, found {}",
                    self.sample_rate, self.frame_rate
                ),
            ));
        }
        let stride = self.stride();
        let (before, after) = match self.edges {
            Edges::Valid => (0, 0),
            Edges::Padded(before, after) => (before, after),
            Edges::Same => {
                let total =
                    ((samples.div_ceil(stride) - 1) * stride + self.window).saturating_sub(samples);
                (total / 2, total - total / 2)
            }
        };
        let Some(room) = (samples + before + after).checked_sub(self.window) else {
            let reason = format!(
                "a sound of {samples} samples is shorter than the window of {} samples",
                self.window
            );
            return Err(Error::value("cochleagram", reason));
        };
        Ok((before, room / stride + 1))
    }

    /// The last stage: rectification, offset, scale, compression of one downsampled envelope value.
    pub fn compress(&self, envelope: f64) -> f64 {
        let u = self.scaled(envelope);
        self.compression.map_or(u, |power| u.powf(power.exponent))
    }

    /// What the papers multiply a gradient with on its way through [`Self::compress`]. It deviates from the derivative on
    /// purpose: the slope of the compression is limited, and a fake ReLU lets everything pass.
    pub fn slope(&self, envelope: f64) -> f64 {
        if !self.straight_through && envelope <= 0.0 {
            return 0.0;
        }
        let slope = self.compression.map_or(1.0, |power| {
            let slope = power.exponent * self.scaled(envelope).powf(power.exponent - 1.0);
            slope.min(power.steepest)
        });
        self.scale * slope
    }

    /// What is not a number stays so: a sound that has become none must not be heard as silence.
    fn scaled(&self, envelope: f64) -> f64 {
        let rectified = if envelope < 0.0 { 0.0 } else { envelope };
        self.scale * (rectified + self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_front_ends_have_the_published_shape() {
        assert_eq!(FrontEnd::FEATHER2019.framing(40_000).unwrap(), (450, 400));
        assert_eq!(FrontEnd::COCHLEAGRAM_1.framing(40_000).unwrap(), (0, 390));
        assert!(
            FrontEnd::COCHLEAGRAM_1
                .framing(1000)
                .unwrap_err()
                .to_string()
                .contains("1000 samples")
        );
        assert!(
            FrontEnd {
                frame_rate: 300,
                ..FrontEnd::COCHLEAGRAM_1
            }
            .framing(40_000)
            .is_err()
        );
    }

    #[test]
    fn the_slope_is_the_derivative_only_where_it_is_gentle_enough() {
        let derivative = |f: &FrontEnd, d: f64| {
            (f.compress(d * (1.0 + 1e-6)) - f.compress(d * (1.0 - 1e-6))) / (2e-6 * d)
        };
        // 0.3 u^-0.7 reaches 1 at 0.179073 (in scaled units) and 5 at 0.017968.
        for (front, bound, scale) in [
            (FrontEnd::FEATHER2019, 0.179_073, 796.874_168_374_569_4),
            (FrontEnd::COCHLEAGRAM_1, 0.017_968, 1.0),
        ] {
            let gentle = bound / scale * 1.01;
            assert!((front.slope(gentle) / derivative(&front, gentle) - 1.0).abs() < 1e-6);
            let steep = bound / scale * 0.9;
            assert!(front.slope(steep) < 0.99 * derivative(&front, steep));
            let steepest = front.compression.unwrap().steepest;
            assert_eq!(front.slope(steep), scale * steepest);
        }
    }

    #[test]
    fn below_zero_only_the_fake_rectifier_lets_gradients_through() {
        for d in [-0.5, 0.0] {
            assert_eq!(FrontEnd::FEATHER2019.slope(d), 0.0);
            assert_eq!(FrontEnd::FEATHER2019.compress(d), 0.0);
            assert_eq!(FrontEnd::COCHLEAGRAM_1.slope(d), 5.0);
            assert!((FrontEnd::COCHLEAGRAM_1.compress(d) - 0.003_981_071_7).abs() < 1e-9);
        }
    }
}
