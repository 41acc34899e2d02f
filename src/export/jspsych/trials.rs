//! The trials of an experiment: which files, which question, which answers.

use super::super::Run;
use super::super::names::Names;
use super::super::set::{Group, Set, Stimulus};
use super::{Task, path_of};
use crate::{Error, Result};
use serde_json::{Map, Value, json};

/// Everything about the trials that goes into the timeline.
#[derive(Default)]
pub struct Trials {
    /// One object a trial.
    pub trials: Vec<Value>,
    /// Answers by name, since many trials share them.
    pub choices: Map<String, Value>,
    /// Questions by name.
    pub prompts: Map<String, Value>,
}

/// The sixteen everyday categories that people chose from in 2023.
const SIXTEEN: [&str; 16] = [
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat", "chair", "clock", "dog",
    "elephant", "keyboard", "knife", "oven", "truck",
];

/// The trials of a set.
///
/// # Errors
/// When the task needs classes and a model has none, or a reference that a group lacks.
pub fn of(set: &Set, task: Task) -> Result<Trials> {
    let mut all = Trials::default();
    let names = Names::of(set);
    for stimulus in &set.stimuli {
        for group in &stimulus.groups {
            let Some(example) = set.example(group) else {
                continue;
            };
            match task {
                Task::Class => classes(&mut all, set, stimulus, group, example, &names)?,
                Task::SameDifferent => pairs(&mut all, set, stimulus, group, example, &names)?,
            }
        }
    }
    Ok(all)
}

/// What is said about a trial beside its files and answers; it stands in the results too.
fn said(
    stimulus: &Stimulus,
    group: &Group,
    run: &Run,
    of: Option<(usize, u64)>,
) -> Map<String, Value> {
    let mut said = Map::new();
    said.insert("stimulus".into(), json!(stimulus.name));
    said.insert("model".into(), json!(group.model.name));
    said.insert(
        "modality".into(),
        json!(if run.is_sound() { "sound" } else { "image" }),
    );
    match of {
        Some((column, seed)) => {
            said.insert("kind".into(), json!("metamer"));
            said.insert("layer".into(), json!(run.spec.layer));
            said.insert("layer_index".into(), json!(column));
            said.insert("seed".into(), json!(seed));
            said.insert("verdict".into(), json!(run.verdict_word()));
            said.insert(
                "spearman".into(),
                json!(run.rho().filter(|r| r.is_finite())),
            );
        }
        None => {
            said.insert("kind".into(), json!("reference"));
            said.insert("layer".into(), json!("reference"));
            said.insert("layer_index".into(), json!(-1));
            said.insert("seed".into(), Value::Null);
            said.insert("verdict".into(), json!(""));
            said.insert("spearman".into(), Value::Null);
        }
    }
    said
}

fn classes(
    all: &mut Trials,
    set: &Set,
    stimulus: &Stimulus,
    group: &Group,
    example: &Run,
    names: &Names,
) -> Result<()> {
    let predicted = example.verification.as_ref().map(|v| &v.predicted);
    let category = predicted.and_then(|p| p.reference_category.clone());
    let (key, answers, expected) = match (category, example.reference_class()) {
        (Some(category), _) => ("sixteen categories".to_owned(), json!(SIXTEEN), category),
        (None, Some(class)) if !group.model.labels.is_empty() => {
            let mut labels = group.model.labels.to_vec();
            labels.sort();
            (group.model.name.clone(), json!(labels), class.label.clone())
        }
        _ => {
            return Err(Error::value(
                "task",
                format!(
                    "'{}' has no classes to choose from; ask for the task same-different",
                    group.model.name
                ),
            ));
        }
    };
    all.choices.entry(key.clone()).or_insert(answers);
    let prompt = if example.is_sound() { "word" } else { "thing" };
    let question = if example.is_sound() {
        "Which word did you hear?"
    } else {
        "What is in the picture?"
    };
    all.prompts.entry(prompt).or_insert(json!(question));
    let mut add = |file: String, mut trial: Map<String, Value>| {
        trial.insert("files".into(), json!([file]));
        trial.insert("choices".into(), json!(key));
        trial.insert("prompt".into(), json!(prompt));
        trial.insert("expected".into(), json!(expected));
        all.trials.push(Value::Object(trial));
    };
    if let Some(name) = names.of_reference(group) {
        add(path_of(name, example), said(stimulus, group, example, None));
    }
    for row in &group.rows {
        for (column, index) in row.cells.iter().enumerate() {
            let Some(index) = *index else { continue };
            let run = &set.runs[index];
            let trial = said(stimulus, group, run, Some((column, row.seed)));
            add(path_of(names.of_run(index), run), trial);
        }
    }
    Ok(())
}

fn pairs(
    all: &mut Trials,
    set: &Set,
    stimulus: &Stimulus,
    group: &Group,
    example: &Run,
    names: &Names,
) -> Result<()> {
    let Some(reference) = names.of_reference(group) else {
        return Err(Error::value(
            "task",
            format!(
                "the metamers of '{}' were made from a target; there is no reference to compare them with",
                stimulus.name
            ),
        ));
    };
    let reference = path_of(reference, example);
    all.choices
        .entry("same or different")
        .or_insert(json!(["same", "different"]));
    let what = if example.is_sound() {
        "sounds"
    } else {
        "pictures"
    };
    all.prompts
        .entry(what)
        .or_insert(json!(format!("Were the two {what} the same or different?")));
    for row in &group.rows {
        for (column, index) in row.cells.iter().enumerate() {
            let Some(index) = *index else { continue };
            let run = &set.runs[index];
            let metamer = path_of(names.of_run(index), run);
            let ends = [
                (
                    metamer,
                    "different",
                    said(stimulus, group, run, Some((column, row.seed))),
                ),
                (reference.clone(), "same", said(stimulus, group, run, None)),
            ];
            for (second, expected, mut trial) in ends {
                trial.insert("files".into(), json!([reference, second]));
                trial.insert("choices".into(), json!("same or different"));
                trial.insert("prompt".into(), json!(what));
                trial.insert("expected".into(), json!(expected));
                all.trials.push(Value::Object(trial));
            }
        }
    }
    Ok(())
}

/// What is said before the first trial.
pub fn instructions(task: Task, hears: bool) -> String {
    let listen = if hears {
        "<p>Please wear headphones in a quiet room, and set the volume to a comfortable level.</p>"
    } else {
        ""
    };
    let what = match task {
        Task::Class => {
            "<p>You will see pictures or hear sounds, some of them strange. For each, say what it is; if you are not sure, guess.</p>"
        }
        Task::SameDifferent => {
            "<p>You will see or hear two things, one after the other. Say whether they were the same or different.</p>"
        }
    };
    format!("<h1>Welcome</h1>{what}{listen}")
}
