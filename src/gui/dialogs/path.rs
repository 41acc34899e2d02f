//! Asking for a path. The system's own dialog opens beside this one; where there is none, the path is typed here.

use super::{modal, title};
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::state::{Dialog, PathPurpose};
use crate::gui::{theme, widgets};
use egui::{Context, Key, RichText, TextEdit, vec2};

pub fn show(
    ctx: &Context,
    view: &mut View<'_>,
    purpose: PathPurpose,
    mut text: String,
    error: Option<&str>,
    browsing: bool,
) {
    let (heading, verb, hint) = match purpose {
        PathPurpose::Open => (
            "Open file",
            "Open",
            "Path of a picture, a sound or an npy file",
        ),
        PathPurpose::Png => ("Save metamer as PNG", "Save", "Path of the PNG file"),
        PathPurpose::Wav => ("Save metamer as WAV", "Save", "Path of the WAV file"),
        PathPurpose::Npy => ("Save metamer as npy", "Save", "Path of the npy file"),
        PathPurpose::Folder => ("Save whole run folder", "Save", "Path of the copy"),
        PathPurpose::Results => ("Results folder", "Use this folder", "Path of a folder"),
    };
    modal(ctx, view, "path", 560.0, |ui, view| {
        title(ui, heading);
        let before = text.clone();
        let edit = TextEdit::singleline(&mut text)
            .hint_text(hint)
            .desired_width(f32::INFINITY)
            .margin(vec2(8.0, 6.0));
        let edit = ui.add(edit).accessible_name("Path");
        if ui.memory(|m| m.focused().is_none()) {
            edit.request_focus();
        }
        // The line is there before it is needed.
        let t = theme::tokens(ui);
        match error {
            Some(error) => ui.label(RichText::new(error).color(t.fail)),
            None if browsing => ui.label(widgets::faint(
                ui,
                "Choose in the system's dialog, or type the path here",
            )),
            None => ui.label(widgets::faint(ui, hint)),
        };
        let mut accept = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            accept |= ui.button(verb).clicked();
            if ui
                .add_enabled(!browsing, egui::Button::new("Browse"))
                .clicked()
            {
                view.out.push(Message::Browse);
            }
            if ui.button("Cancel").clicked() {
                view.out.push(Message::Show(None));
            }
        });
        if text != before {
            view.out.push(Message::Show(Some(Dialog::Path {
                purpose,
                text,
                error: None,
                browsing,
            })));
        }
        if accept {
            view.out.push(Message::AcceptPath);
        }
    });
}
