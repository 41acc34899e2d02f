//! A layer looked into: the activations of reference and metamer channel by channel, and how far apart they are in each.

use super::statistics::{Comparison, norms, spearman};
use crate::network::{Executor, Model, NodeId};
use crate::{Error, Result};
use std::sync::Arc;

/// Pairs that are kept for a scatter plot, at most; evenly spaced.
const PAIRS: usize = 4000;

/// How far apart reference and metamer are in one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelError {
    /// The channel's index.
    pub channel: usize,
    /// `‖metamer − reference‖ / ‖reference‖` over the channel; infinite where the reference is silent and the metamer is
    /// not. In a layer whose channels are single units, the difference over the root mean square of the layer's reference.
    pub relative_l2: f64,
    /// Spearman's rho over the channel; NaN where either is constant, as every single unit is.
    pub spearman: f64,
}

/// The activations of reference and metamer at one layer.
#[derive(Clone, Debug)]
pub struct Channels {
    /// The layer's name.
    pub layer: String,
    /// Its shape: `[channels, rows, columns]`, or `[units]`.
    pub shape: Vec<usize>,
    /// The reference's activations, in C order.
    pub reference: Arc<Vec<f32>>,
    /// The metamer's.
    pub metamer: Arc<Vec<f32>>,
    /// How alike they are over the whole layer.
    pub comparison: Comparison,
    /// Every channel, the largest error first; equal ones by index.
    pub errors: Vec<ChannelError>,
    /// The least and greatest finite activation of both.
    pub range: (f32, f32),
}

impl Channels {
    /// Runs both stimuli as far as `layer`.
    ///
    /// # Errors
    /// When the network cannot be run on them.
    pub fn examine(
        model: &Model,
        executor: &mut dyn Executor,
        layer: NodeId,
        reference: &[f32],
        metamer: &[f32],
    ) -> Result<Self> {
        let mut run = |input: &[f32]| -> Result<Vec<f32>> {
            executor.forward(input, layer)?;
            Ok(executor.activation(layer)?.into_owned())
        };
        let (reference, metamer) = (run(reference)?, run(metamer)?);
        let node = model.graph.node(layer);
        Self::compare(&node.name, &node.shape, reference, metamer)
    }

    /// Compares two activations of the same layer.
    ///
    /// # Errors
    /// When either is empty or not as long as the shape says.
    pub fn compare(
        layer: &str,
        shape: &[usize],
        reference: Vec<f32>,
        metamer: Vec<f32>,
    ) -> Result<Self> {
        let length = shape.iter().product::<usize>();
        for values in [&reference, &metamer] {
            if length == 0 || values.len() != length {
                return Err(Error::shape("activation", shape, &[values.len()]));
            }
        }
        let count = shape[0];
        let size = length / count;
        let whole = norms(&reference, &metamer)[0] / (length as f64).sqrt();
        let error = |channel: usize| {
            let part = channel * size..(channel + 1) * size;
            let (r, m) = (&reference[part.clone()], &metamer[part]);
            let [norm, difference] = norms(r, m);
            let against = if size == 1 { whole } else { norm };
            ChannelError {
                channel,
                // Nothing apart from nothing is no error.
                relative_l2: if difference == 0.0 {
                    0.0
                } else {
                    difference / against
                },
                spearman: spearman(r, m),
            }
        };
        let mut errors: Vec<ChannelError> = (0..count).map(error).collect();
        errors.sort_by(|a, b| b.relative_l2.total_cmp(&a.relative_l2));
        let finite = reference.iter().chain(&metamer).filter(|v| v.is_finite());
        let range = finite.fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        Ok(Self {
            layer: layer.to_owned(),
            shape: shape.to_vec(),
            comparison: Comparison::new(&reference, &metamer),
            reference: Arc::new(reference),
            metamer: Arc::new(metamer),
            errors,
            range: if range.0 <= range.1 {
                range
            } else {
                (0.0, 0.0)
            },
        })
    }

    /// Number of channels.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// Rows and columns of a channel; one by one where the channels are single units.
    pub fn map_size(&self) -> [usize; 2] {
        match self.shape[1..] {
            [] => [1, 1],
            [columns] => [1, columns],
            [rows, ref columns @ ..] => [rows, columns.iter().product()],
        }
    }

    /// Whether every channel is a single unit, so that there is no map of one.
    pub fn is_flat(&self) -> bool {
        self.map_size() == [1, 1]
    }

    /// The values of a channel in the reference and in the metamer, row by row; empty beyond the last channel.
    pub fn channel(&self, channel: usize) -> [&[f32]; 2] {
        let size = self.reference.len() / self.count();
        let part = channel * size..(channel + 1) * size;
        [&self.reference, &self.metamer].map(|all| all.get(part.clone()).unwrap_or_default())
    }

