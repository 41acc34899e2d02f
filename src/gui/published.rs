//! What is known of the authors' published files: which there are, and how far each is on its way here.

use crate::network::imported::Record;
use crate::network::imported::authors::AuthorsFile;
use crate::network::imported::obtain::{Obtained, Present, Stage, checkpoints, present};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Everything that the authors offer.
#[derive(Clone, Debug)]
pub struct Published {
    /// The folder that they come into, one inside for each group.
    pub folder: PathBuf,
    /// Files that belong together.
    pub groups: Vec<Group>,
}

/// Files that make models together.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is called.
    pub title: &'static str,
    /// The files.
    pub offers: Vec<Offer>,
    /// Checkpoints that lie here, each with the name of the model that was imported from it.
    pub found: Vec<(PathBuf, Option<String>)>,
}

/// A file on offer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What it is and where it comes from.
    pub file: &'static AuthorsFile,
    /// How far it is.
    pub standing: Standing,
    /// Set to have its download stopped.
    pub stop: Arc<AtomicBool>,
}

/// How far a file is on its way here.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Nobody is fetching it.
    Idle(Present),
    /// The server was asked.
    Asking,
    /// It is coming.
    Coming(Progress),
    /// It is being stopped.
    Stopping,
    /// It could not be had; what has come so far is kept, and why it ended.
    Failed(Present, String),
}

/// How far a download or an archive is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes per second lately.
    pub rate: Option<f64>,
}

impl Progress {
    /// Bytes that are done, and all.
    pub fn bytes(&self) -> (u64, Option<u64>) {
        match self.stage {
            Stage::Fetching(at, total) => (at, total),
            Stage::Checking => (1, Some(1)),
            Stage::Unpacking(at, total) => (at, Some(total)),
        }
    }

    /// Seconds that are left, as far as the rate tells.
    pub fn seconds_left(&self) -> Option<f64> {
        let (at, total) = self.bytes();
        let rate = self.rate.filter(|r| *r > 0.0)?;
        Some(total?.saturating_sub(at) as f64 / rate)
    }
}

/// What a person wants of a published file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Fetch it, or go on with it.
    Fetch(&'static str),
    /// Stop fetching it.
    Stop(&'static str),
}

/// What comes from a download.
#[derive(Debug)]
pub enum News {
    /// It is so far.
    Progress(Progress),
    /// It has ended. Errors are sentences.
    Ended(Result<Obtained, String>),
}

impl Published {
    /// These files, in a folder of their own inside `data`.
    pub fn new(files: &'static [AuthorsFile], data: &Path) -> Self {
        let mut groups: Vec<Group> = vec![];
        for file in files {
            let offer = Offer {
                file,
                standing: Standing::Idle(Present::Nothing),
                stop: Arc::default(),
            };
            match groups.iter_mut().find(|g| g.title == file.group) {
                Some(group) => group.offers.push(offer),
                None => groups.push(Group {
                    title: file.group,
                    offers: vec![offer],
                    found: vec![],
                }),
            }
        }
        Self {
            folder: data.join("published"),
            groups,
        }
    }

    /// Looks at what is here, apart from what is just coming; `imported` are the models that there are.
    pub fn look(&mut self, imported: &[Record]) {
        for group in &mut self.groups {
            for offer in &mut group.offers {
                let here = present(offer.file, &self.folder);
                match &mut offer.standing {
                    Standing::Idle(known) | Standing::Failed(known, _) => *known = here,
                    _ => {}
                }
            }
            let Some(first) = group.offers.first() else {
                continue;
            };
            let name = |path: &PathBuf| imported.iter().find(|r| r.checkpoint == *path);
            let name = |path: &PathBuf| name(path).map(|r| r.name.clone());
            let paths = checkpoints(&self.folder, &first.file.folder()).into_iter();
            group.found = paths.map(|p| (p.clone(), name(&p))).collect();
        }
    }

    /// The offer called `name`.
    pub fn offer(&mut self, name: &str) -> Option<&mut Offer> {
        let mut offers = self.groups.iter_mut().flat_map(|g| &mut g.offers);
        offers.find(|o| o.file.name == name)
    }

    /// The group that a file belongs to.
    pub fn group_of(&self, name: &str) -> Option<&Group> {
        let has = |g: &&Group| g.offers.iter().any(|o| o.file.name == name);
        self.groups.iter().find(has)
    }
}

/// How fast bytes come, over the last few seconds.
#[derive(Debug, Default)]
pub struct Meter(VecDeque<(Instant, u64)>);

impl Meter {
    /// Bytes per second, given how many are there now; nothing until that can be said.
    pub fn rate(&mut self, now: Instant, bytes: u64) -> Option<f64> {
        const SPAN: Duration = Duration::from_secs(5);
        self.0.push_back((now, bytes));
        while self.0.len() > 2 && now - self.0[1].0 >= SPAN {
            self.0.pop_front();
        }
        let (then, before) = *self.0.front()?;
        let seconds = (now - then).as_secs_f64();
        (seconds >= 0.5).then(|| bytes.saturating_sub(before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        let begun = Instant::now();
        let at = |seconds: f64| begun + Duration::from_secs_f64(seconds);
        let mut meter = Meter::default();
        assert_eq!(meter.rate(at(0.0), 1000), None);
        assert_eq!(meter.rate(at(0.1), 1100), None);
        assert_eq!(meter.rate(at(1.0), 2000), Some(1000.0));
        // Ten seconds at ten bytes a second make it forget what was before.
        let mut rate = None;
        for i in 1..=10 {
            rate = meter.rate(at(1.0 + f64::from(i)), 2000 + 10 * i as u64);
        }
        assert_eq!(rate, Some(10.0));
        let progress = Progress {
            stage: Stage::Fetching(400, Some(1000)),
            rate,
        };
        assert_eq!(progress.seconds_left(), Some(60.0));
        let unknown = Progress {
            stage: Stage::Fetching(400, None),
            rate,
        };
        assert_eq!(unknown.seconds_left(), None);
    }
}
