//! Choosing the reference picture.

use super::View;
use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::{layout, widgets};
use egui::Ui;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::heading(ui, "Stimulus");
    let gap =
        (ui.available_width() - layout::TILE * layout::TILES as f32) / (layout::TILES as f32 - 1.0);
    let count = view.state.stimuli.len();
    for row in (0..=count).collect::<Vec<_>>().chunks(layout::TILES) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for index in row {
                one(ui, view, *index);
            }
        });
    }
}

fn one(ui: &mut Ui, view: &mut View<'_>, index: usize) {
    let Some(entry) = view.state.stimuli.get(index) else {
        let response = widgets::add_tile(ui, Action::OpenPicture.label());
        if response.clicked() {
            view.out.push(Message::Do(Action::OpenPicture));
        }
        let text = format!(
            "{}\n{}",
            Action::OpenPicture.tooltip(),
            Action::OpenPicture.keys()
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
        response.context_menu(|ui| {
            if ui.button("Take out of the list").clicked() {
                view.out.push(Message::ForgetStimulus(index));
                ui.close();
            }
        });
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
