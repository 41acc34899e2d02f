//! The real window with the real worker, without a display: found and pressed by accessible label.

#[path = "support/window.rs"]
mod window;

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use metamer_studio::gui::action::Action;
use metamer_studio::gui::state::{Dialog, Mark, Phase};
use metamer_studio::gui::{Choices, Message};
use metamer_studio::network::imported::Library;
use metamer_studio::verify::published;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use window::{PATIENCE, Window, folders, options_in};

#[test]
fn a_person_chooses_starts_watches_pauses_resumes_and_sees_the_verdict() {
    let mut w = Window::open();
    assert_eq!(
        w.app().state().choices,
        Choices {
            window: w.app().state().choices.window,
            ..Choices::default()
        }
    );
    w.click("Stimulus coffee");
    w.click_layer("block7", Modifiers::NONE);
    w.harness
        .get_by_role_and_label(Role::ComboBox, "Recipe")
        .click();
    w.harness.run_steps(2);
    w.harness.get_by_label_contains("Feather 2019, ").click();
    w.harness.run_steps(2);
    assert_eq!(w.app().state().recipe.name, "feather2019");
    w.harness
        .get_by_role_and_label(Role::ComboBox, "Recipe")
        .click();
    w.harness.run_steps(2);
    w.harness.get_by_label_contains("Quick look, ").click();
    w.harness.run_steps(2);
    // The recipe's own rate, not the first of its warm-up.
    assert!(w.shows("Rate 0.0180"));
    // The number of steps is typed into its field.
    w.click("Fields");
    let field = w.harness.get_by_role_and_label(Role::TextInput, "Steps");
    field.scroll_to_me();
    w.harness.run_steps(5);
    w.harness
        .get_by_role_and_label(Role::TextInput, "Steps")
        .focus();
    w.harness.run_steps(2);
    w.press(Modifiers::COMMAND, Key::A);
    w.harness
        .get_by_role_and_label(Role::TextInput, "Steps")
        .type_text("many");
    w.harness.run_steps(2);
    assert!(w.shows("steps: must be a whole number, 0 or more, found 'many'"));
    w.press(Modifiers::COMMAND, Key::A);
    w.harness
        .get_by_role_and_label(Role::TextInput, "Steps")
        .type_text("60");
    w.harness.run_steps(2);
    w.harness.get_by_label("Fields").scroll_to_me();
    w.harness.run_steps(5);
    w.click("Fields");
    assert_eq!(w.app().state().procedure.steps, 60);

    w.click("Start");
    w.until("a first loss", |app| {
        app.state().shown().is_some_and(|r| r.loss_now.is_some())
    });
    let first = w.loss();
    w.until("ten steps", |app| {
        app.state().shown().is_some_and(|r| r.step >= 10)
    });
    assert!(w.loss() < first, "the loss falls: {first} to {}", w.loss());
    w.click("Pause");
    w.until_phase(Phase::Paused);
    // News that was on its way has come; from then on nothing changes.
    std::thread::sleep(Duration::from_millis(100));
    w.harness.run_steps(2);
    let held = w.app().state().shown().unwrap().step;
    std::thread::sleep(Duration::from_millis(200));
    w.harness.run_steps(2);
    assert_eq!(w.app().state().shown().unwrap().step, held);
    assert!(held < 60);
    assert!(w.shows("Rate now"));
    w.press(Modifiers::NONE, Key::Space);
    w.until_phase(Phase::Finished);
    assert!(w.loss() < first / 2.0, "{first} to {}", w.loss());
    let run = w.app().state().shown().unwrap();
    assert_eq!(
        (&run.spec.stimulus[..], &run.spec.layer[..], run.step),
        ("coffee", "block7", 60)
    );
    assert!(
        w.shows("Passed") || w.shows("Failed"),
        "the verdict is there in a word"
    );
    assert!(w.shows("above all 2 null pairs"));
    assert!(w.shows("2 random pairs of crops from 7 photographs"));
    let folder = run.folder.clone().unwrap();
    assert!(folder.starts_with(w.results()));
    assert!(folder.join("metamer.png").exists());
}

