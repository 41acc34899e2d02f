//! Checkpoints of TensorFlow's second format: an index, which is a table, beside files with nothing but values.

use super::element::Element;
use super::source::Source;
use super::table::{Entries, SMALL, Table, unmask};
use super::wire::{Fields, shape};
use super::{Description, elements};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// No checkpoint has more tensors or files than this.
const MAX_TENSORS: usize = 1 << 20;

/// Where the values of a tensor lie.
#[derive(Clone, Debug)]
struct Place {
    shard: u64,
    offset: u64,
    size: u64,
    checksum: u32,
    parts: usize,
}

/// The index of a checkpoint.
pub struct Index {
    /// Number of files with values.
    pub shards: u64,
    tensors: BTreeMap<String, Description>,
    places: BTreeMap<String, Place>,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// When it is none, or is damaged; a sentence.
    pub fn open(source: Source) -> Result<Self, String> {
        let mut table = Table::open(source)?;
        if table.blocks.iter().map(|b| b.size).sum::<u64>() > SMALL {
            return Err("The index is absurdly long".into());
        }
        let (mut shards, mut tensors, mut places) = (None, BTreeMap::new(), BTreeMap::new());
        for block in table.blocks.clone() {
            let bytes = table.read(block)?;
            for entry in Entries::new(&bytes)? {
                let (key, value) = entry?;
                if key.is_empty() {
                    shards = Some(header(value)?);
                    continue;
                }
                let Ok(name) = String::from_utf8(key) else {
                    // Keys of parts of a tensor are no text; the tensor's own entry says that it has parts.
                    continue;
                };
                let (description, place) = entry_of(value)?;
                tensors.insert(name.clone(), description);
                places.insert(name, place);
                if tensors.len() > MAX_TENSORS {
                    return Err(format!("Has more than {MAX_TENSORS} tensors"));
                }
            }
        }
        let shards = shards.ok_or("A table, but no index of a TensorFlow checkpoint")?;
        Ok(Self {
            shards,
            tensors,
            places,
        })
    }

    /// What every tensor is, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Description> {
        &self.tensors
    }

    /// Checks that a file with values is as long as the index says, before anything is read from it.
    ///
    /// # Errors
    /// When it has been cut short; a sentence.
    pub fn check_length(&self, shard: u64, found: u64) -> Result<(), String> {
        let here = self.places.values().filter(|p| p.shard == shard);
        let promised = here.map(|p| p.offset.saturating_add(p.size)).max();
        match promised {
            Some(promised) if promised > found => Err(format!(
                "Is cut short: {found} bytes of at least {promised}"
            )),
            _ => Ok(()),
        }
    }

    /// Hands the values of a tensor to `sink`, in C order and in pieces, from the files that `shard` gives. The checksum
    /// is known to be right only when this returns.
    ///
    /// # Errors
    /// When a file is missing or cut short, or the checksum is wrong; a sentence.
    pub fn stream(
        &self,
        name: &str,
        shard: impl FnOnce(u64) -> Result<Source, String>,
        sink: &mut dyn FnMut(&[f32]),
    ) -> Result<(), String> {
        let missing = || format!("has no tensor '{name}'");
        let Description { shape, dtype } = self.tensors.get(name).ok_or_else(missing)?;
        let place = self.places.get(name).ok_or_else(missing)?;
        let element = Element::of(*dtype)
            .ok_or_else(|| format!("tensor '{name}' holds no numbers (type {dtype})"))?;
        if place.parts > 0 {
            let parts = place.parts;
            return Err(format!(
                "tensor '{name}' was saved in {parts} parts by a partitioned variable; save it from one variable"
            ));
        }
        let count = elements(shape)?;
        if count as u64 * element.size() as u64 != place.size {
            let size = place.size;
            return Err(format!(
                "tensor '{name}' of shape {shape:?} has {size} bytes"
            ));
        }
        let mut source = shard(place.shard)?;
        // Only what is there is worth memory.
        if place
            .offset
            .checked_add(place.size)
            .is_none_or(|end| end > source.length())
        {
            let length = source.length();
            return Err(format!(
                "the file with the values of '{name}' is cut short: {length} bytes"
            ));
        }
        let (mut values, mut found) = (Vec::new(), 0);
        source.stream(place.offset, place.size, |bytes| {
            found = crc32c::crc32c_append(found, bytes);
            values.clear();
            element.decode(bytes, &mut values);
            sink(&values);
        })?;
        if found != place.checksum {
            return Err(format!(
                "the checksum of tensor '{name}' is wrong; the file is damaged"
            ));
        }
        Ok(())
    }
}

/// `BundleHeaderProto`: the number of files with values.
fn header(message: &[u8]) -> Result<u64, String> {
    let (mut shards, mut big_endian) = (0, 0);
    for field in Fields(message) {
        match field? {
            (1, value) => shards = value.number()?,
            (2, value) => big_endian = value.number()?,
            _ => {}
        }
    }
    if big_endian != 0 {
        return Err(
            "Was written on a big-endian machine; TensorFlow reads such files there only".into(),
        );
    }
    if shards == 0 || shards > MAX_TENSORS as u64 {
        return Err(format!("Claims to have {shards} files with values"));
    }
    Ok(shards)
}

/// `BundleEntryProto`.
fn entry_of(message: &[u8]) -> Result<(Description, Place), String> {
    let mut description = Description {
        shape: vec![],
        dtype: 0,
    };
    let mut place = Place {
        shard: 0,
        offset: 0,
        size: 0,
        checksum: 0,
        parts: 0,
    };
    for field in Fields(message) {
        match field? {
            (1, value) => description.dtype = value.number()?,
            (2, value) => description.shape = shape(value.bytes()?)?,
            (3, value) => place.shard = value.number()?,
            (4, value) => place.offset = value.number()?,
            (5, value) => place.size = value.number()?,
            (6, value) => place.checksum = unmask(value.number()? as u32),
            (7, _) => place.parts += 1,
            _ => {}
        }
    }
    Ok((description, place))
}

/// The path without `.index` or `.data-…`, if it has either.
pub fn prefix(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = name
        .strip_suffix(".index")
        .or_else(|| name.strip_suffix(".meta"))
        .or_else(|| name.rsplit_once(".data-").map(|(stem, _)| stem))?;
    Some(path.with_file_name(stem))
}

/// `prefix` with something after it.
pub fn beside(prefix: &Path, suffix: &str) -> PathBuf {
    let mut name = prefix.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    prefix.with_file_name(name)
}

/// The path of one file with values.
pub fn shard_path(prefix: &Path, shard: u64, of: u64) -> PathBuf {
    beside(prefix, &format!(".data-{shard:05}-of-{of:05}"))
}

/// Checks that every file with values is there and whole, so that one that is not is named before anything is read.
///
/// # Errors
/// Naming the first that is not.
pub fn all_there(prefix: &Path, index: &Index) -> Result<()> {
    for shard in 0..index.shards {
        let path = shard_path(prefix, shard, index.shards);
        if !path.is_file() {
            let index = beside(prefix, ".index");
            return Err(Error::file(
                path,
                format!(
                    "Is missing: {} says that values lie there. Put it beside the index",
                    index.display()
                ),
            ));
        }
        let length = Source::open(&path)?.length();
        index
            .check_length(shard, length)
            .map_err(|reason| Error::file(path, reason))?;
    }
    Ok(())
}
