//! The folder of a run: complete under its own name, unfinished under the same name with `.partial` and `checkpoint/`.

use super::checkpoint;
use super::history::{self, History};
use super::trace::Trace;
use crate::formats::{Array, atomic, npy, wav};
use crate::network::Input;
use crate::stimulus::Image;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::synthesis::spec::PROGRAM;
use crate::synthesis::{Spec, Synthesis};
use crate::verify::Verification;
use crate::{Error, Result};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to do when a run of that name exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Say so and do nothing.
    Refuse,
    /// Go on with it if it is unfinished, keep it if it is complete.
    Resume,
    /// Replace it.
    Overwrite,
    /// Leave it and number this one.
    Number,
}

/// Where a run is kept.
#[derive(Clone, Debug)]
pub struct RunFolder {
    complete: PathBuf,
    partial: PathBuf,
    /// Held while the run goes on, so that no second program works on the same folder.
    lock: Option<Arc<File>>,
}

/// How a run begins, given what lay there.
#[derive(Debug, PartialEq, Eq)]
pub enum Beginning {
    /// From its start.
    Fresh,
    /// From the checkpoint in the folder.
    FromCheckpoint,
    /// Not at all: it is complete.
    Complete,
}

impl RunFolder {
    /// The folder called `name` in `root`, made if need be, and how to begin. Fails before any work is done if the place
    /// cannot be written to.
    ///
    /// # Errors
    /// When a run of that name exists and `existing` forbids touching it, or the folder cannot be written to.
    pub fn begin(root: &Path, name: &str, existing: Existing) -> Result<(Self, Beginning)> {
        std::fs::create_dir_all(root).map_err(|e| Error::io("create folder", root, e))?;
        let mut folder = Self::named(root, name);
        if existing == Existing::Number {
            let taken = |f: &Self| f.complete.exists() || f.partial.exists();
            for number in 2.. {
                if !taken(&folder) {
                    break;
                }
                folder = Self::named(root, &format!("{name}-{number}"));
            }
        }
        let state = folder.checkpoint_file();
        // A folder without a checkpoint is what a run leaves behind that failed before it began.
        let (complete, unfinished) = (folder.complete.exists(), state.exists());
        match existing {
            Existing::Refuse if complete => return Err(Error::Exists(folder.complete)),
            Existing::Refuse if unfinished => return Err(Error::Exists(folder.partial)),
            Existing::Resume if complete && !unfinished => {
                return Ok((folder, Beginning::Complete));
            }
            _ => {}
        }
        let inside = folder.partial.join("checkpoint");
        std::fs::create_dir_all(&inside).map_err(|e| Error::io("create folder", &inside, e))?;
        folder.lock = Some(Arc::new(lock(&inside.join("lock"))?));
        if existing == Existing::Overwrite && unfinished {
            std::fs::remove_file(&state).map_err(|e| Error::io("remove", &state, e))?;
        }
        let beginning = if existing == Existing::Resume && state.exists() {
            Beginning::FromCheckpoint
        } else {
            Beginning::Fresh
        };
        Ok((folder, beginning))
    }

    fn named(root: &Path, name: &str) -> Self {
        Self {
            complete: root.join(name),
            partial: root.join(format!("{name}.partial")),
            lock: None,
        }
    }

    /// The folder of the complete run.
    pub fn complete(&self) -> &Path {
        &self.complete
    }

    /// The folder of the unfinished run.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// The checkpoint's file.
    pub fn checkpoint_file(&self) -> PathBuf {
        self.partial.join("checkpoint").join(checkpoint::FILE)
    }

    /// Writes a checkpoint, and the spec beside it so that the unfinished run explains itself.
    pub fn write_checkpoint(
        &self,
        spec: &Spec,
        synthesis: &Synthesis,
        trace: &Trace,
        history: Option<(&History, &Input)>,
    ) -> Result<()> {
        atomic::write(&self.partial.join("spec.toml"), spec.to_toml()?.as_bytes())?;
        checkpoint::write(&self.checkpoint_file(), spec, synthesis, trace, history)
    }

    /// Writes all files of the complete run and gives the folder its name.
    ///
    /// # Errors
    /// When something cannot be written; the unfinished folder with its checkpoint is then still there.
    pub fn complete_with(&self, contents: &Contents<'_>) -> Result<()> {
        let Contents {
            spec,
            input,
            metamer,
            reference,
            trace,
            history,
            verification,
            cochleagrams,
        } = contents;
        let at = |name: &str| self.partial.join(name);
        let spec_text = spec.to_toml()?;
        atomic::write(&at("spec.toml"), spec_text.as_bytes())?;
        npy::write(
            &at("metamer.npy"),
            &Array::new(input.shape.clone(), metamer.to_vec())?,
        )?;
        for (name, values) in [("metamer", Some(*metamer)), ("reference", *reference)] {
            let Some(values) = values else { continue };
            if input.is_sound() {
                let wav = encode_wav(values, &spec_text);
                atomic::write(&at(&format!("{name}.wav")), &wav)?;
            } else {
                let png = encode_png(
                    &to_image(values, input),
                    &[("metamer-studio:spec", &spec_text)],
                )?;
                atomic::write(&at(&format!("{name}.png")), &png)?;
            }
        }
        for (name, cochleagram) in *cochleagrams {
            npy::write(&at(&format!("cochleagram_{name}.npy")), cochleagram)?;
        }
        atomic::write(&at("trace.csv"), trace.to_csv().as_bytes())?;
        if let Some(history) = history {
            history.write(&at(history::FILE))?;
        }
        if let Some(verification) = verification {
            let json = serde_json::to_string_pretty(verification)
                .map_err(|e| Error::Internal(e.to_string()))?;
            atomic::write(&at("verdict.json"), json.as_bytes())?;
        }
        remove(&at("checkpoint"))?;
        if self.complete.exists() {
            // Only after the new run is whole is an old one that may be replaced taken away.
            let old = self.partial.with_extension("replaced");
            std::fs::rename(&self.complete, &old)
                .map_err(|e| Error::io("replace", &self.complete, e))?;
            std::fs::rename(&self.partial, &self.complete)
                .map_err(|e| Error::io("rename", &self.partial, e))?;
            return remove(&old);
        }
        std::fs::rename(&self.partial, &self.complete)
            .map_err(|e| Error::io("rename", &self.partial, e))
    }
}

