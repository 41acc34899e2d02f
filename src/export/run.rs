//! A finished run as an export needs it.

use super::Cells;
use crate::formats::npy;
use crate::network::registry::sha256;
use crate::session::run_folder::FinishedRun;
use crate::stimulus::{Image, Sound};
use crate::synthesis::Spec;
use crate::verify::number::Number;
use crate::verify::statistics::Comparison;
use crate::verify::verdict::{Criterion, Figure};
use crate::verify::{Prediction, Verdict, Verification};
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A finished run, with everything that was measured.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its folder.
    pub folder: PathBuf,
    /// What it was.
    pub spec: Spec,
    /// Shape of the network's input: `[3, height, width]` in [0, 1], or `[samples]` at 20 kHz.
    pub shape: Vec<usize>,
    /// The metamer's exact values.
    pub metamer: Arc<Vec<f32>>,
    /// The prepared reference, where the run had one.
    pub reference: Option<Arc<Reference>>,
    /// The checks, where there were any.
    pub verification: Option<Verification>,
    /// The metamer's cochleagram, of a run that hears.
    pub cochleagram: Option<Cells>,
    /// The reference's cochleagram, of a run that hears.
    pub reference_cochleagram: Option<Cells>,
}

/// What a metamer was made of, as the network was given it.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its values, in the shape of the run's.
    pub values: Vec<f32>,
    /// Whether they are the very values that the network was given: their sha256 is the spec's. Otherwise they were read
    /// from a picture of 256 levels.
    pub exact: bool,
    /// sha256 of the exact values (little-endian float32), as the spec has it.
    pub sha256: String,
}

impl Run {
    /// Reads a run folder.
    ///
    /// # Errors
    /// When it holds no finished run of this program, or something in it cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let finished = FinishedRun::read(folder)?;
        let shape = match finished.shape.as_slice() {
            [1, rest @ ..] if !rest.is_empty() => rest.to_vec(),
            all => all.to_vec(),
        };
        if !matches!(shape.as_slice(), [3, _, _] | [_]) || finished.metamer.is_empty() {
            return Err(Error::file(
                folder.join("metamer.npy"),
                format!(
                    "Has shape {:?}; a picture [3, height, width] or a sound [samples] is needed",
                    finished.shape
                ),
            ));
        }
        Ok(Self {
            reference: read_reference(folder, &finished.spec, &shape)?.map(Arc::new),
            cochleagram: read_cochleagram(&folder.join("cochleagram_metamer.npy"))?,
            reference_cochleagram: read_cochleagram(&folder.join("cochleagram_reference.npy"))?,
            folder: folder.to_owned(),
            spec: finished.spec,
            metamer: Arc::new(finished.metamer),
            verification: finished.verification,
            shape,
        })
    }

    /// Whether it is a sound.
    pub fn is_sound(&self) -> bool {
        self.shape.len() == 1
    }

    /// The metamer as a picture of 256 levels; none of a sound.
    pub fn picture(&self) -> Option<Image> {
        picture(&self.metamer, &self.shape)
    }

    /// The reference as a picture of 256 levels; none of a sound.
    pub fn reference_picture(&self) -> Option<Image> {
        picture(&self.reference.as_ref()?.values, &self.shape)
    }

    /// The verdict, `Unknown` where nothing was checked.
    pub fn verdict(&self) -> Verdict {
        let checked = self.verification.as_ref();
        checked.map_or(Verdict::Unknown, |v| v.verdict)
    }

    /// The verdict in one word.
    pub fn verdict_word(&self) -> &'static str {
        match self.verification.as_ref().map(|v| v.verdict) {
            Some(Verdict::Pass) => "Pass",
            Some(Verdict::Fail) => "Fail",
            Some(Verdict::Unknown) => "Unknown",
            None => "Not checked",
        }
    }

    /// The verdict in a sentence.
    pub fn sentence(&self) -> String {
        self.verification.as_ref().map_or_else(
            || "Not checked: there is no reference to check against".into(),
            |v| v.sentence.clone(),
        )
    }

    /// How alike reference and metamer are at the matched layer.
    pub fn comparison(&self) -> Option<&Comparison> {
        let layers = &self.verification.as_ref()?.layers;
        layers.get(&self.spec.layer)?.get(&self.spec.layer)
    }

    /// Spearman's rho at the matched layer.
    pub fn rho(&self) -> Option<f64> {
        self.comparison().map(|c| c.spearman.0)
    }

    /// The largest rho of the null distribution at the matched layer.
    pub fn null_max(&self) -> Option<f64> {
        let criterion = self.verification.as_ref()?.criteria.get("spearman")?;
        match criterion.threshold {
            Some(Figure::Number(Number(largest))) => Some(largest),
            _ => None,
        }
    }

    /// Whether the model's answer differs where the checks ask for the same one.
    pub fn answer_changed(&self) -> bool {
        let Some(verification) = &self.verification else {
            return false;
        };
        let asked = ["class", "category"].map(|name| verification.criteria.get(name));
        let failed = |c: &Criterion| c.verdict == Verdict::Fail;
        asked.into_iter().flatten().any(failed)
    }

    /// What the model takes the reference for.
    pub fn reference_class(&self) -> Option<&Prediction> {
        self.verification.as_ref()?.predicted.reference.first()
    }

    /// What the model takes the metamer for.
    pub fn metamer_class(&self) -> Option<&Prediction> {
        self.verification.as_ref()?.predicted.metamer.first()
    }
}

