//! Choosing the recipe, the seed and the number of threads, and changing the recipe's fields.

use super::View;
use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::state::recipe_for;
use crate::gui::{format, theme, widgets};
use crate::synthesis::recipe;
use crate::synthesis::words::plain;
use egui::{ComboBox, RichText, TextEdit, Ui, vec2};

/// A field of the procedure, for people.
struct Field {
    key: &'static str,
    label: &'static str,
    help: &'static str,
    /// The values to choose from; typed where there are none.
    options: &'static [&'static str],
}

const fn typed(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field {
        key,
        label,
        help,
        options: &[],
    }
}

const fn chosen(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    options: &'static [&'static str],
) -> Field {
    Field {
        key,
        label,
        help,
        options,
    }
}

/// What the number of runs at once does.
const AT_ONCE_HELP: &str = "So many runs of the queue, if they are of one model, make their steps together, and every weight of the network is read once for all. Results are the same to the bit. Each takes memory, and time is hardly saved: it is for watching several grow side by side";

const YES_NO: &[&str] = &["true", "false"];

/// In the order in which a step uses them.
const FIELDS: [Field; 25] = [
    typed(
        "steps",
        "Steps",
        "Number of updates. Blocks of a schedule keep their number and change their length",
    ),
    chosen(
        "loss",
        "Loss",
        "What is minimised",
        &["half_squared", "relative_l2", "l1"],
    ),
    chosen(
        "straight_through",
        "Straight through",
        "Whether the gradient passes the matched layer's own rectifier unchanged",
        YES_NO,
    ),
    typed(
        "leak",
        "Leak",
        "The share of the gradient that other rectifiers let through where they are shut, at the first step; it falls to 0 (0 as published)",
    ),
    typed(
        "leak_falloff",
        "Leak's fall-off",
        "How the leak falls off with depth: the rectifier that comes n-th from the stimulus on lets through the leak over n to this power",
    ),
    chosen(
        "clip",
        "Clip",
        "Whether the stimulus is clipped to its range after every update",
        YES_NO,
    ),
    chosen(
        "optimiser",
        "Optimiser",
        "TensorFlow's Adam (2019), steps of fixed length along the gradient (2023), or, not published, Adam on the stimulus's frequencies (spectral) or on a sound's frequencies at each moment (lapped)",
        &["adam", "normalised", "spectral_adam", "lapped_adam"],
    ),
    typed(
        "learning_rate",
        "Learning rate",
        "Adam's learning rate, or the length of a normalised step",
    ),
    typed("beta1", "Beta 1", "Adam's decay of the first moment"),
    typed("beta2", "Beta 2", "Adam's decay of the second moment"),
    typed(
        "memory",
        "Memory",
        "How many times as long as at first Adam remembers at the last step (1 as published)",
    ),
    typed(
        "epsilon",
        "Epsilon",
        "Added to the root of Adam's second moment",
    ),
    typed(
        "tilt",
        "Tilt",
        "Spectral and lapped Adam's steps are proportional to the frequency to the power of minus the tilt",
    ),
    chosen(
        "schedule",
        "Schedule",
        "How the step size changes",
        &["constant", "exponential", "halving", "cosine"],
    ),
    typed(
        "warm_up",
        "Warm-up",
        "The part of the steps over which the step size rises from zero first (0 as published)",
    ),
    typed(
        "decay",
        "Decay",
        "Factor per block (halving) or per so many steps (exponential)",
    ),
    typed(
        "decay_steps",
        "Decay steps",
        "Steps per factor, or per block",
    ),
    chosen(
        "start",
        "Start",
        "The noise to start from",
        &["uniform", "normal", "pink"],
    ),
    typed("start_low", "Start, lowest", "Lower end of a uniform start"),
    typed(
        "start_high",
        "Start, highest",
        "Upper end of a uniform start",
    ),
    typed("start_mean", "Start, mean", "Mean of a normal start"),
    typed(
        "start_sd",
        "Start, deviation",
        "Standard deviation of a normal start",
    ),
    chosen(
        "crop",
        "Crop",
        "How a picture becomes square, by either paper's rule",
        &["feather2019", "feather2023"],
    ),
    typed(
        "part",
        "Part",
        "Which two seconds of a longer sound: 'loudest', or seconds from its beginning",
    ),
    chosen(
        "criteria",
        "Checks",
        "Whose acceptance checks are applied",
        &["feather2019", "feather2023"],
    ),
];

