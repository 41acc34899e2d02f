//! What is done with finished runs: found, tagged, opened, varied, reproduced, thrown away and taken back.

use super::Studio;
use crate::gui::action::Action;
use crate::gui::format;
use crate::gui::ladder::Focus;
use crate::gui::message::LibraryMessage;
use crate::gui::page::Page;
use crate::gui::shelf::Made;
use crate::gui::tasks::Arrival;
use crate::network::registry;
use crate::session::{Job, JobId, Kept, Request};
use crate::stimulus::{Image, prepare};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Side of a run's small picture in pixels.
const SMALL: usize = 80;

impl Studio {
    pub(super) fn library_message(&mut self, message: LibraryMessage) {
        match message {
            LibraryMessage::Query(query) => self.state.library.query = query,
            LibraryMessage::Only(verdict) => self.state.library.only = verdict,
            LibraryMessage::Sort(column) => {
                let library = &mut self.state.library;
                library.reversed = library.by == column && !library.reversed;
                library.by = column;
            }
            LibraryMessage::Select(folder) => self.choose_kept(folder),
            LibraryMessage::Go(by) => {
                let library = &self.state.library;
                let last = library.rows.len().saturating_sub(1);
                let place = library
                    .place()
                    .map_or(0, |at| at.saturating_add_signed(by).min(last));
                if let Some(run) = library.rows.get(place) {
                    let folder = run.folder.clone();
                    self.choose_kept(folder);
                }
            }
            LibraryMessage::Seen(folders) => self.request_small(folders),
            LibraryMessage::Open(folder, page) => {
                if let Some(run) = self.state.shelf.run(&folder).cloned() {
                    self.take_up(&run);
                    self.state.focus = Some(Focus::Kept(folder));
                    self.state.page = page;
                }
            }
            LibraryMessage::Reproduce(folder) => self.reproduce(folder),
            LibraryMessage::Tags(text) => self.state.library.tags = Some(text),
            LibraryMessage::KeepTags => self.keep_tags(),
            LibraryMessage::Delete(folder) => self.delete(folder),
            LibraryMessage::Show(folder) => self.open_in_file_manager(folder),
        }
    }

    fn choose_kept(&mut self, folder: PathBuf) {
        self.keep_tags();
        self.state.library.selected = Some(folder);
    }

    /// Chooses everything as a run had it: the next start repeats it, or varies it.
    fn take_up(&mut self, run: &Kept) {
        let spec = run.spec.clone();
        self.choose_model(&spec.model);
        self.choose_recipe(&spec.recipe);
        if self.state.recipe.procedure != spec.procedure {
            self.state.procedure = spec.procedure.clone();
            self.state.choices.procedure = Some(spec.procedure.clone());
        }
        self.state.choices.seed = spec.seed;
        self.state.choices.layers = vec![spec.layer.clone()];
        for layer in &mut self.state.layers {
            layer.chosen = layer.name == spec.layer;
        }
        self.state.anchor = self.state.layers.iter().position(|l| l.chosen);
        self.state.viewing = None;
        let view = &mut self.state.ladder_view;
        (view.layer, view.row, view.reference) = (Some(spec.layer.clone()), 0, false);
        let shown = &mut self.state.choices.ladder.layers;
        if let Some(layers) = shown.get_mut(&spec.model)
            && !layers.contains(&spec.layer)
        {
            layers.push(spec.layer.clone());
        }
        let known = self
            .state
            .stimuli
            .iter()
            .position(|s| s.name == spec.stimulus);
        if let Some(index) = known {
            return self.choose_stimulus(index);
        }
        let path = PathBuf::from(&spec.stimulus);
        if path.is_file() {
            return self.open(path, true);
        }
        // The file is gone: the run kept what it was prepared to.
        let kept = ["reference.wav", "reference.png"]
            .map(|name| run.folder.join(name))
            .into_iter()
            .find(|p| p.is_file());
        match kept {
            Some(path) => {
                self.say(
                    format!(
                        "{} is gone; what the run kept of it is taken instead",
                        spec.stimulus
                    ),
                    None,
                );
                self.open(path, true);
            }
            None => self.complain(format!("The stimulus {} is gone", spec.stimulus)),
        }
    }

    fn reproduce(&mut self, folder: PathBuf) {
        let Some(run) = self.state.shelf.run(&folder).cloned() else {
            return;
        };
        let (nulls, library) = (self.nulls.clone(), self.library());
        let loaded = self.state.model.clone();
        self.state.preparing += 1;
        self.tasks.spawn("reproduce", move || {
            let job = || -> crate::Result<Job> {
                let model = match loaded.filter(|m| m.name == run.spec.model) {
                    Some(model) => model,
                    None => Arc::new(registry::load_with(&library, &run.spec.model)?),
                };
                let request = Request::from_spec(&run.spec, &model, Some(&run.folder))?;
                Job::resolve(&request, nulls(&model)?)
            };
            let job = job().map(Box::new).map_err(|e| e.to_string());
            Arrival::Again { folder, job }
        });
    }

