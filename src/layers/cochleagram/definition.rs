//! The cochleagram and its pullback, written down in `f64`, one channel at a time.

use super::Cochleagram;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// The transforms of one length and the filters that a signal passes.
pub struct Definition<'a> {
    layer: &'a Cochleagram,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl<'a> Definition<'a> {
    pub fn new(layer: &'a Cochleagram) -> Self {
        let mut planner = FftPlanner::new();
        let length = layer.transform_length();
        Self {
            layer,
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    /// The cochleagram `[channels, frames]` of a sound.
    pub fn forward(&self, sound: &[f64]) -> Vec<f64> {
        let spectrum = self.spectrum(sound);
        let channel = |c| self.downsampled(&self.analytic(&spectrum, c));
        (0..self.layer.channels())
            .flat_map(channel)
            .map(|d| self.layer.front_end().compress(d))
            .collect()
    }

    /// The gradient with respect to the sound, given that with respect to the cochleagram.
    pub fn pullback(&self, sound: &[f64], cotangent: &[f64]) -> Vec<f64> {
        let layer = self.layer;
        let spectrum = self.spectrum(sound);
        let n = layer.transform_length();
        let mut sum = vec![Complex::default(); n];
        for (c, cotangent) in cotangent.chunks(layer.frames()).enumerate() {
            let mut analytic = self.analytic(&spectrum, c);
            let down = self.downsampled(&analytic);
            let shares = down
                .iter()
                .zip(cotangent)
                .map(|(d, g)| g * layer.front_end().slope(*d));
            let envelope = self.spread(&shares.collect::<Vec<f64>>());
            // The magnitude's gradient points along the analytic signal; where the floor holds there is none.
            for (i, a) in analytic.iter_mut().enumerate() {
                let power = a.norm_sqr();
                let open = i < sound.len() && power > 0.0 && power >= layer.front_end().power_floor;
                *a *= if open {
                    envelope[i] / power.sqrt()
                } else {
                    0.0
                };
            }
            self.forward.process(&mut analytic);
            let band = &layer.bands()[c];
            for (j, gain) in band.gains.iter().enumerate() {
                sum[band.first + j] += analytic[band.first + j] * (f64::from(*gain) / n as f64);
            }
        }
        // Only the positive half of the spectrum was used, and only it is carried back.
        self.inverse.process(&mut sum);
        let mut gradient: Vec<f64> = sum[..sound.len()].iter().map(|z| z.re).collect();
        if layer.front_end().subtract_mean {
            remove_mean(&mut gradient);
        }
        gradient
    }

    fn spectrum(&self, sound: &[f64]) -> Vec<Complex<f64>> {
        let mut sound = sound.to_vec();
        if self.layer.front_end().subtract_mean {
            remove_mean(&mut sound);
        }
        let mut z: Vec<Complex<f64>> = sound.into_iter().map(Complex::from).collect();
        z.resize(self.layer.transform_length(), Complex::default());
        self.forward.process(&mut z);
        z
    }

    fn analytic(&self, spectrum: &[Complex<f64>], channel: usize) -> Vec<Complex<f64>> {
        let n = spectrum.len();
        let band = &self.layer.bands()[channel];
        let mut z = vec![Complex::default(); n];
        for (j, gain) in band.gains.iter().enumerate() {
            z[band.first + j] = spectrum[band.first + j] * (f64::from(*gain) / n as f64);
        }
        self.inverse.process(&mut z);
        z
    }

    /// Envelope, then filter, one value per frame.
    fn downsampled(&self, analytic: &[Complex<f64>]) -> Vec<f64> {
        let layer = self.layer;
        let floor = layer.front_end().power_floor;
        // Written so that what is not a number stays so.
        let raised = |power: f64| if power < floor { floor } else { power };
        let envelope: Vec<f64> = analytic[..layer.samples()]
            .iter()
            .map(|a| raised(a.norm_sqr()).sqrt())
            .collect();
        (0..layer.frames())
            .map(|frame| self.taps(frame).map(|(i, tap)| envelope[i] * tap).sum())
            .collect()
    }

    /// The transpose of the filter in [`Self::downsampled`].
    fn spread(&self, frames: &[f64]) -> Vec<f64> {
        let mut envelope = vec![0.0; self.layer.samples()];
        for (frame, g) in frames.iter().enumerate() {
            self.taps(frame).for_each(|(i, tap)| envelope[i] += g * tap);
        }
        envelope
    }

    /// The samples that a frame is made of, with their weights.
    fn taps(&self, frame: usize) -> impl Iterator<Item = (usize, f64)> {
        let start = frame * self.layer.front_end().stride();
        let (before, samples) = (self.layer.before(), self.layer.samples());
        let place = move |j: usize| (start + j).checked_sub(before).filter(|i| *i < samples);
        let taps = self.layer.taps().iter().enumerate();
        taps.filter_map(move |(j, tap)| Some((place(j)?, f64::from(*tap))))
    }
}

fn remove_mean(values: &mut [f64]) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|v| *v -= mean);
}
