//! A row of the list of layers: state, name, size, shape.

use crate::gui::message::Pick;
use crate::gui::state::{LayerEntry, Mark};
use crate::gui::{format, layout, theme};
use egui::{
    Align2, Painter, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

/// Draws the row; says how it was picked.
pub fn layer_row(ui: &mut Ui, layer: &LayerEntry, mark: Mark) -> (Response, Option<Pick>) {
    let t = theme::tokens(ui);
    let size = vec2(ui.available_width(), layout::ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let label = format!(
        "Layer {}, {}, {} values, {}",
        layer.name,
        layer.shape,
        format::grouped(layer.elements as u64),
        mark.title()
    );
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, layer.chosen, &label));
    if ui.is_rect_visible(rect) {
        if layer.chosen || response.hovered() {
            let fill = if layer.chosen {
                t.raised
            } else {
                t.raised.gamma_multiply(0.6)
            };
            ui.painter().rect_filled(rect, theme::CONTROL_CORNER, fill);
        }
        let y = rect.center().y;
        dot(ui.painter(), pos2(rect.left() + 12.0, y), mark, t);
        let ink = if layer.chosen { t.text } else { t.muted };
        let name = pos2(rect.left() + 26.0, y);
        let name = ui.painter().text(
            name,
            Align2::LEFT_CENTER,
            &layer.name,
            theme::regular(theme::BODY),
            ink,
        );
        let shape = pos2(rect.right() - 8.0, y);
        let shape = ui.painter().text(
            shape,
            Align2::RIGHT_CENTER,
            &layer.shape,
            theme::regular(theme::SMALL),
            t.faint,
        );
        let bar = Rect::from_min_size(
            pos2(rect.left() + 130.0, y - 1.5),
            vec2(4.0 + 38.0 * layer.size, 3.0),
        );
        // Long names, as the 2019 networks have them, leave no room for it; the shape says the same.
        if name.right() + 6.0 < bar.left() && bar.right() + 4.0 < shape.left() {
            let ink = if layer.chosen {
                t.accent
            } else {
                t.line.lerp_to_gamma(t.faint, 0.45)
            };
            ui.painter().rect_filled(bar, 1.5, ink);
        }
        super::focus_ring(ui, &response, rect.shrink(1.0));
    }
    let modifiers = ui.input(|i| i.modifiers);
    let pick = response.clicked().then_some(match modifiers {
        m if m.command => Pick::Toggle,
        m if m.shift => Pick::Range,
        _ => Pick::Only,
    });
    let response = response.on_hover_ui(|ui| {
        ui.label(format!(
            "{}, {} values",
            layer.shape,
            format::grouped(layer.elements as u64)
        ));
        ui.label(mark.explanation());
        ui.label(super::faint(
            ui,
            "Ctrl-click adds a layer, Shift-click a range; they are made one after the other",
        ));
    });
    (response, pick)
}

/// The state as a shape as well as a colour, for those who do not see the colours.
pub fn dot(painter: &Painter, at: Pos2, mark: Mark, t: &theme::Tokens) {
    match mark {
        Mark::NotMade => {
            painter.circle_filled(at, 3.5, t.line.lerp_to_gamma(t.faint, 0.25));
        }
        Mark::Queued => {
            painter.circle_stroke(at, 3.5, Stroke::new(1.5, t.faint));
        }
        Mark::Running => {
            painter.circle_stroke(at, 3.5, Stroke::new(2.5, t.accent));
        }
        Mark::Verified => {
            painter.circle_filled(at, 4.0, t.pass);
        }
        Mark::NotYet => {
            // A ring around a point.
            painter.circle_stroke(at, 3.5, Stroke::new(1.5, t.unknown));
            painter.circle_filled(at, 1.5, t.unknown);
        }
        Mark::Failed => {
            for d in [1.0, -1.0] {
                let arm = vec2(3.2, 3.2 * d);
                painter.line_segment([at - arm, at + arm], Stroke::new(2.0, t.fail));
            }
        }
    }
}
