//! Cochleagrams: one inverse transform a channel, of the few bins that its filter lets through.
//!
//! A filter's bins are moved to the bottom of the spectrum before they are transformed, which changes the phase of the
//! analytic signal and not its magnitude. Everything that happens to one channel happens on one thread, in buffers that
//! fit its cache; the sum over channels is taken in their order, so the number of threads does not change it.

use super::kernels::{decimate, envelope};
use crate::layers::Cochleagram;
use crate::layers::cochleagram::FrontEnd;
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A cochleagram layer with its transforms planned and its buffers made.
pub struct Cochlea {
    layer: Cochleagram,
    last_stage: LastStage,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    spectrum: Vec<Complex<f32>>,
    /// Every channel's analytic signal, shifted to the bottom of the spectrum, for the pullback.
    analytic: Vec<Complex<f32>>,
    /// Every channel's downsampled envelope.
    downsampled: Vec<f32>,
    /// Every channel's share of the gradient's spectrum, at the bins of its filter.
    shares: Vec<Vec<Complex<f32>>>,
    /// One for each thread.
    workspaces: Vec<Mutex<Workspace>>,
}

/// What one thread needs while it works on a channel.
#[derive(Default)]
struct Workspace {
    analytic: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    envelope: Vec<f32>,
    frames: Vec<f32>,
}

/// Rectification, scale and compression in `f32`; see [`FrontEnd::compress`] and [`FrontEnd::slope`].
struct LastStage {
    scale: f32,
    offset: f32,
    straight_through: bool,
    exponent: f32,
    steepest: f32,
    linear: bool,
}

impl LastStage {
    fn new(front_end: &FrontEnd) -> Self {
        let power = front_end.compression;
        Self {
            scale: front_end.scale as f32,
            offset: front_end.offset as f32,
            straight_through: front_end.straight_through,
            exponent: power.map_or(1.0, |p| p.exponent as f32),
            steepest: power.map_or(1.0, |p| p.steepest as f32),
            linear: power.is_none(),
        }
    }

    fn compress(&self, envelope: f32) -> f32 {
        let u = self.scale * (envelope.max(0.0) + self.offset);
        if self.linear {
            u
        } else {
            u.powf(self.exponent)
        }
    }

    fn slope(&self, envelope: f32) -> f32 {
        if !self.straight_through && envelope <= 0.0 {
            return 0.0;
        }
        if self.linear {
            return self.scale;
        }
        let u = self.scale * (envelope.max(0.0) + self.offset);
        self.scale * (self.exponent * u.powf(self.exponent - 1.0)).min(self.steepest)
    }
}

impl Cochlea {
    pub fn plan(layer: &Cochleagram) -> Self {
        let mut planner = FftPlanner::new();
        let n = layer.transform_length();
        Self {
            last_stage: LastStage::new(layer.front_end()),
            forward: planner.plan_fft_forward(n),
            inverse: planner.plan_fft_inverse(n),
            spectrum: vec![Complex::default(); n],
            analytic: vec![Complex::default(); n * layer.channels()],
            downsampled: vec![0.0; layer.channels() * layer.frames()],
            shares: layer
                .bands()
                .iter()
                .map(|b| vec![Complex::default(); b.gains.len()])
                .collect(),
            workspaces: vec![],
            layer: layer.clone(),
        }
    }

    /// Another one of the same kind, for another sound.
    pub fn again(&self) -> Self {
        Self::plan(&self.layer)
    }

    fn make_workspaces(&mut self) {
        let (n, samples, frames) = (
            self.layer.transform_length(),
            self.layer.samples(),
            self.layer.frames(),
        );
        let scratch = self
            .forward
            .get_inplace_scratch_len()
            .max(self.inverse.get_inplace_scratch_len());
        self.workspaces
            .resize_with(rayon::current_num_threads(), || {
                Mutex::new(Workspace {
                    analytic: vec![Complex::default(); n],
                    scratch: vec![Complex::default(); scratch],
                    envelope: vec![0.0; samples],
                    frames: vec![0.0; frames],
                })
            });
    }

