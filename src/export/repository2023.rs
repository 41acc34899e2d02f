//! The folders and names of the 2023 paper's public repository (model_metamers_pytorch), for the programs that read them.
//!
//! Twice: as its scripts write metamers, `metamers/<set>_<loss>_RS<seed>_I<steps>_N<blocks>/<number>_SOUND_<label>/`, and
//! as its online experiments look for them, `<experiment>/<k>_<model>/<j>_<layer>/<number>_<model>_<layer>.wav`, with the
//! JSON that they are set up from. There, metamers that failed are not among a condition's examples, so that the
//! experiment falls back on the original, as it did in the paper; their files are written and marked all the same.

use super::csv::Table;
use super::names::{clean, extension};
use super::run::{file_name, file_of};
use super::set::{Group, Row, Set, Stimulus};
use super::stimuli::figures;
use super::{Plan, Run, about};
use crate::synthesis::Loss;
use crate::synthesis::schedule::Schedule;
use crate::verify::Verdict;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The condition of originals, which stand in for what is missing.
const ORIGINAL: &str = "0_orig/0_orig";

/// What will be written.
///
/// # Errors
/// When a run's files cannot be read.
pub(super) fn plan<'a>(set: &'a Set, out: &Path) -> Result<Plan<'a>> {
    let mut plan = Plan::folder(out);
    let mut table = Table::new(&[
        "path",
        "listed",
        "number",
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
    ]);
    for (sound, name) in [(false, "image_experiment"), (true, "audio_experiment")] {
        let hears = |s: &&Stimulus| {
            s.groups
                .iter()
                .filter_map(|g| set.example(g))
                .any(|r| r.is_sound() == sound)
        };
        let stimuli: Vec<&Stimulus> = set.stimuli.iter().filter(hears).collect();
        if stimuli.is_empty() {
            continue;
        }
        scripts(&mut plan, set, &stimuli, sound)?;
        experiment(&mut plan, &mut table, set, &stimuli, sound, name)?;
    }
    plan.add_bytes(
        "stimuli.csv",
        "One row a metamer of the experiments, with figures and whether the JSON lists it",
        table.into_bytes(),
    );
    let contents = "metamers/ is laid out as the generation scripts of the 2023 repository write it, without their pickles. The experiment folders and FOR_WEB_*.json are what its online experiment (AuditoryBehavioralExperiments/example_audio_turk_javascript.html) reads: base_src_path is this folder, image_folder_name_server the experiment's folder with a slash, json_config_name the JSON. Metamers whose verdict is Fail are not among a condition's examples, so that the original stands in for them; stimuli.csv marks them. The experiment's own catch trials, demonstration trials and list of words are not part of this folder. A second seed of a model is a model of its own, with -s<seed> after its name.";
    let text = about::read_me(set, &about::title(set), contents);
    plan.add_bytes(
        "README.txt",
        "What this is, how it was made, whom to cite",
        text,
    );
    Ok(plan)
}

/// The layout of the generation scripts.
fn scripts<'a>(
    plan: &mut Plan<'a>,
    set: &'a Set,
    stimuli: &[&'a Stimulus],
    sound: bool,
) -> Result<()> {
    for (number, stimulus) in stimuli.iter().enumerate() {
        for group in of_kind(set, stimulus, sound) {
            for row in &group.rows {
                let Some(first) = row.cells.iter().flatten().next().map(|i| &set.runs[*i]) else {
                    continue;
                };
                let folder = format!(
                    "{}/metamers/{}/{number}_SOUND_{}",
                    clean(&model_name(group, row)),
                    procedure(first),
                    clean(&label(first))
                );
                if group.reference.is_some() {
                    let path = format!("{folder}/orig.{}", extension(first));
                    copy(
                        plan,
                        path,
                        first,
                        "reference",
                        format!("{}, the original", stimulus.title),
                    )?;
                }
                for (_, run) in runs(set, row) {
                    let layer = &run.spec.layer;
                    let place = layer_place(group, layer);
                    let path = format!("{folder}/{place}_layer_{layer}_synth.{}", extension(run));
                    let what = format!("{}, {layer}: {}", stimulus.title, run.verdict_word());
                    copy(plan, path, run, "metamer", what)?;
                }
            }
        }
    }
    Ok(())
}

