//! From a sound of any length to the network's input: one window of it, mean removed, at the papers' level.

use super::{Recording, Sound};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The sample rate of all networks that hear.
pub const NETWORK_RATE: u32 = 20_000;
/// The root mean square that both papers give a sound.
pub const LEVEL: f64 = 0.1;

/// Which part of a longer sound is used: in text, `loudest` or seconds from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Part {
    /// The window with the greatest energy, the first of equals.
    #[default]
    Loudest,
    /// The window that begins so many seconds after the sound does.
    From(f64),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loudest => f.write_str("loudest"),
            Self::From(seconds) => write!(f, "{seconds}"),
        }
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Self::From(seconds)),
            _ if text == "loudest" => Ok(Self::Loudest),
            _ => Err(format!(
                "must be 'loudest' or seconds from the beginning, found '{text}'"
            )),
        }
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The network's input of `n` samples at [`NETWORK_RATE`]: resampled, cut, mean removed, root mean square [`LEVEL`].
///
/// The two papers' rules come to the same numbers. What is missing from a sound that is too short is silence: around the
/// whole of it, or after it where the part's beginning was given.
///
/// # Errors
/// When the part begins after the sound's end, or is silent and so cannot be given a level.
pub fn prepare(sound: &Sound, part: Part, n: usize) -> Result<Vec<f32>, String> {
    let sound = sound.resampled(NETWORK_RATE)?;
    let length = sound.samples.len();
    let (first, silence) = match part {
        Part::Loudest if length >= n => (loudest(&sound.samples, n), 0),
        Part::Loudest => (0, (n - length) / 2),
        Part::From(seconds) => (begin(seconds, sound.seconds(), length as u64)? as usize, 0),
    };
    levelled(&sound.samples[first..(first + n).min(length)], silence, n)
}

/// As [`prepare`], of a recording that may be too long to be held.
///
/// # Errors
/// As [`prepare`], and when a long recording's file can no longer be read.
pub fn prepare_recording(recording: &Recording, part: Part, n: usize) -> Result<Vec<f32>, String> {
    let long = match recording {
        Recording::Short(sound) => return prepare(sound, part, n),
        Recording::Long(long) => long,
    };
    let first = match part {
        Part::Loudest => long.loudest(n, NETWORK_RATE)?,
        Part::From(seconds) => begin(seconds, recording.seconds(), long.length_at(NETWORK_RATE))?,
    };
    levelled(&long.excerpt(first, n, NETWORK_RATE)?, 0, n)
}

/// The sample at which a part begins that was asked for.
fn begin(seconds: f64, length: f64, samples: u64) -> Result<u64, String> {
    if seconds < length {
        let first = (seconds * f64::from(NETWORK_RATE)).round() as u64;
        return Ok(first.min(samples.saturating_sub(1)));
    }
    Err(format!(
        "The part begins at {seconds} s, but the sound is {length:.3} s long"
    ))
}

/// What is heard after some silence, filled up with more to `n` samples: mean removed, at the papers' level.
fn levelled(heard: &[f64], silence: usize, n: usize) -> Result<Vec<f32>, String> {
    let mean = heard.iter().sum::<f64>() / heard.len() as f64;
    let mut samples = vec![0.0; n];
    samples[silence..]
        .iter_mut()
        .zip(heard)
        .for_each(|(s, h)| *s = h - mean);
    let rms = (samples.iter().map(|s| s * s).sum::<f64>() / n as f64).sqrt();
    if !rms.is_finite() {
        return Err("The sound's samples are too large to be given a level".into());
    }
    let loudest = heard.iter().fold(0.0f64, |m, s| m.max(s.abs()));
    // What rounding leaves of a constant is not a sound.
    if rms <= 1e-12 * loudest || rms < f64::MIN_POSITIVE {
        return Err("The sound is silent (or constant) in the part that is used; it cannot be given a level".into());
    }
    Ok(samples
        .into_iter()
        .map(|s| (s / rms * LEVEL) as f32)
        .collect())
}

