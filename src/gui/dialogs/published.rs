//! Where the authors' own files come from, and fetching them.

use super::{modal, title};
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::published::{Group, Offer, Progress, Standing, Wish};
use crate::gui::{format, theme, widgets};
use crate::network::imported::obtain::{Present, Stage, target};
use egui::{Context, Label, ProgressBar, RichText, ScrollArea, Ui};
use std::path::Path;

const WHAT: &str = "The networks of Feather et al. (2019) are their authors' files and no part of this program. Nothing is \
                    fetched unless you press Download.";
const BY_HAND: &str = "Files that you have already: unpack archives and drop the checkpoint on the window. Its configuration, \
                       null distribution and class names are found beside it; nothing is copied.";

pub fn show(ctx: &Context, view: &mut View<'_>) {
    modal(ctx, view, "published", 660.0, |ui, view| {
        title(ui, "Published models");
        ui.add(Label::new(widgets::muted(ui, WHAT)).wrap());
        let room = ui.ctx().content_rect().height() - 220.0;
        ScrollArea::vertical()
            .max_height(room.max(200.0))
            .show(ui, |ui| {
                let published = &view.state.published;
                for group in &published.groups {
                    ui.add_space(8.0);
                    ui.label(RichText::new(group.title).font(theme::strong(13.0)));
                    for offer in &group.offers {
                        ui.add_space(4.0);
                        one(
                            ui,
                            offer,
                            &published.folder,
                            view.state.hide_machine,
                            view.out,
                        );
                    }
                    found(ui, group, view.out);
                }
            });
        ui.add_space(8.0);
        ui.add(Label::new(widgets::muted(ui, BY_HAND)).wrap());
        if ui.button("Close").clicked() {
            view.out.push(Message::Show(None));
        }
    });
}

fn one(ui: &mut Ui, offer: &Offer, folder: &Path, hide_machine: bool, out: &mut Vec<Message>) {
    let file = offer.file;
    ui.add(Label::new(sentence(file.title)).wrap());
    ui.hyperlink_to(RichText::new(file.link).size(theme::SMALL), file.link)
        .on_hover_text("Open in the browser");
    let text = format!("About {} MB. Licence: {}", file.megabytes, file.licence);
    ui.add(Label::new(widgets::faint(ui, text)).wrap());
    let button = |ui: &mut Ui, verb: &str, wish, out: &mut Vec<Message>| {
        let response = ui.button(verb);
        let response = response.accessible_name(format!("{verb} {}", file.name));
        if response.clicked() {
            out.push(Message::Published(wish));
        }
    };
    let fetch = Wish::Fetch(file.name);
    if let Standing::Failed(_, error) = &offer.standing {
        let fail = theme::tokens(ui).fail;
        ui.add(Label::new(RichText::new(error).color(fail)).wrap());
    }
    match &offer.standing {
        Standing::Idle(here) | Standing::Failed(here, _) => match here {
            Present::Nothing => {
                ui.horizontal(|ui| {
                    button(ui, "Download", fetch, out);
                    let checked = match file.sha256 {
                        Some(_) => "Its checksum is known and will be verified",
                        None => "Its authors publish no checksum; what comes is shown with its own",
                    };
                    ui.label(widgets::faint(ui, checked));
                });
            }
            Present::Part(bytes) => {
                ui.horizontal(|ui| {
                    button(ui, "Go on with", fetch, out);
                    let text = format!("{} are here", format::megabytes(*bytes));
                    ui.label(widgets::faint(ui, text));
                });
            }
            Present::Raw => {
                ui.horizontal(|ui| {
                    let verb = if file.is_archive() { "Unpack" } else { "Check" };
                    button(ui, verb, fetch, out);
                    let text = format!("The file is here: {}", target(file, folder).display());
                    ui.label(widgets::faint(ui, text));
                });
            }
            Present::Whole(sha256) => {
                let verdict = match file.sha256 {
                    Some(_) => "as published",
                    None => "computed here; its authors publish none to compare with",
                };
                let text = format!("Here. sha256 {sha256} ({verdict})");
                ui.add(Label::new(widgets::muted(ui, text)).wrap().selectable(true));
            }
        },
        Standing::Asking => {
            ui.horizontal(|ui| {
                button(ui, "Cancel", Wish::Stop(file.name), out);
                ui.label(widgets::muted(ui, "Asking the server…"));
            });
        }
        Standing::Coming(progress) => {
            let (at, total) = progress.bytes();
            let of = total.unwrap_or(file.megabytes * 1_000_000).max(1);
            let bar = ProgressBar::new((at as f32 / of as f32).min(1.0)).desired_height(8.0);
            ui.add(bar);
            ui.horizontal(|ui| {
                button(ui, "Cancel", Wish::Stop(file.name), out);
                let text = widgets::muted(ui, how_far(progress, hide_machine));
                ui.label(text);
            });
        }
        Standing::Stopping => {
            ui.label(widgets::muted(ui, "Stopping; what has come is kept"));
        }
    }
}

/// Checkpoints that are here, with what became of them.
fn found(ui: &mut Ui, group: &Group, out: &mut Vec<Message>) {
    for (path, model) in &group.found {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ui.horizontal(|ui| match model {
            Some(model) => {
                let text = format!("{name} is here, imported as {model}");
                ui.label(text);
                let choose = ui.button("Choose");
                let choose = choose.accessible_name(format!("Choose {model}"));
                if choose.clicked() {
                    out.push(Message::Show(None));
                    out.push(Message::ChooseModel(model.clone()));
                }
            }
            None => {
                ui.label(format!("{name} is here, not imported yet"));
                let import = ui.button("Import");
                let import = import.accessible_name(format!("Import {name}"));
                if import.clicked() {
                    out.push(Message::OpenPaths(vec![path.clone()]));
                }
            }
        });
    }
}

fn how_far(progress: &Progress, hide_machine: bool) -> String {
    let (at, total) = progress.bytes();
    let verb = match progress.stage {
        Stage::Fetching(..) => "",
        Stage::Checking => return "Computing the checksum…".into(),
        Stage::Unpacking(..) => "Unpacking: ",
    };
    let of = total.map_or_else(String::new, |t| format!(" of {}", format::megabytes(t)));
    let mut text = format!("{verb}{}{of}", format::megabytes(at));
    if let Some(rate) = progress.rate.filter(|_| !hide_machine) {
        text += &format!(", {:.1} MB/s", rate / 1e6);
        if let Some(left) = progress.seconds_left() {
            text += &format!(", {} left", format::duration(left));
        }
    }
    text
}

/// A title at the beginning of a line.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
