//! How far the metamer's activations are from the target, and the gradient of that.

use crate::Result;
use crate::cpu::wide::wide;
use candle_core::{DType, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The activation that is to be matched.
pub struct Target {
    /// Its elements.
    pub values: Vec<f32>,
    /// Their L2 norm, which losses are relative to.
    pub norm: f64,
}

impl Target {
    /// Of these elements.
    pub fn new(values: Vec<f32>) -> Self {
        Self {
            norm: norm(&values),
            values,
        }
    }
}

/// A loss between an activation and its target, d = activation − target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// ½ Σ d², not normalised by size (2019; TensorFlow's `l2_loss`).
    HalfSquared,
    /// ‖d‖₂ / ‖target‖₂ (2023).
    RelativeL2,
    /// Σ |d|.
    L1,
}

impl Loss {
    /// The loss; its gradient with respect to the activation goes into `gradient`.
    ///
    /// Sums are taken in `f64`. As in PyTorch the gradient of the norm is zero where the norm is zero, and a target of
    /// zeros makes the relative loss infinite or NaN, which a synthesis reports.
    pub fn evaluate(self, activation: &[f32], target: &Target, gradient: &mut [f32]) -> f64 {
        let square = difference(activation, &target.values, gradient);
        match self {
            Self::HalfSquared => square / 2.0,
            Self::RelativeL2 => {
                let noise = square.sqrt();
                let scale = if noise == 0.0 {
                    0.0
                } else {
                    (1.0 / (noise * target.norm)) as f32
                };
                gradient.par_chunks_mut(TASK).for_each(|part| {
                    wide(
                        #[inline(always)]
                        move || part.iter_mut().for_each(|g| *g *= scale),
                    );
                });
                noise / target.norm
            }
            Self::L1 => {
                let mut sum = 0.0;
                for d in gradient {
                    sum += f64::from(d.abs());
                    *d = if *d == 0.0 { 0.0 } else { d.signum() };
                }
                sum
            }
        }
    }

    /// The same on a device, for a target of a norm: the loss as a scalar, and its gradient in the shape of the activation.
    /// Nothing is read back.
    ///
    /// Sums are taken as [`square_sum`] takes them.
    ///
    /// # Errors
    /// When the shapes differ or the device fails.
    pub(super) fn evaluate_tensors(
        self,
        activation: &Tensor,
        target: &Tensor,
        norm: f64,
    ) -> Result<(Tensor, Tensor)> {
        let d = (activation - target)?;
        Ok(match self {
            Self::HalfSquared => ((square_sum(&d)? * 0.5)?, d),
            Self::RelativeL2 => {
                let noise = square_sum(&d)?.sqrt()?;
                // Where the noise is zero, so is what this is multiplied by.
                let product = (&noise * norm)?;
                let least = product.ones_like()?.affine(1e-30, 0.0)?;
                let scale = product.maximum(&least)?.recip()?.to_dtype(d.dtype())?;
                ((noise / norm)?, d.broadcast_mul(&scale)?)
            }
            Self::L1 => {
                let sum = d.abs()?.to_dtype(precise(&d))?.sum_all()?;
                (sum, d.sign()?)
            }
        })
    }

    /// The name of the loss's axis.
    pub fn title(self) -> &'static str {
        match self {
            Self::HalfSquared => "half the squared difference",
            Self::RelativeL2 => "relative L2 distance",
            Self::L1 => "sum of absolute differences",
        }
    }
}

/// Σ v² as a scalar: in `f64`, except on Metal, which has none.
pub(super) fn square_sum(values: &Tensor) -> Result<Tensor> {
    Ok(values.to_dtype(precise(values))?.sqr()?.sum_all()?)
}

fn precise(values: &Tensor) -> DType {
    if values.device().is_metal() {
        DType::F32
    } else {
        DType::F64
    }
}

/// The L2 norm, summed in `f64`.
pub fn norm(values: &[f32]) -> f64 {
    let mut sums = [0.0; PARTS];
    let parts = values.par_chunks(part(values.len()));
    parts.zip(&mut sums).for_each(|(values, sum)| {
        *sum = wide(
            #[inline(always)]
            move || squares(values),
        );
    });
    sums.iter().sum::<f64>().sqrt()
}

/// Sets d = activation − target, and returns Σ d², in `f64`.
fn difference(activation: &[f32], target: &[f32], d: &mut [f32]) -> f64 {
    let (mut sums, part) = ([0.0; PARTS], part(d.len()));
    let from = activation.par_chunks(part).zip(target.par_chunks(part));
    let parts = d.par_chunks_mut(part).zip(from).zip(&mut sums);
    parts.for_each(|((d, (activation, target)), sum)| {
        *sum = wide(
            #[inline(always)]
            move || {
                subtract(activation, target, d);
                squares(d)
            },
        );
    });
    sums.iter().sum()
}

/// In how many parts threads sum, at most. As many whatever the threads, so that these make no difference to a sum.
const PARTS: usize = 64;

/// Elements that are worth a task.
const TASK: usize = 8 * 1024;

/// Elements of each part of `n` in all.
fn part(n: usize) -> usize {
    n.div_ceil(PARTS).max(TASK)
}

