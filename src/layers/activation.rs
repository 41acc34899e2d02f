//! Rectifiers: ReLU and ReLU6.
//!
//! At a matched layer the papers let the gradient through unchanged ("jittered" ReLU in 2019, "fake" ReLU in 2023): a
//! unit that is off can then still be switched on. That is a property of where the loss is taken, not of the layer;
//! see [`crate::network::Tap`].

use super::window::numbers;
use super::{FrozenLayer, only, only_shape};
use crate::Result;
use candle_core::Tensor;

/// `min(max(x, 0), ceiling)`.
#[derive(Clone, Copy, Debug)]
pub struct Rectifier {
    /// 6 for ReLU6, none for ReLU.
    pub ceiling: Option<f32>,
}

impl Rectifier {
    /// ReLU.
    pub const RELU: Self = Self { ceiling: None };
    /// ReLU6.
    pub const RELU6: Self = Self { ceiling: Some(6.0) };
}

impl FrozenLayer for Rectifier {
    fn kind(&self) -> &'static str {
        if self.ceiling.is_some() {
            "relu6"
        } else {
            "relu"
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only_shape(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let y = match self.ceiling {
            Some(ceiling) => x.relu()?.minimum(f64::from(ceiling))?,
            None => x.relu()?,
        };
        // candle's makes 0 of what is not a number, and so a network that has overflowed would look sound.
        Ok(x.ne(x)?.where_cond(x, &y)?)
    }

    /// 1 strictly between floor and ceiling and 0 elsewhere, as in TensorFlow and PyTorch (candle's own gradient is 1
    /// at exactly 0).
    fn pullback(&self, _: &[&Tensor], output: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        Ok(vec![self.leaky_pullback(output, cotangent, 0.0)?])
    }
}

impl Rectifier {
    /// The pullback, with a share of the gradient let through where there is none: see [`crate::network::Tap`].
    ///
    /// # Errors
    /// When the shapes differ or the device fails.
    pub fn leaky_pullback(&self, output: &Tensor, cotangent: &Tensor, leak: f32) -> Result<Tensor> {
        let mut open = numbers(&output.gt(0.0)?, cotangent.dtype())?;
        if let Some(ceiling) = self.ceiling {
            open = (open * numbers(&output.lt(f64::from(ceiling))?, cotangent.dtype())?)?;
        }
        let leak = f64::from(leak);
        // Exactly 1 where it is open, and the leak elsewhere.
        let passing = match leak {
            0.0 => open,
            _ => (&open + open.affine(-leak, leak)?)?,
        };
        Ok((cotangent * passing)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::check;
    use super::*;

    #[test]
    fn pullback_agrees_with_central_differences() {
        check(&Layer::Rectifier(Rectifier::RELU), &[&[3, 5, 1]]);
        check(
            &Layer::Rectifier(Rectifier { ceiling: Some(0.4) }),
            &[&[2, 3, 7]],
        );
    }

    #[test]
    fn exactly_at_a_bound_nothing_passes() {
        let x = Tensor::new(&[[-1f32, 0.0, 3.0, 6.0, 7.0]], &candle_core::Device::Cpu).unwrap();
        let y = Rectifier::RELU6.forward(&[&x]).unwrap();
        let ones = x.ones_like().unwrap();
        let g = Rectifier::RELU6
            .pullback(&[&x], &y, &ones)
            .unwrap()
            .remove(0);
        assert_eq!(g.to_vec2::<f32>().unwrap(), [[0.0, 0.0, 1.0, 0.0, 0.0]]);
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden() {
        let x = Tensor::new(&[f32::NAN, 1.0, -1.0], &candle_core::Device::Cpu).unwrap();
        for rectifier in [Rectifier::RELU, Rectifier::RELU6] {
            let y = rectifier.forward(&[&x]).unwrap().to_vec1::<f32>().unwrap();
            assert!(y[0].is_nan() && y[1..] == [1.0, 0.0], "{y:?}");
        }
    }

    #[test]
    fn a_leak_passes_where_it_is_shut() {
        let x = Tensor::new(&[-1f32, 0.0, 3.0, 6.0, 7.0], &candle_core::Device::Cpu).unwrap();
        let y = Rectifier::RELU6.forward(&[&x]).unwrap();
        let g = Tensor::new(&[1f32, -2.0, 0.7, 4.0, 8.0], &candle_core::Device::Cpu).unwrap();
        let g = Rectifier::RELU6.leaky_pullback(&y, &g, 0.25).unwrap();
        assert_eq!(g.to_vec1::<f32>().unwrap(), [0.25, -0.5, 0.7, 1.0, 2.0]);
    }
}
