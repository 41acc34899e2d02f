//! NumPy's `.npz`: a zip archive of `.npy` members.

use super::{Array, atomic, npy};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;

/// A single member may not unpack to more than this (4 GiB); a zip bomb ends here.
const MAX_MEMBER: u64 = 4 << 30;

/// Reads every array of an archive, by member name without `.npy`.
///
/// # Errors
/// When the file cannot be read, is no zip archive, or a member is no readable `.npy`.
pub fn read(path: &Path) -> Result<BTreeMap<String, Array>> {
    let file = std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
    let mut archive = zip::ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|e| Error::file(path, format!("Not an .npz archive: {e}")))?;
    let mut arrays = BTreeMap::new();
    for i in 0..archive.len() {
        let member = archive
            .by_index(i)
            .map_err(|e| Error::file(path, format!("Damaged .npz member {i}: {e}")))?;
        let name = member
            .name()
            .map_err(|e| Error::file(path, format!("Damaged .npz member {i}: {e}")))?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut bytes = Vec::new();
        member
            .take(MAX_MEMBER)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::file(path, format!("Damaged .npz member '{name}': {e}")))?;
        arrays.insert(
            name.clone(),
            npy::decode(&bytes).map_err(|e| Error::file(path, format!("member '{name}': {e}")))?,
        );
    }
    Ok(arrays)
}

/// Writes arrays uncompressed, as `numpy.savez` does. Two calls with the same arrays give the same bytes.
pub fn write<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a Array)>,
) -> Result<()> {
    let arrays = arrays
        .into_iter()
        .map(|(name, array)| (name, array.shape.as_slice(), array.values.as_slice()));
    atomic::write(path, &encode(path, arrays)?)
}

/// The bytes of an archive of arrays, each with its name, shape and values; `path` is for the errors.
///
/// # Errors
/// When the archive would be larger than a zip file of the plain kind can be (4 GiB).
pub fn encode<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a [usize], &'a [f32])>,
) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // The default date of a zip entry is fixed, so no clock leaks into the file.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(false);
    for (name, shape, values) in arrays {
        archive
            .start_file(format!("{name}.npy"), options)
            .map_err(|e| Error::file(path, format!("Cannot add '{name}': {e}")))?;
        archive
            .write_all(&npy::encode(shape, values))
            .map_err(|e| Error::io("write", path, e))?;
    }
    let bytes = archive
        .finish()
        .map_err(|e| Error::file(path, format!("Cannot finish the archive: {e}")))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_round_trip_and_are_reproducible() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (
            Array::new(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap(),
            Array::vector(vec![-1.5]),
        );
        let path = folder.path().join("x.npz");
        write(&path, [("one", &a), ("two", &b)]).unwrap();
        let first = std::fs::read(&path).unwrap();
        write(&path, [("one", &a), ("two", &b)]).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap());
        let back = read(&path).unwrap();
        assert_eq!((&back["one"], &back["two"]), (&a, &b));
    }
}
