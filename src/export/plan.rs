//! What will be written, before it is; and the writing: all files or none.

use crate::{Error, Result};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A file that an export will write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where.
    pub path: PathBuf,
    /// How long it will be, in bytes.
    pub bytes: u64,
    /// Whether `bytes` is the exact length rather than an estimate.
    pub exact: bool,
    /// What it is, in words.
    pub what: String,
}

/// How far the writing has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Pieces of work done.
    pub done: usize,
    /// Pieces of work in all.
    pub of: usize,
    /// The file that is being made.
    pub path: &'a Path,
}

/// How the writing ended, if nothing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every file is there.
    Written {
        /// Where, in the plan's order.
        files: Vec<PathBuf>,
        /// Their length together.
        bytes: u64,
    },
    /// Stopped when asked to; nothing was written or changed.
    Cancelled,
}

/// Why the making of a file ended early.
pub(super) enum Stop {
    /// Asked to.
    Cancelled,
    /// Something went wrong.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A file made before, for those that list others.
pub(super) struct Made {
    /// Its path inside the export's folder, with slashes.
    pub inside: String,
    /// sha256 of its bytes.
    pub sha256: String,
}

/// Handed to whatever makes a file: counts pieces of work, asks whether to go on, knows the files made so far.
pub(super) struct Work<'a> {
    done: usize,
    of: usize,
    path: PathBuf,
    report: &'a mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    /// The files made so far.
    pub made: Vec<Made>,
}

impl Work<'_> {
    /// Says that a piece of work begins, and ends everything if that is wanted.
    pub fn step(&mut self) -> Result<(), Stop> {
        let now = Progress {
            done: self.done.min(self.of),
            of: self.of,
            path: &self.path,
        };
        let flow = (self.report)(now);
        self.done += 1;
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Cancelled),
        }
    }

    /// The sha256 of a file made before.
    pub fn sha256_of(&self, inside: &str) -> Result<&str> {
        let made = self.made.iter().find(|m| m.inside == inside);
        made.map(|m| m.sha256.as_str()).ok_or_else(|| {
            Error::Internal(format!("'{inside}' was to be listed before it was made"))
        })
    }
}

type Make<'a> = Box<dyn Fn(&mut Work<'_>) -> Result<Vec<u8>, Stop> + Send + 'a>;

struct Job<'a> {
    inside: String,
    pieces: usize,
    make: Make<'a>,
}

/// What an export will write.
pub struct Plan<'a> {
    /// The folder that is made, or that a single file lies in.
    root: PathBuf,
    /// Whether the folder is the export, and not just the place of its files.
    whole_folder: bool,
    files: Vec<PlannedFile>,
    jobs: Vec<Job<'a>>,
}

impl std::fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("root", &self.root)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl<'a> Plan<'a> {
    /// An export that is the folder `out`.
    pub(super) fn folder(out: &Path) -> Self {
        Self {
            root: out.to_owned(),
            whole_folder: true,
            files: vec![],
            jobs: vec![],
        }
    }

