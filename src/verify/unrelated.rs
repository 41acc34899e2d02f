//! What the pairs of a null distribution are drawn from: pictures or sounds that have nothing to do with each other.

use crate::network::Input;
use crate::stimulus::excerpt::{self, NETWORK_RATE, Part};
use crate::stimulus::random::Random;
use crate::stimulus::resize::{Filter, resize};
use crate::stimulus::{Image, Sound};
use crate::{Error, Result};

/// How often a silent part of a recording is drawn before the recording is given up.
const TRIES: usize = 100;

/// Unrelated stimuli, of which parts are drawn at random.
#[derive(Clone, Debug)]
pub enum Unrelated {
    /// Photographs. A draw is a square of between half and all of the shorter side at a random place, mirrored half of
    /// the time, resized.
    Pictures(Vec<Image>),
    /// Recordings. A draw is as long as the network hears, from a random place; a shorter recording stands in the middle
    /// of silence. Mean and level are made what the papers make them.
    Sounds(Vec<Sound>),
}

impl Unrelated {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Pictures(all) => all.len(),
            Self::Sounds(all) => all.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// "pictures" or "sounds".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pictures(_) => "pictures",
            Self::Sounds(_) => "sounds",
        }
    }

    /// A random part of a stimulus as the network takes it.
    ///
    /// # Errors
    /// When the network sees and this is a sound, or the other way round; when a recording is silent.
    pub fn draw(&self, which: usize, input: &Input, random: &mut Random) -> Result<Vec<f32>> {
        match self {
            Self::Pictures(all) if !input.is_sound() => {
                Ok(square(&all[which], input.shape[1], random).to_planes())
            }
            Self::Sounds(all) if input.is_sound() => part(&all[which], input.elements(), random)
                .map_err(|reason| {
                    Error::value(format!("recording {} of {}", which + 1, all.len()), reason)
                }),
            Self::Pictures(_) => Err(Error::value(
                "stimuli",
                "are pictures, but this model hears",
            )),
            Self::Sounds(_) => Err(Error::value("stimuli", "are sounds, but this model sees")),
        }
    }
}

fn square(picture: &Image, size: usize, random: &mut Random) -> Image {
    let shorter = picture.width.min(picture.height);
    let side =
        ((shorter as f64 * (0.5 + 0.5 * random.uniform())).round() as usize).clamp(1, shorter);
    let left = random.below((picture.width - side + 1) as u64) as usize;
    let top = random.below((picture.height - side + 1) as u64) as usize;
    let square = resize(
        &picture.crop(left, top, left + side, top + side),
        size,
        size,
        Filter::Bicubic,
    );
    if random.below(2) == 1 {
        square.mirrored()
    } else {
        square
    }
}

fn part(sound: &Sound, n: usize, random: &mut Random) -> Result<Vec<f32>, String> {
    // The same number at the network's own rate, where recordings are expected to be already.
    let sound = sound.resampled(NETWORK_RATE)?;
    let spare = sound.samples.len().saturating_sub(n);
    let mut reason = String::new();
    for _ in 0..TRIES {
        let first = random.below(spare as u64 + 1) as usize;
        let heard = &sound.samples[first..(first + n).min(sound.samples.len())];
        match excerpt::prepare(&Sound::new(NETWORK_RATE, heard.to_vec())?, Part::Loudest, n) {
            Ok(samples) => return Ok(samples),
            Err(silent) => reason = silent,
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::Purpose;

    fn hears() -> Input {
        Input {
            shape: vec![1000],
            range: [-1.0, 1.0],
        }
    }

    #[test]
    fn parts_of_a_recording_differ_and_have_the_papers_level() {
        let samples = (0..5000).map(|i| ((i * i) as f64 * 1e-3).sin()).collect();
        let pool = Unrelated::Sounds(vec![Sound::new(NETWORK_RATE, samples).unwrap()]);
        let mut random = Random::new(1, Purpose::NullPair(0));
        let mut draw = || pool.draw(0, &hears(), &mut random).unwrap();
        let (first, second) = (draw(), draw());
        assert_ne!(first, second);
        let rms = (first.iter().map(|v| v * v).sum::<f32>() / 1000.0).sqrt();
        assert!((rms - 0.1).abs() < 1e-6);
    }

    #[test]
    fn silence_and_the_wrong_sense_are_refused() {
        let silent = Sound::new(NETWORK_RATE, vec![0.0; 3000]).unwrap();
        let pool = Unrelated::Sounds(vec![silent]);
        let mut random = Random::new(1, Purpose::NullPair(0));
        let error = pool.draw(0, &hears(), &mut random).unwrap_err();
        assert!(error.to_string().contains("recording 1 of 1"), "{error}");
        let sees = Input {
            shape: vec![3, 8, 8],
            range: [0.0, 1.0],
        };
        assert!(pool.draw(0, &sees, &mut random).is_err());
    }
}
