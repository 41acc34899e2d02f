//! Keys and pasting. Keys are those of the actions; a dialog or a text field that is being written in has them first.

use super::action::{ALL, Action};
use super::clipboard;
use super::inspect;
use super::message::{
    LadderMessage, LibraryMessage, Message, PresentMessage, TourMessage, TrialMessage,
};
use super::page::Page;
use super::panels;
use super::state::State;
use super::trials::{Kind, Side, Trials};
use crate::playback;
use egui::{Context, Event, Key, Modifiers};

/// Reads keys and the clipboard's events.
pub fn read(ctx: &Context, state: &State, out: &mut Vec<Message>) {
    if state.presentation.is_some() {
        return read_presentation(ctx, out);
    }
    if let Some(trials) = &state.trials {
        return read_trials(ctx, trials, out);
    }
    if state.tour.is_some() && state.dialog.is_none() {
        read_tour(ctx, out);
    }
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
    if !writing && !egui::Popup::is_any_open(ctx) {
        read_page(ctx, state, out);
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

/// Keys of digits, from 0 to 9.
const DIGITS: [Key; 10] = [
    Key::Num0,
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// Keys that mean something on one page only; they come before the actions' own.
fn read_page(ctx: &Context, state: &State, out: &mut Vec<Message>) {
    let focused = ctx.memory(|m| m.focused().is_some());
    let pressed = |key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    match state.page {
        Page::Ladder => {
            for (number, key) in DIGITS.into_iter().enumerate() {
                if pressed(key) {
                    out.push(Message::Ladder(LadderMessage::Key(number)));
                }
            }
            if focused {
                return;
            }
            for (key, columns, rows) in [
                (Key::ArrowLeft, -1, 0),
                (Key::ArrowRight, 1, 0),
                (Key::ArrowUp, 0, -1),
                (Key::ArrowDown, 0, 1),
            ] {
                if pressed(key) {
                    out.push(Message::Ladder(LadderMessage::Go(columns, rows)));
                }
            }
            let large = state.ladder_view.large;
            if !state.hears() && pressed(Key::Space) {
                out.push(Message::Ladder(LadderMessage::Large(!large)));
            }
            if large && pressed(Key::Escape) {
                out.push(Message::Ladder(LadderMessage::Large(false)));
            }
            if pressed(Key::Enter) {
                out.push(Message::Ladder(LadderMessage::Enter));
            }
        }
        Page::Library => {
            if ctx.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::F)) {
                ctx.memory_mut(|m| m.request_focus(panels::search_field()));
            }
            if focused {
                return;
            }
            let say = |message| Message::Library(message);
            for (key, by) in [
                (Key::ArrowUp, -1),
                (Key::ArrowDown, 1),
                (Key::PageUp, -10),
                (Key::PageDown, 10),
            ] {
                if pressed(key) {
                    out.push(say(LibraryMessage::Go(by)));
                }
            }
            let chosen = state.library.run().map(|r| r.folder.clone());
            if let Some(folder) = chosen {
                if pressed(Key::Enter) {
                    out.push(say(LibraryMessage::Open(folder, Page::Inspect)));
                } else if pressed(Key::Delete) {
                    out.push(say(LibraryMessage::Delete(folder)));
                }
            }
        }
        Page::Inspect => inspect::read_keys(ctx, state, focused, |message| {
            out.push(Message::Inspect(message));
        }),
        Page::Make => {}
    }
}

/// The keys of the tour's card. They come before those of the page, on which Enter and Esc mean something else; a control
/// that has the keyboard keeps its Enter.
fn read_tour(ctx: &Context, out: &mut Vec<Message>) {
    if ctx.memory(|m| m.focused().is_some()) || egui::Popup::is_any_open(ctx) {
        return;
    }
    for (key, message) in [
        (Key::Enter, TourMessage::Next),
        (Key::Backspace, TourMessage::Back),
        (Key::Escape, TourMessage::Leave),
    ] {
        if ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            out.push(Message::Tour(message));
        }
    }
}

/// The keys of trials; no others count.
fn read_trials(ctx: &Context, trials: &Trials, out: &mut Vec<Message>) {
    let pressed = |key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    if pressed(Key::Escape) {
        out.push(Message::Trial(TrialMessage::Leave));
    }
    if trials.kind == Kind::Guess {
        return;
    }
    for (key, side) in [(Key::A, Side::A), (Key::B, Side::B), (Key::X, Side::X)] {
        if pressed(key) {
            out.push(Message::Trial(TrialMessage::Present(side)));
        }
    }
    for (key, said) in [(Key::ArrowLeft, "A"), (Key::ArrowRight, "B")] {
        if pressed(key) {
            out.push(Message::Trial(TrialMessage::Answer(said.into())));
        }
    }
}

/// The keys of a presentation; no others count.
fn read_presentation(ctx: &Context, out: &mut Vec<Message>) {
    let pressed = |key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    for (number, key) in DIGITS.into_iter().enumerate() {
        if pressed(key) {
            out.push(Message::Present(PresentMessage::To(number)));
        }
    }
    for (key, message) in [
        (Key::ArrowRight, PresentMessage::Go(1)),
        (Key::PageDown, PresentMessage::Go(1)),
        (Key::ArrowLeft, PresentMessage::Go(-1)),
        (Key::PageUp, PresentMessage::Go(-1)),
        (Key::Home, PresentMessage::To(0)),
        (Key::ArrowDown, PresentMessage::Set(1)),
        (Key::ArrowUp, PresentMessage::Set(-1)),
        (Key::Tab, PresentMessage::Switch),
        (Key::Space, PresentMessage::Listen),
        (Key::B, PresentMessage::Black),
        (Key::Period, PresentMessage::Black),
        (Key::N, PresentMessage::Names),
        (Key::Escape, PresentMessage::Leave),
        (Key::F5, PresentMessage::Leave),
    ] {
        if pressed(key) {
            out.push(Message::Present(message));
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
