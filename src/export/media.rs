//! Pictures and sounds as others show and play them: PNG and WAV of 16 bits, also inside a text.

use super::heat_map::{self, Part};
use super::set::{Group, Set, Stimulus};
use super::{Cells, ColourMap, Run, Shading};
use crate::formats::wav;
use crate::playback::programme::{LIMIT, Level};
use crate::session::run_folder;
use crate::stimulus::Image;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::synthesis::spec::PROGRAM;
use crate::{Error, Result};
use base64::Engine;

/// One factor for all sounds of a stimulus, 1 unless it is a sound, and below 1 where the loudest would not fit into 16 bits: their levels among each
/// other stay as the model heard them.
pub fn gain(set: &Set, stimulus: &Stimulus) -> f32 {
    let mut peak = 0.0f64;
    let heard = |group: &&Group| set.example(group).is_some_and(Run::is_sound);
    for group in stimulus.groups.iter().filter(heard) {
        let reference = group.reference.iter().map(|r| &r.values[..]);
        let metamers = set.cells(group).map(|(_, _, run)| &run.metamer[..]);
        for sound in reference.chain(metamers) {
            peak = peak.max(Level::of(sound).peak);
        }
    }
    if peak > LIMIT {
        (LIMIT / peak) as f32
    } else {
        1.0
    }
}

/// The bytes of a WAV of 16 bits at 20 kHz. Rounded without dither: silence stays silence, and the same sound gives the
/// same bytes.
pub fn wav16(samples: &[f32], gain: f32, comment: &str) -> Vec<u8> {
    let whole: Vec<i16> = samples
        .iter()
        .map(|s| (s * gain * 32768.0).round() as i16)
        .collect();
    wav::encode(wav::Samples::Whole(&whole), NETWORK_RATE, PROGRAM, comment)
}

/// The length of such a WAV in bytes, but for its comment.
pub fn wav16_bytes(samples: usize) -> u64 {
    100 + 2 * samples as u64
}

/// The bytes of a PNG of a picture.
///
/// # Errors
/// When it cannot be encoded, which is an error of this program.
pub fn png(image: &Image) -> Result<Vec<u8>> {
    run_folder::encode_png(image, &[])
}

/// One range of colours for all cochleagrams of a group.
pub fn shading(set: &Set, group: &Group, map: ColourMap) -> Shading {
    let runs = set.cells(group).map(|(_, _, run)| run);
    let cells = runs.flat_map(|run| [run.cochleagram.as_ref(), run.reference_cochleagram.as_ref()]);
    Shading::shared(map, cells.flatten())
}

/// The bytes of a PNG of a heat map with a palette: a pixel for each cell, row 0 at the bottom.
///
/// # Errors
/// When it cannot be encoded, which is an error of this program.
pub fn heat_png(cells: &Cells, shading: &Shading) -> Result<Vec<u8>> {
    let failed =
        |e: png::EncodingError| Error::Internal(format!("a PNG that cannot be encoded: {e}"));
    let mut pixels = Vec::with_capacity(cells.values().len());
    for row in cells.values().chunks(cells.columns()).rev() {
        pixels.extend(
            row.iter()
                .map(|v| (shading.place(*v) * 255.0).round() as u8),
        );
    }
    let mut bytes = Vec::new();
    let (width, height) = (cells.columns() as u32, cells.rows() as u32);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(shading.map.table().as_slice());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// A heat map as a picture of so many pixels.
pub fn heat_picture(cells: &Cells, shading: &Shading, size: [usize; 2]) -> Result<Image> {
    let pixels = heat_map::draw(cells, shading, Part::whole(cells), size);
    let rgb = pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]);
    Image::new(size[0], size[1], rgb.collect())
}

/// The picture that stands for a metamer: itself, or its cochleagram.
///
/// # Errors
/// When a sound has no cochleagram, or the picture cannot be encoded.
pub fn seen(run: &Run, shading: &Shading) -> Result<Vec<u8>> {
    match (run.picture(), &run.cochleagram) {
        (Some(picture), _) => png(&picture),
        (None, Some(cells)) => heat_png(cells, shading),
        (None, None) => Err(without_cochleagram(run)),
    }
}

/// The picture that stands for a run's reference: itself, or its cochleagram.
///
/// # Errors
/// As [`seen`].
pub fn reference_seen(run: &Run, shading: &Shading) -> Result<Vec<u8>> {
    match (run.reference_picture(), &run.reference_cochleagram) {
        (Some(picture), _) => png(&picture),
        (None, Some(cells)) => heat_png(cells, shading),
        (None, None) => Err(without_cochleagram(run)),
    }
}

/// The error of a sound that cannot be seen.
pub fn without_cochleagram(run: &Run) -> Error {
    Error::file(
        &run.folder,
        "Holds a sound without its cochleagram; make the run again to see it",
    )
}

/// Bytes as text.
pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Bytes as an address that contains them.
pub fn data_uri(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", base64(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heat_map_as_png_has_row_0_at_the_bottom_and_the_maps_colours() {
        let cells = Cells::new(2, 2, vec![0.0, 4.0, 1.0, 0.0]).unwrap();
        let shading = Shading::shared(ColourMap::Magma, [&cells]);
        let image = Image::decode(&heat_png(&cells, &shading).unwrap()).unwrap();
        let table = ColourMap::Magma.table();
        let colour = |i: usize| &table[3 * i..3 * i + 3];
        assert_eq!(
            image.rgb,
            [colour(64), colour(0), colour(0), colour(255)].concat()
        );
    }

    #[test]
    fn a_sound_of_16_bits_neither_clips_nor_wraps() {
        let loud = [1.5, -1.5, 0.0];
        let factor = (LIMIT / Level::of(&loud).peak) as f32;
        let bytes = wav16(&loud, factor, "");
        let samples: Vec<i16> = hound::WavReader::new(bytes.as_slice())
            .unwrap()
            .samples()
            .map(Result::unwrap)
            .collect();
        assert_eq!(samples, [32735, -32735, 0]);
    }
}
