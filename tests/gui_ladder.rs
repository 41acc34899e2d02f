//! The ladder, the library and the presentation: the real window with the real worker, driven by label and key.

#[path = "support/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use metamer_studio::gui::action::Action;
use metamer_studio::gui::ladder::Rung;
use metamer_studio::gui::page::Page;
use metamer_studio::gui::presentation::Content;
use metamer_studio::gui::{App, ExportMessage, LadderMessage, Message};
use metamer_studio::session::Kept;
use window::Window;

const NONE: Modifiers = Modifiers::NONE;

/// A window that is turned to a ladder of these layers, of runs of a few steps.
fn ladder_of(layers: &[&str], steps: u64) -> Window {
    let mut window = Window::open();
    window.set_steps(steps);
    let names = layers.iter().map(|l| (*l).to_owned()).collect();
    window.click("Ladder");
    send(&mut window, Message::Ladder(LadderMessage::Layers(names)));
    window
}

fn send(window: &mut Window, message: Message) {
    window.harness.state_mut().send(message);
    window.harness.run_steps(2);
}

fn kept(app: &App) -> usize {
    let ladder = app.state().ladder();
    let all = ladder.rungs.iter().flatten();
    all.filter(|r| matches!(r, Rung::Kept(_))).count()
}

#[test]
fn a_ladder_is_made_shown_presented_and_kept() {
    let mut window = ladder_of(&["stem", "block1", "block2"], 8);
    assert!(window.shows("block1, seed 1: not made"));
    window.click("Make 3 metamers");
    window.until("three metamers", |app| kept(app) == 3);
    let ladder = window.app().state().ladder();
    assert!(ladder.missing().is_empty());
    for rung in ladder.rungs.iter().flatten() {
        assert!(rung.rho().is_some() && rung.class().is_some());
    }
    // Their pictures come from the files.
    window.until("their pictures", |app| app.state().shelf.made.len() == 3);
    assert!(
        window.shows("block1, seed 1: verified, rho"),
        "in words too"
    );

    // A number shows a layer large, Esc goes back, arrows go from one to the next.
    window.press(NONE, Key::Num2);
    window.harness.run_steps(2);
    assert!(window.shows("Metamer at block1, large"));
    window.press(NONE, Key::Num0);
    window.harness.run_steps(2);
    assert!(window.shows("Reference, chelsea, large"));
    window.press(NONE, Key::Escape);
    window.press(NONE, Key::ArrowRight);
    let chosen = |w: &Window| w.app().state().ladder_view.layer.clone();
    assert_eq!(chosen(&window).as_deref(), Some("stem"));
    window.press(NONE, Key::ArrowRight);
    assert_eq!(chosen(&window).as_deref(), Some("block1"));

    // Enter looks into it.
    window.press(NONE, Key::Enter);
    assert_eq!(window.app().state().page, Page::Inspect);
    let focused = window.app().state().focused().expect("a focus");
    assert_eq!(focused.spec().map(|s| &s.layer[..]), Some("block1"));

    // The presentation takes it from the folders.
    window.press(NONE, Key::F5);
    window.until("the presentation", |app| app.state().presentation.is_some());
    window.press(NONE, Key::Num3);
    window.harness.run_steps(2);
    assert!(window.shows("Presentation, block2: Pass"));
    let slide = |w: &Window| w.app().state().presentation.as_ref().map(|p| p.at);
    window.press(NONE, Key::Tab);
    assert_eq!(slide(&window), Some(0));
    window.press(NONE, Key::Tab);
    assert_eq!(slide(&window), Some(3));
    let shown = window
        .app()
        .state()
        .presentation
        .as_ref()
        .and_then(|p| p.slide());
    let Some(Content::Picture(image)) = shown.map(|s| &s.content) else {
        panic!("a picture")
    };
    assert_eq!((image.width, image.height), (224, 224));
    window.press(NONE, Key::B);
    window.harness.run_steps(2);
    assert!(window.shows("Presentation, black"));
    window.press(NONE, Key::Escape);
    assert!(window.app().state().presentation.is_none());
}

#[test]
fn seeds_are_rows_and_what_is_there_is_not_made_again() {
    let mut window = ladder_of(&["stem"], 4);
    window.click("Make 1 metamer");
    window.until("the first", |app| kept(app) == 1);
    send(&mut window, Message::Ladder(LadderMessage::Seeds(3)));
    assert!(window.shows("stem, seed 3: not made"));
    window.click("Make 2 metamers");
    window.until("the others", |app| kept(app) == 3);
    let ladder = window.app().state().ladder();
    let seeds: Vec<u64> = ladder
        .rungs
        .iter()
        .flatten()
        .filter_map(|r| r.spec().map(|s| s.seed))
        .collect();
    assert_eq!(seeds, [1, 2, 3]);
    assert_eq!(window::folders(&window.results()).len(), 3);
    // Different noise, different metamers.
    window.until("their pictures", |app| app.state().shelf.made.len() == 3);
    let state = window.app().state();
    let values: Vec<_> = state
        .ladder()
        .rungs
        .iter()
        .flatten()
        .filter_map(|r| state.values_of(r))
        .collect();
    assert!(values[0] != values[1] && values[1] != values[2]);
}

