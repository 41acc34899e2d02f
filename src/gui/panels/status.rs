//! The bar at the bottom: time.

use super::View;
use crate::gui::page::Page;
use crate::gui::state::{Mark, Phase, State};
use crate::gui::{format, theme};
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

pub fn show(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let area = ui.max_rect();
    let state = view.state;
    let run = state.active().or_else(|| state.shown());
    let y = area.center().y;
    let mut texts: Vec<String> = vec![];
    let mut say = |ui: &Ui, x: f32, align: Align2, text: String, colour| {
        let rect = ui
            .painter()
            .text(pos2(x, y), align, &text, theme::regular(12.0), colour);
        texts.push(text);
        rect
    };
    // Every figure has its place, so that nothing moves while they change.
    let steps = run.map_or(state.procedure.steps, |r| r.spec.procedure.steps);
    let step = run.map_or(0, |r| r.step);
    let text = format!(
        "Step {} of {}",
        format::grouped(step),
        format::grouped(steps)
    );
    say(ui, area.left(), Align2::LEFT_CENTER, text, t.muted);
    let bar = Rect::from_min_size(pos2(area.left() + 156.0, y - 2.0), vec2(200.0, 4.0));
    ui.painter().rect_filled(bar, 2.0, t.raised);
    let done = (step as f32 / steps.max(1) as f32).clamp(0.0, 1.0);
    let filled = Rect::from_min_size(bar.min, vec2(bar.width() * done, bar.height()));
    ui.painter().rect_filled(
        filled,
        2.0,
        if !state.going.is_empty() {
            t.accent
        } else {
            t.faint
        },
    );
    let x = bar.right() + 16.0;
    let word = match run.map(|r| &r.phase) {
        None => "Ready",
        Some(Phase::Running) => "",
        Some(Phase::Paused) => "Paused",
        Some(Phase::Stopped) => "Stopped",
        Some(Phase::Finished) => "Finished",
        Some(Phase::Failed(_)) => "Stopped by an error",
    };
    if word.is_empty() && !state.hide_machine {
        let rate = run.map_or(0.0, |r| r.rate);
        say(ui, x, Align2::LEFT_CENTER, format::rate(rate), t.muted);
        let left = run
            .and_then(super::super::state::Run::seconds_left)
            .map_or_else(String::new, |s| format!("{} left", format::duration(s)));
        say(ui, x + 92.0, Align2::LEFT_CENTER, left, t.muted);
    } else if let Some(run) =
        run.filter(|r| r.phase == Phase::Finished && r.seconds > 0.0 && !state.hide_machine)
    {
        say(
            ui,
            x,
            Align2::LEFT_CENTER,
            format!("{word} in {}", format::duration(run.seconds)),
            t.muted,
        );
    } else {
        say(ui, x, Align2::LEFT_CENTER, word.to_owned(), t.muted);
    }

    if !state.hide_machine {
        let threads = state.active().map_or(state.threads(), |r| r.spec.threads);
        let device = format!(
            "CPU, {threads} thread{}",
            if threads == 1 { "" } else { "s" }
        );
        say(ui, area.right(), Align2::RIGHT_CENTER, device, t.muted);
        let memory = state.memory.map_or_else(String::new, format::megabytes);
        say(
            ui,
            area.right() - 104.0,
            Align2::RIGHT_CENTER,
            memory,
            t.muted,
        );
    }
    let counts = counts(state);
    say(
        ui,
        area.right() - 176.0,
        Align2::RIGHT_CENTER,
        counts,
        t.muted,
    );

    let text = texts.join(", ");
    let response = ui.interact(area, ui.scope_id().with("status"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, &text));
    response.on_hover_text(view.drawing.describe());
}

/// How many are made, and how many wait.
fn counts(state: &State) -> String {
    let queued = state.queue.len() + state.preparing;
    if state.page == Page::Ladder {
        let ladder = state.ladder();
        let verified = ladder.count(Mark::Verified);
        let all = ladder.rungs.iter().flatten().count();
        let mut text = format!("{verified} of {all} verified");
        for (mark, word) in [(Mark::Failed, "failed"), (Mark::NotYet, "not yet")] {
            match ladder.count(mark) {
                0 => {}
                n => text.push_str(&format!(", {n} {word}")),
            }
        }
        return format!("{text}, {queued} queued");
    }
    let verified = state.verified();
    let going = match state.going.len() {
        0 | 1 => String::new(),
        n => format!("{n} at once, "),
    };
    format!(
        "{going}{verified} layer{} verified, {queued} queued",
        if verified == 1 { "" } else { "s" }
    )
}
