//! Choosing stimulus, layers and recipe.

use super::Studio;
use crate::gui::message::Pick;
use crate::gui::settings::Before;
use crate::gui::state::{Draft, Preview, recipe_for};
use crate::gui::tasks::{Arrival, OpenedStimulus};
use crate::network::executor::MOST_ITEMS;
use crate::session::run_folder::to_image;
use crate::session::{Command, Stimulus};
use crate::stimulus::Recording;
use crate::stimulus::{Crop, prepare};
use crate::synthesis::{Procedure, start};
use std::sync::Arc;

/// The fields beside the recipe's own that are typed.
pub const SEED: &str = "seed";
/// Number of threads.
pub const THREADS: &str = "threads";
/// Number of runs that go on together.
pub const AT_ONCE: &str = "at_once";

impl Studio {
    pub(super) fn choose_stimulus(&mut self, index: usize) {
        if let Some(entry) = self.state.stimuli.get(index) {
            self.state.choices.stimulus = entry.name.clone();
            self.look_at_choice();
        }
    }

    pub(super) fn step_stimulus(&mut self, by: isize) {
        let offered: Vec<usize> = self.state.offered().map(|(i, _)| i).collect();
        let chosen = &self.state.choices.stimulus;
        let now = offered
            .iter()
            .position(|i| self.state.stimuli[*i].name == *chosen)
            .unwrap_or(0);
        if !offered.is_empty() {
            let next = (now as isize + by).rem_euclid(offered.len() as isize);
            self.choose_stimulus(offered[next as usize]);
        }
    }

    pub(super) fn choose_first_stimulus(&mut self) {
        let first = self.state.offered().next().map(|(i, _)| i);
        if let Some(first) = first {
            self.choose_stimulus(first);
        }
    }

    /// Another model, with what was chosen for it last; runs that go on or wait are left alone.
    pub(super) fn choose_model(&mut self, name: &str) {
        if self.state.choices.model == name {
            return;
        }
        let heard = self.state.hears();
        let choices = &mut self.state.choices;
        let left = Before {
            stimulus: choices.stimulus.clone(),
            layers: choices.layers.clone(),
        };
        let before = choices.before.remove(name);
        let old = std::mem::replace(&mut choices.model, name.to_owned());
        choices.before.insert(old, left);
        let stays = heard == self.state.hears();
        let choices = &mut self.state.choices;
        let before = before.unwrap_or_default();
        choices.layers = before.layers;
        if !stays {
            choices.stimulus = before.stimulus;
        }
        (self.state.model, self.state.model_error) = (None, None);
        self.state.layers.clear();
        self.state.anchor = None;
        self.state.preview = Preview {
            generation: self.state.preview.generation,
            ..Preview::default()
        };
        if !stays {
            // The same recipe as it is for the other sense.
            let recipe = self.state.choices.recipe.clone();
            self.choose_recipe(&recipe);
            let chosen = &self.state.choices.stimulus;
            if !self.state.offered().any(|(_, s)| s.name == *chosen) {
                self.choose_first_stimulus();
            }
        }
        self.state.viewing = None;
        self.load_model();
    }

    pub(super) fn forget_stimulus(&mut self, index: usize) {
        if self.state.stimuli.get(index).is_none_or(|s| !s.own) {
            return;
        }
        let gone = self.state.stimuli.remove(index);
        self.state.choices.own_stimuli.retain(|s| *s != gone.name);
        if self.state.choices.stimulus == gone.name {
            self.choose_first_stimulus();
        }
    }

