//! Models from files that a person has: published weights, found out by their content, and remembered where they lie.
//!
//! | file | content |
//! |---|---|
//! | `content` | what a file holds |
//! | `examine` | what a person gave, put together: which architecture, which companions, what is missing |
//! | `record` | what is remembered of a model, and the model made from it |
//! | `library` | the folder in which records are kept |
//! | `authors` | where published files come from |
//! | `download` | fetching one of them, if asked |
//! | `unpack` | what an archive holds, as files |
//! | `obtain` | both in turn, and what is here already |
//! | `labels` | class names from the authors' pickles or from text |

pub mod authors;
pub mod content;
pub mod download;
pub mod examine;
mod labels;
mod library;
pub mod obtain;
mod record;
mod unpack;

pub use content::Content;
pub use examine::{Asked, Examined, examine};
pub use library::Library;
pub use record::{KeptFile, Record};

use serde::{Deserialize, Serialize};

/// An architecture that weights can be imported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// VGG-19 as TF-slim has it.
    Vgg19Slim,
    /// A word network of Feather et al. (2019), from its configuration.
    WordNetwork,
}

impl Architecture {
    /// Every architecture.
    pub const ALL: [Self; 2] = [Self::Vgg19Slim, Self::WordNetwork];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vgg19Slim => "vgg19-slim",
            Self::WordNetwork => "word-network",
        }
    }

    /// The name shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Vgg19Slim => "VGG-19 (TF-slim)",
            Self::WordNetwork => "Word network (2019)",
        }
    }

    /// "image" or "sound".
    pub fn modality(self) -> &'static str {
        match self {
            Self::Vgg19Slim => "image",
            Self::WordNetwork => "sound",
        }
    }

    /// What every tensor's name begins with.
    fn scope(self) -> &'static str {
        match self {
            Self::Vgg19Slim => super::architectures::vgg19_slim::SCOPE,
            Self::WordNetwork => super::architectures::published_words::SCOPE,
        }
    }

    /// The architecture called `name`.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(name: &str) -> crate::Result<Self> {
        let found = Self::ALL.into_iter().find(|a| a.name() == name);
        found.ok_or_else(|| crate::Error::unknown("architecture", name, Self::ALL.map(Self::name)))
    }
}
