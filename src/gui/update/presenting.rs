//! The presentation: what is shown to an audience, and heard.

use super::{Effect, Studio};
use crate::gui::ladder::Rung;
use crate::gui::message::PresentMessage;
use crate::gui::presentation::{Content, Presentation};
use crate::gui::tasks::Arrival;
use crate::playback::{Slot, State};
use crate::session::Kept;
use crate::stimulus::excerpt::NETWORK_RATE;
use std::path::PathBuf;
use std::sync::Arc;

impl Studio {
    /// Shows the ladder to an audience: the finished metamers of every seed, the chosen row first.
    pub(super) fn present(&mut self) {
        let runs: Vec<Arc<Kept>> = {
            let ladder = self.state.ladder();
            let row = self
                .state
                .ladder_view
                .row
                .min(ladder.rungs.len().max(1) - 1);
            let (before, after) = ladder.rungs.split_at(row);
            let kept = after
                .iter()
                .chain(before)
                .flatten()
                .filter_map(|rung| match rung {
                    Rung::Kept(run) => Some((*run).clone()),
                    _ => None,
                });
            kept.collect()
        };
        if runs.is_empty() {
            return self.say(
                "Nothing is finished yet; what is going on cannot be presented",
                None,
            );
        }
        let library = self.library();
        self.tasks.spawn("presentation", move || {
            let presentation = Presentation::of(runs, &library);
            Arrival::Presentation(presentation.map(Box::new).map_err(|e| e.to_string()))
        });
    }

    /// Shows what lies in a folder of runs.
    pub fn present_folder(&mut self, folder: PathBuf) {
        let library = self.library();
        self.tasks.spawn("presentation", move || {
            let presentation = Presentation::read(&folder, &library);
            Arrival::Presentation(presentation.map(Box::new).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn begin_presentation(&mut self, presentation: Presentation) {
        self.state.dialog = None;
        self.state.presentation = Some(presentation);
        self.effects.push(Effect::FullScreen(true));
        if let Some(player) = &self.player {
            player.stop();
            player.hear(Slot::Reference);
        }
        self.load_slides();
    }

    pub(super) fn present_message(&mut self, message: PresentMessage) {
        let Some(shown) = &mut self.state.presentation else {
            return;
        };
        let last = shown.set().map_or(0, |s| s.slides.len().saturating_sub(1));
        let before = (shown.set, shown.at);
        let mut again = false;
        match message {
            PresentMessage::To(slide) if slide <= last => {
                shown.at = slide;
                // The same key plays the same sound again.
                again = true;
            }
            PresentMessage::To(_) => {}
            PresentMessage::Go(by) => shown.at = shown.at.saturating_add_signed(by).min(last),
            PresentMessage::Set(by) => {
                let sets = shown.sets.len().saturating_sub(1);
                shown.set = shown.set.saturating_add_signed(by).min(sets);
                let last = shown.set().map_or(0, |s| s.slides.len().saturating_sub(1));
                shown.at = shown.at.min(last);
            }
            PresentMessage::Switch => {
                (shown.at, shown.back) = match shown.at {
                    0 => (shown.back.min(last), shown.back),
                    at => (0, at),
                };
                let reference = shown.at == 0;
                self.load_slides();
                if let Some(player) = &self.player {
                    player.hear(if reference {
                        Slot::Reference
                    } else {
                        Slot::Metamer
                    });
                }
                return;
            }
            PresentMessage::Black => shown.black = !shown.black,
            PresentMessage::Names => shown.names = !shown.names,
            PresentMessage::Listen => {
                if let Some(player) = &mut self.player {
                    player.toggle();
                }
                return;
            }
            PresentMessage::Leave => return self.leave_presentation(),
        }
        let now = (shown.set, shown.at);
        if shown.at > 0 {
            shown.back = shown.at;
        }
        if now != before {
            shown.black = false;
        }
        if now != before || again {
            self.load_slides();
            self.play_slide();
        }
    }

    /// Gives the player the reference and the slide, or the one that comes back.
    fn load_slides(&mut self) {
        let Some((shown, player)) = self.state.presentation.as_ref().zip(self.player.as_mut())
        else {
            return;
        };
        let Some(set) = shown.set() else { return };
        let metamer = if shown.at == 0 { shown.back } else { shown.at };
        let mut problem = None;
        for (slot, slide) in [
            (Slot::Reference, set.slides.first()),
            (Slot::Metamer, set.slides.get(metamer)),
        ] {
            match slide.map(|s| &s.content) {
                Some(Content::Sound { samples, .. }) => {
                    if let Err(error) = player.set(slot, samples.to_vec(), NETWORK_RATE) {
                        problem = Some(error.to_string());
                    }
                }
                _ => player.clear(slot),
            }
        }
        if let Some(problem) = problem {
            self.complain(problem);
        }
    }

    /// Plays the slide from its beginning, if it is a sound.
    fn play_slide(&mut self) {
        let Some((shown, player)) = self.state.presentation.as_ref().zip(self.player.as_mut())
        else {
            return;
        };
        let sound = matches!(
            shown.slide().map(|s| &s.content),
            Some(Content::Sound { .. })
        );
        if !sound {
            if player.snapshot().state == State::Playing {
                player.stop();
            }
            return;
        }
        player.hear(if shown.at == 0 {
            Slot::Reference
        } else {
            Slot::Metamer
        });
        player.seek(0.0);
        player.play();
    }

    fn leave_presentation(&mut self) {
        self.state.presentation = None;
        self.effects.push(Effect::FullScreen(false));
        if let Some(player) = &self.player {
            player.stop();
        }
        // The player gets back what the page shows.
        for slot in [Slot::Reference, Slot::Metamer] {
            self.heard_changed(slot);
        }
    }
}
