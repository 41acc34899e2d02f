//! Choosing stimulus, layers and recipe.

use super::Studio;
use crate::gui::message::Pick;
use crate::gui::state::Draft;
use crate::gui::tasks::Arrival;
use crate::session::Stimulus;
use crate::stimulus::Crop;
use crate::synthesis::{Procedure, recipe, start};
use std::sync::Arc;

/// The two fields beside the recipe's own that are typed.
pub const SEED: &str = "seed";
/// Number of threads.
pub const THREADS: &str = "threads";

impl Studio {
    pub(super) fn choose_stimulus(&mut self, index: usize) {
        if let Some(entry) = self.state.stimuli.get(index) {
            self.state.choices.stimulus = entry.name.clone();
            self.look_at_choice();
        }
    }

    pub(super) fn step_stimulus(&mut self, by: isize) {
        let now = self
            .state
            .stimuli
            .iter()
            .position(|s| s.name == self.state.choices.stimulus)
            .unwrap_or(0);
        let n = self.state.stimuli.len() as isize;
        if n > 0 {
            self.choose_stimulus((now as isize + by).rem_euclid(n) as usize);
        }
    }

    pub(super) fn forget_stimulus(&mut self, index: usize) {
        if self.state.stimuli.get(index).is_none_or(|s| !s.own) {
            return;
        }
        let gone = self.state.stimuli.remove(index);
        self.state.choices.own_stimuli.retain(|s| *s != gone.name);
        if self.state.choices.stimulus == gone.name {
            self.choose_stimulus(0);
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
            spec.stimulus == state.choices.stimulus && layer.is_some_and(|l| *l == spec.layer)
        };
        let newest = state
            .runs
            .values()
            .rev()
            .find(|r| same(&r.spec))
            .map(|r| r.id);
        state.viewing = newest.or(state.active);
    }

    pub(super) fn choose_recipe(&mut self, name: &str) {
        match recipe::find(name) {
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
            _ => self.edit_procedure(field, &text).err(),
        };
        if error.is_none() {
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
        let (crop, kind) = (p.crop, p.start);
        let (uniform, normal) = ([p.start_low, p.start_high], [p.start_mean, p.start_sd]);
        let key = format!("{name} {crop:?} {seed} {kind:?} {uniform:?} {normal:?}");
        let preview = &mut self.state.preview;
        if preview.key == key {
            return;
        }
        preview.key = key;
        preview.generation += 1;
        let generation = preview.generation;
        self.tasks.spawn("preview", move || {
            let reference = || -> crate::Result<_> {
                let reference = Stimulus::load(&name)?.prepare(&model.input, crop)?;
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
) -> crate::Result<crate::stimulus::Image> {
    let stimulus = Stimulus::load(name)?;
    match stimulus.picture() {
        Some(picture) => Ok(crate::stimulus::prepare::thumbnail(picture, thumbnail)),
        // An array is a picture already; a sound is refused in so many words.
        None => {
            let planes = stimulus.prepare(&model.input, Crop::Feather2023)?;
            let picture = crate::session::run_folder::to_image(&planes, &model.input);
            Ok(crate::stimulus::prepare::thumbnail(&picture, thumbnail))
        }
    }
}
