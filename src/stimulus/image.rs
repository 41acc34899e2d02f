//! Pictures from outside, decoded to 8-bit RGB.

use super::jpeg;
use crate::{Error, Result};
use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::path::Path;

/// An 8-bit RGB picture, `[height, width, 3]` in C order.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Pixels per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Red, green, blue of each pixel, row by row.
    pub rgb: Vec<u8>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image {}x{}", self.width, self.height)
    }
}

/// Neither side may be longer than this many pixels.
const MAX_SIDE: u32 = 65_535;
/// A decoded picture may not need more memory than this, in bytes.
const MAX_MEMORY: u64 = 2 << 30;

impl Image {
    /// A picture from raw pixels.
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self> {
        if width * height * 3 != rgb.len() || rgb.is_empty() {
            return Err(Error::shape("picture", &[height, width, 3], &[rgb.len()]));
        }
        Ok(Self { width, height, rgb })
    }

    /// Whether a file's name says that it is a picture.
    pub fn names(path: &Path) -> bool {
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        ["png", "jpg", "jpeg"].contains(&extension.as_str())
    }

    /// Reads a PNG or JPEG file. The content decides what it is, not the name.
    ///
    /// Transparency is dropped (the colour underneath counts), grey becomes equal red, green and blue, 16-bit samples
    /// are rounded to 8 bits, and a camera's orientation mark is obeyed.
    ///
    /// # Errors
    /// When the file cannot be read, is no PNG or JPEG, is damaged or cut short, or is larger than memory allows.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = crate::formats::input::read(path)?;
        Self::decode(&bytes).map_err(|reason| Error::file(path, reason))
    }

    /// Decodes the bytes of a PNG or JPEG file; the error is a sentence about the content.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("The file is empty".into());
        }
        let format = ::image::guess_format(bytes)
            .ok()
            .filter(|f| matches!(f, ImageFormat::Png | ImageFormat::Jpeg));
        let format = format.ok_or("The content is neither PNG nor JPEG, whatever the name says")?;
        if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
            return Err("The picture is cut short: the mark that ends a JPEG is missing".into());
        }
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_MEMORY);
        reader.limits(limits);
        let damaged = |e: ::image::ImageError| match e {
            ::image::ImageError::Limits(_) => {
                format!(
                    "The picture is too large (at most {MAX_SIDE} pixels a side and {} GiB decoded)",
                    MAX_MEMORY >> 30
                )
            }
            e => format!("The picture is damaged or cut short: {e}"),
        };
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        let orientation = decoder
            .orientation()
            .unwrap_or(::image::metadata::Orientation::NoTransforms);
        let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        picture.apply_orientation(orientation);
        let rgb = picture.into_rgb8();
        let (width, height) = (rgb.width() as usize, rgb.height() as usize);
        if width == 0 || height == 0 {
            return Err("The picture has no pixels".into());
        }
        Ok(Self {
            width,
            height,
            rgb: rgb.into_raw(),
        })
    }

    /// The part of the picture from `(left, top)` to `(right, bottom)`, the last row and column excluded.
    pub fn crop(&self, left: usize, top: usize, right: usize, bottom: usize) -> Self {
        let mut rgb = Vec::with_capacity((right - left) * (bottom - top) * 3);
        for row in top..bottom {
            rgb.extend_from_slice(
                &self.rgb[(row * self.width + left) * 3..(row * self.width + right) * 3],
            );
        }
        Self {
            width: right - left,
            height: bottom - top,
            rgb,
        }
    }

    /// The same picture seen in a mirror.
    pub fn mirrored(&self) -> Self {
        let rgb = self
            .rgb
            .chunks(self.width * 3)
            .flat_map(|row| row.as_chunks::<3>().0.iter().rev().flatten())
            .copied();
        Self {
            rgb: rgb.collect(),
            ..*self
        }
    }

    /// Channel-first planes in [0, 1], `[3, height, width]`: each byte divided by 255.
    pub fn to_planes(&self) -> Vec<f32> {
        let pixels = self.width * self.height;
        let mut planes = vec![0.0; 3 * pixels];
        for (i, pixel) in self.rgb.as_chunks::<3>().0.iter().enumerate() {
            for (c, byte) in pixel.iter().enumerate() {
                planes[c * pixels + i] = f32::from(*byte) / 255.0;
            }
        }
        planes
    }

    /// A picture from channel-first planes in [0, 1], rounded to the nearest of 256 levels.
    pub fn from_planes(planes: &[f32], width: usize, height: usize) -> Self {
        let pixels = width * height;
        let rgb = (0..pixels)
            .flat_map(|i| {
                [0, 1, 2].map(|c| (planes[c * pixels + i].clamp(0.0, 1.0) * 255.0).round() as u8)
            })
            .collect();
        Self { width, height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_and_bytes_convert_without_loss() {
        let image = Image::new(16, 16, (0..768).map(|i| (i % 256) as u8).collect()).unwrap();
        assert_eq!(Image::from_planes(&image.to_planes(), 16, 16), image);
    }

    #[test]
    fn mirroring_twice_changes_nothing_and_once_swaps_columns() {
        let image = Image::new(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(image.mirrored().rgb, [4, 5, 6, 1, 2, 3]);
        assert_eq!(image.mirrored().mirrored(), image);
    }
}
