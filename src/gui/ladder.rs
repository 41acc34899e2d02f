//! The ladder: the reference, and one metamer a layer and seed, wherever each comes from.

use super::page::Page;
use super::settings::LadderChoices;
use super::shelf::Made;
use super::state::{LayerEntry, Mark, Phase, Queued, Run, State};
use crate::export::Cells;
use crate::session::{JobId, Kept};
use crate::synthesis::Spec;
use crate::verify::{Verdict, Verification};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Layers that a ladder begins with, at most: as many as there are keys for.
const FIRST: usize = 9;

/// Where in the ladder one looks.
#[derive(Clone, Debug, Default)]
pub struct LadderView {
    /// The layer that was chosen, by name.
    pub layer: Option<String>,
    /// The row that was chosen, counted from the first seed.
    pub row: usize,
    /// Whether the reference is looked at rather than the chosen metamer.
    pub reference: bool,
    /// Whether the chosen one is shown large.
    pub large: bool,
}

/// A metamer that is looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Focus {
    /// A run of this session.
    Run(JobId),
    /// A finished run, by its folder.
    Kept(PathBuf),
}

/// A place in the ladder, and what is there.
#[derive(Clone, Debug)]
pub enum Rung<'a> {
    /// Nothing was made.
    Empty,
    /// A run waits.
    Queued(&'a Queued),
    /// A run of this session: going on, or ended without files.
    Run(&'a Run),
    /// A finished run.
    Kept(&'a Arc<Kept>),
}

impl Rung<'_> {
    /// Its state, for dot and word.
    pub fn mark(&self) -> Mark {
        match self {
            Self::Empty => Mark::NotMade,
            Self::Queued(_) => Mark::Queued,
            Self::Run(run) => match (&run.phase, run.verification.as_ref().map(|v| v.verdict)) {
                (Phase::Running | Phase::Paused, _) => Mark::Running,
                (Phase::Failed(_), _) => Mark::Failed,
                (Phase::Finished, Some(verdict)) => verdict.into(),
                _ => Mark::NotYet,
            },
            Self::Kept(run) => run.verdict().into(),
        }
    }

    /// What the run was asked to be.
    pub fn spec(&self) -> Option<&Spec> {
        match self {
            Self::Empty => None,
            Self::Queued(queued) => Some(&queued.spec),
            Self::Run(run) => Some(&run.spec),
            Self::Kept(run) => Some(&run.spec),
        }
    }

    /// The final checks.
    pub fn verification(&self) -> Option<&Verification> {
        match self {
            Self::Run(run) => run.verification.as_ref(),
            Self::Kept(run) => run.verification.as_ref(),
            _ => None,
        }
    }

    /// The finished run's folder.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Run(run) => run.folder.as_deref(),
            Self::Kept(run) => Some(&run.folder),
            _ => None,
        }
    }

    /// The focus on it, where there is something to look into.
    pub fn focus(&self) -> Option<Focus> {
        match self {
            Self::Run(run) => Some(Focus::Run(run.id)),
            Self::Kept(run) => Some(Focus::Kept(run.folder.clone())),
            _ => None,
        }
    }

    /// Spearman's rho at the matched layer, as far as it is known.
    pub fn rho(&self) -> Option<f64> {
        match self {
            Self::Run(run) => match (&run.verification, &run.live) {
                (Some(v), _) => {
                    let layer = &run.spec.layer;
                    Some(v.layers.get(layer)?.get(layer)?.spearman.0)
                }
                (None, live) => Some(live.as_ref()?.comparison.spearman.0),
            },
            Self::Kept(run) => run.rho(),
            _ => None,
        }
    }

    /// What the network takes it for.
    pub fn class(&self) -> Option<&str> {
        match self {
            Self::Run(run) => {
                let predictions = match (&run.verification, &run.live) {
                    (Some(v), _) => &v.predicted,
                    (None, live) => &live.as_ref()?.predictions,
                };
                predictions.metamer.first().map(|p| &p.label[..])
            }
            Self::Kept(run) => run.prediction().map(|p| &p.label[..]),
            _ => None,
        }
    }

    /// The verdict in a sentence, once there is one.
    pub fn sentence(&self) -> Option<&str> {
        match self {
            Self::Run(run) => run.verdict().map(|v| v.1),
            Self::Kept(run) => run.verification.as_ref().map(|v| &v.sentence[..]),
            _ => None,
        }
    }

    /// Whether there is something to look at or listen to.
    pub fn is_made(&self) -> bool {
        match self {
            Self::Run(run) => run.metamer.is_some(),
            Self::Kept(_) => true,
            _ => false,
        }
    }

    /// The share of its steps that a run has made.
    pub fn progress(&self) -> Option<f32> {
        match self {
            Self::Run(run) if run.is_active() => {
                Some(run.step as f32 / run.spec.procedure.steps.max(1) as f32)
            }
            _ => None,
        }
    }
}

