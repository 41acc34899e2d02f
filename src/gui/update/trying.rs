//! Trials on oneself: begun, presented, answered, kept.

use super::Studio;
use crate::formats::atomic;
use crate::gui::ladder::Rung;
use crate::gui::message::TrialMessage;
use crate::gui::presentation::{Content, Presentation};
use crate::gui::tasks::Arrival;
use crate::gui::trials::{Kind, Side, Trials};
use crate::playback::Slot;
use crate::session::Kept;
use crate::stimulus::excerpt::NETWORK_RATE;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

impl Studio {
    /// Begins trials of the finished metamers in the ladder's chosen row.
    pub(super) fn begin_trials(&mut self, kind: Kind) {
        let runs: Vec<Arc<Kept>> = {
            let ladder = self.state.ladder();
            let row = ladder.rungs.get(self.state.ladder_view.row);
            let rungs = row.into_iter().flatten();
            rungs
                .filter_map(|rung| match rung {
                    Rung::Kept(run) => Some((*run).clone()),
                    _ => None,
                })
                .collect()
        };
        let Some((first, model)) = runs.first().cloned().zip(self.state.model.clone()) else {
            return self.say(
                "Make some metamers first: trials are made of what is finished",
                None,
            );
        };
        let library = self.library();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = now.map_or(1, |d| d.as_secs());
        let name = match kind {
            Kind::Abx => "abx",
            Kind::Guess => "guess",
        };
        let file = self
            .state
            .results()
            .join("trials")
            .join(format!("{name}_{}_{seed}.csv", first.spec.folder_name()));
        let class = first
            .verification
            .as_ref()
            .and_then(|v| v.predicted.reference.first())
            .map_or_else(String::new, |p| p.label.clone());
        let mut classes: Vec<String> = model.labels.to_vec();
        classes.sort();
        classes.dedup();
        self.tasks.spawn("trials", move || {
            let trials = Presentation::of(runs, &library).map(|p| {
                let set = p.sets.into_iter().next();
                set.map(|set| Box::new(Trials::new(kind, set, (classes, class), seed, file)))
            });
            Arrival::Trials(trials.map_err(|e| e.to_string()))
        });
    }

    pub(super) fn trials_ready(&mut self, mut trials: Trials) {
        trials.begun = Instant::now();
        self.state.dialog = None;
        self.state.trials = Some(trials);
        if let Some(player) = &self.player {
            player.stop();
        }
    }

    pub(super) fn trial_message(&mut self, message: TrialMessage) {
        let Some(trials) = &mut self.state.trials else {
            return;
        };
        match message {
            TrialMessage::Present(side) => self.present_side(side),
            TrialMessage::Answer(said) => {
                if trials.answer(&said) {
                    self.keep_answers();
                    if let Some(player) = &self.player {
                        player.stop();
                    }
                }
            }
            TrialMessage::Type(text) => trials.typed = text,
            TrialMessage::Leave => {
                let file = (!trials.answers.is_empty()).then(|| trials.file.clone());
                self.state.trials = None;
                if let Some(player) = &self.player {
                    player.stop();
                }
                for slot in [Slot::Reference, Slot::Metamer] {
                    self.heard_changed(slot);
                }
                if let Some(file) = file {
                    self.say("Your answers are kept", Some(file));
                }
            }
        }
    }

    fn present_side(&mut self, side: Side) {
        let Some(trials) = &mut self.state.trials else {
            return;
        };
        let content = trials.content(side).cloned();
        let Some(content) = content else { return };
        trials.present(side);
        let Content::Sound { samples, .. } = content else {
            return;
        };
        let Some(player) = &mut self.player else {
            return;
        };
        // One slot for all three: nothing about the player tells which is heard.
        player.clear(Slot::Reference);
        match player.set(Slot::Metamer, samples.to_vec(), NETWORK_RATE) {
            Ok(()) => {
                player.hear(Slot::Metamer);
                player.seek(0.0);
                player.play();
            }
            Err(error) => self.complain(error.to_string()),
        }
    }

    /// Writes every answer so far, so that none is lost.
    fn keep_answers(&self) {
        let Some(trials) = &self.state.trials else {
            return;
        };
        let (file, text) = (trials.file.clone(), trials.csv());
        self.tasks.spawn("answers", move || {
            let written = file
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .map_err(|e| crate::Error::io("create folder", &file, e))
                .and_then(|()| atomic::write(&file, text.as_bytes()));
            match written {
                Ok(()) => Arrival::Done,
                Err(e) => Arrival::Written(Err(format!("Your answers could not be kept. {e}"))),
            }
        });
    }
}
