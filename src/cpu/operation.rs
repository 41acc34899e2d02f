//! One layer made ready for the CPU.

use super::Target;
use super::cochleagram::Cochlea;
use super::convolution::Convolution;
use super::elementwise::{affine, map, map2};
use super::hann_pool::HannPooling;
use super::kernels::matmul::Mask;
use super::pointwise::Pointwise;
use super::pooling::Pooling;
use crate::layers::{Flatten, Layer, probabilities};
use crate::{Error, Result};

/// A layer with its weights packed and its geometry worked out.
pub enum Operation {
    Clamp {
        low: f32,
        high: f32,
    },
    Affine {
        scale: Vec<f32>,
        offset: Vec<f32>,
    },
    Cochleagram(Box<Cochlea>),
    Pointwise(Pointwise),
    Convolution(Convolution),
    Rectifier {
        ceiling: f32,
    },
    Pooling(Pooling),
    HannPooling(HannPooling),
    GlobalAverage {
        plane: usize,
    },
    Add,
    Flatten,
    /// Channels last; the length of a plane.
    Transpose {
        plane: usize,
    },
    Softmax,
}

impl Operation {
    /// Prepares a layer for inputs and an output of the given item shapes.
    ///
    /// # Errors
    /// For the input, which is not an operation.
    pub fn pack(layer: &Layer, inputs: &[&[usize]], output: &[usize]) -> Result<Self> {
        let plane = |shape: &[usize]| [shape[1], shape[2]];
        Ok(match layer {
            Layer::Input => {
                return Err(Error::Internal("the input layer is never evaluated".into()));
            }
            Layer::Clamp(l) => Self::Clamp {
                low: l.low,
                high: l.high,
            },
            Layer::Affine(l) => Self::Affine {
                scale: l.scale.values()?,
                offset: l.offset.values()?,
            },
            Layer::BatchNorm(l) => {
                let (scale, variance) = (l.scale.values()?, l.variance.values()?);
                let root = |v: &f32| (f64::from(*v) + l.epsilon).sqrt();
                let factor: Vec<f64> = scale
                    .iter()
                    .zip(&variance)
                    .map(|(s, v)| f64::from(*s) / root(v))
                    .collect();
                let (shift, mean) = (l.shift.values()?, l.mean.values()?);
                let offset = factor.iter().zip(shift.iter().zip(&mean));
                let offset = offset
                    .map(|(f, (b, m))| (f64::from(*b) - f64::from(*m) * f) as f32)
                    .collect();
                Self::Affine {
                    scale: factor.into_iter().map(|f| f as f32).collect(),
                    offset,
                }
            }
            Layer::Cochleagram(l) => Self::Cochleagram(Box::new(Cochlea::plan(l))),
            Layer::Conv2d(l) if Pointwise::fits(l) => Self::Pointwise(Pointwise::from_conv(l)?),
            Layer::Conv2d(l) => {
                Self::Convolution(Convolution::pack(l, plane(inputs[0]), plane(output))?)
            }
            Layer::Linear(l) => Self::Pointwise(Pointwise::from_linear(l)?),
            Layer::Rectifier(l) => Self::Rectifier {
                ceiling: l.ceiling.unwrap_or(f32::INFINITY),
            },
            Layer::MaxPool(l) => {
                Self::Pooling(Pooling::max(l.window, plane(inputs[0]), plane(output)))
            }
            Layer::AveragePool(l) => Self::Pooling(Pooling::average(
                l.window,
                l.count_padding,
                plane(inputs[0]),
                plane(output),
            )),
            Layer::HannPool(l) => {
                Self::HannPooling(HannPooling::plan(l, plane(inputs[0]), plane(output)))
            }
            Layer::GlobalAverage(_) => Self::GlobalAverage {
                plane: inputs[0][1] * inputs[0][2],
            },
            Layer::Add(_) => Self::Add,
            Layer::Flatten(Flatten::ChannelLast) if inputs[0].len() == 3 => Self::Transpose {
                plane: inputs[0][1] * inputs[0][2],
            },
            Layer::Flatten(_) => Self::Flatten,
            Layer::Softmax(_) => Self::Softmax,
        })
    }

    /// Whether the rectifier that follows can be computed along with this operation.
    pub fn takes_rectifier(&self) -> bool {
        matches!(self, Self::Pointwise(_) | Self::Convolution(_))
    }

