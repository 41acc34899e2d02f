//! Stimuli by name, path or from the clipboard, made ready for a network.

use crate::formats::{Array, npy};
use crate::network::Input;
use crate::stimulus::{Crop, Image, embedded};
use crate::{Error, Result};
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
    /// An input that is used as it is.
    Prepared(Arc<Array>),
}

impl Stimulus {
    /// An embedded stimulus by name, or a PNG, JPEG or `.npy` file by path.
    ///
    /// # Errors
    /// When it is neither; the error suggests the nearest embedded names or says what is wrong with the file.
    pub fn load(name: &str) -> Result<Self> {
        if let Some(found) = embedded::find(name) {
            let image = Image::decode(found.bytes).map_err(Error::Internal)?;
            return Ok(Self::from_image(name, image));
        }
        let path = Path::new(name);
        let looks_like_path = path.extension().is_some() || path.components().count() > 1;
        if !path.exists() && !looks_like_path {
            return Err(Error::unknown("stimulus", name, embedded::all().iter().map(|s| s.name.as_str())));
        }
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy")) {
            let array = npy::read(path)?;
            return Ok(Self { name: name.into(), content: Content::Prepared(Arc::new(array)) });
        }
        Ok(Self::from_image(name, Image::open(path)?))
    }

    /// A stimulus from a picture in memory.
    pub fn from_image(name: &str, image: Image) -> Self {
        Self { name: name.into(), content: Content::Picture(Arc::new(image)) }
    }

    /// The picture, where it is one that still has to be made ready.
    pub fn picture(&self) -> Option<&Image> {
        match &self.content {
            Content::Picture(image) => Some(image),
            Content::Prepared(_) => None,
        }
    }

    /// The network's input.
    ///
    /// # Errors
    /// When a `.npy` has another shape than the network takes, or values outside its range.
    pub fn prepare(&self, input: &Input, crop: Crop) -> Result<Vec<f32>> {
        match &self.content {
            Content::Picture(image) => Ok(crop.planes(image, input.shape[1])),
            Content::Prepared(array) => prepared(array, input, Path::new(&self.name)),
        }
    }
}

/// Checks an array that is to be used as a network's input as it is: `[3, H, W]` or `[1, 3, H, W]`, finite.
pub fn prepared(array: &Array, input: &Input, path: &Path) -> Result<Vec<f32>> {
    let shape = match array.shape.as_slice() {
        [1, rest @ ..] if rest.len() == input.shape.len() => rest,
        all => all,
    };
    if shape != input.shape {
        return Err(Error::file(path, format!("Has shape {:?}, but this model takes {:?}", array.shape, input.shape)));
    }
    if let Some(bad) = array.values.iter().find(|v| !v.is_finite()) {
        return Err(Error::file(path, format!("Holds {bad}; every value must be finite")));
    }
    Ok(array.values.clone())
}
