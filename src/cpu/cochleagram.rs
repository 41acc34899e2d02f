//! Cochleagrams: one inverse transform a channel, of the few bins that its filter lets through.
//!
//! A filter's bins are moved to the bottom of the spectrum before they are transformed, which changes the phase of the
//! analytic signal and not its magnitude. Everything that happens to one channel happens on one thread, in buffers that
//! fit its cache; the pullback computes the analytic signal again, which takes less time than memory would to keep it.
//! The sum over channels is taken in their order, so the number of threads does not change it.

use super::kernels::band::{Bands, Scratch};
use super::kernels::decimate::Decimator;
use super::kernels::envelope;
use super::kernels::lanes::{Isa, Kernel, LANES, Lane, Lanes, flat_mut, lanes_for};
use super::kernels::transform::Pair;
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
    decimator: Decimator,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// None where the sound's length is no product of small primes; then channels go through the transforms above.
    bands: Option<Bands>,
    spectrum: Vec<Complex<f32>>,
    gradient: Vec<Complex<f32>>,
    /// Every channel's downsampled envelope.
    downsampled: Vec<f32>,
    /// Every channel's share of the gradient's spectrum, at the bins of its filter.
    shares: Vec<Vec<Complex<f32>>>,
    /// One for each thread.
    workspaces: Vec<Mutex<Workspace>>,
}

/// What one thread needs while it works on a channel.
struct Workspace {
    bins: Vec<Complex<f32>>,
    /// The analytic signal.
    z: Vec<Pair>,
    /// Its envelope between the zeros that the decimator needs.
    envelope: Vec<Lane>,
    frames: Vec<f32>,
    bands: Scratch,
    /// For whole transforms.
    whole: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
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

    /// What is not a number stays so, here too.
    fn scaled(&self, envelope: f32) -> f32 {
        let rectified = if envelope < 0.0 { 0.0 } else { envelope };
        self.scale * (rectified + self.offset)
    }

    fn compress(&self, envelope: f32) -> f32 {
        let u = self.scaled(envelope);
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
        let u = self.scaled(envelope);
        self.scale * (self.exponent * u.powf(self.exponent - 1.0)).min(self.steepest)
    }
}

