//! The window with a model that hears: what is seen, heard and made of sounds, without a display and without a sound card.

// Only the environment variable that tells ALSA where its configuration is needs it.
#![allow(unsafe_code)]

#[path = "support/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use metamer_studio::formats::wav;
use metamer_studio::gui::hearing::Below;
use metamer_studio::gui::state::{Mark, Phase};
use metamer_studio::gui::{Choices, Message};
use metamer_studio::playback::{Slot, State};
use metamer_studio::verify::Verdict;
use std::sync::OnceLock;
use window::{Window, folders};

/// The one sound device: it swallows everything, faster than it could be heard.
fn swallow() {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("asound.conf");
        std::fs::write(
            &file,
            "pcm.!default { type null }\nctl.!default { type null }\n",
        )
        .unwrap();
        // SAFETY: every test comes here before its first call to ALSA, and nothing else reads the environment.
        unsafe { std::env::set_var("ALSA_CONFIG_PATH", &file) };
        folder
    });
}

/// A window with a word network, chosen as a person would.
fn hears() -> Window {
    swallow();
    let mut w = Window::open();
    choose_model(&mut w, "Word network, aliased");
    w.until("the cochleagrams", |app| {
        app.state().model.is_some() && app.state().hearing.both()
    });
    w
}

fn choose_model(w: &mut Window, title: &str) {
    w.harness.get_by_label_contains("Model ").click();
    w.harness.run_steps(3);
    w.harness.get_by_label(title).click();
    w.harness.run_steps(3);
}

fn playback(w: &Window) -> &metamer_studio::playback::Snapshot {
    w.app().state().hearing.playback.as_ref().unwrap()
}

#[test]
fn a_person_makes_a_sound_metamer_and_sees_both_cochleagrams() {
    let mut w = hears();
    for whose in ["reference", "metamer"] {
        let label = format!("Cochleagram of the {whose}, 211 channels 20 to 8000 Hz, 2.00 s");
        assert!(w.shows(&label), "{label}");
    }
    assert!(w.shows("Waveform of the reference"));
    // The noise that the run would begin from is heard and seen already.
    let start = w.app().state().hearing.of(Slot::Metamer).unwrap().clone();
    assert_eq!(start.step, None);

    w.click_layer("conv_2", Modifiers::NONE);
    w.set_steps(12);
    w.press(Modifiers::NONE, Key::Enter);
    w.until_phase(Phase::Finished);
    w.until("the finished cochleagram", |app| {
        app.state().hearing.of(Slot::Metamer).and_then(|h| h.step) == Some(12)
    });
    let state = w.app().state();
    let run = state.shown().unwrap();
    assert_eq!(run.spec.model, "word-aliased");
    assert!(run.loss_now.unwrap() < 1.0);
    let (verdict, text) = run.verdict().unwrap();
    // The null is made up; whether the word is the same after twelve steps is not.
    assert_ne!(verdict, Verdict::Unknown, "{text}");
    assert!(text.contains("class"), "{text}");
    assert_ne!(state.mark("conv_2"), Mark::NotMade);
    let metamer = state.hearing.of(Slot::Metamer).unwrap();
    assert_ne!(metamer.cells.values(), start.cells.values());
    let difference = state.hearing.difference.as_ref().unwrap();
    let reference = state.hearing.of(Slot::Reference).unwrap();
    let cell = |c: &metamer_studio::export::Cells| c.value(100, 200).unwrap();
    assert_eq!(
        cell(difference),
        cell(&metamer.cells) - cell(&reference.cells)
    );
    let [folder] = &folders(&w.results())[..] else {
        panic!("{:?}", folders(&w.results()))
    };
    for file in ["metamer.wav", "reference.wav", "cochleagram_metamer.npy"] {
        assert!(w.results().join(folder).join(file).exists(), "{file}");
    }
}

