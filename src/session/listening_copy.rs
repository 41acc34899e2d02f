//! Copies of a run's sounds for players that know neither 20 kHz nor floats: 48 kHz, 16 bits.

use crate::formats::{atomic, wav};
use crate::playback::programme::{Level, gains};
use crate::stimulus::Sound;
use crate::stimulus::resample::resample;
use crate::synthesis::spec::PROGRAM;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The copies' sample rate.
pub const RATE: u32 = 48_000;

/// Writes `reference_48k.wav` and `metamer_48k.wav` into a complete run's folder, and says where. Both carry the spec.
///
/// Where one would clip, both are lowered by the same factor. They are rounded without dither: at the papers' level the
/// error is 78 dB below the sound, silence stays silence, and the same run gives the same bytes.
///
/// # Errors
/// When the folder holds no sounds of this program, or cannot be written to.
pub fn write(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sounds = Vec::new();
    for name in ["reference", "metamer"] {
        let path = folder.join(format!("{name}.wav"));
        if name == "reference" && !path.exists() {
            sounds.push(None); // the run had a target instead
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
        let spec = wav::comment(&bytes)
            .ok_or_else(|| Error::file(&path, "Carries no spec of this program"))?;
        let wrong = |reason| Error::file(&path, reason);
        let sound = Sound::decode(bytes).map_err(wrong)?;
        let exact: Vec<f32> = sound.samples.iter().map(|s| *s as f32).collect();
        let samples = resample(&exact, sound.rate, RATE).map_err(wrong)?;
        sounds.push(Some((
            folder.join(format!("{name}_48k.wav")),
            samples,
            spec,
        )));
    }
    let level = |i: usize| sounds.get(i)?.as_ref().map(|(_, s, _)| Level::of(s));
    let gains = gains([level(0), level(1)], false);
    let mut written = Vec::new();
    for (sound, gain) in sounds.into_iter().zip(gains) {
        let Some((path, samples, spec)) = sound else {
            continue;
        };
        let whole: Vec<i16> = samples
            .iter()
            .map(|s| (s * gain * 32768.0).round() as i16)
            .collect();
        let bytes = wav::encode(wav::Samples::Whole(&whole), RATE, PROGRAM, &spec);
        atomic::write(&path, &bytes)?;
        written.push(path);
    }
    Ok(written)
}
