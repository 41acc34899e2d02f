//! Keys and pasting. Keys are those of the actions; a dialog or a text field that is being written in has them first.

use super::action::{ALL, Action};
use super::clipboard;
use super::message::Message;
use super::state::State;
use crate::playback;
use egui::{Context, Event, Key};

/// Reads keys and the clipboard's events.
pub fn read(ctx: &Context, state: &State, out: &mut Vec<Message>) {
    let writing = ctx.text_edit_focused();
    let held = !writing
        && state.dialog.is_none()
        && ctx.input(|i| i.key_down(Key::B) && i.modifiers.is_none());
    if held != state.compare {
        out.push(Message::Compare(held));
    }
    if state.dialog.is_some() {
        return;
    }
    if !writing {
        read_clipboard(ctx, out);
    }
    // A focused button is pressed by Space itself.
    let focused = ctx.memory(|m| m.focused().is_some());
    let popup = egui::Popup::is_any_open(ctx);
    let playback = state.hearing.playback.as_ref();
    let playing = playback.is_some_and(|p| p.state == playback::State::Playing);
    for action in ALL {
        let Some(shortcut) = action.shortcut(state.hears()) else {
            continue;
        };
        let plain = shortcut.modifiers.is_none();
        let function_key = shortcut.logical_key == Key::F1;
        let taken = match shortcut.logical_key {
            _ if action == Action::Compare => true,
            Key::Space | Key::Escape | Key::Enter if plain && (focused || popup) => true,
            // While nothing plays, Tab goes from control to control as everywhere else.
            Key::Tab if popup || !playing => true,
            Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight
                if focused || popup =>
            {
                true
            }
            Key::A | Key::Enter | Key::C | Key::V if writing => true,
            _ => plain && writing && !function_key,
        };
        // Three actions share a key: only the one that is possible now may take it.
        let shared = matches!(action, Action::Start | Action::Pause | Action::Resume);
        if taken || (shared && Action::primary(state) != action) {
            continue;
        }
        if ctx.input_mut(|i| i.consume_shortcut(&shortcut)) {
            out.push(Message::Do(action));
        }
    }
}

/// Copying and pasting come as events of their own, not as keys.
fn read_clipboard(ctx: &Context, out: &mut Vec<Message>) {
    ctx.input(|i| {
        for event in &i.events {
            match event {
                Event::Copy => out.push(Message::Do(Action::CopyPicture)),
                Event::Paste(text) => out.push(Message::PasteText(text.clone())),
                Event::PasteImage(image) => {
                    let rgba: Vec<u8> = image
                        .pixels
                        .iter()
                        .flat_map(egui::Color32::to_srgba_unmultiplied)
                        .collect();
                    if let Ok(image) = clipboard::from_rgba(image.width(), image.height(), &rgba) {
                        out.push(Message::PasteImage(image));
                    }
                }
                _ => {}
            }
        }
    });
}
