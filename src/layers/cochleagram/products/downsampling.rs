//! Filtering and thinning out as products of blocks of a stride with parts of the filter.

use super::super::Cochleagram;
use super::matrices::{matrix, turned};
use crate::Result;
use candle_core::{DType, Device, Tensor};

/// The filter and the stride of the last stage but one, as products of blocks of a stride with parts of the filter.
#[derive(Debug)]
pub(super) struct Downsampling {
    before: usize,
    frames: usize,
    stride: usize,
    /// How many strides the filter takes.
    parts: usize,
    /// `[stride, parts]`, zero beyond the filter; and turned.
    taps: Tensor,
    turned: Tensor,
}

impl Downsampling {
    pub(super) fn new(layer: &Cochleagram, like: (&Device, DType)) -> Result<Self> {
        let (stride, taps) = (layer.front_end().stride(), layer.taps());
        let parts = taps.len().div_ceil(stride);
        let entry = |r: usize, m: usize| taps.get(m * stride + r).map_or(0.0, |t| f64::from(*t));
        let taps = matrix([stride, parts], entry, like)?;
        Ok(Self {
            before: layer.before(),
            frames: layer.frames(),
            stride,
            parts,
            turned: turned(&taps)?,
            taps,
        })
    }

    fn blocks(&self) -> usize {
        self.frames - 1 + self.parts
    }

    /// From `[lines, samples]` to `[lines, frames]`.
    pub(super) fn forward(&self, envelopes: &Tensor) -> Result<Tensor> {
        let (lines, samples) = envelopes.dims2()?;
        let length = self.blocks() * self.stride;
        let after = length.saturating_sub(self.before + samples);
        let padded = envelopes.pad_with_zeros(1, self.before, after)?;
        let padded = padded.narrow(1, 0, length)?.contiguous()?;
        let parts = padded
            .reshape((lines * self.blocks(), self.stride))?
            .matmul(&self.taps)?
            .reshape((lines, self.blocks(), self.parts))?;
        let part = |m: usize| parts.narrow(2, m, 1)?.narrow(1, m, self.frames);
        let mut sum = part(0)?;
        for m in 1..self.parts {
            sum = (sum + part(m)?)?;
        }
        Ok(sum.reshape((lines, self.frames))?)
    }

    /// The transpose of [`Self::forward`], from `[lines, frames]` to `[lines, samples]`.
    pub(super) fn back(&self, frames: &Tensor, samples: usize) -> Result<Tensor> {
        let lines = frames.dim(0)?;
        let part = |m: usize| frames.pad_with_zeros(1, m, self.parts - 1 - m);
        let parts = (0..self.parts)
            .map(part)
            .collect::<candle_core::Result<Vec<_>>>()?;
        let length = self.blocks() * self.stride;
        let padded = Tensor::stack(&parts, 2)?
            .reshape((lines * self.blocks(), self.parts))?
            .matmul(&self.turned)?
            .reshape((lines, length))?;
        let after = (self.before + samples).saturating_sub(length);
        let padded = padded.pad_with_zeros(1, 0, after)?;
        Ok(padded.narrow(1, self.before, samples)?.contiguous()?)
    }
}
