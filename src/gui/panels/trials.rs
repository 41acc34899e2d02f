//! Trials on oneself. Nothing here tells what is presented.

use super::View;
use crate::gui::message::{Message, TrialMessage};
use crate::gui::presentation::Content;
use crate::gui::trials::{Kind, Side, Trials};
use crate::gui::{theme, widgets};
use egui::{
    Align2, Button, Frame, Grid, Id, Rect, RichText, ScrollArea, TextEdit, Ui, UiBuilder, pos2,
    vec2,
};

/// Width of everything that is asked.
const WIDTH: f32 = 640.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    egui::CentralPanel::default()
        .frame(Frame::NONE.fill(t.background))
        .show(ui, |ui| {
            let Some(trials) = &view.state.trials else {
                return;
            };
            let area = ui.max_rect();
            let column = Rect::from_center_size(area.center(), vec2(WIDTH, area.height() - 64.0));
            ui.scope_builder(UiBuilder::new().max_rect(column), |ui| {
                ui.spacing_mut().item_spacing.y = 12.0;
                heading(ui, trials, view.out);
                match trials.trial() {
                    None => results(ui, trials, view.out),
                    Some(_) => {
                        stage(ui, view.pictures.slide(), trials);
                        match trials.kind {
                            Kind::Abx => abx(ui, trials, view.out),
                            Kind::Guess => guess(ui, trials, view.out),
                        }
                    }
                }
            });
        });
}

fn say(out: &mut Vec<Message>, message: TrialMessage) {
    out.push(Message::Trial(message));
}

fn heading(ui: &mut Ui, trials: &Trials, out: &mut Vec<Message>) {
    let (done, all) = (trials.answers.len(), trials.plan.len());
    ui.horizontal(|ui| {
        let title = match trials.kind {
            Kind::Abx => "Is X the same as A, or as B?",
            Kind::Guess => "What is it?",
        };
        ui.label(RichText::new(title).font(theme::strong(18.0)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let label = if done < all { "Stop" } else { "Close" };
            let help = "Your answers are kept\nEsc";
            if ui.button(label).on_hover_text(help).clicked() {
                say(out, TrialMessage::Leave);
            }
            let count = if done < all {
                format!("trial {} of {all}", done + 1)
            } else {
                format!("{all} trials")
            };
            ui.label(widgets::muted(ui, count));
        });
    });
    let part = done as f32 / all.max(1) as f32;
    ui.add(egui::ProgressBar::new(part).desired_height(4.0));
}

/// Where pictures are shown, one at a time; a sound leaves it dark.
fn stage(ui: &mut Ui, texture: Option<&egui::TextureHandle>, trials: &Trials) {
    let t = theme::tokens(ui);
    let now = trials.now.and_then(|side| trials.content(side));
    let sound = matches!(trials.set.slides[0].content, Content::Sound { .. });
    let side = if sound {
        96.0
    } else {
        (ui.available_height() - 220.0).clamp(160.0, WIDTH)
    };
    let (rect, _) = ui.allocate_exact_size(vec2(WIDTH, side), egui::Sense::hover());
    let square =
        Rect::from_center_size(rect.center(), vec2(if sound { WIDTH } else { side }, side));
    ui.painter().rect_filled(square, theme::CORNER, t.panel);
    let name = trials.now.map(|s| match s {
        Side::A => "A",
        Side::B => "B",
        Side::X => "X",
    });
    match (now, texture) {
        (Some(Content::Picture(_)), Some(texture)) => widgets::picture(ui, texture, square),
        (Some(Content::Sound { .. }), _) => {
            let font = theme::strong(28.0);
            ui.painter().text(
                square.center(),
                Align2::CENTER_CENTER,
                name.unwrap_or(""),
                font,
                t.muted,
            );
        }
        _ => {
            let text = match (trials.kind, sound) {
                (Kind::Abx, true) => "Listen to A, B and X, as often as you like; then answer",
                (Kind::Abx, false) => "Look at A, B and X, as often as you like; then answer",
                (Kind::Guess, true) => "Listen, as often as you like; then say which word it was",
                (Kind::Guess, false) => "Look, as long as you like; then say what it was",
            };
            let font = theme::regular(theme::BODY);
            ui.painter()
                .text(square.center(), Align2::CENTER_CENTER, text, font, t.muted);
        }
    }
    if let (Some(name), false) = (name, sound) {
        let at = pos2(square.left(), square.bottom() + 4.0);
        ui.painter().text(
            at,
            Align2::LEFT_TOP,
            name,
            theme::strong(theme::BODY),
            t.muted,
        );
    }
}