impl From<Verdict> for Mark {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Verified,
            Verdict::Fail => Self::Failed,
            Verdict::Unknown => Self::NotYet,
        }
    }
}

/// Everything in the ladder, row by row.
#[derive(Debug)]
pub struct Ladder<'a> {
    /// The layers, in the network's order.
    pub layers: Vec<&'a LayerEntry>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// A row for each seed, with a place for each layer.
    pub rungs: Vec<Vec<Rung<'a>>>,
}

impl Ladder<'_> {
    /// How many places have this state.
    pub fn count(&self, mark: Mark) -> usize {
        self.rungs
            .iter()
            .flatten()
            .filter(|r| r.mark() == mark)
            .count()
    }

    /// Places where nothing was made and nothing waits: layer, seed.
    pub fn missing(&self) -> Vec<(&str, u64)> {
        let mut all = vec![];
        for (row, seed) in self.rungs.iter().zip(&self.seeds) {
            for (rung, layer) in row.iter().zip(&self.layers) {
                if matches!(rung, Rung::Empty) {
                    all.push((&layer.name[..], *seed));
                }
            }
        }
        all
    }
}

impl State {
    /// The layers of the ladder: those that were chosen for this model, else some from the first to the last and those at
    /// which something was made or is on its way.
    pub fn ladder_layers(&self) -> Vec<&LayerEntry> {
        let chosen = self.choices.ladder.layers.get(&self.choices.model);
        match chosen {
            Some(names) => self
                .layers
                .iter()
                .filter(|l| names.contains(&l.name))
                .collect(),
            None => {
                let first = spread(self.layers.len(), FIRST);
                let begun = self.begun_layers();
                let shown = |(i, l): &(usize, &LayerEntry)| {
                    first.contains(i) || begun.contains(&&l.name[..])
                };
                let layers = self.layers.iter().enumerate().filter(shown);
                layers.map(|(_, l)| l).collect()
            }
        }
    }

    /// The layers at which the ladder has, or will have, a metamer of one of its seeds.
    fn begun_layers(&self) -> HashSet<&str> {
        let runs = self.runs.values().map(|r| &r.spec);
        let queued = self.queue.iter().map(|q| &q.spec);
        let kept = self.shelf.runs.iter().map(|k| &k.spec);
        let seeds = self.ladder_seeds();
        runs.chain(queued)
            .chain(kept)
            .filter(|s| self.belongs_to_ladder(s) && seeds.contains(&s.seed))
            .map(|s| &s.layer[..])
            .collect()
    }

    /// Whether a run has the chosen stimulus, model and recipe.
    fn belongs_to_ladder(&self, spec: &Spec) -> bool {
        let choices = &self.choices;
        spec.model == choices.model
            && spec.stimulus == choices.stimulus
            && spec.recipe == choices.recipe
    }

    /// The seeds of the ladder.
    pub fn ladder_seeds(&self) -> Vec<u64> {
        let LadderChoices { seeds, .. } = self.choices.ladder;
        (0..seeds as u64)
            .map(|i| self.choices.seed.saturating_add(i))
            .collect()
    }

