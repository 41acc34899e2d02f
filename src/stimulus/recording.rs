//! Recordings of any length. A long one is never held whole: it is read through for what has to be known about it, and
//! again for the excerpt that is used.

use super::decode::Decoding;
use super::resample;
use super::sound::{self, Sound};
use crate::{Error, Result};
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Recordings up to so many seconds are held in memory.
const SHORT: f64 = 60.0;

/// A recording that stimuli can be cut from.
#[derive(Debug)]
pub enum Recording {
    /// One that is held in memory.
    Short(Sound),
    /// One that stays in its file.
    Long(Long),
}

/// A recording that stays in its file.
#[derive(Debug)]
pub struct Long {
    path: PathBuf,
    rate: u32,
    /// Number of samples.
    length: u64,
    mean: f64,
    /// The loudest window that was looked for last: its length and its beginning.
    loudest: Mutex<Option<(usize, u64)>>,
}

impl Recording {
    /// Reads a sound file through. What is wrong anywhere in it is said here.
    ///
    /// # Errors
    /// As [`Sound::open`], but for the length.
    pub fn open(path: &Path) -> Result<Self> {
        let file = crate::formats::input::open(path)?;
        Self::read(file, path).map_err(|reason| Error::file(path, reason))
    }

    fn read(file: File, path: &Path) -> Result<Self, String> {
        let mut decoding = Decoding::new(Box::new(file))?;
        let (mut samples, mut length, mut sum) = (Vec::new(), 0, 0.0);
        let mut long = false;
        while decoding.read(&mut samples)? {
            long |= samples.len() as f64 > SHORT * f64::from(decoding.rate());
            if long {
                sound::check(decoding.rate(), &samples)?;
                sum += samples.iter().sum::<f64>();
                length += samples.len() as u64;
                samples.clear();
            }
        }
        let rate = decoding.rate();
        if !long {
            return Sound::new(rate, samples).map(Self::Short);
        }
        Ok(Self::Long(Long {
            path: path.to_owned(),
            rate,
            length,
            mean: sum / length as f64,
            loudest: Mutex::new(None),
        }))
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        match self {
            Self::Short(sound) => sound.seconds(),
            Self::Long(long) => long.length as f64 / f64::from(long.rate),
        }
    }
}

impl Long {
    /// Number of samples at another rate.
    pub(super) fn length_at(&self, rate: u32) -> u64 {
        (u128::from(self.length) * u128::from(rate)).div_ceil(u128::from(self.rate)) as u64
    }

    /// Where, at another rate, the window of `n` samples with the greatest energy begins, the first of equals.
    pub(super) fn loudest(&self, n: usize, rate: u32) -> Result<u64, String> {
        let mut known = self
            .loudest
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((window, first)) = *known
            && window == n
        {
            return Ok(first);
        }
        let window = (n as u64 * u64::from(self.rate) / u64::from(rate)).clamp(1, self.length);
        let mut inside = VecDeque::with_capacity(window as usize);
        let (mut energy, mut best) = (0.0, (0, f64::NEG_INFINITY));
        let mut end = 0;
        self.pass(|samples| {
            for s in samples {
                let square = (s - self.mean) * (s - self.mean);
                energy += square;
                inside.push_back(square);
                end += 1;
                if inside.len() as u64 > window {
                    energy -= inside.pop_front().unwrap_or_default();
                }
                if inside.len() as u64 == window && energy > best.1 {
                    best = (end - window, energy);
                }
            }
            true
        })?;
        let first = (u128::from(best.0) * u128::from(rate) / u128::from(self.rate)) as u64;
        let first = first.min(self.length_at(rate).saturating_sub(n as u64));
        *known = Some((n, first));
        Ok(first)
    }

    /// `n` samples at another rate from the `first` on, fewer at the end of the recording: what the same excerpt of the
    /// whole recording at that rate would be.
    pub(super) fn excerpt(&self, first: u64, n: usize, rate: u32) -> Result<Vec<f64>, String> {
        // The filter reaches beyond the excerpt. Only at these steps do samples of both rates coincide.
        let (step, steps) = resample::steps(self.rate, rate);
        let margin = resample::reach(self.rate, rate) as u64;
        let here = |at: u64| at * u64::from(self.rate) / u64::from(rate);
        let from = here(first).saturating_sub(margin) / step * step;
        let to = here(first + n as u64) + margin;
        let (mut at, mut piece) = (0u64, Vec::new());
        self.pass(|samples| {
            let end = at + samples.len() as u64;
            if end > from {
                let skip = from.saturating_sub(at) as usize;
                piece.extend_from_slice(&samples[skip..]);
            }
            at = end;
            at < to
        })?;
        let piece = resample::resample(&piece, self.rate, rate)?;
        let before = (first - from / step * steps) as usize;
        let after = (before + n).min(piece.len());
        Ok(piece[before.min(after)..after].to_vec())
    }

    /// Reads the file from its beginning, piece by piece, until `take` says that it has enough.
    fn pass(&self, mut take: impl FnMut(&[f64]) -> bool) -> Result<(), String> {
        let gone = |e| format!("Cannot be read again: {e}");
        let mut decoding = Decoding::new(Box::new(File::open(&self.path).map_err(gone)?))?;
        let mut samples = Vec::new();
        while decoding.read(&mut samples)? {
            if !take(&samples) {
                break;
            }
            samples.clear();
        }
        Ok(())
    }
}
