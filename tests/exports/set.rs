//! What is exported: which runs, in which order, with what known about them.

use crate::program::Place;
use crate::runs;
use metamer_studio::export::Set;
use metamer_studio::verify::Verdict;

#[test]
fn runs_stand_by_stimulus_model_and_seed_with_layers_in_the_networks_order() {
    let set = runs::set();
    assert_eq!(set.notes, Vec::<String>::new());
    let titles: Vec<&str> = set.stimuli.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Chelsea the cat", "The word 'umbrella'"]);
    let [cat, word] = [0, 1].map(|i| &set.stimuli[i].groups[0]);
    assert_eq!(cat.layers, ["stem", "logits"]);
    assert_eq!(word.layers, ["cochleagram", "conv_1"]);
    let rows: Vec<(&str, Vec<bool>)> = cat
        .rows
        .iter()
        .map(|r| {
            (
                r.label.as_str(),
                r.cells.iter().map(Option::is_some).collect(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("seed 1, 40 steps", vec![true, true]),
            ("seed 2, 2 steps", vec![true, false])
        ]
    );
    for run in &set.runs {
        let reference = run.reference.as_ref().unwrap();
        assert!(reference.exact, "{}", run.folder.display());
        assert_eq!(run.cochleagram.is_some(), run.is_sound());
        assert_eq!(run.reference_cochleagram.is_some(), run.is_sound());
        assert!(run.rho().is_some() && run.null_max().is_some());
    }
    // All three kinds of ends matter here: what failed is there, and says so.
    let stem = set
        .runs
        .iter()
        .find(|r| r.spec.layer == "stem" && r.spec.seed == 1)
        .unwrap();
    assert_eq!(stem.verdict(), Verdict::Pass, "{}", stem.sentence());
    assert!(set.runs.iter().any(|r| r.verdict() == Verdict::Fail));
}

#[test]
fn what_is_no_finished_run_is_refused_in_words() {
    let place = Place::new();
    let refused = |path: std::path::PathBuf| Set::read(&[path]).unwrap_err().to_string();
    assert!(refused(place.path("nowhere")).contains("There is no such folder"));
    place.write("file", b"");
    assert!(refused(place.path("file")).contains("Is a file; a run folder"));
    std::fs::create_dir_all(place.path("library/holiday")).unwrap();
    let empty = refused(place.path("library"));
    assert!(
        empty.contains("Is no run folder and contains none"),
        "{empty}"
    );

    // Unfinished: refused if it is named, mentioned if it lies among others.
    let half = place.path("library/x__m__l__s1.partial");
    std::fs::create_dir_all(half.join("checkpoint")).unwrap();
    let finished = runs::run("chelsea__efficientnet-lite0__stem__s1");
    std::fs::copy(finished.join("spec.toml"), half.join("spec.toml")).unwrap();
    let unfinished = refused(half);
    assert!(unfinished.contains("unfinished run"), "{unfinished}");
    let only = refused(place.path("library"));
    assert!(
        only.contains("Contains no finished run") && only.contains("generate --resume"),
        "{only}"
    );
    let copy = place.path("library/good");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(finished).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let set = Set::read(&[place.path("library")]).unwrap();
    assert_eq!(set.runs.len(), 1);
    assert!(
        set.notes[0].starts_with("Left out:") && set.notes[0].contains("partial"),
        "{:?}",
        set.notes
    );

    // Damaged.
    std::fs::remove_file(copy.join("reference.png")).unwrap();
    let damaged = refused(copy);
    assert!(
        damaged.contains("reference.png") && damaged.contains("Is missing"),
        "{damaged}"
    );
}

#[test]
fn the_same_run_twice_takes_two_rows_and_two_names() {
    let name = "chelsea__efficientnet-lite0__stem__s2";
    let set = Set::read(&[runs::run(name), runs::run(name)]).unwrap();
    let labels: Vec<&str> = set.stimuli[0].groups[0]
        .rows
        .iter()
        .map(|r| r.label.as_str())
        .collect();
    assert_eq!(labels, ["seed 2", "seed 2 (2)"]);
}
