//! Every key at a glance.

use super::{modal, title};
use crate::gui::action::ALL;
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::widgets;
use egui::{Context, Grid, Key};

/// Keys that are no actions of their own.
const MORE: [(&str, &str); 3] = [
    ("Ctrl click on a layer", "Add it to the choice, or take it out"),
    ("Shift click on a layer", "Choose all layers up to it"),
    ("Tab", "Move the keyboard to the next control"),
];

pub fn show(ctx: &Context, view: &mut View<'_>) {
    modal(ctx, view, "shortcuts", 620.0, |ui, view| {
        title(ui, "Keyboard shortcuts");
        ui.add_space(6.0);
        Grid::new("keys").num_columns(2).spacing([24.0, 5.0]).show(ui, |ui| {
            for action in ALL.into_iter().filter(|a| a.shortcut().is_some()) {
                let held = if action == crate::gui::action::Action::Compare { "hold " } else { "" };
                ui.label(format!("{held}{}", action.keys()));
                ui.label(widgets::muted(ui, format!("{}. {}", action.label(), action.tooltip())));
                ui.end_row();
            }
            for (keys, text) in MORE {
                ui.label(keys);
                ui.label(widgets::muted(ui, text));
                ui.end_row();
            }
        });
        ui.add_space(8.0);
        let close = ui.button("Close").clicked();
        // F1 opened it and was taken out of the input then, so what is read here is pressed anew.
        if close || ui.input(|i| i.key_pressed(Key::F1)) {
            view.out.push(Message::Show(None));
        }
    });
}
