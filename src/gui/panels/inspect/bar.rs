//! What is looked into, and how the two are compared.

use super::say;
use crate::gui::inspect::{BLINK_RATES, InspectMessage, Mode};
use crate::gui::ladder::Rung;
use crate::gui::panels::View;
use crate::gui::state::Mark;
use crate::gui::widgets::{KEY_ZOOM, Segment};
use crate::gui::{format, theme, widgets};
use egui::{Align, Button, Layout, Rect, Response, RichText, Sense, Ui, UiBuilder, vec2};

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            zoom(ui, view);
            ui.add_space(8.0);
            blink(ui, view);
            modes(ui, view);
            ui.add_space(8.0);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| subject(ui, view));
        });
    });
}

/// Stimulus, layer and seed, and the verdict.
fn subject(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let rung = view.state.focused();
    let mark = rung.as_ref().map_or(Mark::NotMade, Rung::mark);
    let title = rung
        .as_ref()
        .and_then(Rung::spec)
        .map_or_else(String::new, |spec| {
            format!(
                "{}, {}, seed {}",
                format::stimulus(&spec.stimulus),
                spec.layer,
                spec.seed
            )
        });
    let error = view.state.inspect.error.as_deref();
    let text = match (error, rung.as_ref().and_then(Rung::sentence)) {
        (Some(error), _) => error.to_owned(),
        (None, Some(sentence)) => sentence.to_owned(),
        (None, None) => mark.explanation().to_owned(),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 20.0), Sense::hover());
    widgets::dot(ui.painter(), rect.center(), mark, t);
    ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
    let ink = if error.is_some() { t.fail } else { t.muted };
    let font = theme::regular(theme::BODY);
    let line = widgets::line(ui, &text, font, ink, ui.available_width());
    ui.label(line).on_hover_text(text);
}

fn modes(ui: &mut Ui, view: &mut View<'_>) {
    let now = view.state.inspect.mode;
    let choices: Vec<Segment<'_>> = Mode::ALL
        .into_iter()
        .enumerate()
        .map(|(i, mode)| Segment {
            label: mode.title(),
            help: format!("{}\n{}", mode.explanation(), i + 1),
            chosen: mode == now,
        })
        .collect();
    if let Some(pressed) = widgets::segments(ui, &choices) {
        say(view, InspectMessage::Mode(Mode::ALL[pressed]));
    }
}

/// How fast it blinks. Its room is there in every mode.
fn blink(ui: &mut Ui, view: &mut View<'_>) {
    let inspect = &view.state.inspect;
    let now = inspect.blink;
    let on = inspect.mode == Mode::Blink;
    let title = |rate: f32| format!("{rate} Hz");
    ui.add_enabled_ui(on, |ui| {
        let combo = egui::ComboBox::from_id_salt("blink rate")
            .width(64.0)
            .selected_text(title(now))
            .show_ui(ui, |ui| {
                for rate in BLINK_RATES {
                    if ui.selectable_label(rate == now, title(rate)).clicked() {
                        say(view, InspectMessage::Blink(rate));
                    }
                }
            });
        combo
            .response
            .accessible_name("Blink rate")
            .on_hover_text("How often a second the two take turns; never more than three times, since flashes can harm\nR for the next")
            .on_disabled_hover_text("Blink first: 3");
    });
}

fn zoom(ui: &mut Ui, view: &mut View<'_>) {
    let region = view.state.region();
    let extent = (region.right - region.left).max(1e-9);
    let mut button = |ui: &mut Ui, text: &str, label: &str, help: &str, message| -> Response {
        let response = ui.add(Button::new(text).min_size(vec2(28.0, 26.0)));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
        if response.clicked() {
            say(view, message);
        }
        response.on_hover_text(help)
    };
    button(
        ui,
        "All",
        "Show all",
        "See all of both\n0",
        InspectMessage::ShowAll,
    );
    let nearer = InspectMessage::Zoom(KEY_ZOOM);
    button(ui, "+", "Zoom in", "Come nearer\n+", nearer);
    let text = RichText::new(format!("{:.0} %", 100.0 / extent)).color(theme::tokens(ui).muted);
    widgets::fixed_label(ui, text, 48.0);
    let away = InspectMessage::Zoom(1.0 / KEY_ZOOM);
    button(ui, "−", "Zoom out", "Go back\n−", away);
}
