//! Sounds: their cochleagrams are made in the background, and the player gets what is seen.

use super::Studio;
use crate::cpu::{Convolving, Cpu};
use crate::export::{Cells, ColourMap, Shading};
use crate::gui::action::Action;
use crate::gui::hearing::{Heard, Hearing};
use crate::gui::ladder::Rung;
use crate::gui::page::Page;
use crate::gui::settings::Listening;
use crate::gui::sound_view::{SoundAxes, SoundView, ViewChange};
use crate::gui::tasks::Arrival;
use crate::layers::Layer;
use crate::network::{Executor, Graph, Model, NodeId};
use crate::playback::{Player, Slot, State};
use crate::session::JobId;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// What an arrow key moves by in a sound, in seconds.
const STEP: f64 = 0.1;

/// The front end of the model that hears, apart from the one that the optimisation uses.
#[derive(Clone)]
pub struct Ear {
    graph: Arc<Graph>,
    front_end: NodeId,
    executor: Arc<Mutex<Option<Cpu>>>,
}

impl Ear {
    /// The ear of a model, if it has one.
    pub fn of(model: &Model) -> Option<Self> {
        Some(Self {
            front_end: model.front_end()?,
            graph: model.graph.clone(),
            executor: Arc::default(),
        })
    }

    fn axes(&self) -> Option<SoundAxes> {
        match &self.graph.node(self.front_end).layer {
            Layer::Cochleagram(layer) => Some(SoundAxes::of(layer)),
            _ => None,
        }
    }

    /// The cochleagram of a sound.
    fn hear(&self, samples: &[f32]) -> Result<Cells> {
        let mut executor = self.executor.lock().unwrap_or_else(PoisonError::into_inner);
        let executor = match &mut *executor {
            Some(executor) => executor,
            // One thread: the optimisation needs the others more.
            none => none.insert(Cpu::new(self.graph.clone(), 1, Convolving::Exact)?),
        };
        executor.forward(samples, self.front_end)?;
        let [_, channels, frames] = self.graph.node(self.front_end).shape[..] else {
            return Err(Error::Internal("a cochleagram has three axes".into()));
        };
        let values = executor.activation(self.front_end)?.into_owned();
        Cells::new(channels, frames, values)
    }
}

impl Studio {
    /// Begins anew with the sounds of a model.
    pub(super) fn listen_to(&mut self, model: &Model) {
        self.ear = Ear::of(model);
        self.hearing_busy = false;
        if let Some(player) = &mut self.player {
            player.stop();
            player.clear(Slot::Reference);
            player.clear(Slot::Metamer);
        }
        let axes = self.ear.as_ref().and_then(Ear::axes).map(Arc::new);
        let view = axes
            .as_ref()
            .map(|a| SoundView::new(a.seconds(), a.channels()));
        self.state.hearing = Hearing {
            axes,
            view,
            playback: self.state.hearing.playback.take(),
            devices: std::mem::take(&mut self.state.hearing.devices),
            ..Hearing::default()
        };
    }

    /// Asks for the cochleagram of a sound that is to be shown and has none yet, one at a time.
    pub(super) fn refresh_hearing(&mut self) {
        if self.state.presentation.is_some() || self.state.trials.is_some() {
            return;
        }
        let Some(ear) = self.ear.clone() else {
            return;
        };
        let wanted = self.state.pair();
        let step = self
            .state
            .shown()
            .and_then(|r| r.metamer.as_ref())
            .map(|m| m.0);
        for (slot, wanted) in [Slot::Reference, Slot::Metamer].into_iter().zip(wanted) {
            let heard = &mut self.state.hearing.heard[slot.index()];
            let Some(samples) = wanted else {
                if heard.take().is_some() {
                    self.heard_changed(slot);
                }
                continue;
            };
            let same = heard
                .as_ref()
                .is_some_and(|h| Arc::ptr_eq(&h.samples, &samples));
            if same {
                continue;
            }
            if let Some(cells) = self.state.cells_of(&samples) {
                self.state.hearing.heard[slot.index()] = Some(Heard {
                    samples,
                    cells,
                    step: None,
                });
                self.heard_changed(slot);
                continue;
            }
            if self.hearing_busy {
                continue;
            }
            self.hearing_busy = true;
            let ear = ear.clone();
            let step = step.filter(|_| slot == Slot::Metamer);
            self.tasks.spawn("cochleagram", move || {
                let result = ear.hear(&samples).map(|cells| Heard {
                    samples,
                    cells: Arc::new(cells),
                    step,
                });
                Arrival::Heard {
                    slot,
                    result: result.map_err(|e| e.to_string()),
                }
            });
        }
    }

    /// Asks for the cochleagram of a run of this session that the ladder shows, one at a time.
    pub(super) fn refresh_live(&mut self) {
        let Some(ear) = self.ear.clone() else {
            return;
        };
        if self.state.page != Page::Ladder || self.hearing_busy {
            return;
        }
        let wanted = {
            let ladder = self.state.ladder();
            let mut runs = ladder.rungs.iter().flatten().filter_map(|rung| match rung {
                Rung::Run(run) => Some((run.id, run.metamer.as_ref()?.1.clone())),
                _ => None,
            });
            runs.find(|(id, samples)| {
                let known = self.state.shelf.live.get(id);
                known.is_none_or(|(of, _)| !Arc::ptr_eq(of, samples))
            })
        };
        let Some((id, samples)) = wanted else {
            return;
        };
        self.hearing_busy = true;
        self.tasks.spawn("cochleagram", move || {
            let cells = ear.hear(&samples).map(Arc::new);
            Arrival::Live {
                id,
                result: cells.map(|c| (samples, c)).map_err(|e| e.to_string()),
            }
        });
    }

