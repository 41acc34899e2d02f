//! The chosen run: what it was, how it was judged, and what can be done with it.

use crate::gui::message::{LibraryMessage, Message};
use crate::gui::page::Page;
use crate::gui::panels::View;
use crate::gui::{format, theme, widgets};
use egui::{Align, Layout, Rect, RichText, TextEdit, Ui, vec2};

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    widgets::card(ui, area, |ui| {
        let Some(run) = view.state.library.run().cloned() else {
            ui.label(widgets::muted(
                ui,
                "Choose a run: click, or Up and Down; Enter looks into it, Delete throws it away",
            ));
            return;
        };
        let spec = &run.spec;
        let title = format!(
            "{} at {}, seed {}",
            format::stimulus(&spec.stimulus),
            spec.layer,
            spec.seed
        );
        ui.horizontal(|ui| {
            ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
            let what = format!(
                "{}, {}, {} steps",
                spec.model,
                spec.recipe,
                format::grouped(spec.procedure.steps)
            );
            ui.label(widgets::faint(ui, what));
        });
        let sentence = run
            .verification
            .as_ref()
            .map_or("No checks were made", |v| &v.sentence[..]);
        let line = widgets::line(
            ui,
            sentence,
            theme::regular(theme::BODY),
            t.muted,
            ui.available_width(),
        );
        ui.label(line).on_hover_text(sentence);
        ui.horizontal(|ui| {
            let mut say = |message| view.out.push(Message::Library(message));
            let folder = || run.folder.clone();
            for (label, help, page) in [
                ("Inspect", "Look into it\nEnter", Page::Inspect),
                (
                    "Open in ladder",
                    "See it among the other layers",
                    Page::Ladder,
                ),
                (
                    "Vary",
                    "Choose everything as it was for this run, to change something and start again",
                    Page::Make,
                ),
            ] {
                if ui.button(label).on_hover_text(help).clicked() {
                    say(LibraryMessage::Open(folder(), page));
                }
            }
            let help = "Make it again and say whether the result is the same to the bit";
            if ui.button("Reproduce").on_hover_text(help).clicked() {
                say(LibraryMessage::Reproduce(folder()));
            }
            let path = run.folder.display().to_string();
            if ui.button("Open folder").on_hover_text(path).clicked() {
                say(LibraryMessage::Show(folder()));
            }
            let help = "Throw it away; it can be taken back\nDelete";
            if ui.button("Delete").on_hover_text(help).clicked() {
                say(LibraryMessage::Delete(folder()));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let mut tags = view
                    .state
                    .library
                    .tags
                    .clone()
                    .unwrap_or_else(|| run.tags.join(", "));
                let edit = TextEdit::singleline(&mut tags)
                    .hint_text("Tags, with commas between them")
                    .desired_width(220.0)
                    .margin(vec2(8.0, 4.0));
                let response = ui.add(edit).accessible_name("Tags");
                if response.changed() {
                    view.out.push(Message::Library(LibraryMessage::Tags(tags)));
                }
                if response.lost_focus() {
                    view.out.push(Message::Library(LibraryMessage::KeepTags));
                }
            });
        });
    });
}
