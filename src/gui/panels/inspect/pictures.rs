//! The pair of pictures, at the same scale and of the same part, with the values of the pixel under the cursor.

use super::say;
use crate::gui::inspect::{InspectMessage, Mode, WIPE_STEP, blink_turn};
use crate::gui::ladder::Rung;
use crate::gui::panels::View;
use crate::gui::panels::pair::caption;
use crate::gui::{format, layout, theme, widgets};
use egui::{
    Align2, CursorIcon, EventFilter, Key, Modifiers, Rect, Role, Sense, Stroke, TextureHandle, Ui,
    WidgetInfo, pos2, vec2,
};
use std::time::Duration;

/// Height of the line with the values of the pixel.
const VALUES: f32 = 24.0;

/// What stands in a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Reference,
    Metamer,
    Both,
    Difference,
}

/// How high pictures can be in a part of the window of this height.
pub fn side(height: f32) -> f32 {
    height - VALUES - layout::CAPTION
}

/// How high a part of the window with pictures of this side is.
pub fn height(side: f32) -> f32 {
    side + VALUES + layout::CAPTION
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let [width, height] = view.state.inspect.picture.pixels().map(|p| p as f32);
    let room = vec2((area.width() - layout::GAP) / 2.0, side(area.height()));
    let scale = (room.x / width).min(room.y / height);
    let size = vec2(width, height) * scale;
    // The two stand close together however wide the window is: eyes go back and forth between them.
    let left = area.center().x - size.x - layout::GAP / 2.0;
    let place =
        |x: f32| Rect::from_min_size(pos2(x, area.top()), size + vec2(0.0, layout::CAPTION));
    let places = [place(left), place(left + size.x + layout::GAP)];

    let comparing = view.state.compare;
    let both = match view.state.inspect.mode {
        Mode::Beside => [What::Reference, What::Metamer],
        Mode::Wipe => [What::Both, What::Difference],
        Mode::Blink if turn(ui, view.state.inspect.blink) => [What::Reference, What::Difference],
        Mode::Blink => [What::Metamer, What::Difference],
        Mode::Difference => [What::Metamer, What::Difference],
    };
    for (place, what) in places.into_iter().zip(both) {
        let what = if comparing && what == What::Metamer {
            What::Reference
        } else {
            what
        };
        one(ui, view, place, what);
    }
    let top = places[0].bottom();
    let values = Rect::from_min_max(pos2(left, top), pos2(area.right(), top + VALUES));
    read_out(ui, view, values);
}

/// Whether it is the reference's turn, `rate` times a second; asks to be drawn again at the next turn.
pub fn turn(ui: &Ui, rate: f32) -> bool {
    let (reference, wait) = blink_turn(ui.input(|i| i.time), rate);
    ui.ctx()
        .request_repaint_after(Duration::from_secs_f64(wait.max(0.001)));
    reference
}

/// Title and note of the metamer: where it matches, and which moment of its making is shown.
pub fn metamer_title(view: &View<'_>) -> [String; 2] {
    let Some(rung) = view.state.focused() else {
        return [String::new(), String::new()];
    };
    let layer = rung.spec().map_or("", |s| &s.layer[..]);
    let film = &view.state.inspect.film;
    let note = match (film.at().and_then(|_| film.snapshot()), &rung) {
        (Some(snapshot), _) => format!("as it was at step {}", format::grouped(snapshot.step)),
        (None, Rung::Run(run)) => format!("step {}", format::grouped(run.step)),
        (None, _) => "the result".into(),
    };
    [format!("Metamer at {layer}"), note]
}

fn one(ui: &mut Ui, view: &mut View<'_>, area: Rect, what: What) {
    let t = theme::tokens(ui);
    let pictures = view.pictures;
    let metamer = metamer_title(view);
    let blinking = view.state.inspect.mode == Mode::Blink;
    let ([title, note], label) = match what {
        What::Reference if blinking => (["Reference".into(), "blinks".into()], "Pair, blinking"),
        What::Metamer if blinking => ([metamer[0].clone(), "blinks".into()], "Pair, blinking"),
        What::Reference => (
            ["Reference".into(), reference_note(view)],
            "Reference picture",
        ),
        What::Metamer => (metamer, "Metamer picture"),
        What::Both => (
            [
                "Reference | metamer".to_owned(),
                "Left and Right move the divider".to_owned(),
            ],
            "Pair with a divider",
        ),
        What::Difference => (
            [
                "Difference".into(),
                "metamer minus reference; grey is equal".into(),
            ],
            "Difference picture",
        ),
    };
    caption(ui, area, &title, &note);
    let rect = Rect::from_min_max(area.min + vec2(0.0, layout::CAPTION), area.max);
    ui.painter().rect_filled(rect, 3.0, t.panel);
    let part = &view.state.inspect.picture;
    let paint = |texture: Option<&TextureHandle>, clip: Rect| match texture {
        Some(texture) => widgets::paint_part(ui, texture, rect, clip, part),
        None => {
            let text = if view.state.inspect.error.is_some() {
                "This run cannot be looked into"
            } else {
                "Reading…"
            };
            let font = theme::regular(theme::BODY);
            ui.painter()
                .text(clip.center(), Align2::CENTER_CENTER, text, font, t.faint);
        }
    };
    let divider = rect.left() + rect.width() * view.state.inspect.wipe;
    match what {
        What::Reference => paint(pictures.reference.as_ref(), rect),
        What::Metamer => paint(pictures.metamer.as_ref(), rect),
        What::Difference => paint(pictures.difference.as_ref(), rect),
        What::Both => {
            let (left, right) = rect.split_left_right_at_x(divider);
            paint(pictures.reference.as_ref(), left);
            paint(pictures.metamer.as_ref(), right);
        }
    }
    widgets::mark_cell(ui, rect, part, part.pixels());
    let id = ui.scope_id().with(("inspected picture", label));
    let (response, changes) = widgets::interact_with_part(ui, id, rect, part);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Image, true, label);
        info.current_text_value = values(view);
        info
    });
    widgets::focus_ring(ui, &response, rect);
    changes
        .into_iter()
        .for_each(|c| say(view, InspectMessage::Picture(c)));
    if what == What::Both {
        wipe(ui, view, rect);
    }
}

