//! From a picture of any size to the network's square input, by each paper's rule.

use super::resize::{Filter, resize};
use super::{Image, embedded};
use serde::{Deserialize, Serialize};

/// How a picture becomes the network's square input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crop {
    /// Central square with bounds truncated towards zero, then bilinear (2019: NumPy slicing and Pillow's
    /// `resize(…, BILINEAR)` as called by `scipy.misc.imresize`).
    Feather2019,
    /// Central square with bounds rounded half to even, which may be one pixel off square, then bicubic (2023: Pillow's
    /// `crop` on fractional bounds and the default filter of `resize`).
    Feather2023,
}

impl Crop {
    /// Crops the central square of `image` and resizes it to `size` × `size`.
    pub fn apply(self, image: &Image, size: usize) -> Image {
        let (w, h) = (image.width as f64, image.height as f64);
        let m = w.min(h);
        let bounds = [
            w / 2.0 - m / 2.0,
            h / 2.0 - m / 2.0,
            w / 2.0 + m / 2.0,
            h / 2.0 + m / 2.0,
        ];
        let (round, filter): (fn(f64) -> f64, _) = match self {
            Self::Feather2019 => (f64::trunc, Filter::Bilinear),
            Self::Feather2023 => (f64::round_ties_even, Filter::Bicubic),
        };
        let [left, top, right, bottom] = bounds.map(|b| round(b) as usize);
        resize(&image.crop(left, top, right, bottom), size, size, filter)
    }

    /// The network's input `[3, size, size]` in [0, 1].
    pub fn planes(self, image: &Image, size: usize) -> Vec<f32> {
        self.apply(image, size).to_planes()
    }
}

/// A small square picture for a list, `size` pixels a side.
pub fn thumbnail(image: &Image, size: usize) -> Image {
    Crop::Feather2023.apply(image, size)
}

/// The embedded picture called `name`, if there is one.
pub fn embedded_image(name: &str) -> Option<Image> {
    let bytes = embedded::find(name)?.bytes;
    // The embedded files are checked by a test, so a failure here cannot be a user's doing.
    Image::decode(bytes).ok()
}