fn picture(values: &[f32], shape: &[usize]) -> Option<Image> {
    match shape {
        [3, height, width] => Some(Image::from_planes(values, *width, *height)),
        _ => None,
    }
}

/// The prepared reference from the file that the run wrote to be looked at or listened to. Pictures are prepared from bytes,
/// so that nothing is lost there either, unless the stimulus was an array.
fn read_reference(folder: &Path, spec: &Spec, shape: &[usize]) -> Result<Option<Reference>> {
    let sound = shape.len() == 1;
    let path = folder.join(if sound {
        "reference.wav"
    } else {
        "reference.png"
    });
    if !path.exists() {
        if spec.target.is_some() {
            return Ok(None); // made from an activation
        }
        return Err(Error::file(
            &path,
            "Is missing, though the run had a reference; reproduce the run, or leave it out",
        ));
    }
    let values: Vec<f32> = if sound {
        let samples = Sound::open(&path)?.samples;
        samples.iter().map(|s| *s as f32).collect()
    } else {
        Image::open(&path)?.to_planes()
    };
    if values.len() != shape.iter().product::<usize>() {
        return Err(Error::file(
            &path,
            format!(
                "Holds {} values, but the metamer has {}",
                values.len(),
                shape.iter().product::<usize>()
            ),
        ));
    }
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(Some(Reference {
        exact: sha256(&bytes) == spec.stimulus_sha256,
        sha256: spec.stimulus_sha256.clone(),
        values,
    }))
}

fn read_cochleagram(path: &Path) -> Result<Option<Cells>> {
    if !path.exists() {
        return Ok(None);
    }
    let array = npy::read(path)?;
    match array.shape.as_slice() {
        [channels, frames] => Cells::new(*channels, *frames, array.values).map(Some),
        other => Err(Error::file(
            path,
            format!("Has shape {other:?}; [channels, frames] is needed"),
        )),
    }
}

/// The bytes of a file of the run, as they are.
///
/// # Errors
/// When it cannot be read.
pub fn file_of(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|e| Error::io("read", &path, e))
}

/// The name of the file that holds a run's picture or sound.
pub fn file_name(run: &Run, which: &str) -> String {
    let kind = if run.is_sound() { "wav" } else { "png" };
    format!("{which}.{kind}")
}
