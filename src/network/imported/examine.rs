//! From files that a person named or dropped to a model: what each is, what belongs with it, and what is missing.

use super::record::KeptFile;
use super::{Architecture, Content, Record};
use crate::formats::pickle;
use crate::formats::tensorflow::Checkpoint;
use crate::network::Model;
use crate::network::architectures::published_words::Configuration;
use crate::network::architectures::slim::Fit;
use crate::network::architectures::vgg19_slim;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// What a person asks to be imported.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The files, in any order.
    pub files: Vec<PathBuf>,
    /// The architecture, where it should not be found out.
    pub architecture: Option<Architecture>,
    /// The model's name; the checkpoint's without it.
    pub name: Option<String>,
    /// Class names.
    pub labels: Option<PathBuf>,
    /// Length of the sounds, where it is not the papers' two seconds.
    pub seconds: Option<f64>,
}

/// What was found.
#[derive(Debug)]
pub struct Examined {
    /// What is to be remembered.
    pub record: Record,
    /// The model itself.
    pub model: Model,
    /// "V1" or "V2".
    pub version: &'static str,
    /// How the checkpoint fits.
    pub fit: Fit,
    /// What was found beside the files that were named, and what was not, a sentence each.
    pub notes: Vec<String>,
}

/// Files of a folder that are looked at for companions, at most.
const MAX_BESIDE: usize = 200;

/// Looks at the files, finds their companions beside them, and makes the model.
///
/// # Errors
/// When a file is nothing that can be imported, a companion is missing (the error says which), or tensors are missing.
pub fn examine(asked: &Asked) -> Result<Examined> {
    let mut parts = Parts::default();
    for path in &asked.files {
        parts.take(path)?;
    }
    parts.labels = asked.labels.as_deref().map(absolute).or(parts.labels);
    let mut notes = Vec::new();
    let (checkpoint_path, found) = parts.checkpoint(&mut notes)?;
    let checkpoint = Checkpoint::open(&checkpoint_path)?;
    let architecture = asked.architecture.or(found).ok_or_else(|| {
        let names: Vec<&str> = checkpoint
            .tensors()
            .keys()
            .take(3)
            .map(String::as_str)
            .collect();
        Error::file(
            &checkpoint_path,
            format!(
                "No known architecture has tensors like '{}'; name one with --architecture ({})",
                names.join("', '"),
                Architecture::ALL.map(Architecture::name).join(", ")
            ),
        )
    })?;
    let configuration = match architecture {
        Architecture::Vgg19Slim => None,
        Architecture::WordNetwork => Some(parts.configuration(&checkpoint, &mut notes)?),
    };
    let needed = match &configuration {
        None => vgg19_slim::needed(),
        Some((_, configuration)) => configuration.needed(checkpoint.tensors())?,
    };
    let fit = Fit::of(&checkpoint, &needed);
    if let Some((name, near)) = fit.missing.first() {
        let near = match near.as_slice() {
            [] => String::new(),
            near => format!(" (nearest: '{}')", near.join("', '")),
        };
        let more = match fit.missing.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        return Err(Error::file(
            &checkpoint_path,
            format!(
                "Lacks tensor '{name}'{near}{more}, which {} needs",
                architecture.title()
            ),
        ));
    }
    let configuration = configuration.map(|(path, _)| path);
    let mut files = checkpoint.files();
    files.extend(configuration.clone());
    let files = files
        .iter()
        .map(|path| KeptFile::look(path, None))
        .collect::<Result<_>>()?;
    let name = asked.name.clone();
    let mut record = Record {
        name: name.unwrap_or_else(|| name_of(&checkpoint_path)),
        architecture,
        checkpoint: checkpoint_path,
        configuration,
        labels: parts.labels.clone(),
        null: parts.null.clone(),
        samples: asked.seconds.map(samples).transpose()?,
        files,
    };
    if record.labels.is_none() && architecture == Architecture::WordNetwork {
        record.labels = beside(&record.checkpoint, Content::Labels, |_| true);
        notes.push(match &record.labels {
            Some(path) => format!("class names found in {}", path.display()),
            None => "no class names (the authors' metamer_word_encodings.pckl, with --labels); classes have numbers".into(),
        });
    }
    let model = record.build()?;
    if record.null.is_none() {
        record.null = beside(&record.checkpoint, Content::Null, |p| is_null_of(p, &model));
        notes.push(match &record.null {
            Some(path) => format!("null distribution found in {}", path.display()),
            None => {
                "no null distribution; verdicts stay unknown until one is imported with the model"
                    .into()
            }
        });
    } else if let Some(path) = record.null.as_ref().filter(|p| !is_null_of(p, &model)) {
        return Err(Error::file(
            path,
            "Is a null distribution of another network: it has no layer in common with this one",
        ));
    }
    Ok(Examined {
        version: checkpoint.version(),
        record,
        model,
        fit,
        notes,
    })
}

#[derive(Default)]
struct Parts {
    checkpoint: Option<(PathBuf, Option<Architecture>)>,
    configuration: Option<PathBuf>,
    null: Option<PathBuf>,
    labels: Option<PathBuf>,
}

