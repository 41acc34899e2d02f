//! Layers that are one matrix product: 1×1 convolutions and linear layers.

use super::Target;
use super::kernels::matmul::{Matrix, multiply};
use crate::Result;
use crate::layers::{Conv2d, Linear, Padding, Parameter};
use rayon::prelude::*;

/// `out[o, p] = bias[o] + Σᵢ weight[o, i] · x[i, p]` for every position `p`.
pub struct Pointwise {
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    positions: usize,
}

impl Pointwise {
    /// Whether a convolution is of this kind.
    pub fn fits(conv: &Conv2d) -> bool {
        let w = conv.window;
        w.kernel == [1, 1] && w.stride == [1, 1] && w.padding == Padding::default() && conv.groups == 1
    }

    /// From a 1×1 convolution over planes of `positions` pixels.
    pub fn from_conv(conv: &Conv2d, positions: usize) -> Result<Self> {
        let bias = conv.bias.as_ref().map_or_else(|| Ok(vec![0.0; conv.out_channels()]), Parameter::values)?;
        Ok(Self { weight: conv.weight.values()?, bias, inputs: conv.in_channels(), positions })
    }

    /// From a linear layer.
    pub fn from_linear(linear: &Linear) -> Result<Self> {
        Ok(Self {
            weight: linear.weight.values()?,
            bias: linear.bias.values()?,
            inputs: linear.weight.shape()[1],
            positions: 1,
        })
    }

    fn weights(&self) -> Matrix<'_> {
        Matrix::row_major(&self.weight, self.bias.len(), self.inputs)
    }

    pub fn forward(&self, x: &[f32], out: &mut [f32], threads: usize) {
        out.par_chunks_mut(self.positions).zip(&self.bias).for_each(|(row, bias)| row.fill(*bias));
        multiply(self.weights(), Matrix::row_major(x, self.inputs, self.positions), out, true, threads);
    }

    pub fn pullback(&self, cotangent: &[f32], target: &mut Target, threads: usize) {
        let g = Matrix::row_major(cotangent, self.bias.len(), self.positions);
        multiply(self.weights().transposed(), g, &mut target.buffer, target.add, threads);
    }
}
