//! The command palette: everything that can be done now, by a part of its name.

use super::modal;
use crate::gui::action::{ALL, Action};
use crate::gui::inspect;
use crate::gui::message::Message;
use crate::gui::page::Page;
use crate::gui::panels::View;
use crate::gui::state::{Dialog, State};
use crate::gui::theme;
use egui::{Align2, Context, Key, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};

/// Something in the palette.
struct Command {
    label: &'static str,
    help: &'static str,
    keys: String,
    possible: Result<(), &'static str>,
    message: Message,
}

/// What can be done on every page, after what can be done on the one that is turned to.
fn all(state: &State) -> Vec<Command> {
    let looking = state.page == Page::Inspect && state.focused().is_some();
    let page = looking.then(|| inspect::commands(state));
    let page = page
        .into_iter()
        .flatten()
        .map(|(label, keys, message)| Command {
            label,
            help: Action::Inspect.tooltip(),
            keys: keys.into(),
            possible: Ok(()),
            message: Message::Inspect(message),
        });
    let actions = ALL.into_iter().map(|action| Command {
        label: action.label(),
        help: action.tooltip(),
        keys: action.keys(state.hears()),
        possible: action.possible(state),
        message: Message::Do(action),
    });
    page.chain(actions).collect()
}

const ROW: f32 = 30.0;

pub fn show(ctx: &Context, view: &mut View<'_>, query: String, row: usize) {
    modal(ctx, view, "commands", 520.0, |ui, view| {
        let mut text = query.clone();
        let edit = TextEdit::singleline(&mut text)
            .hint_text("Type a part of a command's name")
            .desired_width(f32::INFINITY)
            .margin(vec2(10.0, 8.0));
        let edit = ui.add(edit).accessible_name("Command");
        edit.request_focus();
        let mut found = all(view.state);
        found.retain(|c| matches(c, &text));
        let last = found.len().saturating_sub(1);
        let (up, down, enter) = ui.input(|i| {
            (
                i.key_pressed(Key::ArrowUp),
                i.key_pressed(Key::ArrowDown),
                i.key_pressed(Key::Enter),
            )
        });
        let mut row = if text == query { row.min(last) } else { 0 };
        row = match (up, down) {
            (true, false) => row.saturating_sub(1),
            (false, true) => (row + 1).min(last),
            _ => row,
        };
        let mut wanted = enter.then_some(row);
        ui.add_space(4.0);
        egui::ScrollArea::vertical()
            .max_height(12.0 * ROW)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, entry) in found.iter().enumerate() {
                    let response = command(ui, entry, index == row);
                    if index == row && (up || down) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        wanted = Some(index);
                    }
                }
                if found.is_empty() {
                    ui.label("No command has this in its name");
                }
            });
        let wanted = wanted.filter(|i| found.get(*i).is_some_and(|c| c.possible.is_ok()));
        if let Some(index) = wanted {
            view.out.push(Message::Show(None));
            view.out.push(found.swap_remove(index).message);
        } else if text != query || up || down {
            view.out
                .push(Message::Show(Some(Dialog::Commands { query: text, row })));
        }
    });
}

fn command(ui: &mut Ui, entry: &Command, here: bool) -> egui::Response {
    let t = theme::tokens(ui);
    let possible = entry.possible;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(Role::MenuItem, possible.is_ok(), here, entry.label));
    if here {
        ui.painter()
            .rect_filled(rect, theme::CONTROL_CORNER, t.raised);
    } else if response.hovered() {
        ui.painter()
            .rect_filled(rect, theme::CONTROL_CORNER, t.raised.gamma_multiply(0.5));
    }
    let ink = if possible.is_ok() { t.text } else { t.faint };
    let inside = rect.shrink2(vec2(10.0, 0.0));
    let name = inside.left_center();
    let drawn = ui.painter().text(
        name,
        Align2::LEFT_CENTER,
        entry.label,
        theme::regular(theme::BODY),
        ink,
    );
    let keys = ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        &entry.keys,
        theme::regular(12.0),
        t.muted,
    );
    if let Err(reason) = possible {
        let room = keys.left() - drawn.right() - 24.0;
        let reason =
            crate::gui::widgets::line(ui, reason, theme::regular(theme::SMALL), t.faint, room);
        let at = egui::pos2(
            drawn.right() + 12.0,
            rect.center().y - reason.size().y / 2.0,
        );
        ui.painter().galley(at, reason, t.faint);
    }
    response.on_hover_text(entry.help)
}

/// Every word that was typed occurs in the command's name or explanation; an empty query finds everything.
fn matches(entry: &Command, query: &str) -> bool {
    let text = format!("{} {}", entry.label, entry.help).to_lowercase();
    query
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_parts_of_their_names() {
        let place = tempfile::tempdir().unwrap();
        let places = crate::gui::Places {
            results: place.path().to_owned(),
            ..Default::default()
        };
        let state = State::new(crate::gui::Choices::default(), places).unwrap();
        let found = |query| {
            let mut found = all(&state);
            found.retain(|c| matches(c, query));
            found.into_iter().map(|c| c.label).collect::<Vec<_>>()
        };
        assert_eq!(found("").len(), ALL.len());
        assert!(found("png save").contains(&Action::ExportPng.label()));
        assert!(found("queue").contains(&Action::AddToQueue.label()));
        assert!(found("xyzzy").is_empty());
    }
}
