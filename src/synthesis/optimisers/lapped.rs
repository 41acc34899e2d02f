//! The lapped cosine transform (MDCT) of a sound: how much there is of each frequency at each moment.
//!
//! Frames of [`HOP`] samples overlap by half under a sine window, the last with the first. Entry (m, k) of the spectrum is
//! Σ w[t] x[m · HOP + t] · cos(π (t + ½ + HOP / 2) (k + ½) / HOP) · √(2 / HOP) over the 2 · HOP samples t from the frame's
//! first on, with w[t] = sin(π (t + ½) / (2 · HOP)): as many values as there are samples (J. P. Princen and A. B. Bradley,
//! IEEE Trans. Acoust. Speech Signal Process. 34, 1986). The transform is orthonormal: a gradient with respect to the sound
//! becomes one with respect to the spectrum by the transform itself, and a change of the spectrum one of the sound by its
//! transpose. A length that is no multiple of [`HOP`] is thought to go on with silence.

use rustdct::DctPlanner;
use rustdct::mdct::{Mdct, window_fn};
use std::sync::Arc;

/// Samples from frame to frame, and frequencies of each: at 20 kHz windows of 25 ms, and bands 40 Hz wide.
pub(in crate::synthesis) const HOP: usize = 250;

/// How many frames a sound of a length has.
pub(in crate::synthesis) fn frames(length: usize) -> usize {
    length.div_ceil(HOP).max(1)
}

/// The frequencies of a frame's entries, in cycles per length of a sound.
pub(in crate::synthesis) fn frequencies(length: usize) -> impl Iterator<Item = f32> {
    (0..HOP).map(move |k| (k as f32 + 0.5) / (2 * HOP) as f32 * length as f32)
}

/// Transforms of sounds of one length, with room to work in.
pub struct Lapped {
    transform: Arc<dyn Mdct<f32>>,
    /// The sound, and silence up to the last frame's end.
    sound: Vec<f32>,
    /// What a frame becomes: its own samples and the next one's.
    frame: Vec<f32>,
    scratch: Vec<f32>,
}

impl Lapped {
    /// For sounds of a length.
    pub fn new(length: usize) -> Self {
        // This window has the scale within.
        let transform = DctPlanner::new().plan_mdct(HOP, window_fn::mp3_invertible);
        Self {
            sound: vec![0.0; frames(length) * HOP],
            frame: vec![0.0; 2 * HOP],
            scratch: vec![0.0; transform.get_scratch_len()],
            transform,
        }
    }

    /// How many values a spectrum has.
    pub fn values(&self) -> usize {
        self.sound.len()
    }

    /// From sound to spectrum: [`HOP`] values of each frame.
    pub fn forward(&mut self, sound: &[f32], spectrum: &mut [f32]) {
        let (there, silence) = self.sound.split_at_mut(sound.len());
        there.copy_from_slice(sound);
        silence.fill(0.0);
        let (frames, _) = self.sound.as_chunks::<HOP>();
        let next = frames.iter().cycle().skip(1);
        for ((own, next), entries) in frames.iter().zip(next).zip(spectrum.chunks_exact_mut(HOP)) {
            let scratch = &mut self.scratch;
            self.transform
                .process_mdct_with_scratch(own, next, entries, scratch);
        }
    }