#[inline(always)]
fn subtract(activation: &[f32], target: &[f32], d: &mut [f32]) {
    for (d, (a, t)) in d.iter_mut().zip(activation.iter().zip(target)) {
        *d = a - t;
    }
}

/// Sums side by side: one alone would wait for every addition to end.
const SIDE_BY_SIDE: usize = 16;

#[inline(always)]
fn squares(values: &[f32]) -> f64 {
    let mut sums = [0.0; SIDE_BY_SIDE];
    let (whole, rest) = values.as_chunks::<SIDE_BY_SIDE>();
    for values in whole {
        for (sum, v) in sums.iter_mut().zip(values) {
            *sum += f64::from(*v) * f64::from(*v);
        }
    }
    for (sum, v) in sums.iter_mut().zip(rest) {
        *sum += f64::from(*v) * f64::from(*v);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_agree_with_central_differences() {
        let target = Target::new((0..7).map(|i| (i as f32 * 0.7).sin()).collect());
        let at: Vec<f32> = (0..7).map(|i| (i as f32 * 1.3).cos()).collect();
        for loss in [Loss::HalfSquared, Loss::RelativeL2, Loss::L1] {
            let mut gradient = vec![0.0; 7];
            loss.evaluate(&at, &target, &mut gradient);
            for i in 0..7 {
                let value = |by: f32| {
                    let mut moved = at.clone();
                    moved[i] += by;
                    loss.evaluate(&moved, &target, &mut [0.0; 7])
                };
                let difference = (value(1e-2) - value(-1e-2)) / 2e-2;
                assert!(
                    (difference - f64::from(gradient[i])).abs() < 2e-3,
                    "{loss:?} {i}: {difference} {}",
                    gradient[i]
                );
            }
        }
    }

    #[test]
    fn a_perfect_match_has_zero_loss_and_zero_gradient() {
        for loss in [Loss::HalfSquared, Loss::RelativeL2, Loss::L1] {
            let mut gradient = [9.0; 2];
            let target = Target::new(vec![1.0, 2.0]);
            assert_eq!(loss.evaluate(&[1.0, 2.0], &target, &mut gradient), 0.0);
            assert_eq!(gradient, [0.0; 2]);
        }
        let nothing = Target::new(vec![0.0]);
        let loss = Loss::RelativeL2.evaluate(&[1.0], &nothing, &mut [0.0]);
        assert!(!loss.is_finite());
    }

    #[test]
    fn sums_of_many_are_those_of_all_whatever_the_threads() {
        let threads = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build();
        let pools = [1, 3].map(|n| threads(n).unwrap());
        // None, one part, its end and a little more, and all of the parts with a last that is not full.
        for n in [0, 5, TASK, TASK + 1, PARTS * TASK + 12_345] {
            let values = |by: f32| -> Vec<f32> { (0..n).map(|i| (i as f32 * by).sin()).collect() };
            let (at, target) = (values(0.7), values(1.3));
            let away = at.iter().zip(&target).map(|(a, t)| a - t);
            let square: f64 = away.clone().map(|d| f64::from(d) * f64::from(d)).sum();
            let found = pools.each_ref().map(|pool| {
                let mut d = vec![f32::NAN; n];
                let target = Target::new(target.clone());
                let loss = pool.install(|| Loss::HalfSquared.evaluate(&at, &target, &mut d));
                assert!(d.iter().copied().eq(away.clone()), "{n}");
                (loss, pool.install(|| norm(&d)))
            });
            assert_eq!(found[0], found[1], "{n}");
            let [loss, norm] = [found[0].0 * 2.0, found[0].1.powi(2)];
            for sum in [loss, norm] {
                assert!(
                    (sum - square).abs() <= 1e-12 * square,
                    "{n}: {sum} {square}"
                );
            }
        }
    }

    #[test]
    fn on_a_device_it_is_the_same() {
        let tensor = |values: &[f32]| Tensor::new(values, &candle_core::Device::Cpu).unwrap();
        let target: Vec<f32> = (0..50).map(|i| (i as f32 * 0.7).sin()).collect();
        let mut at: Vec<f32> = (0..50).map(|i| (i as f32 * 1.3).cos()).collect();
        at[3] = target[3];
        let zeros = vec![0.0; 50];
        for loss in [Loss::HalfSquared, Loss::RelativeL2, Loss::L1] {
            // Elsewhere, at the target itself, and where there is nothing to be relative to.
            for (at, target) in [(&at, &target), (&target, &target), (&at, &zeros)] {
                let mut gradient = vec![f32::NAN; 50];
                let goal = Target::new(target.clone());
                let expected = loss.evaluate(at, &goal, &mut gradient);
                let (at, target) = (tensor(at), tensor(target));
                let (found, d) = loss.evaluate_tensors(&at, &target, goal.norm).unwrap();
                let found = found.to_scalar::<f64>().unwrap();
                if !expected.is_finite() {
                    assert!(!found.is_finite(), "{loss:?}: {found}");
                    continue;
                }
                assert!(
                    (expected - found).abs() <= 1e-12 * expected,
                    "{loss:?}: {found}"
                );
                for (e, d) in gradient.iter().zip(d.to_vec1::<f32>().unwrap()) {
                    assert!((e - d).abs() <= 1e-6 * e.abs(), "{loss:?}: {e} {d}");
                }
            }
        }
    }
}
