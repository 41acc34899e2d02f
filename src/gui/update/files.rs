//! Opening, pasting and writing files.

use super::choosing::read_stimulus;
use super::{Effect, Studio, THUMBNAIL};
use crate::formats::{Array, atomic, npy};
use crate::gui::clipboard;
use crate::gui::offers::{self, Offer};
use crate::gui::state::{Dialog, PathPurpose};
use crate::gui::tasks::Arrival;
use crate::network::registry::MODELS;
use crate::session::run_folder::{encode_png, encode_wav, to_image};
use crate::session::stimulus::is_sound;
use crate::stimulus::Image;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

impl Studio {
    /// Reads a file as a stimulus.
    pub(super) fn open(&mut self, path: PathBuf, choose: bool) {
        if choose {
            self.find_model_for(&path);
        }
        let Some(model) = self.state.model.clone() else {
            return self.waiting.push(path);
        };
        self.tasks.spawn("open stimulus", move || {
            // Runs refer to their stimulus by this path, also when the program is started from elsewhere.
            let path = std::path::absolute(&path).unwrap_or(path);
            let name = path.to_string_lossy().into_owned();
            let result = read_stimulus(&name, &model, THUMBNAIL);
            Arrival::Opened {
                result: result.map_err(|e| e.to_string()),
                choose,
            }
        });
    }

    /// Chooses a model that can take a file, where the chosen one cannot: the one of that sense that was left last, or the
    /// first.
    fn find_model_for(&mut self, path: &Path) {
        let hears = match (is_sound(path), Image::names(path)) {
            (true, _) => true,
            (false, true) => false,
            // An array can be either, and what is neither is complained about by the model that is chosen.
            (false, false) => return,
        };
        if hears == self.state.hears() {
            return;
        }
        let fitting = || MODELS.iter().filter(|m| (m.modality == "sound") == hears);
        let before = &self.state.choices.before;
        let chosen = fitting()
            .find(|m| before.contains_key(m.name))
            .or_else(|| fitting().next());
        if let Some(model) = chosen {
            self.choose_model(model.name);
        }
    }

    pub(super) fn paste_text(&mut self, text: &str) {
        let path = text.trim().trim_start_matches("file://");
        if !path.is_empty() && !path.contains('\n') && Path::new(path).exists() {
            self.open(path.into(), true);
        } else {
            // Text beside a picture, as browsers put on the clipboard: the picture is what is meant.
            self.effects.push(Effect::Paste);
        }
    }

