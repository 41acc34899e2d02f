//! What is remembered of an imported model: where its files lie and what they were; and the model made from them.

use super::{Architecture, labels};
use crate::formats::pickle;
use crate::formats::tensorflow::Checkpoint;
use crate::network::architectures::published_words::Configuration;
use crate::network::architectures::slim::CheckpointWeights;
use crate::network::architectures::vgg19_slim;
use crate::network::model::{Input, Model};
use crate::network::registry::{imagenet_labels, sha256};
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that a model depends on, as it was when it was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970: while length and time are the same, its content is not
    /// read again just to make sure.
    pub modified: i64,
    /// sha256 of its content.
    pub sha256: String,
}

impl KeptFile {
    /// A file as it is now; its sha256 is computed unless it is known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn look(path: &Path, known: Option<&str>) -> Result<Self> {
        let failed = |e| Error::io("read", path, e);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        let since = metadata
            .modified()
            .ok()
            .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified: since.map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)),
            sha256: known.map_or_else(|| sha256_of_file(path), |s| Ok(s.to_owned()))?,
        })
    }

    /// Makes sure that the file is what it was.
    ///
    /// # Errors
    /// When it is gone or has another content.
    fn check(&self) -> Result<()> {
        let path = &self.path;
        if !path.is_file() {
            return Err(Error::file(
                path,
                "Is not there any more; put it back, or import the model again from where it is now",
            ));
        }
        let now = Self::look(path, Some(&self.sha256))?;
        if now == *self || sha256_of_file(path)? == self.sha256 {
            return Ok(());
        }
        Err(Error::file(
            path,
            "Has changed since the model was imported; import it again to use it as it is now",
        ))
    }
}

/// sha256 of a file's content in hexadecimal.
pub fn sha256_of_file(path: &Path) -> Result<String> {
    let failed = |e| Error::io("read", path, e);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    Ok(digest
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect())
}

/// An imported model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name used on the command line.
    pub name: String,
    /// How it is put together.
    pub architecture: Architecture,
    /// The checkpoint: a file, or the prefix of several.
    pub checkpoint: PathBuf,
    /// A word network's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<PathBuf>,
    /// Class names, where they are not the program's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// The authors' null distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null: Option<PathBuf>,
    /// Number of samples that a word network hears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// Every file that decides what the network computes: the checkpoint's, then the configuration.
    pub files: Vec<KeptFile>,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// When the file is no record.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        toml::from_str(&text)
            .map_err(|e| Error::file(path, e.to_string().trim_end().replace('\n', " ")))
    }

    /// The name shown to people.
    pub fn title(&self) -> String {
        format!("{} “{}”", self.architecture.title(), self.name)
    }

    /// One line: where it comes from.
    pub fn source(&self) -> String {
        format!(
            "{}, imported from {}",
            self.architecture.title(),
            self.checkpoint.display()
        )
    }

    /// Whether all files are there.
    pub fn is_available(&self) -> bool {
        self.files.iter().all(|f| f.path.is_file())
    }

    /// The sha256 that stands for the weights: of the one file, or of the list of the files' own.
    pub fn weights_sha256(&self) -> String {
        match self.files.as_slice() {
            [one] => one.sha256.clone(),
            several => {
                let list: String = several.iter().map(|f| f.sha256.as_str()).collect();
                sha256(list.as_bytes())
            }
        }
    }

    /// Loads the model, whose files must be what they were.
    ///
    /// # Errors
    /// When a file is gone, changed or damaged, or a tensor is missing or does not fit.
    pub fn load(&self) -> Result<Model> {
        for file in &self.files {
            file.check()?;
        }
        self.build()
    }

    /// Makes the model from the files as they are.
    pub(super) fn build(&self) -> Result<Model> {
        let mut checkpoint = Checkpoint::open(&self.checkpoint)?;
        let tensors = checkpoint.tensors().clone();
        let (graph, metamer_layers, logits, range) = match self.architecture {
            Architecture::Vgg19Slim => {
                let mut weights = CheckpointWeights::new(&mut checkpoint, Default::default());
                let built = vgg19_slim::vgg19(&tensors, &mut weights)
                    .map_err(|e| self.in_checkpoint(&e))?;
                (built.graph, built.metamer_layers, built.logits, [0.0, 1.0])
            }
            Architecture::WordNetwork => {
                let configuration = self.read_configuration()?;
                let stored = configuration.stored(&tensors)?;
                let mut weights = CheckpointWeights::new(&mut checkpoint, stored);
                let samples = self
                    .samples
                    .unwrap_or(super::super::architectures::front_end::SAMPLES);
                let built = configuration
                    .build(&tensors, &mut weights, samples)
                    .map_err(|e| self.explained(&configuration, &tensors, samples, &e))?;
                (built.graph, built.metamer_layers, built.logits, [-1.0, 1.0])
            }
        };
        let classes = graph.node(logits).elements();
        let labels: Arc<[String]> = match &self.labels {
            Some(path) => {
                let labels = labels::read(path)?;
                if labels.len() != classes {
                    return Err(Error::file(
                        path,
                        format!(
                            "Has {} class names, but the network has {classes} classes",
                            labels.len()
                        ),
                    ));
                }
                labels.into()
            }
            None if self.architecture == Architecture::Vgg19Slim && classes == 1000 => {
                imagenet_labels()
            }
            None => (0..classes).map(|i| format!("class {i}")).collect(),
        };
        Ok(Model {
            name: self.name.clone(),
            title: self.title(),
            source: self.source(),
            input: Input {
                shape: graph.nodes()[0].shape.clone(),
                range,
            },
            graph: Arc::new(graph),
            metamer_layers,
            logits,
            labels,
            weights_sha256: self.weights_sha256(),
        })
    }

    /// The word network's configuration.
    pub(super) fn read_configuration(&self) -> Result<Configuration> {
        let path = self.configuration.as_ref().ok_or_else(|| {
            Error::file(
                &self.checkpoint,
                "Is the checkpoint of a word network; its configuration is missing",
            )
        })?;
        Configuration::read(&pickle::read(path)?).map_err(|reason| Error::file(path, reason))
    }

    fn in_checkpoint(&self, error: &Error) -> Error {
        Error::file(&self.checkpoint, error.to_string())
    }

    /// Where the first dense layer does not fit, the network was made for sounds of another length: says of which.
    fn explained(
        &self,
        configuration: &Configuration,
        tensors: &std::collections::BTreeMap<String, crate::formats::tensorflow::Description>,
        samples: usize,
        error: &Error,
    ) -> Error {
        let needed = configuration.dense_inputs(tensors);
        let mismatch = error.to_string().contains("expected shape");
        match needed {
            Some(n) if mismatch => Error::file(
                &self.checkpoint,
                format!(
                    "{error}. The first dense layer takes {n} values; sounds of {} s may be of another length than the \
                     network was made for (--seconds)",
                    samples as f64 / f64::from(NETWORK_RATE)
                ),
            ),
            _ => self.in_checkpoint(error),
        }
    }
}