impl Parts {
    fn take(&mut self, path: &Path) -> Result<()> {
        let path = absolute(path);
        let twice = |what: &str| {
            Err(Error::file(
                &path,
                format!("Is a second {what}; import one model at a time"),
            ))
        };
        match Content::of(&path)? {
            Content::Pointer(to) => return self.take(&to),
            Content::Checkpoint(found) => {
                let opened = Checkpoint::open(&path)?;
                // Any of a bundle's files stands for the whole.
                let path = opened.path().to_owned();
                match &self.checkpoint {
                    Some((other, _)) if *other != path => return twice("checkpoint"),
                    _ => self.checkpoint = Some((path, found)),
                }
            }
            Content::Configuration if self.configuration.is_some() => {
                return twice("configuration");
            }
            Content::Configuration => self.configuration = Some(path),
            Content::Null if self.null.is_some() => return twice("null distribution"),
            Content::Null => self.null = Some(path),
            Content::Labels => self.labels = Some(path),
        }
        Ok(())
    }

    /// The checkpoint that was named, or one beside the configuration that fits it.
    fn checkpoint(&self, notes: &mut Vec<String>) -> Result<(PathBuf, Option<Architecture>)> {
        if let Some(found) = &self.checkpoint {
            return Ok(found.clone());
        }
        let Some(path) = &self.configuration else {
            let given = self.null.as_ref().or(self.labels.as_ref());
            return Err(Error::file(
                given.map_or(Path::new("import"), PathBuf::as_path),
                "Belongs to a network whose checkpoint is missing; name the checkpoint too",
            ));
        };
        let configuration = Configuration::read(&pickle::read(path)?)
            .map_err(|reason| Error::file(path, reason))?;
        let words = Content::Checkpoint(Some(Architecture::WordNetwork));
        let found = beside(path, words, |candidate| {
            Checkpoint::open(candidate).is_ok_and(|c| fits(&configuration, &c))
        });
        let found = found.ok_or_else(|| {
            Error::file(
                path,
                "Is the configuration of a word network; its checkpoint is missing (files ending in .ckpt.index and \
                 .ckpt.data-00000-of-00001, or one ending in .ckpt). Name both, or put them side by side",
            )
        })?;
        notes.push(format!("checkpoint found in {}", found.display()));
        Ok((found, Some(Architecture::WordNetwork)))
    }

    /// The configuration that was named, or one beside the checkpoint that fits it.
    fn configuration(
        &self,
        checkpoint: &Checkpoint,
        notes: &mut Vec<String>,
    ) -> Result<(PathBuf, Configuration)> {
        let read = |path: &Path| {
            Configuration::read(&pickle::read(path)?).map_err(|reason| Error::file(path, reason))
        };
        if let Some(path) = &self.configuration {
            return Ok((path.clone(), read(path)?));
        }
        let found = beside(checkpoint.path(), Content::Configuration, |candidate| {
            read(candidate).is_ok_and(|c| fits(&c, checkpoint))
        });
        let path = found.ok_or_else(|| {
            Error::file(
                checkpoint.path(),
                "Is the checkpoint of a word network; its configuration is missing (a pickle such as \
                 word_network_reduced_aliasing.pckl). Name both, or put them side by side",
            )
        })?;
        notes.push(format!("configuration found in {}", path.display()));
        let configuration = read(&path)?;
        Ok((path, configuration))
    }
}

fn fits(configuration: &Configuration, checkpoint: &Checkpoint) -> bool {
    let needed = configuration.needed(checkpoint.tensors());
    needed.is_ok_and(|needed| Fit::of(checkpoint, &needed).missing.is_empty())
}

/// Whether a pickle has a null distribution for at least one of the model's layers.
fn is_null_of(path: &Path, model: &Model) -> bool {
    let Ok(pickle) = pickle::read(path) else {
        return false;
    };
    let dict = pickle.get(pickle.root(), "spearman_r_dict");
    let pairs = pickle.pairs(dict.unwrap_or(pickle.root()));
    let mut keys = pairs
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| pickle.text(*key));
    keys.any(|key| model.graph.find(key).is_ok())
}

/// The first file in the same folder, by name, that holds what is looked for.
fn beside(path: &Path, content: Content, right: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_file() && p != path)
        .take(MAX_BESIDE)
        .collect();
    files.sort();
    let wanted = |p: &PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy();
        let pickled = [".pckl", ".pkl", ".pickle"]
            .iter()
            .any(|e| name.ends_with(e));
        let checkpoint = name.ends_with(".index") || name.ends_with(".ckpt");
        match content {
            Content::Checkpoint(_) => checkpoint,
            _ => pickled,
        }
    };
    files
        .into_iter()
        .filter(wanted)
        .find(|p| Content::of(p).is_ok_and(|c| c == content) && right(p))
}

/// A name from the checkpoint's: without folders and endings.
fn name_of(checkpoint: &Path) -> String {
    let name = checkpoint.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".index").unwrap_or(&name);
    let name = name.strip_suffix(".ckpt").unwrap_or(name);
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    name.chars().map(allowed).collect()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A length in seconds as a number of samples that the front end can take.
fn samples(seconds: f64) -> Result<usize> {
    let samples = (seconds * f64::from(NETWORK_RATE)).round();
    if (2000.0..=2e6).contains(&samples) {
        Ok(samples as usize)
    } else {
        Err(Error::value(
            "seconds",
            format!("must be from 0.1 to 100, found {seconds}"),
        ))
    }
}

impl Examined {
    /// Record and model under another name.
    pub fn named(&self, name: &str) -> (Record, Model) {
        let record = Record {
            name: name.to_owned(),
            ..self.record.clone()
        };
        let model = Model {
            name: name.to_owned(),
            title: record.title(),
            ..self.model.clone()
        };
        (record, model)
    }
}
