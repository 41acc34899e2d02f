//! The tour's card, above the page that it speaks of.

use super::View;
use crate::gui::message::{Message, TourMessage};
use crate::gui::tour::STOPS;
use crate::gui::{theme, widgets};
use egui::{
    Align, Align2, Area, Button, Context, Frame, Id, Layout, Order, RichText, Stroke, vec2,
};

/// Width of the card's text.
const WIDTH: f32 = 520.0;
/// Height of the longest text.
const TEXT: f32 = 72.0;

pub fn show(ctx: &Context, view: &mut View<'_>) {
    let Some((at, stop)) = view.state.tour.and_then(|at| Some((at, STOPS.get(at)?))) else {
        return;
    };
    Area::new(Id::unique("tour"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -48.0))
        .show(ctx, |ui| {
            let t = theme::tokens(ui);
            let frame = Frame::NONE
                .fill(t.panel)
                .stroke(Stroke::new(1.5, t.accent))
                .corner_radius(theme::CORNER + 2)
                .inner_margin(16);
            frame.show(ui, |ui| {
                ui.set_width(WIDTH);
                ui.horizontal(|ui| {
                    ui.label(RichText::new(stop.title).font(theme::strong(15.0)));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let place = format!("{} of {}", at + 1, STOPS.len());
                        ui.label(widgets::faint(ui, place));
                    });
                });
                // As tall at every stop, so that the buttons stay where they are.
                ui.allocate_ui(vec2(WIDTH, TEXT), |ui| {
                    ui.set_min_height(TEXT);
                    ui.add(egui::Label::new(widgets::muted(ui, stop.text)).wrap());
                });
                ui.horizontal(|ui| {
                    let last = at + 1 == STOPS.len();
                    let next = if last { "Done" } else { "Next" };
                    let button = Button::new(RichText::new(next).color(t.on_accent))
                        .fill(t.accent)
                        .min_size(vec2(90.0, 28.0));
                    let mut say = |message| view.out.push(Message::Tour(message));
                    if ui.add(button).on_hover_text("Enter").clicked() {
                        say(TourMessage::Next);
                    }
                    let back = ui.add_enabled(at > 0, Button::new("Back"));
                    if back.on_hover_text("Backspace").clicked() {
                        say(TourMessage::Back);
                    }
                    if !last && ui.button("Skip the tour").on_hover_text("Esc").clicked() {
                        say(TourMessage::Leave);
                    }
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        ui.label(widgets::faint(ui, "Enter goes on, Esc leaves"));
                    });
                });
            });
        });
}
