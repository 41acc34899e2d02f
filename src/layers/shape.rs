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

/// All axes of an item in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flatten {
    /// Channel, height, width: PyTorch's order.
    ChannelFirst,
    /// Height, width, channel: TensorFlow's order, which the rows of a following dense kernel are in.
    ChannelLast,
}

impl FrozenLayer for Flatten {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![only_shape(inputs)?.iter().product()])
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        Ok(match self {
            Self::ChannelLast if x.rank() == 4 => x.permute((0, 2, 3, 1))?.flatten_from(1)?,
            _ => x.flatten_from(1)?,
        })
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let x = only(inputs)?;
        Ok(vec![match (self, x.dims()) {
            (Self::ChannelLast, &[n, c, h, w]) => cotangent
                .reshape((n, h, w, c))?
                .permute((0, 3, 1, 2))?
                .contiguous()?,
            _ => cotangent.reshape(x.shape())?,
        }])
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
        for order in [Flatten::ChannelFirst, Flatten::ChannelLast] {
            check(&Layer::Flatten(order), &[&[2, 3, 2]]);
        }
        check(&Layer::Flatten(Flatten::ChannelLast), &[&[4]]);
    }

    #[test]
    fn channels_come_first_or_last() {
        let x = Tensor::from_vec(
            vec![1f32, 2.0, 3.0, 4.0],
            (1, 2, 1, 2),
            &candle_core::Device::Cpu,
        )
        .unwrap();
        let flat = |order: Flatten| {
            order
                .forward(&[&x])
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
        };
        assert_eq!(flat(Flatten::ChannelFirst), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(flat(Flatten::ChannelLast), [1.0, 3.0, 2.0, 4.0]);
    }

    #[test]
    fn branches_of_different_shape_are_refused() {
        assert!(Add.output_shape(&[&[2, 3], &[3, 2]]).is_err());
    }
}