/// Where the window of `n` samples with the greatest energy begins.
fn loudest(samples: &[f64], n: usize) -> usize {
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for s in samples {
        sum += (s - mean) * (s - mean);
        sums.push(sum);
    }
    let mut best = (0, f64::NEG_INFINITY);
    for first in 0..=samples.len() - n {
        let energy = sums[first + n] - sums[first];
        if energy > best.1 {
            best = (first, energy);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::wav;

    fn noise(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| ((i * 7919) % 1013) as f64 / 500.0 - 0.9)
            .collect()
    }

    #[test]
    fn the_input_has_no_mean_and_the_papers_level() {
        for n in [1000, 3000] {
            let x = prepare(
                &Sound::new(NETWORK_RATE, noise(2000)).unwrap(),
                Part::Loudest,
                n,
            )
            .unwrap();
            let sum =
                |f: fn(f64) -> f64| x.iter().map(|v| f(f64::from(*v))).sum::<f64>() / n as f64;
            assert!(x.len() == n && sum(|v| v).abs() < 1e-8);
            assert!((sum(|v| v * v).sqrt() - 0.1).abs() < 1e-8);
        }
    }

    #[test]
    fn the_loudest_part_is_found_or_the_one_that_was_asked_for() {
        let mut samples = noise(60_000);
        samples.iter_mut().enumerate().for_each(|(i, s)| {
            *s *= if (31_000..41_000).contains(&i) {
                1.0
            } else {
                0.01
            }
        });
        let sound = Sound::new(NETWORK_RATE, samples.clone()).unwrap();
        assert!(loudest(&samples, 10_000).abs_diff(31_000) < 5);
        let at = |seconds| prepare(&sound, Part::From(seconds), 10_000).unwrap();
        let expected = prepare(
            &Sound::new(NETWORK_RATE, samples[8000..18_000].to_vec()).unwrap(),
            Part::Loudest,
            10_000,
        );
        assert_eq!(at(0.4), expected.unwrap());
        // Beyond the end there is silence; a part that is nothing else is refused.
        assert!(at(2.9)[2000..].iter().all(|v| *v == 0.0));
        assert!(
            prepare(&sound, Part::From(3.0), 10_000)
                .unwrap_err()
                .contains("3.000 s long")
        );
    }

    #[test]
    fn short_sounds_stand_in_the_middle_of_silence() {
        let x = prepare(
            &Sound::new(NETWORK_RATE, noise(101)).unwrap(),
            Part::Loudest,
            301,
        )
        .unwrap();
        assert!(
            x[..100].iter().chain(&x[201..]).all(|v| *v == 0.0)
                && x[100..201].iter().all(|v| *v != 0.0)
        );
    }

    #[test]
    fn silence_has_no_level() {
        for samples in [vec![0.0; 500], vec![0.7; 500], vec![0.3]] {
            let sound = Sound::new(NETWORK_RATE, samples).unwrap();
            assert!(
                prepare(&sound, Part::Loudest, 400)
                    .unwrap_err()
                    .contains("silent")
            );
        }
    }

    #[test]
    fn parts_are_read_and_written_as_text() {
        for part in [Part::Loudest, Part::From(0.0), Part::From(1.25)] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        for wrong in ["", "-1", "nan", "quietest"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_recording_gives_the_same_excerpt_as_if_it_were_held() {
        let folder = tempfile::tempdir().unwrap();
        for (rate, loud) in [(8_000u32, 50.3), (44_100, 12.7), (20_000, 61.0)] {
            let n = 64 * rate as usize;
            let pitch = |i: usize| 300.0 + 200.0 * (i as f64 / f64::from(rate)).sin();
            let mut samples: Vec<f64> = (0..n)
                .map(|i| 0.1 * (i as f64 / f64::from(rate) * pitch(i)).sin() + 0.05)
                .collect();
            let first = (loud * f64::from(rate)) as usize;
            samples[first..first + 2 * rate as usize]
                .iter_mut()
                .for_each(|s| *s *= 3.0);
            let path = folder.path().join(format!("{rate}.wav"));
            let floats: Vec<f32> = samples.iter().map(|s| *s as f32).collect();
            std::fs::write(
                &path,
                wav::encode(wav::Samples::Float(&floats), rate, "", ""),
            )
            .unwrap();
            let long = Recording::open(&path).unwrap();
            assert!(matches!(long, Recording::Long(_)) && long.seconds() == 64.0);
            let whole = Sound::open(&path).unwrap();
            for part in [
                Part::From(0.0),
                Part::From(30.01),
                Part::From(63.5),
                Part::Loudest,
            ] {
                let a = prepare_recording(&long, part, 40_000).unwrap();
                let b = prepare(&whole, part, 40_000).unwrap();
                let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f32::max);
                // The loudest window is looked for before resampling here, after it there: one sample may lie between.
                let allowed = if part == Part::Loudest { 0.1 } else { 1e-6 };
                assert!(worst < allowed, "{rate} Hz, {part}: {worst}");
            }
            let Recording::Long(long) = long else { return };
            let found = long.loudest(40_000, NETWORK_RATE).unwrap() as f64 / 20_000.0;
            assert!((found - loud).abs() < 0.01, "{rate} Hz: {found}");
            std::fs::remove_file(&path).unwrap();
            assert!(long.excerpt(0, 10, NETWORK_RATE).is_err());
        }
    }
}
