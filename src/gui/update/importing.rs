//! Models: loading the chosen one, and importing one from files that were dropped.

use super::Studio;
use crate::gui::settings::Choices;
use crate::gui::state::Dialog;
use crate::gui::tasks::Arrival;
use crate::network::imported::{Asked, Content, Examined, Library, examine};
use crate::network::{Model, registry};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Endings of files that are stimuli without a look inside.
const STIMULI: [&str; 9] = [
    "png", "jpg", "jpeg", "npy", "wav", "flac", "ogg", "oga", "mp3",
];

impl Studio {
    pub(super) fn library(&self) -> Library {
        Library::at(&self.state.places.models)
    }

    /// Loads the chosen model, and lists those that were imported.
    pub(super) fn load_model(&mut self) {
        let (name, library) = (self.state.choices.model.clone(), self.library());
        self.list_imported();
        self.tasks.spawn("load model", move || {
            let model = registry::load_with(&library, &name);
            Arrival::Model(model.map(Arc::new).map_err(|e| e.to_string()))
        });
    }

    fn list_imported(&mut self) {
        self.state.imported = self.library().records();
    }

    /// An imported model that is not there any more leaves the usual one in its place.
    pub(super) fn model_not_loaded(&mut self, error: String) {
        self.complain(format!("The model could not be loaded: {error}"));
        let usual = Choices::default().model;
        if self.state.choices.model == usual {
            self.state.model_error = Some(error);
        } else {
            self.choose_model(&usual);
        }
    }

    /// Opens stimuli, and looks at everything else for a model.
    pub(super) fn look_at(&mut self, paths: Vec<PathBuf>) {
        let is_stimulus = |path: &PathBuf| {
            let ending = path.extension().unwrap_or_default();
            STIMULI.iter().any(|s| ending.eq_ignore_ascii_case(s))
        };
        let (stimuli, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_stimulus);
        stimuli.into_iter().for_each(|p| self.open(p, true));
        if others.is_empty() {
            return;
        }
        self.tasks.spawn("look at files", move || {
            let importable = |p: &PathBuf| Content::looks_importable(Path::new(p));
            if !others.iter().any(importable) {
                return Arrival::Stimuli(others);
            }
            let asked = Asked {
                files: others,
                ..Asked::default()
            };
            Arrival::Examined(examine(&asked).map(Box::new).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn examined(&mut self, found: Examined) {
        let name = found.record.name.clone();
        self.state.found = Some(Arc::new(found));
        self.show(Some(Dialog::Import { name }));
    }

    /// Remembers what was found, under the name that was given.
    pub(super) fn import(&mut self) {
        let (Some(Dialog::Import { name }), Some(found)) =
            (self.state.dialog.clone(), self.state.found.clone())
        else {
            return;
        };
        self.state.dialog = None;
        let library = self.library();
        self.tasks.spawn("import", move || {
            let (record, model) = found.named(name.trim());
            // The same checkpoint under the same name again: a companion has come since.
            let mut known = library.records().into_iter();
            let again = known.any(|r| r.name == record.name && r.checkpoint == record.checkpoint);
            let added = library.add(&record, again);
            Arrival::Imported(added.map(|()| Arc::new(model)).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn imported(&mut self, model: Arc<Model>) {
        self.state.found = None;
        self.list_imported();
        self.say(format!("Imported as {}", model.name), None);
        self.choose_model(&model.name);
    }
}
