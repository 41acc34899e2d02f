//! Networks that are one layer after another, put together from a list of steps: what the model card of an embedded
//! network and the configuration of a published one both come down to.

use super::Supply;
use crate::layers::{
    AveragePool, BatchNorm, Conv2d, Flatten, HannPool, Layer, Linear, MaxPool, Padding, Parameter,
    Rectifier, Window,
};
use crate::network::graph::{Graph, NodeId};
use crate::{Error, Result};
use serde::Deserialize;

/// One layer of a chain.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Step {
    /// The layer's name in the graph.
    pub name: String,
    /// Other names for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What its weights are called in the weight file, where that is not the layer's name.
    #[serde(default)]
    pub weights: Option<String>,
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a step does. Sizes and strides are height (frequency) and width (time).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Kind {
    /// A convolution; weights `kernel` `[out, in, height, width]` and `bias` `[out]`.
    Conv {
        /// Number of output channels.
        out_channels: usize,
        /// Size of the kernel.
        kernel: [usize; 2],
        /// Step of the kernel.
        stride: [usize; 2],
        /// What is added around the plane.
        padding: Rule,
        /// Distance between the taps of the kernel.
        #[serde(default = "undilated")]
        dilation: [usize; 2],
        /// Whether there is a bias.
        bias: bool,
    },
    /// ReLU.
    Relu,
    /// Pooling with a Hann window.
    HannPool {
        /// The window and how it slides.
        #[serde(flatten)]
        pool: Pool,
        /// Whether the root of the window is taken.
        #[serde(default)]
        square_root: bool,
        /// Whether the weights sum to one.
        normalise: bool,
    },
    /// Maximum.
    MaxPool(Pool),
    /// Mean; padding does not count.
    AveragePool(Pool),
    /// Batch normalisation; weights `weight`, `bias`, `running_mean`, `running_var`, `[channel]` each.
    BatchNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// The mean over the whole width: `[channel, height, width]` to `[channel, height, 1]`.
    MeanOverTime,
    /// All axes in one.
    Flatten {
        /// Whether channels vary fastest.
        channel_last: bool,
    },
    /// A matrix product; weights `kernel` `[out, in]` and `bias` `[out]`.
    Dense {
        /// Number of outputs.
        units: usize,
        /// Whether there is a bias.
        bias: bool,
    },
}

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Pool {
    /// Size of the window.
    pub size: [usize; 2],
    /// Step of the window.
    pub stride: [usize; 2],
    /// What is added around the plane.
    pub padding: Rule,
}

/// How much is added around a plane, in TensorFlow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// As much as makes as many outputs as strides fit; see [`Padding::same`].
    Same,
    /// Nothing.
    Valid,
    /// As much as `Same` does along the height, nothing along the width.
    ValidTime,
}

fn undilated() -> [usize; 2] {
    [1, 1]
}