    pub(super) fn live_heard(
        &mut self,
        id: JobId,
        result: Result<(Arc<Vec<f32>>, Arc<Cells>), String>,
    ) {
        self.hearing_busy = false;
        match result {
            Ok(live) => {
                self.state.shelf.live.insert(id, live);
                let runs = &self.state.runs;
                self.state.shelf.live.retain(|id, _| runs.contains_key(id));
            }
            Err(error) => self.complain(format!("The cochleagram could not be made: {error}")),
        }
    }

    pub(super) fn heard(&mut self, slot: Slot, result: Result<Heard, String>) {
        self.hearing_busy = false;
        match result {
            Ok(heard) if self.fits(&heard) => {
                self.state.hearing.heard[slot.index()] = Some(heard);
                self.heard_changed(slot);
            }
            // Of a model that has been left since.
            Ok(_) => {}
            Err(error) => self.complain(format!("The cochleagram could not be made: {error}")),
        }
    }

    fn fits(&self, heard: &Heard) -> bool {
        let axes = self.state.hearing.axes.as_ref();
        axes.is_some_and(|a| a.channels() == heard.cells.rows())
    }

    /// Brings everything that depends on a sound up to date.
    pub(super) fn heard_changed(&mut self, slot: Slot) {
        self.reshade();
        let Some(player) = &mut self.player else {
            return;
        };
        match &self.state.hearing.heard[slot.index()] {
            Some(heard) => {
                if let Err(error) = player.set(slot, heard.samples.to_vec(), NETWORK_RATE) {
                    self.complain(error.to_string());
                }
            }
            None => player.clear(slot),
        }
    }

    fn reshade(&mut self) {
        let map = ColourMap::find(&self.state.choices.listening.colours);
        let map = map.unwrap_or(ColourMap::Magma);
        let hearing = &mut self.state.hearing;
        let [reference, metamer] = &hearing.heard;
        // One range for both, so that equal colours are equal values.
        let shown = [reference, metamer].into_iter().flatten();
        hearing.shading = hearing
            .any()
            .then(|| Shading::shared(map, shown.map(|h| &*h.cells)));
        hearing.difference = match (reference, metamer) {
            (Some(a), Some(b)) => b.cells.minus(&a.cells).ok().map(Arc::new),
            _ => None,
        };
        hearing.difference_shading = hearing
            .difference
            .as_ref()
            .map(|d| Shading::shared(ColourMap::Berlin, [&**d]));
    }

    pub(super) fn change_view(&mut self, change: ViewChange) {
        if let Some(view) = &mut self.state.hearing.view {
            view.apply(change);
        }
    }

    /// What the player has to say, for this frame.
    pub(super) fn ask_player(&mut self) {
        if let Some(player) = &mut self.player {
            self.state.hearing.playback = Some(player.snapshot());
            if let Some(devices) = player.devices()
                && self.state.hearing.devices != devices
            {
                self.state.hearing.devices = devices.to_vec();
            }
        }
    }

    pub(super) fn list_devices(&self) {
        if let Some(player) = &self.player {
            player.list_devices();
        }
    }

    pub(super) fn play_from(&mut self, seconds: f64) {
        if let Some(player) = &mut self.player {
            player.seek(seconds);
            player.play();
        }
    }

    pub(super) fn hear(&mut self, slot: Slot) {
        if let Some(player) = &self.player {
            player.hear(slot);
        }
    }

    pub(super) fn listening_action(&mut self, action: Action) {
        let mut listening = self.state.choices.listening.clone();
        match action {
            Action::Loop => listening.looping = !listening.looping,
            Action::MatchLevels => listening.matched = !listening.matched,
            _ => {}
        }
        self.set_listening(listening);
        let Some(player) = &mut self.player else {
            return;
        };
        let now = player.snapshot();
        match action {
            Action::Listen if now.state == State::Playing => player.pause(),
            Action::Listen => player.play(),
            Action::Switch => player.hear(now.audible.other()),
            Action::Back => player.seek((now.position - STEP).max(0.0)),
            Action::Forward => player.seek((now.position + STEP).min(now.duration)),
            _ => {}
        }
    }

    pub(super) fn set_listening(&mut self, listening: Listening) {
        let before = std::mem::replace(&mut self.state.choices.listening, listening);
        let now = &self.state.choices.listening;
        if let Some(player) = &mut self.player {
            if before.device != now.device {
                player.choose_device(now.device.as_deref());
            }
            tell(player, now);
        }
        if before.colours != self.state.choices.listening.colours {
            self.reshade();
        }
    }
}

/// Gives the player what is remembered, but for the device.
pub(super) fn tell(player: &Player, listening: &Listening) {
    player.set_volume(listening.volume);
    player.set_looping(listening.looping);
    player.match_levels(listening.matched);
}
