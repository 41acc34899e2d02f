//! Rho at every layer, for the metamers at every layer of which there are any.

use crate::gui::state::State;
use crate::verify::Verification;

/// A metamer: the layer that it matches, and rho at each layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The matched layer.
    pub matched: String,
    /// Spearman's rho at each layer of the table, where it was measured.
    pub rho: Vec<Option<f64>>,
    /// Whether it is the one that is looked into.
    pub here: bool,
}

/// Layers across, metamers down, both in the network's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerTable {
    /// The layers.
    pub layers: Vec<String>,
    /// The metamers of the same stimulus, model, recipe and seed; one a layer, the newest.
    pub rows: Vec<Row>,
}

impl LayerTable {
    /// The table around what is looked into.
    pub fn of(state: &State) -> Self {
        let Some(rung) = state.focused() else {
            return Self::default();
        };
        let Some(spec) = rung.spec().cloned() else {
            return Self::default();
        };
        let layers: Vec<String> = state.layers.iter().map(|l| l.name.clone()).collect();
        let row = |matched: &str, verification: &Verification, here: bool| {
            let measured = verification.layers.get(matched);
            let rho = |layer: &String| Some(measured?.get(layer)?.spearman.0);
            Row {
                matched: matched.to_owned(),
                rho: layers.iter().map(rho).collect(),
                here,
            }
        };
        let mut rows: Vec<Row> = vec![];
        if let Some(verification) = rung.verification() {
            rows.push(row(&spec.layer, verification, true));
        }
        // Newest first, so that the first of a layer stays.
        for kept in &state.shelf.runs {
            let other = &kept.spec;
            let akin = other.model == spec.model
                && other.stimulus_sha256 == spec.stimulus_sha256
                && other.recipe == spec.recipe
                && other.seed == spec.seed;
            let known = rows.iter().any(|r| r.matched == other.layer) || other.layer == spec.layer;
            if akin
                && !known
                && let Some(verification) = &kept.verification
            {
                rows.push(row(&other.layer, verification, false));
            }
        }
        let place = |row: &Row| layers.iter().position(|l| *l == row.matched);
        rows.sort_by_key(|r| place(r).unwrap_or(usize::MAX));
        Self { layers, rows }
    }
}
