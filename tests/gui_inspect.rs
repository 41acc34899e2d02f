//! One metamer looked into, by accessible label and key: comparing, zooming, activations, the film.

#[path = "support/window.rs"]
mod window;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use metamer_studio::export::Kind;
use metamer_studio::formats::npy;
use metamer_studio::gui::inspect::{BLINK_RATES, Mode};
use metamer_studio::gui::ladder::Focus;
use metamer_studio::gui::page::Page;
use metamer_studio::gui::state::Phase;
use metamer_studio::gui::{LibraryMessage, Message};
use metamer_studio::session::{History, history};
use std::sync::Arc;
use window::Window;

const NONE: Modifiers = Modifiers::NONE;

/// Makes a metamer of `steps` steps at block5 and turns to it.
fn inspected(steps: u64) -> Window {
    let mut w = Window::open();
    make(&mut w, "block5", steps);
    turn(&mut w);
    w
}

fn make(w: &mut Window, layer: &str, steps: u64) {
    w.click_layer(layer, NONE);
    w.set_steps(steps);
    let before = w.app().state().shelf.runs.len();
    w.press(NONE, Key::Space);
    w.until("the finished run", |app| {
        app.state().shelf.runs.len() > before && app.state().going.is_empty()
    });
}

fn turn(w: &mut Window) {
    w.press(Modifiers::COMMAND, Key::Num3);
    assert_eq!(w.app().state().page, Page::Inspect);
    w.until("what is looked into", |app| {
        let inspect = &app.state().inspect;
        inspect.loaded.is_some() && inspect.look.is_some()
    });
}

/// What a screen reader says of the value of something.
fn value(w: &Window, label: &str) -> String {
    let node = w.harness.get_by_label(label);
    node.accesskit_node().value().unwrap_or_default()
}

#[test]
fn an_empty_page_teaches_and_leads_on() {
    let mut w = Window::open();
    w.press(Modifiers::COMMAND, Key::Num3);
    w.harness.run_steps(2);
    assert!(w.shows("Nothing is looked into yet"));
    assert!(w.shows("with the largest error first"));
    w.click("Go to the ladder");
    assert_eq!(w.app().state().page, Page::Ladder);
}

#[test]
fn the_pair_is_compared_in_four_ways_by_key_and_by_click() {
    let mut w = inspected(12);
    assert!(w.shows("chelsea, block5, seed 1"));
    assert!(w.shows("Reference picture") && w.shows("Metamer picture"));
    w.press(NONE, Key::Num2);
    w.harness.run_steps(2);
    assert!(w.shows("Pair with a divider") && w.shows("Difference picture"));
    assert!(!w.shows("Metamer picture"));
    let before = w.app().state().inspect.wipe;
    w.press(NONE, Key::ArrowRight);
    w.press(NONE, Key::ArrowRight);
    w.press(NONE, Key::ArrowLeft);
    let moved = w.app().state().inspect.wipe - before;
    assert!((moved - 0.02).abs() < 1e-6, "{moved}");
    // The divider has the keyboard itself, too.
    w.harness
        .get_by_role_and_label(Role::Slider, "Divider")
        .focus();
    w.harness.run_steps(2);
    w.press(NONE, Key::ArrowLeft);
    assert!((w.app().state().inspect.wipe - before).abs() < 1e-6);

    w.click("Blink");
    assert_eq!(w.app().state().inspect.mode, Mode::Blink);
    assert!(BLINK_RATES.iter().all(|rate| *rate <= 3.0));
    assert_eq!(w.app().state().inspect.blink, 1.0);
    assert!(w.shows("Pair, blinking") && w.shows("Difference picture"));
    w.press(NONE, Key::R);
    assert_eq!(w.app().state().inspect.blink, 2.0);

    w.press(NONE, Key::Num4);
    w.harness.run_steps(2);
    assert!(w.shows("Metamer picture") && w.shows("Difference picture"));
    w.press(NONE, Key::Num1);
    w.harness.run_steps(2);
    assert!(w.shows("Reference picture") && !w.shows("Difference picture"));
}

