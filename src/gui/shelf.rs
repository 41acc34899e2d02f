//! Finished runs that the window knows, and the heavy data of those that are looked at.

use crate::export::Cells;
use crate::formats::{Array, npy};
use crate::session::{JobId, Kept};
use crate::stimulus::Image;
use crate::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The finished runs of the results folder.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Every run, newest first.
    pub runs: Vec<Arc<Kept>>,
    /// Whether the folder is being read.
    pub reading: bool,
    /// Stimuli of the runs that are looked at, by folder.
    pub made: HashMap<PathBuf, Arc<Made>>,
    /// Folders whose stimuli were asked for.
    pub asked: HashSet<PathBuf>,
    /// Cochleagrams of runs of this session, with the sounds that they are of.
    pub live: HashMap<JobId, (Arc<Vec<f32>>, Arc<Cells>)>,
    /// Small pictures, by folder.
    pub thumbnails: HashMap<PathBuf, Arc<Image>>,
    /// Folders whose small pictures were asked for.
    pub wanted: HashSet<PathBuf>,
    /// Runs that were thrown away: where each was, and where it lies. The last can be taken back first.
    pub deleted: Vec<(PathBuf, PathBuf)>,
}

/// A metamer in memory.
#[derive(Clone, Debug)]
pub struct Made {
    /// The values, `[3, height, width]` or `[samples]`.
    pub values: Arc<Vec<f32>>,
    /// Their shape.
    pub shape: Vec<usize>,
    /// The cochleagram, where it is a sound.
    pub cells: Option<Arc<Cells>>,
}

impl Made {
    /// Reads the metamer of a finished run.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn read(run: &Kept) -> Result<Self> {
        let Array { shape, values, .. } = run.metamer()?;
        let cells = cochleagram(&run.folder.join("cochleagram_metamer.npy"))?;
        Ok(Self {
            values: Arc::new(values),
            shape,
            cells,
        })
    }

    /// As a picture, where it is one.
    pub fn image(&self) -> Option<Image> {
        match self.shape[..] {
            [3, height, width] | [1, 3, height, width] => {
                Some(Image::from_planes(&self.values, width, height))
            }
            _ => None,
        }
    }
}

/// The cochleagram `[channels, frames]` in a file, if there is such a file.
///
/// # Errors
/// When it is damaged.
pub fn cochleagram(path: &Path) -> Result<Option<Arc<Cells>>> {
    if !path.is_file() {
        return Ok(None);
    }
    let Array { shape, values, .. } = npy::read(path)?;
    let [.., rows, columns] = shape[..] else {
        return Err(Error::file(path, "A cochleagram has channels and frames"));
    };
    Ok(Some(Arc::new(Cells::new(rows, columns, values)?)))
}

impl Shelf {
    /// The run in a folder.
    pub fn run(&self, folder: &Path) -> Option<&Arc<Kept>> {
        self.runs.iter().find(|r| r.folder == folder)
    }

    /// Puts a run where it belongs by its age, in place of what was known of its folder.
    pub fn put(&mut self, run: Kept) {
        let folder = run.folder.clone();
        self.take(&folder);
        let at = self.runs.partition_point(|r| r.made > run.made);
        self.runs.insert(at, Arc::new(run));
    }

    /// Gives a run other tags, where it stands.
    pub fn retag(&mut self, run: Kept) {
        if let Some(place) = self.runs.iter_mut().find(|r| r.folder == run.folder) {
            *place = Arc::new(run);
        }
    }

    /// Forgets a run.
    pub fn take(&mut self, folder: &Path) {
        self.runs.retain(|r| r.folder != folder);
        self.made.remove(folder);
        self.asked.remove(folder);
        self.thumbnails.remove(folder);
        self.wanted.remove(folder);
    }
}
