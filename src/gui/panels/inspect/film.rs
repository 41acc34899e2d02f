//! The history as a film: the loss of every frame, to be gone through and played.

use super::say;
use crate::gui::inspect::{FRAMES_PER_SECOND, Film, InspectMessage};
use crate::gui::ladder::{Focus, Rung};
use crate::gui::panels::View;
use crate::gui::{format, theme, widgets};
use egui::{
    Align, Align2, Button, Layout, Pos2, Rect, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo,
    accesskit, pos2, vec2,
};

/// Height of the row of buttons.
const BUTTONS: f32 = 26.0;
/// Height of the steps below the curve.
const STEPS: f32 = 14.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let film = &view.state.inspect.film;
    let (title, figure) = match film.snapshot() {
        Some(snapshot) => {
            let (step, loss) = match (film.at(), view.state.focused()) {
                (None, Some(Rung::Run(run))) => (run.step, run.loss_now.unwrap_or(snapshot.loss)),
                _ => (snapshot.step, snapshot.loss),
            };
            let last = film.steps().last().copied().unwrap_or(0);
            let (step, last) = (format::grouped(step), format::grouped(last));
            (
                format!("Film, step {step} of {last}"),
                format!("loss {}", format::loss(loss)),
            )
        }
        None => ("Film".to_owned(), String::new()),
    };
    widgets::card_title(ui, &title, &figure).on_hover_text(
        "How the metamer came to be: snapshots from the start to the result, dense at the start, where most happens, in 8 bits (sounds in half precision). The line is the loss on a logarithmic axis",
    );
    let area = ui.available_rect_before_wrap();
    let buttons = Rect::from_min_max(pos2(area.left(), area.bottom() - BUTTONS), area.max);
    let curve = Rect::from_min_max(area.min, pos2(area.right(), buttons.top() - 4.0));
    scrubber(ui, view, curve);
    controls(ui, view, buttons);
}

/// Why there is no film.
fn missing(view: &View<'_>) -> &'static str {
    let inspect = &view.state.inspect;
    match view.state.focused() {
        Some(Rung::Run(run)) if run.is_active() => "The first frames are on their way",
        Some(Rung::Kept(_)) if inspect.loaded.is_none() && inspect.error.is_none() => "Reading…",
        _ => "This run kept no history; runs made from now on do",
    }
}

/// The curve of the loss over the frames, which is also where one goes through them.
fn scrubber(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let film = &view.state.inspect.film;
    if film.snapshots().is_empty() {
        let font = theme::regular(12.0);
        ui.painter().text(
            area.center(),
            Align2::CENTER_CENTER,
            missing(view),
            font,
            t.faint,
        );
        return;
    }
    let plot = Rect::from_min_max(area.min + vec2(6.0, 4.0), area.max - vec2(6.0, STEPS));
    let points = points(film, plot);
    let place = film.place().min(points.len() - 1);
    ui.painter()
        .hline(plot.x_range(), plot.bottom(), Stroke::new(1.0, t.line));
    steps(ui, film, plot);
    let line = |points: &[Pos2], stroke| {
        ui.painter().line(points.to_vec(), stroke);
    };
    line(&points, Stroke::new(1.4, t.faint.gamma_multiply(0.7)));
    line(&points[..=place], Stroke::new(1.8, t.accent));
    let here = points[place];
    ui.painter().vline(
        here.x,
        plot.y_range(),
        Stroke::new(1.0, t.accent.gamma_multiply(0.5)),
    );
    ui.painter().circle_filled(here, 4.0, t.accent);

    let id = ui.scope_id().with("film");
    let response = ui.interact(area, id, Sense::click_and_drag());
    let last = points.len() - 1;
    response.widget_info(|| {
        let mut info = WidgetInfo::slider(true, place as f64, "Moment of the film");
        let step = film.snapshot().map_or(0, |s| s.step);
        info.current_text_value = Some(format!("step {step}"));
        info
    });
    let mut wanted = None;
    if (response.clicked() || response.dragged())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let share = (pointer.x - plot.left()) / plot.width();
        let frames = film.steps().len().max(2) - 1;
        wanted = Some(((share * frames as f32).round().max(0.0) as usize).min(last));
    }
    if response.has_focus() {
        let by = widgets::arrows(ui, id);
        if by != 0 {
            say(view, InspectMessage::GoFrame(by));
        }
    }
    let asked = |action| ui.input(|i| i.num_accesskit_action_requests(id, action)) as isize;
    let by = asked(accesskit::Action::Increment) - asked(accesskit::Action::Decrement);
    if by != 0 {
        say(view, InspectMessage::GoFrame(by));
    }
    if let Some(frame) = wanted.filter(|f| *f != place || view.state.inspect.film.is_playing()) {
        say(view, InspectMessage::Frame(frame));
    }
    widgets::focus_ring(ui, &response, area);
    response.on_hover_text("Drag to go through the film\nComma and full stop; Home and End");
}