#[test]
fn the_library_finds_tags_deletes_takes_back_and_reproduces() {
    let mut window = ladder_of(&["stem", "block2"], 4);
    window.click("Make 2 metamers");
    window.until("both", |app| kept(app) == 2);
    window.click("Library");
    assert!(window.shows("2 runs"));
    let rows = |w: &Window| -> Vec<String> {
        let rows = w.app().state().library.rows.iter();
        rows.map(|r| r.spec.layer.clone()).collect()
    };
    assert_eq!(rows(&window), ["block2", "stem"], "newest first");
    window.click("Sort by layer");
    assert_eq!(rows(&window), ["block2", "stem"]);
    window.click("Sort by layer");
    assert_eq!(rows(&window), ["stem", "block2"]);

    let field = window.harness.get_by_label("Find runs");
    field.focus();
    window.harness.run_steps(2);
    window
        .harness
        .get_by_label("Find runs")
        .type_text("BLOCK chelsea");
    window.harness.run_steps(2);
    assert_eq!(rows(&window), ["block2"]);
    assert!(window.shows("1 of 2 runs"));
    window.press(NONE, Key::Escape);

    // Tags are written beside the run.
    window.press(NONE, Key::ArrowDown);
    let chosen = window
        .app()
        .state()
        .library
        .run()
        .cloned()
        .expect("a chosen run");
    window.harness.get_by_label("Tags").focus();
    window.harness.run_steps(2);
    window
        .harness
        .get_by_label("Tags")
        .type_text("talk, good one");
    window.harness.run_steps(2);
    window.press(NONE, Key::Escape);
    window.until("the tags", |app| {
        let run = app.state().shelf.run(&chosen.folder);
        run.is_some_and(|r| r.tags == ["talk", "good one"])
    });
    window.until("the tags' file", |_| {
        Kept::read(&chosen.folder).is_ok_and(|r| r.tags == ["talk", "good one"])
    });

    // Made again, it is the same.
    window.click("Reproduce");
    window.until("the comparison", |app| {
        let notices = &app.state().notices;
        notices.iter().any(|n| n.text.contains("equal to the bit"))
    });
    assert_eq!(
        window::folders(&window.results()).len(),
        2,
        "and left no second folder"
    );

    // Thrown away and taken back.
    window.click("Delete");
    window.until("it to be gone", |app| app.state().shelf.deleted.len() == 1);
    assert!(!chosen.folder.exists());
    assert!(rows(&window).is_empty());
    window.press(Modifiers::COMMAND, Key::Z);
    window.until("it to be back", |app| app.state().shelf.runs.len() == 2);
    assert!(chosen.folder.join("metamer.npy").exists());

    // What it was is chosen again, to be varied.
    window.click("Vary");
    let state = window.app().state();
    assert_eq!(state.page, Page::Make);
    let layers: Vec<_> = state.chosen_layers().map(|l| l.name.clone()).collect();
    assert_eq!(layers, ["block2"]);
    assert_eq!(state.procedure.steps, 4);
}

#[test]
fn a_ladder_of_sounds_is_seen_and_heard() {
    let mut window = Window::open();
    send(
        &mut window,
        Message::ChooseModel("word-reduced-aliasing".into()),
    );
    window.until("the sound", |app| app.state().hearing.both());
    window.set_steps(4);
    window.click("Ladder");
    let layers = ["cochleagram", "conv_2"].map(str::to_owned).to_vec();
    send(&mut window, Message::Ladder(LadderMessage::Layers(layers)));
    window.click("Make 2 metamers");
    window.until("both", |app| kept(app) == 2);
    window.until("their sounds", |app| app.state().shelf.made.len() == 2);
    window.press(NONE, Key::Num2);
    // The player gets the very samples of the chosen run.
    window.until("the sound of conv_2", |app| {
        let state = app.state();
        let Some(rung) = state.selected() else {
            return false;
        };
        let values = state.values_of(&rung);
        let heard = state.hearing.of(metamer_studio::playback::Slot::Metamer);
        rung.spec().is_some_and(|s| s.layer == "conv_2")
            && heard.is_some_and(|h| Some(&h.samples) == values.as_ref())
    });
    window.press(NONE, Key::F5);
    window.until("the presentation", |app| app.state().presentation.is_some());
    let set = window
        .app()
        .state()
        .presentation
        .as_ref()
        .and_then(|p| p.set());
    let names: Vec<_> = set
        .into_iter()
        .flat_map(|s| &s.slides)
        .map(|s| &s.name[..])
        .collect();
    assert_eq!(names, ["Reference", "cochleagram", "conv_2"]);
    let sound = set.and_then(|s| s.slides.first()).map(|s| &s.content);
    let Some(Content::Sound { samples, cells }) = sound else {
        panic!("a sound")
    };
    assert_eq!((samples.len(), cells.is_some()), (40_000, true));
}

