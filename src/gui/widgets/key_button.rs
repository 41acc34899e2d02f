//! Buttons made from actions: label, explanation and key come from there.

use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::theme;
use egui::{Align2, Response, RichText, Sense, Ui};

/// The one primary button: what is done next, with its key.
pub fn primary_button(ui: &mut Ui, view: &mut View<'_>) {
    let action = Action::primary(view.state);
    let possible = action.possible(view.state);
    let t = theme::tokens(ui);
    let sense = if possible.is_ok() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 38.0), sense);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, possible.is_ok(), action.label())
    });
    let (fill, ink) = match possible {
        Ok(()) if response.hovered() => (t.accent.lerp_to_gamma(t.text, 0.15), t.on_accent),
        Ok(()) => (t.accent, t.on_accent),
        Err(_) => (t.raised, t.faint),
    };
    ui.painter().rect_filled(rect, theme::CORNER, fill);
    let inside = rect.shrink2(egui::vec2(14.0, 0.0));
    let layers = view.state.chosen_layers().count();
    let label = match action {
        Action::Start if layers > 1 => format!("Start {layers} layers"),
        _ => action.label().to_owned(),
    };
    ui.painter().text(
        inside.left_center(),
        Align2::LEFT_CENTER,
        label,
        theme::strong(14.0),
        ink,
    );
    ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        action.keys(view.state.hears()),
        theme::regular(12.0),
        ink,
    );
    super::focus_ring(ui, &response, rect);
    if response.clicked() {
        view.out.push(Message::Do(action));
    }
    explain(response, action, possible, view.state.hears());
}

/// A button for an action.
pub fn action_button(ui: &mut Ui, view: &mut View<'_>, action: Action) -> Response {
    labelled_button(ui, view, action, action.label())
}

/// A button for an action under another word.
pub fn labelled_button(ui: &mut Ui, view: &mut View<'_>, action: Action, label: &str) -> Response {
    let possible = action.possible(view.state);
    let response = ui.add_enabled(possible.is_ok(), egui::Button::new(label));
    if response.clicked() {
        view.out.push(Message::Do(action));
    }
    explain(response, action, possible, view.state.hears())
}

/// An action in a menu.
pub fn action_item(ui: &mut Ui, view: &mut View<'_>, action: Action) {
    let possible = action.possible(view.state);
    let keys = RichText::new(action.keys(view.state.hears()))
        .size(theme::SMALL)
        .color(theme::tokens(ui).faint);
    let button = egui::Button::new(action.label())
        .right_text(keys)
        .min_size(egui::vec2(250.0, 26.0))
        .frame(false);
    let response = ui.add_enabled(possible.is_ok(), button);
    if response.clicked() {
        view.out.push(Message::Do(action));
        ui.close();
    }
    explain(response, action, possible, view.state.hears());
}

fn explain(
    response: Response,
    action: Action,
    possible: Result<(), &'static str>,
    hears: bool,
) -> Response {
    let keys = action.keys(hears);
    let with_keys = |text: &str| {
        if keys.is_empty() {
            text.to_owned()
        } else {
            format!("{text}\n{keys}")
        }
    };
    match possible {
        Ok(()) => response.on_hover_text(with_keys(action.tooltip())),
        Err(reason) => {
            response.on_disabled_hover_text(with_keys(&format!("{}\n{reason}", action.tooltip())))
        }
    }
}
