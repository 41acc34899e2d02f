//! Class probabilities from logits, for display. Metamers are matched before it.

use super::{FrozenLayer, only, only_shape};
use crate::Result;
use candle_core::{D, Tensor};

/// `exp(x) / Σ exp(x)` over the last axis.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

impl FrozenLayer for Softmax {
    fn kind(&self) -> &'static str {
        "softmax"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only_shape(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        // Subtracting the largest logit keeps the exponentials finite and changes nothing else.
        let e = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
        Ok(e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?)
    }

    fn pullback(&self, _: &[&Tensor], output: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let inner = (output * cotangent)?.sum_keepdim(D::Minus1)?;
        Ok(vec![(output * cotangent.broadcast_sub(&inner)?)?])
    }
}

/// The softmax of plain numbers, in `f64`.
pub fn probabilities(logits: &[f32]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e: Vec<f64> = logits.iter().map(|v| f64::from(v - top).exp()).collect();
    let total: f64 = e.iter().sum();
    e.into_iter().map(|v| v / total).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::check;
    use super::*;

    #[test]
    fn pullback_agrees_with_central_differences() {
        check(&Layer::Softmax(Softmax), &[&[6]]);
    }

    #[test]
    fn large_logits_stay_finite() {
        let p = probabilities(&[1000.0, 999.0, -1000.0]);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p[0] > p[1]);
    }
}