    /// Computes the cochleagram of a sound, which may have zeros after its end.
    pub fn forward(&mut self, sound: &[f32], out: &mut [f32]) {
        let sound = &sound[..self.layer.samples()];
        self.make_workspaces();
        let Self {
            layer,
            last_stage,
            forward,
            inverse,
            spectrum,
            analytic,
            downsampled,
            workspaces,
            ..
        } = self;
        let (n, frames, floor) = (
            layer.transform_length(),
            layer.frames(),
            layer.front_end().power_floor as f32,
        );
        let mean = if layer.front_end().subtract_mean {
            mean(sound)
        } else {
            0.0
        };
        spectrum.fill(Complex::default());
        spectrum
            .iter_mut()
            .zip(sound)
            .for_each(|(z, x)| z.re = x - mean);
        forward.process_with_scratch(spectrum, &mut own(workspaces).scratch);

        let channels = analytic
            .par_chunks_mut(n)
            .zip(downsampled.par_chunks_mut(frames))
            .zip(out.par_chunks_mut(frames));
        channels.zip(layer.bands()).with_max_len(1).for_each(
            |(((analytic, downsampled), out), band)| {
                let Workspace {
                    scratch, envelope, ..
                } = &mut *own(workspaces);
                let bins = spectrum[band.first..].iter().zip(&band.gains);
                analytic
                    .iter_mut()
                    .zip(bins)
                    .for_each(|(a, (x, gain))| *a = x * (gain / n as f32));
                analytic[band.gains.len()..].fill(Complex::default());
                inverse.process_with_scratch(analytic, scratch);
                envelope::magnitudes(&analytic[..envelope.len()], floor, envelope);
                decimate::decimate(
                    envelope,
                    layer.taps(),
                    layer.front_end().stride(),
                    layer.before(),
                    downsampled,
                );
                out.iter_mut()
                    .zip(downsampled)
                    .for_each(|(y, d)| *y = last_stage.compress(*d));
            },
        );
    }

    /// Puts the gradient with respect to the sound into `dx`, or adds it to what is there.
    pub fn pullback(&mut self, cotangent: &[f32], dx: &mut [f32], add: bool) {
        self.make_workspaces();
        let Self {
            layer,
            last_stage,
            forward,
            inverse,
            spectrum,
            analytic,
            downsampled,
            shares,
            workspaces,
        } = self;
        let (n, frames, floor) = (
            layer.transform_length(),
            layer.frames(),
            layer.front_end().power_floor as f32,
        );
        let channels = analytic
            .par_chunks(n)
            .zip(downsampled.par_chunks(frames))
            .zip(cotangent.par_chunks(frames));
        let channels = channels
            .zip(layer.bands())
            .zip(shares.par_iter_mut())
            .with_max_len(1);
        channels.for_each(|((((analytic, downsampled), cotangent), band), share)| {
            let work = &mut *own(workspaces);
            let gradients = downsampled
                .iter()
                .zip(cotangent)
                .map(|(d, g)| g * last_stage.slope(*d));
            work.frames
                .iter_mut()
                .zip(gradients)
                .for_each(|(f, g)| *f = g);
            work.envelope.fill(0.0);
            let (stride, before) = (layer.front_end().stride(), layer.before());
            decimate::spread(
                &work.frames,
                layer.taps(),
                stride,
                before,
                &mut work.envelope,
            );
            let heard = work.envelope.len();
            envelope::along(
                &analytic[..heard],
                &work.envelope,
                floor,
                &mut work.analytic[..heard],
            );
            work.analytic[heard..].fill(Complex::default());
            forward.process_with_scratch(&mut work.analytic, &mut work.scratch);
            let bins = work.analytic.iter().zip(&band.gains);
            share
                .iter_mut()
                .zip(bins)
                .for_each(|(s, (a, gain))| *s = a * (gain / n as f32));
        });
        // The forward pass's spectrum is needed no longer; its buffer takes the gradient's.
        spectrum.fill(Complex::default());
        for (band, share) in layer.bands().iter().zip(shares) {
            spectrum[band.first..]
                .iter_mut()
                .zip(share)
                .for_each(|(sum, s)| *sum += *s);
        }
        inverse.process_with_scratch(spectrum, &mut own(workspaces).scratch);
        let gradient = &spectrum[..layer.samples()];
        let mean = if layer.front_end().subtract_mean {
            let sum: f64 = gradient.iter().map(|z| f64::from(z.re)).sum();
            (sum / gradient.len() as f64) as f32
        } else {
            0.0
        };
        for (d, z) in dx.iter_mut().zip(gradient) {
            let g = z.re - mean;
            *d = if add { *d + g } else { g };
        }
    }
}

/// The workspace of the thread that asks. Nobody else does while it works, so the lock never waits.
fn own(workspaces: &[Mutex<Workspace>]) -> MutexGuard<'_, Workspace> {
    let thread = rayon::current_thread_index().unwrap_or(0);
    workspaces[thread % workspaces.len()]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64) as f32
}
