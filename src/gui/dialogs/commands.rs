//! The command palette: every action by a part of its name.

use super::modal;
use crate::gui::action::{ALL, Action};
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::state::Dialog;
use crate::gui::theme;
use egui::{Align2, Context, Key, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};

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
        let found: Vec<Action> = ALL.into_iter().filter(|a| matches(*a, &text)).collect();
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
        let mut wanted = enter.then(|| found.get(row).copied()).flatten();
        ui.add_space(4.0);
        egui::ScrollArea::vertical()
            .max_height(12.0 * ROW)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, action) in found.iter().enumerate() {
                    let response = command(ui, view, *action, index == row);
                    if index == row && (up || down) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        wanted = Some(*action);
                    }
                }
                if found.is_empty() {
                    ui.label("No command has this in its name");
                }
            });
        let possible = |a: &Action| a.possible(view.state).is_ok();
        if let Some(action) = wanted.filter(possible) {
            view.out.push(Message::Show(None));
            view.out.push(Message::Do(action));
        } else if text != query || up || down {
            view.out
                .push(Message::Show(Some(Dialog::Commands { query: text, row })));
        }
    });
}

fn command(ui: &mut Ui, view: &View<'_>, action: Action, here: bool) -> egui::Response {
    let t = theme::tokens(ui);
    let possible = action.possible(view.state);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::MenuItem, possible.is_ok(), here, action.label())
    });
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
        action.label(),
        theme::regular(theme::BODY),
        ink,
    );
    let keys = ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        action.keys(view.state.hears()),
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
    response.on_hover_text(action.tooltip())
}

/// Every word that was typed occurs in the action's name or explanation; an empty query finds everything.
fn matches(action: Action, query: &str) -> bool {
    let text = format!("{} {}", action.label(), action.tooltip()).to_lowercase();
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
        let found = |query| {
            ALL.into_iter()
                .filter(|a| matches(*a, query))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("").len(), ALL.len());
        assert!(found("png save").contains(&Action::ExportPng));
        assert!(found("queue").contains(&Action::AddToQueue));
        assert!(found("xyzzy").is_empty());
    }
}