/// Width of a field's label in points; it leaves room for the longest option beside it.
const LABEL: f32 = 120.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let state = view.state;
    let heading = widgets::heading(ui, "Recipe");
    // Fields that have just been opened come into view.
    let was_open_id = heading.id.with("fields were open");
    let was_open = ui.data_mut(|d| d.get_temp(was_open_id).unwrap_or(false));
    if state.fields_open != was_open {
        ui.data_mut(|d| d.insert_temp(was_open_id, state.fields_open));
        if state.fields_open {
            heading.scroll_to_me(Some(egui::Align::TOP));
        }
    }
    let changed = if state.fields_changed() {
        ", changed"
    } else {
        ""
    };
    let title = format!(
        "{}{changed}, {} steps",
        state.recipe.title,
        format::grouped(state.procedure.steps)
    );
    let combo = ComboBox::from_id_salt("recipe")
        .selected_text(title)
        .width(ui.available_width())
        .show_ui(ui, |ui| {
            for name in recipe::names() {
                let Ok(found) = recipe_for(name, state.hears()) else {
                    continue;
                };
                let here = name == state.choices.recipe;
                let label = format!(
                    "{}, {} steps",
                    found.title,
                    format::grouped(found.procedure.steps)
                );
                if ui
                    .selectable_label(here, label)
                    .on_hover_text(&found.summary)
                    .clicked()
                {
                    view.out.push(Message::ChooseRecipe(name.to_owned()));
                }
            }
        });
    combo
        .response
        .accessible_name("Recipe")
        .on_hover_text(format!(
            "{}\n\n{}",
            state.recipe.summary,
            plain(&state.procedure)
        ));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        small_field(
            ui,
            view,
            "seed",
            "Seed",
            state.choices.seed.to_string(),
            52.0,
            "Selects the noise that the run begins from",
        );
        let help = "Threads of the optimisation; results are the same to the bit only with as many threads";
        let threads = if state.hide_machine { String::new() } else { state.threads().to_string() };
        small_field(ui, view, "threads", "Threads", threads, 24.0, help);
        let width = ui.available_width();
        let button = egui::Button::new("Fields").selected(state.fields_open).min_size(vec2(width, 26.0));
        if ui
            .add(button)
            .on_hover_text(format!("{}\n{}", Action::ShowFields.tooltip(), Action::ShowFields.keys(state.hears())))
            .clicked()
        {
            view.out.push(Message::Do(Action::ShowFields));
        }
    });
    for field in ["seed", "threads"] {
        complaint(ui, view, field);
    }
    rate(ui, view);
    if state.fields_open {
        fields(ui, view);
    }
}

/// The step size of the run that goes on, and a factor on it; the recipe's where none does, since a rate that warms up
/// begins at next to nothing.
fn rate(ui: &mut Ui, view: &mut View<'_>) {
    let run = view.state.active();
    let procedure = run.map_or(&view.state.procedure, |r| &r.spec.procedure);
    let (name, rate) = match run {
        Some(run) => ("Rate now", procedure.rate(run.step)),
        None => ("Rate", procedure.learning_rate as f32),
    };
    let mut factor = procedure.rate_changes.last().map_or(1.0, |c| c.factor);
    let help = "The step size now. While a run goes on it can be multiplied; the change is written into the run's spec, so that the run can be repeated";
    ui.horizontal(|ui| {
        let text = format!("{name} {}", format::figure(rate));
        let label = widgets::fixed_label(ui, widgets::muted(ui, text), 132.0).on_hover_text(help);
        let drag = egui::DragValue::new(&mut factor)
            .range(0.01..=100.0)
            .speed(0.01)
            .max_decimals(2)
            .prefix("× ");
        let response = ui.add_enabled(run.is_some(), drag).labelled_by(label.id);
        if response.changed() {
            view.out.push(Message::Rate(factor));
        }
        response
            .on_hover_text(help)
            .on_disabled_hover_text("No run is going on; the recipe's fields have its rate");
    });
}

/// The recipe in plain language.
fn plainly(ui: &mut Ui, view: &View<'_>) {
    let words = widgets::faint(ui, plain(&view.state.procedure));
    ui.add(egui::Label::new(words).wrap());
}

/// What a field does, and its value in either paper.
fn help(field: &Field, hears: bool) -> String {
    let mut text = field.help.to_owned();
    for name in ["feather2019", "feather2023"] {
        let Ok(found) = recipe_for(name, hears) else {
            continue;
        };
        let value = toml::Table::try_from(&found.procedure)
            .ok()
            .and_then(|t| t.get(field.key).map(shown));
        if let Some(value) = value {
            text.push_str(&format!("\n{}: {}", found.title, in_words(&value)));
        }
    }
    text
}

