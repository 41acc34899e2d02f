//! The lapped cosine transform of a sound on a device, by products with one matrix of cosines, and how large steps are.
//!
//! Spectra lie as those of the [other transform](super::super::optimisers::lapped) do.

use super::super::optimisers::lapped::{HOP, frames};
use super::super::optimisers::lapped_adam::{FLOOR, LEAST, tilts};
use crate::Result;
use candle_core::{Device, Tensor};
use std::f64::consts::PI;

/// Transforms of sounds of one length.
pub(super) struct Lapped {
    length: usize,
    frames: usize,
    /// Cosines under the window, of a frame's samples and the next one's: `[2 · HOP, HOP]`.
    waves: Tensor,
    /// The same turned.
    turned: Tensor,
    /// 1 / f^tilt: `[1, HOP]`.
    tilts: Tensor,
    /// One over how many neighbours each entry of a frame has, itself among them: `[1, HOP]`.
    shares: Tensor,
}

impl Lapped {
    /// For sounds of a length, and steps with a tilt.
    ///
    /// # Errors
    /// When the device cannot hold the matrices.
    pub(super) fn new(length: usize, tilt: f32, device: &Device) -> Result<Self> {
        let hop = HOP as f64;
        let entry = |t: usize, k: usize| {
            let t = t as f64 + 0.5;
            let window = libm::sin(PI / (2.0 * hop) * t) * (2.0 / hop).sqrt();
            (window * libm::cos(PI / hop * (t + hop / 2.0) * (k as f64 + 0.5))) as f32
        };
        let waves = (0..2 * HOP).flat_map(|t| (0..HOP).map(move |k| entry(t, k)));
        let waves = Tensor::from_vec(waves.collect(), (2 * HOP, HOP), device)?;
        let edge = |k| k == 0 || k == HOP - 1;
        let shares = (0..HOP).map(|k| 1.0 / if edge(k) { 2.0f32 } else { 3.0 });
        Ok(Self {
            length,
            frames: frames(length),
            turned: waves.t()?.contiguous()?,
            waves,
            tilts: Tensor::from_vec(tilts(length, tilt), (1, HOP), device)?,
            shares: Tensor::from_vec(shares.collect(), (1, HOP), device)?,
        })
    }

    /// `[frames, HOP]`.
    pub(super) fn spectrum_shape(&self) -> [usize; 2] {
        [self.frames, HOP]
    }

    /// From sound, of whatever shape, to spectrum.
    ///
    /// # Errors
    /// When the sound has another length, or the device fails.
    pub(super) fn forward(&self, sound: &Tensor) -> Result<Tensor> {
        let silence = self.frames * HOP - self.length;
        let sound = sound.flatten_all()?.pad_with_zeros(0, 0, silence)?;
        let own = sound.reshape((self.frames, HOP))?;
        let both = Tensor::cat(&[&own, &self.moved(&own, 1)?], 1)?;
        Ok(both.matmul(&self.waves)?)
    }

    /// From spectrum to sound: `[length]`.
    ///
    /// # Errors
    /// When the spectrum has another shape, or the device fails.
    pub(super) fn back(&self, spectrum: &Tensor) -> Result<Tensor> {
        let both = spectrum.matmul(&self.turned)?;
        let next = both.narrow(1, HOP, HOP)?;
        let own = both.narrow(1, 0, HOP)?;
        let sound = (own + self.moved(&next, self.frames - 1)?)?;
        Ok(sound.flatten_all()?.narrow(0, 0, self.length)?)
    }

    /// Frame `by` at the place of the first, and so on in a circle.
    fn moved(&self, frames: &Tensor, by: usize) -> Result<Tensor> {
        let by = by % self.frames;
        if by == 0 {
            return Ok(frames.clone());
        }
        let first = frames.narrow(0, by, self.frames - by)?;
        Ok(Tensor::cat(&[&first, &frames.narrow(0, 0, by)?], 0)?)
    }

    /// How large steps are relative to the learning rate, where a sound has a spectrum.
    ///
    /// # Errors
    /// When the spectrum has another shape, or the device fails.
    pub(super) fn sizes(&self, spectrum: &Tensor) -> Result<Tensor> {
        let square = spectrum.sqr()?;
        let mean = square.mean_all()?;
        let least = mean.ones_like()?.affine(f64::from(LEAST), 0.0)?;
        let inner = HOP - 1;
        let above = square.narrow(1, 1, inner)?.pad_with_zeros(1, 0, 1)?;
        let below = square.narrow(1, 0, inner)?.pad_with_zeros(1, 1, 0)?;
        let local = ((square + above)? + below)?.broadcast_mul(&self.shares)?;
        let relative = local.broadcast_div(&mean.maximum(&least)?)?;
        let root = relative.affine(1.0, f64::from(FLOOR * FLOOR))?;
        let sizes = root.sqrt()?.sqrt()?.broadcast_mul(&self.tilts)?;
        let scale = sizes.sqr()?.mean_all()?.sqrt()?;
        Ok(sizes.broadcast_div(&scale)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::optimisers::lapped;
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    #[test]
    fn it_is_the_other_transform_and_undoes_itself() {
        for length in [1, HOP, 2 * HOP, 1234, 4000] {
            let x = Random::new(1, Purpose::Start).normals(length, 0.0, 1.0);
            let mut other = lapped::Lapped::new(length);
            let mut expected = vec![0.0; other.values()];
            other.forward(&x, &mut expected);
            let transform = Lapped::new(length, 0.5, &Device::Cpu).unwrap();
            let spectrum = Tensor::new(x.clone(), &Device::Cpu).unwrap();
            let spectrum = transform.forward(&spectrum).unwrap();
            assert_eq!(spectrum.dims(), transform.spectrum_shape());
            let back = transform.back(&spectrum).unwrap();
            for (expected, found) in [(expected, spectrum), (x, back)] {
                let found = super::super::values(&found).unwrap();
                assert_eq!(expected.len(), found.len());
                let worst = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f32::max);
                assert!(worst < 1e-5, "{length}: {worst}");
            }
        }
    }
}
