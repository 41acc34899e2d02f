//! The tour goes from stop to stop, and the window with it.

use super::Studio;
use crate::gui::message::TourMessage;
use crate::gui::page::Page;
use crate::gui::tour::STOPS;

impl Studio {
    pub(super) fn begin_tour(&mut self) {
        self.stop_at(0);
    }

    pub(super) fn tour_message(&mut self, message: TourMessage) {
        let Some(at) = self.state.tour else { return };
        match message {
            TourMessage::Next => self.stop_at(at + 1),
            TourMessage::Back => self.stop_at(at.saturating_sub(1)),
            TourMessage::Leave => self.stop_at(STOPS.len()),
        }
    }

    fn stop_at(&mut self, at: usize) {
        match STOPS.get(at) {
            Some(stop) => {
                self.state.tour = Some(at);
                self.turn_to(stop.page);
            }
            None => {
                self.state.tour = None;
                self.state.choices.toured = true;
                self.turn_to(Page::Make);
            }
        }
    }
}
