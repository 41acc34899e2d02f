//! Adam on how much of each frequency a sound has at each moment, in larger steps where there is more.
//!
//! A cochleagram tells frequencies and moments apart, and compresses: the same change is much where a sound is soft, and
//! little where it is loud. Adam scales each coordinate by itself; in these it can do so by frequency and moment, which
//! neither samples nor the frequencies of the whole sound let it. Steps are also proportional to the root of the amplitude
//! there at that time, and to 1 / f^tilt. Not a published procedure.

use super::adam::EVERYWHERE;
use super::lapped::{HOP, Lapped, frequencies};
use super::{Adam, Optimiser, Pace, State};
use crate::Result;

/// Below this part of the whole sound's root mean square all amplitudes count alike, so that silence can end.
pub(in crate::synthesis) const FLOOR: f32 = 0.01;

/// The least mean square that amplitudes are relative to: where there is only silence, all count alike.
pub(in crate::synthesis) const LEAST: f32 = 1e-30;

/// The moments of the spectrum's entries, and how large the steps of each are.
pub struct LappedAdam {
    lapped: Lapped,
    adam: Adam,
    /// 1 / f^tilt of a frame's frequencies.
    tilts: Vec<f32>,
    /// The sound's spectrum, and then how large steps are relative to the learning rate.
    sizes: Vec<f32>,
    /// The gradient with respect to the spectrum, and then the spectrum's change.
    spectrum: Vec<f32>,
}

/// 1 / f^tilt of the frequencies of a frame of a sound of a length.
pub(in crate::synthesis) fn tilts(length: usize, tilt: f32) -> Vec<f32> {
    frequencies(length)
        .map(|f| f.max(1.0).powf(-tilt))
        .collect()
}

/// Replaces a sound's spectrum by how large steps are relative to the learning rate. The amplitude at a frequency is the
/// root mean square of it and its two neighbours. The sizes' mean square is 1, so that a rate means about the same as for
/// Adam.
fn weigh(spectrum: &mut [f32], tilts: &[f32]) {
    let n = spectrum.len() as f32;
    let mean = (square(spectrum) / n).max(LEAST);
    for frame in spectrum.chunks_exact_mut(HOP) {
        let mut below = None;
        for k in 0..HOP {
            let own = frame[k] * frame[k];
            let above = frame.get(k + 1).map(|v| v * v);
            let neighbours = [below, Some(own), above];
            let count = neighbours.iter().flatten().count() as f32;
            let local = neighbours.iter().flatten().sum::<f32>() / count;
            frame[k] = (local / mean + FLOOR * FLOOR).sqrt().sqrt() * tilts[k];
            below = Some(own);
        }
    }
    let scale = (n / square(spectrum)).sqrt();
    spectrum.iter_mut().for_each(|size| *size *= scale);
}

/// Σ v², in `f64`.
fn square(values: &[f32]) -> f32 {
    let square: f64 = values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    square as f32
}

impl LappedAdam {
    /// Zero moments for sounds of a length; `adam` makes those of as many values as it is given.
    pub fn new(length: usize, adam: impl FnOnce(usize) -> Adam, tilt: f32) -> Self {
        let lapped = Lapped::new(length);
        let n = lapped.values();
        Self {
            adam: adam(n),
            tilts: tilts(length, tilt),
            sizes: vec![0.0; n],
            spectrum: vec![0.0; n],
            lapped,
        }
    }
}

impl Optimiser for LappedAdam {
    fn update(&mut self, x: &mut [f32], gradient: &[f32], pace: Pace, range: Option<[f32; 2]>) {
        let [low, high] = range.unwrap_or(EVERYWHERE);
        self.lapped.forward(x, &mut self.sizes);
        weigh(&mut self.sizes, &self.tilts);
        self.lapped.forward(gradient, &mut self.spectrum);
        self.adam.replace(&mut self.spectrum, &self.sizes, pace);
        self.lapped.back(&self.spectrum, x, move |x, change| {
            (x + change).clamp(low, high)
        });
    }

    fn state(&self) -> State {
        self.adam.state()
    }

