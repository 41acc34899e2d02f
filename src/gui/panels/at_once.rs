//! Runs that go on together: how far each is, and which of them is shown.

use super::View;
use crate::gui::message::Message;
use crate::gui::state::{Mark, Phase, Run};
use crate::gui::{format, theme, widgets};
use egui::{Align, Button, Layout, RichText, Sense, Ui, vec2};

/// More than this are counted, not listed.
const LISTED: usize = 6;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let state = view.state;
    let going = &state.going;
    // One alone is what the whole window shows.
    if going.len() < 2 {
        return;
    }
    ui.add_space(8.0);
    widgets::heading(ui, &format!("At once, {} runs", going.len()));
    ui.spacing_mut().item_spacing.y = 0.0;
    for run in going
        .iter()
        .take(LISTED)
        .filter_map(|id| state.runs.get(id))
    {
        row(ui, view, run);
    }
    if let Some(more) = going.len().checked_sub(LISTED).filter(|m| *m > 0) {
        ui.label(widgets::faint(ui, format!("and {more} more")));
    }
    ui.spacing_mut().item_spacing.y = 6.0;
}

fn row(ui: &mut Ui, view: &mut View<'_>, run: &Run) {
    let t = theme::tokens(ui);
    let state = view.state;
    let shown = state.viewing == Some(run.id);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 22.0), Sense::hover());
        let centre = rect.center() + vec2(4.0, 0.0);
        widgets::dot(ui.painter(), centre, Mark::Running, t);
        let what = format!(
            "{}, {}, seed {}",
            run.spec.layer,
            format::stimulus(&run.spec.stimulus),
            run.spec.seed
        );
        let far = match run.phase {
            Phase::Paused => "paused".to_owned(),
            _ => format!(
                "{} of {}",
                format::grouped(run.step),
                format::grouped(run.spec.procedure.steps)
            ),
        };
        let colour = if shown { t.text } else { t.muted };
        let button = Button::new(RichText::new(&what).size(12.0).color(colour)).frame(false);
        let response = ui
            .add(button)
            .accessible_name(format!("Show {what}, {far}"))
            .on_hover_text("Show this run; pause, stop and rate are about the one that is shown");
        if response.clicked() {
            view.out.push(Message::Watch(run.id));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(far).size(theme::SMALL).color(t.faint));
        });
    });
}
