//! A sentence about what is chosen in the ladder, and what can be done with it.

use crate::gui::action::Action;
use crate::gui::ladder::Rung;
use crate::gui::message::{LadderMessage, Message};
use crate::gui::panels::View;
use crate::gui::state::Mark;
use crate::gui::{format, theme, widgets};
use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder, pos2, vec2};

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let state = view.state;
    let at = &state.ladder_view;
    let seed = state.ladder_seeds().get(at.row).copied();
    let rung = state.selected();
    let mark = rung.as_ref().map_or(Mark::NotMade, Rung::mark);
    let (title, text) = match (&at.layer, seed) {
        _ if at.reference => (
            format!("Reference, {}", format::stimulus(&state.choices.stimulus)),
            keys(state.hears()),
        ),
        (Some(layer), Some(seed)) => {
            let text = rung
                .as_ref()
                .and_then(Rung::sentence)
                .map_or_else(|| explanation(mark).to_owned(), str::to_owned);
            (format!("{layer}, seed {seed}"), text)
        }
        _ => ("Nothing is chosen".into(), keys(state.hears())),
    };
    let made = rung.as_ref().is_some_and(Rung::is_made);
    let empty = matches!(rung, Some(Rung::Empty));
    let place = at.layer.clone().zip(Some(at.row));
    let reference = at.reference;
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if made && !reference {
                widgets::labelled_button(ui, view, Action::Inspect, "Inspect");
            } else if empty
                && !reference
                && let Some((layer, row)) = place
                && ui.button("Make this one").clicked()
            {
                let message = LadderMessage::Make { layer, row };
                view.out.push(Message::Ladder(message));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !reference {
                    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 20.0), egui::Sense::hover());
                    let centre = pos2(rect.center().x, rect.center().y);
                    widgets::dot(ui.painter(), centre, mark, t);
                }
                ui.label(RichText::new(&title).font(theme::strong(theme::BODY)));
                let line = widgets::line(
                    ui,
                    &text,
                    theme::regular(theme::BODY),
                    t.muted,
                    ui.available_width(),
                );
                ui.label(line).on_hover_text(&text);
            });
        });
    });
}

/// What a state means here, before there is a verdict.
fn explanation(mark: Mark) -> &'static str {
    match mark {
        Mark::NotMade => "No metamer was made here yet; Enter makes it",
        other => other.explanation(),
    }
}

fn keys(hears: bool) -> String {
    if hears {
        "Keys 1 to 9 play a layer, 0 the reference; Tab switches between the two while they play; Enter looks into one".into()
    } else {
        "Keys 1 to 9 show a layer large, 0 the reference; Esc goes back; Enter looks into one"
            .into()
    }
}
