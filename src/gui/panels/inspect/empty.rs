//! What the page says while there is nothing to look into.

use crate::gui::action::Action;
use crate::gui::panels::View;
use crate::gui::{theme, widgets};
use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder, vec2};

/// What will be here.
const THINGS: [(&str, &str); 4] = [
    (
        "The pair",
        "reference, metamer and their difference: side by side, with a divider, in turn; down to the pixel",
    ),
    (
        "Activations",
        "the maps of any layer, channel by channel, for both, with the largest error first",
    ),
    (
        "Time",
        "how the metamer came to be, as a film to go through and to play",
    ),
    (
        "Layers",
        "how alike the two are at every layer, for the metamers of every layer",
    ),
];

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let inside = Rect::from_center_size(area.center(), vec2(560.0, 300.0));
    ui.scope_builder(UiBuilder::new().max_rect(inside), |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        ui.label(RichText::new("Nothing is looked into yet").font(theme::strong(18.0)));
        ui.label(
            RichText::new(
                "Choose a metamer in the ladder or the library, or make one, and turn here again.",
            )
            .color(t.muted),
        );
        ui.add_space(6.0);
        for (name, text) in THINGS {
            ui.horizontal(|ui| {
                let name = RichText::new(name).font(theme::strong(theme::BODY));
                widgets::fixed_label(ui, name, 90.0);
                ui.label(RichText::new(text).color(t.muted));
            });
        }
        ui.add_space(6.0);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            for (action, label) in [
                (Action::Ladder, "Go to the ladder"),
                (Action::Library, "Go to the library"),
                (Action::Make, "Make a metamer"),
            ] {
                widgets::labelled_button(ui, view, action, label);
            }
        });
    });
}
