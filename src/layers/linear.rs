//! A matrix product with bias.

use super::{FrozenLayer, Parameter, only, only_shape};
use crate::{Error, Result};
use candle_core::Tensor;

/// `y = weight · x + bias`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Parameter,
    /// `[out]`.
    pub bias: Parameter,
}

impl FrozenLayer for Linear {
    fn kind(&self) -> &'static str {
        "linear"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let (shape, [out, inp]) = (
            only_shape(inputs)?,
            [self.weight.shape()[0], self.weight.shape()[1]],
        );
        if shape != [inp] || self.bias.shape() != [out] {
            return Err(Error::shape("linear input", &[inp], shape));
        }
        Ok(vec![out])
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let y = only(inputs)?.matmul(&self.weight.tensor().t()?)?;
        Ok(y.broadcast_add(self.bias.tensor())?)
    }

    fn pullback(&self, _: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![cotangent.contiguous()?.matmul(self.weight.tensor())?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::{check, parameter};
    use super::*;

    #[test]
    fn pullback_agrees_with_central_differences() {
        check(
            &Layer::Linear(Linear {
                weight: parameter(&[5, 3], 1),
                bias: parameter(&[5], 2),
            }),
            &[&[3]],
        );
        check(
            &Layer::Linear(Linear {
                weight: parameter(&[1, 7], 1),
                bias: parameter(&[1], 2),
            }),
            &[&[7]],
        );
    }
}