#[test]
fn a_person_listens_switches_seeks_and_loops_by_key_and_by_click() {
    let mut w = hears();
    // In a loop it goes on for as long as it takes.
    w.press(Modifiers::NONE, Key::L);
    assert!(w.app().state().choices.listening.looping);
    w.press(Modifiers::NONE, Key::Space);
    w.until("sound", |app| {
        let now = app.state().hearing.playback.as_ref().unwrap();
        now.state == State::Playing && now.device.is_some() && now.position > 0.0
    });
    assert_eq!(playback(&w).audible, Slot::Reference);
    w.press(Modifiers::NONE, Key::Tab);
    w.until("the metamer", |app| {
        app.state().hearing.playback.as_ref().unwrap().audible == Slot::Metamer
    });
    w.click("Hear reference");
    w.until("the reference", |app| {
        app.state().hearing.playback.as_ref().unwrap().audible == Slot::Reference
    });
    w.press(Modifiers::NONE, Key::Space);
    w.until("silence", |app| {
        app.state().hearing.playback.as_ref().unwrap().state == State::Paused
    });
    let before = playback(&w).position;
    w.press(Modifiers::NONE, Key::ArrowRight);
    w.until("a place further on", |app| {
        let now = app.state().hearing.playback.as_ref().unwrap().position;
        (now - (before + 0.1).min(2.0)).abs() < 0.01
    });
    // Both are equally loud unless a person wants otherwise.
    let [Some(reference), Some(metamer)] = playback(&w).gains else {
        panic!("{:?}", playback(&w).gains)
    };
    assert!(
        metamer > reference,
        "the quiet noise is raised: {reference} dB, {metamer} dB"
    );
    w.press(Modifiers::NONE, Key::E);
    w.until("the samples' own level", |app| {
        let now = app.state().hearing.playback.as_ref().unwrap();
        now.gains[0] == now.gains[1]
    });
}

#[test]
fn a_device_that_is_not_there_is_a_sentence_and_everything_else_goes_on() {
    let mut w = hears();
    let mut listening = w.app().state().choices.listening.clone();
    listening.device = Some("no such device".into());
    w.harness.state_mut().send(Message::Listening(listening));
    w.press(Modifiers::NONE, Key::Space);
    w.until("the problem", |app| {
        let now = app.state().hearing.playback.as_ref().unwrap();
        now.problem
            .as_ref()
            .is_some_and(|p| p.starts_with("Audio unavailable"))
    });
    assert!(w.shows("Audio unavailable"));
    w.set_steps(3);
    w.press(Modifiers::NONE, Key::Enter);
    w.until_phase(Phase::Finished);
}

#[test]
fn what_stands_below_and_the_colours_are_chosen_and_remembered() {
    let mut w = hears();
    w.click("View");
    w.click("Difference");
    assert!(w.shows("Cochleagram of the difference"));
    assert!(!w.shows("Waveform of the reference"));
    assert_eq!(w.app().state().choices.listening.below, Below::Difference);
    w.click("View");
    w.click("viridis");
    let map = w.app().state().hearing.shading.unwrap().map;
    assert_eq!(map.name(), "viridis");
    let place = w.place.clone();
    let settings = place.path().join("settings.toml");
    w.until("remembered choices", |_| {
        Choices::read(&settings).is_ok_and(|c| c.listening.colours == "viridis")
    });
    drop(w);
    // The model is remembered as well, so that the cochleagrams come by themselves.
    let mut w = Window::open_in(place);
    w.until("the cochleagrams", |app| app.state().hearing.both());
    let choices = &w.app().state().choices;
    assert_eq!(choices.model, "word-aliased");
    assert_eq!(choices.listening.colours, "viridis");
}

