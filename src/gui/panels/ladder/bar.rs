//! What the ladder is of, and the one button that fills it.

use crate::gui::action::Action;
use crate::gui::ladder::Ladder;
use crate::gui::message::{LadderMessage, Message};
use crate::gui::panels::View;
use crate::gui::settings::{MOST_SEEDS, pace};
use crate::gui::state::{Mark, State, recipe_for};
use crate::gui::{format, theme, widgets};
use crate::network::registry::MODELS;
use crate::synthesis::recipe;
use egui::{Align, Button, ComboBox, DragValue, Layout, Rect, RichText, Ui, UiBuilder, vec2};

const HEIGHT: f32 = 28.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            stimulus(ui, view);
            model(ui, view);
            recipes(ui, view);
            layers(ui, view);
            seeds(ui, view);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                buttons(ui, view);
            });
        });
    });
}

fn stimulus(ui: &mut Ui, view: &mut View<'_>) {
    let now = format::stimulus(&view.state.choices.stimulus);
    let offered: Vec<(usize, String, String)> = view
        .state
        .offered()
        .map(|(i, s)| (i, s.name.clone(), s.title.clone()))
        .collect();
    let combo = ComboBox::from_id_salt("ladder stimulus")
        .selected_text(now)
        .width(150.0)
        .height(400.0)
        .show_ui(ui, |ui| {
            for (index, name, title) in offered {
                let chosen = name == view.state.choices.stimulus;
                let response = ui.selectable_label(chosen, format::stimulus(&name));
                if response.on_hover_text(title).clicked() {
                    view.out.push(Message::ChooseStimulus(index));
                }
            }
            ui.separator();
            if ui.button("Open a file…").clicked() {
                view.out.push(Message::Do(Action::OpenFile));
                ui.close();
            }
        });
    combo
        .response
        .accessible_name("Stimulus")
        .on_hover_text("What the metamers are metamers of; a file can be dropped on the window");
}

fn model(ui: &mut Ui, view: &mut View<'_>) {
    let chosen = view.state.choices.model.clone();
    let title = MODELS
        .iter()
        .find(|m| m.name == chosen)
        .map_or(chosen.clone(), |m| m.title.to_owned());
    let own = MODELS
        .iter()
        .map(|m| (m.name.to_owned(), m.title.to_owned()));
    let imported = view
        .state
        .imported
        .iter()
        .map(|r| (r.name.clone(), r.name.clone()));
    let all: Vec<_> = own.chain(imported).collect();
    let combo = ComboBox::from_id_salt("ladder model")
        .selected_text(title)
        .width(210.0)
        .show_ui(ui, |ui| {
            for (name, title) in all {
                if ui.selectable_label(name == chosen, title).clicked() {
                    view.out.push(Message::ChooseModel(name));
                }
            }
        });
    combo
        .response
        .accessible_name("Model")
        .on_hover_text("Whose layers are matched");
}

fn recipes(ui: &mut Ui, view: &mut View<'_>) {
    let state = view.state;
    let changed = if state.fields_changed() {
        ", changed"
    } else {
        ""
    };
    let combo = ComboBox::from_id_salt("ladder recipe")
        .selected_text(format!("{}{changed}", state.recipe.title))
        .width(130.0)
        .show_ui(ui, |ui| {
            for name in recipe::names() {
                let Ok(recipe) = recipe_for(name, state.hears()) else {
                    continue;
                };
                let chosen = name == state.choices.recipe;
                let response = ui.selectable_label(chosen, &recipe.title);
                if response.on_hover_text(&recipe.summary).clicked() {
                    view.out.push(Message::ChooseRecipe(name.to_owned()));
                }
            }
        });
    combo
        .response
        .accessible_name("Recipe")
        .on_hover_text(format!(
            "{}\nThe ladder shows metamers that were made by this recipe",
            state.recipe.summary
        ));
}