#[test]
fn pixels_are_read_out_and_both_zoom_together() {
    let mut w = inspected(12);
    // The pointer leaves the picture, where it would be what is zoomed about.
    w.click("Show all");
    w.press(NONE, Key::Plus);
    w.click("Zoom in");
    let extent = w.app().state().inspect.picture.extent();
    assert!((extent - 0.64).abs() < 1e-9, "{extent}");
    w.harness.get_by_label("Metamer picture").focus();
    w.harness.run_steps(2);
    for key in [Key::ArrowRight, Key::ArrowDown, Key::ArrowDown] {
        w.press(NONE, key);
    }
    w.harness.run_steps(2);
    let [x, y] = w.app().state().inspect.picture.pixel().unwrap();
    // The middle of 224 pixels is 112; one to the right, two down.
    assert_eq!([x, y], [113, 114]);
    let [reference, metamer] = w.app().state().pair().map(Option::unwrap);
    let level = |all: &[f32], c: usize| (all[c * 224 * 224 + y * 224 + x] * 255.0).round();
    let levels = |all: &[f32]| [0, 1, 2].map(|c| level(all, c).to_string()).join(" ");
    let (a, b) = (levels(&reference), levels(&metamer));
    for label in ["Reference picture", "Metamer picture"] {
        let said = value(&w, label);
        let expected = format!("x 113, y 114, reference {a}, metamer {b}, difference ");
        assert!(said.starts_with(&expected), "{said}");
    }
    // The maps show the same part, and read the same place.
    let said = value(&w, &map_label(&w, "metamer"));
    let size = w.app().state().inspect.look.as_ref().unwrap().maps[0].rows();
    let cell = |p: usize| (p as f64 + 0.5) / 224.0 * size as f64;
    let place = format!("row {}, column {}", cell(114) as usize, cell(113) as usize);
    assert!(said.starts_with(&place), "{said} at {place}");
    w.press(NONE, Key::Num0);
    assert_eq!(w.app().state().inspect.picture.extent(), 1.0);
}

fn map_label(w: &Window, which: &str) -> String {
    let channel = w.app().state().inspect.look.as_ref().unwrap().channel;
    format!("Activations of channel {channel}, {which}")
}

#[test]
fn any_layer_is_shown_channel_by_channel_with_the_largest_error_first() {
    let mut w = inspected(30);
    let run = w.app().state().shelf.runs[0].clone();
    let rho = |layer: &str| {
        let all = &run.verification.as_ref().unwrap().layers["block5"];
        all[layer].spearman.0
    };
    let look = w.app().state().inspect.look.clone().unwrap();
    let channels = &look.of.channels;
    assert_eq!(
        (&channels.layer[..], &channels.shape[..]),
        ("block5", &[80, 14, 14][..])
    );
    assert!((channels.comparison.spearman.0 - rho("block5")).abs() < 1e-4);
    assert_eq!(look.channel, channels.errors[0].channel);
    assert_eq!(look.shading.high.max(-look.shading.low), {
        let ends = look
            .maps
            .iter()
            .flat_map(|m| [m.range().0.abs(), m.range().1.abs()]);
        ends.fold(0.0, f32::max)
    });
    assert!(w.shows("place 1 of 80 by error"));

    w.press(NONE, Key::PageDown);
    w.harness.run_steps(2);
    let second = channels.errors[1].channel;
    assert_eq!(
        w.app().state().inspect.look.as_ref().unwrap().channel,
        second
    );
    assert!(w.shows(&format!("Activations of channel {second}, reference")));
    w.click("Channel with more error");
    assert_eq!(
        w.app().state().inspect.look.as_ref().unwrap().channel,
        look.channel
    );
    // The bars have the keyboard themselves.
    let bars = "Channels by error";
    w.harness.get_by_label(bars).focus();
    w.harness.run_steps(2);
    w.press(NONE, Key::ArrowRight);
    w.press(NONE, Key::ArrowRight);
    w.harness.run_steps(2);
    let third = channels.errors[2].channel;
    assert!(
        value(&w, bars).starts_with(&format!("channel {third}, ")),
        "{}",
        value(&w, bars)
    );
    // A click in the middle of the bars shows the channel that stands there.
    w.click(bars);
    let middle = w.app().state().inspect.look.as_ref().unwrap().channel;
    assert!([39, 40].contains(&channels.error(middle).unwrap().0));

    w.click("Next layer to inspect");
    w.until("the next layer", |app| {
        let look = app.state().inspect.look.as_ref();
        look.is_some_and(|l| l.of.channels.layer == "block6")
    });
    w.harness.get_by_label("Next layer to inspect").focus();
    w.press(NONE, Key::Escape);
    for _ in 0..40 {
        w.press(NONE, Key::ArrowDown);
    }
    let last = w.app().state().layers.last().unwrap().name.clone();
    w.until("the last layer", |app| {
        let look = app.state().inspect.look.as_ref();
        look.is_some_and(|l| l.of.channels.layer == last)
    });
    let look = w.app().state().inspect.look.as_ref().unwrap();
    // The classes are single units, laid out without a gap.
    assert!(look.of.channels.is_flat());
    assert_eq!((look.maps[0].rows(), look.maps[0].columns()), (25, 40));
    assert!((look.of.channels.comparison.spearman.0 - rho(&last)).abs() < 1e-4);
    assert!(w.shows("Activations of all units, metamer"));
}

