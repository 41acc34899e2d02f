//! An export that is being prepared or written: what of, as what, where to, and which files that will be.

use crate::export::{Kind, PlannedFile, Set};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// An export in the making.
#[derive(Clone, Debug)]
pub struct Exporting {
    /// The run folders.
    pub folders: Vec<PathBuf>,
    /// Where the runs are, in words: "the ladder", "3 runs".
    pub what: String,
    /// The runs, once they are read.
    pub set: Option<Arc<Set>>,
    /// What they are to become.
    pub kind: Kind,
    /// What stands at the top; the exporter's own choice where it is empty.
    pub title: String,
    /// The file or folder that is to be written.
    pub out: String,
    /// Whether a person typed at `out`, so that it is left as it is when the kind changes.
    pub typed: bool,
    /// Number of the newest request for a preview.
    pub generation: u64,
    /// What will be written, or why nothing can be.
    pub preview: Option<Result<Preview, String>>,
    /// How far the writing is: pieces done, pieces in all, the file that is being made.
    pub progress: Option<(usize, usize, String)>,
    /// Set when a person wants the writing to end.
    pub cancel: Arc<AtomicBool>,
    /// Whether files that are there may be replaced.
    pub overwrite: bool,
}

/// What will be written.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Every file.
    pub files: Vec<PlannedFile>,
    /// How many of them are there already.
    pub existing: usize,
    /// What the exporter has to say about the runs.
    pub notes: Vec<String>,
}

impl Preview {
    /// The length of all files together in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}
