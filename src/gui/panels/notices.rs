//! What a person should know: confirmations that go away by themselves, errors that stay until they were read.

use super::View;
use crate::gui::message::Message;
use crate::gui::{layout, theme, widgets};
use egui::{Align2, Area, Context, CornerRadius, Frame, Id, Margin, Order, RichText, Stroke, vec2};

pub fn show(ctx: &Context, view: &mut View<'_>) {
    if view.state.notices.is_empty() {
        return;
    }
    Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(
            Align2::RIGHT_BOTTOM,
            vec2(-layout::GAP, -layout::STATUS - 10.0),
        )
        .show(ctx, |ui| {
            let t = theme::tokens(ui);
            ui.set_max_width(460.0);
            for notice in &view.state.notices {
                let edge = if notice.bad { t.fail } else { t.faint };
                let frame = Frame::NONE
                    .fill(t.raised)
                    .stroke(Stroke::new(1.0, edge))
                    .corner_radius(CornerRadius::same(theme::CORNER))
                    .inner_margin(Margin::symmetric(14, 10));
                frame.show(ui, |ui| {
                    ui.horizontal(|ui| {
                        ui.vertical(|ui| {
                            ui.set_width(350.0);
                            ui.spacing_mut().item_spacing.y = 2.0;
                            if notice.bad {
                                ui.label(
                                    RichText::new("Something is wrong")
                                        .font(theme::strong(12.0))
                                        .color(t.fail),
                                );
                            }
                            ui.add(egui::Label::new(&notice.text).wrap().selectable(true));
                            if let Some(path) = &notice.path {
                                let path = widgets::faint(ui, path.display().to_string());
                                ui.add(egui::Label::new(path).wrap().selectable(true));
                            }
                        });
                        if ui
                            .button("Close")
                            .on_hover_text("Take this message away")
                            .clicked()
                        {
                            view.out.push(Message::Dismiss(notice.id));
                        }
                    });
                });
            }
        });
}