/// A field's value as it is typed.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(s) => s.clone(),
        toml::Value::Float(v) if *v != 0.0 && v.abs() < 1e-3 => format!("{v:e}"),
        other => other.to_string(),
    }
}

fn small_field(
    ui: &mut Ui,
    view: &mut View<'_>,
    field: &'static str,
    label: &str,
    value: String,
    width: f32,
    help: &str,
) {
    let name = ui.label(widgets::muted(ui, label)).on_hover_text(help);
    edit(ui, view, field, value, width, name.id);
}

fn edit(
    ui: &mut Ui,
    view: &mut View<'_>,
    field: &'static str,
    value: String,
    width: f32,
    label: egui::Id,
) {
    let draft = view.state.drafts.get(field);
    let mut text = draft.map_or(value, |d| d.text.clone());
    let bad = draft.is_some_and(|d| d.error.is_some());
    let mut edit = TextEdit::singleline(&mut text)
        .desired_width(width)
        .margin(vec2(6.0, 4.0));
    if bad {
        edit = edit.text_color(theme::tokens(ui).fail);
    }
    let response = ui.add(edit).labelled_by(label);
    if response.changed() {
        view.out.push(Message::Edit(field, text));
    }
    if response.lost_focus() {
        view.out.push(Message::EndEdit(field));
    }
}

fn complaint(ui: &mut Ui, view: &View<'_>, field: &str) {
    if let Some(error) = view.state.drafts.get(field).and_then(|d| d.error.as_ref()) {
        let text = RichText::new(error)
            .size(theme::SMALL)
            .color(theme::tokens(ui).fail);
        ui.add(egui::Label::new(text).wrap());
    }
}

fn fields(ui: &mut Ui, view: &mut View<'_>) {
    // The procedure's own text form names every field, so that none can be forgotten here.
    let Ok(table) = toml::Table::try_from(&view.state.procedure) else {
        return;
    };
    plainly(ui, view);
    for field in &FIELDS {
        let value = match table.get(field.key) {
            Some(value) => shown(value),
            None => continue,
        };
        ui.horizontal(|ui| {
            let label = widgets::fixed_label(ui, widgets::muted(ui, field.label), LABEL)
                .on_hover_text(help(field, view.state.hears()));
            let width = ui.available_width();
            if field.options.is_empty() {
                edit(ui, view, field.key, value, width, label.id);
            } else {
                options(ui, view, field, &value, width);
            }
        });
        complaint(ui, view, field.key);
    }
    ui.horizontal(|ui| {
        let label = widgets::fixed_label(ui, widgets::muted(ui, "Runs at once"), LABEL)
            .on_hover_text(AT_ONCE_HELP);
        let value = view.state.choices.at_once.to_string();
        let width = ui.available_width();
        edit(ui, view, "at_once", value, width, label.id);
    });
    complaint(ui, view, "at_once");
    widgets::action_button(ui, view, Action::ResetFields);
}

fn options(ui: &mut Ui, view: &mut View<'_>, field: &Field, value: &str, width: f32) {
    let combo = ComboBox::from_id_salt(field.key)
        .selected_text(in_words(value))
        .width(width)
        .show_ui(ui, |ui| {
            for option in field.options {
                if ui
                    .selectable_label(*option == value, in_words(option))
                    .clicked()
                {
                    view.out
                        .push(Message::Edit(field.key, (*option).to_owned()));
                    view.out.push(Message::EndEdit(field.key));
                }
            }
        });
    combo
        .response
        .accessible_name(field.label)
        .on_hover_text(field.help);
}

fn in_words(value: &str) -> String {
    match value {
        "true" => "yes".into(),
        "false" => "no".into(),
        "half_squared" => "half squared".into(),
        "relative_l2" => "relative L2".into(),
        "l1" => "L1".into(),
        "spectral_adam" => "spectral Adam".into(),
        "lapped_adam" => "lapped Adam".into(),
        "feather2019" => "Feather 2019".into(),
        "feather2023" => "Feather 2023".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_procedure_can_be_changed_and_every_option_is_accepted() {
        let procedure = recipe::find("quick").unwrap().procedure;
        let table = toml::Table::try_from(&procedure).unwrap();
        let mut named: Vec<&str> = FIELDS.iter().map(|f| f.key).collect();
        let mut there: Vec<&str> = table.keys().map(String::as_str).collect();
        named.sort_unstable();
        there.sort_unstable();
        assert_eq!(named, there);
        for field in &FIELDS {
            for option in field.options {
                procedure.clone().set(field.key, option).unwrap();
            }
        }
    }
}
