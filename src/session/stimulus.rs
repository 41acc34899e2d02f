//! Stimuli by name, path or from the clipboard, made ready for a network.

use crate::formats::{Array, input, npy};
use crate::network::Input;
use crate::stimulus::{Crop, Image, Part, Recording, Sound, embedded, excerpt};
use crate::{Error, Result};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A stimulus as a person gave it.
#[derive(Clone, Debug)]
pub struct Stimulus {
    /// Name of an embedded stimulus, or path of a file.
    pub name: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Picture(Arc<Image>),
    Sound(Arc<Recording>),
    /// An input that is used as it is.
    Prepared(Arc<Array>),
}

impl Stimulus {
    /// An embedded stimulus by name, or a PNG, JPEG, WAV, FLAC, OGG, MP3 or `.npy` file by path.
    ///
    /// # Errors
    /// When it is neither; the error suggests the nearest embedded names or says what is wrong with the file.
    pub fn load(name: &str) -> Result<Self> {
        if let Some(found) = embedded::find(name) {
            let image = Image::decode(found.bytes).map_err(Error::Internal)?;
            return Ok(Self::from_image(name, image));
        }
        if let Some(found) = embedded::find_sound(name) {
            let sound = Sound::decode(found.bytes.to_vec()).map_err(Error::Internal)?;
            return Ok(Self::from_sound(name, sound));
        }
        let path = Path::new(name);
        let looks_like_path = path.extension().is_some() || path.components().count() > 1;
        if !path.exists() && !looks_like_path {
            let sounds = embedded::sounds().iter().map(|s| s.name.as_str());
            let known = embedded::all()
                .iter()
                .map(|s| s.name.as_str())
                .chain(sounds);
            return Err(Error::unknown("stimulus", name, known));
        }
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("npy"))
        {
            return Ok(Self::from_array(name, npy::read(path)?));
        }
        if is_sound(path) {
            return Ok(Self::from_recording(name, Recording::open(path)?));
        }
        Ok(Self::from_image(name, Image::open(path)?))
    }

    /// A stimulus from a picture in memory.
    pub fn from_image(name: &str, image: Image) -> Self {
        Self {
            name: name.into(),
            content: Content::Picture(Arc::new(image)),
        }
    }

    /// A stimulus from a sound in memory.
    pub fn from_sound(name: &str, sound: Sound) -> Self {
        Self::from_recording(name, Recording::Short(sound))
    }

    /// A stimulus from a recording of any length.
    pub fn from_recording(name: &str, recording: Recording) -> Self {
        Self {
            name: name.into(),
            content: Content::Sound(Arc::new(recording)),
        }
    }

    /// A stimulus that is used as it is.
    pub fn from_array(name: &str, array: Array) -> Self {
        Self {
            name: name.into(),
            content: Content::Prepared(Arc::new(array)),
        }
    }

    /// The recording, where it is one that still has to be made ready.
    pub fn sound(&self) -> Option<&Recording> {
        match &self.content {
            Content::Sound(recording) => Some(recording),
            _ => None,
        }
    }

    /// The picture, where it is one that still has to be made ready.
    pub fn picture(&self) -> Option<&Image> {
        match &self.content {
            Content::Picture(image) => Some(image),
            _ => None,
        }
    }

    /// The network's input; the loudest part of a sound.
    ///
    /// # Errors
    /// As [`Self::prepare_part`].
    pub fn prepare(&self, input: &Input, crop: Crop) -> Result<Vec<f32>> {
        self.prepare_part(input, crop, Part::Loudest)
    }

    /// The network's input: a picture cropped by `crop`, or the `part` of a sound.
    ///
    /// # Errors
    /// When the network sees and the stimulus is a sound, or the other way round; when a sound is silent; when a `.npy` has
    /// another shape than the network takes, or values that are not finite.
    pub fn prepare_part(&self, input: &Input, crop: Crop, part: Part) -> Result<Vec<f32>> {
        let wrong = |reason: &str| Err(Error::file(Path::new(&self.name), reason));
        match &self.content {
            Content::Picture(_) if input.is_sound() => {
                wrong("Is a picture, but this model hears; give it a sound")
            }
            Content::Sound(_) if !input.is_sound() => {
                wrong("Is a sound, but this model sees; give it a picture")
            }
            Content::Picture(image) => Ok(crop.planes(image, input.shape[1])),
            Content::Sound(recording) => {
                excerpt::prepare_recording(recording, part, input.elements())
                    .map_err(|reason| Error::file(Path::new(&self.name), reason))
            }
            Content::Prepared(array) => prepared(array, input, Path::new(&self.name)),
        }
    }
}

/// Whether a file is to be read as a sound: by its first bytes, or, where they say nothing, by its name.
pub fn is_sound(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = input::open(path).map(|f| f.take(12).read_to_end(&mut head));
    matches!(read, Ok(Ok(_))) && (Sound::recognises(&head) || Sound::names(path))
}

/// Checks an array that is to be used as a network's input as it is: `[3, H, W]` or `[1, 3, H, W]`, `[n]` or
/// `[1, n]`, finite.
pub fn prepared(array: &Array, input: &Input, path: &Path) -> Result<Vec<f32>> {
    let shape = match array.shape.as_slice() {
        [1, rest @ ..] if rest.len() == input.shape.len() => rest,
        all => all,
    };
    if shape != input.shape {
        return Err(Error::file(
            path,
            format!(
                "Has shape {:?}, but this model takes {:?}",
                array.shape, input.shape
            ),
        ));
    }
    if let Some(bad) = array.values.iter().find(|v| !v.is_finite()) {
        return Err(Error::file(
            path,
            format!("Holds {bad}; every value must be finite"),
        ));
    }
    Ok(array.values.clone())
}
