//! The line that says what is under the cursor.

use crate::gui::sound_view::reading::Reading;
use crate::gui::sound_view::ticks::frequency;
use crate::gui::{format, theme};
use egui::{Response, Ui};

/// Widths of the figures of time, frequency and value: they stay where they are while they change.
const WIDTHS: [f32; 3] = [54.0, 66.0, 46.0];

/// Time, frequency and the value of each map by name on one line; without a reading, how to get one.
pub fn read_out(ui: &mut Ui, reading: Option<&Reading>, names: &[&str]) -> Response {
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let Some(reading) = reading else {
            ui.label(super::faint(
                ui,
                "Point at a cochleagram to read its values",
            ));
            return;
        };
        let t = theme::tokens(ui);
        let figure = |ui: &mut Ui, text: String, width: f32| {
            let text = egui::RichText::new(text).size(theme::SMALL).color(t.text);
            super::fixed_label(ui, text, width);
        };
        figure(ui, format!("{:.3} s", reading.seconds), WIDTHS[0]);
        let hertz = reading.hertz.map(|h| frequency(h.round()));
        figure(ui, hertz.unwrap_or_default(), WIDTHS[1]);
        for (name, value) in names.iter().zip(&reading.values) {
            ui.label(super::faint(ui, *name));
            let value = value.map_or_else(String::new, format::figure);
            figure(ui, value, WIDTHS[2]);
        }
    });
    row.response
}
