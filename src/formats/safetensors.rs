//! `.safetensors`: named tensors behind a JSON header. Used for embedded weights, checkpoints and null distributions.

use super::{Array, atomic};
use crate::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Named arrays and the text metadata that travels with them.
#[derive(Clone, Debug, Default)]
pub struct Tensors {
    /// Arrays by name; 16-bit floats are widened to `f32`.
    pub arrays: BTreeMap<String, Array>,
    /// Tensors of bytes by name, with their shapes. Only files of this program have any.
    pub bytes: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
    /// Free text by key.
    pub metadata: BTreeMap<String, String>,
}

impl Tensors {
    /// The array called `name`, removed from the collection.
    pub fn take(&mut self, name: &str) -> Result<Array, String> {
        self.arrays
            .remove(name)
            .ok_or_else(|| format!("has no tensor '{name}'"))
    }

    /// The metadata under `key`.
    pub fn meta(&self, key: &str) -> Result<&str, String> {
        self.metadata
            .get(key)
            .map(String::as_str)
            .ok_or_else(|| format!("has no metadata '{key}'"))
    }
}

/// Reads a file.
///
/// # Errors
/// When the file cannot be read or its content is malformed.
pub fn read(path: &Path) -> Result<Tensors> {
    let bytes = super::input::read(path)?;
    decode(&bytes).map_err(|reason| Error::file(path, reason))
}

/// Decodes the bytes of a file; `f32`, `f64`, `f16` and `bf16` tensors become `f32`.
pub fn decode(bytes: &[u8]) -> Result<Tensors, String> {
    decode_some(bytes, false)
}

fn decode_some(bytes: &[u8], raw: bool) -> Result<Tensors, String> {
    let malformed = |e| format!("Not a readable .safetensors file: {e}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let mut out = Tensors::default();
    for (name, view) in tensors.iter() {
        let data = view.data();
        if raw && view.dtype() == Dtype::U8 {
            let entry = (view.shape().to_vec(), data.to_vec());
            out.bytes.insert(name.to_owned(), entry);
            continue;
        }
        let values = match view.dtype() {
            Dtype::F32 => data
                .as_chunks()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            Dtype::F64 => data
                .as_chunks()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b) as f32)
                .collect(),
            Dtype::F16 => data
                .as_chunks()
                .0
                .iter()
                .map(|b| half::f16::from_le_bytes(*b).to_f32())
                .collect(),
            Dtype::BF16 => data
                .as_chunks()
                .0
                .iter()
                .map(|b| half::bf16::from_le_bytes(*b).to_f32())
                .collect(),
            // Counters such as num_batches_tracked: nothing that a frozen network needs.
            Dtype::I64 => data
                .as_chunks()
                .0
                .iter()
                .map(|b| i64::from_le_bytes(*b) as f32)
                .collect(),
            other => {
                return Err(format!(
                    "Tensor '{name}' has element type {other:?}; floats are supported"
                ));
            }
        };
        out.arrays.insert(
            name.to_owned(),
            Array {
                shape: view.shape().to_vec(),
                values,
            },
        );
    }
    if let Some(metadata) = header.metadata() {
        out.metadata
            .extend(metadata.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    Ok(out)
}

/// Writes arrays as `f32` and bytes as they are; the file appears whole or not at all, and the same content gives the same bytes.
pub fn write(path: &Path, tensors: &Tensors) -> Result<()> {
    let data: Vec<(&String, &Array, Vec<u8>)> = tensors
        .arrays
        .iter()
        .map(|(n, a)| {
            (
                n,
                a,
                a.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            )
        })
        .collect();
    let mut views = Vec::new();
    for (name, array, bytes) in &data {
        let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes)
            .map_err(|e| Error::file(path, format!("tensor '{name}': {e}")))?;
        views.push((name.as_str(), view));
    }
    for (name, (shape, bytes)) in &tensors.bytes {
        let view = TensorView::new(Dtype::U8, shape.clone(), bytes)
            .map_err(|e| Error::file(path, format!("tensor '{name}': {e}")))?;
        views.push((name.as_str(), view));
    }
    // The crate writes metadata in the order of its hash map, which differs from run to run; one JSON entry has one order.
    let metadata = (!tensors.metadata.is_empty()).then(|| {
        let all = serde_json::to_string(&tensors.metadata).unwrap_or_default();
        HashMap::from([(METADATA.to_owned(), all)])
    });
    let bytes =
        safetensors::serialize(views, metadata).map_err(|e| Error::file(path, e.to_string()))?;
    atomic::write(path, &bytes)
}

/// The single metadata key under which all of ours is kept.
const METADATA: &str = "metamer-studio";

/// Reads a file written by [`write()`], with its metadata unpacked.
pub fn read_own(path: &Path) -> Result<Tensors> {
    let bytes = super::input::read(path)?;
    decode_own(&bytes).map_err(|reason| Error::file(path, reason))
}

/// Decodes the bytes of a file written by [`write()`].
pub fn decode_own(bytes: &[u8]) -> Result<Tensors, String> {
    let mut tensors = decode_some(bytes, true)?;
    let packed = tensors
        .meta(METADATA)
        .map_err(|_| "Not a file of this program: it carries no metamer-studio metadata")?;
    tensors.metadata =
        serde_json::from_str(packed).map_err(|e| format!("The metadata is malformed: {e}"))?;
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_files_round_trip_to_the_bit_and_survive_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let mut tensors = Tensors::default();
        tensors.arrays.insert(
            "x".into(),
            Array::new(vec![3], vec![1.0, f32::MIN_POSITIVE, -0.0]).unwrap(),
        );
        tensors
            .bytes
            .insert("b".into(), (vec![2, 2], vec![0, 1, 2, 255]));
        tensors.bytes.insert("none".into(), (vec![0, 7], vec![]));
        tensors.metadata.insert("step".into(), "12".into());
        tensors.metadata.insert("spec".into(), "seed = 1\n".into());
        write(&path, &tensors).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        write(&path, &tensors).unwrap();
        assert_eq!(bytes, std::fs::read(&path).unwrap());
        let back = read_own(&path).unwrap();
        assert_eq!(back.metadata, tensors.metadata);
        assert_eq!(back.bytes, tensors.bytes);
        // Bytes are no weights: what is read for its numbers must not leave them out silently.
        assert!(decode(&bytes).unwrap_err().contains("U8"));
        let bits = |t: &Tensors| {
            t.arrays["x"]
                .values
                .iter()
                .map(|v| v.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(&back), bits(&tensors));
        for n in 0..bytes.len() {
            assert!(decode_own(&bytes[..n]).is_err());
        }
    }
}
