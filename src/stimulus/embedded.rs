//! The freely licensed pictures and sounds that come with the program.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

macro_rules! files {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_bytes!(concat!("../../assets/stimuli/", $file)).as_slice())),*]
    };
}

/// An embedded picture: its file and where it comes from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// The name used on the command line and in run folders.
    pub name: String,
    /// The file under `assets/stimuli/`.
    #[serde(skip_serializing)]
    pub file: String,
    /// A short title for people.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// Where it was taken from.
    pub source: String,
    /// sha256 of the file in hexadecimal.
    pub sha256: String,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The encoded file.
    #[serde(skip)]
    pub bytes: &'static [u8],
}

/// An embedded sound: its file and where it comes from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSound {
    /// The name used on the command line and in run folders.
    pub name: String,
    /// The file under `assets/stimuli/sounds/`.
    #[serde(skip_serializing)]
    pub file: String,
    /// A short title for people.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// Where it was taken from.
    pub source: String,
    /// sha256 of the file in hexadecimal.
    pub sha256: String,
    /// Length in seconds.
    pub seconds: f64,
    /// The encoded file.
    #[serde(skip)]
    pub bytes: &'static [u8],
}

#[derive(Deserialize)]
struct SoundList {
    sound: Vec<EmbeddedSound>,
}

const SOUND_FILES: [(&str, &[u8]); 6] = files![
    "sounds/librivox_0880.wav",
    "sounds/librivox_0930.wav",
    "sounds/flite_slt_umbrella.wav",
    "sounds/flite_rms_tomorrow.wav",
    "sounds/crow.wav",
    "sounds/bell.wav",
];

/// All embedded sounds, in the order in which they are offered.
pub fn sounds() -> &'static [EmbeddedSound] {
    static ALL: OnceLock<Vec<EmbeddedSound>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../assets/stimuli/sounds/sounds.toml");
        let list: SoundList = toml::from_str(text).unwrap_or(SoundList { sound: vec![] });
        let with_bytes = |mut s: EmbeddedSound| {
            let (_, bytes) = SOUND_FILES
                .iter()
                .find(|(file, _)| file.strip_prefix("sounds/") == Some(&s.file))?;
            s.bytes = bytes;
            Some(s)
        };
        list.sound.into_iter().filter_map(with_bytes).collect()
    })
}

/// The embedded sound called `name`.
pub fn find_sound(name: &str) -> Option<&'static EmbeddedSound> {
    sounds().iter().find(|s| s.name == name)
}

#[derive(Deserialize)]
struct List {
    stimulus: Vec<Embedded>,
}

const FILES: [(&str, &[u8]); 10] = files![
    "chelsea.png",
    "coffee.png",
    "camera.png",
    "astronaut.png",
    "rocket.png",
    "china.png",
    "flower.png",
    "brick.png",
    "grass.png",
    "gravel.png",
];

/// All embedded pictures, in the order in which they are offered.
pub fn all() -> &'static [Embedded] {
    static ALL: OnceLock<Vec<Embedded>> = OnceLock::new();
    ALL.get_or_init(|| {
        // The list is part of the program, and a test reads it: it cannot be malformed in a build that passed.
        let list: List = toml::from_str(include_str!("../../assets/stimuli/stimuli.toml"))
            .unwrap_or(List { stimulus: vec![] });
        let with_bytes = |mut s: Embedded| {
            let (_, bytes) = FILES.iter().find(|(file, _)| *file == s.file)?;
            s.bytes = bytes;
            Some(s)
        };
        list.stimulus.into_iter().filter_map(with_bytes).collect()
    })
}

/// The embedded picture called `name`.
pub fn find(name: &str) -> Option<&'static Embedded> {
    all().iter().find(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::{Image, Sound};

    #[test]
    fn every_listed_sound_is_there_decodes_and_has_its_credits() {
        assert_eq!(sounds().len(), SOUND_FILES.len());
        for s in sounds() {
            let sound = Sound::decode(s.bytes.to_vec()).unwrap();
            assert!((sound.seconds() - s.seconds).abs() < 1e-3, "{}", s.name);
            assert!(
                find(&s.name).is_none(),
                "{}: also the name of a picture",
                s.name
            );
            assert!(
                !s.licence.is_empty() && !s.author.is_empty() && !s.source.is_empty(),
                "{}",
                s.name
            );
        }
    }

    #[test]
    fn every_listed_picture_is_there_decodes_and_has_its_credits() {
        assert_eq!(all().len(), FILES.len());
        for s in all() {
            let image = Image::decode(s.bytes).unwrap();
            assert_eq!(
                (image.width, image.height),
                (s.width, s.height),
                "{}",
                s.name
            );
            assert!(
                !s.licence.is_empty() && !s.author.is_empty() && !s.source.is_empty(),
                "{}",
                s.name
            );
        }
    }
}
