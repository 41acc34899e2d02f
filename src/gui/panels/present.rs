//! What an audience sees: black, large, no controls.

use super::View;
use crate::export::{ColourMap, Part, Shading};
use crate::gui::presentation::{Content, Presentation, Slide};
use crate::gui::{heatmap, theme, widgets};
use egui::{Align2, Color32, Frame, Id, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of the line below.
const LINE: f32 = 44.0;
/// Space around a stimulus, as a share of the height.
const AROUND: f32 = 0.03;

pub fn show(ui: &mut Ui, view: &View<'_>) {
    // A stage is black in every theme.
    let frame = Frame::NONE.fill(Color32::BLACK);
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        let Some(shown) = &view.state.presentation else {
            return;
        };
        let area = ui.max_rect();
        let response = ui.interact(area, Id::unique("stage"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, describe(shown)));
        if ui.input(|i| i.pointer.is_still()) {
            ui.ctx().set_cursor_icon(egui::CursorIcon::None);
        }
        if shown.black {
            return;
        }
        let Some(slide) = shown.slide() else { return };
        let line = if shown.names { LINE } else { 0.0 };
        let room =
            Rect::from_min_max(area.min, area.max - vec2(0.0, line)).shrink(area.height() * AROUND);
        match &slide.content {
            Content::Picture(_) => {
                if let Some(texture) = view.pictures.slide() {
                    let side = room.width().min(room.height());
                    let square = Rect::from_center_size(room.center(), vec2(side, side));
                    widgets::picture(ui, texture, square);
                }
            }
            Content::Sound { cells, .. } => sound(ui, view, shown, cells.as_ref(), room),
        }
        if shown.names {
            names(ui, shown, slide, area);
        }
    });
}

fn sound(
    ui: &Ui,
    view: &View<'_>,
    shown: &Presentation,
    cells: Option<&std::sync::Arc<crate::export::Cells>>,
    room: Rect,
) {
    let t = &theme::DARK;
    let Some(cells) = cells else {
        let font = theme::regular(24.0);
        ui.painter()
            .text(room.center(), Align2::CENTER_CENTER, "♪", font, t.muted);
        return;
    };
    let map = ColourMap::find(&view.state.choices.listening.colours).unwrap_or(ColourMap::Magma);
    // The reference's range for every slide of the set.
    let reference = shown.set().and_then(|s| match &s.slides.first()?.content {
        Content::Sound { cells, .. } => cells.as_ref(),
        Content::Picture(_) => None,
    });
    let shading = Shading::shared(map, [&**reference.unwrap_or(cells)]);
    heatmap::paint(
        ui,
        Id::unique("slide"),
        room,
        cells,
        &shading,
        Part::whole(cells),
    );
    let hearing = &view.state.hearing;
    let Some(playback) = hearing.playback.as_ref().filter(|p| p.duration > 0.0) else {
        return;
    };
    if let Some(seconds) = hearing.playhead() {
        let x = room.left() + room.width() * (seconds / playback.duration) as f32;
        for stroke in [Stroke::new(4.0, t.mark_edge), Stroke::new(2.0, t.mark)] {
            ui.painter().vline(x, room.y_range(), stroke);
        }
    }
}

fn names(ui: &Ui, shown: &Presentation, slide: &Slide, area: Rect) {
    let t = &theme::DARK;
    let y = area.bottom() - LINE / 2.0 - 4.0;
    let painter = ui.painter();
    let name = painter.text(
        pos2(area.center().x, y),
        Align2::CENTER_CENTER,
        &slide.name,
        theme::strong(20.0),
        t.text,
    );
    let words = painter.text(
        pos2(name.right() + 18.0, y + 1.0),
        Align2::LEFT_CENTER,
        &slide.words,
        theme::regular(15.0),
        t.muted,
    );
    if shown.sets.len() > 1
        && let Some(set) = shown.set()
    {
        let text = format!("{} of {}: {}", shown.set + 1, shown.sets.len(), set.title);
        painter.text(
            pos2(area.left() + 20.0, y),
            Align2::LEFT_CENTER,
            text,
            theme::regular(13.0),
            t.faint,
        );
    }
    if keys_are_shown(ui) {
        let right = area.right() - 20.0;
        let room = right - words.right() - 18.0;
        let font = theme::regular(13.0);
        let keys = widgets::first_that_fits(ui, &KEYS, &font, t.faint, room);
        let place = Align2::RIGHT_CENTER.anchor_size(pos2(right, y), keys.size());
        ui.painter().galley(place.min, keys, t.faint);
    }
}

/// The keys, in as many words as there is room for.
const KEYS: [&str; 3] = [
    "0 to 9 and arrows  ·  Space plays  ·  Tab compares  ·  N names  ·  B black  ·  Esc ends",
    "0 to 9, arrows  ·  Tab compares  ·  Esc ends",
    "Esc ends",
];

/// For a moment after the beginning, and whenever the pointer moves.
fn keys_are_shown(ui: &Ui) -> bool {
    let id = Id::unique("presentation keys");
    let now = ui.input(|i| i.time);
    let moving = ui.input(|i| !i.pointer.is_still());
    let since: f64 = ui.data(|d| d.get_temp(id)).unwrap_or(now);
    let since = if moving { now } else { since };
    ui.data_mut(|d| d.insert_temp(id, since));
    let shown = now - since < 4.0;
    if shown {
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_secs_f64(4.1 - (now - since)));
    }
    shown
}

fn describe(shown: &Presentation) -> String {
    match (shown.black, shown.slide()) {
        (true, _) | (_, None) => "Presentation, black".into(),
        (false, Some(slide)) if slide.words.is_empty() => format!("Presentation, {}", slide.name),
        (false, Some(slide)) => format!("Presentation, {}: {}", slide.name, slide.words),
    }
}
