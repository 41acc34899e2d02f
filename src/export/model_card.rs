//! What an export says about the models of its runs.

use super::Run;
use super::sound_axes::SoundAxes;
use crate::layers::Layer;
use crate::network::registry;
use std::collections::HashMap;
use std::sync::Arc;

/// What an export says about a model.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// The name in commands and files.
    pub name: String,
    /// The name shown to people.
    pub title: String,
    /// One line: where it comes from.
    pub source: String,
    /// Every matchable layer in the network's order; empty where the model is not here any more.
    pub layers: Vec<String>,
    /// Those that metamers are made for by default.
    pub metamer_layers: Vec<String>,
    /// Class names in the order of the logits.
    pub labels: Arc<[String]>,
    /// The axes of its cochleagrams.
    pub axes: Option<SoundAxes>,
}

impl ModelCard {
    /// Where a layer stands in the network; of an unknown network by name, numbers in it as numbers.
    pub(super) fn place(&self, layer: &str) -> (usize, Vec<(String, u64)>) {
        match self.layers.iter().position(|l| l == layer) {
            Some(known) => (known, vec![]),
            None => (usize::MAX, natural(layer)),
        }
    }
}

/// What there is to say about each model, by the name in the specs.
pub(super) fn of_runs(runs: &[Run], notes: &mut Vec<String>) -> HashMap<String, Arc<ModelCard>> {
    let mut cards = HashMap::new();
    for run in runs {
        if cards.contains_key(&run.spec.model) {
            continue;
        }
        let name = run.spec.model_name();
        let card = match registry::load(&run.spec.model) {
            Ok(model) => ModelCard {
                name,
                title: model.title.clone(),
                source: model.source.clone(),
                layers: model.graph.nodes().iter().map(|n| n.name.clone()).collect(),
                metamer_layers: model
                    .metamer_layers
                    .iter()
                    .map(|id| model.graph.node(*id).name.clone())
                    .collect(),
                labels: model.labels.clone(),
                axes: model.graph.nodes().iter().find_map(|n| match &n.layer {
                    Layer::Cochleagram(layer) => Some(SoundAxes::of(layer)),
                    _ => None,
                }),
            },
            Err(error) => {
                notes.push(format!(
                    "The layers of '{name}' stand in the order of their names, and cochleagrams have no scale in hertz: {error}"
                ));
                ModelCard {
                    title: name.clone(),
                    name,
                    source: String::new(),
                    layers: vec![],
                    metamer_layers: vec![],
                    labels: Arc::from([]),
                    axes: None,
                }
            }
        };
        cards.insert(run.spec.model.clone(), Arc::new(card));
    }
    cards
}

/// A name cut into words and numbers, so that block10 comes after block9.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0u64)];
    let mut in_number = false;
    for c in name.chars() {
        match (c.to_digit(10), in_number, parts.last_mut()) {
            (Some(d), _, Some(last)) => {
                last.1 = last.1.saturating_mul(10).saturating_add(u64::from(d));
                in_number = true;
            }
            (None, false, Some(last)) => last.0.push(c),
            _ => {
                parts.push((c.to_string(), 0));
                in_number = false;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = vec!["block10", "stem", "block9", "block", "conv2_10", "conv2_9"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(
            names,
            ["block", "block9", "block10", "conv2_9", "conv2_10", "stem"]
        );
    }
}
