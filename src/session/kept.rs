//! Finished runs as a library lists them: what each was and how it was judged, without its heavy data. Tags lie beside a
//! run's files; a run that is thrown away can be taken back for a while.

use super::run_folder::read_verdict;
use crate::formats::{Array, atomic, npy};
use crate::synthesis::Spec;
use crate::verify::{Prediction, Verdict, Verification};
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where runs lie that were thrown away, inside the folder of all runs.
const DISCARDED: &str = ".deleted";
/// The file with a run's tags, one a line.
const TAGS: &str = "tags.txt";
/// How long a run that was thrown away can still be found.
pub const KEPT_AFTER_DELETION: Duration = Duration::from_secs(30 * 24 * 3600);

/// A finished run.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it was.
    pub spec: Spec,
    /// How it was judged, where it was.
    pub verification: Option<Verification>,
    /// When it was finished.
    pub made: SystemTime,
    /// What a person calls it.
    pub tags: Vec<String>,
}

/// What a folder of runs holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The runs, newest first.
    pub runs: Vec<Kept>,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

impl Kept {
    /// Reads what a run was; its arrays are left where they are.
    ///
    /// # Errors
    /// When the folder holds no finished run of this program.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("spec.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let spec = Spec::from_toml(&text).map_err(|reason| Error::file(&path, reason))?;
        let metamer = folder.join("metamer.npy");
        let made = std::fs::metadata(&metamer)
            .and_then(|m| m.modified())
            .map_err(|e| Error::io("look at", &metamer, e))?;
        Ok(Self {
            folder: folder.to_owned(),
            spec,
            verification: read_verdict(folder)?,
            made,
            tags: read_tags(folder)?,
        })
    }

    /// Every finished run in a folder. Other things that lie there, and runs that are not finished, are passed over.
    pub fn find(root: &Path) -> Found {
        let mut found = Found::default();
        let entries = match std::fs::read_dir(root) {
            Ok(entries) => entries,
            // Before the first run there is no folder.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return found,
            Err(e) => {
                found.problems.push(Error::io("read", root, e).to_string());
                return found;
            }
        };
        for entry in entries.flatten() {
            let folder = entry.path();
            let name = entry.file_name();
            let hidden = name.to_string_lossy().starts_with('.');
            let unfinished = folder.extension().is_some_and(|e| e == "partial");
            if hidden || unfinished || !folder.join("spec.toml").is_file() {
                continue;
            }
            match Self::read(&folder) {
                Ok(run) => found.runs.push(run),
                Err(error) => found.problems.push(error.to_string()),
            }
        }
        found
            .runs
            .sort_by(|a, b| b.made.cmp(&a.made).then_with(|| a.folder.cmp(&b.folder)));
        found
    }

    /// Spearman's rho at the matched layer.
    pub fn rho(&self) -> Option<f64> {
        let layer = &self.spec.layer;
        let measured = self.verification.as_ref()?.layers.get(layer)?;
        Some(measured.get(layer)?.spearman.0)
    }

    /// The outcome of the checks; unknown where none were made.
    pub fn verdict(&self) -> Verdict {
        self.verification
            .as_ref()
            .map_or(Verdict::Unknown, |v| v.verdict)
    }

    /// What the network takes the metamer for.
    pub fn prediction(&self) -> Option<&Prediction> {
        self.verification.as_ref()?.predicted.metamer.first()
    }

    /// The metamer, `[3, height, width]` or `[samples]`.
    ///
    /// # Errors
    /// When the file is gone or damaged.
    pub fn metamer(&self) -> Result<Array> {
        npy::read(&self.folder.join("metamer.npy"))
    }

    /// Gives the run other tags.
    ///
    /// # Errors
    /// When its folder cannot be written to.
    pub fn write_tags(folder: &Path, tags: &[String]) -> Result<()> {
        let mut text = tags.join("\n");
        text.push('\n');
        atomic::write(&folder.join(TAGS), text.as_bytes())
    }

    /// Takes a run out of its library, and returns where it lies now.
    ///
    /// # Errors
    /// When it cannot be moved; it is then still there.
    pub fn discard(folder: &Path) -> Result<PathBuf> {
        let (root, name) = folder
            .parent()
            .zip(folder.file_name())
            .ok_or_else(|| Error::file(folder, "Is no run folder"))?;
        let bin = root.join(DISCARDED);
        std::fs::create_dir_all(&bin).map_err(|e| Error::io("create folder", &bin, e))?;
        let mut place = bin.join(name);
        for number in 2.. {
            if !place.exists() {
                break;
            }
            place = bin.join(format!("{}-{number}", name.to_string_lossy()));
        }
        std::fs::rename(folder, &place).map_err(|e| Error::io("move", folder, e))?;
        // Its age in the bin is counted from now on.
        if let Ok(file) = std::fs::File::open(&place) {
            let _ = file.set_modified(SystemTime::now());
        }
        Ok(place)
    }

    /// Puts a run back that was discarded.
    ///
    /// # Errors
    /// When another lies in its place by now, or it cannot be moved.
    pub fn restore(discarded: &Path, folder: &Path) -> Result<()> {
        if folder.exists() {
            return Err(Error::Exists(folder.to_owned()));
        }
        std::fs::rename(discarded, folder).map_err(|e| Error::io("move", discarded, e))
    }

    /// Removes for good what was discarded longer ago than [`KEPT_AFTER_DELETION`].
    pub fn sweep(root: &Path) {
        let Ok(entries) = std::fs::read_dir(root.join(DISCARDED)) else {
            return;
        };
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|t| t.elapsed().ok());
            if age.is_some_and(|a| a > KEPT_AFTER_DELETION)
                && let Err(error) = std::fs::remove_dir_all(entry.path())
            {
                tracing::warn!("not removed: {}: {error}", entry.path().display());
            }
        }
    }
}

