//! Cochleagrams and waveforms as a person uses them: found by label, pointed at, zoomed, moved, clicked, and looked at.

use egui::{
    Event, Key, Modifiers, MouseWheelUnit, Pos2, Rect, Theme, TouchPhase, Ui, Vec2, pos2, vec2,
};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotOptions};
use metamer_studio::export::{Cells, ColourMap, Shading};
use metamer_studio::gui::sound_view::{SoundAxes, SoundView, Span, reading};
use metamer_studio::gui::{Cochleagram, Margins, Waveform, heatmap, read_out, theme};
use metamer_studio::layers::Layer;
use metamer_studio::network::registry;
use metamer_studio::session::{Stimulus, device};
use metamer_studio::stimulus::Crop;
use metamer_studio::stimulus::random::{Purpose, Random};
use std::sync::{Arc, OnceLock};

/// A real sound and another one made of it, with their cochleagrams.
struct Pair {
    axes: SoundAxes,
    sounds: [Arc<Vec<f32>>; 2],
    maps: [Arc<Cells>; 2],
    difference: Arc<Cells>,
}

/// The embedded sentence, and the same under noise, through the front end of 2019.
fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let model = registry::load("cochleagram-feather2019").unwrap();
        let node = model.graph.node(model.logits);
        let Layer::Cochleagram(layer) = &node.layer else {
            panic!("{} is no cochleagram", node.name)
        };
        let speech = Stimulus::load("austen").unwrap();
        let speech = speech.prepare(&model.input, Crop::Feather2023).unwrap();
        let noise = Random::new(1, Purpose::Start).normals(speech.len(), 0.0, 0.02);
        let noisy: Vec<f32> = speech.iter().zip(&noise).map(|(s, n)| s + n).collect();
        let mut executor = device::executor(model.graph.clone(), "cpu", 1).unwrap();
        let sounds = [Arc::new(speech), Arc::new(noisy)];
        let maps = [0, 1].map(|i| {
            executor.forward(&sounds[i], model.logits).unwrap();
            let values = executor.activation(model.logits).unwrap().into_owned();
            Arc::new(Cells::new(layer.channels(), layer.frames(), values).unwrap())
        });
        Pair {
            axes: SoundAxes::of(layer),
            difference: Arc::new(maps[1].minus(&maps[0]).unwrap()),
            sounds,
            maps,
        }
    })
}

/// A window with all of a pair, as the program would show it.
struct Stage {
    view: SoundView,
    playhead: Option<f64>,
    played: Vec<f64>,
    scroll: bool,
    map: ColourMap,
    arrived: bool,
}

impl Stage {
    fn new() -> Self {
        Self {
            view: SoundView::new(2.0, 211),
            playhead: None,
            played: vec![],
            scroll: false,
            map: ColourMap::Magma,
            arrived: true,
        }
    }

