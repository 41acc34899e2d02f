//! The null distribution: how alike activations are for pairs of unrelated pictures or sounds.
//!
//! A metamer counts only if it is more alike than any such pair. Values are kept pair by pair, so that shards computed
//! on different machines merge into exactly what one machine would have computed.

use crate::formats::Array;
use crate::formats::safetensors::{self, Tensors};
use crate::network::{Executor, Model};
use crate::stimulus::random::{Purpose, Random};
use crate::verify::{Comparison, Unrelated};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The three measures, in the order in which a layer's values are stored.
pub const MEASURES: [&str; 3] = ["spearman", "pearson", "snr_db"];

/// What a null distribution was made from. Shards merge only when all of this agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The model's name.
    pub model: String,
    /// sha256 of its weights.
    pub weights_sha256: String,
    /// Seed of the draws.
    pub seed: u64,
    /// "pictures" or "sounds".
    pub kind: String,
    /// Number of stimuli that pairs were drawn from.
    pub stimuli: usize,
    /// sha256 over the stimuli, in order.
    pub stimuli_sha256: String,
    /// Where the stimuli came from, in words.
    pub sources: String,
}

/// Measures of unrelated pairs at every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct NullDistribution {
    /// What it was made from.
    pub origin: Origin,
    /// The numbers of the pairs, ascending.
    pub pairs: Vec<u64>,
    /// Per layer and measure, one value a pair; none for a measure that a published distribution lacks.
    pub layers: BTreeMap<String, [Vec<f32>; 3]>,
}

impl NullDistribution {
    /// Measures the pairs `shard.0`, `shard.0 + shard.1`, `shard.0 + 2 · shard.1`, … below `total` at every metamer
    /// layer. `progress` is told how many pairs are done and may stop the work by returning false.
    ///
    /// A pair is two different stimuli, of each a random part; see [`Unrelated`]. Where an activation is constant the
    /// correlation is undefined and counts as 0, as in the 2023 code.
    ///
    /// # Errors
    /// With fewer than two stimuli, or when the network cannot be run on them.
    pub fn build(
        model: &Model,
        executor: &mut dyn Executor,
        stimuli: &Unrelated,
        origin: Origin,
        total: u64,
        shard: (u64, u64),
        mut progress: impl FnMut(u64) -> bool,
    ) -> Result<Option<Self>> {
        if stimuli.len() < 2 {
            return Err(Error::value(
                "stimuli",
                format!(
                    "a null distribution needs at least 2 {}, found {}",
                    stimuli.kind(),
                    stimuli.len()
                ),
            ));
        }
        let names: Vec<String> = model
            .metamer_layers
            .iter()
            .map(|id| model.graph.node(*id).name.clone())
            .collect();
        let mut layers: BTreeMap<String, [Vec<f32>; 3]> = names
            .iter()
            .map(|n| (n.clone(), [vec![], vec![], vec![]]))
            .collect();
        let pairs: Vec<u64> = (shard.0..total).step_by(shard.1.max(1) as usize).collect();
        executor.keep(&model.metamer_layers);
        for (done, pair) in pairs.iter().enumerate() {
            if !progress(done as u64) {
                return Ok(None);
            }
            let mut random = Random::new(origin.seed, Purpose::NullPair(*pair));
            let n = stimuli.len() as u64;
            let first = random.below(n);
            let second = (first + 1 + random.below(n - 1)) % n;
            let mut activations = Vec::new();
            for which in [first, second] {
                let input = stimuli.draw(which as usize, &model.input, &mut random)?;
                executor.forward(&input, model.logits)?;
                let all = model
                    .metamer_layers
                    .iter()
                    .map(|id| Ok(executor.activation(*id)?.into_owned()));
                activations.push(all.collect::<Result<Vec<Vec<f32>>>>()?);
            }
            for (i, name) in names.iter().enumerate() {
                let c = Comparison::new(&activations[0][i], &activations[1][i]);
                if let Some(values) = layers.get_mut(name) {
                    for (values, v) in values.iter_mut().zip([c.spearman, c.pearson, c.snr_db]) {
                        values.push(if v.0.is_nan() { 0.0 } else { v.0 as f32 });
                    }
                }
            }
        }
        progress(pairs.len() as u64);
        Ok(Some(Self {
            origin,
            pairs,
            layers,
        }))
    }