    pub(super) fn again(&mut self, folder: PathBuf, job: Result<Box<Job>, String>) {
        self.state.preparing = self.state.preparing.saturating_sub(1);
        match job {
            Ok(job) => {
                let id = self.enqueue(*job, false);
                self.reproducing.insert(id, folder);
                self.say(
                    "The run is made again, and compared when it is complete",
                    None,
                );
            }
            Err(error) => self.complain(format!("The run cannot be made again. {error}")),
        }
    }

    /// Says whether a run that was made again is the same to the bit.
    pub(super) fn compare_again(&mut self, id: JobId, metamer: Arc<Vec<f32>>) {
        let Some(run) = self
            .reproducing
            .remove(&id)
            .and_then(|folder| self.state.shelf.run(&folder).cloned())
        else {
            return;
        };
        self.tasks.spawn("compare", move || {
            let before = match run.metamer() {
                Ok(array) => array.values,
                Err(error) => return Arrival::Written(Err(error.to_string())),
            };
            let bits = |v: &f32| v.to_bits();
            let differ = before
                .iter()
                .zip(metamer.iter())
                .filter(|(a, b)| bits(a) != bits(b))
                .count();
            if before.len() == metamer.len() && differ == 0 {
                let text = "Reproduced: the metamer is equal to the bit".to_owned();
                Arrival::Written(Ok((text, run.folder.clone())))
            } else {
                Arrival::Written(Err(format!(
                    "Not reproduced to the bit: {} of {} values differ. Another kind of processor, or another version of this program, adds in another order",
                    format::grouped(differ as u64),
                    format::grouped(before.len() as u64)
                )))
            }
        });
    }

    fn keep_tags(&mut self) {
        let library = &mut self.state.library;
        let Some(text) = library.tags.take() else {
            return;
        };
        let Some(folder) = library.selected.clone() else {
            return;
        };
        let tags: Vec<String> = text
            .split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect();
        let Some(run) = self.state.shelf.run(&folder) else {
            return;
        };
        if run.tags == tags {
            return;
        }
        let run = Kept {
            tags: tags.clone(),
            ..(**run).clone()
        };
        self.state.shelf.retag(run);
        self.tasks
            .spawn("tags", move || match Kept::write_tags(&folder, &tags) {
                Ok(()) => Arrival::Done,
                Err(e) => Arrival::Written(Err(e.to_string())),
            });
    }

    fn delete(&mut self, folder: PathBuf) {
        // The next in the list is chosen, so that several can be thrown away one after the other.
        let library = &mut self.state.library;
        if let Some(at) = library.place() {
            let next = library.rows.get(at + 1).or_else(|| {
                at.checked_sub(1)
                    .and_then(|before| library.rows.get(before))
            });
            library.selected = next.map(|r| r.folder.clone());
            library.tags = None;
        }
        self.state.shelf.take(&folder);
        if self.state.focus == Some(Focus::Kept(folder.clone())) {
            self.state.focus = None;
        }
        self.tasks.spawn("delete", move || {
            let gone = Kept::discard(&folder).map_err(|e| e.to_string());
            Arrival::Deleted { folder, gone }
        });
    }

    pub(super) fn deleted(&mut self, folder: PathBuf, gone: Result<PathBuf, String>) {
        match gone {
            Ok(place) => {
                self.say(
                    format!(
                        "Deleted {}. {} takes it back, for 30 days",
                        name(&folder),
                        Action::Undo.keys(self.state.hears())
                    ),
                    None,
                );
                self.state.shelf.deleted.push((folder, place));
            }
            Err(error) => {
                self.complain(format!("Not deleted. {error}"));
                self.put_on_shelf(folder);
            }
        }
    }

    pub(super) fn undo_delete(&mut self) {
        let Some((folder, place)) = self.state.shelf.deleted.pop() else {
            return;
        };
        self.state.library.selected = Some(folder.clone());
        self.tasks.spawn("undo", move || {
            let back = Kept::restore(&place, &folder).and_then(|()| Kept::read(&folder));
            Arrival::Kept(back.map(Box::new).map_err(|e| e.to_string()))
        });
    }

    fn request_small(&mut self, folders: Vec<PathBuf>) {
        let shelf = &mut self.state.shelf;
        let mut missing: Vec<Arc<Kept>> = vec![];
        for folder in folders {
            if shelf.wanted.insert(folder.clone()) {
                missing.extend(shelf.run(&folder).cloned());
            }
        }
        if missing.is_empty() {
            return;
        }
        self.tasks.spawn_many("small pictures", move |say| {
            for run in missing {
                // What cannot be read has no picture; it is told when it is opened.
                if let Ok(image) = Made::read(&run).map(|m| small(&m)) {
                    say(Arrival::Small(run.folder.clone(), Arc::new(image)));
                }
            }
        });
    }

    /// The list as it is now, while it is looked at.
    pub(super) fn refresh_library(&mut self) {
        if self.state.page == Page::Library {
            self.state.library.list(&self.state.shelf.runs);
        }
    }
}

/// A metamer as a small picture.
fn small(made: &Made) -> Image {
    match (&made.cells, made.image()) {
        (Some(cells), _) => crate::export::heat_map::picture(cells, [2 * SMALL, SMALL]),
        (None, Some(image)) => prepare::thumbnail(&image, SMALL),
        (None, None) => Image {
            width: 1,
            height: 1,
            rgb: vec![0; 3],
        },
    }
}

fn name(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
