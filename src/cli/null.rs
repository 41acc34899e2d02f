//! `null`: builds a null distribution, or merges parts of one.

use super::arguments::{Computer, Replacing};
use super::output::out;
use super::progress::{ProgressLine, duration};
use super::{Outcome, interrupt};
use crate::network::registry::{self, sha256};
use crate::session::Stimulus;
use crate::stimulus::Recording;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::stimulus::{Image, Sound};
use crate::verify::null::{MEASURES, Origin};
use crate::verify::{NullDistribution, Unrelated};
use crate::{Error, Result};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Builds or merges null distributions.
#[derive(Args, Debug)]
pub struct Null {
    /// The model; not needed with --merge.
    #[arg(required_unless_present = "merge")]
    model: Option<String>,
    /// Folders of pictures or sounds, single files, or embedded names.
    #[arg(long, num_args = 1.., required_unless_present = "merge")]
    stimuli: Vec<String>,
    /// Number of random pairs, all shards together.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=16_000_000))]
    pairs: u64,
    /// Selects pairs and crops.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The I-th of N parts, counted from 1.
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: String,
    /// Where the stimuli come from, in words; shown with every verdict.
    #[arg(long)]
    sources: Option<String>,
    /// Merges these parts instead of building one.
    #[arg(long, num_args = 1.., conflicts_with_all = ["stimuli", "model"])]
    merge: Vec<PathBuf>,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    replacing: Replacing,
    #[command(flatten)]
    computer: Computer,
}

impl Null {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.replacing.permits(&self.out)?;
        if !self.merge.is_empty() {
            let parts = self
                .merge
                .iter()
                .map(|p| NullDistribution::read(p))
                .collect::<Result<Vec<_>>>()?;
            let merged = NullDistribution::merge(parts)?;
            merged.write(&self.out)?;
            summary(&merged, &self.out);
            return Ok(Outcome::Done);
        }
        let shard = parse_shard(&self.shard)?;
        let model = registry::load(self.model.as_deref().context("a model is needed")?)?;
        let (stimuli, digest) = stimuli(&self.stimuli, model.input.is_sound())?;
        let origin = Origin {
            model: model.name.clone(),
            weights_sha256: model.weights_sha256.clone(),
            seed: self.seed,
            kind: stimuli.kind().into(),
            stimuli: stimuli.len(),
            stimuli_sha256: digest,
            sources: self
                .sources
                .clone()
                .unwrap_or_else(|| format!("from {}", self.stimuli.join(", "))),
        };
        let mut executor = self.computer.executor(model.graph.clone())?;
        let interrupted = interrupt::watch(|| {})?;
        let (mut line, begun, mine) = (
            ProgressLine::new(false),
            Instant::now(),
            self.pairs.div_ceil(shard.1),
        );
        let progress = |done: u64| {
            if done > 0 {
                let left = begun.elapsed().as_secs_f64() / done as f64
                    * (mine.saturating_sub(done)) as f64;
                line.show(|| format!("pair {done} of {mine}, {} left", duration(left)));
            }
            !interrupted.load(Ordering::SeqCst)
        };
        let built = NullDistribution::build(
            &model,
            executor.as_mut(),
            &stimuli,
            origin,
            self.pairs,
            shard,
            progress,
        )?;
        line.clear();
        let Some(null) = built else {
            eprintln!("Interrupted; nothing was written");
            return Ok(Outcome::Interrupted);
        };
        null.write(&self.out)?;
        summary(&null, &self.out);
        Ok(Outcome::Done)
    }
}

/// "2/4" to (1, 4): the first pair and the distance between pairs.
fn parse_shard(text: &str) -> Result<(u64, u64)> {
    let wrong = || {
        Error::value(
            "shard",
            format!("must be I/N with 1 ≤ I ≤ N, found '{text}'"),
        )
    };
    let (i, n) = text.split_once('/').ok_or_else(wrong)?;
    let (i, n): (u64, u64) = (
        i.parse().map_err(|_| wrong())?,
        n.parse().map_err(|_| wrong())?,
    );
    if i >= 1 && i <= n {
        Ok((i - 1, n))
    } else {
        Err(wrong())
    }
}

/// All stimuli of one sense, in an order that depends on the names alone, and a digest of their pixels or samples.
fn stimuli(sources: &[String], hears: bool) -> Result<(Unrelated, String)> {
    let mut all = Vec::new();
    for source in sources {
        let path = Path::new(source);
        if path.is_dir() {
            let files = files(path, hears)?;
            for file in files {
                all.push(Stimulus::load(&file.to_string_lossy())?);
            }
        } else {
            all.push(Stimulus::load(source)?);
        }
    }
    let wrong = |s: &Stimulus| {
        let (is, sense) = if hears {
            ("sound", "hears")
        } else {
            ("picture", "sees")
        };
        Error::file(
            Path::new(&s.name),
            format!("Is no {is}, but this model {sense}"),
        )
    };
    if hears {
        let sounds = all.iter().map(|s| {
            let failed = |reason: String| Error::file(Path::new(&s.name), reason);
            match s.sound().ok_or_else(|| wrong(s))? {
                Recording::Short(sound) => sound.resampled(NETWORK_RATE).map_err(failed),
                Recording::Long(_) => Err(failed(
                    "Is longer than a minute; cut it up for a null distribution".into(),
                )),
            }
        });
        let sounds = sounds.collect::<Result<Vec<_>>>()?;
        let bytes = |s: &Sound| {
            s.samples
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let digests: String = sounds.iter().map(|s| sha256(&bytes(s))).collect();
        return Ok((Unrelated::Sounds(sounds), sha256(digests.as_bytes())));
    }
    let pictures = all
        .iter()
        .map(|s| s.picture().cloned().ok_or_else(|| wrong(s)))
        .collect::<Result<Vec<Image>>>()?;
    let digests: String = pictures.iter().map(|i| sha256(&i.rgb)).collect();
    Ok((Unrelated::Pictures(pictures), sha256(digests.as_bytes())))
}

/// The pictures or sounds in a folder, by name.
fn files(folder: &Path, sounds: bool) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read folder", folder, e))?;
    let wanted = |path: &PathBuf| match sounds {
        true => Sound::names(path),
        false => Image::names(path),
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(wanted)
        .collect();
    if files.is_empty() {
        let what = if sounds {
            "Holds no WAV, FLAC, OGG or MP3 sounds"
        } else {
            "Holds no PNG or JPEG pictures"
        };
        return Err(Error::file(folder, what));
    }
    files.sort();
    Ok(files)
}

fn summary(null: &NullDistribution, out: &Path) {
    out!("{}", null.describe());
    for layer in null.layers.keys() {
        let largest = MEASURES.map(|m| null.largest(layer, m).unwrap_or(f64::NAN));
        out!(
            "{layer:<12} largest rho {:.4}, r {:.4}, SNR {:.2} dB (papers' convention)",
            largest[0],
            largest[1],
            largest[2]
        );
    }
    out!("written to {}", out.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(parse_shard("1/1").unwrap(), (0, 1));
        assert_eq!(parse_shard("4/4").unwrap(), (3, 4));
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(parse_shard(wrong).is_err(), "{wrong}");
        }
    }
}
