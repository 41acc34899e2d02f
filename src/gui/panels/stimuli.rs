//! Choosing the reference: pictures as small pictures, sounds as a list.

use super::View;
use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::{layout, widgets};
use egui::Ui;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::heading(ui, "Stimulus");
    let places: Vec<usize> = view.state.offered().map(|(i, _)| i).collect();
    if view.state.hears() {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            places.into_iter().for_each(|index| sound(ui, view, index));
            add_sound(ui, view);
        });
        return;
    }
    let gap =
        (ui.available_width() - layout::TILE * layout::TILES as f32) / (layout::TILES as f32 - 1.0);
    let tiles: Vec<Option<usize>> = places.into_iter().map(Some).chain([None]).collect();
    for row in tiles.chunks(layout::TILES) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for index in row {
                one(ui, view, *index);
            }
        });
    }
}

/// A sound as a row: what it is and how long.
fn sound(ui: &mut Ui, view: &mut View<'_>, index: usize) {
    let Some(entry) = view.state.stimuli.get(index) else {
        return;
    };
    let chosen = entry.name == view.state.choices.stimulus;
    let seconds = entry
        .seconds
        .map_or_else(String::new, |s| format!("{s:.1} s"));
    let name = if entry.own {
        entry.title.clone()
    } else {
        format!("{}: {}", entry.name, entry.title)
    };
    let response = widgets::text_row(ui, &name, &seconds, chosen);
    let label = format!(
        "Stimulus {}",
        if entry.own { &entry.title } else { &entry.name }
    );
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, chosen, &label));
    if response.clicked() {
        view.out.push(Message::ChooseStimulus(index));
    }
    if entry.own {
        forgettable(&response, view, index);
    }
    response.on_hover_ui(|ui| {
        ui.label(if entry.own { &entry.name } else { &entry.title });
        if entry.own {
            ui.label(widgets::faint(ui, "Right-click to take it out of the list"));
        } else if let Some(credits) = crate::stimulus::embedded::find_sound(&entry.name) {
            let text = format!("{}; {}", credits.author, credits.licence);
            ui.label(widgets::faint(ui, text));
        }
    });
}

fn add_sound(ui: &mut Ui, view: &mut View<'_>) {
    let response = widgets::text_row(ui, "+  Open or drop a sound", "", false);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, Action::OpenFile.label())
    });
    if response.clicked() {
        view.out.push(Message::Do(Action::OpenFile));
    }
    response.on_hover_text(format!(
        "{}\n{}",
        Action::OpenFile.tooltip(),
        Action::OpenFile.keys(true)
    ));
}

fn forgettable(response: &egui::Response, view: &mut View<'_>, index: usize) {
    response.context_menu(|ui| {
        if ui.button("Take out of the list").clicked() {
            view.out.push(Message::ForgetStimulus(index));
            ui.close();
        }
    });
}

fn one(ui: &mut Ui, view: &mut View<'_>, index: Option<usize>) {
    let found = index.and_then(|i| Some((i, view.state.stimuli.get(i)?)));
    let Some((index, entry)) = found else {
        let response = widgets::add_tile(ui, Action::OpenFile.label());
        if response.clicked() {
            view.out.push(Message::Do(Action::OpenFile));
        }
        let text = format!(
            "{}\n{}",
            Action::OpenFile.tooltip(),
            Action::OpenFile.keys(view.state.hears())
        );
        response.on_hover_text(text);
        return;
    };
    let chosen = entry.name == view.state.choices.stimulus;
    let label = if entry.own {
        format!("Stimulus {}", entry.title)
    } else {
        format!("Stimulus {}", entry.name)
    };
    let response = widgets::tile(ui, view.pictures.thumbnail(&entry.name), chosen, &label);
    if response.clicked() {
        view.out.push(Message::ChooseStimulus(index));
    }
    if entry.own {
        forgettable(&response, view, index);
    }
    response.on_hover_ui(|ui| {
        ui.label(if entry.own { &entry.name } else { &entry.title });
        if entry.own {
            ui.label(widgets::faint(ui, "Right-click to take it out of the list"));
        } else if let Some(credits) = crate::stimulus::embedded::find(&entry.name) {
            let text = format!(
                "{}, {} × {}; {}, {}",
                entry.name, credits.width, credits.height, credits.author, credits.licence
            );
            ui.label(widgets::faint(ui, text));
        }
    });
}