    /// The error of a channel with its place among all, counted from 0.
    pub fn error(&self, channel: usize) -> Option<(usize, &ChannelError)> {
        let at = self.errors.iter().position(|e| e.channel == channel)?;
        Some((at, &self.errors[at]))
    }

    /// Pairs (reference, metamer) of a channel, or of the whole layer; evenly spaced, 4000 at most.
    pub fn pairs(&self, channel: Option<usize>) -> Vec<[f32; 2]> {
        let [reference, metamer] = match channel {
            Some(channel) => self.channel(channel),
            None => [&self.reference[..], &self.metamer[..]],
        };
        let stride = reference.len().div_ceil(PAIRS).max(1);
        let both = reference.iter().zip(metamer).step_by(stride);
        both.map(|(r, m)| [*r, *m]).collect()
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        4 * (self.reference.len() + self.metamer.len())
            + self.errors.len() * size_of::<ChannelError>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Reference, registry};
    use crate::verify::verdict::{Criteria, verify};
    use candle_core::{DType, Device};

    #[test]
    fn channels_come_with_the_largest_error_first() {
        let reference = vec![
            1.0, 2.0, 3.0, 4.0, // halved in the metamer
            0.0, 0.0, 0.0, 0.0, // silent in both
            0.0, 0.0, 0.0, 0.0, // silent in the reference alone
            5.0, 1.0, 2.0, 2.0, // the same
        ];
        let mut metamer = reference.clone();
        metamer[..4].iter_mut().for_each(|v| *v /= 2.0);
        metamer[9] = 1.0;
        let found = Channels::compare("a", &[4, 2, 2], reference, metamer).unwrap();
        let order: Vec<usize> = found.errors.iter().map(|e| e.channel).collect();
        assert_eq!(order, [2, 0, 1, 3]);
        assert_eq!(found.errors[0].relative_l2, f64::INFINITY);
        assert!((found.errors[1].relative_l2 - 0.5).abs() < 1e-12);
        assert!((found.errors[1].spearman - 1.0).abs() < 1e-12);
        assert!(found.errors[2].spearman.is_nan());
        assert_eq!(
            (found.errors[2].relative_l2, found.range),
            (0.0, (0.0, 5.0))
        );
        assert_eq!(found.error(0), Some((1, &found.errors[1])));
        assert_eq!(found.error(4), None);
        assert_eq!(found.channel(0)[1], [0.5, 1.0, 1.5, 2.0]);
        assert!(found.channel(4)[0].is_empty());
        assert_eq!(found.pairs(Some(3))[0], [5.0, 5.0]);
        assert_eq!((found.pairs(None).len(), found.map_size()), (16, [2, 2]));
    }

    #[test]
    fn single_units_are_held_against_the_whole_layer() {
        let found = Channels::compare("v", &[2], vec![3.0, 4.0], vec![3.0, 4.5]).unwrap();
        let rms = (25.0f64 / 2.0).sqrt();
        assert!(found.is_flat());
        assert_eq!(found.errors[0].channel, 1);
        assert!((found.errors[0].relative_l2 - 0.5 / rms).abs() < 1e-12);
        assert!(Channels::compare("v", &[3], vec![0.0; 2], vec![0.0; 3]).is_err());
        assert!(Channels::compare("v", &[0], vec![], vec![]).is_err());
        let long = Channels::compare("v", &[9001], vec![1.0; 9001], vec![1.0; 9001]).unwrap();
        assert!(long.pairs(None).len() <= PAIRS && long.pairs(None).len() > PAIRS / 2);
    }

    #[test]
    fn a_layer_of_a_network_compares_as_its_verification_says() {
        let model = registry::load("efficientnet-lite0").unwrap();
        let mut executor = Reference::new(model.graph.clone(), Device::Cpu, DType::F32).unwrap();
        let wave = |k: f32| -> Vec<f32> {
            let n = model.input.elements();
            (0..n).map(|i| 0.5 + 0.5 * (i as f32 * k).sin()).collect()
        };
        let (a, b) = (wave(0.01), wave(0.013));
        let layer = model.layer("block5").unwrap();
        let found = Channels::examine(&model, &mut executor, layer, &a, &b).unwrap();
        let verified = verify(
            &model,
            &mut executor,
            layer,
            &a,
            &b,
            Criteria::Feather2019,
            None,
        )
        .unwrap();
        assert_eq!(found.comparison, verified.layers["block5"]["block5"]);
        assert_eq!(found.shape, model.graph.node(layer).shape);
        assert_eq!(found.errors.len(), found.shape[0]);
        let sorted = found.errors.windows(2);
        assert!(
            sorted
                .into_iter()
                .all(|w| w[0].relative_l2 >= w[1].relative_l2)
        );
    }
}
