//! Every view beside the first: what it looks like in both themes, and that nothing on it needs a mouse.

#[path = "support/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable;
use metamer_studio::gui::action::Action;
use metamer_studio::gui::page::Page;
use metamer_studio::gui::state::Dialog;
use metamer_studio::gui::{App, Message};
use window::Window;

const LAYERS: [&str; 2] = ["stem", "block2"];

fn act(w: &mut Window, action: Action) {
    w.harness.state_mut().send(Message::Do(action));
    w.harness.run_steps(2);
}

fn planned(app: &App) -> bool {
    let exporting = app.state().exporting.as_ref();
    exporting.is_some_and(|e| matches!(e.preview, Some(Ok(_))))
}

/// Pictures of states that do not depend on the machine, in both themes.
mod pictures {
    use super::*;

    /// Compares all but what has one of these texts in its label: what a few steps made, of which the last bits differ
    /// between processors and become visible, and where the results lie.
    fn compare(w: &mut Window, name: &str, theme: &str, apart: &[&str]) {
        w.harness.run_steps(4);
        let rects: Vec<egui::Rect> = apart
            .iter()
            .flat_map(|text| w.harness.query_all_by_label_contains(text))
            .map(|n| n.rect())
            .collect();
        assert!(rects.len() >= apart.len(), "{apart:?}");
        rects.into_iter().for_each(|r| w.harness.mask(r));
        // Letters may differ by a hair between rasterisers; what is out of place is thousands of pixels.
        let options = SnapshotOptions::new()
            .threshold(0.8)
            .max_failed_pixels(1500);
        w.harness
            .snapshot_options(format!("{name}_{theme}"), &options);
    }

    fn all(theme: &str) {
        let mut w = Window::drawn(theme);
        w.make_ladder(&LAYERS);
        compare(&mut w, "ladder", theme, &[", seed 1: "]);

        w.key(Key::F5);
        w.until("the presentation", |app| {
            app.state()
                .presentation
                .as_ref()
                .is_some_and(|p| p.slide().is_some())
        });
        w.key(Key::Home);
        // The line with the keys goes by itself.
        w.harness.run_steps(40);
        compare(&mut w, "presentation", theme, &[]);
        w.key(Key::Escape);

        act(&mut w, Action::Abx);
        w.until("the trials", |app| app.state().trials.is_some());
        compare(&mut w, "trials", theme, &[]);
        w.key(Key::Escape);

        w.press(Modifiers::COMMAND, Key::Num4);
        w.until("the small pictures", |app| {
            app.state().shelf.thumbnails.len() == 2
        });
        w.key(Key::ArrowDown);
        compare(&mut w, "library", theme, &["in …"]);

        w.press(Modifiers::COMMAND, Key::E);
        w.until("the preview", planned);
        let places = ["Export to", "chelsea.html", "in …"];
        compare(&mut w, "export", theme, &places);
    }

    #[test]
    fn every_view_in_the_dark_theme() {
        all("dark");
    }

    #[test]
    fn every_view_in_the_light_theme() {
        all("light");
    }
}

#[test]
fn the_ladder_and_its_export_need_no_mouse() {
    let mut w = Window::open();
    w.make_ladder(&LAYERS);
    w.key(Key::ArrowRight);
    w.key(Key::Enter);
    assert_eq!(w.app().state().page, Page::Inspect);
    w.press(Modifiers::COMMAND, Key::Num2);
    w.press(Modifiers::COMMAND, Key::E);
    w.until("the preview", planned);
    w.tab_to("Stimuli with a table");
    w.key(Key::Space);
    w.until("the other preview", |app| {
        planned(app)
            && app
                .state()
                .exporting
                .as_ref()
                .is_some_and(|e| !e.out.ends_with("html"))
    });
    let out = w.app().state().exporting.as_ref().map(|e| e.out.clone());
    w.tab_to("Write");
    w.key(Key::Enter);
    w.until("what is written", |app| app.state().exporting.is_none());
    let out = std::path::PathBuf::from(out.expect("a place"));
    assert!(out.join("stimuli.csv").exists(), "{}", out.display());
}

#[test]
fn the_library_needs_no_mouse() {
    let mut w = Window::open();
    w.make_ladder(&LAYERS);
    w.press(Modifiers::COMMAND, Key::Num4);
    w.harness.run_steps(2);
    w.press(Modifiers::COMMAND, Key::F);
    w.harness.run_steps(2);
    w.harness.get_by_label("Find runs").type_text("stem");
    w.harness.run_steps(2);
    assert_eq!(w.app().state().library.rows.len(), 1);
    w.key(Key::Escape);
    w.key(Key::ArrowDown);
    w.tab_to("Reproduce");
    w.key(Key::Space);
    w.until("the comparison", |app| {
        let mut notices = app.state().notices.iter();
        notices.any(|n| n.text.contains("equal to the bit"))
    });
    w.key(Key::Escape);
    w.key(Key::Delete);
    w.until("it to be gone", |app| app.state().shelf.deleted.len() == 1);
    w.press(Modifiers::COMMAND, Key::Z);
    w.until("it to be back", |app| app.state().shelf.runs.len() == 2);
    w.key(Key::Enter);
    assert_eq!(w.app().state().page, Page::Inspect);
}

