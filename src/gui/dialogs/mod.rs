//! Dialogs, which stand above the window until they are answered.

mod closing;
mod commands;
mod export;
mod import;
mod path;
mod published;
mod shortcuts;

use super::message::Message;
use super::panels::View;
use super::state::Dialog;
use super::theme;
use egui::{Context, Id, Modal, Ui};

/// The open dialog, if there is one.
pub fn show(ctx: &Context, view: &mut View<'_>) {
    match view.state.dialog.clone() {
        None => {}
        Some(Dialog::Commands { query, row }) => commands::show(ctx, view, query, row),
        Some(Dialog::Shortcuts) => shortcuts::show(ctx, view),
        Some(Dialog::Path {
            purpose,
            text,
            error,
            browsing,
            offers,
        }) => {
            let asked = path::Asked {
                purpose,
                error: error.as_deref(),
                browsing,
                offers: &offers,
            };
            path::show(ctx, view, text, &asked);
        }
        Some(Dialog::Export) => export::show(ctx, view),
        Some(Dialog::Closing) => closing::show(ctx, view),
        Some(Dialog::Published) => published::show(ctx, view),
        Some(Dialog::Import { name }) => import::show(ctx, view, name),
    }
}

/// A dialog that Esc and a click beside it close.
fn modal(
    ctx: &Context,
    view: &mut View<'_>,
    name: &str,
    width: f32,
    add: impl FnOnce(&mut Ui, &mut View<'_>),
) {
    let t = if ctx.theme() == egui::Theme::Dark {
        &theme::DARK
    } else {
        &theme::LIGHT
    };
    let frame = egui::Frame::NONE
        .fill(t.panel)
        .stroke(egui::Stroke::new(1.0, t.line))
        .corner_radius(theme::CORNER + 2)
        .inner_margin(16);
    let response = Modal::new(Id::unique(name)).frame(frame).show(ctx, |ui| {
        ui.set_width(width);
        add(ui, view);
    });
    if response.should_close() {
        view.out.push(Message::Show(None));
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.label(egui::RichText::new(text).font(theme::strong(15.0)));
}
