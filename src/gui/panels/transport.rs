//! The player: play, reference or metamer, where in the sound, how loud, and through what.

use super::View;
use super::pair_of_sounds::read_out;
use crate::export::ColourMap;
use crate::gui::action::Action;
use crate::gui::hearing::Below;
use crate::gui::message::Message;
use crate::gui::settings::Listening;
use crate::gui::{theme, widgets};
use crate::playback::{Slot, State};
use egui::{Align, Button, Layout, Rect, RichText, Ui, UiBuilder, vec2};

/// Height of buttons in the row.
const HEIGHT: f32 = 26.0;
/// Width of "0.83 / 2.00 s".
const POSITION: f32 = 92.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            play(ui, view);
            sides(ui, view);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                settings(ui, view);
                loudness(ui, view);
                toggle(ui, view, Action::Loop, view.state.choices.listening.looping);
                position(ui, view);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.set_clip_rect(ui.max_rect());
                    middle(ui, view);
                });
            });
        });
    });
}

fn play(ui: &mut Ui, view: &mut View<'_>) {
    let playing = playing(view);
    let possible = Action::Listen.possible(view.state);
    let sign = if playing { "⏸" } else { "▶" };
    let button = Button::new(RichText::new(sign).size(13.0)).min_size(vec2(40.0, HEIGHT));
    let response = ui.add_enabled(possible.is_ok(), button);
    let label = if playing { "Hold the sound" } else { "Listen" };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, possible.is_ok(), label));
    if response.clicked() {
        view.out.push(Message::Do(Action::Listen));
    }
    response
        .on_hover_text(explained(Action::Listen))
        .on_disabled_hover_text(possible.err().unwrap_or(""));
}

fn playing(view: &View<'_>) -> bool {
    let playback = view.state.hearing.playback.as_ref();
    playback.is_some_and(|p| p.state == State::Playing)
}

/// Which of the two is heard.
fn sides(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    let audible = view
        .state
        .hearing
        .playback
        .as_ref()
        .map_or(Slot::Reference, |p| p.audible);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        for (slot, name, fill) in [
            (Slot::Reference, "Reference", t.reference),
            (Slot::Metamer, "Metamer", t.accent),
        ] {
            let heard = slot == audible;
            let ink = if heard { t.on_accent } else { t.muted };
            let text = RichText::new(name).size(12.5).color(ink);
            let button = Button::new(text)
                .fill(if heard { fill } else { t.raised })
                .min_size(vec2(84.0, HEIGHT));
            let there = view.state.hearing.of(slot).is_some();
            let response = ui.add_enabled(there, button);
            response.widget_info(|| {
                let label = format!("Hear {}", name.to_lowercase());
                egui::WidgetInfo::selected(egui::Role::RadioButton, there, heard, label)
            });
            if response.clicked() {
                view.out.push(Message::Hear(slot));
            }
            response.on_hover_text(explained(Action::Switch));
        }
    });
}

fn explained(action: Action) -> String {
    format!("{}\n{}", action.tooltip(), action.keys(true))
}

/// What went wrong, what is under the cursor, or what can be done.
fn middle(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let hearing = &view.state.hearing;
    let problem = hearing.playback.as_ref().and_then(|p| p.problem.clone());
    if let Some(problem) = problem {
        let texts = [&problem[..], "No sound; all else works", "No sound"];
        let font = theme::regular(12.0);
        let response = widgets::fitting_label(ui, &texts, &font, t.unknown);
        response.on_hover_text(&problem);
    } else if hearing.view.as_ref().is_some_and(|v| v.cursor().is_some()) {
        read_out(ui, view);
    } else if playing(view) && hearing.both() {
        hint(ui, &["Tab switches at the same sample", "Tab switches"]);
    } else {
        let texts = [
            "Click in a cochleagram to play from there",
            "A click plays from there",
            "Click to play",
        ];
        hint(ui, &texts);
    }
}

/// The longest of some texts for which there is room.
fn hint(ui: &mut Ui, texts: &[&str]) {
    let (font, ink) = (theme::regular(theme::SMALL), theme::tokens(ui).faint);
    widgets::fitting_label(ui, texts, &font, ink);
}

