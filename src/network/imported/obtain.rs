//! A published file in the program's own folder: fetched, checked, unpacked where it is an archive; and what of it is here.

use super::authors::AuthorsFile;
use super::download::{Fetched, fetch, file_name};
use super::record::sha256_of_file;
use super::unpack::unpack;
use crate::formats::atomic;
use crate::formats::tensorflow::Checkpoint;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// So many bytes are there, of so many if the server says it.
    Fetching(u64, Option<u64>),
    /// The checksum is computed.
    Checking,
    /// So many bytes of the archive were read, of so many.
    Unpacking(u64, u64),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obtained {
    /// All is there. The checksum is that of the file as it was fetched.
    Whole {
        /// sha256 in hexadecimal.
        sha256: String,
    },
    /// It was stopped; the next time it goes on from there.
    Stopped,
}

/// What is here of a published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    /// Nothing.
    Nothing,
    /// So many bytes of it.
    Part(u64),
    /// The file, but it was not checked and unpacked.
    Raw,
    /// All of it, with the checksum that it had.
    Whole(String),
}

/// Where a published file is put: beside the other files of its group, so that they find each other.
pub fn target(file: &AuthorsFile, root: &Path) -> PathBuf {
    root.join(file.folder()).join(file_name(file.link))
}

/// What is here of a file.
pub fn present(file: &AuthorsFile, root: &Path) -> Present {
    let target = target(file, root);
    let length = |suffix| std::fs::metadata(with(&target, suffix)).map_or(0, |m| m.len());
    if target.is_file() {
        return match std::fs::read_to_string(with(&target, ".sha256")) {
            Ok(sum) => Present::Whole(sum.trim().to_owned()),
            Err(_) => Present::Raw,
        };
    }
    match length(".partial") {
        0 => Present::Nothing,
        n => Present::Part(n),
    }
}

/// Fetches a file unless it is here, checks it, and unpacks it where it is an archive. `tell` is told how far it is; it may
/// stop by returning false.
///
/// # Errors
/// As for [`fetch`], and when an archive cannot be unpacked.
pub fn obtain(
    file: &AuthorsFile,
    root: &Path,
    mut tell: impl FnMut(Stage) -> bool,
) -> Result<Obtained> {
    let target = target(file, root);
    let folder = root.join(file.folder());
    std::fs::create_dir_all(&folder).map_err(|e| Error::io("create folder", &folder, e))?;
    let sha256 = if target.is_file() {
        tell(Stage::Checking);
        let found = sha256_of_file(&target)?;
        if let Some(expected) = file.sha256.filter(|s| *s != found) {
            return Err(Error::file(
                &target,
                format!(
                    "Is not the right file (sha256 {found}, expected {expected}); move it away and fetch it again"
                ),
            ));
        }
        found
    } else {
        let fetched = fetch(file.link, &target, file.sha256, |at, total| {
            let on = tell(Stage::Fetching(at, total));
            if on && total == Some(at) {
                tell(Stage::Checking);
            }
            on
        });
        match fetched? {
            Fetched::Stopped { .. } => return Ok(Obtained::Stopped),
            Fetched::Whole(sha256) => sha256,
        }
    };
    let whole =
        !file.is_archive() || unpack(&target, &folder, |at, of| tell(Stage::Unpacking(at, of)))?;
    if !whole {
        return Ok(Obtained::Stopped);
    }
    atomic::write(&with(&target, ".sha256"), sha256.as_bytes())?;
    Ok(Obtained::Whole { sha256 })
}

/// The checkpoints that lie in a group's folder, each once.
pub fn checkpoints(root: &Path, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
    let files = entries.flatten().map(|e| e.path());
    let mut found: Vec<PathBuf> = files
        .filter(|p| p.is_file() && Checkpoint::is_one(p))
        .filter_map(|p| Checkpoint::open(&p).ok().map(|c| c.path().to_owned()))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