#[test]
fn the_film_is_gone_through_played_and_looped() {
    let mut w = inspected(60);
    let folder = w.app().state().shelf.runs[0].folder.clone();
    let written = History::read(&folder.join(history::FILE)).unwrap();
    assert_eq!(w.app().state().inspect.film.snapshots(), written.snapshots);
    let exact = npy::read(&folder.join("metamer.npy")).unwrap().values;
    assert_eq!(*w.app().state().pair()[1].clone().unwrap(), exact);
    assert!(w.shows("Film, step 60 of 60"));

    w.press(NONE, Key::Home);
    w.harness.run_steps(2);
    assert_eq!(
        *w.app().state().pair()[1].clone().unwrap(),
        written.snapshots[0].input()
    );
    assert!(w.shows("Film, step 0 of 60"));
    w.press(NONE, Key::Period);
    w.press(NONE, Key::ArrowRight);
    w.press(NONE, Key::Comma);
    assert_eq!(w.app().state().inspect.film.at(), Some(1));
    // What is looked at are the activations at that moment.
    w.until("the activations at that moment", |app| {
        let [_, metamer] = app.state().pair();
        let look = app.state().inspect.look.as_ref();
        look.zip(metamer)
            .is_some_and(|(l, m)| Arc::ptr_eq(&l.of.pair[1], &m))
    });
    let then = w
        .app()
        .state()
        .inspect
        .look
        .as_ref()
        .unwrap()
        .of
        .channels
        .comparison;
    let slider = w
        .harness
        .get_by_role_and_label(Role::Slider, "Moment of the film");
    assert_eq!(slider.accesskit_node().value().unwrap(), "step 1");
    slider.focus();
    w.harness.run_steps(2);
    w.press(NONE, Key::ArrowLeft);
    assert_eq!(w.app().state().inspect.film.at(), Some(0));

    w.click("Play the film");
    assert!(w.app().state().inspect.film.is_playing());
    w.until("the middle", |app| {
        app.state().inspect.film.at() >= Some(20)
    });
    w.press(NONE, Key::P);
    assert!(!w.app().state().inspect.film.is_playing());
    let held = w.app().state().inspect.film.at();
    w.harness.run_steps(5);
    assert_eq!(w.app().state().inspect.film.at(), held);
    w.press(NONE, Key::P);
    w.until("the end", |app| !app.state().inspect.film.is_playing());
    assert_eq!(*w.app().state().pair()[1].clone().unwrap(), exact);
    w.until("the activations of the result", |app| {
        let look = app.state().inspect.look.as_ref().unwrap();
        look.of.channels.comparison.spearman.0 > then.spearman.0
    });
    // It can be written as an animation; what would be written is shown first.
    w.click("Export film…");
    w.until("the preview", |app| {
        let exporting = app.state().exporting.as_ref();
        exporting.is_some_and(|e| e.kind == Kind::Animation && e.preview.is_some())
    });
    let preview = w.app().state().exporting.as_ref().unwrap().preview.as_ref();
    assert!(matches!(preview, Some(Ok(_))), "{preview:?}");
    w.harness.state_mut().send(Message::Show(None));
    w.press(NONE, Key::O);
    w.press(NONE, Key::End);
    w.harness.get_by_label("Play the film").focus();
    w.harness.run_steps(2);
    w.press(NONE, Key::Enter);
    w.until("the second round", |app| {
        let film = &app.state().inspect.film;
        film.at() >= Some(40)
    });
    w.until("the second round", |app| {
        let film = &app.state().inspect.film;
        film.is_playing() && film.at() <= Some(10)
    });
    // Who turns away does not leave it running.
    w.press(Modifiers::COMMAND, Key::Num1);
    assert!(!w.app().state().inspect.film.is_playing());
}

