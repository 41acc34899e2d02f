//! Exporting finished runs: what would be written is shown first, then written in the background.

use super::Studio;
use crate::export::{self, ColourMap, Ended, Kind, Options, Set};
use crate::gui::exporting::{Exporting, Preview};
use crate::gui::ladder::{Focus, Rung};
use crate::gui::message::ExportMessage;
use crate::gui::page::Page;
use crate::gui::state::Dialog;
use crate::gui::tasks::Arrival;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl Studio {
    /// The finished runs that the page shows, and what they are in words.
    fn to_export(&self) -> (Vec<PathBuf>, String) {
        let state = &self.state;
        let one = |folder: PathBuf| (vec![folder], "the run that is shown".to_owned());
        match state.page {
            Page::Make => {
                let folder = state.shown().and_then(|r| r.folder.clone());
                match folder.filter(|f| state.shelf.run(f).is_some()) {
                    Some(folder) => one(folder),
                    None => (vec![], String::new()),
                }
            }
            Page::Inspect => match &state.focus {
                Some(Focus::Kept(folder)) => one(folder.clone()),
                _ => (vec![], String::new()),
            },
            Page::Ladder => {
                let ladder = state.ladder();
                let rungs = ladder.rungs.iter().flatten();
                let folders = rungs.filter_map(|rung| match rung {
                    Rung::Kept(run) => Some(run.folder.clone()),
                    _ => None,
                });
                (folders.collect(), "the ladder".into())
            }
            Page::Library => {
                let rows = &state.library.rows;
                let folders = rows.iter().map(|r| r.folder.clone()).collect();
                (folders, "the runs that are listed".into())
            }
        }
    }

    pub(super) fn begin_export(&mut self) {
        let (folders, what) = self.to_export();
        if folders.is_empty() {
            return self.say(
                "Nothing is finished here yet; there is nothing to export",
                None,
            );
        }
        let what =
            format!("{what}: {} metamers", folders.len()).replace(": 1 metamers", ": 1 metamer");
        self.state.exporting = Some(Exporting {
            folders: folders.clone(),
            what,
            set: None,
            kind: Kind::Html,
            title: String::new(),
            out: String::new(),
            typed: false,
            generation: 0,
            preview: None,
            progress: None,
            cancel: Arc::default(),
            overwrite: false,
        });
        self.show(Some(Dialog::Export));
        self.tasks.spawn("read runs", move || {
            Arrival::ExportSet(Set::read(&folders).map(Arc::new).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn export_set(&mut self, set: Result<Arc<Set>, String>) {
        let Some(exporting) = &mut self.state.exporting else {
            return;
        };
        match set {
            Ok(set) => {
                exporting.set = Some(set);
                self.suggest_export();
                self.plan_export();
            }
            Err(error) => exporting.preview = Some(Err(error)),
        }
    }

    pub(super) fn export_message(&mut self, message: ExportMessage) {
        let Some(exporting) = &mut self.state.exporting else {
            return;
        };
        if exporting.progress.is_some() && message != ExportMessage::Cancel {
            return;
        }
        match message {
            ExportMessage::Kind(kind) => {
                (exporting.kind, exporting.typed) = (kind, false);
                self.suggest_export();
                self.plan_export();
            }
            ExportMessage::Title(title) => {
                exporting.title = title;
                self.plan_export();
            }
            ExportMessage::Out(out) => {
                (exporting.out, exporting.typed) = (out, true);
                self.plan_export();
            }
            ExportMessage::Overwrite(overwrite) => exporting.overwrite = overwrite,
            ExportMessage::Write => self.write_export(),
            ExportMessage::Cancel if exporting.progress.is_some() => {
                exporting.cancel.store(true, Ordering::Relaxed);
            }
            ExportMessage::Cancel => {
                self.state.exporting = None;
                self.show(None);
            }
        }
    }

    /// A name beside the results that is not taken.
    fn suggest_export(&mut self) {
        let folder = self.state.results().join("exports");
        let Some(exporting) = &mut self.state.exporting else {
            return;
        };
        let Some(set) = exporting.set.as_ref().filter(|_| !exporting.typed) else {
            return;
        };
        let name = exporting.kind.suggested_name(set);
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        let extension = exporting.kind.extension();
        let named = |number: usize| {
            let mark = if number > 1 {
                format!("-{number}")
            } else {
                String::new()
            };
            let end = extension.map_or_else(String::new, |e| format!(".{e}"));
            folder.join(format!("{stem}{mark}{end}"))
        };
        let free = (1..).map(named).find(|p| !p.exists());
        exporting.out = free.unwrap_or_else(|| named(1)).display().to_string();
    }

    fn options(&self, exporting: &Exporting) -> Options {
        let title = exporting.title.trim();
        let colours = &self.state.choices.listening.colours;
        Options {
            title: (!title.is_empty()).then(|| title.to_owned()),
            colour_map: ColourMap::find(colours).unwrap_or(ColourMap::Magma),
            ..Options::default()
        }
    }

    /// Asks what would be written.
    fn plan_export(&mut self) {
        let Some(mut exporting) = self.state.exporting.take() else {
            return;
        };
        exporting.generation += 1;
        let options = self.options(&exporting);
        let (generation, kind) = (exporting.generation, exporting.kind);
        let out = PathBuf::from(exporting.out.trim());
        let set = exporting.set.clone();
        self.state.exporting = Some(exporting);
        let Some(set) = set else { return };
        self.tasks.spawn("plan export", move || {
            let preview = export::plan(&set, kind, &options, &out).map(|plan| Preview {
                existing: plan.existing().len(),
                files: plan.files().to_vec(),
                notes: set.notes.clone(),
            });
            Arrival::ExportPlan {
                generation,
                preview: preview.map_err(|e| e.to_string()),
            }
        });
    }

    pub(super) fn export_planned(&mut self, generation: u64, preview: Result<Preview, String>) {
        if let Some(exporting) = &mut self.state.exporting
            && exporting.generation == generation
        {
            exporting.preview = Some(preview);
        }
    }

    fn write_export(&mut self) {
        let Some(mut exporting) = self.state.exporting.take() else {
            return;
        };
        let options = self.options(&exporting);
        let (kind, overwrite) = (exporting.kind, exporting.overwrite);
        let out = PathBuf::from(exporting.out.trim());
        let cancel = Arc::new(AtomicBool::new(false));
        exporting.cancel = cancel.clone();
        exporting.progress = Some((0, 1, String::new()));
        let set = exporting.set.clone();
        self.state.exporting = Some(exporting);
        let Some(set) = set else { return };
        self.tasks.spawn_many("export", move |say| {
            let written = || -> crate::Result<Option<PathBuf>> {
                if let Some(folder) = out.parent().filter(|p| !p.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder)
                        .map_err(|e| crate::Error::io("create folder", folder, e))?;
                }
                let plan = export::plan(&set, kind, &options, &out)?;
                let ended = plan.write(overwrite, &mut |progress| {
                    let name = progress.path.file_name().unwrap_or_default();
                    say(Arrival::ExportProgress(
                        progress.done,
                        progress.of,
                        name.to_string_lossy().into_owned(),
                    ));
                    if cancel.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })?;
                Ok((ended != Ended::Cancelled).then(|| out.clone()))
            };
            say(Arrival::Exported(written().map_err(|e| e.to_string())));
        });
    }

    pub(super) fn export_progress(&mut self, done: usize, of: usize, file: String) {
        if let Some(exporting) = &mut self.state.exporting {
            exporting.progress = Some((done, of, file));
        }
    }

    pub(super) fn exported(&mut self, written: Result<Option<PathBuf>, String>) {
        if let Some(exporting) = &mut self.state.exporting {
            exporting.progress = None;
        }
        match written {
            Ok(Some(path)) => {
                self.state.exporting = None;
                if self.state.dialog == Some(Dialog::Export) {
                    self.show(None);
                }
                self.say("Exported", Some(path));
            }
            Ok(None) => self.say("Nothing was written", None),
            Err(error) => match &mut self.state.exporting {
                Some(exporting) => exporting.preview = Some(Err(error)),
                None => self.complain(error),
            },
        }
    }
}
