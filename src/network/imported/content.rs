//! What a file holds, found out by looking inside.

use super::{Architecture, labels};
use crate::formats::pickle;
use crate::formats::tensorflow::Checkpoint;
use crate::network::architectures::published_words;
use crate::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A TensorFlow checkpoint, and the architecture that its names belong to.
    Checkpoint(Option<Architecture>),
    /// TensorFlow's note of which checkpoint is the latest.
    Pointer(PathBuf),
    /// The configuration of a word network.
    Configuration,
    /// A null distribution, by layer.
    Null,
    /// Class names.
    Labels,
}

impl Content {
    /// In words.
    pub fn title(&self) -> String {
        match self {
            Self::Checkpoint(Some(a)) => format!("TensorFlow checkpoint of {}", a.title()),
            Self::Checkpoint(None) => "TensorFlow checkpoint".into(),
            Self::Pointer(to) => format!("TensorFlow's note that points to {}", to.display()),
            Self::Configuration => "configuration of a word network".into(),
            Self::Null => "null distribution".into(),
            Self::Labels => "class names".into(),
        }
    }

    /// Whether a file might be something to import, by its beginning and end alone; pictures and sounds are not.
    pub fn looks_importable(path: &Path) -> bool {
        Checkpoint::is_one(path)
            || beginning(path).is_ok_and(|b| pickle::is_one(&b) || is_pointer(&b))
    }

    /// Looks inside a file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is nothing that can be imported; the error says what can.
    pub fn of(path: &Path) -> Result<Self> {
        if Checkpoint::is_one(path) {
            let checkpoint = Checkpoint::open(path)?;
            let most = Architecture::ALL.into_iter().max_by_key(|a| {
                let names = checkpoint.tensors().keys();
                names.filter(|n| n.starts_with(a.scope())).count()
            });
            let fits = |a: &Architecture| {
                let mut names = checkpoint.tensors().keys();
                names.any(|n| n.starts_with(a.scope()))
            };
            return Ok(Self::Checkpoint(most.filter(fits)));
        }
        let beginning = beginning(path)?;
        if is_pointer(&beginning) {
            return pointer(path, &beginning);
        }
        if pickle::is_one(&beginning) {
            let pickle = pickle::read(path)?;
            if published_words::is_one(&pickle) {
                return Ok(Self::Configuration);
            }
            if labels::from_pickle(&pickle).is_some() {
                return Ok(Self::Labels);
            }
            // Layer names with arrays, or the 2023 code's five dicts of them.
            if pickle.pairs(pickle.root()).is_some_and(|p| !p.is_empty()) {
                return Ok(Self::Null);
            }
            return Err(Error::file(
                path,
                "A pickle, but neither a network's configuration, nor a null distribution, nor class names",
            ));
        }
        if beginning.starts_with(&[0x1f, 0x8b]) {
            return Err(Error::file(
                path,
                "Is a packed archive; unpack it first (tar -xzf FILE) and import what it holds",
            ));
        }
        Err(Error::file(
            path,
            "Is nothing that can be imported: TensorFlow checkpoints (V1, V2), configurations of word networks, null \
             distributions and class names (pickles) can. Perhaps it is cut short",
        ))
    }
}

fn beginning(path: &Path) -> Result<Vec<u8>> {
    let mut beginning = Vec::new();
    std::fs::File::open(path)
        .and_then(|f| f.take(4096).read_to_end(&mut beginning))
        .map_err(|e| Error::io("read", path, e))?;
    Ok(beginning)
}

fn is_pointer(beginning: &[u8]) -> bool {
    beginning.starts_with(b"model_checkpoint_path:")
}

/// The checkpoint that a note names, relative to the note.
fn pointer(path: &Path, text: &[u8]) -> Result<Content> {
    let text = String::from_utf8_lossy(text);
    let name = text.split('"').nth(1).filter(|n| !n.is_empty());
    let name = name.ok_or_else(|| Error::file(path, "Names no checkpoint"))?;
    // Notes hold the path of the machine that trained; beside the note is where a download has it.
    let beside = |name: &str| path.with_file_name(name);
    let last = Path::new(name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let target = [beside(name), beside(&last)]
        .into_iter()
        .find(|p| Checkpoint::is_one(p));
    target.map(Content::Pointer).ok_or_else(|| {
        Error::file(
            path,
            format!("Names the checkpoint '{name}', which is not beside it"),
        )
    })
}
