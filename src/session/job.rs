//! From what a person asked for to a run with nothing left open.

use super::stimulus::{Stimulus, prepared};
use super::{device, run_folder::Existing};
use crate::cpu::Convolving;
use crate::formats::{Array, npy};
use crate::network::registry::sha256;
use crate::network::{Model, NodeId};
use crate::stimulus::{Image, Sound};
use crate::synthesis::spec::PROGRAM;
use crate::synthesis::start::{self, Start};
use crate::synthesis::{Procedure, Spec};
use crate::verify::NullDistribution;
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a person asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model to fool.
    pub model: Arc<Model>,
    /// The layer to match.
    pub layer: NodeId,
    /// The reference stimulus; may be absent if `target` is given.
    pub stimulus: Option<Stimulus>,
    /// A file with the layer's target activation, instead of that of the stimulus.
    pub target: Option<PathBuf>,
    /// A file with the stimulus to start from, instead of noise.
    pub init: Option<PathBuf>,
    /// The recipe that the procedure began as.
    pub recipe: String,
    /// The procedure, with all changes made.
    pub procedure: Procedure,
    /// Selects the noise.
    pub seed: u64,
    /// A device name.
    pub device: String,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// How convolutions are computed on the CPU.
    pub conv: Convolving,
}

impl Request {
    /// The request that a stored spec came from. Where the stimulus's file is gone, or has changed, the `reference.png`
    /// or `reference.wav` of the run's `folder` takes its place if its pixels are the right ones.
    ///
    /// # Errors
    /// When the model or layer is unknown, its weights have changed, or the stimulus, target or start cannot be found
    /// as it was.
    pub fn from_spec(spec: &Spec, model: &Arc<Model>, folder: Option<&Path>) -> Result<Self> {
        if model.name != spec.model {
            return Err(Error::value(
                "model",
                format!(
                    "the run was made with '{}', not '{}'",
                    spec.model, model.name
                ),
            ));
        }
        if model.weights_sha256 != spec.weights_sha256 {
            return Err(Error::value(
                "weights_sha256",
                format!(
                    "the weights of '{}' are not those that the run used",
                    spec.model
                ),
            ));
        }
        let changed = |what: &str, path: &str| {
            Error::value(
                what,
                format!("'{path}' is not what it was when the run was made"),
            )
        };
        let stimulus = match spec.stimulus.as_str() {
            "" => None,
            name => Some(
                original_stimulus(spec, name, model, folder)?
                    .ok_or_else(|| changed("stimulus", name))?,
            ),
        };
        let request = Self {
            layer: model.layer(&spec.layer)?,
            model: model.clone(),
            stimulus,
            target: spec.target.as_ref().map(PathBuf::from),
            init: spec.init.as_ref().map(PathBuf::from),
            recipe: spec.recipe.clone(),
            procedure: spec.procedure.clone(),
            seed: spec.seed,
            device: spec.device.clone(),
            threads: spec.threads,
            conv: spec.conv,
        };
        let again = Job::resolve(&request, None)?.spec;
        for (what, path, now, then) in [
            (
                "target",
                &spec.target,
                &again.target_sha256,
                &spec.target_sha256,
            ),
            ("init", &spec.init, &again.init_sha256, &spec.init_sha256),
        ] {
            if now != then {
                return Err(changed(what, path.as_deref().unwrap_or_default()));
            }
        }
        Ok(request)
    }
}

/// The prepared reference of a stored run, found as [`Request::from_spec`] finds it; nothing where the run had a target
/// instead.
///
/// # Errors
/// When neither the stimulus nor what the run's folder kept of it is what it was.
pub fn reference_of(spec: &Spec, model: &Model, folder: Option<&Path>) -> Result<Option<Vec<f32>>> {
    if spec.stimulus.is_empty() {
        return Ok(None);
    }
    let stimulus = original_stimulus(spec, &spec.stimulus, model, folder)?.ok_or_else(|| {
        Error::value(
            "stimulus",
            format!(
                "'{}' is not what it was when the run was made",
                spec.stimulus
            ),
        )
    })?;
    stimulus
        .prepare_part(&model.input, spec.procedure.crop, spec.procedure.part)
        .map(Some)
}

/// The stimulus by its name or path, or from the run's own folder; none if neither has the recorded content.
fn original_stimulus(
    spec: &Spec,
    name: &str,
    model: &Model,
    folder: Option<&Path>,
) -> Result<Option<Stimulus>> {
    let right = |s: &Stimulus| -> Result<bool> {
        Ok(
            sha256_of(&s.prepare_part(&model.input, spec.procedure.crop, spec.procedure.part)?)
                == spec.stimulus_sha256,
        )
    };
    let first = Stimulus::load(name);
    if let Ok(stimulus) = &first
        && right(stimulus)?
    {
        return Ok(Some(stimulus.clone()));
    }
    let kept = folder
        .map(|f| f.join("reference.png"))
        .filter(|p| p.exists());
    if let Some(path) = kept {
        let stimulus = Stimulus::from_image(name, Image::open(&path)?);
        if right(&stimulus)? {
            return Ok(Some(stimulus));
        }
    }
    let kept = folder
        .map(|f| f.join("reference.wav"))
        .filter(|p| p.exists());
    if let Some(path) = kept {
        // The WAV holds the very numbers that the network heard.
        let samples = Sound::open(&path)?
            .samples
            .into_iter()
            .map(|s| s as f32)
            .collect();
        let stimulus = Stimulus::from_array(name, Array::vector(samples));
        if right(&stimulus).unwrap_or(false) {
            return Ok(Some(stimulus));
        }
    }
    // A file that is gone has its own message; one that has changed is the caller's to report.
    first.map(|_| None)
}

