//! The chosen picture, as large as the window allows; keys go from one to the next.

use crate::gui::message::{LadderMessage, Message};
use crate::gui::panels::View;
use crate::gui::{format, theme, widgets};
use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let state = view.state;
    let at = &state.ladder_view;
    let side = (area.height() - 26.0).min(area.width());
    let square = Rect::from_center_size(
        pos2(area.center().x, area.top() + 26.0 + side / 2.0),
        vec2(side, side),
    );
    let (title, texture) = if at.reference {
        (
            format!("Reference, {}", format::stimulus(&state.choices.stimulus)),
            view.pictures.reference.as_ref(),
        )
    } else {
        let layer = at.layer.clone().unwrap_or_default();
        let texture = view.pictures.rung(&layer, at.row);
        (format!("Metamer at {layer}"), texture)
    };
    let line = widgets::line(ui, &title, theme::strong(theme::BODY), t.text, side);
    ui.painter()
        .galley(pos2(square.left(), square.top() - 22.0), line, t.text);
    ui.painter().rect_filled(square, 3.0, t.panel);
    match texture {
        Some(texture) => widgets::picture(ui, texture, square),
        None => {
            ui.painter().text(
                square.center(),
                Align2::CENTER_CENTER,
                "Not made yet",
                theme::regular(theme::BODY),
                t.faint,
            );
        }
    }
    let response = ui.interact(square, ui.scope_id().with("large"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{title}, large")));
    if response.clicked() {
        view.out.push(Message::Ladder(LadderMessage::Large(false)));
    }
    response.on_hover_text("Click or Esc to go back; other numbers show other layers");
}