fn layers(ui: &mut Ui, view: &mut View<'_>) {
    let chosen: Vec<String> = view
        .state
        .ladder_layers()
        .iter()
        .map(|l| l.name.clone())
        .collect();
    let text = match chosen.len() {
        1 => "1 layer".to_owned(),
        n => format!("{n} layers"),
    };
    let all: Vec<(String, String, usize)> = view
        .state
        .layers
        .iter()
        .map(|l| (l.name.clone(), l.shape.clone(), l.elements))
        .collect();
    let menu = egui::containers::menu::MenuButton::new(text)
        .config(
            egui::containers::menu::MenuConfig::new()
                .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside),
        )
        .ui(ui, |ui| {
            ui.set_min_width(220.0);
            ui.horizontal(|ui| {
                if ui.button("All").clicked() {
                    let names = all.iter().map(|l| l.0.clone()).collect();
                    view.out.push(Message::Ladder(LadderMessage::Layers(names)));
                }
                ui.label(widgets::faint(
                    ui,
                    format!("{} of {}", chosen.len(), all.len()),
                ));
            });
            egui::ScrollArea::vertical()
                .max_height(520.0)
                .show(ui, |ui| {
                    for (name, shape, elements) in &all {
                        let mut on = chosen.contains(name);
                        let response = ui.checkbox(&mut on, name);
                        if response.changed() {
                            let message = LadderMessage::Layer(name.clone(), on);
                            view.out.push(Message::Ladder(message));
                        }
                        response.on_hover_text(format!(
                            "{shape}, {} values",
                            format::grouped(*elements as u64)
                        ));
                    }
                });
        });
    menu.0.on_hover_text("Which layers the ladder has");
}

fn seeds(ui: &mut Ui, view: &mut View<'_>) {
    let mut seeds = view.state.choices.ladder.seeds;
    let unit = if seeds == 1 { " seed" } else { " seeds" };
    let drag = DragValue::new(&mut seeds)
        .range(1..=MOST_SEEDS)
        .suffix(unit);
    let response = ui.add(drag).accessible_name("Seeds");
    if response.changed() {
        view.out.push(Message::Ladder(LadderMessage::Seeds(seeds)));
    }
    response.on_hover_text(format!(
        "Rows of the ladder: each begins from the noise of the next seed, from seed {} on.\nDrag, or click and type",
        view.state.choices.seed
    ));
}

fn buttons(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    let state = view.state;
    let ladder = state.ladder();
    let missing = ladder.missing().len();
    if !state.going.is_empty() || state.preparing > 0 || ladder.count(Mark::Queued) > 0 {
        widgets::labelled_button(ui, view, Action::Stop, "Stop");
        let hold = Action::primary(view.state);
        widgets::labelled_button(ui, view, hold, hold.label());
    }
    if missing > 0 {
        let possible = Action::MakeLadder.possible(view.state);
        let label = match missing {
            1 => "Make 1 metamer".to_owned(),
            n => format!("Make {n} metamers"),
        };
        let button = Button::new(RichText::new(&label).color(t.on_accent))
            .fill(t.accent)
            .min_size(vec2(150.0, HEIGHT));
        let response = ui.add_enabled(possible.is_ok(), button);
        if response.clicked() {
            view.out.push(Message::Do(Action::MakeLadder));
        }
        response
            .on_hover_text(format!(
                "{}\n{}",
                Action::MakeLadder.tooltip(),
                Action::MakeLadder.keys(view.state.hears())
            ))
            .on_disabled_hover_text(possible.err().unwrap_or(""));
        if !view.state.hide_machine
            && let Some(text) = estimate(view.state, &view.state.ladder())
        {
            ui.label(widgets::faint(ui, text))
                .on_hover_text("From steps that were measured on this machine");
        }
    }
}

/// How long the missing ones will take, as far as their layers were measured on this machine.
fn estimate(state: &State, ladder: &Ladder<'_>) -> Option<String> {
    let steps = state.procedure.steps as f64;
    let mut known = 0.0;
    let mut unknown = 0;
    for (layer, _) in ladder.missing() {
        let key = pace(&state.choices.model, layer, state.threads());
        match state.choices.paces.get(&key) {
            Some(rate) => known += steps / rate,
            None => unknown += 1,
        }
    }
    match (known > 0.0, unknown) {
        (false, _) => None,
        (true, 0) => Some(format!("about {}", format::duration(known))),
        (true, _) => Some(format!("more than {}", format::duration(known))),
    }
}