/// Where each frame's loss stands. Every frame of the whole run has the same width, so that progress can be seen.
fn points(film: &Film, plot: Rect) -> Vec<Pos2> {
    let logarithm = |loss: f64| loss.max(f64::MIN_POSITIVE).log10();
    let all = film.snapshots();
    let logs = all.iter().map(|s| logarithm(s.loss));
    let (low, high) = logs.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    let span = (high - low).max(1e-9);
    let frames = (film.steps().len().max(2) - 1) as f32;
    let point = |(i, loss): (usize, f64)| {
        let up = ((logarithm(loss) - low) / span) as f32;
        pos2(
            plot.left() + plot.width() * i as f32 / frames,
            plot.bottom() - 3.0 - (plot.height() - 6.0) * up,
        )
    };
    all.iter().map(|s| s.loss).enumerate().map(point).collect()
}

/// The steps of some frames, under the curve.
fn steps(ui: &Ui, film: &Film, plot: Rect) {
    let t = theme::tokens(ui);
    let last = film.steps().len().saturating_sub(1);
    for quarter in 0..=4 {
        let frame = last * quarter / 4;
        let Some(step) = film.steps().get(frame) else {
            continue;
        };
        let x = plot.left() + plot.width() * frame as f32 / last.max(1) as f32;
        let align = match quarter {
            0 => Align2::LEFT_TOP,
            4 => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        let text = format::grouped(*step);
        ui.painter().text(
            pos2(x, plot.bottom() + 2.0),
            align,
            text,
            theme::regular(10.5),
            t.faint,
        );
    }
}

fn controls(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let film = &view.state.inspect.film;
    let (any, playing, looping) = (film.any(), film.is_playing(), film.looping);
    let moments = film.snapshots().len();
    let hears = view.state.hears();
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_enabled_ui(any, |ui| {
                let sign = if playing { "⏸" } else { "▶" };
                let label = if playing {
                    "Hold the film"
                } else {
                    "Play the film"
                };
                let keys = if hears {
                    "P or Enter"
                } else {
                    "P, Enter or Space"
                };
                button(ui, view, sign, label, keys, InspectMessage::Play);
                button(
                    ui,
                    view,
                    "‹",
                    "Frame before",
                    ",",
                    InspectMessage::GoFrame(-1),
                );
                button(ui, view, "›", "Next frame", ".", InspectMessage::GoFrame(1));
                let response =
                    ui.add(Button::selectable(looping, "Loop").min_size(vec2(48.0, BUTTONS)));
                response.widget_info(|| {
                    WidgetInfo::selected(Role::CheckBox, any, looping, "Loop the film")
                });
                if response.clicked() {
                    say(view, InspectMessage::Loop);
                }
                response.on_hover_text("Begin again at the end\nO");
            });
            let complete = matches!(view.state.focus, Some(Focus::Kept(_)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let export = Button::new("Export film…").min_size(vec2(0.0, BUTTONS));
                let response = ui.add_enabled(any && complete, export);
                if response.clicked() {
                    say(view, InspectMessage::ExportFilm);
                }
                response
                    .on_hover_text("As an animated GIF; of a sound also what is heard while it forms, as WAV\nX")
                    .on_disabled_hover_text("When the run is complete and kept a history");
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if !any {
                        return;
                    }
                let text = format!("{moments} moments, {FRAMES_PER_SECOND} a second");
                let font = theme::regular(theme::SMALL);
                let ink = theme::tokens(ui).faint;
                ui.label(widgets::line(ui, &text, font, ink, ui.available_width()));
                });
            });
        });
    });
}

fn button(
    ui: &mut Ui,
    view: &mut View<'_>,
    sign: &str,
    label: &str,
    key: &str,
    message: InspectMessage,
) {
    let response = ui.add(Button::new(sign).min_size(vec2(32.0, BUTTONS)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    if response.clicked() {
        say(view, message);
    }
    response.on_hover_text(format!("{label}\n{key}"));
}
