//! All finished runs: found by words and verdict, sorted by any column, and what can be done with the chosen one.

mod chosen;
mod table;

use super::View;
use crate::gui::action::Action;
use crate::gui::library::verdict_word;
use crate::gui::message::{LibraryMessage, Message};
use crate::gui::{format, layout, widgets};
use crate::verify::Verdict;
use egui::{Align, ComboBox, Layout, Rect, TextEdit, Ui, UiBuilder, vec2};

/// Height of the row with search and filter.
const BAR: f32 = 34.0;
/// Height of the card about the chosen run.
const CHOSEN: f32 = 108.0;

/// The search field, which Ctrl F goes to.
pub fn search_field() -> egui::Id {
    egui::Id::unique("search in the library")
}

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let area = ui.available_rect_before_wrap().shrink(layout::GAP);
    let (bar_area, rest) = area.split_top_bottom_at_y(area.top() + BAR);
    let (list, chosen_area) = rest.split_top_bottom_at_y(rest.bottom() - CHOSEN);
    bar(ui, view, bar_area);
    let list = Rect::from_min_max(list.min + vec2(0.0, 8.0), list.max - vec2(0.0, layout::GAP));
    if view.state.shelf.runs.is_empty() {
        empty(ui, view, list);
    } else {
        table::show(ui, view, list);
    }
    chosen::show(ui, view, chosen_area);
}

fn bar(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let library = &view.state.library;
            let mut query = library.query.clone();
            let edit = TextEdit::singleline(&mut query)
                .id(search_field())
                .hint_text("Find by stimulus, model, layer, class or tag")
                .desired_width(320.0)
                .margin(vec2(8.0, 5.0));
            let response = ui.add(edit).accessible_name("Find runs");
            if response.changed() {
                view.out
                    .push(Message::Library(LibraryMessage::Query(query)));
            }
            response.on_hover_text("All words have to occur\nCtrl F");
            let title = |v: Option<Verdict>| v.map_or("Every verdict", verdict_word);
            let combo = ComboBox::from_id_salt("verdicts")
                .selected_text(title(library.only))
                .width(120.0)
                .show_ui(ui, |ui| {
                    let all = [
                        None,
                        Some(Verdict::Pass),
                        Some(Verdict::Fail),
                        Some(Verdict::Unknown),
                    ];
                    for verdict in all {
                        let on = library.only == verdict;
                        if ui.selectable_label(on, title(verdict)).clicked() {
                            let only = LibraryMessage::Only(verdict);
                            view.out.push(Message::Library(only));
                        }
                    }
                });
            combo.response.accessible_name("Verdict");
            let (shown, all) = (library.rows.len(), view.state.shelf.runs.len());
            let count = match (view.state.shelf.reading, shown == all) {
                (true, _) => "reading…".to_owned(),
                (false, true) if all == 1 => "1 run".to_owned(),
                (false, true) => format!("{} runs", format::grouped(all as u64)),
                (false, false) => format!("{shown} of {} runs", format::grouped(all as u64)),
            };
            ui.label(widgets::muted(ui, count));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                widgets::labelled_button(ui, view, Action::ChooseResults, "Another folder…");
                widgets::labelled_button(ui, view, Action::Undo, "Undo delete");
                let folder = format::short_path(&view.state.results());
                ui.label(widgets::faint(ui, format!("in {folder}")))
                    .on_hover_text(view.state.results().display().to_string());
            });
        });
    });
}

fn empty(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space(area.height() * 0.3);
            ui.heading("No runs yet");
            let text =
                "Every finished metamer is kept here, with all that is needed to make it again";
            ui.label(widgets::muted(ui, text));
            ui.add_space(8.0);
            widgets::labelled_button(ui, view, Action::Ladder, "Make a ladder");
        });
    });
}
