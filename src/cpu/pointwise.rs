//! Layers that are one matrix product: 1×1 convolutions and linear layers.

use super::Target;
use super::kernels::matmul::{Around, Mask, Matrix, multiply};
use crate::Result;
use crate::layers::{Conv2d, Linear, Padding, Parameter};

/// `out[o, p] = bias[o] + Σᵢ weight[o, i] · x[i, p]` for every position `p`.
pub struct Pointwise {
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Pointwise {
    /// Whether a convolution is of this kind.
    pub fn fits(conv: &Conv2d) -> bool {
        let w = conv.window;
        w.kernel == [1, 1]
            && w.stride == [1, 1]
            && w.padding == Padding::default()
            && conv.groups == 1
    }

    /// From a 1×1 convolution.
    pub fn from_conv(conv: &Conv2d) -> Result<Self> {
        let bias = conv
            .bias
            .as_ref()
            .map_or_else(|| Ok(vec![0.0; conv.out_channels()]), Parameter::values)?;
        Ok(Self {
            weight: conv.weight.values()?,
            bias,
            inputs: conv.in_channels(),
        })
    }

    /// From a linear layer.
    pub fn from_linear(linear: &Linear) -> Result<Self> {
        Ok(Self {
            weight: linear.weight.values()?,
            bias: linear.bias.values()?,
            inputs: linear.weight.shape()[1],
        })
    }

    fn weights(&self) -> Matrix<'_> {
        Matrix::row_major(&self.weight, self.bias.len(), self.inputs)
    }

    /// Computes the output; with a ceiling, that of the rectifier that follows.
    pub fn forward(&self, x: &[f32], out: &mut [f32], ceiling: Option<f32>) {
        multiply(
            self.weights(),
            x,
            out,
            Around {
                bias: Some(&self.bias),
                ceiling,
                ..Around::default()
            },
        );
    }

    /// Adds the input's gradient to its place; with a mask, the cotangent is that of the rectifier that follows.
    pub fn pullback(&self, cotangent: &[f32], mask: Option<Mask<'_>>, target: &mut Target) {
        let around = Around {
            mask,
            add: target.add,
            ..Around::default()
        };
        multiply(
            self.weights().transposed(),
            cotangent,
            &mut target.buffer,
            around,
        );
    }
}
