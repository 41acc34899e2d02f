//! `cochleagram`: a front end alone.

use super::Outcome;
use super::arguments::{Computer, Listening};
use super::output::out;
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
    /// A .npy of float32 [channels, frames], low frequencies first; or a .png, low frequencies at the bottom, from 0 (black)
    /// to the largest value (white).
    #[arg(long)]
    out: PathBuf,
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
            atomic::write(
                &self.out,
                &run_folder::encode_png(&picture(&values, shape[1])?, &[])?,
            )?;
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

/// Greys from 0 to the largest value, low frequencies at the bottom.
fn picture(values: &[f32], frames: usize) -> crate::Result<Image> {
    let largest = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let channels = values.chunks(frames).rev().flatten();
    let grey = channels
        .flat_map(|v| [(v.max(0.0) / largest * 255.0).round() as u8; 3])
        .collect();
    Image::new(frames, values.len() / frames, grey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let image = picture(&[0.0, 4.0, 1.0, -1.0], 2).unwrap();
        assert_eq!(image.rgb, [64, 64, 64, 0, 0, 0, 0, 0, 0, 255, 255, 255]);
    }
}