/// A run with nothing left open.
#[derive(Clone, Debug)]
pub struct Job {
    /// The model.
    pub model: Arc<Model>,
    /// The layer.
    pub layer: NodeId,
    /// The prepared reference input, if there is one.
    pub reference: Option<Arc<Vec<f32>>>,
    /// The target activation, where it was given directly.
    pub target: Option<Arc<Vec<f32>>>,
    /// What the optimisation starts from.
    pub start: Arc<Vec<f32>>,
    /// All of it in words and hashes.
    pub spec: Spec,
    /// The null distribution that the verdict uses.
    pub null: Option<Arc<NullDistribution>>,
    /// The folder in which the run folder is made, and what to do if it exists. Nothing is written without it.
    pub out: Option<(PathBuf, Existing)>,
    /// The run folder's name, where it is not the spec's own: an unfinished run that was numbered goes on under its number.
    pub named: Option<String>,
}

impl Job {
    /// Resolves a request: reads files, prepares the stimulus, draws the noise, hashes everything.
    ///
    /// # Errors
    /// When a file or field is wrong; the error says which.
    pub fn resolve(request: &Request, null: Option<Arc<NullDistribution>>) -> Result<Self> {
        let Request {
            model, procedure, ..
        } = request;
        procedure.validate()?;
        if i64::try_from(request.seed).is_err() {
            return Err(Error::value(
                "seed",
                format!("must be at most {}, found {}", i64::MAX, request.seed),
            ));
        }
        let prepare = |s: &Stimulus| s.prepare_part(&model.input, procedure.crop, procedure.part);
        let reference = request.stimulus.as_ref().map(prepare).transpose()?;
        let target = request
            .target
            .as_deref()
            .map(|p| read_target(p, model, request.layer))
            .transpose()?;
        if reference.is_none() && target.is_none() {
            return Err(Error::value(
                "stimulus",
                "a stimulus or a target activation is needed",
            ));
        }
        let mut procedure = procedure.clone();
        let start = match &request.init {
            Some(path) => {
                procedure.start = Start::File;
                prepared(&npy::read(path)?, &model.input, path)?
            }
            None => start::draw(
                procedure.start,
                model.input.elements(),
                request.seed,
                [procedure.start_low, procedure.start_high],
                [procedure.start_mean, procedure.start_sd],
                model.input.range,
            )
            .ok_or_else(|| Error::value("start", "'file' needs --init FILE.npy"))?,
        };
        let text = |p: &Path| p.to_string_lossy().into_owned();
        let spec = Spec {
            program: PROGRAM.into(),
            model: model.name.clone(),
            weights_sha256: model.weights_sha256.clone(),
            layer: model.graph.node(request.layer).name.clone(),
            stimulus: request
                .stimulus
                .as_ref()
                .map(|s| s.name.clone())
                .unwrap_or_default(),
            stimulus_sha256: reference.as_deref().map(sha256_of).unwrap_or_default(),
            target: request.target.as_deref().map(text),
            target_sha256: target.as_deref().map(sha256_of),
            init: request.init.as_deref().map(text),
            init_sha256: request.init.is_some().then(|| sha256_of(&start)),
            recipe: request.recipe.clone(),
            seed: request.seed,
            device: request.device.clone(),
            threads: if request.device == "cpu" {
                device::thread_count(request.threads)
            } else {
                1
            },
            conv: if request.device == "cpu" {
                request.conv
            } else {
                Convolving::Exact
            },
            procedure,
        };
        Ok(Self {
            model: model.clone(),
            layer: request.layer,
            reference: reference.map(Arc::new),
            target: target.map(Arc::new),
            start: Arc::new(start),
            spec,
            null,
            out: None,
            named: None,
        })
    }

    /// The name of the run's folder.
    pub fn folder_name(&self) -> String {
        self.named
            .clone()
            .unwrap_or_else(|| self.spec.folder_name())
    }

    /// The same job, written to a folder inside `root`.
    pub fn into_folder(mut self, root: impl Into<PathBuf>, existing: Existing) -> Self {
        self.out = Some((root.into(), existing));
        self
    }
}

/// sha256 of little-endian float32 values in hexadecimal.
pub fn sha256_of(values: &[f32]) -> String {
    sha256(
        &values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>(),
    )
}

/// Reads a target activation for a layer: any shape with as many values as the layer has.
pub fn read_target(path: &Path, model: &Model, layer: NodeId) -> Result<Vec<f32>> {
    let Array { shape, values } = npy::read(path)?;
    let node = model.graph.node(layer);
    if values.len() != node.elements() {
        return Err(Error::file(
            path,
            format!(
                "Has shape {shape:?}, but layer '{}' has shape {:?}",
                node.name, node.shape
            ),
        ));
    }
    if let Some(bad) = values.iter().find(|v| !v.is_finite()) {
        return Err(Error::file(
            path,
            format!("Holds {bad}; every value must be finite"),
        ));
    }
    Ok(values)
}