impl Cochlea {
    pub fn plan(layer: &Cochleagram) -> Self {
        let mut planner = FftPlanner::new();
        let n = layer.transform_length();
        let widths: Vec<usize> = layer.bands().iter().map(|b| b.gains.len()).collect();
        Self {
            last_stage: LastStage::new(layer.front_end()),
            decimator: Decimator::new(
                layer.taps(),
                layer.front_end().stride(),
                layer.before(),
                layer.frames(),
                n,
            ),
            forward: planner.plan_fft_forward(n),
            inverse: planner.plan_fft_inverse(n),
            bands: Bands::plan(n, &widths),
            spectrum: vec![Complex::default(); n],
            gradient: vec![Complex::default(); n],
            downsampled: vec![0.0; layer.channels() * layer.frames()],
            shares: widths
                .iter()
                .map(|width| vec![Complex::default(); *width])
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
        let n = self.layer.transform_length();
        let widest = self.shares.iter().map(Vec::len).max().unwrap_or(0);
        let scratch = self
            .forward
            .get_inplace_scratch_len()
            .max(self.inverse.get_inplace_scratch_len());
        self.workspaces
            .resize_with(rayon::current_num_threads(), || {
                Mutex::new(Workspace {
                    bins: vec![Complex::default(); widest],
                    z: vec![[Lane::ZERO; 2]; lanes_for(n)],
                    envelope: vec![Lane::ZERO; self.decimator.padded()],
                    frames: vec![0.0; self.layer.frames()],
                    bands: self.bands.as_ref().map(Bands::scratch).unwrap_or_default(),
                    whole: match self.bands {
                        Some(_) => vec![],
                        None => vec![Complex::default(); n],
                    },
                    scratch: vec![Complex::default(); scratch],
                })
            });
    }

    /// Computes the cochleagram of a sound, which may have zeros after its end.
    pub fn forward(&mut self, isa: Isa, sound: &[f32], out: &mut [f32]) {
        let sound = &sound[..self.layer.samples()];
        self.make_workspaces();
        let mean = if self.layer.front_end().subtract_mean {
            mean(sound)
        } else {
            0.0
        };
        self.spectrum.fill(Complex::default());
        self.spectrum
            .iter_mut()
            .zip(sound)
            .for_each(|(z, x)| z.re = x - mean);
        self.forward
            .process_with_scratch(&mut self.spectrum, &mut own(&self.workspaces).scratch);
        let mut downsampled = std::mem::take(&mut self.downsampled);
        let frames = self.layer.frames();
        downsampled
            .par_chunks_mut(frames)
            .zip(out.par_chunks_mut(frames))
            .enumerate()
            .with_max_len(1)
            .for_each(|(channel, (downsampled, out))| {
                isa.run(Hear {
                    of: self,
                    channel,
                    downsampled,
                });
                out.iter_mut()
                    .zip(downsampled)
                    .for_each(|(y, d)| *y = self.last_stage.compress(*d));
            });
        self.downsampled = downsampled;
    }

    /// Puts the gradient with respect to the sound into `dx`, or adds it to what is there.
    pub fn pullback(&mut self, isa: Isa, cotangent: &[f32], dx: &mut [f32], add: bool) {
        self.make_workspaces();
        let mut shares = std::mem::take(&mut self.shares);
        cotangent
            .par_chunks(self.layer.frames())
            .zip(&mut shares)
            .enumerate()
            .with_max_len(1)
            .for_each(|(channel, (cotangent, share))| {
                isa.run(Answer {
                    of: self,
                    channel,
                    cotangent,
                    share,
                });
            });
        self.gradient.fill(Complex::default());
        for (band, share) in self.layer.bands().iter().zip(&shares) {
            self.gradient[band.first..]
                .iter_mut()
                .zip(share)
                .for_each(|(sum, s)| *sum += *s);
        }
        self.shares = shares;
        self.inverse
            .process_with_scratch(&mut self.gradient, &mut own(&self.workspaces).scratch);
        let gradient = &self.gradient[..self.layer.samples()];
        let mean = if self.layer.front_end().subtract_mean {
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

    /// Computes a channel's analytic signal from the sound's spectrum.
    #[inline(always)]
    fn analytic<L: Lanes>(&self, channel: usize, work: &mut Workspace) {
        let band = &self.layer.bands()[channel];
        let n = self.spectrum.len();
        let bins = &mut work.bins[..band.gains.len()];
        let heard = self.spectrum[band.first..].iter().zip(&band.gains);
        bins.iter_mut()
            .zip(heard)
            .for_each(|(bin, (x, gain))| *bin = x * (gain / n as f32));
        if let Some(bands) = &self.bands {
            bands.signal::<L>(channel, bins, &mut work.z, &mut work.bands);
            return;
        }
        work.whole[..bins.len()].copy_from_slice(bins);
        work.whole[bins.len()..].fill(Complex::default());
        self.inverse
            .process_with_scratch(&mut work.whole, &mut work.scratch);
        for ([re, im], values) in work.z.iter_mut().zip(work.whole.chunks(LANES)) {
            for (l, value) in values.iter().enumerate() {
                (re.0[l], im.0[l]) = (value.re, value.im);
            }
        }
    }

    /// Computes a channel's share of the gradient's spectrum from a signal's gradient, the transpose of the above.
    #[inline(always)]
    fn share<L: Lanes>(&self, channel: usize, work: &mut Workspace, share: &mut [Complex<f32>]) {
        if let Some(bands) = &self.bands {
            bands.bins::<L>(channel, &work.z, share, &mut work.bands);
        } else {
            for (values, [re, im]) in work.whole.chunks_mut(LANES).zip(&work.z) {
                for (l, value) in values.iter_mut().enumerate() {
                    *value = Complex::new(re.0[l], im.0[l]);
                }
            }
            self.forward
                .process_with_scratch(&mut work.whole, &mut work.scratch);
            share.copy_from_slice(&work.whole[..share.len()]);
        }
        let n = self.spectrum.len();
        let gains = &self.layer.bands()[channel].gains;
        let values = share.iter_mut().zip(gains);
        values.for_each(|(value, gain)| *value *= gain / n as f32);
    }

    fn floor(&self) -> f32 {
        self.layer.front_end().power_floor as f32
    }
}

/// One channel's downsampled envelope.
struct Hear<'a> {
    of: &'a Cochlea,
    channel: usize,
    downsampled: &'a mut [f32],
}

impl Kernel for Hear<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let work = &mut *own(&self.of.workspaces);
        self.of.analytic::<L>(self.channel, work);
        let decimator = &self.of.decimator;
        let inner = &mut work.envelope[decimator.margin()..];
        envelope::magnitudes::<L>(&work.z, self.of.floor(), inner);
        let (from, to) = (self.of.layer.samples(), work.z.len() * LANES);
        flat_mut(inner)[from..to].fill(0.0);
        decimator.frames::<L>(&work.envelope, self.downsampled);
    }
}

/// One channel's share of the gradient's spectrum.
struct Answer<'a> {
    of: &'a Cochlea,
    channel: usize,
    cotangent: &'a [f32],
    share: &'a mut [Complex<f32>],
}

impl Kernel for Answer<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let of = self.of;
        let work = &mut *own(&of.workspaces);
        let frames = of.layer.frames();
        let downsampled = &of.downsampled[self.channel * frames..][..frames];
        let gradients = downsampled.iter().zip(self.cotangent);
        work.frames
            .iter_mut()
            .zip(gradients)
            .for_each(|(f, (d, g))| *f = g * of.last_stage.slope(*d));
        of.analytic::<L>(self.channel, work);
        let lanes = work.z.len();
        let gradient = &mut work.envelope[of.decimator.margin()..][..lanes];
        of.decimator.spread::<L>(&work.frames, gradient);
        flat_mut(gradient)[of.layer.samples()..].fill(0.0);
        envelope::along::<L>(&mut work.z, gradient, of.floor());
        of.share::<L>(self.channel, work, self.share);
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
