//! Asking for a path. The system's own dialog opens beside this one; where there is none, the path is typed here, or a file
//! chosen from those of the folder that was typed so far.

use super::{modal, title};
use crate::gui::message::Message;
use crate::gui::offers::Offer;
use crate::gui::panels::View;
use crate::gui::state::PathPurpose;
use crate::gui::{theme, widgets};
use egui::{Context, Key, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

/// Height of the list of files.
const LIST: f32 = 220.0;

/// What is asked for, and what is known about it.
pub struct Asked<'a> {
    pub purpose: PathPurpose,
    pub error: Option<&'a str>,
    pub browsing: bool,
    pub offers: &'a [Offer],
}

pub fn show(ctx: &Context, view: &mut View<'_>, mut text: String, asked: &Asked<'_>) {
    let (heading, verb, hint) = match asked.purpose {
        PathPurpose::Open => (
            "Open file",
            "Open",
            "A picture, a sound or an npy file; it can also be dropped on the window",
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
            .hint_text("Path")
            .desired_width(f32::INFINITY)
            .margin(vec2(8.0, 6.0));
        let edit = ui.add(edit).accessible_name("Path");
        // Before the field takes the keyboard back, which Enter takes from it.
        let mut accept = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        if !accept && ui.memory(|m| m.focused().is_none()) {
            edit.request_focus();
        }
        // The line is there before it is needed.
        let t = theme::tokens(ui);
        match asked.error {
            Some(error) => ui.label(RichText::new(error).color(t.fail)),
            None if asked.browsing => ui.label(widgets::faint(
                ui,
                "Choose in the system's dialog, or type the path here",
            )),
            None => ui.label(widgets::faint(ui, hint)),
        };
        if asked.purpose == PathPurpose::Open {
            accept |= list(ui, asked.offers, &mut text);
        }
        ui.horizontal(|ui| {
            accept |= ui.button(verb).clicked();
            if ui
                .add_enabled(!asked.browsing, egui::Button::new("Browse"))
                .clicked()
            {
                view.out.push(Message::Browse);
            }
            if ui.button("Cancel").clicked() {
                view.out.push(Message::Show(None));
            }
        });
        if text != before {
            view.out.push(Message::TypePath(text));
        }
        if accept {
            view.out.push(Message::AcceptPath);
        }
    });
}

/// The folder's files; says whether one was chosen. A folder is gone into.
fn list(ui: &mut Ui, offers: &[Offer], text: &mut String) -> bool {
    let mut chosen = false;
    ScrollArea::vertical()
        .max_height(LIST)
        .min_scrolled_height(LIST)
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for offer in offers {
                let kind = if offer.folder { "folder" } else { "" };
                let response = widgets::text_row(ui, &offer.name, kind, false);
                response.widget_info(|| {
                    let label = if offer.folder {
                        format!("Go into {}", offer.name)
                    } else {
                        format!("Open {}", offer.name)
                    };
                    WidgetInfo::labeled(Role::Button, true, label)
                });
                if response.clicked() {
                    text.clone_from(&offer.path);
                    chosen |= !offer.folder;
                }
            }
            if offers.is_empty() {
                ui.label(widgets::faint(ui, "Nothing here that can be opened"));
            }
        });
    chosen
}
