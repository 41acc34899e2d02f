//! The left panel: what is to be made.

use super::{View, at_once, layers, queue, recipe, stimuli};
use crate::gui::action::Action;
use crate::gui::message::Message;
use crate::gui::{format, theme, widgets};
use crate::network::registry::MODELS;
use egui::{Id, Panel, RichText, ScrollArea, Stroke, StrokeKind, Ui};

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    ui.spacing_mut().item_spacing.y = 6.0;
    Panel::bottom("what to do")
        .frame(egui::Frame::NONE)
        .show_separator_line(false)
        .resizable(false)
        .show(ui, |ui| buttons(ui, view));
    let room = ui.available_height();
    // What the list of layers does not need, as it was in the frame before: the list gets the rest.
    let others_id = Id::unique("height of the left panel without the list");
    let others: f32 = ui.data(|d| d.get_temp(others_id)).unwrap_or(400.0);
    ScrollArea::vertical()
        .id_salt("what")
        .auto_shrink(false)
        .show(ui, |ui| {
            let top = ui.cursor().top();
            ui.add_space(12.0);
            stimuli::show(ui, view);
            ui.add_space(8.0);
            model(ui, view);
            ui.add_space(8.0);
            let list = layers::show(ui, view, room - others - 6.0);
            at_once::show(ui, view);
            queue::show(ui, view);
            ui.add_space(8.0);
            recipe::show(ui, view);
            ui.add_space(8.0);
            let now = ui.cursor().top() - top - list;
            if (now - others).abs() > 0.5 {
                ui.data_mut(|d| d.insert_temp(others_id, now));
                ui.ctx()
                    .request_repaint_after(std::time::Duration::from_millis(1));
            }
        });
}

fn model(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    widgets::heading(ui, "Model");
    let chosen = &view.state.choices.model;
    let entry = MODELS.iter().find(|m| m.name == chosen);
    let title = entry.map_or(chosen.as_str(), |m| m.title);
    let state = match (&view.state.model, &view.state.model_error) {
        (Some(model), _) => model.source.clone(),
        (None, Some(error)) => error.clone(),
        (None, None) => "Loading…".to_owned(),
    };
    let (rect, response) =
        ui.allocate_exact_size(egui::vec2(ui.available_width(), 46.0), egui::Sense::click());
    let label = format!("Model {title}, {state}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &label));
    widgets::focus_ring(ui, &response, rect);
    ui.painter().rect(
        rect,
        theme::CONTROL_CORNER,
        t.raised,
        Stroke::NONE,
        StrokeKind::Inside,
    );
    let mark = rect.right_center() - egui::vec2(16.0, 0.0);
    let corners = [(-4.0, -2.0), (4.0, -2.0), (0.0, 3.0)].map(|(x, y)| mark + egui::vec2(x, y));
    let triangle = egui::Shape::convex_polygon(corners.to_vec(), t.muted, Stroke::NONE);
    ui.painter().add(triangle);
    let mut inside = rect.shrink2(egui::vec2(10.0, 6.0));
    inside.max.x -= 18.0;
    let title = widgets::line(
        ui,
        title,
        theme::regular(theme::BODY),
        t.text,
        inside.width(),
    );
    ui.painter().galley(inside.left_top(), title, t.text);
    let state_line = widgets::line(
        ui,
        &state,
        theme::regular(theme::SMALL),
        t.muted,
        inside.width(),
    );
    let height = state_line.size().y;
    ui.painter().galley(
        inside.left_bottom() - egui::vec2(0.0, height),
        state_line,
        t.muted,
    );
    egui::Popup::menu(&response).show(|ui| models(ui, view));
    response.on_hover_text(format!(
        "{state}\n\nClick to choose another model; drop a checkpoint on the window to import one"
    ));
}

/// Every model, those that see before those that hear; what was imported after the program's own.
fn models(ui: &mut Ui, view: &mut View<'_>) {
    ui.set_min_width(300.0);
    for (modality, heading) in [("image", "Models that see"), ("sound", "Models that hear")] {
        ui.label(widgets::faint(ui, heading));
        let own = MODELS.iter().filter(|m| m.modality == modality);
        let own = own.map(|m| (m.name.to_owned(), m.title.to_owned(), m.source.to_owned()));
        let imported = view.state.imported.iter();
        let imported = imported.filter(|r| r.architecture.modality() == modality);
        let imported = imported.map(|r| (r.name.clone(), r.name.clone(), r.source()));
        for (name, title, source) in own.chain(imported) {
            let chosen = name == view.state.choices.model;
            let response = ui.selectable_label(chosen, title);
            if response.clicked() {
                view.out.push(Message::ChooseModel(name));
                ui.close();
            }
            response.on_hover_text(source);
        }
    }
    ui.separator();
    let more = ui.button(format!("{}…", Action::Published.label()));
    if more.on_hover_text(Action::Published.tooltip()).clicked() {
        view.out.push(Message::Do(Action::Published));
        ui.close();
    }
}

fn buttons(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    ui.painter().hline(
        ui.max_rect().x_range(),
        ui.max_rect().top(),
        Stroke::new(1.0, t.line),
    );
    ui.add_space(10.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let third = (ui.available_width() - 12.0) / 3.0;
        for action in [Action::Stop, Action::BackToStart, Action::AddToQueue] {
            let width = if action == Action::Stop {
                third * 0.62
            } else {
                third * 1.19
            };
            let possible = action.possible(view.state);
            let button = egui::Button::new(RichText::new(action.label()).size(12.0))
                .min_size(egui::vec2(width, 28.0));
            let response = ui.add_enabled(possible.is_ok(), button);
            if response.clicked() {
                view.out.push(Message::Do(action));
            }
            let text = format!("{}\n{}", action.tooltip(), action.keys(view.state.hears()));
            response
                .on_hover_text(&text)
                .on_disabled_hover_text(format!("{text}\n{}", possible.err().unwrap_or("")));
        }
    });
    widgets::primary_button(ui, view);
    let results = view.state.results();
    ui.horizontal(|ui| {
        let text = format!("Saved in {}", format::short_path(&results));
        let change = ui.available_width() - 56.0;
        let line = widgets::line(ui, &text, theme::regular(theme::SMALL), t.faint, change);
        widgets::fixed_label(ui, line, change).on_hover_text(format!(
            "Runs are saved by themselves in {}; nothing is ever overwritten",
            results.display()
        ));
        let button = egui::Button::new(RichText::new("Change").size(theme::SMALL).color(t.muted))
            .frame(false);
        if ui
            .add(button)
            .on_hover_text(Action::ChooseResults.tooltip())
            .clicked()
        {
            view.out.push(Message::Do(Action::ChooseResults));
        }
    });
    ui.add_space(6.0);
}
