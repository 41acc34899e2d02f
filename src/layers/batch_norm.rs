//! Batch normalisation with frozen statistics.

use super::affine::per_channel;
use super::{Conv2d, FrozenLayer, Parameter, only, only_shape};
use crate::{Error, Result};
use candle_core::Tensor;

/// `y = scale · (x − mean) / √(variance + epsilon) + shift`, per channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// γ, `[channel]`.
    pub scale: Parameter,
    /// β, `[channel]`.
    pub shift: Parameter,
    /// Running mean, `[channel]`.
    pub mean: Parameter,
    /// Running variance, `[channel]`.
    pub variance: Parameter,
    /// 1e-5 in PyTorch, 1e-3 in TensorFlow's layers.
    pub epsilon: f64,
}

impl BatchNorm {
    /// The factor γ / √(variance + ε), `[channel]`.
    fn factor(&self) -> Result<Tensor> {
        Ok(self
            .scale
            .tensor()
            .div(&(self.variance.tensor() + self.epsilon)?.sqrt()?)?)
    }

    /// A convolution that does what `conv` followed by this layer does, up to rounding.
    ///
    /// # Errors
    /// When the channels do not match.
    pub fn fold_into(&self, conv: &Conv2d) -> Result<Conv2d> {
        let out = conv.out_channels();
        if self.scale.shape() != [out] {
            return Err(Error::shape(
                "batch norm to fold",
                &[out],
                self.scale.shape(),
            ));
        }
        let double = |p: &Parameter| -> Result<Vec<f64>> {
            Ok(p.values()?.into_iter().map(f64::from).collect())
        };
        let (scale, shift, mean, variance) = (
            double(&self.scale)?,
            double(&self.shift)?,
            double(&self.mean)?,
            double(&self.variance)?,
        );
        let factor: Vec<f64> = scale
            .iter()
            .zip(&variance)
            .map(|(s, v)| s / (v + self.epsilon).sqrt())
            .collect();
        let mut weight = conv.weight.values()?;
        let per_channel = weight.len() / out;
        for (channel, weights) in weight.chunks_mut(per_channel).enumerate() {
            weights
                .iter_mut()
                .for_each(|w| *w = (f64::from(*w) * factor[channel]) as f32);
        }
        let old = conv
            .bias
            .as_ref()
            .map_or_else(|| Ok(vec![0.0; out]), double)?;
        let bias = (0..out)
            .map(|c| (shift[c] + (old[c] - mean[c]) * factor[c]) as f32)
            .collect();
        Conv2d::new(
            Parameter::new(conv.weight.shape(), weight)?,
            Some(Parameter::new(&[out], bias)?),
            conv.window,
            conv.groups,
        )
    }
}

impl FrozenLayer for BatchNorm {
    fn kind(&self) -> &'static str {
        "batch norm"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let shape = only_shape(inputs)?;
        for p in [&self.scale, &self.shift, &self.mean, &self.variance] {
            if p.shape() != &shape[..1] {
                return Err(Error::shape("batch norm channels", &shape[..1], p.shape()));
            }
        }
        Ok(shape.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let shape = per_channel(x);
        let centred = x.broadcast_sub(&self.mean.view(&shape)?)?;
        Ok(centred
            .broadcast_mul(&self.factor()?.reshape(shape.as_slice())?)?
            .broadcast_add(&self.shift.view(&shape)?)?)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let shape = per_channel(only(inputs)?);
        Ok(vec![
            cotangent.broadcast_mul(&self.factor()?.reshape(shape)?)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, irregular, parameter};
    use super::super::{Layer, Padding, Window};
    use super::*;

    fn norm(channels: usize) -> BatchNorm {
        let variance = irregular(channels, 9)
            .iter()
            .map(|v| (v * v + 0.3) as f32)
            .collect();
        BatchNorm {
            scale: parameter(&[channels], 6),
            shift: parameter(&[channels], 7),
            mean: parameter(&[channels], 8),
            variance: Parameter::new(&[channels], variance).unwrap(),
            epsilon: 1e-3,
        }
    }

    #[test]
    fn pullback_agrees_with_central_differences() {
        check(&Layer::BatchNorm(norm(3)), &[&[3, 5, 1]]);
        check(&Layer::BatchNorm(norm(4)), &[&[4]]);
    }

    #[test]
    fn folding_changes_nothing_but_rounding() {
        let window = Window::square(3, 2, Padding::all(1));
        let conv = Conv2d::new(
            parameter(&[4, 2, 3, 3], 1),
            Some(parameter(&[4], 2)),
            window,
            1,
        )
        .unwrap();
        let folded = norm(4).fold_into(&conv).unwrap();
        let x: Vec<f32> = irregular(2 * 7 * 6, 4)
            .into_iter()
            .map(|v| v as f32)
            .collect();
        let x = Tensor::from_vec(x, (1, 2, 7, 6), &candle_core::Device::Cpu).unwrap();
        let apart = norm(4).forward(&[&conv.forward(&[&x]).unwrap()]).unwrap();
        let together = folded.forward(&[&x]).unwrap();
        let error = (apart - together)
            .unwrap()
            .abs()
            .unwrap()
            .max_all()
            .unwrap()
            .to_scalar::<f32>()
            .unwrap();
        assert!(error < 1e-5, "{error}");
    }
}
