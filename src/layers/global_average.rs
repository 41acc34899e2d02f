//! The mean over all positions of a channel.

use super::{FrozenLayer, image_shape, only, only_shape};
use crate::Result;
use candle_core::Tensor;

/// `[channel, height, width]` to `[channel]`.
#[derive(Clone, Copy, Debug)]
pub struct GlobalAverage;

impl FrozenLayer for GlobalAverage {
    fn kind(&self) -> &'static str {
        "global average"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(vec![image_shape(only_shape(inputs)?, "global average")?[0]])
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        Ok(only(inputs)?.mean((2, 3))?)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = only(inputs)?.dims4()?;
        let share = (cotangent.reshape((n, c, 1, 1))? * (1.0 / (h * w) as f64))?;
        Ok(vec![share.broadcast_as((n, c, h, w))?.contiguous()?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::check;
    use super::*;

    #[test]
    fn pullback_agrees_with_central_differences() {
        check(&Layer::GlobalAverage(GlobalAverage), &[&[3, 5, 1]]);
        check(&Layer::GlobalAverage(GlobalAverage), &[&[2, 3, 4]]);
    }
}
