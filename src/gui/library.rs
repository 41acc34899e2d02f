//! What of all finished runs is listed, and in which order.

use crate::gui::format;
use crate::session::Kept;
use crate::verify::Verdict;
use std::cmp::Ordering;
use std::path::PathBuf;
use std::sync::Arc;

/// A column of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// The stimulus.
    Stimulus,
    /// The model.
    Model,
    /// The matched layer.
    Layer,
    /// The recipe.
    Recipe,
    /// The seed.
    Seed,
    /// The verdict.
    Verdict,
    /// Spearman's rho at the matched layer.
    Rho,
    /// When it was finished.
    #[default]
    Made,
    /// Tags.
    Tags,
}

impl Column {
    /// All, from left to right.
    pub const ALL: [Self; 9] = [
        Self::Stimulus,
        Self::Model,
        Self::Layer,
        Self::Recipe,
        Self::Seed,
        Self::Verdict,
        Self::Rho,
        Self::Made,
        Self::Tags,
    ];

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stimulus => "Stimulus",
            Self::Model => "Model",
            Self::Layer => "Layer",
            Self::Recipe => "Recipe",
            Self::Seed => "Seed",
            Self::Verdict => "Verdict",
            Self::Rho => "Rho",
            Self::Made => "Made",
            Self::Tags => "Tags",
        }
    }
}

/// What is listed, and what is chosen.
#[derive(Clone, Debug, Default)]
pub struct LibraryView {
    /// Words that a run has to contain, all of them.
    pub query: String,
    /// Only runs that were judged so.
    pub only: Option<Verdict>,
    /// By what the list is sorted.
    pub by: Column,
    /// Whether from the end.
    pub reversed: bool,
    /// The chosen run.
    pub selected: Option<PathBuf>,
    /// Tags that are being typed, for the chosen run.
    pub tags: Option<String>,
    /// The listed runs.
    pub rows: Vec<Arc<Kept>>,
}

impl LibraryView {
    /// Lists what fits.
    pub fn list(&mut self, runs: &[Arc<Kept>]) {
        let words: Vec<String> = self
            .query
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let fits = |run: &&Arc<Kept>| {
            if self.only.is_some_and(|v| run.verdict() != v) {
                return false;
            }
            let text = text(run);
            words.iter().all(|w| text.contains(w))
        };
        let mut rows: Vec<Arc<Kept>> = runs.iter().filter(fits).cloned().collect();
        // The shelf's own order, newest first, decides between equals.
        rows.sort_by(|a, b| {
            let order = compare(self.by, a, b);
            if self.reversed {
                order.reverse()
            } else {
                order
            }
        });
        self.rows = rows;
    }

    /// The chosen run's place in the list.
    pub fn place(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|r| r.folder == *selected)
    }

    /// The chosen run.
    pub fn run(&self) -> Option<&Arc<Kept>> {
        self.rows.get(self.place()?)
    }
}

/// Everything that can be searched for.
fn text(run: &Kept) -> String {
    let spec = &run.spec;
    let class = run.prediction().map_or("", |p| &p.label);
    let parts = [
        &format::stimulus(&spec.stimulus)[..],
        &spec.model,
        &spec.layer,
        &spec.recipe,
        class,
        verdict_word(run.verdict()),
        &run.tags.join(" "),
    ];
    format!("{} seed {}", parts.join(" "), spec.seed).to_lowercase()
}

/// The verdict in a word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "Pass",
        Verdict::Fail => "Fail",
        Verdict::Unknown => "Unknown",
    }
}

fn compare(by: Column, a: &Kept, b: &Kept) -> Ordering {
    let (x, y) = (&a.spec, &b.spec);
    match by {
        Column::Stimulus => format::stimulus(&x.stimulus).cmp(&format::stimulus(&y.stimulus)),
        Column::Model => x.model.cmp(&y.model),
        Column::Layer => natural(&x.layer, &y.layer),
        Column::Recipe => x.recipe.cmp(&y.recipe),
        Column::Seed => x.seed.cmp(&y.seed),
        Column::Verdict => verdict_word(a.verdict()).cmp(verdict_word(b.verdict())),
        Column::Rho => {
            let rho = |r: &Kept| r.rho().unwrap_or(f64::NEG_INFINITY);
            rho(b).total_cmp(&rho(a))
        }
        Column::Made => b.made.cmp(&a.made),
        Column::Tags => a.tags.join(" ").cmp(&b.tags.join(" ")),
    }
}

/// "block9" before "block10".
fn natural(a: &str, b: &str) -> Ordering {
    let split = |s: &str| {
        let digits = s.len() - s.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (name, number) = s.split_at(s.len() - digits);
        (name.to_owned(), number.parse::<u64>().ok())
    };
    split(a).cmp(&split(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthesis::Spec;
    use std::time::{Duration, SystemTime};

    fn run(layer: &str, age: u64, tags: &[&str]) -> Arc<Kept> {
        let mut spec = Spec::from_toml(include_str!("../../tests/data/spec.toml")).unwrap();
        spec.layer = layer.into();
        Arc::new(Kept {
            folder: layer.into(),
            spec,
            verification: None,
            made: SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age),
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        })
    }

    #[test]
    fn runs_are_found_by_words_and_sorted_as_people_count() {
        let runs = [
            run("block10", 0, &["talk"]),
            run("block9", 1, &[]),
            run("stem", 2, &["Talk", "good"]),
        ];
        let mut view = LibraryView::default();
        let layers = |view: &LibraryView| -> Vec<String> {
            view.rows.iter().map(|r| r.spec.layer.clone()).collect()
        };
        view.list(&runs);
        assert_eq!(layers(&view), ["block10", "block9", "stem"]);
        view.by = Column::Layer;
        view.list(&runs);
        assert_eq!(layers(&view), ["block9", "block10", "stem"]);
        view.query = "TALK chelsea".into();
        view.list(&runs);
        assert_eq!(layers(&view), ["block10", "stem"]);
        view.query = "good talk bad".into();
        view.list(&runs);
        assert!(view.rows.is_empty());
        (view.query, view.only) = (String::new(), Some(Verdict::Pass));
        view.list(&runs);
        assert!(view.rows.is_empty());
    }
}
