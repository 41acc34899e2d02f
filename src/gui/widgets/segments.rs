//! A few choices of which one holds, side by side.

use crate::gui::theme;
use egui::{Button, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

/// One of the choices.
pub struct Segment<'a> {
    /// What it is called.
    pub label: &'a str,
    /// What it does, and its key.
    pub help: String,
    /// Whether it holds.
    pub chosen: bool,
}

/// Draws the choices; says which was pressed.
pub fn segments(ui: &mut Ui, choices: &[Segment<'_>]) -> Option<usize> {
    let t = theme::tokens(ui);
    let mut pressed = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        // In a row that grows to the left, the last comes first.
        let backward = ui.layout().prefer_right_to_left();
        for place in 0..choices.len() {
            let index = if backward {
                choices.len() - 1 - place
            } else {
                place
            };
            let choice = &choices[index];
            let ink = if choice.chosen { t.text } else { t.muted };
            let button = Button::new(RichText::new(choice.label).size(12.5).color(ink))
                .fill(if choice.chosen {
                    t.raised
                } else {
                    t.background
                })
                .stroke(Stroke::new(1.0, t.line))
                .min_size(vec2(44.0, 26.0));
            let response = ui.add(button);
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, choice.chosen, choice.label)
            });
            if response.clicked() {
                pressed = Some(index);
            }
            response.on_hover_text(&choice.help);
        }
    });
    pressed
}