    /// Keeps a pasted picture in a file, so that runs with it can be resumed and repeated.
    pub(super) fn keep_pasted(&mut self, image: Image) {
        let data = self.state.places.data.clone();
        self.tasks.spawn("keep pasted picture", move || {
            Arrival::Pasted(clipboard::keep(&image, &data).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn ask_path(&mut self, purpose: PathPurpose) {
        let text = self.suggested(purpose);
        self.show(Some(Dialog::Path {
            purpose,
            text,
            error: None,
            browsing: false,
            offers: vec![],
        }));
        self.look_for_offers();
        self.browse();
    }

    pub(super) fn type_path(&mut self, typed: String) {
        if let Some(Dialog::Path { text, error, .. }) = &mut self.state.dialog {
            (*text, *error) = (typed, None);
            self.look_for_offers();
        }
    }

    /// Reads the folder that was typed so far, where a file is to be opened; before anything was typed, the folder from
    /// which the last one came.
    fn look_for_offers(&self) {
        let Some(Dialog::Path {
            purpose: PathPurpose::Open,
            text,
            ..
        }) = &self.state.dialog
        else {
            return;
        };
        let last = self.state.choices.own_stimuli.last();
        let last = last.and_then(|path| Path::new(path).parent());
        let first = last.filter(|f| f.is_dir()).map(Path::to_owned);
        let (text, first) = (
            text.clone(),
            first.or_else(offers::home).unwrap_or_default(),
        );
        self.tasks.spawn("list folder", move || {
            let found = offers::offers(&text, &first);
            Arrival::Offers(text, found)
        });
    }

    pub(super) fn offered(&mut self, typed: &str, found: Vec<Offer>) {
        // More may have been typed since.
        if let Some(Dialog::Path { text, offers, .. }) = &mut self.state.dialog
            && text == typed
        {
            *offers = found;
        }
    }

    fn suggested(&self, purpose: PathPurpose) -> String {
        let results = self.state.results();
        let name = self
            .state
            .shown()
            .map_or_else(|| "metamer".into(), |r| r.spec.folder_name());
        let path = match purpose {
            PathPurpose::Open => return String::new(),
            PathPurpose::Png => results.join(format!("{name}.png")),
            PathPurpose::Wav => results.join(format!("{name}.wav")),
            PathPurpose::Npy => results.join(format!("{name}.npy")),
            PathPurpose::Folder => results.parent().unwrap_or(&results).join(name),
            PathPurpose::Results => results,
        };
        path.display().to_string()
    }

    /// Opens the system's own dialog beside ours, which stays for typing: where there is no such dialog, it says the same
    /// as when a person cancels it.
    pub(super) fn browse(&mut self) {
        if let Some(Dialog::Path {
            purpose,
            text,
            browsing,
            ..
        }) = &mut self.state.dialog
            && !*browsing
        {
            *browsing = true;
            self.effects.push(Effect::Browse(*purpose, text.clone()));
        }
    }

    pub(super) fn picked(&mut self, path: Option<PathBuf>) {
        let Some(Dialog::Path {
            purpose, browsing, ..
        }) = &mut self.state.dialog
        else {
            return;
        };
        *browsing = false;
        let purpose = *purpose;
        if let Some(path) = path {
            self.state.dialog = None;
            // The system's dialog has asked before anything is replaced.
            self.use_path(purpose, path, true);
        }
    }

    pub(super) fn accept_path(&mut self) {
        let Some(Dialog::Path {
            purpose,
            text,
            error,
            ..
        }) = &mut self.state.dialog
        else {
            return;
        };
        let (purpose, path) = (*purpose, offers::expand(text));
        *error = match purpose {
            _ if text.trim().is_empty() => Some("Type the path of a file, or press Browse".into()),
            PathPurpose::Open if !path.exists() => Some("There is no such file".into()),
            PathPurpose::Open if path.is_dir() => {
                Some("This is a folder; choose a file in it".into())
            }
            PathPurpose::Png | PathPurpose::Wav | PathPurpose::Npy | PathPurpose::Folder
                if path.exists() =>
            {
                Some("This exists already; choose another name".into())
            }
            _ => None,
        };
        if error.is_none() {
            self.state.dialog = None;
            self.use_path(purpose, path, false);
        }
    }

    fn use_path(&mut self, purpose: PathPurpose, path: PathBuf, chosen_in_dialog: bool) {
        match purpose {
            PathPurpose::Open => self.open(path, true),
            PathPurpose::Png => self.write_picture(path),
            PathPurpose::Wav => self.write_sound(path),
            PathPurpose::Npy => self.write_array(path),
            PathPurpose::Folder => {
                // The system's dialog names a folder to copy into; what is typed is the copy itself.
                let name = self
                    .state
                    .shown()
                    .and_then(|r| r.folder.as_ref()?.file_name())
                    .map(PathBuf::from);
                let target = if chosen_in_dialog {
                    path.join(name.unwrap_or_default())
                } else {
                    path
                };
                self.copy_folder(target);
            }
            PathPurpose::Results => match std::fs::create_dir_all(&path) {
                Ok(()) => {
                    self.state.choices.results = Some(path.clone());
                    self.say("Runs are saved here from now on", Some(path));
                }
                Err(error) => self.complain(Error::io("create folder", path, error).to_string()),
            },
        }
    }

    fn write_picture(&mut self, path: PathBuf) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let Some(run) = self.state.shown() else {
            return;
        };
        let Some((_, values)) = run.metamer.clone() else {
            return;
        };
        let spec = run.spec.clone();
        self.write(path, "Saved the picture", move |path| {
            let png = encode_png(
                &to_image(&values, &model.input),
                &[("metamer-studio:spec", &spec.to_toml()?)],
            )?;
            atomic::write(path, &png)
        });
    }

    fn write_sound(&mut self, path: PathBuf) {
        let Some(run) = self.state.shown() else {
            return;
        };
        let Some((_, samples)) = run.metamer.clone() else {
            return;
        };
        let spec = run.spec.clone();
        self.write(path, "Saved the sound", move |path| {
            atomic::write(path, &encode_wav(&samples, &spec.to_toml()?))
        });
    }

    fn write_array(&mut self, path: PathBuf) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let Some((_, values)) = self.state.shown().and_then(|r| r.metamer.clone()) else {
            return;
        };
        self.write(path, "Saved the array", move |path| {
            npy::write(
                path,
                &Array::new(model.input.shape.clone(), values.to_vec())?,
            )
        });
    }

    fn copy_folder(&mut self, target: PathBuf) {
        let Some(folder) = self.state.shown().and_then(|r| r.folder.clone()) else {
            return;
        };
        self.write(target, "Saved the run", move |target| {
            copy_new(&folder, target)
        });
    }

    fn write(
        &mut self,
        path: PathBuf,
        text: &str,
        work: impl FnOnce(&Path) -> Result<()> + Send + 'static,
    ) {
        let text = text.to_owned();
        self.tasks.spawn("write", move || {
            Arrival::Written(
                work(&path)
                    .map(|()| (text, path))
                    .map_err(|e| e.to_string()),
            )
        });
    }
}

/// Copies a folder to a place that does not exist yet; what was copied is taken away again if something fails.
fn copy_new(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::file(to, "Exists already; choose another name"));
    }
    if to.starts_with(from) {
        return Err(Error::file(
            to,
            "Lies inside the folder that is to be copied",
        ));
    }
    copy(from, to).inspect_err(|_| {
        let _ = std::fs::remove_dir_all(to);
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|e| Error::io("create folder", to, e))?;
    for entry in std::fs::read_dir(from).map_err(|e| Error::io("read", from, e))? {
        let entry = entry.map_err(|e| Error::io("read", from, e))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).map_err(|e| Error::io("write", &target, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_whole_and_never_over_another() {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("run");
        std::fs::create_dir_all(from.join("checkpoint")).unwrap();
        std::fs::write(from.join("spec.toml"), "a").unwrap();
        std::fs::write(from.join("checkpoint").join("state"), "b").unwrap();
        let to = place.path().join("copy");
        copy_new(&from, &to).unwrap();
        assert_eq!(
            std::fs::read(to.join("checkpoint").join("state")).unwrap(),
            b"b"
        );
        assert!(
            copy_new(&from, &to)
                .unwrap_err()
                .to_string()
                .contains("exists already")
                || to.exists()
        );
        assert!(
            copy_new(&from, &from.join("inside"))
                .unwrap_err()
                .to_string()
                .contains("inside")
        );
    }
}
