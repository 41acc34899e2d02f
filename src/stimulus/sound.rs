//! Sounds from outside, decoded to one channel.

use super::decode::Decoding;
use super::resample::resample;
use crate::{Error, Result};
use std::io::Cursor;
use std::path::Path;

/// A sound of one channel. Full scale is −1 to 1, but nothing is clipped to it.
#[derive(Clone, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<f64>,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Sound of {} samples at {} Hz",
            self.samples.len(),
            self.rate
        )
    }
}

/// Sample rates that a recording may have.
pub const RATES: std::ops::RangeInclusive<u32> = 1_000..=1_000_000;
/// No recording may have more samples than this, all channels together: 1 h of stereo at 44.1 kHz.
const MAX_SAMPLES: usize = 3600 * 44_100 * 2;

impl Sound {
    /// Whether a file's first bytes are those of a sound that can be read.
    pub fn recognises(bytes: &[u8]) -> bool {
        let mpeg = bytes.len() > 1 && bytes[0] == 0xff && bytes[1] & 0xe6 == 0xe2;
        // Other things come in RIFF files too; with fewer bytes than it takes to know, it may be a sound.
        let wave =
            bytes.starts_with(b"RIFF") && bytes.get(8..12).is_none_or(|kind| kind == b"WAVE");
        mpeg || wave
            || ["fLaC", "OggS", "ID3"]
                .iter()
                .any(|mark| bytes.starts_with(mark.as_bytes()))
    }

    /// Whether a file's name says that it is a sound.
    pub fn names(path: &Path) -> bool {
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        ["wav", "wave", "flac", "ogg", "oga", "mp3"].contains(&extension.as_str())
    }

    /// Reads a WAV (whole numbers of 8 to 32 bits, floats of 32 or 64), FLAC, Ogg Vorbis or MP3 file. The content decides
    /// what it is, not the name. Several channels become their mean.
    ///
    /// # Errors
    /// When the file cannot be read, is no such sound, is damaged, cut short or too long, or holds no samples or numbers
    /// that are not finite.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = crate::formats::input::read(path)?;
        Self::decode(bytes).map_err(|reason| Error::file(path, reason))
    }

    /// Decodes the bytes of a sound file; the error is a sentence about the content.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, String> {
        let mut decoding = Decoding::new(Box::new(Cursor::new(bytes)))?;
        let mut samples = Vec::new();
        while decoding.read(&mut samples)? {
            if samples.len() * decoding.channels() > MAX_SAMPLES {
                return Err(
                    "The sound is longer than an hour of stereo; cut out the part that is wanted"
                        .into(),
                );
            }
        }
        Self::new(decoding.rate(), samples)
    }

    /// A sound from samples in memory.
    pub fn new(rate: u32, samples: Vec<f64>) -> Result<Self, String> {
        if samples.is_empty() {
            return Err("The sound has no samples".into());
        }
        check(rate, &samples)?;
        Ok(Self { rate, samples })
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// The same sound at another sample rate; see [`resample`].
    ///
    /// # Errors
    /// When the resampler refuses the pair of rates.
    pub fn resampled(&self, rate: u32) -> Result<Self, String> {
        Self::new(rate, resample(&self.samples, self.rate, rate)?)
    }
}

/// Whether a sound can have this rate and these samples among others.
pub(super) fn check(rate: u32, samples: &[f64]) -> Result<(), String> {
    if !RATES.contains(&rate) {
        let (low, high) = (RATES.start(), RATES.end());
        return Err(format!(
            "The sample rate must lie between {low} and {high} Hz, found {rate}"
        ));
    }
    match samples.iter().find(|v| !v.is_finite()) {
        Some(bad) => Err(format!(
            "The sound holds {bad}; every sample must be finite"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_tone_keeps_its_pitch_phase_and_length_when_resampled() {
        let tone = |rate: u32, i: usize| (TAU * 1234.0 * i as f64 / f64::from(rate)).sin();
        for (from, to) in [
            (44_100, 20_000),
            (16_000, 20_000),
            (8_000, 20_000),
            (96_000, 20_000),
        ] {
            let sound =
                Sound::new(from, (0..from as usize).map(|i| tone(from, i)).collect()).unwrap();
            let there = sound.resampled(to).unwrap();
            assert_eq!(
                (there.rate, there.samples.len()),
                (to, to as usize),
                "{from}"
            );
            // Away from the ends, where the filter reaches beyond the sound.
            let worst = (2000..18_000)
                .map(|i| (there.samples[i] - tone(to, i)).abs())
                .fold(0.0, f64::max);
            assert!(worst < 1e-3, "{from}: {worst}");
        }
    }

    #[test]
    fn what_is_no_sound_is_refused() {
        let decode = |bytes: &[u8]| Sound::decode(bytes.to_vec()).unwrap_err();
        assert!(decode(b"").contains("empty"));
        assert!(decode(b"just some text").contains("neither WAV"));
        assert!(decode(b"RIFF").contains("damaged"));
        assert!(
            Sound::new(20_000, vec![])
                .unwrap_err()
                .contains("no samples")
        );
        assert!(
            Sound::new(20_000, vec![0.0, f64::NAN])
                .unwrap_err()
                .contains("NaN")
        );
        assert!(
            Sound::new(0, vec![0.0])
                .unwrap_err()
                .contains("sample rate")
        );
    }
}