    fn show(&mut self, ui: &mut Ui) {
        let pair = pair();
        let t = theme::tokens(ui);
        let [reference, metamer] = &pair.maps;
        let shading = Shading::shared(self.map, [&**reference, &**metamer]);
        let signed = Shading::shared(self.map.for_difference(), [&*pair.difference]);
        let width = ui.available_width();
        let area = |ui: &mut Ui, height: f32| {
            ui.allocate_exact_size(vec2(width, height), egui::Sense::hover())
                .0
        };
        let mut done = vec![];
        let drawings = [
            ("the reference", Some(reference), &shading, false),
            (
                "the metamer",
                self.arrived.then_some(metamer),
                &shading,
                false,
            ),
            ("the difference", Some(&pair.difference), &signed, true),
        ];
        for (name, cells, shading, seconds) in drawings {
            let area = area(ui, if seconds { 188.0 } else { 170.0 });
            let cochleagram = Cochleagram {
                name,
                cells,
                empty: "The metamer will be here once a run has begun",
                axes: &pair.axes,
                shading,
                view: &self.view,
                playhead: self.playhead,
                margins: Margins {
                    seconds,
                    ..Margins::default()
                },
            };
            done.push(cochleagram.show(ui, area));
        }
        let peak = pair
            .sounds
            .iter()
            .flat_map(|s| s.iter())
            .fold(0.0f32, |p, v| p.max(v.abs()));
        let names = ["the reference", "the metamer"];
        for ((name, samples), colour) in names
            .into_iter()
            .zip(&pair.sounds)
            .zip([t.reference, t.accent])
        {
            let area = area(ui, 60.0);
            let waveform = Waveform {
                name,
                samples,
                rate: 20_000.0,
                peak,
                colour,
                view: &self.view,
                playhead: self.playhead,
                margins: Margins {
                    seconds: false,
                    ..Margins::default()
                },
            };
            done.push(waveform.show(ui, area));
        }
        let maps = [&**reference, &**metamer, &pair.difference];
        let reading = reading::read(&pair.axes, self.view.cursor(), &maps);
        read_out(
            ui,
            reading.as_ref(),
            &["Reference", "Metamer", "Difference"],
        );
        for response in done {
            response
                .changes
                .into_iter()
                .for_each(|c| self.view.apply(c));
            self.played.extend(response.play_from);
        }
    }
}

impl eframe::App for Stage {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        egui::CentralPanel::default().show(ui, |ui| {
            if self.scroll {
                egui::ScrollArea::vertical().show(ui, |ui| self.show(ui));
            } else {
                self.show(ui);
            }
        });
    }
}

struct Window {
    harness: Harness<'static, Stage>,
}

impl Window {
    fn open(stage: Stage, size: Vec2) -> Self {
        Self {
            harness: Harness::builder()
                .with_size(size)
                .with_step_dt(1.0 / 60.0)
                .build_eframe(|cc| {
                    theme::install(&cc.egui_ctx);
                    heatmap::install(&cc.egui_ctx, cc.wgpu_render_state.as_ref());
                    stage
                }),
        }
    }

    fn view(&self) -> SoundView {
        self.harness.state().view
    }

    fn rect(&self, label: &str) -> Rect {
        self.harness.get_by_label_contains(label).rect()
    }

    /// The middle of a drawing, or a share of its width and height.
    fn at(&self, label: &str, x: f32, y: f32) -> Pos2 {
        let rect = self.rect(label);
        pos2(
            rect.left() + x * rect.width(),
            rect.top() + y * rect.height(),
        )
    }

    fn point(&mut self, at: Pos2) {
        self.harness.hover_at(at);
        self.harness.run_steps(2);
    }

    /// Turns the wheel and waits until egui has smoothed it away.
    fn wheel(&mut self, delta: Vec2, modifiers: Modifiers) {
        self.harness.event_modifiers(
            Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta,
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers,
            },
            modifiers,
        );
        self.harness.run_steps(40);
    }

    fn button(&mut self, at: Pos2, pressed: bool) {
        self.harness.event(Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        self.harness.step();
    }

    fn click(&mut self, at: Pos2) {
        self.point(at);
        self.button(at, true);
        self.button(at, false);
        self.harness.step();
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }

    fn shows(&self, text: &str) -> bool {
        self.harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    }
}

const REFERENCE: &str = "Cochleagram of the reference";
const METAMER: &str = "Cochleagram of the metamer";
const SIZE: Vec2 = vec2(900.0, 760.0);

#[test]
fn a_screen_reader_hears_what_is_shown_and_what_is_read_out() {
    let mut w = Window::open(Stage::new(), SIZE);
    w.harness.run_steps(2);
    let label = "Cochleagram of the metamer, 211 channels 20 to 8000 Hz, 2.00 s";
    w.harness.get_by_label(label);
    w.harness.get_by_label("Waveform of the reference, 2.00 s");
    assert!(w.shows("Point at a cochleagram"));
    let at = w.at(METAMER, 0.5, 0.5);
    w.point(at);
    let value = w
        .harness
        .get_by_label(label)
        .accesskit_node()
        .value()
        .unwrap();
    assert!(
        value.starts_with("1.00") && value.contains("Hz, value "),
        "{value}"
    );
}

