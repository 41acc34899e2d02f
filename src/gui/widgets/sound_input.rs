//! Pointer and keys over anything that is drawn of a sound.

use crate::gui::sound_view::{Place, SoundView, ViewChange};
use egui::emath::GuiRounding as _;
use egui::{
    Event, EventFilter, Id, Key, Modifiers, PointerButton, Rect, Response, Sense, Ui, pos2,
};

/// What a person did with a drawing of a sound.
#[derive(Debug)]
pub struct SoundResponse {
    /// egui's own words.
    pub response: Response,
    /// For the [`SoundView`], in this order.
    pub changes: Vec<ViewChange>,
    /// Play from this second on.
    pub play_from: Option<f64>,
}

/// How fast the wheel zooms: e-folds for each point of scrolling.
const WHEEL: f64 = 0.004;
/// What a press of a key zooms by.
const KEY: f64 = 0.8;
/// Steps that an arrow takes with Shift.
const STRIDE: f64 = 10.0;

/// Reads what is done over `rect`, which shows `view`. Only time can be pointed at without `channels`; `step` is what an
/// arrow moves by, in seconds.
///
/// * The wheel zooms time about the pointer, with Shift frequency, with Ctrl (or two fingers) both; sideways it moves.
/// * Dragging moves, a double click shows all, a click plays from there.
/// * With the keyboard, arrows walk (Shift: ten steps), + and − zoom time, Page Up and Page Down frequency, 0 shows all,
///   Enter plays from the cursor.
pub fn interact(
    ui: &Ui,
    id: Id,
    rect: Rect,
    view: &SoundView,
    channels: bool,
    step: f64,
) -> SoundResponse {
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let mut changes = vec![];
    let place = |x: f32, y: f32| Place {
        seconds: view.time().at(f64::from((x - rect.left()) / rect.width())),
        channel: channels.then(|| {
            let up = f64::from((rect.bottom() - y) / rect.height());
            view.channels().at(up)
        }),
    };

    let pointer = response.hover_pos().map(|p| place(p.x, p.y));
    point(ui, id, pointer, &mut changes);
    if let Some(at) = pointer {
        wheel(ui, rect, view, at, &mut changes);
    }
    if response.dragged_by(PointerButton::Primary) {
        let by = response.drag_delta();
        if by != egui::Vec2::ZERO {
            let seconds = f64::from(-by.x / rect.width()) * view.time().length();
            let up = f64::from(by.y / rect.height()) * view.channels().length();
            let channels = if channels { up } else { 0.0 };
            changes.push(ViewChange::Move { seconds, channels });
        }
    }
    if response.has_focus() {
        keys(ui, id, view, channels, step, &mut changes);
    }

    let mut play_from = None;
    if response.double_clicked() {
        changes.push(ViewChange::ShowAll);
    } else if response.clicked() {
        // A click without a place comes from the keyboard or from a screen reader.
        let there = response.interact_pointer_pos().map(|p| place(p.x, p.y));
        let from = there.or(view.cursor()).map(|p| p.seconds);
        play_from = Some(from.unwrap_or(view.time().from).clamp(0.0, view.seconds()));
    }
    SoundResponse {
        response,
        changes,
        play_from,
    }
}

/// Tells where the pointer is when it moves, and that it has gone only if it went to none of the others.
fn point(ui: &Ui, id: Id, pointer: Option<Place>, changes: &mut Vec<ViewChange>) {
    let shared = Id::unique("the drawing of a sound under the pointer");
    let owner = ui.data(|d| d.get_temp::<Id>(shared));
    if pointer.is_some() {
        let moved = ui.input(|i| i.pointer.delta() != egui::Vec2::ZERO);
        if owner != Some(id) || moved {
            ui.data_mut(|d| d.insert_temp(shared, id));
            changes.push(ViewChange::Point(pointer));
        }
    } else if owner == Some(id) {
        ui.data_mut(|d| d.remove::<Id>(shared));
        changes.push(ViewChange::Point(None));
    }
}

