//! Activations of the metamer against those of the reference, shaded by how many there are.

use super::View;
use crate::gui::{format, theme, widgets};
use egui::{Align2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// With at most this many pairs, each is drawn as a point of its own.
const POINTS: usize = 1500;
const WHOLE: Rect = Rect {
    min: pos2(0.0, 0.0),
    max: pos2(1.0, 1.0),
};

pub fn show(ui: &mut Ui, view: &View<'_>) {
    let run = view.state.shown();
    let live = run.and_then(|r| r.live.as_ref());
    let n = run.map_or_else(
        || "–".into(),
        |r| format!("n {}", format::grouped(r.elements as u64)),
    );
    let title = widgets::card_title(ui, "Activations", &n);
    if let Some(live) = live {
        let shown = format::grouped(live.scatter.len() as u64);
        let all = format::grouped(live.elements as u64);
        title.on_hover_text(format!(
            "Each point is one unit of the layer: its activation for the reference to the right, for the metamer upwards. \
             {shown} of {all} are shown, evenly spaced; lighter and darker shades stand for how many fall together"
        ));
    }
    let pairs = live.map(|l| &l.scatter[..]);
    plot(ui, view, pairs, "Activations of reference and metamer");
}

/// The pairs against their diagonal, in the room that is left. Where they are many, [`Pictures`](crate::gui::pictures::Pictures)
/// has counted these very ones.
pub fn plot(ui: &Ui, view: &View<'_>, pairs: Option<&[[f32; 2]]>, label: &str) {
    let t = theme::tokens(ui);
    let room = ui.available_rect_before_wrap();
    let side = (room.height() - 14.0).min(room.width() - 14.0).max(10.0);
    let area = Rect::from_min_size(
        pos2(room.center().x - side / 2.0 + 7.0, room.top()),
        vec2(side, side),
    );
    let painter = ui.painter();
    painter.rect_stroke(
        area,
        2.0,
        Stroke::new(1.0, t.line),
        egui::StrokeKind::Inside,
    );
    painter.line_segment(
        [area.left_bottom(), area.right_top()],
        Stroke::new(1.0, t.line),
    );
    if let (Some(pairs), Some((low, high))) = (pairs, view.pictures.scatter_range) {
        let inside = area.shrink(2.0);
        if pairs.len() <= POINTS {
            let span = (high - low).max(f32::MIN_POSITIVE);
            for [reference, metamer] in pairs.iter().filter(|p| p.iter().all(|v| v.is_finite())) {
                let (x, y) = ((reference - low) / span, (metamer - low) / span);
                let at = pos2(
                    egui::lerp(inside.x_range(), x),
                    egui::lerp(inside.bottom()..=inside.top(), y),
                );
                painter.circle_filled(at, 1.3, t.accent.gamma_multiply(0.6));
            }
        } else if let Some(texture) = &view.pictures.scatter {
            painter.image(texture.id(), inside, WHOLE, t.accent);
        }
    }
    let font = theme::regular(10.5);
    painter.text(
        area.center_bottom() + vec2(0.0, 1.0),
        Align2::CENTER_TOP,
        "reference",
        font.clone(),
        t.faint,
    );
    let galley = painter.layout_no_wrap("metamer".into(), font, t.faint);
    let at = pos2(
        area.left() - galley.size().y - 1.0,
        area.center().y + galley.size().x / 2.0,
    );
    painter.add(
        egui::epaint::TextShape::new(at, galley, t.faint).with_angle(-std::f32::consts::FRAC_PI_2),
    );
    let response = ui.interact(area, ui.scope_id().with("scatter"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, label));
}