impl Rule {
    /// The window of a kernel that slides over a plane of `size`.
    fn window(self, size: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Result<Window> {
        if kernel.contains(&0) || stride.contains(&0) {
            return Err(Error::value(
                "window",
                "kernel and stride must be at least 1",
            ));
        }
        let padding = match self {
            Self::Same => Padding::same(size, kernel, stride),
            Self::Valid => Padding::default(),
            Self::ValidTime => Padding {
                left: 0,
                right: 0,
                ..Padding::same(size, kernel, stride)
            },
        };
        Ok(Window {
            kernel,
            stride,
            padding,
        })
    }
}

impl Pool {
    fn window(self, size: [usize; 2]) -> Result<Window> {
        self.padding.window(size, self.size, self.stride)
    }
}

/// Adds a chain of layers to a graph, after `from`; gives the last.
///
/// # Errors
/// When a weight is missing or has another shape than its step asks for, or a step cannot take what the one before it
/// gives; the error names the layer.
pub fn extend(
    graph: &mut Graph,
    from: NodeId,
    steps: &[Step],
    weights: &mut dyn Supply,
) -> Result<NodeId> {
    let mut at = from;
    for step in steps {
        let input = graph.node(at).shape.clone();
        let layer = layer(step, &input, weights)
            .map_err(|e| Error::value(format!("layer '{}'", step.name), e.to_string()))?;
        at = graph.add(&step.name, layer, &[at])?;
        for alias in &step.aliases {
            graph.alias(at, alias);
        }
    }
    Ok(at)
}

fn layer(step: &Step, input: &[usize], weights: &mut dyn Supply) -> Result<Layer> {
    let stored = step.weights.as_ref().unwrap_or(&step.name);
    let mut take = |what: &str, shape: &[usize]| weights.take(&format!("{stored}/{what}"), shape);
    let plane = || match *input {
        [c, h, w] => Ok((c, [h, w])),
        _ => Err(Error::value(
            "input",
            format!("needs three axes (channel, height, width), found {input:?}"),
        )),
    };
    Ok(match &step.kind {
        Kind::Conv {
            out_channels,
            kernel,
            stride,
            padding,
            dilation,
            bias,
        } => {
            let (channels, size) = plane()?;
            let weight = take("kernel", &[*out_channels, channels, kernel[0], kernel[1]])?;
            let weight = spread(weight, *dilation)?;
            let bias = bias.then(|| take("bias", &[*out_channels])).transpose()?;
            let kernel = [weight.shape()[2], weight.shape()[3]];
            let window = padding.window(size, kernel, *stride)?;
            Layer::Conv2d(Conv2d::new(weight, bias, window, 1)?)
        }
        Kind::Relu => Layer::Rectifier(Rectifier::RELU),
        Kind::HannPool {
            pool,
            square_root,
            normalise,
        } => {
            let window = pool.window(plane()?.1)?;
            Layer::HannPool(HannPool::new(window, *square_root, *normalise)?)
        }
        Kind::MaxPool(pool) => Layer::MaxPool(MaxPool {
            window: pool.window(plane()?.1)?,
        }),
        Kind::AveragePool(pool) => Layer::AveragePool(AveragePool {
            window: pool.window(plane()?.1)?,
            count_padding: false,
        }),
        Kind::BatchNorm { epsilon } => {
            let channels = &input[..1];
            Layer::BatchNorm(BatchNorm {
                scale: take("weight", channels)?,
                shift: take("bias", channels)?,
                mean: take("running_mean", channels)?,
                variance: take("running_var", channels)?,
                epsilon: *epsilon,
            })
        }
        Kind::MeanOverTime => {
            let width = plane()?.1[1];
            Layer::AveragePool(AveragePool {
                window: Rule::Valid.window([1, width], [1, width], [1, 1])?,
                count_padding: false,
            })
        }
        Kind::Flatten { channel_last } => Layer::Flatten(if *channel_last {
            Flatten::ChannelLast
        } else {
            Flatten::ChannelFirst
        }),
        Kind::Dense { units, bias } => {
            let features: usize = input.iter().product();
            Layer::Linear(Linear {
                weight: take("kernel", &[*units, features])?,
                bias: if *bias {
                    take("bias", &[*units])?
                } else {
                    Parameter::new(&[*units], vec![0.0; *units])?
                },
            })
        }
    })
}

/// A dilated kernel as the larger ordinary one that it is, with zeros between its taps. No published network has one, so
/// that the products with zero are a fair price for executors that know nothing of dilation.
fn spread(weight: Parameter, dilation: [usize; 2]) -> Result<Parameter> {
    if dilation == [1, 1] {
        return Ok(weight);
    }
    let &[out, channels, h, w] = weight.shape() else {
        return Err(Error::Internal("a kernel without four axes".into()));
    };
    if dilation.contains(&0) || dilation.iter().any(|d| *d > 4096) {
        return Err(Error::value("dilation", "must be from 1 to 4096"));
    }
    let size = |n: usize, d: usize| n.saturating_sub(1) * d + 1;
    let [tall, wide] = [size(h, dilation[0]), size(w, dilation[1])];
    let mut spread = vec![0.0; out * channels * tall * wide];
    for (i, value) in weight.values()?.into_iter().enumerate() {
        let (plane, row, column) = (i / (h * w), i / w % h, i % w);
        spread[(plane * tall + row * dilation[0]) * wide + column * dilation[1]] = value;
    }
    Parameter::new(&[out, channels, tall, wide], spread)
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::*;
    use crate::formats::Array;
    use crate::formats::safetensors::Tensors;

    fn steps(text: &str) -> Vec<Step> {
        serde_json::from_str(text).unwrap()
    }

    fn weights(named: &[(&str, &[usize])]) -> Weights {
        let mut tensors = Tensors::default();
        for (name, shape) in named {
            let values = vec![1.0; shape.iter().product()];
            let array = Array::new(shape.to_vec(), values).unwrap();
            tensors.arrays.insert((*name).into(), array);
        }
        Weights::new(tensors, "test")
    }

    const CHAIN: &str = r#"[
        {"op": "conv", "name": "a", "weights": "first", "out_channels": 3, "kernel": [3, 2], "stride": [2, 1], "padding": "same", "bias": true},
        {"op": "relu", "name": "b", "aliases": ["a_relu"]},
        {"op": "hann_pool", "name": "c", "size": [3, 3], "stride": [2, 2], "padding": "same", "normalise": true},
        {"op": "mean_over_time", "name": "d"},
        {"op": "flatten", "name": "e", "channel_last": true},
        {"op": "dense", "name": "f", "units": 4, "bias": false}
    ]"#;