    /// How many pairs it holds.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The values of a measure at a layer, if the layer is in it.
    pub fn values(&self, layer: &str, measure: &str) -> Option<&[f32]> {
        let index = MEASURES.iter().position(|m| *m == measure)?;
        self.layers.get(layer).map(|l| &l[index][..])
    }

    /// The largest value of a measure at a layer.
    pub fn largest(&self, layer: &str, measure: &str) -> Option<f64> {
        self.values(layer, measure)?
            .iter()
            .copied()
            .reduce(f32::max)
            .map(f64::from)
    }

    /// One sentence: how many pairs of how many stimuli, and from where.
    pub fn describe(&self) -> String {
        if self.origin.stimuli == 0 {
            return format!("{} random pairs ({})", self.len(), self.origin.sources);
        }
        let parts = match self.origin.kind.as_str() {
            "sounds" => ("parts", "recordings"),
            _ => ("crops", "photographs"),
        };
        format!(
            "{} random pairs of {} from {} {} ({})",
            self.len(),
            parts.0,
            self.origin.stimuli,
            parts.1,
            self.origin.sources
        )
    }

    /// Puts shards together.
    ///
    /// # Errors
    /// When they were made from different things, or share a pair.
    pub fn merge(shards: Vec<Self>) -> Result<Self> {
        let mut shards = shards.into_iter();
        let mut all = shards
            .next()
            .ok_or_else(|| Error::value("merge", "no file was named"))?;
        for shard in shards {
            if shard.origin != all.origin || !shard.layers.keys().eq(all.layers.keys()) {
                return Err(Error::value(
                    "merge",
                    "the files were made with different models, seeds or stimuli",
                ));
            }
            all.pairs.extend(&shard.pairs);
            for (mine, theirs) in all.layers.values_mut().zip(shard.layers.into_values()) {
                mine.iter_mut().zip(theirs).for_each(|(m, t)| m.extend(t));
            }
        }
        let mut order: Vec<usize> = (0..all.pairs.len()).collect();
        order.sort_by_key(|i| all.pairs[*i]);
        if order.windows(2).any(|w| all.pairs[w[0]] == all.pairs[w[1]]) {
            return Err(Error::value(
                "merge",
                "the files share pairs; merge each shard once",
            ));
        }
        all.pairs = order.iter().map(|i| all.pairs[*i]).collect();
        for values in all.layers.values_mut().flatten() {
            *values = order.iter().map(|i| values[*i]).collect();
        }
        Ok(all)
    }

