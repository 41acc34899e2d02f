//! The choices that are remembered from one time to the next.

use super::hearing::Below;
use super::theme::ThemeChoice;
use crate::export::ColourMap;
use crate::formats::atomic;
use crate::network::executor::MOST_ITEMS;
use crate::network::imported::Library;
use crate::synthesis::{Procedure, recipe};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a person has chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// The model's name.
    pub model: String,
    /// Name or path of the stimulus.
    pub stimulus: String,
    /// Stimulus and layers of the models that were chosen before, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, Before>,
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
    /// How many runs of the queue go on together.
    pub at_once: usize,
    /// Where runs are kept, if not in the usual place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<PathBuf>,
    /// Dark or light.
    pub theme: ThemeChoice,
    /// Size of the window in points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<[f32; 2]>,
    /// How sounds are shown and played.
    pub listening: Listening,
    /// What the ladder consists of.
    pub ladder: LadderChoices,
    /// Steps per second that were measured here, by [`pace`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub paces: BTreeMap<String, f64>,
    /// Whether the tour was taken or left.
    pub toured: bool,
    /// The recipe's fields, where they were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procedure: Option<Procedure>,
}

/// What was chosen last for a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// Name or path of the stimulus.
    pub stimulus: String,
    /// The layers to match.
    pub layers: Vec<String>,
}

/// How sounds are shown and played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listening {
    /// Where the sound goes; none for the system's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The factor on everything, 0 to 1.
    pub volume: f32,
    /// Whether sounds begin again at their end.
    pub looping: bool,
    /// Whether reference and metamer are played equally loud.
    pub matched: bool,
    /// Name of the cochleagrams' colour map.
    pub colours: String,
    /// What stands below the cochleagrams.
    pub below: Below,
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            device: None,
            volume: 0.7,
            looping: false,
            matched: true,
            colours: ColourMap::Magma.name().into(),
            below: Below::default(),
        }
    }
}

/// What the ladder consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LadderChoices {
    /// Number of rows, each with the next seed.
    pub seeds: usize,
    /// Layers by model, where they were chosen.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub layers: BTreeMap<String, Vec<String>>,
}

/// Rows that a ladder has at most.
pub const MOST_SEEDS: usize = 12;

impl Default for LadderChoices {
    fn default() -> Self {
        Self {
            seeds: 1,
            layers: BTreeMap::new(),
        }
    }
}

/// What a pace was measured for.
pub fn pace(model: &str, layer: &str, threads: usize) -> String {
    format!("{model} {layer} {threads}")
}

/// The layer at first: deep enough to change the picture, early enough to keep the scene.
const FIRST_LAYER: &str = "block5";

impl Default for Choices {
    fn default() -> Self {
        Self {
            model: "efficientnet-lite0".into(),
            stimulus: "chelsea".into(),
            before: BTreeMap::new(),
            own_stimuli: vec![],
            layers: vec![FIRST_LAYER.into()],
            recipe: "quick".into(),
            seed: 1,
            threads: 0,
            at_once: 1,
            results: None,
            theme: ThemeChoice::default(),
            window: None,
            listening: Listening::default(),
            ladder: LadderChoices::default(),
            paces: BTreeMap::new(),
            toured: false,
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
        // A model that is not the program's own was imported; whether it still is there is seen when it is loaded.
        recipe::find(&self.recipe)?;
        ColourMap::find(&self.listening.colours)?;
        if !(0.0..=1.0).contains(&self.listening.volume) {
            return Err(Error::value("volume", "must lie between 0 and 1"));
        }
        if !(1..=MOST_ITEMS).contains(&self.at_once) {
            let reason = format!("must lie between 1 and {MOST_ITEMS}");
            return Err(Error::value("at_once", reason));
        }
        if !(1..=MOST_SEEDS).contains(&self.ladder.seeds) {
            let reason = format!("must lie between 1 and {MOST_SEEDS}");
            return Err(Error::value("ladder.seeds", reason));
        }
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
            ("at_once = 0", "at_once"),
            ("[listening]\nvolume = 2.0", "volume"),
            ("[listening]\ncolours = \"vridis\"", "viridis"),
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
