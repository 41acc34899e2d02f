//! Small pictures to choose from.

use crate::gui::{layout, theme};
use egui::{
    Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, TextureHandle, Ui, WidgetInfo, pos2,
    vec2,
};

const WHOLE: Rect = Rect {
    min: pos2(0.0, 0.0),
    max: pos2(1.0, 1.0),
};

/// A small picture; grey until it is there.
pub fn tile(ui: &mut Ui, texture: Option<&TextureHandle>, chosen: bool, label: &str) -> Response {
    let t = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(layout::TILE, layout::TILE), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, label));
    match texture {
        Some(texture) => {
            egui::Image::new((texture.id(), rect.size()))
                .corner_radius(theme::CONTROL_CORNER)
                .paint_at(ui, rect);
        }
        None => {
            ui.painter()
                .rect_filled(rect, theme::CONTROL_CORNER, t.raised);
        }
    }
    let edge = if chosen {
        Stroke::new(2.0, t.accent)
    } else if response.hovered() || response.has_focus() {
        Stroke::new(1.5, t.text)
    } else {
        Stroke::NONE
    };
    ui.painter()
        .rect_stroke(rect, theme::CONTROL_CORNER, edge, StrokeKind::Outside);
    response
}

/// The tile that opens a file.
pub fn add_tile(ui: &mut Ui, label: &str) -> Response {
    let t = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(layout::TILE, layout::TILE), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let ink = if response.hovered() || response.has_focus() {
        t.text
    } else {
        t.faint
    };
    let inside = rect.shrink(1.0);
    let corners = [
        inside.left_top(),
        inside.right_top(),
        inside.right_bottom(),
        inside.left_bottom(),
        inside.left_top(),
    ];
    ui.painter().extend(egui::Shape::dashed_line(
        &corners,
        Stroke::new(1.0, ink),
        3.0,
        3.0,
    ));
    let c = rect.center();
    for arm in [vec2(5.0, 0.0), vec2(0.0, 5.0)] {
        ui.painter()
            .line_segment([c - arm, c + arm], Stroke::new(1.5, ink));
    }
    response
}

/// A picture that fills `rect`, with every pixel sharp.
pub fn picture(ui: &Ui, texture: &TextureHandle, rect: Rect) {
    ui.painter()
        .image(texture.id(), rect, WHOLE, Color32::WHITE);
}