    /// Writes the distribution to a `.safetensors` file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut tensors = Tensors::default();
        for (layer, values) in &self.layers {
            for (measure, values) in MEASURES.iter().zip(values) {
                tensors
                    .arrays
                    .insert(format!("{measure}/{layer}"), Array::vector(values.clone()));
            }
        }
        let origin = &self.origin;
        let pairs = serde_json::to_string(&self.pairs).unwrap_or_default();
        let entries = [
            ("kind", "null distribution".to_owned()),
            ("model", origin.model.clone()),
            ("weights_sha256", origin.weights_sha256.clone()),
            ("seed", origin.seed.to_string()),
            ("stimuli_kind", origin.kind.clone()),
            ("stimuli", origin.stimuli.to_string()),
            ("stimuli_sha256", origin.stimuli_sha256.clone()),
            ("sources", origin.sources.clone()),
            ("pairs", pairs),
        ];
        tensors
            .metadata
            .extend(entries.map(|(k, v)| (k.to_owned(), v)));
        safetensors::write(path, &tensors)
    }

    /// Reads a file written by [`Self::write`].
    ///
    /// # Errors
    /// When it cannot be read or is no null distribution.
    pub fn read(path: &Path) -> Result<Self> {
        safetensors::read_own(path)
            .and_then(|t| Self::from_tensors(t).map_err(|reason| Error::file(path, reason)))
    }

    /// Decodes the bytes of such a file; the error is a sentence about the content.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        Self::from_tensors(safetensors::decode_own(bytes)?)
    }

    fn from_tensors(tensors: Tensors) -> Result<Self, String> {
        if tensors.metadata.get("kind").map(String::as_str) != Some("null distribution") {
            return Err("Holds no null distribution".into());
        }
        let number = |key: &str| {
            tensors
                .meta(key)?
                .parse::<u64>()
                .map_err(|_| format!("'{key}' is no whole number"))
        };
        let origin = Origin {
            model: tensors.meta("model")?.into(),
            weights_sha256: tensors.meta("weights_sha256")?.into(),
            seed: number("seed")?,
            kind: tensors.meta("stimuli_kind")?.into(),
            stimuli: number("stimuli")? as usize,
            stimuli_sha256: tensors.meta("stimuli_sha256")?.into(),
            sources: tensors.meta("sources")?.into(),
        };
        let pairs: Vec<u64> =
            serde_json::from_str(tensors.meta("pairs")?).map_err(|e| format!("'pairs': {e}"))?;
        let mut layers: BTreeMap<String, [Vec<f32>; 3]> = BTreeMap::new();
        for (name, array) in tensors.arrays {
            let Some((measure, layer)) = name.split_once('/') else {
                continue;
            };
            let Some(index) = MEASURES.iter().position(|m| *m == measure) else {
                continue;
            };
            if array.values.len() != pairs.len() {
                return Err(format!(
                    "'{name}' has {} values for {} pairs",
                    array.values.len(),
                    pairs.len()
                ));
            }
            layers.entry(layer.to_owned()).or_default()[index] = array.values;
        }
        if layers.values().flatten().any(|v| v.len() != pairs.len()) {
            return Err("A layer lacks one of the measures".into());
        }
        Ok(Self {
            origin,
            pairs,
            layers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(pairs: &[u64]) -> NullDistribution {
        let origin = Origin {
            model: "m".into(),
            weights_sha256: "w".into(),
            seed: 1,
            kind: "pictures".into(),
            stimuli: 3,
            stimuli_sha256: "p".into(),
            sources: "a folder".into(),
        };
        let values = |scale: f32| pairs.iter().map(|p| *p as f32 * scale).collect::<Vec<_>>();
        let layers =
            BTreeMap::from([("stem".to_owned(), [values(0.1), values(0.2), values(-1.0)])]);
        NullDistribution {
            origin,
            pairs: pairs.to_vec(),
            layers,
        }
    }

    #[test]
    fn shards_merge_to_the_whole_in_any_order() {
        let whole = shard(&[0, 1, 2, 3, 4]);
        let merged = NullDistribution::merge(vec![shard(&[1, 3]), shard(&[0, 2, 4])]).unwrap();
        assert_eq!(merged, whole);
        assert_eq!(
            merged.largest("stem", "spearman"),
            Some(f64::from(0.1f32 * 4.0))
        );
        assert_eq!(merged.largest("stem", "snr_db"), Some(0.0));
        assert_eq!(merged.largest("block0", "spearman"), None);
    }

    #[test]
    fn the_same_shard_twice_or_another_seed_is_refused() {
        assert!(NullDistribution::merge(vec![shard(&[0, 1]), shard(&[1])]).is_err());
        let mut other = shard(&[2]);
        other.origin.seed = 2;
        assert!(NullDistribution::merge(vec![shard(&[0, 1]), other]).is_err());
        assert!(NullDistribution::merge(vec![]).is_err());
    }

    #[test]
    fn files_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("null.safetensors");
        shard(&[0, 5, 1 << 40]).write(&path).unwrap();
        assert_eq!(
            NullDistribution::read(&path).unwrap(),
            shard(&[0, 5, 1 << 40])
        );
    }
}