    /// From spectrum to sound: what [`Self::forward`] undoes, up to rounding. Every value of the sound becomes `put` of
    /// what it was and what it is in the transform.
    pub fn back(&mut self, spectrum: &[f32], sound: &mut [f32], put: impl Fn(f32, f32) -> f32) {
        self.sound.fill(0.0);
        let end = self.sound.len();
        for (index, entries) in spectrum.chunks_exact(HOP).enumerate() {
            self.frame.fill(0.0);
            let (own, next) = self.frame.split_at_mut(HOP);
            let scratch = &mut self.scratch;
            self.transform
                .process_imdct_with_scratch(entries, own, next, scratch);
            let begin = index * HOP;
            for (begin, half) in [(begin, own), ((begin + HOP) % end, next)] {
                let sums = self.sound[begin..][..HOP].iter_mut();
                sums.zip(half).for_each(|(sum, v)| *sum += *v);
            }
        }
        let values = sound.iter_mut().zip(&self.sound);
        values.for_each(|(v, new)| *v = put(*v, *new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::{Purpose, Random};
    use std::f64::consts::PI;

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        Random::new(seed, Purpose::Start).normals(n, 0.0, 1.0)
    }

    fn dot(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
    }

    /// One sample, less than a frame, a frame, some that are full and some with a rest.
    const LENGTHS: [usize; 6] = [1, 100, HOP, 3 * HOP, 3 * HOP + 1, 1234];

    #[test]
    fn the_transform_is_its_definition() {
        let hop = HOP as f64;
        for length in LENGTHS {
            let x = noise(length, 1);
            let mut lapped = Lapped::new(length);
            let mut spectrum = vec![f32::NAN; lapped.values()];
            lapped.forward(&x, &mut spectrum);
            for (i, found) in spectrum.iter().enumerate() {
                let (frame, k) = (i / HOP, i % HOP);
                let mut sum = 0.0;
                for t in 0..2 * HOP {
                    let at = (frame * HOP + t) % lapped.values();
                    let v = x.get(at).copied().map_or(0.0, f64::from);
                    let t = t as f64 + 0.5;
                    let wave = (PI / hop * (t + hop / 2.0) * (k as f64 + 0.5)).cos();
                    sum += v * wave * (PI / (2.0 * hop) * t).sin();
                }
                let sum = sum * (2.0 / hop).sqrt();
                assert!(
                    (sum - f64::from(*found)).abs() < 1e-4,
                    "{length}, {i}: {sum} {found}"
                );
            }
        }
    }

    #[test]
    fn it_keeps_lengths_and_is_undone_by_its_transpose() {
        for length in LENGTHS {
            let mut lapped = Lapped::new(length);
            let n = lapped.values();
            let (x, y) = (noise(length, 1), noise(n, 2));
            let (mut tx, mut by) = (vec![0.0; n], vec![0.0; length]);
            lapped.forward(&x, &mut tx);
            lapped.back(&y, &mut by, |_, new| new);
            assert!((dot(&tx, &y) - dot(&x, &by)).abs() < 1e-3, "{length}");
            assert!((dot(&tx, &tx) / dot(&x, &x) - 1.0).abs() < 1e-5, "{length}");
            // What was there counts once, at whatever moment.
            let mut twice = x.clone();
            lapped.back(&tx, &mut twice, |old, new| old + new);
            let mut both = x.iter().zip(&twice);
            assert!(both.all(|(a, b)| (2.0 * a - b).abs() < 1e-5), "{length}");
        }
    }

    #[test]
    fn a_tone_is_found_at_its_frequency_and_at_its_moment() {
        let length = 8 * HOP;
        // Within frames 3 and 4, with 20.5 of 250 half cycles a frame.
        let tone = |t: usize| (PI / HOP as f64 * 20.5 * t as f64).sin() as f32;
        let there = |t: &usize| (4 * HOP..5 * HOP).contains(t);
        let x: Vec<f32> = (0..length)
            .map(|t| if there(&t) { tone(t) } else { 0.0 })
            .collect();
        let mut spectrum = vec![0.0; length];
        Lapped::new(length).forward(&x, &mut spectrum);
        let square =
            |range: std::ops::Range<usize>| dot(&spectrum[range.clone()], &spectrum[range]);
        assert!(square(3 * HOP..5 * HOP) > 0.9999 * square(0..length));
        let near = [3, 4].map(|frame| square(frame * HOP + 17..frame * HOP + 25));
        let (near, whole) = (near.iter().sum::<f64>(), square(0..length));
        assert!(near > 0.9 * whole, "{near} of {whole}");
        let f: Vec<f32> = frequencies(length).collect();
        assert!((f[20] - 20.5 * 4.0).abs() < 1e-3, "{}", f[20]);
    }
}