    #[test]
    fn a_chain_takes_its_shapes_from_what_comes_before() {
        let mut graph = Graph::new(&[2, 9, 5]);
        let mut weights = weights(&[
            ("first/kernel", &[3, 2, 3, 2]),
            ("first/bias", &[3]),
            ("f/kernel", &[4, 9]),
        ]);
        let last = extend(&mut graph, NodeId::INPUT, &steps(CHAIN), &mut weights).unwrap();
        let shapes: Vec<&[usize]> = graph.nodes().iter().map(|n| &n.shape[..]).collect();
        assert_eq!(
            shapes,
            [
                &[2, 9, 5][..],
                &[3, 5, 5],
                &[3, 5, 5],
                &[3, 3, 3],
                &[3, 3, 1],
                &[9],
                &[4]
            ]
        );
        assert_eq!(graph.node(last).name, "f");
        assert_eq!(graph.find("a_relu").unwrap(), graph.find("b").unwrap());
        assert_eq!(weights.left_over().count(), 0);
    }

    #[test]
    fn a_dilated_kernel_has_zeros_between_its_taps() {
        let kernel = Parameter::new(&[1, 1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let spread = spread(kernel, [3, 2]).unwrap();
        assert_eq!(spread.shape(), [1, 1, 4, 5]);
        let values = spread.values().unwrap();
        assert_eq!(values[..5], [1.0, 0.0, 2.0, 0.0, 3.0]);
        assert_eq!(values[5..15], [0.0; 10]);
        assert_eq!(values[15..], [4.0, 0.0, 5.0, 0.0, 6.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let mut graph = Graph::new(&[2, 9, 5]);
        let error = extend(&mut graph, NodeId::INPUT, &steps(CHAIN), &mut weights(&[]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("layer 'a'") && error.contains("first/kernel"),
            "{error}"
        );
        let dense = r#"[{"op": "relu", "name": "r"}, {"op": "flatten", "name": "f", "channel_last": false},
            {"op": "mean_over_time", "name": "m"}]"#;
        let mut graph = Graph::new(&[2, 9, 5]);
        let error =
            extend(&mut graph, NodeId::INPUT, &steps(dense), &mut weights(&[])).unwrap_err();
        assert!(error.to_string().contains("layer 'm'"), "{error}");
    }
}
