//! Files that are either wholly there or not at all: written under a temporary name beside the target, then renamed.

use crate::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` so that a crash at any moment leaves either the old file or the new one.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full; a partly written temporary file is removed. When a folder, a
/// device or a pipe has that name: it would be gone.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(Error::file(
            path,
            "Is no file, and is left as it is; choose another name",
        ));
    }
    let partial = partial_name(path);
    let result = (|| {
        let mut file = std::fs::File::create(&partial).map_err(|e| Error::io("create", path, e))?;
        file.write_all(bytes)
            .map_err(|e| Error::io("write", path, e))?;
        // The content must reach the disk before the name does, or a power cut could leave an empty file.
        file.sync_all().map_err(|e| Error::io("write", path, e))?;
        std::fs::rename(&partial, path).map_err(|e| Error::io("write", path, e))
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    result
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}
