//! Files that a person names, opened only where they are files: a device may have no end, and a pipe may never begin.

use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Opens a file to read it.
///
/// # Errors
/// When it cannot be opened, or is a folder, a device or a pipe.
pub fn open(path: &Path) -> Result<File> {
    let failed = |e| Error::io("read", path, e);
    // Asked of the path and not of the opened file, since opening a pipe waits for whoever writes to it.
    let kind = std::fs::metadata(path).map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(Error::file(path, "Is a folder, not a file"));
    }
    if !kind.is_file() {
        return Err(Error::file(path, "Is a device or a pipe, not a file"));
    }
    File::open(path).map_err(failed)
}

/// All bytes of a file.
///
/// # Errors
/// As [`open`], and when reading fails.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io("read", path, e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_nothing_else_is() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a");
        std::fs::write(&file, b"content").unwrap();
        assert_eq!(read(&file).unwrap(), b"content");
        let refused = |path: &Path| read(path).unwrap_err().to_string();
        assert!(refused(place.path()).contains("Is a folder"));
        assert!(refused(&place.path().join("none")).contains("none"));
        #[cfg(unix)]
        {
            // Never ends; and one that blocks whoever opens it for as long as nobody writes.
            assert!(refused(Path::new("/dev/zero")).contains("a device"));
            let pipe = place.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            assert!(refused(&pipe).contains("pipe, not a file"));
        }
    }
}
