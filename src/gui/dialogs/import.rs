//! Files that were dropped hold a model: what was found, and whether to import it.

use super::{modal, title};
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::state::Dialog;
use crate::gui::{format, widgets};
use egui::{Context, Grid, TextEdit, vec2};

pub fn show(ctx: &Context, view: &mut View<'_>, mut name: String) {
    let Some(found) = view.state.found.clone() else {
        view.out.push(Message::Show(None));
        return;
    };
    modal(ctx, view, "import", 560.0, |ui, view| {
        title(ui, "Import model");
        let architecture = found.record.architecture.title();
        let unexpected = match found.fit.unexpected.len() {
            0 => String::new(),
            n => format!(", {n} not used"),
        };
        let tensors = format!("{} tensors, none missing{unexpected}", found.fit.used);
        let layers = found.model.metamer_layers.iter();
        let layers: Vec<&str> = layers
            .map(|id| found.model.graph.node(*id).name.as_str())
            .collect();
        let rows = [
            ("File", format::short_path(&found.record.checkpoint)),
            ("Format", format!("TensorFlow {} checkpoint", found.version)),
            ("Architecture", architecture.to_owned()),
            ("Weights", tensors),
            ("Layers", layers.join(", ")),
        ];
        // What was found by itself is among the notes.
        let record = &found.record;
        let companions = [
            ("Configuration", &record.configuration),
            ("Null", &record.null),
            ("Class names", &record.labels),
        ];
        let companions = companions
            .into_iter()
            .filter_map(|(what, path)| Some((what, format::short_path(path.as_ref()?))));
        let rows: Vec<_> = rows.into_iter().chain(companions).collect();
        Grid::new("found")
            .num_columns(2)
            .spacing([16.0, 6.0])
            .show(ui, |ui| {
                for (what, text) in rows {
                    ui.label(widgets::muted(ui, what));
                    ui.add(egui::Label::new(text).wrap());
                    ui.end_row();
                }
            });
        for note in &found.notes {
            ui.add(egui::Label::new(widgets::muted(ui, note.as_str())).wrap());
        }
        let before = name.clone();
        let edit = TextEdit::singleline(&mut name)
            .hint_text("Name")
            .desired_width(f32::INFINITY)
            .margin(vec2(8.0, 6.0));
        ui.add(edit).accessible_name("Model name");
        ui.label(widgets::faint(
            ui,
            "The files are used where they lie; nothing is copied",
        ));
        ui.horizontal(|ui| {
            if ui.button("Import").clicked() {
                view.out.push(Message::Import);
            }
            if ui.button("Cancel").clicked() {
                view.out.push(Message::Show(None));
            }
        });
        if name != before {
            view.out
                .push(Message::Show(Some(Dialog::Import { name: name.clone() })));
        }
    });
}