fn wheel(ui: &Ui, rect: Rect, view: &SoundView, at: Place, changes: &mut Vec<ViewChange>) {
    let (scroll, pinch, turned) = ui.input(|i| {
        let turned = i.events.iter().rev().find_map(|e| match e {
            Event::MouseWheel { modifiers, .. } => Some(modifiers.shift),
            _ => None,
        });
        (i.smooth_scroll_delta(), i.zoom_delta(), turned)
    });
    // egui smooths a turn of the wheel over several frames: Shift counts if it was held at the turn, not at its end.
    let memory = Id::unique("Shift was held when the wheel was last turned");
    if let Some(shift) = turned {
        ui.data_mut(|d| d.insert_temp(memory, shift));
    }
    let shift = ui.data(|d| d.get_temp(memory)).unwrap_or(false);
    if pinch != 1.0 {
        let factor = 1.0 / f64::from(pinch);
        changes.push(ViewChange::Zoom {
            at,
            time: factor,
            frequency: if at.channel.is_some() { factor } else { 1.0 },
        });
    }
    if scroll == egui::Vec2::ZERO {
        return;
    }
    // With Shift, egui turns the wheel sideways.
    let (along, aside) = if shift {
        (0.0, scroll.x)
    } else {
        (scroll.x, 0.0)
    };
    let [time, frequency] = [scroll.y, aside].map(|d| (-WHEEL * f64::from(d)).exp());
    if time != 1.0 || frequency != 1.0 {
        changes.push(ViewChange::Zoom {
            at,
            time,
            frequency,
        });
    }
    if along != 0.0 {
        changes.push(ViewChange::Move {
            seconds: f64::from(-along / rect.width()) * view.time().length(),
            channels: 0.0,
        });
    }
    // What is around does not scroll as well.
    ui.input_mut(|i| i.smooth_scroll_delta = egui::Vec2::ZERO);
}

fn keys(
    ui: &Ui,
    id: Id,
    view: &SoundView,
    channels: bool,
    step: f64,
    changes: &mut Vec<ViewChange>,
) {
    let arrows = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..Default::default()
    };
    ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
    let start = || Place {
        seconds: view.time().middle(),
        channel: None,
    };
    let mut at = view.cursor().unwrap_or_else(start);
    if channels && at.channel.is_none() {
        at.channel = Some(view.channels().middle().floor() + 0.5);
    }
    let mut walked = at;
    ui.input_mut(|i| {
        for (modifiers, steps) in [(Modifiers::SHIFT, STRIDE), (Modifiers::NONE, 1.0)] {
            let mut pressed = |key| i.count_and_consume_key(modifiers, key) as f64 * steps;
            let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
            let up = pressed(Key::ArrowUp) - pressed(Key::ArrowDown);
            walked.seconds += right * step;
            walked.channel = walked.channel.map(|c| c + up);
        }
        let mut pressed = |key| i.count_and_consume_key(Modifiers::NONE, key) as i32;
        let nearer = pressed(Key::Plus) + pressed(Key::Equals) - pressed(Key::Minus);
        let taller = pressed(Key::PageUp) - pressed(Key::PageDown);
        let all = pressed(Key::Num0) > 0;
        if walked != at {
            changes.push(ViewChange::Walk(walked));
        }
        if nearer != 0 || (channels && taller != 0) {
            changes.push(ViewChange::Zoom {
                at: walked,
                time: KEY.powi(nearer),
                frequency: if channels { KEY.powi(taller) } else { 1.0 },
            });
        }
        if all {
            changes.push(ViewChange::ShowAll);
        }
    });
}

/// A line from top to bottom at a second, if that is in view: where the sound is now, or what is read out.
pub fn draw_time(
    ui: &Ui,
    rect: Rect,
    view: &SoundView,
    seconds: f64,
    [under, over]: [egui::Stroke; 2],
) {
    if !view.time().contains(seconds) {
        return;
    }
    let x = rect.left() + rect.width() * view.time().share(seconds) as f32;
    let x = x.round_to_pixel_center(ui.pixels_per_point());
    for stroke in [under, over] {
        ui.painter()
            .with_clip_rect(rect.intersect(ui.clip_rect()))
            .line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], stroke);
    }
}