#[test]
fn a_run_that_goes_on_is_looked_into_and_followed() {
    let mut w = Window::open();
    w.set_steps(4000);
    w.press(NONE, Key::Space);
    w.until("some steps", |app| {
        app.state().shown().is_some_and(|r| r.step >= 3)
    });
    w.press(Modifiers::COMMAND, Key::Num3);
    w.until("activations and frames", |app| {
        let inspect = &app.state().inspect;
        inspect.look.is_some() && inspect.film.snapshots().len() >= 4
    });
    assert!(matches!(w.app().state().focus, Some(Focus::Run(_))));
    w.press(NONE, Key::Home);
    let start = w.app().state().inspect.film.snapshots()[0].input();
    let before = w.app().state().runs.values().next().unwrap().step;
    w.until("ten steps more", |app| {
        app.state().runs.values().next().unwrap().step > before + 10
    });
    // The run goes on; what is looked at stays.
    assert_eq!(*w.app().state().pair()[1].clone().unwrap(), start);
    w.press(NONE, Key::End);
    let run = w.app().state().runs.values().next().unwrap();
    let newest = run.metamer.as_ref().unwrap().1.clone();
    assert!(Arc::ptr_eq(
        &w.app().state().pair()[1].clone().unwrap(),
        &newest
    ));
    w.press(NONE, Key::Escape);
    w.until("the end", |app| {
        let run = app.state().runs.values().next().unwrap();
        run.phase == Phase::Stopped
    });
    assert!(w.shows("Metamer picture"));
}

#[test]
fn the_table_has_a_row_for_every_layer_of_which_there_is_a_metamer() {
    let mut w = Window::open();
    make(&mut w, "block3", 8);
    make(&mut w, "block5", 8);
    turn(&mut w);
    let table = &w.app().state().inspect.table;
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|r| (&r.matched[..], r.here))
        .collect();
    assert_eq!(rows, [("block3", false), ("block5", true)]);
    let layers = w.app().state().layers.len();
    assert_eq!(table.layers.len(), layers);
    assert!(table.rows.iter().all(|r| r.rho.iter().all(Option::is_some)));
    let label = format!("Rho of 2 metamers at {layers} layers");
    w.harness.get_by_label(&label).focus();
    w.harness.run_steps(2);
    w.press(NONE, Key::ArrowDown);
    w.press(NONE, Key::ArrowRight);
    w.harness.run_steps(2);
    let said = value(&w, &label);
    let second = w.app().state().layers[1].name.clone();
    assert!(
        said.starts_with(&format!("matched block5, at {second}: rho ")),
        "{said}"
    );
    w.press(NONE, Key::Enter);
    w.until("that layer", |app| {
        let look = app.state().inspect.look.as_ref();
        look.is_some_and(|l| l.of.channels.layer == second)
    });
}

