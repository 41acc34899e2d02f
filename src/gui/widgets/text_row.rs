//! A row of text that can be chosen.

use crate::gui::{layout, theme};
use egui::{Response, Sense, Ui, vec2};

/// A row with a name on the left and a figure on the right. The caller says what it is to screen readers.
pub fn text_row(ui: &mut Ui, name: &str, figure: &str, chosen: bool) -> Response {
    let t = theme::tokens(ui);
    let size = vec2(ui.available_width(), layout::ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    if chosen || response.hovered() {
        let fill = if chosen {
            t.raised
        } else {
            t.raised.gamma_multiply(0.5)
        };
        ui.painter().rect_filled(rect, theme::CONTROL_CORNER, fill);
    }
    let ink = if chosen { t.text } else { t.muted };
    let inside = rect.shrink2(vec2(8.0, 0.0));
    let figure = super::line(
        ui,
        figure,
        theme::regular(theme::SMALL),
        t.faint,
        inside.width(),
    );
    let room = inside.width() - figure.size().x - 8.0;
    let name = super::line(ui, name, theme::regular(12.5), ink, room);
    let middle = inside.center().y;
    let at = |x: f32, height: f32| egui::pos2(x, middle - height / 2.0);
    let (w, h) = (figure.size().x, figure.size().y);
    ui.painter()
        .galley(at(inside.left(), name.size().y), name, ink);
    ui.painter()
        .galley(at(inside.right() - w, h), figure, t.faint);
    super::focus_ring(ui, &response, rect);
    response
}
