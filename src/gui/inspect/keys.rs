//! The keys of the page: nothing on it needs a mouse.

use super::{BLINK_RATES, InspectMessage, Mode, WIPE_STEP};
use crate::gui::state::State;
use egui::{Context, Key, Modifiers};

/// What a press of a key zooms by.
const ZOOM: f64 = 0.8;

/// Every key with what it does, for the list of shortcuts.
pub const KEYS: [(&str, &str); 13] = [
    ("1 to 4", "Side by side, wipe, blink, difference"),
    ("Left, Right", "Move the divider, or go through the film"),
    ("R", "Another blink rate"),
    ("+, −, 0", "Come nearer, go back, see all"),
    ("Up, Down", "Inspect another layer"),
    (
        "Page Up, Page Down",
        "Inspect a channel with more or less error",
    ),
    (
        "P or Enter",
        "Play or hold the film; Space, too, where nothing can be heard",
    ),
    ("Comma, full stop", "The frame before, the next frame"),
    ("Home, End", "The start of the film, and its end"),
    ("O", "Loop the film"),
    ("X", "Export the film"),
    ("Tab", "Go to a picture or map: arrows walk in it"),
    ("B", "Hold to see the reference in the metamer's place"),
];

/// What can be done on the page without further words: a name, its key, and what is said to the window.
pub fn commands(state: &State) -> Vec<(&'static str, &'static str, InspectMessage)> {
    let modes = Mode::ALL
        .into_iter()
        .zip(["1", "2", "3", "4"])
        .map(|(mode, key)| (mode.title(), key, InspectMessage::Mode(mode)));
    let others = [
        ("Next blink rate", "R", next_rate(state)),
        ("Zoom in", "+", InspectMessage::Zoom(ZOOM)),
        ("Zoom out", "−", InspectMessage::Zoom(1.0 / ZOOM)),
        ("Show all", "0", InspectMessage::ShowAll),
        ("Inspect next layer", "Down", InspectMessage::GoLayer(1)),
        ("Inspect layer before", "Up", InspectMessage::GoLayer(-1)),
        (
            "Channel with more error",
            "Page Up",
            InspectMessage::GoChannel(-1),
        ),
        (
            "Channel with less error",
            "Page Down",
            InspectMessage::GoChannel(1),
        ),
        ("Play or hold the film", "P", InspectMessage::Play),
        ("Frame before", ",", InspectMessage::GoFrame(-1)),
        ("Next frame", ".", InspectMessage::GoFrame(1)),
        ("Start of the film", "Home", InspectMessage::Frame(0)),
        ("End of the film", "End", InspectMessage::Frame(usize::MAX)),
        ("Loop the film", "O", InspectMessage::Loop),
        ("Export the film", "X", InspectMessage::ExportFilm),
    ];
    modes.chain(others).collect()
}

/// Blinks at the rate after the present one.
fn next_rate(state: &State) -> InspectMessage {
    let now = BLINK_RATES.iter().position(|r| *r == state.inspect.blink);
    InspectMessage::Blink(BLINK_RATES[now.map_or(0, |i| (i + 1) % BLINK_RATES.len())])
}

/// Reads the page's keys; `focused` says whether a control has the arrows for itself.
pub fn read(ctx: &Context, state: &State, focused: bool, mut say: impl FnMut(InspectMessage)) {
    let pressed = |key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let inspect = &state.inspect;
    for (key, mode) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4]
        .into_iter()
        .zip(Mode::ALL)
    {
        if pressed(key) {
            say(InspectMessage::Mode(mode));
        }
    }
    if pressed(Key::R) {
        say(next_rate(state));
    }
    for (key, message) in [
        (Key::PageUp, InspectMessage::GoChannel(-1)),
        (Key::PageDown, InspectMessage::GoChannel(1)),
        (Key::P, InspectMessage::Play),
        (Key::O, InspectMessage::Loop),
        (Key::X, InspectMessage::ExportFilm),
        (Key::Comma, InspectMessage::GoFrame(-1)),
        (Key::Period, InspectMessage::GoFrame(1)),
        (Key::Home, InspectMessage::Frame(0)),
        (Key::End, InspectMessage::Frame(usize::MAX)),
    ] {
        // A sound that has the keyboard zooms its frequencies with these.
        let taken = focused && state.hears() && matches!(key, Key::PageUp | Key::PageDown);
        if !taken && pressed(key) {
            say(message);
        }
    }
    if focused {
        return;
    }
    for (key, message) in [
        (Key::Plus, InspectMessage::Zoom(ZOOM)),
        (Key::Equals, InspectMessage::Zoom(ZOOM)),
        (Key::Minus, InspectMessage::Zoom(1.0 / ZOOM)),
        (Key::Num0, InspectMessage::ShowAll),
        (Key::ArrowUp, InspectMessage::GoLayer(-1)),
        (Key::ArrowDown, InspectMessage::GoLayer(1)),
        (Key::Enter, InspectMessage::Play),
    ] {
        if pressed(key) {
            say(message);
        }
    }
    // Where something can be heard, these move in the sound unless there is a divider.
    let wipes = inspect.mode == Mode::Wipe;
    if wipes || !state.hears() {
        for (key, sign) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
            if pressed(key) {
                say(if wipes {
                    InspectMessage::Wipe(inspect.wipe + WIPE_STEP * sign as f32)
                } else {
                    InspectMessage::GoFrame(sign)
                });
            }
        }
    }
    if !state.hears() && pressed(Key::Space) {
        say(InspectMessage::Play);
    }
}