#[test]
fn a_stopped_run_is_resumed_where_it_was_and_a_rewound_one_begins_anew() {
    let mut w = Window::open();
    w.set_steps(50);
    w.press(Modifiers::NONE, Key::Space);
    w.until("some steps", |app| {
        app.state().shown().is_some_and(|r| r.step >= 8)
    });
    w.press(Modifiers::NONE, Key::Home);
    w.until("the start", |app| {
        app.state().shown().is_some_and(|r| r.step < 5)
    });
    w.until("some steps", |app| {
        app.state().shown().is_some_and(|r| r.step >= 8)
    });
    w.press(Modifiers::NONE, Key::Escape);
    w.until_phase(Phase::Stopped);
    let stopped_at = w.app().state().shown().unwrap().step;
    assert!((8..50).contains(&stopped_at));
    assert_eq!(w.app().state().mark("block5"), Mark::NotYet);
    assert_eq!(
        folders(&w.results()),
        ["chelsea__efficientnet-lite0__block5__s1.partial"]
    );
    w.click("Resume");
    w.until_phase(Phase::Finished);
    let run = w.app().state().shown().unwrap();
    assert!(
        run.loss.points()[0].x == 0.0,
        "the trace from before is there"
    );
    assert_eq!(
        folders(&w.results()),
        ["chelsea__efficientnet-lite0__block5__s1"]
    );
    // Another run with the same choices is numbered, also when it is stopped and resumed.
    w.press(Modifiers::NONE, Key::Home);
    w.press(Modifiers::NONE, Key::Space);
    w.until("some steps", |app| {
        app.state().active().is_some_and(|r| r.step >= 3)
    });
    w.press(Modifiers::NONE, Key::Escape);
    w.until_phase(Phase::Stopped);
    w.press(Modifiers::NONE, Key::Space);
    w.until_phase(Phase::Finished);
    let name = "chelsea__efficientnet-lite0__block5__s1";
    assert_eq!(
        folders(&w.results()),
        [name.to_owned(), format!("{name}-2")]
    );
    let read = |folder: &str| std::fs::read(w.results().join(folder).join("metamer.npy")).unwrap();
    assert!(
        read(name) == read(&format!("{name}-2")),
        "the same to the bit"
    );
}

#[test]
fn several_layers_are_queued_and_worked_through() {
    let mut w = Window::open();
    w.set_steps(6);
    w.click_layer("block8", Modifiers::NONE);
    w.click_layer("block9", Modifiers::COMMAND);
    w.click_layer("block10", Modifiers::COMMAND);
    assert!(w.shows("3 chosen"));
    w.press(Modifiers::NONE, Key::Space);
    w.until("the queue", |app| {
        app.state().active_id().is_some() && app.state().queue.len() <= 2
    });
    if !w.app().state().queue.is_empty() {
        w.click("Remove block10, chelsea");
    }
    w.until("the end", |app| {
        !app.state().is_busy() && app.state().runs.len() >= 2
    });
    let layers: Vec<_> = w
        .app()
        .state()
        .runs
        .values()
        .map(|r| r.spec.layer.clone())
        .collect();
    assert_eq!(layers[..2], ["block8", "block9"]);
    assert!(
        w.app()
            .state()
            .runs
            .values()
            .all(|r| r.phase == Phase::Finished)
    );
    // Looking at an earlier one shows it again.
    w.click_layer("block8", Modifiers::NONE);
    assert_eq!(w.app().state().shown().unwrap().spec.layer, "block8");
}

