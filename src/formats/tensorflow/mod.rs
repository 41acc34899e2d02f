//! TensorFlow's checkpoints, both formats: named tensors without a network.
//!
//! | file | content |
//! |---|---|
//! | `wire` | protocol buffers, as far as needed |
//! | `table` | the sorted table that both formats are built on |
//! | `v1` | one file with everything |
//! | `bundle` | an index and files with values |
//!
//! Opening reads descriptions only; a tensor is read when it is asked for, its checksum verified, and costs no more memory
//! than its values.

mod bundle;
mod element;
mod source;
mod table;
mod v1;
mod wire;

pub use element::Element;

use super::Array;
use crate::{Error, Result};
use bundle::Index;
use source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use table::Table;
use v1::V1;

/// What a tensor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// TensorFlow's number for the element type; see [`Element::of`].
    pub dtype: u64,
}

/// Number of values of a shape.
fn elements(shape: &[usize]) -> Result<usize, String> {
    shape
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(*d))
        .filter(|n| *n <= 1 << 40)
        .ok_or_else(|| format!("A tensor has the absurd shape {shape:?}"))
}

enum Kind {
    V1(Box<V1>),
    Bundle { index: Index, prefix: PathBuf },
}

/// An opened checkpoint.
pub struct Checkpoint {
    path: PathBuf,
    kind: Kind,
}

impl Checkpoint {
    /// Whether a path looks like a checkpoint of either format: a table, one of a bundle's files, or a bundle's bare prefix.
    pub fn is_one(path: &Path) -> bool {
        bundle::beside(path, ".index").is_file()
            || bundle::prefix(path).is_some_and(|p| bundle::beside(&p, ".index").is_file())
            || Source::open(path).is_ok_and(|mut source| Table::is_one(&mut source))
    }

    /// Opens a V1 file, or a bundle by its index, by any file with values, or by the prefix that they share.
    ///
    /// # Errors
    /// When a file is missing, no checkpoint, or damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let prefix = bundle::prefix(path).or_else(|| {
            let bare = !path.is_file() && bundle::beside(path, ".index").is_file();
            bare.then(|| path.to_owned())
        });
        if let Some(prefix) = prefix {
            let index_path = bundle::beside(&prefix, ".index");
            let index = Index::open(Source::open(&index_path)?)
                .map_err(|reason| Error::file(&index_path, reason))?;
            bundle::all_there(&prefix, &index)?;
            return Ok(Self {
                path: index_path,
                kind: Kind::Bundle { index, prefix },
            });
        }
        let v1 = V1::open(Source::open(path)?).map_err(|reason| Error::file(path, reason))?;
        Ok(Self {
            path: path.to_owned(),
            kind: Kind::V1(Box::new(v1)),
        })
    }

    /// "V1" or "V2".
    pub fn version(&self) -> &'static str {
        match self.kind {
            Kind::V1(_) => "V1",
            Kind::Bundle { .. } => "V2",
        }
    }

    /// The file that describes it: the V1 file, or the index.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every file that belongs to it, the one that describes it first.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        if let Kind::Bundle { index, prefix } = &self.kind {
            let shards = index.shards;
            files.extend((0..shards).map(|shard| bundle::shard_path(prefix, shard, shards)));
        }
        files
    }

    /// What every tensor is, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Description> {
        match &self.kind {
            Kind::V1(v1) => v1.tensors(),
            Kind::Bundle { index, .. } => index.tensors(),
        }
    }

    /// A tensor as `f32`.
    ///
    /// # Errors
    /// When there is none of that name, it holds no numbers, or the file is damaged.
    pub fn read(&mut self, name: &str) -> Result<Array> {
        let promised = self.tensors().get(name).map(|d| elements(&d.shape));
        let count = promised.and_then(Result::ok).unwrap_or(0);
        let mut values = Vec::new();
        let shape = self.stream(name, &mut |piece| {
            // The file was found to hold as many; growing by doubling would cost twice the tensor.
            if values.is_empty() {
                values.reserve_exact(count);
            }
            values.extend_from_slice(piece);
        })?;
        Array::new(shape, values)
    }

    /// Hands the values of a tensor to `sink` in pieces, in C order; gives its shape. Nothing may be done with the values
    /// if this fails: damage is found at the end.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn stream(&mut self, name: &str, sink: &mut dyn FnMut(&[f32])) -> Result<Vec<usize>> {
        let Some(Description { shape, .. }) = self.tensors().get(name) else {
            let known = self.tensors().keys().map(String::as_str);
            return Err(Error::unknown("tensor", name, known));
        };
        let shape = shape.clone();
        let streamed = match &mut self.kind {
            Kind::V1(v1) => v1.stream(name, sink),
            Kind::Bundle { index, prefix } => {
                let shard = |shard| {
                    let path = bundle::shard_path(prefix, shard, index.shards);
                    Source::open(&path).map_err(|e| e.to_string())
                };
                index.stream(name, shard, sink)
            }
        };
        streamed.map_err(|reason| Error::file(&self.path, reason))?;
        Ok(shape)
    }
}

/// Every tensor that can be read of a V1 checkpoint in memory: what is done with a file, for whoever has only its bytes.
///
/// # Errors
/// When the bytes are no such checkpoint, or damaged; a sentence.
pub fn decode_v1(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let mut v1 = V1::open(Source::memory(bytes.to_vec()))?;
    let numbers = v1.tensors().clone().into_iter();
    let numbers = numbers.filter(|(_, d)| Element::of(d.dtype).is_some());
    numbers
        .map(|(name, d)| {
            let mut values = Vec::new();
            v1.stream(&name, &mut |piece| values.extend_from_slice(piece))?;
            Ok((
                name,
                Array {
                    shape: d.shape,
                    values,
                },
            ))
        })
        .collect()
}

/// Every tensor that can be read of a V2 checkpoint in memory, of whose files with values there is one.
///
/// # Errors
/// When the bytes are no such checkpoint, or damaged; a sentence.
pub fn decode_v2(index: &[u8], data: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    let index = Index::open(Source::memory(index.to_vec()))?;
    index.check_length(0, data.len() as u64)?;
    let numbers = index.tensors().iter();
    let numbers = numbers.filter(|(_, d)| Element::of(d.dtype).is_some());
    numbers
        .map(|(name, d)| {
            let mut values = Vec::new();
            let source = |_| Ok(Source::memory(data.to_vec()));
            index.stream(name, source, &mut |piece| values.extend_from_slice(piece))?;
            let shape = d.shape.clone();
            Ok((name.clone(), Array { shape, values }))
        })
        .collect()
}
