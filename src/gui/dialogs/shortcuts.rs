//! Every key at a glance.

use super::{modal, title};
use crate::gui::action::{ALL, Action};
use crate::gui::inspect;
use crate::gui::message::Message;
use crate::gui::page::Page;
use crate::gui::panels::View;
use crate::gui::widgets;
use egui::{Context, Grid};

/// Keys that are no actions of their own.
const MORE: [(&str, &str); 4] = [
    ("Ctrl click", "Add a layer to the choice"),
    ("Shift click", "Choose all layers up to one"),
    ("Tab", "Go to the next control"),
    ("Ctrl +, −, 0", "All larger, smaller, as usual"),
];

pub fn show(ctx: &Context, view: &mut View<'_>) {
    let hears = view.state.hears();
    let actions = ALL.into_iter().filter(|a| a.shortcut(hears).is_some());
    let keys = actions.map(|action| {
        let held = if action == Action::Compare {
            "Hold "
        } else {
            ""
        };
        (
            format!("{held}{}", action.keys(hears)),
            action.label(),
            action.tooltip(),
        )
    });
    // The keys of a page come first where it is turned to.
    let page = match view.state.page {
        Page::Inspect => &inspect::KEYS[..],
        _ => &[],
    };
    let page = page
        .iter()
        .map(|(keys, text)| ((*keys).to_owned(), *text, *text));
    let more = MORE
        .into_iter()
        .map(|(keys, text)| (keys.to_owned(), text, text));
    let rows: Vec<_> = page.chain(keys).chain(more).collect();
    modal(ctx, view, "shortcuts", 640.0, |ui, view| {
        title(ui, "Keyboard shortcuts");
        ui.add_space(6.0);
        ui.columns_const(|columns: &mut [egui::Ui; 2]| {
            let halves = rows.chunks(rows.len().div_ceil(2));
            for (index, (ui, rows)) in columns.iter_mut().zip(halves).enumerate() {
                Grid::new(("keys", index))
                    .num_columns(2)
                    .spacing([20.0, 7.0])
                    .min_row_height(16.0)
                    .show(ui, |ui| {
                        for (keys, text, help) in rows {
                            ui.label(keys);
                            ui.label(widgets::muted(ui, *text)).on_hover_text(*help);
                            ui.end_row();
                        }
                    });
            }
        });
        ui.add_space(8.0);
        if ui.button("Close").clicked() {
            view.out.push(Message::Show(None));
        }
    });
}
