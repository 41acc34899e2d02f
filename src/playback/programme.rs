//! What can be heard: two sounds at the device's rate, made equally loud.

use std::sync::Arc;

/// One of the two sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// What the metamer is made of.
    #[default]
    Reference,
    /// What the network cannot tell from it.
    Metamer,
}

impl Slot {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Reference => Self::Metamer,
            Self::Metamer => Self::Reference,
        }
    }

    /// Where it stands in pairs.
    pub fn index(self) -> usize {
        usize::from(self == Self::Metamer)
    }
}

/// How loud a sound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Root mean square.
    pub rms: f64,
    /// The largest magnitude.
    pub peak: f64,
}

impl Level {
    /// The level of some samples; both numbers are 0 for none.
    pub fn of(samples: &[f32]) -> Self {
        let square = |s: &f32| f64::from(*s) * f64::from(*s);
        let sum: f64 = samples.iter().map(square).sum();
        Self {
            rms: (sum / samples.len().max(1) as f64).sqrt(),
            peak: f64::from(samples.iter().fold(0f32, |m, s| m.max(s.abs()))),
        }
    }
}

/// The largest magnitude that is played: a hair below full scale, so that rounding to 16 bits stays inside.
pub const LIMIT: f64 = 0.999;
/// No sound is made louder than this: 60 dB. What is quieter still is silence to the ear, and no match for anything.
const MOST: f64 = 1000.0;

/// The gains that give both sounds the same root mean square, that of the reference, and lower both by the same factor
/// where one would exceed [`LIMIT`]. Without matching only the common factor is left.
pub fn gains(levels: [Option<Level>; 2], matched: bool) -> [f32; 2] {
    let mut gains = [1.0; 2];
    if let ([Some(reference), Some(metamer)], true) = (levels, matched)
        && reference.rms > 0.0
        && metamer.rms > 0.0
    {
        gains[1] = (reference.rms / metamer.rms).min(MOST);
    }
    let peaks = levels
        .iter()
        .zip(gains)
        .map(|(l, g)| l.map_or(0.0, |l| l.peak) * g);
    let loudest = peaks.fold(0.0, f64::max);
    let common = if loudest > LIMIT {
        LIMIT / loudest
    } else {
        1.0
    };
    gains.map(|g| (g * common) as f32)
}

/// Both sounds as the callback plays them.
#[derive(Debug, Default)]
pub struct Programme {
    /// Samples at the device's rate by [`Slot::index`]; silence where there are none.
    pub samples: [Arc<[f32]>; 2],
    /// Factors on them.
    pub gains: [f32; 2],
}

impl Programme {
    /// The longer sound's number of frames.
    pub fn frames(&self) -> usize {
        self.samples[0].len().max(self.samples[1].len())
    }

    /// A sound's sample at a frame; silence beyond its end.
    pub fn at(&self, slot: Slot, frame: usize) -> f32 {
        let i = slot.index();
        self.samples[i]
            .get(frame)
            .map_or(0.0, |s| s * self.gains[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sounds_come_to_the_references_level_and_below_full_scale() {
        let level = |rms, peak| Some(Level { rms, peak });
        assert_eq!(gains([level(0.1, 0.5), level(0.05, 0.2)], true), [1.0, 2.0]);
        assert_eq!(
            gains([level(0.1, 0.5), level(0.05, 0.2)], false),
            [1.0, 1.0]
        );
        // Twice as loud, the metamer would reach 1.4: both are lowered.
        let [a, b] = gains([level(0.1, 0.5), level(0.05, 0.7)], true);
        assert!((b / a - 2.0).abs() < 1e-6 && (f64::from(b) * 0.7 - LIMIT).abs() < 1e-6);
        // Alone, or silent, a sound is not changed unless it clips.
        assert_eq!(gains([None, level(0.3, 0.9)], true), [1.0, 1.0]);
        assert_eq!(gains([level(0.0, 0.0), level(0.3, 0.9)], true), [1.0, 1.0]);
        assert_eq!(gains([level(0.3, 0.9), level(0.0, 0.0)], true), [1.0, 1.0]);
        assert!((gains([level(1.0, 2.0), None], true)[0] - 0.4995).abs() < 1e-6);
        let [_, b] = gains([level(0.1, 0.5), level(1e-30, 1e-29)], true);
        assert_eq!(b, 1000.0);
    }

    #[test]
    fn a_level_is_what_it_says() {
        let level = Level::of(&[3.0, -4.0, 0.0, 0.0]);
        assert_eq!((level.rms, level.peak), (2.5, 4.0));
        assert_eq!(Level::of(&[]).rms, 0.0);
    }
}
