//! The authors' own null distributions: pickles with one array of Spearman's rho a layer (2019), or with five measures
//! (2023).

use super::NullDistribution;
use super::null::Origin;
use crate::formats::pickle::{self, Id, Pickle, numpy};
use crate::network::Model;
use crate::network::imported::Library;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Reads a null distribution for a model: one of ours, or one of the authors', found out by its content.
///
/// # Errors
/// When the file is neither, or has no layer in common with the model.
pub fn read_for(path: &Path, model: &Model) -> Result<NullDistribution> {
    let bytes = crate::formats::input::read(path)?;
    if !pickle::is_one(&bytes) {
        return NullDistribution::decode(&bytes).map_err(|reason| Error::file(path, reason));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    decode(bytes, model, &name).map_err(|reason| Error::file(path, reason))
}

/// The null distribution that was imported with a model, if there is one.
///
/// # Errors
/// When it cannot be read any more.
pub fn imported(library: &Library, model: &Model) -> Result<Option<Arc<NullDistribution>>> {
    let record = library.find(&model.name)?;
    let path = record.and_then(|r| r.null);
    path.map(|path| read_for(&path, model).map(Arc::new))
        .transpose()
}

/// The null distribution of a model: embedded, or imported with it.
///
/// # Errors
/// When an imported one cannot be read any more.
pub fn null_for(library: &Library, model: &Model) -> Result<Option<Arc<NullDistribution>>> {
    match super::embedded::null_for(model) {
        Some(null) => Ok(Some(null)),
        None => imported(library, model),
    }
}

/// Decodes a published pickle for a model; the error is a sentence about the content.
pub fn decode(bytes: Vec<u8>, model: &Model, name: &str) -> Result<NullDistribution, String> {
    let pickle = pickle::decode(bytes)?;
    let root = pickle.root();
    let spearman = pickle.get(root, "spearman_r_dict").unwrap_or(root);
    let mut layers = BTreeMap::new();
    let mut pairs = None;
    for (layer, rho) in by_layer(&pickle, spearman, model)? {
        let count = rho.len();
        if *pairs.get_or_insert(count) != count || count == 0 {
            return Err(format!(
                "Layer '{layer}' has {count} pairs, another has another number"
            ));
        }
        layers.insert(layer, [rho, vec![], vec![]]);
    }
    for (place, measure) in [(1, "pearson_r_dict"), (2, "dB_snr_values_dict")] {
        let Some(dict) = pickle.get(root, measure) else {
            continue;
        };
        for (layer, values) in by_layer(&pickle, dict, model)? {
            if let Some(measures) = layers.get_mut(&layer)
                && values.len() == measures[0].len()
            {
                measures[place] = values;
            }
        }
    }
    let pairs = pairs.ok_or_else(|| {
        format!(
            "Holds a null distribution, but of no layer of '{}'",
            model.name
        )
    })?;
    Ok(NullDistribution {
        origin: Origin {
            model: model.name.clone(),
            weights_sha256: model.weights_sha256.clone(),
            seed: 0,
            kind: if model.input.is_sound() {
                "sounds"
            } else {
                "pictures"
            }
            .into(),
            stimuli: 0,
            stimuli_sha256: String::new(),
            sources: format!("published by the authors, {name}"),
        },
        pairs: (0..pairs as u64).collect(),
        layers,
    })
}

/// The arrays of a dict whose keys are layers of the model, by the layers' own names. Undefined values count as 0, as in
/// the authors' own code.
fn by_layer(pickle: &Pickle, dict: Id, model: &Model) -> Result<Vec<(String, Vec<f32>)>, String> {
    let pairs = pickle
        .pairs(dict)
        .ok_or("Holds no null distribution (a dict of arrays)")?;
    let mut layers = Vec::new();
    for (key, values) in pairs {
        let Some(id) = pickle.text(*key).and_then(|k| model.graph.find(k).ok()) else {
            continue;
        };
        let name = model.graph.node(id).name.clone();
        let numbers =
            numpy::numbers(pickle, *values).map_err(|e| format!("layer '{name}': {e}"))?;
        let defined = |v: &f64| if v.is_nan() { 0.0 } else { *v as f32 };
        layers.push((name, numbers.values.iter().map(defined).collect()));
    }
    Ok(layers)
}