    /// The ladder of the chosen stimulus, model and recipe. A run that is going on comes before one that waits, that before
    /// the newest that is finished.
    pub fn ladder(&self) -> Ladder<'_> {
        let runs: Vec<&Run> = self
            .runs
            .values()
            .rev()
            .filter(|r| self.belongs_to_ladder(&r.spec))
            .collect();
        let queued: Vec<&Queued> = self
            .queue
            .iter()
            .filter(|q| self.belongs_to_ladder(&q.spec))
            .collect();
        let kept: Vec<&Arc<Kept>> = self
            .shelf
            .runs
            .iter()
            .filter(|r| self.belongs_to_ladder(&r.spec))
            .collect();
        let layers = self.ladder_layers();
        let seeds = self.ladder_seeds();
        let rung = |layer: &str, seed: u64| {
            let here = |s: &crate::synthesis::Spec| s.layer == layer && s.seed == seed;
            let run = runs.iter().find(|r| here(&r.spec));
            if let Some(run) = run.filter(|r| r.is_active()) {
                return Rung::Run(run);
            }
            if let Some(queued) = queued.iter().find(|q| here(&q.spec)) {
                return Rung::Queued(queued);
            }
            if let Some(kept) = kept.iter().find(|k| here(&k.spec)) {
                return Rung::Kept(kept);
            }
            run.map_or(Rung::Empty, |run| Rung::Run(run))
        };
        let rungs = seeds
            .iter()
            .map(|seed| layers.iter().map(|l| rung(&l.name, *seed)).collect())
            .collect();
        Ladder {
            layers,
            seeds,
            rungs,
        }
    }

    /// What is at the chosen place of the ladder.
    pub fn selected(&self) -> Option<Rung<'_>> {
        let layer = self.ladder_view.layer.as_deref()?;
        let ladder = self.ladder();
        let column = ladder.layers.iter().position(|l| l.name == layer)?;
        ladder
            .rungs
            .into_iter()
            .nth(self.ladder_view.row)?
            .into_iter()
            .nth(column)
    }

    /// What is looked into.
    pub fn focused(&self) -> Option<Rung<'_>> {
        match self.focus.as_ref()? {
            Focus::Run(id) => self.runs.get(id).map(Rung::Run),
            Focus::Kept(folder) => self.shelf.run(folder).map(Rung::Kept),
        }
    }

    /// The values of what is at a place of the ladder, once they are in memory.
    pub fn values_of(&self, rung: &Rung<'_>) -> Option<Arc<Vec<f32>>> {
        match rung {
            Rung::Run(run) => run.metamer.as_ref().map(|m| m.1.clone()),
            Rung::Kept(kept) => self.made(kept).map(|m| m.values.clone()),
            _ => None,
        }
    }

    /// The cochleagram of these samples, where it is known already.
    pub fn cells_of(&self, samples: &Arc<Vec<f32>>) -> Option<Arc<Cells>> {
        let made = match self.page {
            Page::Ladder => self.selected(),
            _ => self.focused(),
        };
        if let Some(Rung::Kept(run)) = made
            && let Some(made) = self.made(run)
            && Arc::ptr_eq(&made.values, samples)
        {
            return made.cells.clone();
        }
        let mut live = self.shelf.live.values();
        live.find(|(of, _)| Arc::ptr_eq(of, samples))
            .map(|(_, cells)| cells.clone())
    }

    /// A finished run's metamer, once it is in memory.
    pub fn made(&self, run: &Kept) -> Option<&Arc<Made>> {
        self.shelf.made.get(&run.folder)
    }
}

/// At most `most` of `n` places, evenly from the first to the last.
fn spread(n: usize, most: usize) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    (0..most).map(|i| i * (n - 1) / (most - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn places_are_spread_from_the_first_to_the_last() {
        assert!(spread(0, 9).is_empty());
        assert_eq!(spread(3, 9), [0, 1, 2]);
        assert_eq!(spread(20, 9), [0, 2, 4, 7, 9, 11, 14, 16, 19]);
    }
}