#[test]
fn guessing_needs_no_mouse() {
    let mut w = Window::open();
    w.make_ladder(&LAYERS);
    act(&mut w, Action::Guess);
    w.until("the trials", |app| app.state().trials.is_some());
    w.tab_to("Present");
    w.key(Key::Space);
    w.tab_to("Answer");
    w.harness.get_by_label("Answer").type_text("Egyptian cat");
    w.harness.run_steps(2);
    w.tab_to("Egyptian cat");
    w.key(Key::Enter);
    let answers = |w: &Window| {
        w.app()
            .state()
            .trials
            .as_ref()
            .map_or(0, |t| t.answers.len())
    };
    assert_eq!(answers(&w), 1);
    w.key(Key::Escape);
    w.key(Key::Escape);
    assert!(w.app().state().trials.is_none());
}

#[test]
fn the_tour_is_taken_and_left_by_keys() {
    let mut w = Window::open();
    act(&mut w, Action::Tour);
    for stop in 1..6 {
        w.key(Key::Enter);
        assert_eq!(w.app().state().tour, Some(stop));
        assert_eq!(w.app().state().preparing, 0, "nothing was started by it");
    }
    w.key(Key::Backspace);
    assert_eq!(w.app().state().tour, Some(4));
    w.key(Key::Escape);
    assert_eq!(w.app().state().tour, None);
    assert!(w.app().state().queue.is_empty() && w.app().state().runs.is_empty());
}

#[test]
fn a_file_is_found_and_opened_without_the_systems_dialog() {
    let mut w = Window::open();
    let folder = w.place.path().join("Pictures");
    std::fs::create_dir_all(folder.join("deeper")).unwrap();
    let cat = image::RgbImage::from_fn(300, 260, |x, y| image::Rgb([x as u8, y as u8, 90]));
    for name in ["cat.png", "deeper/second.png"] {
        cat.save(folder.join(name)).unwrap();
    }
    let chosen = |app: &App, name: &str| app.state().choices.stimulus.ends_with(name);

    // What was typed is accepted by Enter, and what does not exist is complained about.
    w.press(Modifiers::COMMAND, Key::O);
    w.harness.run_steps(3);
    let typed = folder.join("cat.png").display().to_string();
    w.harness.get_by_label("Path").type_text("/nowhere.png");
    w.harness.run_steps(2);
    w.key(Key::Enter);
    assert!(w.shows("There is no such file"));
    w.key(Key::Escape);
    w.press(Modifiers::COMMAND, Key::O);
    w.harness.run_steps(3);
    w.harness.get_by_label("Path").type_text(&typed);
    w.harness.run_steps(2);
    w.key(Key::Enter);
    w.until("the picture", |app| chosen(app, "cat.png"));
    assert_eq!(w.app().state().dialog, None);

    // The next time its folder is offered, and gone through by Tab and Enter.
    w.press(Modifiers::COMMAND, Key::O);
    let offered = |app: &App, name: &str| match &app.state().dialog {
        Some(Dialog::Path { offers, .. }) => offers.iter().any(|o| o.name == name),
        _ => false,
    };
    w.until("the folder", |app| offered(app, "deeper"));
    w.tab_to("Go into deeper");
    w.key(Key::Enter);
    w.until("what is in it", |app| offered(app, "second.png"));
    w.tab_to("Open second.png");
    w.key(Key::Space);
    w.until("the other picture", |app| chosen(app, "second.png"));
}

#[test]
fn what_was_made_is_in_the_ladder_and_the_palette_knows_the_page() {
    let mut w = Window::open();
    let seven = w.app().state().ladder_layers().len();
    let layer = w.app().state().layers.iter().map(|l| l.name.clone());
    let ladder: Vec<String> = w
        .app()
        .state()
        .ladder_layers()
        .iter()
        .map(|l| l.name.clone())
        .collect();
    let other = layer
        .into_iter()
        .find(|l| !ladder.contains(l))
        .expect("a layer");
    w.click_layer(&other, Modifiers::NONE);
    w.set_steps(4);
    w.key(Key::Space);
    w.until_phase(metamer_studio::gui::state::Phase::Finished);
    w.press(Modifiers::COMMAND, Key::Num2);
    w.until("the shelf", |app| app.state().shelf.runs.len() == 1);
    let state = w.app().state();
    assert_eq!(state.ladder_layers().len(), seven + 1);
    assert!(state.selected().is_some_and(|r| r.folder().is_some()));
    w.key(Key::Enter);
    assert_eq!(w.app().state().page, Page::Inspect);
    w.press(Modifiers::COMMAND, Key::K);
    w.harness.run_steps(2);
    w.harness.get_by_label("Command").type_text("blink");
    w.harness.run_steps(3);
    w.key(Key::Enter);
    assert_eq!(
        w.app().state().inspect.mode,
        metamer_studio::gui::inspect::Mode::Blink
    );
}
