//! The real window with the real worker, without a display: found and pressed by accessible label.

// Each test binary uses its part of this.
#![allow(dead_code)]

use egui::{Event, Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};
use metamer_studio::gui::state::Phase;
use metamer_studio::gui::{App, GuiOptions, LadderMessage, Message};
use metamer_studio::network::Model;
use metamer_studio::verify::NullDistribution;
use metamer_studio::verify::null::Origin;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whoever waits longer than this waits in vain.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// The program in a window of 1440 by 900 points.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub place: Arc<tempfile::TempDir>,
}

impl Window {
    /// A window whose places are in a fresh folder.
    pub fn open() -> Self {
        Self::open_in(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub fn open_in(place: Arc<tempfile::TempDir>) -> Self {
        let options = options_in(&place);
        Self::open_with(place, options)
    }

    pub fn open_with(place: Arc<tempfile::TempDir>, options: GuiOptions) -> Self {
        let harness = Harness::builder()
            .with_size([1440.0, 900.0])
            .build_eframe(move |cc| App::new(cc, options).expect("the window opens"));
        let mut window = Self { harness, place };
        window.until("the model", |app| app.state().preview.reference.is_some());
        window
    }

    /// A window that is drawn for real, in software where there is no graphics card, without figures of this machine.
    pub fn drawn(theme: &str) -> Self {
        let place = Arc::new(tempfile::tempdir().unwrap());
        let settings = format!("theme = \"{theme}\"\n");
        std::fs::write(place.path().join("settings.toml"), settings).unwrap();
        let mut options = options_in(&place);
        options.hide_machine = true;
        let theme = if theme == "dark" {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        };
        let harness = Harness::builder()
            .with_size([1280.0, 800.0])
            .with_theme(theme)
            .with_render_cursor(false)
            .wgpu()
            .build_eframe(move |cc| App::new(cc, options).expect("the window opens"));
        let mut window = Self { harness, place };
        window.until("the pictures", |app| {
            let state = app.state();
            let mut stimuli = state.stimuli.iter();
            state.preview.reference.is_some() && stimuli.all(|s| s.sound || s.thumbnail.is_some())
        });
        window
    }

    /// Goes from control to control until the one with this label has the keyboard.
    pub fn tab_to(&mut self, label: &str) {
        for _ in 0..150 {
            let mut found = self.harness.query_all_by_label(label);
            if found.any(|n| n.is_focused()) {
                return;
            }
            drop(found);
            self.press(Modifiers::NONE, Key::Tab);
            self.harness.step();
        }
        panic!("{label} is never reached by Tab");
    }

    /// Presses a key and lets the window show what came of it.
    pub fn key(&mut self, key: Key) {
        self.press(Modifiers::NONE, key);
        self.harness.run_steps(2);
    }

    /// A ladder of these layers, of runs of a few steps, all made.
    pub fn make_ladder(&mut self, layers: &[&str]) {
        self.set_steps(4);
        let names = layers.iter().map(|l| (*l).to_owned()).collect();
        self.click("Ladder");
        let names = Message::Ladder(LadderMessage::Layers(names));
        self.harness.state_mut().send(names);
        self.harness.run_steps(2);
        self.press(Modifiers::COMMAND, Key::M);
        let wanted = layers.len();
        self.until("the ladder", |app| {
            let state = app.state();
            let ladder = state.ladder();
            let made = ladder
                .rungs
                .iter()
                .flatten()
                .filter(|r| r.folder().is_some());
            made.count() == wanted && state.shelf.made.len() == wanted && !state.is_busy()
        });
    }

    pub fn results(&self) -> PathBuf {
        self.place.path().join("runs")
    }

    pub fn app(&self) -> &App {
        self.harness.state()
    }

    /// Steps until something is so; fails when it does not become so.
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&App) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self.harness.state()) {
            let notices: Vec<_> = self.app().state().notices.iter().map(|n| &n.text).collect();
            assert!(
                Instant::now() < end,
                "waited in vain for {what}; notices: {notices:?}"
            );
            self.harness.step();
            std::thread::sleep(Duration::from_millis(5));
        }
        // What is so in the state is also in the picture.
        self.harness.run_steps(2);
    }

    pub fn until_phase(&mut self, phase: Phase) {
        self.until(&format!("{phase:?}"), |app| {
            app.state().shown().is_some_and(|r| r.phase == phase)
        });
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        for pressed in [true, false] {
            self.harness.event_modifiers(
                Event::Key {
                    key,
                    physical_key: None,
                    pressed,
                    repeat: false,
                    modifiers,
                },
                modifiers,
            );
        }
        self.harness.step();
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(2);
    }

    pub fn click_layer(&mut self, layer: &str, modifiers: Modifiers) {
        let label = format!("Layer {layer},");
        self.harness.get_by_label_contains(&label).scroll_to_me();
        // Scrolling takes a few frames.
        self.harness.run_steps(5);
        self.harness
            .get_by_label_contains(&label)
            .click_modifiers(modifiers);
        self.harness.run_steps(2);
    }

    pub fn shows(&self, text: &str) -> bool {
        self.harness
            .query_all_by_label_contains(text)
            .next()
            .is_some()
    }

    /// A run of `steps` steps at the chosen layer.
    pub fn set_steps(&mut self, steps: u64) {
        self.harness
            .state_mut()
            .send(Message::Edit("steps", steps.to_string()));
        self.harness.state_mut().send(Message::EndEdit("steps"));
        assert_eq!(self.app().state().procedure.steps, steps);
        self.harness.step();
    }

    pub fn loss(&self) -> f64 {
        self.app()
            .state()
            .shown()
            .and_then(|r| r.loss_now)
            .expect("a loss")
    }

    pub fn ask_to_close(&mut self) {
        let viewport = self
            .harness
            .input_mut()
            .viewports
            .entry(egui::ViewportId::ROOT)
            .or_default();
        viewport.events.push(egui::ViewportEvent::Close);
        self.harness.step();
    }

    pub fn closes(&self) -> bool {
        let output = self.harness.output();
        let commands = output.viewport_output.values().flat_map(|v| &v.commands);
        commands
            .into_iter()
            .any(|c| *c == egui::ViewportCommand::Close)
    }
}

/// Everything in one folder, and nothing of the desktop.
pub fn options_in(place: &tempfile::TempDir) -> GuiOptions {
    GuiOptions {
        settings: Some(place.path().join("settings.toml")),
        results: Some(place.path().join("runs")),
        data: Some(place.path().join("data")),
        native: false,
        tour: false,
        nulls: Arc::new(|model| Ok(Some(Arc::new(low_null(model))))),
        ..GuiOptions::default()
    }
}

/// A null distribution that almost anything exceeds, so that a short run can pass.
pub fn low_null(model: &Model) -> NullDistribution {
    let origin = Origin {
        model: model.name.clone(),
        weights_sha256: model.weights_sha256.clone(),
        seed: 1,
        kind: "pictures".into(),
        stimuli: 7,
        stimuli_sha256: String::new(),
        sources: "made up for tests".into(),
    };
    let values = || [vec![0.1, 0.2], vec![0.1, 0.2], vec![-30.0, -20.0]];
    let name = |id: &_| model.graph.node(*id).name.clone();
    let layers = model
        .metamer_layers
        .iter()
        .map(|id| (name(id), values()))
        .collect();
    NullDistribution {
        origin,
        pairs: vec![0, 1],
        layers,
    }
}

pub fn folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
