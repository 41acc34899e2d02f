//! The papers' acceptance checks, and their outcome in words.

use super::number::Number;
use super::statistics::Comparison;
use super::{NullDistribution, category};
use crate::Result;
use crate::layers::probabilities;
use crate::network::{Executor, Model, NodeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which paper's acceptance checks are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criteria {
    /// Spearman's rho above the largest of the null distribution, and the same predicted class.
    Feather2019,
    /// Spearman's rho, Pearson's r and dB SNR none below the largest of the null distribution, and the same of sixteen
    /// everyday categories; the same word, where the network hears.
    Feather2023,
}

/// What a metamer must have in common with its reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// The most probable class.
    Class,
    /// The most probable of sixteen everyday categories.
    Category,
}

impl Sameness {
    /// What a paper asks of a model: categories only where the classes are ImageNet's, which they are made of.
    pub fn asked(criteria: Criteria, model: &Model) -> Self {
        match criteria {
            Criteria::Feather2023 if has_categories(model) => Self::Category,
            _ => Self::Class,
        }
    }
}

/// Whether the model's classes are ImageNet's thousand.
fn has_categories(model: &Model) -> bool {
    model.labels.len() == 1000
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every check was made and passed.
    Pass,
    /// A check failed.
    Fail,
    /// No check failed, but one could not be made.
    Unknown,
}

impl Verdict {
    /// Pass only if all pass; Fail if any fails.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts
            .into_iter()
            .fold(Self::Pass, |all, v| match (all, v) {
                (Self::Fail, _) | (_, Self::Fail) => Self::Fail,
                (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
                _ => Self::Pass,
            })
    }
}

/// One check with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// The outcome.
    pub verdict: Verdict,
    /// What was measured: a number, or a class name.
    pub value: Figure,
    /// What it was held against, if there was anything.
    pub threshold: Option<Figure>,
    /// The rule and the outcome in words.
    pub text: String,
}

/// A number or a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figure {
    /// A measure.
    Number(Number),
    /// A class or category.
    Name(String),
}

/// A class with its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Index among the logits.
    pub class: usize,
    /// Its name.
    pub label: String,
    /// Softmax probability.
    pub probability: f64,
}

/// What the network makes of the reference and of the metamer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    /// The five most probable classes of the reference.
    pub reference: Vec<Prediction>,
    /// The five most probable classes of the metamer.
    pub metamer: Vec<Prediction>,
    /// The reference's category of sixteen, where the classes are ImageNet's.
    pub reference_category: Option<String>,
    /// The metamer's category of sixteen.
    pub metamer_category: Option<String>,
}

/// The null distribution that was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NullUsed {
    /// Number of pairs.
    pub pairs: usize,
    /// Pairs, pictures and sources in words.
    pub description: String,
}

/// The full result of checking one metamer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// The overall outcome.
    pub verdict: Verdict,
    /// The outcome in one sentence.
    pub sentence: String,
    /// Which paper's checks were applied.
    pub criteria_of: Criteria,
    /// Each check by name.
    pub criteria: BTreeMap<String, Criterion>,
    /// Predicted classes of both stimuli.
    pub predicted: Predictions,
    /// Comparisons: matched layer, then measured layer.
    pub layers: BTreeMap<String, BTreeMap<String, Comparison>>,
    /// The null distribution, if there was one for this model.
    pub null: Option<NullUsed>,
}

/// Runs both stimuli through the whole network and applies the checks at the matched layer.
///
/// # Errors
/// When the network cannot be run on them.
pub fn verify(
    model: &Model,
    executor: &mut dyn Executor,
    matched: NodeId,
    reference: &[f32],
    metamer: &[f32],
    criteria: Criteria,
    null: Option<&NullDistribution>,
) -> Result<Verification> {
    let mut measured = model.metamer_layers.clone();
    if !measured.contains(&matched) {
        measured.push(matched);
    }
    executor.keep(&measured);
    let mut run = |input: &[f32]| -> Result<(Vec<Vec<f32>>, Vec<f32>)> {
        // Two branches may be needed: the one to the logits, and the one to a matched layer off that path.
        executor.forward(input, model.logits)?;
        let logits = executor.activation(model.logits)?.into_owned();
        let mut all = Vec::new();
        for id in &measured {
            if executor.activation(*id).is_err() {
                executor.forward(input, *id)?;
            }
            all.push(executor.activation(*id)?.into_owned());
        }
        Ok((all, logits))
    };
    let (reference, reference_logits) = run(reference)?;
    let (metamer, metamer_logits) = run(metamer)?;
    let name = |id: &NodeId| model.graph.node(*id).name.clone();
    let table: BTreeMap<String, Comparison> = measured
        .iter()
        .zip(reference.iter().zip(&metamer))
        .map(|(id, (r, m))| (name(id), Comparison::new(r, m)))
        .collect();
    let layer = name(&matched);
    let null = null.filter(|n| {
        n.origin.model == model.name && n.origin.weights_sha256 == model.weights_sha256
    });
    let predicted = predictions(model, &reference_logits, &metamer_logits);
    let sameness = Sameness::asked(criteria, model);
    let criteria_map = apply(criteria, sameness, &layer, &table[&layer], &predicted, null);
    let verdict = Verdict::all(criteria_map.values().map(|c| c.verdict));
    Ok(Verification {
        verdict,
        sentence: sentence(verdict, &criteria_map),
        criteria_of: criteria,
        criteria: criteria_map,
        predicted,
        layers: BTreeMap::from([(layer, table)]),
        null: null.map(|n| NullUsed {
            pairs: n.len(),
            description: n.describe(),
        }),
    })
}

