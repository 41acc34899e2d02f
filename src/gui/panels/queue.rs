//! Runs that wait.

use super::View;
use crate::gui::message::Message;
use crate::gui::state::Mark;
use crate::gui::{format, theme, widgets};
use egui::{RichText, Ui};

/// More than this are counted, not listed.
const LISTED: usize = 4;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    // Where there are places, the first are about to begin: a list that comes and goes at once would only make the panel
    // jump.
    let beginning = view.state.beginning();
    let queue = view.state.queue.get(beginning..).unwrap_or_default();
    if queue.is_empty() {
        return;
    }
    let t = theme::tokens(ui);
    ui.add_space(8.0);
    widgets::heading(ui, &format!("Queue, {} waiting", queue.len()));
    ui.spacing_mut().item_spacing.y = 0.0;
    for entry in queue.iter().take(LISTED) {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(16.0, 22.0), egui::Sense::hover());
            widgets::dot(
                ui.painter(),
                rect.center() + egui::vec2(4.0, 0.0),
                Mark::Queued,
                t,
            );
            let what = format!(
                "{}, {}",
                entry.spec.layer,
                format::stimulus(&entry.spec.stimulus)
            );
            ui.label(RichText::new(&what).size(12.0).color(t.muted));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let button =
                    egui::Button::new(RichText::new("Remove").size(theme::SMALL).color(t.faint))
                        .frame(false);
                let button = ui.add(button).accessible_name(format!("Remove {what}"));
                if button
                    .on_hover_text("Take this run out of the queue")
                    .clicked()
                {
                    view.out.push(Message::Dequeue(entry.id));
                }
            });
        });
    }
    if let Some(more) = queue.len().checked_sub(LISTED).filter(|m| *m > 0) {
        ui.label(widgets::faint(ui, format!("and {more} more")));
    }
    ui.spacing_mut().item_spacing.y = 6.0;
}