/// The layout of the online experiments.
fn experiment<'a>(
    plan: &mut Plan<'a>,
    table: &mut Table,
    set: &'a Set,
    stimuli: &[&'a Stimulus],
    sound: bool,
    name: &str,
) -> Result<()> {
    // Models are numbered from 1 in the order in which they come; 0 are the originals.
    let mut models: Vec<String> = vec![];
    let mut conditions: Vec<(usize, usize, String)> = vec![(0, 0, ORIGINAL.into())];
    let mut examples: Map<String, Value> = Map::new();
    let mut taken: Vec<String> = vec![];
    for (number, stimulus) in stimuli.iter().enumerate() {
        for group in of_kind(set, stimulus, sound) {
            for row in &group.rows {
                let model = clean(&model_name(group, row));
                let k = models.iter().position(|m| *m == model).unwrap_or_else(|| {
                    models.push(model.clone());
                    models.len() - 1
                }) + 1;
                for (column, run) in runs(set, row) {
                    let layer = clean(&run.spec.layer);
                    let j = layer_place(group, &run.spec.layer);
                    let condition = format!("{k}_{model}/{j}_{layer}");
                    let file = format!(
                        "{name}/{condition}/{number}_{model}_{layer}.{}",
                        extension(run)
                    );
                    if taken.contains(&file) {
                        continue; // another procedure of the same seed: the names have no room for it
                    }
                    taken.push(file.clone());
                    let what = format!(
                        "{}, {}: {}",
                        stimulus.title,
                        run.spec.layer,
                        run.verdict_word()
                    );
                    copy(plan, file.clone(), run, "metamer", what)?;
                    if conditions.iter().all(|(_, _, c)| *c != condition) {
                        conditions.push((k, j, condition.clone()));
                    }
                    let listed = run.verdict() != Verdict::Fail;
                    let list = examples.entry(condition).or_insert_with(|| json!([]));
                    if let (Value::Array(list), true) = (list, listed) {
                        list.push(json!(number.to_string()));
                    }
                    let mut fields = vec![
                        file,
                        listed.to_string(),
                        number.to_string(),
                        stimulus.name.clone(),
                    ];
                    fields.extend(figures(row, column, run));
                    table.row(fields);
                }
            }
        }
        let original = of_kind(set, stimulus, sound).find(|g| g.reference.is_some());
        if let Some(run) = original.and_then(|g| set.example(g)) {
            let path = format!("{name}/{ORIGINAL}/{number}_orig_orig.{}", extension(run));
            copy(
                plan,
                path,
                run,
                "reference",
                format!("{}, the original", stimulus.title),
            )?;
            let list = examples.entry(ORIGINAL).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(json!(number.to_string()));
            }
        } else {
            return Err(Error::value(
                "runs",
                format!(
                    "'{}' has no original to stand in for what is missing: its metamers were made from a target",
                    stimulus.name
                ),
            ));
        }
    }
    conditions.sort();
    let conditions: Vec<&String> = conditions.iter().map(|(_, _, c)| c).collect();
    let info = json!({
        "experiment_conditions": conditions,
        "total_num_unique_stimuli": stimuli.len(),
        "orig_replacement_condition": ORIGINAL,
        "examples_per_model_and_layer": examples,
    });
    let text = serde_json::to_vec_pretty(&info).map_err(|e| Error::Internal(e.to_string()))?;
    let file = format!("FOR_WEB_{name}_load_experiment_info.json");
    plan.add_bytes(file, "What the online experiment is set up from", text);
    Ok(())
}

fn of_kind<'a>(
    set: &'a Set,
    stimulus: &'a Stimulus,
    sound: bool,
) -> impl Iterator<Item = &'a Group> {
    let fits = move |g: &&Group| set.example(g).is_some_and(|r| r.is_sound() == sound);
    stimulus.groups.iter().filter(fits)
}

fn runs<'a>(set: &'a Set, row: &'a Row) -> impl Iterator<Item = (usize, &'a Run)> {
    let cells = row.cells.iter().enumerate();
    cells.filter_map(|(column, cell)| Some((column, &set.runs[(*cell)?])))
}

/// The first row's seed needs no name.
fn model_name(group: &Group, row: &Row) -> String {
    let first = group.rows.first().map(|r| r.seed);
    if first == Some(row.seed) {
        group.model.name.clone()
    } else {
        format!("{}-s{}", group.model.name, row.seed)
    }
}

/// The layer's number in the model's list of metamer layers, or after all of them among the group's.
fn layer_place(group: &Group, layer: &str) -> usize {
    let listed = group.model.metamer_layers.iter().position(|l| l == layer);
    let column = || {
        group
            .layers
            .iter()
            .position(|l| l == layer)
            .unwrap_or_default()
    };
    listed.unwrap_or_else(|| group.model.metamer_layers.len() + column())
}

/// `<set>_<loss>_RS<seed>_I<steps of a block>_N<blocks>`.
fn procedure(run: &Run) -> String {
    let p = &run.spec.procedure;
    let (steps, blocks) = match p.schedule {
        Schedule::Halving => (p.decay_steps, p.steps.div_ceil(p.decay_steps.max(1))),
        _ => (p.steps, 1),
    };
    let loss = match p.loss {
        Loss::RelativeL2 => "inversion_loss_layer",
        Loss::HalfSquared => "half_squared_loss_layer",
        Loss::L1 => "l1_loss_layer",
    };
    format!(
        "metamerstudio_{loss}_RS{}_I{steps}_N{blocks}",
        run.spec.seed
    )
}

/// The category of sixteen, or the word.
fn label(run: &Run) -> String {
    let predicted = run.verification.as_ref().map(|v| &v.predicted);
    let category = predicted.and_then(|p| p.reference_category.clone());
    let class = || run.reference_class().map(|p| p.label.clone());
    category.or_else(class).unwrap_or_else(|| "unknown".into())
}

fn copy<'a>(
    plan: &mut Plan<'a>,
    path: String,
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