fn position(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let playback = view.state.hearing.playback.as_ref();
    let (at, of) = playback.map_or((0.0, 0.0), |p| (p.position, p.duration));
    let text = RichText::new(format!("{at:.2} / {of:.2} s"))
        .size(12.5)
        .color(t.muted);
    widgets::fixed_label(ui, text, POSITION);
}

fn toggle(ui: &mut Ui, view: &mut View<'_>, action: Action, on: bool) {
    let text = RichText::new(action.label()).size(12.5);
    let button = Button::new(text).selected(on).min_size(vec2(0.0, HEIGHT));
    let response = ui.add(button);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, action.label()));
    if response.clicked() {
        view.out.push(Message::Do(action));
    }
    response.on_hover_text(explained(action));
}

/// How loud both are played.
fn loudness(ui: &mut Ui, view: &mut View<'_>) {
    let listening = &view.state.choices.listening;
    let gains = view.state.hearing.playback.as_ref().map(|p| p.gains);
    let mut volume = listening.volume;
    ui.scope(|ui| {
        ui.spacing_mut().slider_width = 64.0;
        let slider = egui::Slider::new(&mut volume, 0.0..=1.0).show_value(false);
        let response = ui.add(slider);
        response.widget_info(|| egui::WidgetInfo::slider(true, f64::from(volume), "Volume"));
        if response.changed() {
            let listening = Listening {
                volume,
                ..listening.clone()
            };
            view.out.push(Message::Listening(listening));
        }
        response.on_hover_text(format!("Volume {:.0} %", volume * 100.0));
    });
    let on = listening.matched;
    let text = RichText::new(Action::MatchLevels.label()).size(12.5);
    let response = ui.add(Button::new(text).selected(on).min_size(vec2(0.0, HEIGHT)));
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, on, Action::MatchLevels.label())
    });
    if response.clicked() {
        view.out.push(Message::Do(Action::MatchLevels));
    }
    let decibels = |gain: Option<f32>| gain.map_or_else(|| "–".into(), |g| format!("{g:+.1} dB"));
    let gains = gains.map_or_else(String::new, |[reference, metamer]| {
        format!(
            "\nreference {}, metamer {}",
            decibels(reference),
            decibels(metamer)
        )
    });
    response.on_hover_text(format!("{}{gains}", explained(Action::MatchLevels)));
}

/// Colours, what stands below, and the device.
fn settings(ui: &mut Ui, view: &mut View<'_>) {
    let now = view.state.choices.listening.clone();
    let mut wanted: Option<Listening> = None;
    let menu = ui.menu_button(RichText::new("View").size(12.5), |ui| {
        ui.set_min_width(190.0);
        ui.label(widgets::faint(ui, "Below the cochleagrams"));
        for below in Below::ALL {
            if ui.radio(now.below == below, below.title()).clicked() {
                wanted = Some(Listening {
                    below,
                    ..now.clone()
                });
            }
        }
        ui.separator();
        ui.label(widgets::faint(ui, "Colours"));
        for map in ColourMap::ALL.into_iter().filter(|m| !m.has_sign()) {
            if ui.radio(now.colours == map.name(), map.name()).clicked() {
                wanted = Some(Listening {
                    colours: map.name().into(),
                    ..now.clone()
                });
            }
        }
    });
    menu.response
        .on_hover_text("Colours, and what is shown below");
    let output = ui.menu_button(RichText::new("Output").size(12.5), |ui| {
        ui.set_min_width(220.0);
        let open = view
            .state
            .hearing
            .playback
            .as_ref()
            .and_then(|p| p.device.clone());
        let open = open.map_or_else(|| "No device is open".into(), |d| format!("Open: {d}"));
        ui.label(widgets::faint(ui, open));
        if ui.radio(now.device.is_none(), "System default").clicked() {
            wanted = Some(Listening {
                device: None,
                ..now.clone()
            });
        }
        for device in &view.state.hearing.devices {
            let chosen = now.device.as_ref() == Some(&device.name);
            if ui.radio(chosen, &device.title).clicked() {
                wanted = Some(Listening {
                    device: Some(device.name.clone()),
                    ..now.clone()
                });
            }
        }
    });
    if output.response.clicked() {
        view.out.push(Message::ListDevices);
    }
    output.response.on_hover_text("Where the sound goes");
    view.out.extend(wanted.map(Message::Listening));
}