#[test]
fn a_run_without_history_says_so_and_everything_else_is_there() {
    let mut w = Window::open();
    make(&mut w, "block5", 6);
    let folder = w.app().state().shelf.runs[0].folder.clone();
    std::fs::remove_file(folder.join(history::FILE)).unwrap();
    turn(&mut w);
    w.harness.run_steps(2);
    assert!(!w.app().state().inspect.film.any());
    assert!(w.app().state().inspect.look.is_some());
    w.press(NONE, Key::P);
    assert!(!w.app().state().inspect.film.is_playing());

    // A damaged one is told as such.
    std::fs::write(folder.join(history::FILE), "this is no archive").unwrap();
    let mut w = Window::open_in(w.place.clone());
    w.until("the library", |app| app.state().shelf.runs.len() == 1);
    let open = LibraryMessage::Open(folder, Page::Inspect);
    w.harness.state_mut().send(Message::Library(open));
    w.until("the complaint", |app| app.state().inspect.error.is_some());
    w.harness.run_steps(2);
    assert!(w.shows("Not an .npz archive"));
}

/// What the page looks like. Pixels that depend on the kind of processor are left out.
mod drawn {
    use super::*;
    use egui_kittest::{Harness, SnapshotOptions};
    use metamer_studio::gui::App;
    use metamer_studio::gui::inspect::InspectMessage;

    fn drawn(theme: &str, steps: u64) -> Window {
        let place = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(
            place.path().join("settings.toml"),
            format!("theme = \"{theme}\"\n"),
        )
        .unwrap();
        let mut options = window::options_in(&place);
        options.hide_machine = true;
        let harness = Harness::builder()
            .with_size([1280.0, 720.0])
            .with_theme(match theme {
                "light" => egui::Theme::Light,
                _ => egui::Theme::Dark,
            })
            .with_render_cursor(false)
            .wgpu()
            .build_eframe(move |cc| App::new(cc, options).expect("the window opens"));
        let mut w = Window { harness, place };
        w.until("the model", |app| app.state().preview.reference.is_some());
        if steps > 0 {
            make(&mut w, "block5", steps);
            turn(&mut w);
            // Which channel has the largest error may depend on the last bits.
            let message = Message::Inspect(InspectMessage::Channel(7));
            w.harness.state_mut().send(message);
            let notices: Vec<u64> = w.app().state().notices.iter().map(|n| n.id).collect();
            for id in notices {
                w.harness.state_mut().send(Message::Dismiss(id));
            }
        } else {
            w.press(Modifiers::COMMAND, Key::Num3);
        }
        // Nothing is read out.
        w.harness.event(egui::Event::PointerGone);
        w.harness.run_steps(3);
        w
    }

    fn compare(w: &mut Window, name: &str, apart: &[&str], failed: usize) {
        for label in apart {
            let rect = w.harness.get_by_label(label).rect();
            w.harness.mask(rect);
        }
        let options = SnapshotOptions::new()
            .threshold(0.8)
            .max_failed_pixels(failed);
        w.harness.snapshot_options(name, &options);
    }

    fn page(theme: &str) {
        let mut w = drawn(theme, 12);
        let apart = [
            "Metamer picture",
            "Activations of channel 7, metamer",
            "Channels by error",
            "Scatter of the channel's activations",
        ];
        compare(&mut w, &format!("inspect_{theme}"), &apart, 3500);
    }

    #[test]
    fn the_page_in_the_dark_theme() {
        page("dark");
    }

    #[test]
    fn the_page_in_the_light_theme() {
        page("light");
    }

    fn empty(theme: &str) {
        let mut w = drawn(theme, 0);
        compare(&mut w, &format!("inspect_empty_{theme}"), &[], 400);
    }

    #[test]
    fn the_empty_page_in_the_dark_theme() {
        empty("dark");
    }

    #[test]
    fn the_empty_page_in_the_light_theme() {
        empty("light");
    }
}