#[test]
fn pointing_reads_time_frequency_and_the_value_of_every_map() {
    let mut w = Window::open(Stage::new(), SIZE);
    w.harness.run_steps(2);
    let at = w.at(REFERENCE, 0.25, 0.5);
    w.point(at);
    let place = w.view().cursor().unwrap();
    assert!((place.seconds - 0.5).abs() < 0.005, "{place:?}");
    let (channel, frame) = pair().axes.cell(place).unwrap();
    assert!((channel as f64 - 105.0).abs() < 3.0 && (frame as f64 - 100.0).abs() <= 1.0);
    let [reference, metamer] = [0, 1].map(|i| pair().maps[i].value(channel, frame).unwrap());
    for value in [reference, metamer, metamer - reference] {
        let text = reading::Reading {
            seconds: 0.0,
            hertz: None,
            values: vec![Some(value)],
        }
        .sentence(&["is"]);
        let figure = text.split("is ").last().unwrap().to_owned();
        assert!(w.shows(&figure), "{figure}");
    }
    // Over a waveform there is no frequency, and beyond everything nothing is read out.
    let at = w.at("Waveform of the metamer", 0.75, 0.5);
    w.point(at);
    let place = w.view().cursor().unwrap();
    assert!(place.channel.is_none() && (place.seconds - 1.5).abs() < 0.005);
    w.point(pos2(5.0, 755.0));
    assert_eq!(w.view().cursor(), None);
}

#[test]
fn the_wheel_zooms_all_drawings_about_the_pointer_dragging_moves_and_a_double_click_shows_all() {
    let mut w = Window::open(Stage::new(), SIZE);
    w.harness.run_steps(2);
    let at = w.at(METAMER, 0.75, 0.5);
    w.point(at);
    w.wheel(vec2(0.0, 150.0), Modifiers::NONE);
    let view = w.view();
    assert!(view.time().length() < 1.5, "{view:?}");
    assert!((view.time().share(1.5) - 0.75).abs() < 0.01, "{view:?}");
    assert_eq!(view.channels(), Span::new(0.0, 211.0));
    w.wheel(vec2(0.0, 150.0), Modifiers::SHIFT);
    assert!(w.view().channels().length() < 150.0, "{:?}", w.view());
    assert_eq!(w.view().time(), view.time());

    let before = w.view();
    w.button(at, true);
    let to = at + vec2(60.0, 20.0);
    w.harness.hover_at(to);
    w.harness.step();
    w.button(to, false);
    let moved = w.view();
    assert!(
        moved.time().from < before.time().from && moved.channels().from > before.channels().from
    );
    assert!((moved.time().length() - before.time().length()).abs() < 1e-9);
    assert!(w.harness.state().played.is_empty(), "a drag is no click");

    w.click(to);
    w.click(to);
    assert!(w.view().shows_all());
}

#[test]
fn a_click_plays_from_there_whatever_the_zoom() {
    let mut w = Window::open(Stage::new(), SIZE);
    w.harness.run_steps(2);
    let at = w.at(REFERENCE, 0.4, 0.3);
    w.click(at);
    assert!((w.harness.state().played[0] - 0.8).abs() < 0.005);
    w.harness.run_steps(60);
    w.wheel(vec2(0.0, 200.0), Modifiers::NONE);
    let at = w.at("Waveform of the reference", 0.1, 0.5);
    w.click(at);
    let expected = w.view().time().at(0.1);
    let played = *w.harness.state().played.last().unwrap();
    assert!((played - expected).abs() < 0.005, "{played} {expected}");
}