#[test]
fn a_blind_test_is_taken_by_keys_and_its_answers_are_kept() {
    let mut window = ladder_of(&["stem", "block2"], 4);
    window.click("Make 2 metamers");
    window.until("both", |app| kept(app) == 2);
    window.until("nothing to go on", |app| !app.state().is_busy());
    send(&mut window, Message::Do(Action::Abx));
    window.until("the trials", |app| app.state().trials.is_some());
    assert!(window.shows("trial 1 of 8"));
    let told = |w: &Window| {
        w.app()
            .state()
            .trials
            .as_ref()
            .map_or(0, |t| t.answers.len())
    };
    window.press(NONE, Key::ArrowLeft);
    assert_eq!(told(&window), 0, "nothing was presented yet");
    for trial in 0..8 {
        for key in [Key::A, Key::B, Key::X] {
            window.press(NONE, key);
        }
        // Right in every trial but the first.
        let trials = window.app().state().trials.as_ref().expect("trials");
        let x_is_a = trials.trial().expect("a question").x_is_a;
        let key = if x_is_a == (trial > 0) {
            Key::ArrowLeft
        } else {
            Key::ArrowRight
        };
        window.press(NONE, key);
        assert_eq!(told(&window), trial + 1);
    }
    window.harness.run_steps(2);
    assert!(window.shows("8 trials") && window.shows("d′"));
    let file = window.app().state().trials.as_ref().map(|t| t.file.clone());
    let file = file.expect("a file");
    window.until("the answers' file", |_| {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.lines().filter(|l| l.starts_with("abx,")).count() == 8
    });
    let text = std::fs::read_to_string(&file).expect("the answers");
    assert_eq!(
        text.lines().filter(|l| l.contains(",0,")).count(),
        1,
        "{text}"
    );
    window.press(NONE, Key::Escape);
    assert!(window.app().state().trials.is_none());

    // Guessing: the class is typed and picked.
    send(&mut window, Message::Do(Action::Guess));
    window.until("the trials", |app| app.state().trials.is_some());
    window.click("Present");
    window.harness.get_by_label("Answer").focus();
    window.harness.run_steps(2);
    window
        .harness
        .get_by_label("Answer")
        .type_text("Egyptian cat");
    window.harness.run_steps(2);
    window.click("Egyptian cat");
    let trials = window.app().state().trials.as_ref().expect("trials");
    assert_eq!(trials.answers[0].right, trials.class == "Egyptian cat");
    assert_eq!(trials.answers[0].said, "Egyptian cat");
}

#[test]
fn a_page_of_the_ladder_is_previewed_and_written() {
    let mut window = ladder_of(&["stem", "block2"], 4);
    window.click("Make 2 metamers");
    window.until("both", |app| kept(app) == 2);
    window.press(Modifiers::COMMAND, Key::E);
    let planned = |app: &App| {
        let exporting = app.state().exporting.as_ref()?;
        Some(exporting.preview.as_ref()?.as_ref().ok()?.files.len())
    };
    window.until("the preview", |app| planned(app) == Some(1));
    assert!(window.shows("Export the ladder: 2 metamers"));
    assert!(window.shows("Will write 1 file"));
    let out = |w: &Window| w.app().state().exporting.as_ref().map(|e| e.out.clone());
    let page = out(&window).expect("a place");
    assert!(page.ends_with("chelsea.html"), "{page}");
    window.click("Write");
    window.until("the page", |app| app.state().exporting.is_none());
    let text = std::fs::read_to_string(&page).expect("the page");
    assert!(text.starts_with("<!doctype html>") || text.starts_with("<!DOCTYPE html>"));
    assert_eq!(window.app().state().dialog, None);

    // The same once more goes beside it, unless a person says otherwise; a folder of stimuli lists its files.
    window.press(Modifiers::COMMAND, Key::E);
    window.until("the preview", |app| planned(app).is_some());
    assert!(out(&window).is_some_and(|o| o.ends_with("chelsea-2.html")));
    send(
        &mut window,
        Message::Export(ExportMessage::Out(page.clone())),
    );
    window.until("what is in the way", |app| {
        let exporting = app.state().exporting.as_ref();
        exporting.is_some_and(|e| matches!(&e.preview, Some(Ok(p)) if p.existing == 1))
    });
    assert!(window.shows("Replace the file that is there already"));
    window.click("Stimuli with a table");
    window.until("more files", |app| planned(app).is_some_and(|n| n > 3));
    window.click("Cancel");
    assert!(window.app().state().exporting.is_none());
}