#[test]
fn runs_go_on_at_once_each_by_itself_and_one_of_them_is_shown_and_stopped() {
    let mut w = Window::open();
    w.set_steps(80);
    for wrong in ["0", "65", "some"] {
        let message = Message::Edit("at_once", wrong.into());
        w.harness.state_mut().send(message);
        w.harness.run_steps(2);
        assert!(w.app().state().drafts["at_once"].error.is_some(), "{wrong}");
    }
    let message = Message::Edit("at_once", "3".into());
    w.harness.state_mut().send(message);
    w.harness.state_mut().send(Message::EndEdit("at_once"));
    w.click_layer("block0", Modifiers::NONE);
    w.click_layer("block1", Modifiers::COMMAND);
    w.click_layer("block2", Modifiers::COMMAND);
    w.press(Modifiers::NONE, Key::Space);
    w.until("three runs", |app| {
        let state = app.state();
        let mut going = state.going.iter().map(|id| &state.runs[id]);
        state.going.len() == 3 && going.all(|r| r.step > 1 && r.metamer.is_some())
    });
    // The first is shown, and the others do not take its place.
    assert_eq!(w.app().state().shown().unwrap().spec.layer, "block0");
    assert!(w.shows("At once, 3 runs") && w.app().state().queue.is_empty());
    w.harness
        .get_by_label_contains("Show block1, chelsea")
        .click();
    w.harness.run_steps(2);
    assert_eq!(w.app().state().shown().unwrap().spec.layer, "block1");
    w.press(Modifiers::NONE, Key::Escape);
    w.until("one to be stopped", |app| app.state().going.len() == 2);
    let state = w.app().state();
    let phase = |layer: &str| {
        let run = state.runs.values().find(|r| r.spec.layer == layer);
        run.unwrap().phase.clone()
    };
    assert_eq!(phase("block1"), Phase::Stopped);
    assert_eq!(
        [phase("block0"), phase("block2")],
        [Phase::Running, Phase::Running]
    );
    assert!(state.shown().unwrap().is_active(), "the view goes along");
    w.until("the end", |app| !app.state().is_busy());
    let names = ["block0__s1", "block1__s1.partial", "block2__s1"];
    let names = names.map(|n| format!("chelsea__efficientnet-lite0__{n}"));
    assert_eq!(folders(&w.results()), names);
    assert_eq!(w.app().state().choices.at_once, 3);
}

