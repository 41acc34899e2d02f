//! What the files of an export are called.

use super::run::Run;
use super::set::{Group, Set};

/// A name for each run and each group's reference, without folder and extension, each of which occurs once.
pub struct Names {
    runs: Vec<String>,
    references: Vec<(String, String)>,
}

impl Names {
    /// The names of a set: `<stimulus>__<model>__<layer>__s<seed>` and `<stimulus>__reference`.
    pub fn of(set: &Set) -> Self {
        let mut taken: Vec<String> = vec![];
        let mut unused = |name: String| {
            let numbered = (2..).map(|n| format!("{name}-{n}"));
            let free = std::iter::once(name.clone())
                .chain(numbered)
                .find(|n| !taken.iter().any(|t| t.eq_ignore_ascii_case(n)))
                .unwrap_or_default();
            taken.push(free.clone());
            free
        };
        let mut runs = vec![String::new(); set.runs.len()];
        let mut references: Vec<(String, String)> = vec![];
        for stimulus in &set.stimuli {
            for group in &stimulus.groups {
                if let Some(reference) = &group.reference
                    && !references
                        .iter()
                        .any(|(sha256, _)| *sha256 == reference.sha256)
                {
                    let name = unused(format!("{}__reference", stimulus.name));
                    references.push((reference.sha256.clone(), name));
                }
                for row in &group.rows {
                    for index in row.cells.iter().flatten() {
                        let (model, layer) = (&group.model.name, &set.runs[*index].spec.layer);
                        let name = format!("{}__{model}__{layer}__s{}", stimulus.name, row.seed);
                        runs[*index] = unused(clean(&name));
                    }
                }
            }
        }
        Self { runs, references }
    }

    /// The name of a run by its place in the set.
    pub fn of_run(&self, index: usize) -> &str {
        &self.runs[index]
    }

    /// The name of a group's reference, if it has one.
    pub fn of_reference(&self, group: &Group) -> Option<&str> {
        let sha256 = &group.reference.as_ref()?.sha256;
        let found = self.references.iter().find(|(known, _)| known == sha256);
        found.map(|(_, name)| name.as_str())
    }
}

/// The extension of the file that shows a run: pictures are PNG, sounds WAV.
pub fn extension(run: &Run) -> &'static str {
    if run.is_sound() { "wav" } else { "png" }
}

/// A name with nothing in it that a file's name could not hold anywhere.
pub fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    name.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}
/// A number of things in words: `1 metamer`, `2 metamers`.
pub fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
