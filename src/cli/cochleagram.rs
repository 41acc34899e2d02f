//! `cochleagram`: a front end alone.

use super::Outcome;
use super::arguments::{Computer, Listening, Replacing};
use super::output::out;
use crate::export::{Cells, ColourMap, Part, Shading, heat_map};
use crate::formats::{Array, atomic, npy};
use crate::network::registry;
use crate::session::{Stimulus, run_folder};
use crate::stimulus::{Crop, Image};
use anyhow::bail;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Writes a cochleagram.
#[derive(Args, Debug)]
pub struct Cochleagram {
    /// An embedded name, a WAV, FLAC, OGG or MP3, or a .npy of 40000 samples that is used as it is.
    sound: String,
    /// Whose cochleagram.
    #[arg(long, value_enum)]
    front_end: FrontEndArg,
    /// A .npy of float32 [channels, frames], low frequencies first; or a .png of a pixel for each value, low frequencies at
    /// the bottom.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    replacing: Replacing,
    /// Colours of the .png: magma, viridis, greys, blues, berlin or red-blue; the last two are for what has a sign.
    #[arg(long, value_name = "NAME", default_value = "greys", value_parser = |name: &str| ColourMap::find(name))]
    colour_map: ColourMap,
    /// Values of the first and the last colour of the .png, instead of 0 and the largest value; for pictures that are to be
    /// compared.
    #[arg(long, value_name = "LOW:HIGH", value_parser = parse_range, allow_hyphen_values = true)]
    range: Option<[f32; 2]>,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    computer: Computer,
}

/// A front end by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum FrontEndArg {
    /// 211 channels from 20 to 8000 Hz, 400 frames.
    Feather2019,
    /// 211 channels from 50 to 10000 Hz, 390 frames.
    #[value(name = "cochleagram_1")]
    Cochleagram1,
}

impl Cochleagram {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.replacing.permits(&self.out)?;
        let extension = self
            .out
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if !["npy", "png"].contains(&extension.as_str()) {
            bail!(
                "--out {}: the name must end in .npy or .png",
                self.out.display()
            );
        }
        if extension == "npy" && self.range.is_some() {
            bail!("--range is for a .png; a .npy holds the values themselves");
        }
        let model = registry::load(match self.front_end {
            FrontEndArg::Feather2019 => "cochleagram-feather2019",
            FrontEndArg::Cochleagram1 => "cochleagram-1",
        })?;
        let sound = Stimulus::load(&self.sound)?.prepare_part(
            &model.input,
            Crop::Feather2023,
            self.listening.part,
        )?;
        let mut executor = self.computer.executor(model.graph.clone())?;
        executor.forward(&sound, model.logits)?;
        let values = executor.activation(model.logits)?.into_owned();
        let shape = &model.graph.node(model.logits).shape[1..];
        if extension == "npy" {
            npy::write(&self.out, &Array::new(shape.to_vec(), values)?)?;
        } else {
            let cells = Cells::new(shape[0], shape[1], values)?;
            let mut shading = Shading::shared(self.colour_map, [&cells]);
            if let Some([low, high]) = self.range {
                (shading.low, shading.high) = (low, high);
            }
            let png = run_folder::encode_png(&picture(&cells, &shading)?, &[])?;
            atomic::write(&self.out, &png)?;
        }
        out!(
            "{} channels by {} frames written to {}",
            shape[0],
            shape[1],
            self.out.display()
        );
        Ok(Outcome::Done)
    }
}

/// One pixel a cell, low frequencies at the bottom.
fn picture(cells: &Cells, shading: &Shading) -> crate::Result<Image> {
    let size = [cells.columns(), cells.rows()];
    let pixels = heat_map::draw(cells, shading, Part::whole(cells), size);
    let rgb = pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]);
    Image::new(size[0], size[1], rgb.collect())
}

fn parse_range(text: &str) -> Result<[f32; 2], String> {
    let numbers = text.split_once(':').and_then(|(low, high)| {
        let number = |s: &str| s.trim().parse::<f32>().ok().filter(|v| v.is_finite());
        Some([number(low)?, number(high)?])
    });
    numbers.filter(|[low, high]| low < high).ok_or_else(|| {
        format!("must be LOW:HIGH, two numbers of which the first is less, found '{text}'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::ColourMap;

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let cells = Cells::new(2, 2, vec![0.0, 4.0, 1.0, 0.0]).unwrap();
        let shading = Shading::shared(ColourMap::Greys, [&cells]);
        let image = picture(&cells, &shading).unwrap();
        assert_eq!(image.rgb, [64, 64, 64, 0, 0, 0, 0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn a_range_is_two_numbers_in_order() {
        assert_eq!(parse_range("0:6.5"), Ok([0.0, 6.5]));
        for wrong in ["", "3", "3:1", "1:1", "0:NaN", "0:inf", "a:b"] {
            assert!(parse_range(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
