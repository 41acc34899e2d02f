//! A run is going on: close all the same?

use super::{modal, title};
use crate::gui::format;
use crate::gui::message::{Closing, Message};
use crate::gui::panels::View;
use crate::gui::widgets;
use egui::Context;

pub fn show(ctx: &Context, view: &mut View<'_>) {
    modal(ctx, view, "closing", 520.0, |ui, view| {
        title(ui, "A run is going on");
        let state = view.state;
        if let Some(run) = state.active() {
            let steps = format::grouped(run.spec.procedure.steps);
            let left = run.seconds_left().filter(|_| !state.hide_machine);
            let left = left.map_or_else(String::new, |s| format!(", {} left", format::duration(s)));
            let others = match state.going.len() {
                0 | 1 => String::new(),
                2 => " One other goes on beside it.".to_owned(),
                n => format!(" {} others go on beside it.", n - 1),
            };
            ui.label(format!(
                "{} at {}: step {} of {steps}{left}.{others}",
                format::stimulus(&run.spec.stimulus),
                run.spec.layer,
                format::grouped(run.step)
            ));
        }
        let waiting = state.queue.len() + state.preparing;
        let lost = match waiting {
            0 => String::new(),
            1 => " The run that waits in the queue has not begun and is dropped.".into(),
            n => format!(" The {n} runs that wait in the queue have not begun and are dropped."),
        };
        let text = format!(
            "Stopping writes a checkpoint, and {} offered again the next time.{lost}",
            if state.going.len() > 1 {
                "the runs are"
            } else {
                "the run is"
            }
        );
        ui.add(egui::Label::new(widgets::muted(ui, text)).wrap());
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            for (label, answer) in [
                ("Keep running", Closing::KeepRunning),
                ("Stop and close", Closing::StopAndClose),
                ("Close when done", Closing::WhenDone),
            ] {
                if ui.button(label).clicked() {
                    view.out.push(Message::Close(answer));
                }
            }
        });
    });
}