fn read_tags(folder: &Path) -> Result<Vec<String>> {
    let path = folder.join(TAGS);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(Error::io("read", &path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a finished run.
    fn run(root: &Path, name: &str) -> PathBuf {
        let folder = root.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let spec = include_str!("../../tests/data/spec.toml");
        std::fs::write(folder.join("spec.toml"), spec).unwrap();
        npy::write(
            &folder.join("metamer.npy"),
            &Array::new(vec![2], vec![0.0, 1.0]).unwrap(),
        )
        .unwrap();
        folder
    }

    #[test]
    fn finished_runs_are_found_and_the_rest_is_passed_over_or_told() {
        let root = tempfile::tempdir().unwrap();
        assert!(Kept::find(&root.path().join("none yet")).runs.is_empty());
        run(root.path(), "one");
        run(root.path(), "two.partial");
        let broken = run(root.path(), "three");
        std::fs::write(broken.join("spec.toml"), "seed = nonsense").unwrap();
        std::fs::create_dir(root.path().join("holiday")).unwrap();
        let found = Kept::find(root.path());
        assert_eq!(found.runs.len(), 1);
        assert_eq!(found.runs[0].verdict(), Verdict::Unknown);
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        assert!(found.problems[0].contains("three"));
    }

    #[test]
    fn tags_are_kept_and_a_run_can_be_thrown_away_and_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let folder = run(root.path(), "one");
        Kept::write_tags(&folder, &["talk".into(), "good one".into()]).unwrap();
        assert_eq!(Kept::read(&folder).unwrap().tags, ["talk", "good one"]);
        let gone = Kept::discard(&folder).unwrap();
        assert!(Kept::find(root.path()).runs.is_empty());
        Kept::sweep(root.path());
        // Another of the same name may have come meanwhile: neither is lost.
        run(root.path(), "one");
        assert!(Kept::restore(&gone, &folder).is_err());
        let second = Kept::discard(&folder).unwrap();
        assert_ne!(gone, second);
        Kept::restore(&gone, &folder).unwrap();
        assert_eq!(Kept::find(root.path()).runs.len(), 1);
    }
}
