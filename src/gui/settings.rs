//! The choices that are remembered from one time to the next.

use super::theme::ThemeChoice;
use crate::formats::atomic;
use crate::network::imported::Library;
use crate::network::registry::MODELS;
use crate::synthesis::{Procedure, recipe};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a person has chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// The model's name.
    pub model: String,
    /// Name or path of the stimulus.
    pub stimulus: String,
    /// Paths of stimuli that were opened.
    pub own_stimuli: Vec<String>,
    /// The layers to match.
    pub layers: Vec<String>,
    /// The recipe's name.
    pub recipe: String,
    /// Selects the noise.
    pub seed: u64,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Where runs are kept, if not in the usual place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<PathBuf>,
    /// Dark or light.
    pub theme: ThemeChoice,
    /// Size of the window in points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<[f32; 2]>,
    /// The recipe's fields, where they were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procedure: Option<Procedure>,
}

/// The layer at first: deep enough to change the picture, early enough to keep the scene.
const FIRST_LAYER: &str = "block5";

impl Default for Choices {
    fn default() -> Self {
        Self {
            model: "efficientnet-lite0".into(),
            stimulus: "chelsea".into(),
            own_stimuli: vec![],
            layers: vec![FIRST_LAYER.into()],
            recipe: "quick".into(),
            seed: 1,
            threads: 0,
            results: None,
            theme: ThemeChoice::default(),
            window: None,
            procedure: None,
        }
    }
}

impl Choices {
    /// Reads the file; the first time there is none, which is no error.
    ///
    /// # Errors
    /// When the file is there but cannot be used; the sentence says why. The defaults are then to be used.
    pub fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let choices: Self = toml::from_str(&text)
            .map_err(|e| Error::file(path, e.to_string().trim_end().replace('\n', " ")))?;
        choices
            .check()
            .map_err(|e| Error::file(path, e.to_string()))?;
        Ok(choices)
    }

    fn check(&self) -> Result<()> {
        // The window shows pictures; sounds are made from the command line.
        let models = || {
            MODELS
                .iter()
                .filter(|m| m.modality == "image")
                .map(|m| m.name)
        };
        // What is not the program's own was imported; whether it still is there is seen when it is loaded.
        let own = MODELS.iter().any(|m| m.name == self.model);
        if own && !models().any(|name| name == self.model) {
            return Err(Error::unknown("model", &self.model, models()));
        }
        recipe::find(&self.recipe)?;
        self.procedure.as_ref().map_or(Ok(()), Procedure::validate)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// When its folder cannot be written to.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("create folder", folder, e))?;
        }
        let text = toml::to_string(self)
            .map_err(|e| Error::Internal(format!("choices that cannot be written: {e}")))?;
        atomic::write(path, text.as_bytes())
    }
}

/// Where the program keeps what is its own.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The file with the choices; nothing is remembered without it.
    pub settings: Option<PathBuf>,
    /// The folder in which runs are saved unless another was chosen.
    pub results: PathBuf,
    /// The folder for pasted pictures.
    pub data: PathBuf,
    /// The folder in which it is remembered which models were imported.
    pub models: PathBuf,
}

impl Places {
    /// The usual places on this system.
    pub fn usual() -> Self {
        let project = directories::ProjectDirs::from("", "", "metamer-studio");
        let documents =
            directories::UserDirs::new().and_then(|u| u.document_dir().map(Path::to_owned));
        let data = project.as_ref().map_or_else(
            || PathBuf::from("metamer-studio"),
            |p| p.data_dir().to_owned(),
        );
        Self {
            settings: project
                .as_ref()
                .map(|p| p.config_dir().join("settings.toml")),
            results: documents.map_or_else(|| data.join("runs"), |d| d.join("Metamer Studio")),
            data,
            models: Library::usual().folder().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_round_trip_and_the_first_time_they_are_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper").join("settings.toml");
        assert_eq!(Choices::read(&path).unwrap(), Choices::default());
        let mut procedure = recipe::find("quick").unwrap().procedure;
        procedure.steps = 12;
        let choices = Choices {
            stimulus: "/somewhere/cat.png".into(),
            layers: vec!["stem".into(), "block7".into()],
            results: Some("/runs".into()),
            theme: ThemeChoice::Light,
            window: Some([1280.0, 720.0]),
            procedure: Some(procedure),
            ..Choices::default()
        };
        choices.write(&path).unwrap();
        assert_eq!(Choices::read(&path).unwrap(), choices);
    }

    #[test]
    fn what_cannot_be_used_is_reported_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for (text, what) in [
            ("seed = -1", "seed"),
            ("model = \"cochleagram-1\"", "model"),
            ("recipe = \"quik\"", "quick"),
            ("= nonsense", "settings.toml"),
        ] {
            std::fs::write(&path, text).unwrap();
            let message = Choices::read(&path).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(Choices::read(&path).is_err());
    }
}
