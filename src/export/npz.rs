//! Every array of a set in one archive for NumPy, with an index as CSV and one as JSON beside it.

use super::csv::Table;
use super::names::Names;
use super::plan::Stop;
use super::set::{Group, Set};
use super::stimuli::figures;
use super::{Cells, Plan, Run, about};
use crate::formats::npz;
use crate::{Error, Result};
use serde_json::json;
use std::path::Path;

const COLUMNS: [&str; 22] = [
    "array",
    "kind",
    "shape",
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
];

/// An array of the archive.
struct Entry<'a> {
    name: String,
    kind: &'static str,
    shape: Vec<usize>,
    values: &'a [f32],
    stimulus: &'a str,
    group: &'a Group,
    /// The run, its row and its column, where the array belongs to one metamer.
    run: Option<(&'a super::set::Row, usize, &'a Run)>,
}

/// What will be written: the archive at `out`, and the indexes beside it.
pub(super) fn plan<'a>(set: &'a Set, out: &Path) -> Result<Plan<'a>> {
    let entries = entries(set);
    let bytes: u64 = entries
        .iter()
        .map(|e| 4 * e.values.len() as u64 + 400)
        .sum();
    let mut plan = Plan::beside(out);
    let name = |extension: &str| {
        let path = out.with_extension(extension);
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    plan.add_bytes(
        name("csv"),
        "The index: one row an array, with figures",
        table(&entries),
    );
    plan.add_bytes(
        name("json"),
        "The same as JSON, with each run's full description and all checks",
        index(set, &entries)?,
    );
    let what = format!("{} arrays of float32, for numpy.load", entries.len());
    let path = out.to_owned();
    plan.add(name("npz"), (bytes, false), what, 1, move |work| {
        work.step()?;
        let arrays = entries
            .iter()
            .map(|e| (e.name.as_str(), e.shape.as_slice(), e.values));
        Ok::<_, Stop>(npz::encode(&path, arrays)?)
    });
    Ok(plan)
}

fn entries(set: &Set) -> Vec<Entry<'_>> {
    let names = Names::of(set);
    let mut all: Vec<Entry<'_>> = vec![];
    for stimulus in &set.stimuli {
        for group in &stimulus.groups {
            let mut add = |name: String, kind, shape: &[usize], values, run| {
                if all.iter().all(|e| e.name != name) {
                    all.push(Entry {
                        name,
                        kind,
                        shape: shape.to_vec(),
                        values,
                        stimulus: &stimulus.name,
                        group,
                        run,
                    });
                }
            };
            let example = set.example(group);
            if let (Some(name), Some(reference), Some(run)) =
                (names.of_reference(group), &group.reference, example)
            {
                add(
                    name.into(),
                    "reference",
                    &run.shape,
                    &reference.values,
                    None,
                );
                if let Some(cells) = &run.reference_cochleagram {
                    let name = format!("{name}__{}__cochleagram", group.model.name);
                    add(
                        name,
                        "reference cochleagram",
                        &shape(cells),
                        cells.values(),
                        None,
                    );
                }
            }
            for row in &group.rows {
                for (column, index) in row.cells.iter().enumerate() {
                    let Some(index) = *index else { continue };
                    let (run, name) = (&set.runs[index], names.of_run(index));
                    let of = Some((row, column, run));
                    add(name.into(), "metamer", &run.shape, &run.metamer, of);
                    if let Some(cells) = &run.cochleagram {
                        let name = format!("{name}__cochleagram");
                        add(
                            name,
                            "metamer cochleagram",
                            &shape(cells),
                            cells.values(),
                            of,
                        );
                    }
                }
            }
        }
    }
    all
}

fn shape(cells: &Cells) -> [usize; 2] {
    [cells.rows(), cells.columns()]
}

fn table(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut table = Table::new(&COLUMNS);
    for e in entries {
        let shape: Vec<String> = e.shape.iter().map(usize::to_string).collect();
        let mut fields = vec![
            e.name.clone(),
            e.kind.into(),
            shape.join(" "),
            e.stimulus.into(),
        ];
        match e.run {
            Some((row, column, run)) => fields.extend(figures(row, column, run)),
            None => fields.push(e.group.model.name.clone()),
        }
        table.row(fields);
    }
    table.into_bytes()
}

fn index(set: &Set, entries: &[Entry<'_>]) -> Result<Vec<u8>> {
    let arrays: Vec<_> = entries
        .iter()
        .map(|e| {
            let mut entry = json!({
                "array": e.name,
                "kind": e.kind,
                "shape": e.shape,
                "stimulus": e.stimulus,
                "model": e.group.model.name,
            });
            if let (Some((_, column, run)), "metamer") = (e.run, e.kind) {
                entry["layer_index"] = json!(column);
                entry["spec"] = json!(run.spec);
                entry["verification"] = json!(run.verification);
            }
            if let (Some(reference), "reference") = (&e.group.reference, e.kind) {
                entry["exact"] = json!(reference.exact);
                entry["sha256"] = json!(reference.sha256);
            }
            entry
        })
        .collect();
    let all = json!({
        "what": about::WHAT,
        "made_by": about::programs(&set.runs),
        "citations": about::CITATIONS,
        "credits": about::credits(set),
        "arrays": arrays,
    });
    serde_json::to_vec_pretty(&all).map_err(|e| Error::Internal(e.to_string()))
}