    /// Computes the output from the inputs; with a ceiling, that of the rectifier that follows.
    pub fn forward(
        &mut self,
        inputs: &[&[f32]],
        out: &mut [f32],
        ceiling: Option<f32>,
        scratch: &mut Vec<f32>,
    ) {
        let x = inputs[0];
        match self {
            Self::Clamp { low, high } => {
                let (low, high) = (*low, *high);
                map(x, out, |v| v.clamp(low, high));
            }
            Self::Affine { scale, offset } => affine(x, out, scale, offset),
            Self::Cochleagram(op) => op.forward(x, out),
            Self::Pointwise(op) => op.forward(x, out, ceiling),
            Self::Convolution(op) => op.forward(x, out, ceiling, scratch),
            Self::Rectifier { ceiling } => {
                let ceiling = *ceiling;
                map(x, out, |v| v.clamp(0.0, ceiling));
            }
            Self::Pooling(op) => op.forward(x, out),
            Self::HannPooling(op) => op.forward(x, out),
            Self::GlobalAverage { plane } => {
                for (o, x) in out.iter_mut().zip(x.chunks(*plane)) {
                    *o = x.iter().sum::<f32>() / *plane as f32;
                }
            }
            Self::Add => map2(x, inputs[1], out, |a, b| a + b),
            Self::Flatten => out.copy_from_slice(x),
            Self::Transpose { plane } => transpose(x, *plane, out),
            Self::Softmax => out
                .iter_mut()
                .zip(probabilities(x))
                .for_each(|(o, p)| *o = p as f32),
        }
    }

    /// Adds to each target the gradient with respect to that input; with a mask, the cotangent is that of the rectifier
    /// that follows.
    pub fn pullback(
        &mut self,
        inputs: &[&[f32]],
        output: &[f32],
        cotangent: &[f32],
        targets: &mut [Target],
        mask: Option<Mask<'_>>,
        scratch: &mut Vec<f32>,
    ) {
        match self {
            // 1 exactly at the bounds: see `layers::Clamp`.
            Self::Clamp { low, high } => {
                let (low, high) = (*low, *high);
                targets[0].accept(inputs[0], cotangent, |x, g| {
                    if x >= low && x <= high { g } else { 0.0 }
                });
            }
            Self::Affine { scale, .. } => {
                let plane = cotangent.len() / scale.len();
                let Target { buffer, add } = &mut targets[0];
                for (dx, (g, scale)) in buffer
                    .chunks_mut(plane)
                    .zip(cotangent.chunks(plane).zip(&*scale))
                {
                    dx.iter_mut()
                        .zip(g)
                        .for_each(|(d, g)| *d = if *add { *d + g * scale } else { g * scale });
                }
            }
            Self::Cochleagram(op) => op.pullback(cotangent, &mut targets[0]),
            Self::Pointwise(op) => op.pullback(cotangent, mask, &mut targets[0]),
            Self::Convolution(op) => op.pullback(cotangent, mask, &mut targets[0], scratch),
            Self::Rectifier { ceiling } => {
                let ceiling = *ceiling;
                targets[0].accept(output, cotangent, |y, g| {
                    if y > 0.0 && y < ceiling { g } else { 0.0 }
                });
            }
            Self::Pooling(op) => op.pullback(cotangent, &mut targets[0]),
            Self::HannPooling(op) => op.pullback(cotangent, &mut targets[0]),
            Self::GlobalAverage { plane } => {
                let target = &mut targets[0];
                for (dx, g) in target.buffer.chunks_mut(*plane).zip(cotangent) {
                    let share = g / *plane as f32;
                    dx.iter_mut()
                        .for_each(|d| *d = if target.add { *d + share } else { share });
                }
            }
            Self::Add | Self::Flatten => targets.iter_mut().for_each(|t| t.accept_whole(cotangent)),
            Self::Transpose { plane } => {
                scratch.resize(cotangent.len(), 0.0);
                transpose(cotangent, cotangent.len() / *plane, scratch);
                targets[0].accept_whole(scratch);
            }
            Self::Softmax => {
                let inner: f32 = output.iter().zip(cotangent).map(|(y, g)| y * g).sum();
                targets[0].accept(output, cotangent, |y, g| y * (g - inner));
            }
        }
    }
}

/// The transpose of rows of `width`.
fn transpose(rows: &[f32], width: usize, out: &mut [f32]) {
    let height = rows.len() / width;
    for (j, column) in out.chunks_mut(height).enumerate() {
        for (o, row) in column.iter_mut().zip(rows.chunks(width)) {
            *o = row[j];
        }
    }
}