/// What a complete run consists of.
pub struct Contents<'a> {
    /// What it was.
    pub spec: &'a Spec,
    /// What the network takes.
    pub input: &'a Input,
    /// The exact result.
    pub metamer: &'a [f32],
    /// The prepared reference, if there was one.
    pub reference: Option<&'a [f32]>,
    /// Every step.
    pub trace: &'a Trace,
    /// What became of the stimulus on the way, where that was kept.
    pub history: Option<&'a History>,
    /// The checks.
    pub verification: Option<&'a Verification>,
    /// The cochleagrams of sounds, `[channels, frames]`, by "metamer" and "reference".
    pub cochleagrams: &'a [(&'a str, Array)],
}

/// A complete run, read back.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    /// What it was.
    pub spec: Spec,
    /// Shape of the network's input: `[3, height, width]`, or `[samples]`.
    pub shape: Vec<usize>,
    /// The exact result.
    pub metamer: Vec<f32>,
    /// The checks, where there were any.
    pub verification: Option<Verification>,
}

impl FinishedRun {
    /// Reads `spec.toml`, `metamer.npy` and `verdict.json` of a run folder.
    ///
    /// # Errors
    /// When the folder holds no complete run of this program.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("spec.toml");
        if folder.is_dir() && folder.join("checkpoint").is_dir() {
            return Err(Error::file(
                folder,
                "Is an unfinished run; finish it with generate --resume",
            ));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let spec = Spec::from_toml(&text).map_err(|reason| Error::file(&path, reason))?;
        let metamer = npy::read(&folder.join("metamer.npy"))?;
        let verification = read_verdict(folder)?;
        Ok(Self {
            spec,
            shape: metamer.shape,
            metamer: metamer.values,
            verification,
        })
    }
}

/// The checks that lie in a run folder, if there were any.
pub(super) fn read_verdict(folder: &Path) -> Result<Option<Verification>> {
    let path = folder.join("verdict.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| Error::file(&path, format!("Not a verdict: {e}"))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", &path, e)),
    }
}

/// A picture of a prepared input.
pub fn to_image(values: &[f32], input: &Input) -> Image {
    Image::from_planes(values, input.shape[2], input.shape[1])
}

/// The bytes of a WAV of what a network hears, which carries its full description.
pub fn encode_wav(samples: &[f32], spec: &str) -> Vec<u8> {
    wav::encode(wav::Samples::Float(samples), NETWORK_RATE, PROGRAM, spec)
}

/// The bytes of a PNG with text entries (`iTXt`, compressed).
pub fn encode_png(image: &Image, entries: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed =
        |e: png::EncodingError| Error::Internal(format!("a PNG that cannot be encoded: {e}"));
    let mut encoder = png::Encoder::new(&mut bytes, image.width as u32, image.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    encoder
        .add_itxt_chunk("Software".into(), crate::synthesis::spec::PROGRAM.into())
        .map_err(failed)?;
    for (key, text) in entries {
        encoder
            .add_itxt_chunk((*key).into(), (*text).into())
            .map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&image.rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The spec that a PNG of this program carries.
///
/// # Errors
/// When the file is no PNG or carries none.
pub fn spec_in_png(path: &Path) -> Result<Spec> {
    let file = std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
    let reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .map_err(|e| Error::file(path, format!("Not a readable PNG: {e}")))?;
    let entry = reader
        .info()
        .utf8_text
        .iter()
        .find(|t| t.keyword == "metamer-studio:spec");
    let text = entry.ok_or_else(|| Error::file(path, "Carries no spec of this program"))?;
    let text = text
        .get_text()
        .map_err(|e| Error::file(path, format!("The spec inside is damaged: {e}")))?;
    Spec::from_toml(&text).map_err(|reason| Error::file(path, reason))
}

/// Takes the lock of a run, or says who has it.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|e| Error::io("create", path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::file(
            path,
            "Another metamer-studio is working on this run",
        )),
        // Some network file systems have no locks; one careless second program is the lesser evil than no program.
        Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(e)) => Err(Error::io("lock", path, e)),
    }
}

/// The spec that a WAV of this program carries.
///
/// # Errors
/// When the file cannot be read or carries none.
pub fn spec_in_wav(path: &Path) -> Result<Spec> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    let text =
        wav::comment(&bytes).ok_or_else(|| Error::file(path, "Carries no spec of this program"))?;
    Spec::from_toml(&text).map_err(|reason| Error::file(path, reason))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|e| Error::io("remove", folder, e))
    } else {
        Ok(())
    }
}
