//! Exporting finished runs: as what, where to, and a preview of every file.

use super::{modal, title};
use crate::export::Kind;
use crate::gui::exporting::{Exporting, Preview};
use crate::gui::message::{ExportMessage, Message};
use crate::gui::panels::View;
use crate::gui::{format, theme, widgets};
use egui::{Button, Context, ProgressBar, RichText, ScrollArea, TextEdit, Ui, vec2};

/// Height of the list of files, whatever it holds.
const LIST: f32 = 190.0;

pub fn show(ctx: &Context, view: &mut View<'_>) {
    let Some(exporting) = view.state.exporting.clone() else {
        view.out.push(Message::Show(None));
        return;
    };
    modal(ctx, view, "export", 760.0, |ui, view| {
        title(ui, &format!("Export {}", exporting.what));
        ui.add_space(4.0);
        ui.add_enabled_ui(exporting.progress.is_none(), |ui| {
            kinds(ui, &exporting, view.out);
            ui.add_space(4.0);
            fields(ui, &exporting, view.out);
        });
        ui.add_space(6.0);
        preview(ui, &exporting);
        ui.add_space(6.0);
        buttons(ui, &exporting, view.out);
    });
}

fn say(out: &mut Vec<Message>, message: ExportMessage) {
    out.push(Message::Export(message));
}

fn kinds(ui: &mut Ui, exporting: &Exporting, out: &mut Vec<Message>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for kind in Kind::ALL {
            let chosen = kind == exporting.kind;
            let response = ui.add(Button::new(kind.title()).selected(chosen));
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::RadioButton, true, chosen, kind.title())
            });
            if response.on_hover_text(kind.purpose()).clicked() {
                say(out, ExportMessage::Kind(kind));
            }
        }
    });
    ui.label(widgets::muted(ui, exporting.kind.purpose()));
}

fn fields(ui: &mut Ui, exporting: &Exporting, out: &mut Vec<Message>) {
    let mut heading = exporting.title.clone();
    let edit = TextEdit::singleline(&mut heading)
        .hint_text("Title; by itself the models and stimuli")
        .desired_width(f32::INFINITY)
        .margin(vec2(8.0, 6.0));
    if ui.add(edit).accessible_name("Title").changed() {
        say(out, ExportMessage::Title(heading));
    }
    let mut path = exporting.out.clone();
    let hint = match exporting.kind.extension() {
        Some(_) => "Path of the file",
        None => "Path of the folder",
    };
    let edit = TextEdit::singleline(&mut path)
        .hint_text(hint)
        .desired_width(f32::INFINITY)
        .margin(vec2(8.0, 6.0));
    if ui.add(edit).accessible_name("Export to").changed() {
        say(out, ExportMessage::Out(path));
    }
}

fn preview(ui: &mut Ui, exporting: &Exporting) {
    let t = theme::tokens(ui);
    let heading = match &exporting.preview {
        None => "Reading the runs…".to_owned(),
        Some(Err(_)) => "This cannot be written".to_owned(),
        Some(Ok(preview)) => {
            let files = preview.files.len();
            let plural = if files == 1 { "" } else { "s" };
            format!(
                "Will write {} file{plural}, {}",
                format::grouped(files as u64),
                size(preview.bytes())
            )
        }
    };
    ui.label(RichText::new(heading).font(theme::strong(theme::BODY)));
    ScrollArea::vertical()
        .id_salt("files")
        .max_height(LIST)
        .min_scrolled_height(LIST)
        .auto_shrink(false)
        .show(ui, |ui| match &exporting.preview {
            None => {}
            Some(Err(error)) => {
                ui.add(egui::Label::new(RichText::new(error).color(t.fail)).wrap());
            }
            Some(Ok(preview)) => files(ui, preview),
        });
}

fn files(ui: &mut Ui, preview: &Preview) {
    ui.spacing_mut().item_spacing.y = 3.0;
    for note in &preview.notes {
        ui.add(egui::Label::new(widgets::muted(ui, note)).wrap());
    }
    for file in &preview.files {
        ui.horizontal(|ui| {
            let about = if file.exact { "" } else { "about " };
            let length = format!("{about}{}", size(file.bytes));
            widgets::fixed_label(ui, widgets::muted(ui, length), 110.0);
            let name = format::short_path(&file.path);
            let response = ui.label(name);
            response.on_hover_text(file.path.display().to_string());
            ui.label(widgets::faint(ui, &file.what));
        });
    }
}

fn buttons(ui: &mut Ui, exporting: &Exporting, out: &mut Vec<Message>) {
    let t = theme::tokens(ui);
    let preview = match &exporting.preview {
        Some(Ok(preview)) => Some(preview),
        _ => None,
    };
    let existing = preview.map_or(0, |p| p.existing);
    // The line is there before it is needed.
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        if let Some((done, of, file)) = &exporting.progress {
            let part = *done as f32 / (*of).max(1) as f32;
            ui.add(ProgressBar::new(part).desired_width(300.0));
            ui.label(widgets::muted(ui, file));
        } else if existing > 0 {
            let mut overwrite = exporting.overwrite;
            let text = match existing {
                1 => "Replace the file that is there already".to_owned(),
                n => format!("Replace {n} files that are there already"),
            };
            if ui.checkbox(&mut overwrite, text).changed() {
                say(out, ExportMessage::Overwrite(overwrite));
            }
        }
    });
    ui.horizontal(|ui| {
        let ready = preview.is_some()
            && exporting.progress.is_none()
            && (existing == 0 || exporting.overwrite);
        let button = Button::new(RichText::new("Write").color(t.on_accent))
            .fill(t.accent)
            .min_size(vec2(110.0, 28.0));
        let response = ui.add_enabled(ready, button);
        if response
            .on_disabled_hover_text("See above what is in the way")
            .clicked()
        {
            say(out, ExportMessage::Write);
        }
        let label = if exporting.progress.is_some() {
            "Stop"
        } else {
            "Cancel"
        };
        if ui.button(label).clicked() {
            say(out, ExportMessage::Cancel);
        }
    });
}

/// A length in the unit that fits.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
