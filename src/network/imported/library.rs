//! The folder in which it is remembered which models a person has imported. Nothing but notes lies there, unless copies
//! were asked for.

use super::record::{KeptFile, Record};
use crate::formats::atomic;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Overrides the usual folder: for tests, and for whoever keeps several libraries.
pub const VARIABLE: &str = "METAMER_STUDIO_MODELS";

/// Imported models.
#[derive(Clone, Debug)]
pub struct Library {
    folder: PathBuf,
}

impl Library {
    /// The library in a folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The library in the person's data folder, or in the one that the environment names.
    pub fn usual() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|v| !v.is_empty());
        Self::at(named.map_or_else(
            || {
                directories::ProjectDirs::from("", "", "metamer-studio").map_or_else(
                    || PathBuf::from("metamer-studio").join("models"),
                    |p| p.data_dir().join("models"),
                )
            },
            PathBuf::from,
        ))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every model, by name. What cannot be read is left out with a warning in the log.
    pub fn records(&self) -> Vec<Record> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let mut records: Vec<Record> = entries
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .filter_map(|path| {
                let read = Record::read(&path);
                read.inspect_err(|e| tracing::warn!("imported model left out: {e}"))
                    .ok()
            })
            .collect();
        records.sort_by(|a, b| a.name.cmp(&b.name));
        records
    }

    /// The model called `name`, if there is one.
    ///
    /// # Errors
    /// When its note cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Record>> {
        let path = self.note(name);
        if !is_name(name) || !path.is_file() {
            return Ok(None);
        }
        Record::read(&path).map(Some)
    }

    /// Remembers a model.
    ///
    /// # Errors
    /// When the name is no name, is taken by another model and `replace` is not set, or the folder cannot be written to.
    pub fn add(&self, record: &Record, replace: bool) -> Result<()> {
        let name = &record.name;
        if !is_name(name) {
            return Err(Error::value(
                "name",
                format!("must be letters, digits, '-', '_' and '.', found '{name}'"),
            ));
        }
        if crate::network::registry::MODELS
            .iter()
            .any(|m| m.name == *name)
        {
            return Err(Error::value(
                "name",
                format!("'{name}' is a model of the program's own; choose another with --name"),
            ));
        }
        let path = self.note(name);
        if path.exists() && !replace && Record::read(&path)? != *record {
            return Err(Error::value(
                "name",
                format!(
                    "there is another model called '{name}'; choose another name with --name, or replace it with --overwrite"
                ),
            ));
        }
        let folder = &self.folder;
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create folder", folder, e))?;
        let text = toml::to_string(record)
            .map_err(|e| Error::Internal(format!("a record that cannot be written: {e}")))?;
        atomic::write(&path, text.as_bytes())
    }

    /// Copies a record's files into the library, and gives the record of the copies.
    ///
    /// # Errors
    /// When something cannot be copied; what was copied until then is taken away again.
    pub fn copied(&self, record: &Record) -> Result<Record> {
        let folder = self.folder.join(&record.name);
        if !is_name(&record.name) {
            return self.add(record, false).map(|()| record.clone());
        }
        if folder.exists() {
            return Err(Error::file(
                &folder,
                "Exists already; import under another name with --name",
            ));
        }
        let copy = || -> Result<Record> {
            std::fs::create_dir_all(&folder).map_err(|e| Error::io("create folder", &folder, e))?;
            let mut copied = record.clone();
            let move_one = |path: &mut PathBuf| -> Result<()> {
                let to = folder.join(path.file_name().unwrap_or_default());
                if !to.exists() {
                    std::fs::copy(&*path, &to).map_err(|e| Error::io("copy", &*path, e))?;
                }
                *path = to;
                Ok(())
            };
            for file in &mut copied.files {
                move_one(&mut file.path)?;
                *file = KeptFile::look(&file.path, Some(&file.sha256))?;
            }
            // A prefix is no file of its own: it moves along with what it stands for.
            copied.checkpoint = folder.join(record.checkpoint.file_name().unwrap_or_default());
            for path in [
                &mut copied.configuration,
                &mut copied.labels,
                &mut copied.null,
            ]
            .into_iter()
            .flatten()
            {
                move_one(path)?;
            }
            Ok(copied)
        };
        copy().inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&folder);
        })
    }

    fn note(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.toml"))
    }
}

/// Whether a text can be the name of a model, and of a file.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(allowed)
}
