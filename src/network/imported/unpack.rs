//! The files in an archive (`.tar.gz`), side by side in one folder.
//!
//! Archives come from the network: nothing in them decides where anything is written. Folders are left out, as are links
//! and devices; a file is known by its name alone and appears whole or not at all, so that stopping and going on does no
//! harm.

use crate::{Error, Result};
use flate2::read::GzDecoder;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An archive may hold this many bytes: ten times what any of the authors' does.
const MOST: u64 = 20 << 30;
/// And this many files.
const MOST_FILES: usize = 2000;

/// Writes every file of `archive` into `folder`; those that are there already, with the right length, stay. `progress` is
/// told how many of the archive's bytes were read, and of how many; it may stop by returning false. Returns whether all is
/// there.
///
/// # Errors
/// When the archive is damaged, holds two files of one name or too much, or a file cannot be written.
pub fn unpack(
    archive: &Path,
    folder: &Path,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<bool> {
    let damaged = |e: std::io::Error| {
        Error::file(
            archive,
            format!("Is no archive, or damaged ({e}); fetch it again"),
        )
    };
    let failed = |e| Error::io("read", archive, e);
    let file = File::open(archive).map_err(failed)?;
    let total = file.metadata().map_err(failed)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: BufReader::new(file),
        read: read.clone(),
    };
    let mut tar = tar::Archive::new(GzDecoder::new(counted));
    let mut names = BTreeSet::new();
    let mut bytes = 0u64;
    for entry in tar.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(damaged)?;
        let Some(name) = path.file_name().map(PathBuf::from) else {
            continue;
        };
        // What macOS adds beside every file.
        if name.to_string_lossy().starts_with("._") {
            continue;
        }
        let length = entry.size();
        bytes = bytes.saturating_add(length);
        if bytes > MOST || names.len() >= MOST_FILES {
            return Err(Error::file(
                archive,
                "Holds far more than it should; unpack by hand what is wanted",
            ));
        }
        if !names.insert(name.clone()) {
            let reason = format!(
                "Holds two files called {}; unpack it by hand",
                name.display()
            );
            return Err(Error::file(archive, reason));
        }
        let target = folder.join(&name);
        if std::fs::metadata(&target).is_ok_and(|m| m.is_file() && m.len() == length) {
            continue;
        }
        if target.exists() {
            return Err(Error::file(
                &target,
                "Is there already with another length; move it away, nothing is overwritten",
            ));
        }
        let whole = write_whole(&target, |out| {
            let mut buffer = vec![0; 1 << 18];
            loop {
                if !progress(read.load(Ordering::Relaxed), total) {
                    return Ok(false);
                }
                match entry.read(&mut buffer).map_err(damaged)? {
                    0 => return Ok(true),
                    n => {
                        let written = out.write_all(&buffer[..n]);
                        written.map_err(|e| Error::io("write", &target, e))?;
                    }
                }
            }
        });
        if !whole? {
            return Ok(false);
        }
    }
    Ok(progress(total, total))
}

/// Lets `fill` write a file under another name, which it keeps unless `fill` fails or returns false.
fn write_whole(target: &Path, fill: impl FnOnce(&mut File) -> Result<bool>) -> Result<bool> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".unpacking");
    let partial = target.with_file_name(name);
    let failed = |e| Error::io("write", target, e);
    let result = (|| {
        let mut out = File::create(&partial).map_err(failed)?;
        if !fill(&mut out)? {
            return Ok(false);
        }
        out.sync_all().map_err(failed)?;
        std::fs::rename(&partial, target).map_err(failed)?;
        Ok(true)
    })();
    if !matches!(result, Ok(true)) {
        let _ = std::fs::remove_file(&partial);
    }
    result
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with files under these names, written as tar and gzip do.
    fn archive(place: &Path, files: &[(&str, &[u8])]) -> PathBuf {
        let path = place.join("archive.tar.gz");
        let gz = flate2::write::GzEncoder::new(
            File::create(&path).unwrap(),
            flate2::Compression::fast(),
        );
        let mut tar = tar::Builder::new(gz);
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            // By hand, since the crate refuses to write names that lead out of the folder.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        path
    }

    fn listed(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_come_side_by_side_and_nothing_leads_out_of_the_folder() {
        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("a").join("b");
        std::fs::create_dir_all(&inside).unwrap();
        let files: [(&str, &[u8]); 4] = [
            ("net/vgg.ckpt", &[1; 70_000]),
            ("../../out.txt", b"out"),
            ("/etc/absolute", b"abs"),
            ("net/._vgg.ckpt", b"finder"),
        ];
        let path = archive(place.path(), &files);
        let mut last = (0, 0);
        let whole = unpack(&path, &inside, |at, of| {
            last = (at, of);
            true
        });
        assert!(whole.unwrap());
        assert!(last.0 == last.1 && last.1 == std::fs::metadata(&path).unwrap().len());
        assert_eq!(listed(&inside), ["absolute", "out.txt", "vgg.ckpt"]);
        assert_eq!(listed(place.path()), ["a", "archive.tar.gz"]);
        assert_eq!(std::fs::read(inside.join("vgg.ckpt")).unwrap(), [1; 70_000]);
        // Again: what is there stays, and what has another length is not touched.
        assert!(unpack(&path, &inside, |_, _| true).unwrap());
        std::fs::write(inside.join("out.txt"), "mine").unwrap();
        let error = unpack(&path, &inside, |_, _| true).unwrap_err().to_string();
        assert!(error.contains("nothing is overwritten"), "{error}");
        assert_eq!(std::fs::read(inside.join("out.txt")).unwrap(), b"mine");
    }

    #[test]
    fn stopping_leaves_whole_files_only_and_damage_is_named() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("here");
        std::fs::create_dir(&folder).unwrap();
        let noise: Vec<u8> = (0..2_000_000u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let path = archive(place.path(), &[("small", b"s"), ("large", &noise)]);
        let mut pieces = 0;
        let whole = unpack(&path, &folder, |_, _| {
            pieces += 1;
            pieces < 5
        });
        assert!(!whole.unwrap());
        assert_eq!(listed(&folder), ["small"]);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() / 2);
        std::fs::write(&path, bytes).unwrap();
        let error = unpack(&path, &folder, |_, _| true).unwrap_err().to_string();
        assert!(error.contains("fetch it again"), "{error}");
        assert_eq!(listed(&folder), ["small"]);
        let path = archive(place.path(), &[("a/x", b"1"), ("b/x", b"2")]);
        let error = unpack(&path, &folder, |_, _| true).unwrap_err().to_string();
        assert!(error.contains("two files called x"), "{error}");
    }
}