    /// An export of files beside each other in the folder of `out`.
    pub(super) fn beside(out: &Path) -> Self {
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty());
        Self {
            root: parent.unwrap_or(Path::new(".")).to_owned(),
            whole_folder: false,
            files: vec![],
            jobs: vec![],
        }
    }

    /// Adds a file at a path inside the export (with slashes), of about `bytes`, made in so many pieces of work.
    pub(super) fn add(
        &mut self,
        inside: impl Into<String>,
        (bytes, exact): (u64, bool),
        what: impl Into<String>,
        pieces: usize,
        make: impl Fn(&mut Work<'_>) -> Result<Vec<u8>, Stop> + Send + 'a,
    ) {
        let inside = inside.into();
        self.files.push(PlannedFile {
            path: self.root.join(&inside),
            bytes,
            exact,
            what: what.into(),
        });
        self.jobs.push(Job {
            inside,
            pieces,
            make: Box::new(make),
        });
    }

    /// Adds a file whose content is known.
    pub(super) fn add_bytes(
        &mut self,
        inside: impl Into<String>,
        what: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) {
        let content: Vec<u8> = content.into();
        self.add(inside, (content.len() as u64, true), what, 1, move |work| {
            work.step()?;
            Ok(content.clone())
        });
    }

    /// Every file, in the order in which they are written.
    pub fn files(&self) -> &[PlannedFile] {
        &self.files
    }

    /// The length of all files together in bytes; an estimate if that of any file is one.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }

    /// The files that are there already and would be replaced.
    pub fn existing(&self) -> Vec<&Path> {
        let paths = self.files.iter().map(|f| f.path.as_path());
        paths.filter(|p| p.exists()).collect()
    }

    /// Writes every file, or none: they are made under a temporary folder and get their names when all are there. Other
    /// files in the same folder are left alone.
    ///
    /// `report` is called before every piece of work; by [`ControlFlow::Break`] it ends the writing without a trace.
    ///
    /// # Errors
    /// When a file exists and `overwrite` is false, something that is needed cannot be read, or the place cannot be written
    /// to. Unless the disk fails while the finished files get their names, nothing is changed then.
    pub fn write(
        &self,
        overwrite: bool,
        report: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Ended> {
        if let (Some(first), false) = (self.existing().first(), overwrite) {
            return Err(Error::file(
                first,
                "Exists already. Choose another place, or ask for it to be replaced (--overwrite)",
            ));
        }
        if self.whole_folder && self.root.is_file() {
            return Err(Error::file(
                &self.root,
                "Is a file; a folder is to be made here",
            ));
        }
        let place = if self.whole_folder {
            self.root.parent().filter(|p| !p.as_os_str().is_empty())
        } else {
            Some(self.root.as_path())
        };
        let begun = Place::make(place)?;
        let fresh = self.whole_folder && !self.root.exists();
        let staging = Staging::new(if fresh {
            beside(&self.root)
        } else {
            self.root
                .join(format!(".export.{}.partial", std::process::id()))
        })?;
        let mut work = Work {
            done: 0,
            of: self.jobs.iter().map(|j| j.pieces).sum(),
            path: self.root.clone(),
            report,
            made: vec![],
        };
        let mut bytes = 0;
        for (job, file) in self.jobs.iter().zip(&self.files) {
            work.path.clone_from(&file.path);
            let content = match (job.make)(&mut work) {
                Ok(content) => content,
                Err(stop) => {
                    drop(staging);
                    begun.undo();
                    return match stop {
                        Stop::Cancelled => Ok(Ended::Cancelled),
                        Stop::Error(error) => Err(error),
                    };
                }
            };
            bytes += content.len() as u64;
            staging.put(&job.inside, &content)?;
            work.made.push(Made {
                inside: job.inside.clone(),
                sha256: crate::network::registry::sha256(&content),
            });
        }
        if fresh {
            std::fs::rename(&staging.folder, &self.root)
                .map_err(|e| Error::io("rename", &staging.folder, e))?;
        } else {
            for (job, file) in self.jobs.iter().zip(&self.files) {
                make_parent(&file.path)?;
                std::fs::rename(staging.folder.join(&job.inside), &file.path)
                    .map_err(|e| Error::io("write", &file.path, e))?;
            }
        }
        let files = self.files.iter().map(|f| f.path.clone()).collect();
        Ok(Ended::Written { files, bytes })
    }
}

/// A name beside a folder for its unfinished self.
fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    folder.with_file_name(name)
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|e| Error::io("create folder", parent, e))
}

/// The folders that had to be made for the export's place, taken away again if nothing comes of it.
struct Place {
    made: Vec<PathBuf>,
}

impl Place {
    /// Makes the folder that the export lies in.
    fn make(place: Option<&Path>) -> Result<Self> {
        let mut made = vec![];
        let mut missing = place;
        while let Some(folder) = missing.filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
            made.push(folder.to_owned());
            missing = folder.parent();
        }
        if let Some(place) = place {
            std::fs::create_dir_all(place).map_err(|e| Error::io("create folder", place, e))?;
        }
        Ok(Self { made })
    }

    fn undo(&self) {
        for folder in &self.made {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// A temporary folder that is gone when this is.
struct Staging {
    folder: PathBuf,
}

impl Staging {
    fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            // Left behind by a process of the same number that was killed.
            std::fs::remove_dir_all(&folder).map_err(|e| Error::io("remove", &folder, e))?;
        }
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("create folder", &folder, e))?;
        Ok(Self { folder })
    }

    fn put(&self, inside: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(inside);
        make_parent(&path)?;
        std::fs::write(&path, content).map_err(|e| Error::io("write", &path, e))?;
        // The content must reach the disk before the name does, or a power cut could leave an empty file.
        std::fs::File::open(&path)
            .and_then(|f| f.sync_all())
            .map_err(|e| Error::io("write", &path, e))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
