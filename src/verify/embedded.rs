//! Null distributions that come with the program.

use super::NullDistribution;
use crate::network::Model;
use std::sync::{Arc, OnceLock};

const LITE0: &[u8] = include_bytes!("../../assets/nulls/efficientnet-lite0.safetensors");

/// The null distribution for a model, if one is embedded that was made with these very weights.
pub fn null_for(model: &Model) -> Option<Arc<NullDistribution>> {
    static DECODED: OnceLock<Option<Arc<NullDistribution>>> = OnceLock::new();
    let null = DECODED
        .get_or_init(|| NullDistribution::decode(LITE0).ok().map(Arc::new))
        .clone()?;
    (null.origin.model == model.name && null.origin.weights_sha256 == model.weights_sha256)
        .then_some(null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::registry;

    #[test]
    fn the_embedded_null_fits_the_embedded_model_at_every_layer() {
        let model = registry::load("efficientnet-lite0").unwrap();
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