fn reference_note(view: &View<'_>) -> String {
    let rung = view.state.focused();
    let spec = rung.as_ref().and_then(Rung::spec);
    spec.map_or_else(String::new, |s| format::stimulus(&s.stimulus))
}

/// The divider over a pair: dragged, or moved by the keyboard.
pub fn wipe(ui: &mut Ui, view: &mut View<'_>, rect: Rect) {
    let t = theme::tokens(ui);
    let wipe = view.state.inspect.wipe;
    let x = rect.left() + rect.width() * wipe;
    for (width, colour) in [(4.0, t.mark_edge), (2.0, t.mark)] {
        ui.painter()
            .vline(x, rect.y_range(), Stroke::new(width, colour));
    }
    let knob = Rect::from_center_size(pos2(x, rect.center().y), vec2(10.0, 34.0));
    ui.painter().rect_filled(knob, 5.0, t.mark_edge);
    ui.painter().rect_filled(knob.shrink(1.5), 4.0, t.mark);
    let handle = Rect::from_center_size(pos2(x, rect.center().y), vec2(16.0, rect.height()));
    let id = ui.scope_id().with("wipe divider");
    let response = ui.interact(handle, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(wipe), "Divider"));
    let mut place = wipe;
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        place = (pointer.x - rect.left()) / rect.width();
    }
    if response.has_focus() {
        let arrows = EventFilter {
            horizontal_arrows: true,
            ..Default::default()
        };
        ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
        ui.input_mut(|i| {
            let mut pressed = |key| i.count_and_consume_key(Modifiers::NONE, key) as f32;
            place += WIPE_STEP * (pressed(Key::ArrowRight) - pressed(Key::ArrowLeft));
        });
    }
    if place != wipe {
        say(view, InspectMessage::Wipe(place));
    }
    widgets::focus_ring(ui, &response, knob);
    response
        .on_hover_cursor(CursorIcon::ResizeHorizontal)
        .on_hover_text("Reference to the left, metamer to the right\nLeft and Right");
}

/// The pixel under the cursor in words.
fn values(view: &View<'_>) -> Option<String> {
    let [x, y] = view.state.inspect.picture.pixel()?;
    let [reference, metamer, difference] = levels(view, [x, y])?;
    let words = |v: [i32; 3]| v.map(|v| v.to_string()).join(" ");
    Some(format!(
        "x {x}, y {y}, reference {}, metamer {}, difference {}",
        words(reference),
        words(metamer),
        words(difference)
    ))
}

/// Red, green, blue of 0 to 255 in reference and metamer, and their difference.
fn levels(view: &View<'_>, [x, y]: [usize; 2]) -> Option<[[i32; 3]; 3]> {
    let [width, height] = view.state.inspect.picture.pixels();
    let [reference, metamer] = view.state.inspected();
    let (reference, metamer) = (reference?, metamer?);
    let level = |all: &[f32]| -> Option<[i32; 3]> {
        let at = |c: usize| all.get(c * width * height + y * width + x).copied();
        let [r, g, b] = [at(0)?, at(1)?, at(2)?];
        Some([r, g, b].map(|v| (v * 255.0).round() as i32))
    };
    let (a, b) = (level(&reference)?, level(&metamer)?);
    Some([a, b, [0, 1, 2].map(|i| b[i] - a[i])])
}

/// The values of the pixel under the cursor, each in its own place.
fn read_out(ui: &Ui, view: &View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let write = |x: f32, align: Align2, text: &str, ink| {
        let at = pos2(area.left() + x, area.center().y + 2.0);
        let font = theme::regular(theme::SMALL);
        ui.painter().text(at, align, text, font, ink);
    };
    let text = |x: f32, words: &str, ink| write(x, Align2::LEFT_CENTER, words, ink);
    let found = view
        .state
        .inspect
        .picture
        .pixel()
        .and_then(|pixel| Some((pixel, levels(view, pixel)?)));
    let Some(([x, y], values)) = found else {
        return text(
            0.0,
            "Point at a pixel to read its red, green and blue; the wheel comes nearer, dragging moves",
            t.faint,
        );
    };
    text(0.0, &format!("x {x}  y {y}"), t.text);
    let names = ["reference", "metamer", "difference"];
    for (i, (name, values)) in names.into_iter().zip(values).enumerate() {
        let left = 86.0 + 180.0 * i as f32;
        text(left, name, t.faint);
        for (channel, value) in values.into_iter().enumerate() {
            let value = value.to_string().replace('-', "−");
            // Digits stand under digits, and the longest, −255, keeps apart from its neighbour.
            let right = left + 92.0 + 32.0 * channel as f32;
            write(right, Align2::RIGHT_CENTER, &value, t.text);
        }
    }
}