/// The checks of one paper, by name.
pub fn apply(
    criteria: Criteria,
    sameness: Sameness,
    layer: &str,
    measured: &Comparison,
    predicted: &Predictions,
    null: Option<&NullDistribution>,
) -> BTreeMap<String, Criterion> {
    let mut all = BTreeMap::new();
    let measures = [
        ("spearman", "Spearman rho", measured.spearman),
        ("pearson", "Pearson r", measured.pearson),
        ("snr_db", "SNR (papers' dB)", measured.snr_db),
    ];
    let used = if criteria == Criteria::Feather2019 {
        1
    } else {
        3
    };
    for (key, title, value) in measures.into_iter().take(used) {
        let largest = null.and_then(|n| n.largest(layer, key).map(|v| (v, n.len())));
        all.insert(
            key.to_owned(),
            above_null(criteria, title, value.0, largest),
        );
    }
    let same = |what: &str, a: Option<String>, b: Option<String>| {
        let (verdict, text) = match (&a, &b) {
            (Some(a), Some(b)) if a == b => (Verdict::Pass, format!("same {what}: {a}")),
            (Some(a), Some(b)) => (Verdict::Fail, format!("{what} changed from {a} to {b}")),
            _ if predicted.metamer.is_empty() => (
                Verdict::Unknown,
                format!("no {what}: the model has no classes"),
            ),
            _ => (
                Verdict::Unknown,
                format!("no {what} could be read off the logits"),
            ),
        };
        Criterion {
            verdict,
            value: Figure::Name(b.unwrap_or_default()),
            threshold: a.map(Figure::Name),
            text,
        }
    };
    match sameness {
        Sameness::Class => {
            let top = |p: &[Prediction]| p.first().map(|p| p.label.clone());
            all.insert(
                "class".into(),
                same("class", top(&predicted.reference), top(&predicted.metamer)),
            );
        }
        Sameness::Category => {
            let (a, b) = (
                predicted.reference_category.clone(),
                predicted.metamer_category.clone(),
            );
            all.insert("category".into(), same("category of sixteen", a, b));
        }
    }
    all
}

fn above_null(
    criteria: Criteria,
    title: &str,
    value: f64,
    largest: Option<(f64, usize)>,
) -> Criterion {
    let (verdict, text) = match largest {
        _ if value.is_nan() => (
            Verdict::Unknown,
            format!("{title} is undefined: an activation is constant"),
        ),
        None => (
            Verdict::Unknown,
            format!("{title} {value:.4}, but there is no null distribution for this layer"),
        ),
        Some((largest, pairs)) => {
            // 2019 asks for strictly above the maximum, 2023 for not below it.
            let above = if criteria == Criteria::Feather2019 {
                value > largest
            } else {
                value >= largest
            };
            let relation = if above { "above" } else { "not above" };
            let verdict = if above { Verdict::Pass } else { Verdict::Fail };
            (
                verdict,
                format!(
                    "{title} {value:.4}, {relation} all {pairs} null pairs (largest {largest:.4})"
                ),
            )
        }
    };
    let threshold = largest.map(|(v, _)| Figure::Number(Number(v)));
    Criterion {
        verdict,
        value: Figure::Number(Number(value)),
        threshold,
        text,
    }
}

fn sentence(verdict: Verdict, criteria: &BTreeMap<String, Criterion>) -> String {
    let word = match verdict {
        Verdict::Pass => "Pass",
        Verdict::Fail => "Fail",
        Verdict::Unknown => "Unknown",
    };
    format!("{word}: {}", in_words(criteria))
}

/// The outcome of every check in words: failures first, then what could not be checked, then what passed.
pub fn in_words(criteria: &BTreeMap<String, Criterion>) -> String {
    let named =
        ["spearman", "pearson", "snr_db", "class", "category"].map(|name| criteria.get(name));
    let texts = |v: Verdict| {
        named
            .into_iter()
            .flatten()
            .filter(move |c| c.verdict == v)
            .map(|c| c.text.clone())
    };
    let order = [Verdict::Fail, Verdict::Unknown, Verdict::Pass];
    order
        .into_iter()
        .flat_map(texts)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The top five of both, and their categories where the model has ImageNet's thousand classes.
pub fn predictions(model: &Model, reference: &[f32], metamer: &[f32]) -> Predictions {
    let category = |logits: &[f32]| {
        has_categories(model)
            .then(|| category::predicted(logits))
            .flatten()
            .map(str::to_owned)
    };
    Predictions {
        reference: top(model, reference, 5),
        metamer: top(model, metamer, 5),
        reference_category: category(reference),
        metamer_category: category(metamer),
    }
}

/// The `n` most probable classes, none of a model without classes. Equal logits stand in the order of their classes.
pub fn top(model: &Model, logits: &[f32], n: usize) -> Vec<Prediction> {
    if model.labels.is_empty() {
        return vec![];
    }
    let probability = probabilities(logits);
    let mut order: Vec<usize> = (0..logits.len()).filter(|c| !logits[*c].is_nan()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    order.truncate(n);
    order
        .into_iter()
        .map(|class| Prediction {
            class,
            label: model.label(class),
            probability: probability[class],
        })
        .collect()
}

#[cfg(test)]
mod tests;
