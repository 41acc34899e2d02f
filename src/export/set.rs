//! What there is to export: finished runs in the order in which people want to see them.
//!
//! Stimulus by stimulus, model by model, a row for each seed, the layers in the network's order. Runs whose verdict is Fail
//! are kept like all others; every exporter marks them.

use super::model_card::{self, ModelCard};
use super::run::{Reference, Run};
use crate::stimulus::embedded;
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Finished runs, put in order.
#[derive(Clone, Debug)]
pub struct Set {
    /// All runs, in the order of stimuli, groups, rows and layers.
    pub runs: Vec<Run>,
    /// What the metamers are of.
    pub stimuli: Vec<Stimulus>,
    /// Folders beside the others that hold no finished run, each with the reason; and what else a person should know.
    pub notes: Vec<String>,
}

/// A stimulus with all that was made of it.
#[derive(Clone, Debug)]
pub struct Stimulus {
    /// A name that no other stimulus of the set has and that a file can have.
    pub name: String,
    /// What it is called among people.
    pub title: String,
    /// Who made it, and under which licence it may be passed on; known of embedded stimuli only.
    pub credit: Option<String>,
    /// One for each model, and for each way in which the stimulus was made ready.
    pub groups: Vec<Group>,
}

/// The metamers of one stimulus for one model: a table of rows and layers.
#[derive(Clone, Debug)]
pub struct Group {
    /// The model.
    pub model: Arc<ModelCard>,
    /// The reference as the model was given it; none where targets were given directly.
    pub reference: Option<Arc<Reference>>,
    /// The columns: layers in the network's order.
    pub layers: Vec<String>,
    /// One row for each seed and procedure.
    pub rows: Vec<Row>,
}

/// The metamers of one seed and one procedure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What sets it apart from the other rows: "seed 1", or "seed 1, feather2019".
    pub label: String,
    /// The seed.
    pub seed: u64,
    /// For each layer of the group the place in [`Set::runs`].
    pub cells: Vec<Option<usize>>,
}

impl Set {
    /// Reads run folders, and folders that contain run folders.
    ///
    /// A folder that was named itself must hold a finished run. Among the folders inside a named one, those that hold none
    /// are mentioned in [`Set::notes`] if they are unfinished or damaged runs, and passed over if they are something else.
    /// Takes as long as it takes to load each model once, to know the order of its layers.
    ///
    /// # Errors
    /// When a named folder is no finished run and contains none, or holds damaged files.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut found = Found::default();
        for path in paths {
            found.look(path)?;
        }
        Self::of(found.runs, found.notes)
    }

    /// Puts runs in order.
    ///
    /// # Errors
    /// When there are none.
    pub fn of(runs: Vec<Run>, mut notes: Vec<String>) -> Result<Self> {
        if runs.is_empty() {
            return Err(Error::value("runs", "there is nothing to export"));
        }
        let cards = model_card::of_runs(&runs, &mut notes);
        let card = |run: &Run| cards[&run.spec.model].clone();
        let mut runs = share_references(runs);
        // Sounds after pictures; otherwise by name, so that the same runs always give the same files.
        runs.sort_by_cached_key(|run| {
            let spec = &run.spec;
            (
                run.is_sound(),
                spec.stimulus_name(),
                spec.stimulus.clone(),
                spec.model.clone(),
                spec.stimulus_sha256.clone(),
                spec.seed,
                spec.recipe.clone(),
                card(run).place(&spec.layer),
                run.folder.clone(),
            )
        });
        let mut stimuli: Vec<Stimulus> = vec![];
        let mut begun: Vec<(String, Option<String>)> = vec![];
        for (index, run) in runs.iter().enumerate() {
            let whole = (run.spec.stimulus.clone(), run.spec.target.clone());
            if begun.last() != Some(&whole) {
                let name = unused(&run.spec.stimulus_name(), &stimuli);
                stimuli.push(stimulus(name, run));
                begun.push(whole);
            }
            let Some(stimulus) = stimuli.last_mut() else {
                continue;
            };
            place_run(stimulus, card(run), index, &runs);
        }
        for group in stimuli.iter_mut().flat_map(|s| &mut s.groups) {
            label_rows(group, &runs);
        }
        Ok(Self {
            runs,
            stimuli,
            notes,
        })
    }

    /// The runs of a group, row by row, with their layer's place among the group's.
    pub fn cells<'a>(
        &'a self,
        group: &'a Group,
    ) -> impl Iterator<Item = (&'a Row, usize, &'a Run)> {
        group.rows.iter().flat_map(move |row| {
            let cells = row.cells.iter().enumerate();
            cells.filter_map(move |(column, cell)| Some((row, column, &self.runs[(*cell)?])))
        })
    }

    /// Any run of a group; every group has one.
    pub fn example<'a>(&'a self, group: &'a Group) -> Option<&'a Run> {
        self.cells(group).map(|(_, _, run)| run).next()
    }

    /// Every model of the set, each once.
    pub fn models(&self) -> Vec<Arc<ModelCard>> {
        let mut all: Vec<Arc<ModelCard>> = vec![];
        for group in self.stimuli.iter().flat_map(|s| &s.groups) {
            if all.iter().all(|m| m.name != group.model.name) {
                all.push(group.model.clone());
            }
        }
        all
    }
}

/// Runs as they are looked for.
#[derive(Default)]
struct Found {
    runs: Vec<Run>,
    notes: Vec<String>,
}

