//! The experiment: what its timeline says, and that it can be taken in a real browser from a folder without a network.

use crate::browser::Browser;
use crate::program::Place;
use crate::runs;
use crate::tables::{table, write};
use metamer_studio::export::jspsych::Task;
use metamer_studio::export::{Kind, Options};
use metamer_studio::network::registry::sha256;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

fn timeline(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("timeline.js")).unwrap();
    let json = text
        .split_once("const EXPERIMENT = ")
        .unwrap()
        .1
        .trim_end()
        .trim_end_matches(';');
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_timeline_names_every_file_and_every_answer() {
    let (set, place) = (runs::set(), Place::new());
    for task in Task::ALL {
        let options = Options {
            task,
            ..Options::default()
        };
        let folder = place.path(task.name());
        write(&set, Kind::JsPsych, &options, &folder);
        let all = timeline(&folder);
        let trials = all["trials"].as_array().unwrap();
        let expected = match task {
            Task::Class => set.runs.len() + 2,
            Task::SameDifferent => 2 * set.runs.len(),
        };
        assert_eq!(trials.len(), expected);
        for trial in trials {
            let files = trial["files"].as_array().unwrap();
            assert_eq!(files.len(), if task == Task::Class { 1 } else { 2 });
            assert!(
                files
                    .iter()
                    .all(|f| folder.join(f.as_str().unwrap()).is_file()),
                "{trial}"
            );
            let answers = &all["choices"][trial["choices"].as_str().unwrap()];
            assert!(
                answers.as_array().unwrap().contains(&trial["expected"]),
                "{trial}"
            );
            assert!(all["prompts"][trial["prompt"].as_str().unwrap()].is_string());
            if task == Task::SameDifferent {
                assert_eq!(trial["expected"] == "same", files[0] == files[1]);
            }
        }
        for file in [
            "jspsych.js",
            "plugin-preload.js",
            "plugin-html-button-response.js",
        ] {
            let text = std::fs::read_to_string(folder.join("jspsych").join(file)).unwrap();
            assert!(!text.contains("sourceMappingURL"), "{file}");
        }
    }
}

#[test]
fn the_library_is_the_published_one() {
    let sums = std::fs::read_to_string("assets/jspsych/README.md").unwrap();
    for file in [
        "jspsych.js",
        "plugin-preload.js",
        "plugin-html-button-response.js",
    ] {
        let sum = sha256(&std::fs::read(format!("assets/jspsych/{file}")).unwrap());
        let row = sums
            .lines()
            .find(|l| l.starts_with(&format!("| `{file}`")))
            .unwrap();
        assert!(row.contains(&sum), "{file}");
    }
}

#[test]
fn the_experiment_plays_and_saves_its_answers() {
    let Some(mut b) = Browser::start() else {
        return;
    };
    let (set, place) = (runs::set(), Place::new());
    write(&set, Kind::JsPsych, &Options::default(), &place.path("x"));
    b.open(&place.path("x/index.html"));
    // Every sound that really plays is noted, with how far it came.
    b.value(
        "(() => { window.heard = []; const play = HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = function () { \
         this.addEventListener('playing', () => heard.push(this), { once: true }); return play.call(this); }; })()",
    );
    b.wait("document.querySelector('#begin')");
    b.click("#begin");
    let trials = set.runs.len() + 2;
    let (mut answered, mut replayed) = (0, false);
    while answered < trials {
        b.wait("document.querySelector('.answers :is(button, input):enabled')");
        if b.value("Boolean(document.querySelector('.answers input'))") == true {
            if !replayed {
                replayed = true;
                let before = b.value("heard.length").as_u64().unwrap();
                b.click("#play-again");
                b.wait(&format!("heard.length === {}", before + 1));
                b.wait("!document.querySelector('#play-again').disabled");
            }
            // What is not among the answers cannot be given; nothing is chosen for the person.
            b.click(".answers input");
            "umbrellx".chars().for_each(|c| b.key(&c.to_string()));
            assert_eq!(
                b.value("document.querySelector('.answers button').disabled"),
                json!(true)
            );
            b.key("Backspace");
            b.value("document.querySelector('.answers input').value = 'umbrell'");
            b.key("a");
            b.wait("!document.querySelector('.answers button').disabled");
            b.click(".answers button");
        } else {
            assert_eq!(
                b.value("document.querySelectorAll('.answers button').length"),
                json!(16)
            );
            b.click(".answers button[data-choice='cat']");
        }
        answered += 1;
        b.wait(&format!(
            "jsPsych.data.get().filter({{part: 'trial'}}).count() === {answered}"
        ));
    }
    b.wait("document.querySelector('#results')");
    let heard = b.value("heard.map(a => a.currentTime)");
    let heard = heard.as_array().unwrap();
    assert_eq!(heard.len(), 3 + 1, "three sounds, one of them twice");
    assert!(heard.iter().all(|t| t.as_f64().unwrap() > 1.9), "{heard:?}");

    // The table is saved without being asked for.
    let begun = Instant::now();
    let saved = loop {
        let found = std::fs::read_dir(b.downloads())
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path());
        if let Some(path) = found
            .into_iter()
            .find(|p| p.extension().is_some_and(|e| e == "csv"))
        {
            break path;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "no CSV was saved"
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    let rows = table(&saved);
    assert_eq!(rows.len(), trials);
    for row in &rows {
        assert_eq!(row["response"], row["expected"], "{row:?}");
        assert_eq!(row["as_expected"], "true");
        assert!(row["rt"].parse::<u64>().unwrap() > 0 && !row["participant"].is_empty());
        assert!(place.path("x").join(&row["file"]).is_file());
    }
    let replays: u64 = rows
        .iter()
        .map(|r| r["replays"].parse::<u64>().unwrap())
        .sum();
    assert_eq!(replays, 1);
    for run in &set.runs {
        let rows = rows
            .iter()
            .filter(|r| r["layer"] == run.spec.layer && r["seed"] == run.spec.seed.to_string());
        assert!(
            rows.clone().count() == 1 && rows.clone().all(|r| r["verdict"] == run.verdict_word())
        );
    }
    b.was_content(&["file://", "data:", "blob:"]);
}