fn wide(ui: &mut Ui, text: &str, enabled: bool, selected: bool, width: f32) -> egui::Response {
    let button = Button::new(RichText::new(text).size(15.0))
        .selected(selected)
        .min_size(vec2(width, 44.0));
    ui.add_enabled(enabled, button)
}

fn abx(ui: &mut Ui, trials: &Trials, out: &mut Vec<Message>) {
    ui.horizontal(|ui| {
        let width = (WIDTH - 16.0) / 3.0;
        for (side, label, key) in [
            (Side::A, "Present A", "A"),
            (Side::B, "Present B", "B"),
            (Side::X, "Present X", "X"),
        ] {
            let response = wide(ui, label, true, trials.now == Some(side), width);
            if response.on_hover_text(key).clicked() {
                say(out, TrialMessage::Present(side));
            }
        }
    });
    let can = trials.can_answer();
    ui.horizontal(|ui| {
        let width = (WIDTH - 8.0) / 2.0;
        for (label, said, key) in [("X is A", "A", "Left"), ("X is B", "B", "Right")] {
            let response = wide(ui, label, can, false, width);
            let response = response.on_hover_text(key);
            if response
                .on_disabled_hover_text("All three have to be presented first")
                .clicked()
            {
                say(out, TrialMessage::Answer(said.into()));
            }
        }
    });
    ui.label(widgets::faint(
        ui,
        "Keys A, B and X present; Left says that X is A, Right that it is B; Esc stops",
    ));
}

fn guess(ui: &mut Ui, trials: &Trials, out: &mut Vec<Message>) {
    ui.horizontal(|ui| {
        if wide(ui, "Present", true, trials.now.is_some(), 140.0)
            .on_hover_text("Tab, then Space")
            .clicked()
        {
            say(out, TrialMessage::Present(Side::X));
        }
        let mut typed = trials.typed.clone();
        let edit = TextEdit::singleline(&mut typed)
            .hint_text("Type a part of the answer")
            .desired_width(WIDTH - 170.0)
            .margin(vec2(10.0, 12.0));
        let response = ui.add(edit).accessible_name("Answer");
        if response.changed() {
            say(out, TrialMessage::Type(typed));
        }
        let enter = ui.input(|i| i.key_pressed(egui::Key::Enter));
        let single = trials.fitting();
        if response.lost_focus()
            && enter
            && !trials.typed.trim().is_empty()
            && let Some(first) = single.first()
        {
            say(out, TrialMessage::Answer((*first).clone()));
        }
    });
    let can = trials.can_answer();
    ScrollArea::vertical()
        .id_salt("classes")
        .max_height(ui.available_height() - 30.0)
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                // A thousand classes are narrowed down before they are listed.
                for class in trials.fitting().into_iter().take(96) {
                    let button = Button::new(class);
                    if ui.add_enabled(can, button).clicked() {
                        say(out, TrialMessage::Answer(class.clone()));
                    }
                }
            });
        });
}

fn results(ui: &mut Ui, trials: &Trials, out: &mut Vec<Message>) {
    let t = theme::tokens(ui);
    ui.add_space(8.0);
    let headings: &[&str] = match trials.kind {
        Kind::Abx => &["Layer", "Right", "Proportion", "95 %", "d′", "p by chance"],
        Kind::Guess => &["Layer", "Right"],
    };
    Grid::new(Id::unique("results"))
        .num_columns(headings.len())
        .spacing([36.0, 8.0])
        .show(ui, |ui| {
            for heading in headings {
                ui.label(widgets::muted(ui, *heading));
            }
            ui.end_row();
            for (layer, result) in trials.results() {
                ui.label(layer);
                ui.label(format!("{} of {}", result.right, result.trials));
                if trials.kind == Kind::Abx {
                    let [low, high] = result.interval();
                    ui.label(format!("{:.2}", result.proportion()));
                    ui.label(format!("{low:.2} to {high:.2}"));
                    ui.label(format!("{:.2}", result.d_prime()));
                    ui.label(format!("{:.3}", result.by_chance()));
                }
                ui.end_row();
            }
        });
    ui.add_space(8.0);
    let note = match trials.kind {
        Kind::Abx => {
            "d′ as for an observer without bias who judges A, B and X independently; a few trials say little: look at the interval"
        }
        Kind::Guess => "Right is what the network takes the reference for",
    };
    ui.label(widgets::faint(ui, note));
    let path = trials.file.display().to_string();
    ui.label(
        RichText::new(format!("Kept in {path}"))
            .size(theme::SMALL)
            .color(t.faint),
    );
    if ui.button("Done").clicked() {
        say(out, TrialMessage::Leave);
    }
}
