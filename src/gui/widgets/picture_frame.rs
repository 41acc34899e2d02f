//! A part of a picture, pixel by pixel, and what a person does to the part.

use crate::gui::inspect::{PictureChange, PictureView};
use crate::gui::theme;
use egui::{
    Color32, EventFilter, Id, Key, Modifiers, PointerButton, Pos2, Rect, Response, Sense, Stroke,
    StrokeKind, TextureHandle, Ui, pos2, vec2,
};

/// How fast the wheel zooms: e-folds for each point of scrolling.
const WHEEL: f64 = 0.004;
/// What a press of a key zooms by.
pub const KEY_ZOOM: f64 = 0.8;
/// Pixels that an arrow takes with Shift.
const STRIDE: i64 = 10;
/// The cursor's mark is not smaller than this, in points.
const MARK: f32 = 7.0;

/// Draws the part in view into `rect`, of which `clip` is seen.
pub fn paint_part(ui: &Ui, texture: &TextureHandle, rect: Rect, clip: Rect, view: &PictureView) {
    let [x, y] = view.corner().map(|c| c as f32);
    let extent = view.extent() as f32;
    let part = Rect::from_min_size(pos2(x, y), vec2(extent, extent));
    let clip = clip.intersect(ui.clip_rect());
    ui.painter()
        .with_clip_rect(clip)
        .image(texture.id(), rect, part, Color32::WHITE);
}

/// Reads what is done over `rect`, which shows the part in view of a picture, or of a map that is spread over it.
///
/// * The wheel and two fingers zoom about the pointer, dragging moves, a double click shows all.
/// * With the keyboard, arrows walk (Shift: ten pixels), + and − zoom, 0 shows all.
pub fn interact_with_part(
    ui: &Ui,
    id: Id,
    rect: Rect,
    view: &PictureView,
) -> (Response, Vec<PictureChange>) {
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let mut changes = vec![];
    let place = |p: Pos2| {
        let share = (p - rect.min) / rect.size();
        let [x, y] = view.corner();
        let [across, down] = [f64::from(share.x), f64::from(share.y)];
        [x + across * view.extent(), y + down * view.extent()]
    };
    let pointer = response.hover_pos().map(place);
    point(ui, id, pointer, &mut changes);
    if let Some(at) = pointer {
        let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta().y, i.zoom_delta()));
        let factor = (-WHEEL * f64::from(scroll)).exp() / f64::from(pinch);
        if factor != 1.0 {
            changes.push(PictureChange::Zoom { at, factor });
            // What is around does not scroll as well.
            ui.input_mut(|i| i.smooth_scroll_delta = egui::Vec2::ZERO);
        }
    }
    if response.dragged_by(PointerButton::Primary) {
        let by = -response.drag_delta() / rect.size();
        if by != egui::Vec2::ZERO {
            let by = [by.x, by.y].map(|d| f64::from(d) * view.extent());
            changes.push(PictureChange::Move(by));
        }
    }
    if response.double_clicked() {
        changes.push(PictureChange::ShowAll);
    }
    if response.has_focus() {
        keys(ui, id, view, &mut changes);
    }
    (response, changes)
}

/// Tells where the pointer is when it moves, and that it has gone only if it went to none of the others.
fn point(ui: &Ui, id: Id, pointer: Option<[f64; 2]>, changes: &mut Vec<PictureChange>) {
    let shared = Id::unique("the picture under the pointer");
    let owner = ui.data(|d| d.get_temp::<Id>(shared));
    if pointer.is_some() {
        let moved = ui.input(|i| i.pointer.delta() != egui::Vec2::ZERO);
        if owner != Some(id) || moved {
            ui.data_mut(|d| d.insert_temp(shared, id));
            changes.push(PictureChange::Point(pointer));
        }
    } else if owner == Some(id) {
        ui.data_mut(|d| d.remove::<Id>(shared));
        changes.push(PictureChange::Point(None));
    }
}

fn keys(ui: &Ui, id: Id, view: &PictureView, changes: &mut Vec<PictureChange>) {
    let arrows = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..Default::default()
    };
    ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
    let at = view.cursor().unwrap_or_else(|| view.middle());
    ui.input_mut(|i| {
        for (modifiers, pixels) in [(Modifiers::SHIFT, STRIDE), (Modifiers::NONE, 1)] {
            let mut pressed = |key| i.count_and_consume_key(modifiers, key) as i64 * pixels;
            let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
            let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
            if [right, down] != [0, 0] {
                changes.push(PictureChange::Walk([right, down]));
            }
        }
        let mut pressed = |key| i.count_and_consume_key(Modifiers::NONE, key) as i32;
        let nearer = pressed(Key::Plus) + pressed(Key::Equals) - pressed(Key::Minus);
        if nearer != 0 {
            let factor = KEY_ZOOM.powi(nearer);
            changes.push(PictureChange::Zoom { at, factor });
        }
        if pressed(Key::Num0) > 0 {
            changes.push(PictureChange::ShowAll);
        }
    });
}

/// Draws a frame around the cell under the cursor, of a grid of `[columns, rows]` that is spread over the picture.
pub fn mark_cell(ui: &Ui, rect: Rect, view: &PictureView, cells: [usize; 2]) {
    let t = theme::tokens(ui);
    let Some(cursor) = view.cursor() else { return };
    let [x, y] = [0, 1].map(|i| {
        let n = cells[i] as f64;
        let cell = (cursor[i] * n).floor().clamp(0.0, n - 1.0);
        let edge = |k: f64| ((k / n - view.corner()[i]) / view.extent()) as f32;
        [edge(cell), edge(cell + 1.0)]
    });
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * rect.size();
    let cell = Rect::from_min_max(at(x[0], y[0]), at(x[1], y[1]));
    let seen = Rect::from_center_size(cell.center(), cell.size().max(vec2(MARK, MARK)));
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    for (width, colour) in [(3.0, t.mark_edge), (1.0, t.mark)] {
        painter.rect_stroke(seen, 0.0, Stroke::new(width, colour), StrokeKind::Outside);
    }
}