    pub(super) fn pick_layer(&mut self, index: usize, pick: Pick) {
        let Some(layer) = self.state.layers.get_mut(index) else {
            return;
        };
        match pick {
            Pick::Only => {
                self.state
                    .layers
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, l)| l.chosen = i == index);
                self.state.anchor = Some(index);
            }
            Pick::Toggle => {
                layer.chosen = !layer.chosen;
                self.state.anchor = Some(index);
                // At least one layer is always chosen.
                if self.state.chosen_layers().next().is_none() {
                    self.state.layers[index].chosen = true;
                }
            }
            Pick::Range => {
                let anchor = self.state.anchor.unwrap_or(index);
                let range = anchor.min(index)..=anchor.max(index);
                self.state
                    .layers
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, l)| l.chosen = range.contains(&i));
            }
        }
        self.keep_layers();
    }

    pub(super) fn step_layer(&mut self, by: isize) {
        let n = self.state.layers.len();
        let now = self
            .state
            .anchor
            .or_else(|| self.state.layers.iter().position(|l| l.chosen))
            .unwrap_or(0);
        if let Some(last) = n.checked_sub(1) {
            self.pick_layer(now.saturating_add_signed(by).min(last), Pick::Only);
        }
    }

    pub(super) fn choose_all_layers(&mut self) {
        self.state.layers.iter_mut().for_each(|l| l.chosen = true);
        self.keep_layers();
    }

    fn keep_layers(&mut self) {
        self.state.choices.layers = self.state.chosen_layers().map(|l| l.name.clone()).collect();
        self.look_at_choice();
    }

    /// Shows the newest run of the chosen stimulus and layer; else the run that is going on; else what would be started.
    fn look_at_choice(&mut self) {
        let state = &mut self.state;
        let layer = state
            .anchor
            .and_then(|i| state.layers.get(i))
            .filter(|l| l.chosen);
        let layer = layer
            .or_else(|| state.layers.iter().find(|l| l.chosen))
            .map(|l| &l.name);
        let same = |spec: &crate::synthesis::Spec| {
            spec.model == state.choices.model
                && spec.stimulus == state.choices.stimulus
                && layer.is_some_and(|l| *l == spec.layer)
        };
        let newest = state
            .runs
            .values()
            .rev()
            .find(|r| same(&r.spec))
            .map(|r| r.id);
        let active = state
            .active()
            .filter(|r| r.spec.model == state.choices.model);
        state.viewing = newest.or(active.map(|r| r.id));
    }

    pub(super) fn choose_recipe(&mut self, name: &str) {
        match recipe_for(name, self.state.hears()) {
            Ok(recipe) => {
                self.state.procedure = recipe.procedure.clone();
                self.state.recipe = recipe;
                self.state.choices.recipe = name.to_owned();
                self.state.choices.procedure = None;
                self.state.drafts.clear();
                self.leave_ended();
            }
            Err(error) => self.complain(error.to_string()),
        }
    }

    pub(super) fn reset_fields(&mut self) {
        let name = self.state.choices.recipe.clone();
        self.choose_recipe(&name);
    }

    /// What is started next differs from a run that was stopped, so that "Resume" would no longer be the next action.
    fn leave_ended(&mut self) {
        if self.state.resumable().is_some() {
            self.state.viewing = None;
        }
    }

    pub(super) fn edit(&mut self, field: &'static str, text: String) {
        let error = match field {
            SEED => self.edit_seed(&text).err(),
            THREADS => self.edit_threads(&text).err(),
            AT_ONCE => self.edit_at_once(&text).err(),
            _ => self.edit_procedure(field, &text).err(),
        };
        // How many go on at once does not change what a run comes to.
        if error.is_none() && field != AT_ONCE {
            self.leave_ended();
        }
        self.state.drafts.insert(field, Draft { text, error });
    }

    fn edit_procedure(&mut self, field: &'static str, text: &str) -> Result<(), String> {
        let mut procedure = self.state.procedure.clone();
        procedure
            .set(field, text.trim())
            .map_err(|e| e.to_string())?;
        if field == "steps" {
            // A schedule of blocks keeps its number of blocks, as on the command line.
            procedure = Procedure {
                steps: self.state.procedure.steps,
                ..procedure.clone()
            }
            .with_steps(procedure.steps);
        }
        self.state.procedure = procedure;
        let changed = self.state.fields_changed();
        self.state.choices.procedure = changed.then(|| self.state.procedure.clone());
        Ok(())
    }

    fn edit_seed(&mut self, text: &str) -> Result<(), String> {
        let seed = text
            .trim()
            .parse::<u64>()
            .ok()
            .filter(|s| i64::try_from(*s).is_ok());
        self.state.choices.seed = seed.ok_or("seed: must be a whole number from 0 on")?;
        Ok(())
    }

    fn edit_threads(&mut self, text: &str) -> Result<(), String> {
        let most = crate::session::device::thread_count(0).max(1) * 4;
        let threads = text
            .trim()
            .parse::<usize>()
            .ok()
            .filter(|t| (1..=most).contains(t));
        let threads = threads.ok_or_else(|| format!("threads: must lie between 1 and {most}"))?;
        // One thread per core stays "one per core" on another machine.
        self.state.choices.threads = if threads == crate::session::device::thread_count(0) {
            0
        } else {
            threads
        };
        Ok(())
    }

    fn edit_at_once(&mut self, text: &str) -> Result<(), String> {
        let runs = text.trim().parse::<usize>().ok();
        let runs = runs
            .filter(|n| (1..=MOST_ITEMS).contains(n))
            .ok_or_else(|| format!("at_once: must lie between 1 and {MOST_ITEMS}"))?;
        self.state.choices.at_once = runs;
        self.session.send(Command::Together(runs));
        Ok(())
    }

    pub(super) fn end_edit(&mut self, field: &'static str) {
        if self
            .state
            .drafts
            .get(field)
            .is_some_and(|d| d.error.is_none())
        {
            self.state.drafts.remove(field);
        }
    }

    /// Asks for the reference and the noise of what would be started now, if it has changed.
    pub(super) fn request_preview(&mut self) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let p = &self.state.procedure;
        let (name, seed) = (self.state.choices.stimulus.clone(), self.state.choices.seed);
        let (crop, part, kind) = (p.crop, p.part, p.start);
        let (uniform, normal) = ([p.start_low, p.start_high], [p.start_mean, p.start_sd]);
        let key = format!(
            "{} {name} {crop:?} {part:?} {seed} {kind:?} {uniform:?} {normal:?}",
            model.name
        );
        let preview = &mut self.state.preview;
        if preview.key == key {
            return;
        }
        preview.key = key;
        preview.generation += 1;
        let generation = preview.generation;
        self.tasks.spawn("preview", move || {
            let reference = || -> crate::Result<_> {
                let reference = Stimulus::load(&name)?.prepare_part(&model.input, crop, part)?;
                let noise = start::draw(
                    kind,
                    model.input.elements(),
                    seed,
                    uniform,
                    normal,
                    model.input.range,
                );
                Ok((Arc::new(reference), noise.map(Arc::new)))
            };
            Arrival::Preview {
                generation,
                result: reference().map_err(|e| e.to_string()),
            }
        });
    }
}

/// Reads a stimulus, checks that the model can take it, and makes its small picture.
pub(super) fn read_stimulus(
    name: &str,
    model: &crate::network::Model,
    thumbnail: usize,
) -> crate::Result<OpenedStimulus> {
    let stimulus = Stimulus::load(name)?;
    // What the model cannot take is refused in so many words.
    let prepared = stimulus.prepare(&model.input, Crop::Feather2023)?;
    let picture = match stimulus.picture() {
        _ if model.input.is_sound() => None,
        Some(picture) => Some(prepare::thumbnail(picture, thumbnail)),
        // An array is a picture already.
        None => Some(prepare::thumbnail(
            &to_image(&prepared, &model.input),
            thumbnail,
        )),
    };
    Ok(OpenedStimulus {
        name: name.to_owned(),
        thumbnail: picture,
        seconds: stimulus.sound().map(Recording::seconds),
        sound: model.input.is_sound(),
    })
}