    fn restore(&mut self, state: &State) -> Result<()> {
        self.adam.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SpectralAdam;
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    const LENGTH: usize = 2200;

    fn fresh(tilt: f32) -> LappedAdam {
        LappedAdam::new(LENGTH, |n| Adam::new(n, 0.9, 0.9, 1e-8), tilt)
    }

    fn noise(seed: u64) -> Vec<f32> {
        Random::new(seed, Purpose::Start).normals(LENGTH, 0.0, 1.0)
    }

    fn square_of(x: &[f32]) -> f32 {
        x.iter().map(|x| x * x).sum()
    }

    #[test]
    fn steps_are_proportional_to_the_root_of_the_amplitude_there() {
        // Two frames and a half; one entry stands out.
        let mut sizes = vec![1.0; 3 * HOP];
        sizes[HOP + 7] = 100.0;
        sizes[2 * HOP] = 0.0;
        weigh(&mut sizes, &[1.0; HOP]);
        let near = |a: f32, b: f32| (a / b - 1.0).abs() < 1e-2;
        let one = sizes[0];
        assert!(near(sizes[HOP - 1], one) && near(sizes[HOP + 9], one));
        // Of (1 + 1 + 100²) / 3 the fourth root, and of (0 + 1) / 2; a floor counts for 0.1 % in the mean square.
        let floor = FLOOR * FLOOR * (748.0 + 1e4) / 750.0;
        let root = |mean: f32| ((mean + floor) / (1.0 + floor)).sqrt().sqrt() * one;
        for k in [6, 7, 8] {
            assert!(near(sizes[HOP + k], root(10_002.0 / 3.0)), "{k}");
        }
        assert!(near(sizes[2 * HOP], root(0.5)));
        assert!(near(square_of(&sizes), 3.0 * HOP as f32));
        // Where there is only silence, the tilt alone counts.
        let mut sizes = vec![0.0; HOP];
        let tilts = tilts(LENGTH, 1.0);
        weigh(&mut sizes, &tilts);
        assert!(near(sizes[10] / sizes[20], tilts[10] / tilts[20]));
        assert!(near(tilts[10] / tilts[20], 20.5 / 10.5));
    }

    #[test]
    fn a_step_is_as_long_as_adams_wherever_the_sound_is() {
        let mut burst = vec![0.0; LENGTH];
        burst[500..700].copy_from_slice(&noise(1)[500..700]);
        for tilt in [0.0, 0.5, 1.0] {
            for mut x in [vec![0.0; LENGTH], burst.clone(), noise(2)] {
                let before = x.clone();
                fresh(tilt).update(&mut x, &noise(3), Pace::of(0.1), None);
                x.iter_mut().zip(&before).for_each(|(x, b)| *x -= b);
                // What would have gone to the silence behind the end is lost.
                let rms = (square_of(&x) / LENGTH as f32).sqrt();
                assert!((rms - 0.1).abs() < 0.005, "{tilt}: {rms}");
            }
        }
    }

    /// What an ear hears of a sound, as a model: the power in each band of ten frequencies at each moment, compressed as the
    /// amplitude to the power of 0.3.
    struct Ear(Lapped);

    impl Ear {
        const BAND: usize = 10;

        /// The loss, half the squared distance from what is wanted, and its gradient.
        fn evaluate(&mut self, x: &[f32], wanted: &[f32]) -> (f32, Vec<f32>) {
            let mut spectrum = vec![0.0; self.0.values()];
            self.0.forward(x, &mut spectrum);
            let mut loss = 0.0;
            for (band, wanted) in spectrum.chunks_mut(Self::BAND).zip(wanted) {
                let power = square(band) + 1e-8;
                let away = power.powf(0.15) - wanted;
                loss += away * away / 2.0;
                let scale = away * 0.3 * power.powf(-0.85);
                band.iter_mut().for_each(|v| *v *= scale);
            }
            let mut gradient = vec![0.0; x.len()];
            self.0.back(&spectrum, &mut gradient, |_, new| new);
            (loss, gradient)
        }

        fn heard(&mut self, x: &[f32]) -> Vec<f32> {
            let mut spectrum = vec![0.0; self.0.values()];
            self.0.forward(x, &mut spectrum);
            let bands = spectrum.chunks(Self::BAND);
            bands.map(|b| (square(b) + 1e-8).powf(0.15)).collect()
        }
    }

    #[test]
    fn where_a_sound_is_heard_compressed_it_comes_nearer_than_the_other_rules() {
        // Two tones, one that ends and one that begins, over a faint hiss.
        let tone = |t: usize, f: f32| (t as f32 * f).sin();
        let target: Vec<f32> = noise(6)
            .iter()
            .enumerate()
            .map(|(t, hiss)| {
                let tones = [0.3 * tone(t, 0.2), 0.1 * tone(t, 1.3)];
                hiss * 0.001 + tones[usize::from(t > LENGTH / 2)]
            })
            .collect();
        let mut ear = Ear(Lapped::new(LENGTH));
        let wanted = ear.heard(&target);
        let mut after = |rule: &mut dyn Optimiser| {
            let mut x: Vec<f32> = noise(4).iter().map(|v| v * 0.01).collect();
            for k in 0..200 {
                let gradient = ear.evaluate(&x, &wanted).1;
                let rate = 0.01 * (1.0 - k as f32 / 200.0);
                rule.update(&mut x, &gradient, Pace::of(rate), None);
            }
            ear.evaluate(&x, &wanted).0
        };
        let adam = || Adam::new(LENGTH, 0.9, 0.9, 1e-8);
        let lapped = after(&mut fresh(0.5));
        let plain = after(&mut adam());
        let spectral = after(&mut SpectralAdam::new(&[LENGTH], adam(), 0.5));
        assert!(
            lapped < plain / 3.0 && lapped < spectral / 3.0,
            "{lapped}, samples {plain}, frequencies {spectral}"
        );
    }

    #[test]
    fn the_result_stays_in_the_range_and_a_checkpoint_does_not_show() {
        let (mut x, mut rule) = (noise(5), fresh(0.5));
        let step = |x: &mut Vec<f32>, rule: &mut LappedAdam, k: usize| {
            let pace = Pace {
                forgetting: 1.0 - k as f32 / 20.0,
                ..Pace::of(0.3)
            };
            rule.update(x, &noise(k as u64 + 10), pace, Some([-1.0, 1.0]));
        };
        (0..5).for_each(|k| step(&mut x, &mut rule, k));
        let (mut y, mut restored) = (x.clone(), fresh(0.5));
        restored.restore(&rule.state()).unwrap();
        for k in 5..10 {
            step(&mut x, &mut rule, k);
            step(&mut y, &mut restored, k);
        }
        assert!(x.iter().zip(&y).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(x.iter().all(|x| (-1.0..=1.0).contains(x)));
        assert!(x.contains(&-1.0) && x.contains(&1.0), "the bounds are met");
        assert!(restored.restore(&State::new()).is_err());
    }
}
