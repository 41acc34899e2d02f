//! NumPy's `.npz`: a zip archive of `.npy` members.

use super::packed::Packed;
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
    members(path, npy::decode)
}

/// The same without converting elements: a picture's bytes stay bytes.
///
/// # Errors
/// As [`read`], and when a member has an element type that [`write_packed`] does not write.
pub fn read_packed(path: &Path) -> Result<BTreeMap<String, Packed>> {
    members(path, npy::decode_packed)
}

fn members<T>(
    path: &Path,
    decode: impl Fn(&[u8]) -> Result<T, String>,
) -> Result<BTreeMap<String, T>> {
    let file = super::input::open(path)?;
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
            decode(&bytes).map_err(|e| Error::file(path, format!("member '{name}': {e}")))?,
        );
    }
    Ok(arrays)
}

/// Writes arrays uncompressed, as `numpy.savez` does. Two calls with the same arrays give the same bytes.
pub fn write<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a Array)>,
) -> Result<()> {
    let encoded = |(name, array): (_, &Array)| (name, npy::encode(&array.shape, &array.values));
    write_members(path, arrays.into_iter().map(encoded))
}

/// The same with elements of any [`Element`](super::packed::Element) type.
pub fn write_packed<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a Packed)>,
) -> Result<()> {
    let encoded = |(name, array)| (name, npy::encode_packed(array));
    write_members(path, arrays.into_iter().map(encoded))
}

/// The bytes of an archive of arrays, each with its name, shape and values; `path` is for the errors.
///
/// # Errors
/// When the archive would be larger than a zip file of the plain kind can be (4 GiB).
pub fn encode<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a [usize], &'a [f32])>,
) -> Result<Vec<u8>> {
    let encoded = |(name, shape, values)| (name, npy::encode(shape, values));
    archive(path, arrays.into_iter().map(encoded))
}

fn write_members<'a>(
    path: &Path,
    members: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
) -> Result<()> {
    atomic::write(path, &archive(path, members)?)
}

fn archive<'a>(
    path: &Path,
    members: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // The default date of a zip entry is fixed, so no clock leaks into the file.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(false);
    for (name, bytes) in members {
        archive
            .start_file(format!("{name}.npy"), options)
            .map_err(|e| Error::file(path, format!("Cannot add '{name}': {e}")))?;
        archive
            .write_all(&bytes)
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

    #[test]
    fn elements_keep_their_type_and_are_read_as_numbers_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let (bytes, halves, doubles) = (
            Packed::bytes(vec![2, 2], vec![0, 1, 128, 255]),
            Packed::halves(vec![3], &[0.5, -1.0, 65504.0]),
            Packed::doubles(vec![2], &[0.1, 1e-300]),
        );
        let members = [("b", &bytes), ("d", &doubles), ("h", &halves)];
        write_packed(&path, members).unwrap();
        let back = read_packed(&path).unwrap();
        for (name, array) in members {
            assert_eq!(back[name], *array);
            let plain = read(&path).unwrap().remove(name).unwrap();
            assert_eq!(
                (plain.shape, plain.values),
                (array.shape.clone(), array.values())
            );
        }
        assert_eq!(read(&path).unwrap()["b"].values, [0.0, 1.0, 128.0, 255.0]);
        assert_eq!(read(&path).unwrap()["h"].values, [0.5, -1.0, 65504.0]);
        // NumPy's other types are read as numbers, and refused where bytes are asked for.
        let mut wide = npy::encode_packed(&bytes);
        let at = wide.windows(3).position(|w| w == b"|u1").unwrap();
        wide[at..at + 3].copy_from_slice(b"|i1");
        assert!(npy::decode(&wide).is_ok());
        assert!(npy::decode_packed(&wide).unwrap_err().contains("|i1"));
        let whole = npy::encode_packed(&halves);
        for n in 0..whole.len() {
            assert!(npy::decode_packed(&whole[..n]).is_err());
        }
    }
}