impl Found {
    fn look(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            let reason = if path.exists() {
                "Is a file; a run folder, or a folder that contains run folders, is needed"
            } else {
                "There is no such folder"
            };
            return Err(Error::file(path, reason));
        }
        if path.join("spec.toml").exists() || path.join("checkpoint").exists() {
            self.runs.push(Run::read(path)?);
            return Ok(());
        }
        let entries = std::fs::read_dir(path).map_err(|e| Error::io("read", path, e))?;
        let mut inside: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        inside.sort();
        let before = self.runs.len();
        let mut wrong = vec![];
        for folder in inside.iter().filter(|p| p.join("spec.toml").is_file()) {
            match Run::read(folder) {
                Ok(run) => self.runs.push(run),
                Err(error) => wrong.push(format!("Left out: {error}")),
            }
        }
        if self.runs.len() == before {
            let reason = match wrong.first() {
                Some(first) => format!("Contains no finished run. {first}"),
                None => "Is no run folder and contains none. Run folders are what generate writes under --out".into(),
            };
            return Err(Error::file(path, reason));
        }
        self.notes.append(&mut wrong);
        Ok(())
    }
}

/// Runs of the same reference share one copy of it.
fn share_references(mut runs: Vec<Run>) -> Vec<Run> {
    let mut known: HashMap<String, Arc<Reference>> = HashMap::new();
    for run in &mut runs {
        if let Some(reference) = &mut run.reference {
            let first = known
                .entry(reference.sha256.clone())
                .or_insert_with(|| reference.clone());
            if first.values == reference.values {
                *reference = first.clone();
            }
        }
    }
    runs
}

fn stimulus(name: String, run: &Run) -> Stimulus {
    let known = embedded::find(&run.spec.stimulus).map(|s| (&s.title, &s.author, &s.licence));
    let known = known.or_else(|| {
        embedded::find_sound(&run.spec.stimulus).map(|s| (&s.title, &s.author, &s.licence))
    });
    Stimulus {
        title: known.map_or_else(|| name.clone(), |(title, _, _)| title.clone()),
        credit: known.map(|(title, author, licence)| format!("{title}: {author}, {licence}")),
        name,
        groups: vec![],
    }
}

fn unused(name: &str, stimuli: &[Stimulus]) -> String {
    let taken = |name: &str| stimuli.iter().any(|s| s.name == name);
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|n| !taken(n))
        .unwrap_or_default()
}

/// Puts a run into its group's table, opening group, row and column where need be.
fn place_run(stimulus: &mut Stimulus, model: Arc<ModelCard>, index: usize, runs: &[Run]) {
    let run = &runs[index];
    let fits = |g: &Group| {
        let other = g.rows.iter().flat_map(|r| &r.cells).flatten().next();
        let other = other.map(|i| &runs[*i].spec);
        other.is_some_and(|o| {
            o.model == run.spec.model
                && o.weights_sha256 == run.spec.weights_sha256
                && o.stimulus_sha256 == run.spec.stimulus_sha256
        })
    };
    let at = stimulus.groups.iter().position(fits).unwrap_or_else(|| {
        stimulus.groups.push(Group {
            model: model.clone(),
            reference: run.reference.clone(),
            layers: vec![],
            rows: vec![],
        });
        stimulus.groups.len() - 1
    });
    let group = &mut stimulus.groups[at];
    let column = match group.layers.iter().position(|l| *l == run.spec.layer) {
        Some(column) => column,
        None => {
            let mine = model.place(&run.spec.layer);
            let column = group.layers.partition_point(|l| model.place(l) < mine);
            group.layers.insert(column, run.spec.layer.clone());
            group
                .rows
                .iter_mut()
                .for_each(|row| row.cells.insert(column, None));
            column
        }
    };
    let row = group.rows.iter().position(|row| {
        let first = row.cells.iter().flatten().next();
        let first = first.map(|i| &runs[*i].spec);
        row.cells[column].is_none()
            && first.is_some_and(|f| {
                f.seed == run.spec.seed
                    && f.procedure == run.spec.procedure
                    && f.init == run.spec.init
            })
    });
    let row = row.unwrap_or_else(|| {
        group.rows.push(Row {
            label: String::new(),
            seed: run.spec.seed,
            cells: vec![None; group.layers.len()],
        });
        group.rows.len() - 1
    });
    group.rows[row].cells[column] = Some(index);
}

/// Names rows by what differs among them, and numbers those that differ in nothing that has a name.
fn label_rows(group: &mut Group, runs: &[Run]) {
    let specs: Vec<_> = group
        .rows
        .iter()
        .filter_map(|row| row.cells.iter().flatten().next())
        .map(|i| &runs[*i].spec)
        .collect();
    let differ = |of: &dyn Fn(usize) -> String| (1..specs.len()).any(|i| of(i) != of(0));
    let recipe = |i: usize| specs[i].recipe.clone();
    let steps = |i: usize| format!("{} steps", specs[i].procedure.steps);
    let (recipes, lengths) = (differ(&recipe), differ(&steps));
    let mut labels: Vec<String> = vec![];
    for (i, spec) in specs.iter().enumerate() {
        let mut label = format!("seed {}", spec.seed);
        if recipes {
            label += &format!(", {}", recipe(i));
        }
        if lengths {
            label += &format!(", {}", steps(i));
        }
        let same = labels
            .iter()
            .filter(|l| **l == label || l.starts_with(&format!("{label} (")))
            .count();
        labels.push(if same == 0 {
            label
        } else {
            format!("{label} ({})", same + 1)
        });
    }
    for (row, label) in group.rows.iter_mut().zip(labels) {
        row.label = label;
    }
}
