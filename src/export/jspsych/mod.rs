//! An experiment that plays: a folder with jsPsych, the stimuli, and a timeline in plain JSON that is easy to change.
//!
//! It runs from a folder without a network, and from any server.

mod trials;

use super::names::{Names, extension};
use super::set::Set;
use super::{Options, Plan, Run, about, media};
use crate::synthesis::spec::PROGRAM;
use crate::{Error, Result};
use serde_json::json;
use std::path::Path;

const LIBRARY: [(&str, &str); 3] = [
    (
        "jspsych.js",
        include_str!("../../../assets/jspsych/jspsych.js"),
    ),
    (
        "plugin-preload.js",
        include_str!("../../../assets/jspsych/plugin-preload.js"),
    ),
    (
        "plugin-html-button-response.js",
        include_str!("../../../assets/jspsych/plugin-html-button-response.js"),
    ),
];
const LICENCE: &str = include_str!("../../../assets/jspsych/LICENSE.txt");

/// What people are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Which word or thing it is; the expected answer is what the model says of the reference.
    #[default]
    Class,
    /// Whether reference and metamer are the same; as often the reference comes twice.
    SameDifferent,
}

impl Task {
    /// Both tasks.
    pub const ALL: [Self; 2] = [Self::Class, Self::SameDifferent];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::SameDifferent => "same-different",
        }
    }

    /// The task called `name`.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|t| t.name() == name);
        found.ok_or_else(|| Error::unknown("task", name, Self::ALL.map(Self::name)))
    }
}

/// What will be written.
///
/// # Errors
/// When the task needs classes and a model has none, or references and there are none.
pub(super) fn plan<'a>(set: &'a Set, options: &Options, out: &Path) -> Result<Plan<'a>> {
    let title = options.title.clone().unwrap_or_else(|| about::title(set));
    let timeline = timeline(set, options, &title)?;
    let mut plan = Plan::folder(out);
    let page = include_str!("index.html").replace("{title}", &super::html::escaped(&title));
    plan.add_bytes("index.html", "The experiment; open it in a browser", page);
    plan.add_bytes(
        "timeline.js",
        "Trials and settings, to be changed at will",
        timeline,
    );
    plan.add_bytes(
        "experiment.js",
        "The order of things, in ordinary jsPsych",
        include_str!("experiment.js"),
    );
    plan.add_bytes(
        "metamer-response.js",
        "A jsPsych plugin: shows or plays, replays, takes an answer",
        include_str!("metamer-response.js"),
    );
    plan.add_bytes("experiment.css", "The look", include_str!("experiment.css"));
    for (name, text) in LIBRARY {
        // The last line would have developer tools look for something on the network.
        let text = text.split("//# sourceMappingURL").next().unwrap_or(text);
        plan.add_bytes(format!("jspsych/{name}"), "jsPsych (MIT licence)", text);
    }
    plan.add_bytes("jspsych/LICENSE.txt", "jsPsych's licence", LICENCE);
    add_stimuli(&mut plan, set);
    let contents = "Open index.html in a browser; it needs no network. At the end the answers are saved as a CSV.\ntimeline.js holds the trials and the settings: the order of trials, whether each person meets each stimulus only once (as in the papers), how often a sound can be played again. \"expected\" is what the model says of the reference, which need not be what people say. Who knows the reference recognises its metamers more easily: show people each stimulus once.\nSounds are 16-bit copies. For listeners at home a test of headphones is advisable (github.com/mcdermottLab/HeadphoneCheck).";
    plan.add_bytes(
        "README.txt",
        "What this is, how it was made, whom to cite",
        about::read_me(set, &title, contents),
    );
    Ok(plan)
}

/// The path of a run's file inside the folder.
fn path_of(name: &str, run: &Run) -> String {
    format!("stimuli/{name}.{}", extension(run))
}

fn add_stimuli<'a>(plan: &mut Plan<'a>, set: &'a Set) {
    let names = Names::of(set);
    let mut known: Vec<String> = vec![];
    for stimulus in &set.stimuli {
        let gain = media::gain(set, stimulus);
        for group in &stimulus.groups {
            if let (Some(name), Some(run)) = (names.of_reference(group), set.example(group))
                && !known.iter().any(|k| k == name)
            {
                known.push(name.to_owned());
                add(plan, path_of(name, run), run, true, gain, &stimulus.title);
            }
            for index in group.rows.iter().flat_map(|r| &r.cells).flatten() {
                let run = &set.runs[*index];
                add(
                    plan,
                    path_of(names.of_run(*index), run),
                    run,
                    false,
                    gain,
                    &stimulus.title,
                );
            }
        }
    }
}

fn add<'a>(
    plan: &mut Plan<'a>,
    path: String,
    run: &'a Run,
    reference: bool,
    gain: f32,
    title: &str,
) {
    let what = if reference {
        format!("{title}, the reference")
    } else {
        format!("{title}, {}: {}", run.spec.layer, run.verdict_word())
    };
    let size = if run.is_sound() {
        (media::wav16_bytes(run.metamer.len()), false)
    } else {
        (run.metamer.len() as u64 * 19 / 20, false)
    };
    plan.add(path, size, what, 1, move |work| {
        work.step()?;
        let values = match (&run.reference, reference) {
            (Some(reference), true) => &reference.values,
            _ => &*run.metamer,
        };
        if run.is_sound() {
            // No description inside: participants have the files.
            return Ok(media::wav16(values, gain, ""));
        }
        let picture = if reference {
            run.reference_picture()
        } else {
            run.picture()
        };
        let picture = picture.ok_or_else(|| Error::Internal("a picture without pixels".into()))?;
        Ok(media::png(&picture)?)
    });
}

/// The text of `timeline.js`.
fn timeline(set: &Set, options: &Options, title: &str) -> Result<String> {
    let trials = trials::of(set, options.task)?;
    let many = set.stimuli.len() >= 8;
    let hears = set.runs.iter().any(Run::is_sound);
    let experiment = json!({
        "name": super::names::clean(&format!("metamers-{}", options.task.name())),
        "title": title,
        "program": PROGRAM,
        "task": options.task.name(),
        "instructions": trials::instructions(options.task, hears),
        "settings": {
            "order": "random",
            "one_condition_per_stimulus": many && options.task == Task::Class,
            "most_buttons": 16,
            "replays": -1,
            "first_duration": 1000,
            "gap": 500,
            "picture_duration": null,
        },
        "prompts": trials.prompts,
        "choices": trials.choices,
        "trials": trials.trials,
    });
    let text =
        serde_json::to_string_pretty(&experiment).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(format!(
        "// The trials, and what can be set about them:\n//   order: \"random\", \"deep_to_shallow\" (the hardest first) or \"as_listed\"\n//   one_condition_per_stimulus: whether each person meets each stimulus only once\n//   most_buttons: more answers than this are typed, with suggestions\n//   replays: how often a sound can be played again; -1 for as often as one likes\n//   first_duration, gap, picture_duration: milliseconds; null for until there is an answer\nconst EXPERIMENT = {text};\n"
    ))
}
