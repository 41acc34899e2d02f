//! Finished runs: found, read when they are looked at, put on the shelf when they are complete.

use super::Studio;
use crate::gui::ladder::{Focus, Rung};
use crate::gui::page::Page;
use crate::gui::shelf::Made;
use crate::gui::tasks::Arrival;
use crate::session::Kept;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Metamers that are held in memory before those are let go that nobody looks at.
const HELD: usize = 160;

impl Studio {
    /// Reads the folder of results.
    pub(super) fn read_shelf(&mut self) {
        let results = self.state.results();
        self.state.shelf.reading = true;
        self.tasks.spawn("library", move || {
            Kept::sweep(&results);
            let found = Kept::find(&results);
            Arrival::Shelf(results, found)
        });
    }

    pub(super) fn shelf_read(&mut self, results: &Path, found: crate::session::kept::Found) {
        if *results != self.state.results() {
            return;
        }
        let shelf = &mut self.state.shelf;
        shelf.reading = false;
        // Runs that were finished while the folder was read are not forgotten.
        let newer: Vec<Arc<Kept>> = std::mem::take(&mut shelf.runs)
            .into_iter()
            .filter(|r| r.folder.parent() == Some(results))
            .filter(|r| found.runs.iter().all(|f| f.folder != r.folder) && r.folder.exists())
            .collect();
        shelf.runs = found.runs.into_iter().map(Arc::new).collect();
        newer.into_iter().for_each(|r| shelf.put((*r).clone()));
        if let [first, rest @ ..] = &found.problems[..] {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" ({n} more could not be read either)"),
            };
            self.complain(format!(
                "A run in the library cannot be read. {first}{more}"
            ));
        }
    }

    /// A run is complete: what is written of it is read back.
    pub(super) fn put_on_shelf(&self, folder: PathBuf) {
        self.tasks.spawn("finished run", move || {
            Arrival::Kept(Kept::read(&folder).map(Box::new).map_err(|e| e.to_string()))
        });
    }

    pub(super) fn kept(&mut self, run: Kept) {
        let folder = run.folder.clone();
        // What was looked into while it was made is looked into now that it is complete.
        let same = |id| {
            self.state
                .runs
                .get(&id)
                .is_some_and(|r| r.folder.as_ref() == Some(&folder))
        };
        if let Some(Focus::Run(id)) = self.state.focus
            && same(id)
        {
            self.state.focus = Some(Focus::Kept(folder));
        }
        self.state.shelf.put(run);
    }

    /// Asks for the stimuli of those finished runs that are to be seen and are not in memory.
    pub(super) fn request_made(&mut self) {
        if self.state.page == Page::Make {
            return;
        }
        let wanted: Vec<Arc<Kept>> = {
            let ladder = self.state.ladder();
            let mut all: Vec<&Arc<Kept>> = ladder
                .rungs
                .iter()
                .flatten()
                .filter_map(|rung| match rung {
                    Rung::Kept(run) => Some(*run),
                    _ => None,
                })
                .collect();
            if let Some(Focus::Kept(folder)) = &self.state.focus {
                all.extend(self.state.shelf.run(folder));
            }
            all.into_iter().cloned().collect()
        };
        let shelf = &mut self.state.shelf;
        if shelf.made.len() > HELD {
            shelf
                .made
                .retain(|folder, _| wanted.iter().any(|r| r.folder == *folder));
            let made = &shelf.made;
            shelf.asked.retain(|folder| made.contains_key(folder));
        }
        let missing: Vec<_> = wanted
            .into_iter()
            .filter(|r| shelf.asked.insert(r.folder.clone()))
            .collect();
        if missing.is_empty() {
            return;
        }
        self.tasks.spawn_many("metamers", move |say| {
            for run in missing {
                let made = Made::read(&run).map_err(|e| e.to_string());
                say(Arrival::Made(run.folder.clone(), made.map(Arc::new)));
            }
        });
    }
}
