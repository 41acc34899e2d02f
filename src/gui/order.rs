//! Clicks before the keys that were pressed after them.
//!
//! Keys are read when a frame begins and clicks while it is laid out. While frames are slow, a click on a layer and the
//! press of the space bar that was meant for it arrive together; the key would start what was chosen before.

use eframe::egui::{Event, RawInput};

/// Holds events back until the frame after the one in which a click takes effect.
#[derive(Debug, Default)]
pub struct Order {
    later: Vec<Event>,
}

impl Order {
    /// Takes out of a frame's input the keys that follow a click, with all that comes after them, and puts in what was
    /// taken out of the last frame's. Says whether another frame is needed.
    pub fn keep(&mut self, input: &mut RawInput) -> bool {
        let mut events = std::mem::take(&mut self.later);
        events.append(&mut input.events);
        let click = events
            .iter()
            .position(|e| matches!(e, Event::PointerButton { pressed: false, .. }));
        let key = |e: &Event| matches!(e, Event::Key { pressed: true, .. } | Event::Text(_));
        let held = click.and_then(|click| Some(click + events[click..].iter().position(key)?));
        if let Some(first) = held {
            self.later = events.split_off(first);
        }
        input.events = events;
        held.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Key, Modifiers, PointerButton, Pos2};

    fn button(pressed: bool) -> Event {
        Event::PointerButton {
            pos: Pos2::ZERO,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        }
    }

    fn key(key: Key) -> Event {
        Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        }
    }

    fn frame(order: &mut Order, events: Vec<Event>) -> (Vec<Event>, bool) {
        let mut input = RawInput {
            events,
            ..RawInput::default()
        };
        let again = order.keep(&mut input);
        (input.events, again)
    }

    #[test]
    fn a_key_after_a_click_comes_a_frame_later_and_nothing_is_lost() {
        let mut order = Order::default();
        let (space, text) = (key(Key::Space), Event::Text(" ".into()));
        let all = vec![button(true), button(false), space.clone(), text.clone()];
        let (now, again) = frame(&mut order, all);
        assert_eq!((now, again), (vec![button(true), button(false)], true));
        let (now, again) = frame(&mut order, vec![key(Key::Tab)]);
        assert_eq!((now, again), (vec![space, text, key(Key::Tab)], false));
        assert_eq!(frame(&mut order, vec![]), (vec![], false));
    }

    #[test]
    fn a_key_before_a_click_is_not_held_back() {
        let mut order = Order::default();
        let all = vec![key(Key::Space), button(true), button(false)];
        assert_eq!(frame(&mut order, all.clone()), (all, false));
        // Click, key, click, key: one pair a frame.
        let all = vec![button(false), key(Key::A), button(false), key(Key::B)];
        let (now, again) = frame(&mut order, all.clone());
        assert_eq!((&now[..], again), (&all[..1], true));
        let (now, again) = frame(&mut order, vec![]);
        assert_eq!((&now[..], again), (&all[1..3], true));
        let (now, again) = frame(&mut order, vec![]);
        assert_eq!((&now[..], again), (&all[3..], false));
    }
}
