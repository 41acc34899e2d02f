//! Cards: a quiet frame around something that belongs together.

use crate::gui::{layout, theme};
use egui::{Align2, Rect, Stroke, StrokeKind, Ui, UiBuilder};

/// A card that fills `rect`; its contents get what is inside its margins.
pub fn card(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let t = theme::tokens(ui);
    ui.painter().rect(
        rect,
        theme::CORNER,
        t.panel,
        Stroke::new(1.0, t.line),
        StrokeKind::Inside,
    );
    let inside = rect.shrink2(egui::vec2(layout::INSIDE, 10.0));
    ui.scope_builder(UiBuilder::new().max_rect(inside), |ui| {
        ui.shrink_clip_rect(rect.shrink(1.0));
        add(ui);
    });
}

/// The line at the top of a card: what it shows on the left, its present value on the right.
pub fn card_title(ui: &mut Ui, title: &str, value: &str) -> egui::Response {
    let t = theme::tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(egui::vec2(ui.available_width(), 16.0), egui::Sense::hover());
    let value = ui
        .painter()
        .layout_no_wrap(value.to_owned(), theme::strong(theme::BODY), t.text);
    let room = rect.width() - value.size().x - 8.0;
    let title = super::line(ui, title, theme::regular(12.0), t.muted, room);
    let y = rect.center().y;
    let text = format!("{} {}", title.text(), value.text());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
    for (galley, align, x) in [
        (title, Align2::LEFT_CENTER, rect.left()),
        (value, Align2::RIGHT_CENTER, rect.right()),
    ] {
        let place = align.anchor_size(egui::pos2(x, y), galley.size());
        ui.painter().galley(place.min, galley, t.text);
    }
    response
}
