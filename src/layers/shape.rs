//! Layers that join or reshape without arithmetic of their own.

use super::{FrozenLayer, only, only_shape};
use crate::{Error, Result};
use candle_core::Tensor;

/// The sum of two branches of equal shape.
#[derive(Clone, Copy, Debug)]
pub struct Add;

impl FrozenLayer for Add {
    fn kind(&self) -> &'static str {
        "add"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [a, b] if a == b => Ok(a.to_vec()),
            [a, b] => Err(Error::shape("residual branch", a, b)),
            _ => Err(Error::Internal("a sum needs two inputs".into())),
        }
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        match inputs {
            [a, b] => Ok((*a + *b)?),
            _ => Err(Error::Internal("a sum needs two inputs".into())),
        }
    }

    fn pullback(&self, _: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![cotangent.clone(), cotangent.clone()])
    }
}

/// All axes of an item in one, channel first (PyTorch's order).
#[derive(Clone, Copy, Debug)]
pub struct Flatten;

impl FrozenLayer for Flatten {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![only_shape(inputs)?.iter().product()])
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        Ok(only(inputs)?.flatten_from(1)?)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![cotangent.reshape(only(inputs)?.shape())?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::check;
    use super::*;

    #[test]
    fn pullbacks_agree_with_central_differences() {
        check(&Layer::Add(Add), &[&[2, 1, 3], &[2, 1, 3]]);
        check(&Layer::Flatten(Flatten), &[&[2, 3, 1]]);
    }

    #[test]
    fn branches_of_different_shape_are_refused() {
        assert!(Add.output_shape(&[&[2, 3], &[3, 2]]).is_err());
    }
}
