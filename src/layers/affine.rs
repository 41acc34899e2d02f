//! The two layers between a stimulus and a network: restriction to the input's range, and normalisation.

use super::window::numbers;
use super::{FrozenLayer, Parameter, only, only_shape};
use crate::{Error, Result};
use candle_core::Tensor;

/// Restriction of the input to its range.
#[derive(Clone, Copy, Debug)]
pub struct Clamp {
    /// Smallest value let through.
    pub low: f32,
    /// Largest value let through.
    pub high: f32,
}

impl FrozenLayer for Clamp {
    fn kind(&self) -> &'static str {
        "clamp"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only_shape(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        Ok(only(inputs)?.clamp(self.low, self.high)?)
    }

    /// 1 inside the range *and exactly at its bounds*, 0 outside: the rule of the PyTorch versions that the 2023 paper
    /// used. A step projects pixels onto the bounds, so a gradient of 0 there (newer PyTorch) would freeze every pixel
    /// that ever saturates.
    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let x = only(inputs)?;
        let inside = (numbers(&x.ge(self.low)?, cotangent.dtype())?
            * numbers(&x.le(self.high)?, cotangent.dtype())?)?;
        Ok(vec![(cotangent * inside)?])
    }
}

/// `y = x · scale + offset`, one pair of numbers per channel.
#[derive(Clone, Debug)]
pub struct Affine {
    /// `[channel]`.
    pub scale: Parameter,
    /// `[channel]`.
    pub offset: Parameter,
}

impl FrozenLayer for Affine {
    fn kind(&self) -> &'static str {
        "affine"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let shape = only_shape(inputs)?;
        if shape.first() != self.scale.shape().first() || self.scale.shape() != self.offset.shape()
        {
            return Err(Error::shape("affine channels", self.scale.shape(), shape));
        }
        Ok(shape.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let shape = per_channel(x);
        Ok(x.broadcast_mul(&self.scale.view(&shape)?)?
            .broadcast_add(&self.offset.view(&shape)?)?)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let shape = per_channel(only(inputs)?);
        Ok(vec![cotangent.broadcast_mul(&self.scale.view(&shape)?)?])
    }
}

/// The shape that lines numbers per channel up with a tensor: 1 everywhere but on axis 1.
pub(super) fn per_channel(x: &Tensor) -> Vec<usize> {
    x.dims()
        .iter()
        .enumerate()
        .map(|(axis, n)| if axis == 1 { *n } else { 1 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::{check, parameter};
    use super::*;

    #[test]
    fn pullbacks_agree_with_central_differences() {
        check(
            &Layer::Clamp(Clamp {
                low: -0.3,
                high: 0.6,
            }),
            &[&[3, 4, 5]],
        );
        check(
            &Layer::Affine(Affine {
                scale: parameter(&[3], 1),
                offset: parameter(&[3], 2),
            }),
            &[&[3, 1, 5]],
        );
    }

    #[test]
    fn the_clamp_lets_gradients_through_at_its_bounds() {
        let clamp = Clamp {
            low: 0.0,
            high: 1.0,
        };
        let x = Tensor::new(&[[-0.5f32, 0.0, 0.5, 1.0, 1.5]], &candle_core::Device::Cpu).unwrap();
        let y = clamp.forward(&[&x]).unwrap();
        assert_eq!(y.to_vec2::<f32>().unwrap(), [[0.0, 0.0, 0.5, 1.0, 1.0]]);
        let g = clamp
            .pullback(&[&x], &y, &x.ones_like().unwrap())
            .unwrap()
            .remove(0);
        assert_eq!(g.to_vec2::<f32>().unwrap(), [[0.0, 1.0, 1.0, 1.0, 0.0]]);
    }
}