#[test]
fn a_dropped_file_finds_a_model_of_its_sense_and_choices_come_back() {
    swallow();
    let mut w = Window::open();
    let tone: Vec<f32> = (0..30_000).map(|i| (i as f32 * 0.1).sin() * 0.3).collect();
    let path = w.place.path().join("tone.wav");
    std::fs::write(
        &path,
        wav::encode(wav::Samples::Float(&tone), 16_000, "a test", ""),
    )
    .unwrap();
    w.click_layer("block2", Modifiers::NONE);
    w.harness
        .state_mut()
        .send(Message::OpenPaths(vec![path.clone()]));
    w.until("the tone", |app| {
        app.state().hears()
            && app.state().choices.stimulus == path.to_string_lossy()
            && app.state().hearing.both()
    });
    assert!(w.shows("Stimulus tone"));
    // Back to pictures: what was chosen there is chosen again.
    choose_model(&mut w, "EfficientNet-Lite0");
    w.until("the picture", |app| {
        app.state().preview.reference.is_some() && !app.state().hears()
    });
    let choices = &w.app().state().choices;
    assert_eq!(
        (choices.stimulus.as_str(), &choices.layers[..]),
        ("chelsea", &["block2".to_owned()][..])
    );
    assert!(w.shows("Reference picture"));
}

#[test]
fn a_sound_is_looked_into_and_heard_at_every_moment_of_its_making() {
    let mut w = hears();
    w.click_layer("conv_2", Modifiers::NONE);
    w.set_steps(12);
    w.press(Modifiers::NONE, Key::Enter);
    w.until("the finished run", |app| {
        app.state().shelf.runs.len() == 1 && app.state().going.is_empty()
    });
    w.press(Modifiers::COMMAND, Key::Num3);
    w.until("what is looked into", |app| {
        let state = app.state();
        state.inspect.look.is_some() && state.inspect.loaded.is_some() && state.hearing.both()
    });
    let result = w.app().state().pair()[1].clone().unwrap();
    let label =
        |whose: &str| format!("Cochleagram of the {whose}, 211 channels 20 to 8000 Hz, 2.00 s");
    assert!(w.shows(&label("reference")) && w.shows(&label("metamer")));
    // A click plays the one that is clicked.
    w.press(Modifiers::NONE, Key::L);
    w.click(&label("metamer"));
    w.until("the metamer", |app| {
        let now = app.state().hearing.playback.as_ref().unwrap();
        now.state == State::Playing && now.audible == Slot::Metamer
    });
    w.press(Modifiers::NONE, Key::Home);
    let first = w.app().state().inspect.film.snapshots()[0].input();
    assert_ne!(first, *result);
    w.until("the first moment", |app| {
        let heard = app.state().hearing.of(Slot::Metamer);
        heard.is_some_and(|h| *h.samples == first)
    });
    w.press(Modifiers::NONE, Key::End);
    w.until("the result", |app| {
        let heard = app.state().hearing.of(Slot::Metamer);
        heard.is_some_and(|h| h.samples == result)
    });
    w.press(Modifiers::NONE, Key::Space);
    w.until("silence", |app| {
        app.state().hearing.playback.as_ref().unwrap().state == State::Paused
    });

    // Without a divider the arrows move in the sound, with one they move the divider.
    w.press(Modifiers::NONE, Key::Num2);
    w.harness.run_steps(2);
    for whose in ["reference", "metamer", "difference"] {
        assert!(w.shows(&label(whose)), "{whose}");
    }
    let (wipe, position) = (w.app().state().inspect.wipe, playback(&w).position);
    w.press(Modifiers::NONE, Key::ArrowRight);
    w.harness.run_steps(2);
    assert!(w.app().state().inspect.wipe > wipe);
    assert_eq!(playback(&w).position, position);

    // The maps of a layer show the same seconds and frequencies.
    w.press(Modifiers::NONE, Key::Plus);
    let region = w.app().state().region();
    assert!(
        (region.right - region.left - 0.8).abs() < 1e-9,
        "{region:?}"
    );
    assert!(
        (region.top - region.bottom - 0.8).abs() < 1e-9,
        "{region:?}"
    );
    let look = w.app().state().inspect.look.as_ref().unwrap();
    assert_eq!(look.of.channels.layer, "conv_2");
    let [rows, columns] = look.of.channels.map_size();
    assert!(rows > 1 && columns > 1);
    assert!(w.shows(&format!("Activations of channel {}, metamer", look.channel)));
    w.press(Modifiers::NONE, Key::Num0);
    assert_eq!(w.app().state().region().left, 0.0);
}