#[test]
fn everything_can_be_done_with_the_keyboard() {
    let mut w = Window::open(Stage::new(), SIZE);
    w.harness.run_steps(2);
    w.press(Modifiers::NONE, Key::Tab);
    assert!(w.harness.get_by_label_contains(REFERENCE).is_focused());
    w.press(Modifiers::NONE, Key::ArrowRight);
    let first = w.view().cursor().unwrap();
    assert!((first.seconds - 1.005).abs() < 1e-9, "{first:?}");
    w.press(Modifiers::SHIFT, Key::ArrowLeft);
    w.press(Modifiers::NONE, Key::ArrowUp);
    let second = w.view().cursor().unwrap();
    assert!((second.seconds - 0.955).abs() < 1e-9, "{second:?}");
    assert_eq!(second.channel, first.channel.map(|c| c + 1.0));
    for _ in 0..6 {
        w.press(Modifiers::NONE, Key::Plus);
        w.press(Modifiers::NONE, Key::PageUp);
    }
    assert!(w.view().time().length() < 0.6 && w.view().channels().length() < 60.0);
    // The view follows the cursor out of it.
    for _ in 0..8 {
        w.press(Modifiers::SHIFT, Key::ArrowRight);
    }
    let there = w.view().cursor().unwrap().seconds;
    assert!((there - 1.355).abs() < 1e-9 && w.view().time().contains(there));
    w.press(Modifiers::NONE, Key::Enter);
    assert!((w.harness.state().played[0] - there).abs() < 1e-9);
    w.press(Modifiers::NONE, Key::Num0);
    assert!(w.view().shows_all());
    w.press(Modifiers::NONE, Key::Tab);
    assert!(w.harness.get_by_label_contains(METAMER).is_focused());
}

#[test]
fn a_drawing_in_a_scrolling_panel_takes_the_wheel_for_itself() {
    let stage = Stage {
        scroll: true,
        ..Stage::new()
    };
    let mut w = Window::open(stage, vec2(900.0, 300.0));
    w.harness.run_steps(2);
    let before = w.rect(REFERENCE);
    let at = w.at(REFERENCE, 0.5, 0.5);
    w.point(at);
    w.wheel(vec2(0.0, -60.0), Modifiers::NONE);
    assert_eq!(w.rect(REFERENCE), before);
}

/// Pictures on a real renderer.
mod looks {
    use super::*;

    fn look(name: &str, theme: Theme, stage: Stage, size: Vec2) {
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_render_cursor(false)
            .wgpu()
            .build_eframe(|cc| {
                metamer_studio::gui::theme::install(&cc.egui_ctx);
                heatmap::install(&cc.egui_ctx, cc.wgpu_render_state.as_ref());
                stage
            });
        harness.run_steps(3);
        // Letters may differ by a hair between rasterisers, and a card may round colours otherwise.
        harness.snapshot_options(
            name,
            &SnapshotOptions::new().threshold(0.8).max_failed_pixels(300),
        );
    }

    #[test]
    fn in_the_dark_theme_while_it_plays() {
        let stage = Stage {
            playhead: Some(0.83),
            ..Stage::new()
        };
        look("sound_dark", Theme::Dark, stage, SIZE);
    }

    #[test]
    fn in_the_light_theme_in_blues_with_a_reading_and_near() {
        let mut stage = Stage {
            playhead: Some(0.9),
            map: ColourMap::Blues,
            ..Stage::new()
        };
        let place = metamer_studio::gui::sound_view::Place {
            seconds: 0.7,
            channel: Some(80.5),
        };
        stage
            .view
            .apply(metamer_studio::gui::sound_view::ViewChange::Zoom {
                at: place,
                time: 0.3,
                frequency: 0.4,
            });
        stage
            .view
            .apply(metamer_studio::gui::sound_view::ViewChange::Walk(place));
        look("sound_light", Theme::Light, stage, SIZE);
    }

    #[test]
    fn before_there_is_a_metamer_in_a_window_that_cuts_it_off() {
        let stage = Stage {
            arrived: false,
            scroll: true,
            ..Stage::new()
        };
        look("sound_empty", Theme::Dark, stage, vec2(700.0, 420.0));
    }
}
