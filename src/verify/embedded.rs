//! Null distributions that come with the program.

use super::NullDistribution;
use crate::network::Model;
use std::sync::{Arc, OnceLock};

/// The files by their model's name.
const FILES: [(&str, &[u8]); 3] = [
    (
        "efficientnet-lite0",
        include_bytes!("../../assets/nulls/efficientnet-lite0.safetensors"),
    ),
    (
        "word-aliased",
        include_bytes!("../../assets/nulls/word-aliased.safetensors"),
    ),
    (
        "word-reduced-aliasing",
        include_bytes!("../../assets/nulls/word-reduced-aliasing.safetensors"),
    ),
];

/// The null distribution for a model, if one is embedded that was made with these very weights.
pub fn null_for(model: &Model) -> Option<Arc<NullDistribution>> {
    static DECODED: [OnceLock<Option<Arc<NullDistribution>>>; FILES.len()] =
        [const { OnceLock::new() }; FILES.len()];
    let place = FILES.iter().position(|(name, _)| *name == model.name)?;
    let null = DECODED[place]
        .get_or_init(|| NullDistribution::decode(FILES[place].1).ok().map(Arc::new))
        .clone()?;
    (null.origin.model == model.name && null.origin.weights_sha256 == model.weights_sha256)
        .then_some(null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::registry;

    #[test]
    fn every_embedded_null_fits_its_embedded_model_at_every_layer() {
        for (name, _) in FILES {
            fits(name);
        }
    }

    fn fits(name: &str) {
        let model = registry::load(name).unwrap();
        let null = null_for(&model).unwrap();
        assert!(
            null.len() >= 1000 && null.origin.stimuli > 10,
            "{}",
            null.describe()
        );
        for id in &model.metamer_layers {
            let name = &model.graph.node(*id).name;
            let largest = null.largest(name, "spearman").unwrap();
            assert!((0.0..1.0).contains(&largest), "{name}: {largest}");
        }
    }
}
