//! A folder of every reference and metamer, with a table of one row a file.
//!
//! The files are those of the run folders, byte for byte: each carries its spec.

use super::csv::{Table, number};
use super::names::{Names, extension};
use super::run::{file_name, file_of};
use super::set::{Group, Row, Set, Stimulus};
use super::{Plan, Run, about};
use crate::{Error, Result};
use std::path::Path;

/// The table's name.
const TABLE: &str = "stimuli.csv";

pub(super) const COLUMNS: [&str; 24] = [
    "path",
    "kind",
    "stimulus",
    "model",
    "layer",
    "layer_index",
    "seed",
    "recipe",
    "steps",
    "verdict",
    "spearman",
    "null_max_spearman",
    "pearson",
    "snr_db",
    "snr_conventional_db",
    "reference_class",
    "reference_probability",
    "metamer_class",
    "metamer_probability",
    "reference_category",
    "metamer_category",
    "sha256",
    "run",
    "verdict_in_words",
];

/// One file of the folder.
struct Entry<'a> {
    path: String,
    of: Of<'a>,
}

enum Of<'a> {
    Reference(&'a Stimulus, &'a Group),
    Metamer(&'a Stimulus, &'a Row, usize, &'a Run),
}

/// What will be written.
pub(super) fn plan<'a>(set: &'a Set, out: &Path) -> Result<Plan<'a>> {
    let mut plan = Plan::folder(out);
    let mut entries: Vec<Entry<'a>> = vec![];
    let names = Names::of(set);
    for stimulus in &set.stimuli {
        for group in &stimulus.groups {
            if let (Some(name), Some(run)) = (names.of_reference(group), set.example(group)) {
                let path = format!("{name}.{}", extension(run));
                if entries.iter().all(|e| e.path != path) {
                    let what = format!("{}, the reference", stimulus.title);
                    copy(&mut plan, &path, run, "reference", what)?;
                    let of = Of::Reference(stimulus, group);
                    entries.push(Entry { path, of });
                }
            }
            for row in &group.rows {
                for (column, index) in row.cells.iter().enumerate() {
                    let Some(index) = *index else { continue };
                    let run = &set.runs[index];
                    let path = format!("{}.{}", names.of_run(index), extension(run));
                    let what = format!(
                        "{}, {} of {}, {}: {}",
                        stimulus.title,
                        run.spec.layer,
                        group.model.title,
                        row.label,
                        run.verdict_word()
                    );
                    copy(&mut plan, &path, run, "metamer", what)?;
                    let of = Of::Metamer(stimulus, row, column, run);
                    entries.push(Entry { path, of });
                }
            }
        }
    }
    let estimate = 200 + 420 * entries.len() as u64;
    plan.add(
        TABLE,
        (estimate, false),
        "The table: one row a file, with figures and sha256",
        1,
        move |work| {
            work.step()?;
            let mut table = Table::new(&COLUMNS);
            for entry in &entries {
                let sha256 = work.sha256_of(&entry.path)?.to_owned();
                table.row(fields(entry, sha256));
            }
            Ok(table.into_bytes())
        },
    );
    let text = about::read_me(
        set,
        &about::title(set),
        "stimuli.csv has a row for each file. Pictures are rounded to 256 levels; sounds are 32-bit floats at 20 kHz. Each file carries the full description of its making.",
    );
    plan.add_bytes(
        "README.txt",
        "What this is, how it was made, whom to cite",
        text,
    );
    Ok(plan)
}

/// Adds a copy of a run's own picture or sound.
fn copy<'a>(
    plan: &mut Plan<'a>,
    path: &str,
    run: &'a Run,
    which: &str,
    what: String,
) -> Result<()> {
    let name = file_name(run, which);
    let source = run.folder.join(&name);
    let bytes = std::fs::metadata(&source)
        .map_err(|e| Error::io("read", &source, e))?
        .len();
    plan.add(path, (bytes, true), what, 1, move |work| {
        work.step()?;
        Ok(file_of(&run.folder, &name)?)
    });
    Ok(())
}

fn fields(entry: &Entry<'_>, sha256: String) -> Vec<String> {
    match entry.of {
        Of::Reference(stimulus, group) => {
            let mut fields = vec![String::new(); COLUMNS.len()];
            let mut set = |column: &str, value: String| {
                if let Some(i) = COLUMNS.iter().position(|c| *c == column) {
                    fields[i] = value;
                }
            };
            set("path", entry.path.clone());
            set("kind", "reference".into());
            set("stimulus", stimulus.name.clone());
            set("model", group.model.name.clone());
            set("sha256", sha256);
            fields
        }
        Of::Metamer(stimulus, row, column, run) => {
            let mut fields = vec![entry.path.clone(), "metamer".into(), stimulus.name.clone()];
            fields.extend(figures(row, column, run));
            fields.push(sha256);
            fields.push(run.spec.folder_name());
            fields.push(run.sentence());
            fields
        }
    }
}

/// What there is to say about a run in a table, from "model" to "metamer_category".
pub(super) fn figures(row: &Row, column: usize, run: &Run) -> Vec<String> {
    let comparison = run.comparison();
    let predicted = run.verification.as_ref().map(|v| &v.predicted);
    let category = |c: Option<&Option<String>>| c.cloned().flatten().unwrap_or_default();
    let label =
        |p: Option<&crate::verify::Prediction>| p.map_or_else(String::new, |p| p.label.clone());
    let (reference, metamer) = (run.reference_class(), run.metamer_class());
    vec![
        run.spec.model_name(),
        run.spec.layer.clone(),
        column.to_string(),
        row.seed.to_string(),
        run.spec.recipe.clone(),
        run.spec.procedure.steps.to_string(),
        run.verdict_word().into(),
        number(comparison.map(|c| c.spearman.0)),
        number(run.null_max()),
        number(comparison.map(|c| c.pearson.0)),
        number(comparison.map(|c| c.snr_db.0)),
        number(comparison.map(|c| c.snr_conventional_db.0)),
        label(reference),
        number(reference.map(|p| p.probability)),
        label(metamer),
        number(metamer.map(|p| p.probability)),
        category(predicted.map(|p| &p.reference_category)),
        category(predicted.map(|p| &p.metamer_category)),
    ]
}
