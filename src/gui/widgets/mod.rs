//! Small parts that several panels use.

mod card;
mod cochleagram;
mod key_button;
mod layer_row;
mod picture_frame;
mod read_out;
mod segments;
mod sound_frame;
mod sound_input;
mod text_row;
mod tile;
mod waveform;

pub use card::{card, card_title};
pub use cochleagram::Cochleagram;
pub use key_button::{action_button, action_item, labelled_button, primary_button};
pub use layer_row::{dot, layer_row};
pub use picture_frame::{KEY_ZOOM, interact_with_part, mark_cell, paint_part};
pub use read_out::read_out;
pub use segments::{Segment, segments};
pub use sound_frame::{Margins, colours as colour_scale};
pub use sound_input::{SoundResponse, interact as interact_with_sound};
pub use text_row::text_row;
pub use tile::{add_tile, picture, tile};
pub use waveform::Waveform;

use super::theme;
use egui::{Color32, FontId, Galley, Rect, RichText, Ui};
use std::sync::Arc;

/// Muted text of body size.
pub fn muted(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme::tokens(ui).muted)
}

/// Faint small text.
pub fn faint(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text)
        .size(theme::SMALL)
        .color(theme::tokens(ui).faint)
}

/// A heading over a group of controls.
pub fn heading(ui: &mut Ui, text: &str) -> egui::Response {
    let colour = theme::tokens(ui).muted;
    ui.label(RichText::new(text).size(theme::SMALL).color(colour))
}

/// A label that takes the same width whatever it says, with its text on the left.
pub fn fixed_label(ui: &mut Ui, text: impl Into<egui::WidgetText>, width: f32) -> egui::Response {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let size = egui::vec2(width, ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(width);
        ui.label(text)
    })
    .inner
}

/// Lays out one line, cut off with an ellipsis where it does not fit.
pub fn line(ui: &Ui, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}

/// The first of some texts that fits whole, the longest first; the last is cut off where even it does not.
pub fn first_that_fits(
    ui: &Ui,
    texts: &[&str],
    font: &FontId,
    colour: Color32,
    width: f32,
) -> Arc<Galley> {
    let whole = |text: &&str| {
        let galley = ui
            .painter()
            .layout_no_wrap((*text).to_owned(), font.clone(), colour);
        galley.size().x <= width
    };
    let text = texts.iter().copied().find(|t| whole(t));
    let text = text.or(texts.last().copied()).unwrap_or_default();
    line(ui, text, font.clone(), colour, width)
}

/// The first of some texts for which there is room; whoever cannot see how much room there is hears the first.
pub fn fitting_label(ui: &mut Ui, texts: &[&str], font: &FontId, ink: Color32) -> egui::Response {
    let line = first_that_fits(ui, texts, font, ink, ui.available_width());
    let response = ui.label(line);
    let whole = texts.first().copied().unwrap_or_default();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, whole));
    response
}

/// Draws the line that shows where the keyboard is.
pub fn focus_ring(ui: &Ui, response: &egui::Response, rect: Rect) {
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.5, theme::tokens(ui).accent);
        ui.painter().rect_stroke(
            rect,
            theme::CONTROL_CORNER,
            stroke,
            egui::StrokeKind::Outside,
        );
    }
}

/// How far Right and Left were pressed in the control that has the keyboard, which then keeps it.
pub fn arrows(ui: &Ui, id: egui::Id) -> isize {
    let filter = egui::EventFilter {
        horizontal_arrows: true,
        ..Default::default()
    };
    ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
    ui.input_mut(|i| {
        let mut pressed = |key| i.count_and_consume_key(egui::Modifiers::NONE, key) as isize;
        pressed(egui::Key::ArrowRight) - pressed(egui::Key::ArrowLeft)
    })
}