#[test]
fn bad_files_are_reported_in_words_and_good_ones_become_stimuli() {
    let mut w = Window::open();
    let text = w.place.path().join("notes.png");
    std::fs::write(&text, "this is no picture").unwrap();
    w.harness.state_mut().send(Message::OpenPaths(vec![
        text.clone(),
        w.place.path().join("gone.jpg"),
    ]));
    w.until("both complaints", |app| app.state().notices.len() == 2);
    assert!(w.shows("neither PNG nor JPEG"));
    assert!(w.shows("gone.jpg"));
    assert_eq!(w.app().state().choices.stimulus, "chelsea");
    for _ in 0..2 {
        w.harness.get_all_by_label("Close").next().unwrap().click();
        // Those that stay move into the free place.
        w.harness.run_steps(5);
    }
    assert!(w.app().state().notices.is_empty());

    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stimuli/flower.png");
    let copy = w.place.path().join("my flower.png");
    std::fs::copy(picture, &copy).unwrap();
    w.press(Modifiers::COMMAND, Key::O);
    w.harness.run_steps(2);
    w.harness
        .get_by_label("Path")
        .type_text(copy.to_str().unwrap());
    w.harness.run_steps(2);
    w.harness.get_all_by_label("Open").last().unwrap().click();
    w.until("the picture", |app| {
        app.state().choices.stimulus.ends_with("my flower.png")
    });
    assert!(w.shows("Stimulus my flower"));
    let bad: Vec<_> = w.app().state().notices.iter().filter(|n| n.bad).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_pasted_picture_is_kept_and_chosen() {
    let mut w = Window::open();
    let image = egui::ColorImage::filled([40, 30], egui::Color32::from_rgb(200, 40, 90));
    w.harness.event(Event::PasteImage(Arc::new(image)));
    w.until("the pasted picture", |app| {
        app.state().choices.stimulus.contains("pasted-")
    });
    assert!(Path::new(&w.app().state().choices.stimulus).exists());
    assert!(w.shows("Stimulus pasted-"));
}

#[test]
fn choices_are_remembered_and_a_file_that_cannot_be_read_is_reported() {
    let mut w = Window::open();
    w.click("Stimulus rocket");
    w.click_layer("block11", Modifiers::NONE);
    w.harness
        .state_mut()
        .send(Message::Edit("seed", "42".into()));
    w.press(Modifiers::COMMAND, Key::T);
    let place = w.place.clone();
    let settings = place.path().join("settings.toml");
    let end = Instant::now() + PATIENCE;
    while Choices::read(&settings).map_or(0, |c| c.seed) != 42 {
        assert!(Instant::now() < end, "choices were not written");
        w.harness.step();
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(w);
    let w = Window::open_in(place.clone());
    let choices = &w.app().state().choices;
    assert_eq!((&choices.stimulus[..], choices.seed), ("rocket", 42));
    assert_eq!(choices.layers, ["block11"]);
    assert_eq!(choices.theme.title(), "Dark");
    drop(w);
    std::fs::write(&settings, "seed = \"a lot\"").unwrap();
    let w = Window::open_in(place);
    assert_eq!(w.app().state().choices.seed, 1);
    assert!(w.shows("Your remembered choices could not be read"));
}

#[test]
fn closing_while_running_asks_and_the_run_is_offered_next_time() {
    let mut w = Window::open();
    w.set_steps(40);
    w.press(Modifiers::NONE, Key::Space);
    w.until("some steps", |app| {
        app.state().shown().is_some_and(|r| r.step >= 6)
    });
    w.ask_to_close();
    w.harness.run_steps(2);
    assert!(w.shows("A run is going on"));
    assert!(!w.closes());
    w.click("Keep running");
    assert!(w.app().state().dialog.is_none() && w.app().state().active_id().is_some());
    w.ask_to_close();
    w.harness.run_steps(2);
    w.harness.get_by_label("Stop and close").click();
    let end = Instant::now() + PATIENCE;
    while !w.closes() {
        assert!(Instant::now() < end, "it does not close");
        w.harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    let step = w.app().state().runs.values().next().unwrap().step;
    assert!((6..40).contains(&step));
    let place = w.place.clone();
    drop(w);

    let mut w = Window::open_in(place);
    w.until("the offer", |app| app.state().unfinished.len() == 1);
    assert!(w.shows("Unfinished"));
    assert!(w.shows(&format!("{step} of 40 steps made")));
    w.click("Resume run");
    w.until_phase(Phase::Finished);
    assert_eq!(w.app().state().shown().unwrap().step, 40);
    assert_eq!(
        folders(&w.results()),
        ["chelsea__efficientnet-lite0__block5__s1"]
    );
    // Nothing is going on any more: nobody asks.
    w.ask_to_close();
    assert!(w.app().state().dialog.is_none());
}

#[test]
fn a_run_that_diverges_says_so_and_the_program_goes_on() {
    let mut w = Window::open();
    w.set_steps(30);
    for (field, value) in [("learning_rate", "1e39"), ("clip", "false")] {
        w.harness
            .state_mut()
            .send(Message::Edit(field, value.into()));
    }
    w.press(Modifiers::NONE, Key::Space);
    w.until("the failure", |app| {
        app.state()
            .runs
            .values()
            .any(|r| matches!(r.phase, Phase::Failed(_)))
    });
    assert!(w.shows("Stopped by an error"));
    assert!(w.shows("smaller learning_rate"));
    assert_eq!(w.app().state().mark("block5"), Mark::Failed);
    w.harness.state_mut().send(Message::Do(Action::ResetFields));
    w.set_steps(4);
    w.press(Modifiers::NONE, Key::Space);
    w.until("a good run", |app| {
        app.state()
            .runs
            .values()
            .any(|r| r.phase == Phase::Finished)
    });
}

#[test]
fn the_palette_finds_and_does_and_keys_are_listed() {
    let mut w = Window::open();
    w.press(Modifiers::COMMAND, Key::K);
    w.harness.run_steps(2);
    w.harness.get_by_label("Command").type_text("all layers");
    w.harness.run_steps(3);
    w.press(Modifiers::NONE, Key::Enter);
    w.harness.run_steps(2);
    assert!(w.app().state().dialog.is_none());
    assert_eq!(
        w.app().state().chosen_layers().count(),
        w.app().state().layers.len()
    );
    w.press(Modifiers::NONE, Key::F1);
    w.harness.run_steps(2);
    assert_eq!(w.app().state().dialog, Some(Dialog::Shortcuts));
    assert!(w.shows("Keyboard shortcuts"));
    w.press(Modifiers::NONE, Key::Escape);
    w.harness.run_steps(2);
    assert!(w.app().state().dialog.is_none());
}

/// Pictures of states that do not depend on the machine, in both themes.
mod pictures {
    use super::*;
    use egui_kittest::SnapshotOptions;

    /// Compares all but what is called `apart`; `failed` pixels may differ.
    fn compare(w: &mut Window, name: &str, apart: Option<&str>, failed: usize) {
        w.harness.run_steps(3);
        if let Some(apart) = apart {
            let apart = w.harness.get_by_label(apart).rect();
            w.harness.mask(apart);
        }
        // Where the results lie is different every time.
        let path = w.harness.get_by_label_contains("Saved in ").rect();
        w.harness.mask(egui::Rect::from_min_size(
            path.min,
            egui::vec2(200.0, path.height()),
        ));
        w.harness.snapshot_options(
            name,
            &SnapshotOptions::new()
                .threshold(0.8)
                .max_failed_pixels(failed),
        );
    }

    fn first(theme: &str) {
        let mut w = Window::drawn(theme);
        assert!(w.app().state().shown().is_none());
        // Letters may differ by a hair between rasterisers; a picture or a panel out of place is thousands of pixels.
        compare(&mut w, &format!("first_{theme}"), None, 400);
    }

    fn finished(theme: &str) {
        let mut w = Window::drawn(theme);
        w.set_steps(12);
        w.press(Modifiers::NONE, Key::Space);
        w.until_phase(Phase::Finished);
        // A dozen steps make visible pixels of the last bits, in which processors differ; so does the last digit of some
        // figures, and a point of a curve.
        let metamer = Some("Metamer picture");
        compare(&mut w, &format!("finished_{theme}"), metamer, 2500);
    }

    #[test]
    fn as_it_opens_in_the_dark_theme() {
        first("dark");
    }

    #[test]
    fn as_it_opens_in_the_light_theme() {
        first("light");
    }

    #[test]
    fn a_finished_run_in_the_dark_theme() {
        finished("dark");
    }

    #[test]
    fn a_finished_run_in_the_light_theme() {
        finished("light");
    }
}

/// A file as the system hands it over.
#[derive(Debug)]
struct DroppedPath(PathBuf);

impl egui::DroppedFile for DroppedPath {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

/// The authors' files, dropped on the window: found out, imported, used, and still there the next time.
#[test]
fn a_dropped_checkpoint_becomes_a_model_and_its_published_null_the_verdict() {
    let place = Arc::new(tempfile::tempdir().unwrap());
    let library = Library::at(place.path().join("data").join("models"));
    let mut options = options_in(&place);
    options.nulls = Arc::new(move |model| published::null_for(&library, model));
    let mut w = Window::open_with(place.clone(), options);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    for file in ["vgg19/vgg_19.ckpt", "nulls/null_py2_protocol2.pckl"] {
        let file = DroppedPath(data.join(file));
        w.harness.input_mut().dropped_files.push(Arc::new(file));
    }
    w.harness.step();
    w.until("what was found", |app| {
        matches!(app.state().dialog, Some(Dialog::Import { .. }))
    });
    for text in [
        "VGG-19 (TF-slim)",
        "38 tensors, none missing",
        "conv3_4_jittered_relu",
    ] {
        assert!(w.shows(text), "{text}");
    }
    w.harness.run_steps(5);
    w.click("Import");
    w.until("the answer", |app| app.state().dialog.is_none());
    w.until("the model", |app| {
        let state = app.state();
        state.model.as_ref().is_some_and(|m| m.name == "vgg_19") && state.layers.len() == 8
    });
    w.click_layer("conv3_4_jittered_relu", Modifiers::NONE);
    w.set_steps(12);
    w.press(Modifiers::NONE, Key::Space);
    w.until_phase(Phase::Finished);
    let run = w.app().state().shown().unwrap();
    assert_eq!(
        (&run.spec.model[..], run.elements),
        ("vgg_19", 56 * 56 * 32)
    );
    let (largest, _) = run.null.clone().unwrap();
    assert!((largest - 0.307_140_138).abs() < 1e-6, "{largest}");
    assert_eq!(run.histogram.as_ref().unwrap().total(), 2000);
    let verdict = run.verification.as_ref().unwrap();
    let spearman = &verdict.criteria["spearman"];
    assert!(
        spearman.text.contains("2000 null pairs (largest 0.3071)"),
        "{}",
        spearman.text
    );
    assert!(w.shows("pairs: rho from") && w.shows("this metamer"));
    assert!(w.shows("published by the authors, null_py2_protocol2.pckl"));
    // The next time it is chosen again by itself; and the first one is still there.
    w.harness.state_mut().send(Message::CloseRequested);
    drop(w);
    let w = Window::open_in(place);
    assert_eq!(w.app().state().imported.len(), 1);
}
