//! The reference executor: the layers' own definitions on candle tensors, any device, `f32` or `f64`.

use super::executor::{Executor, check_batch};
use super::graph::{Graph, NodeId, Tap};
use crate::layers::Layer;
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use std::borrow::Cow;
use std::sync::Arc;

/// Runs a graph exactly as its layers are written down.
pub struct Reference {
    graph: Arc<Graph>,
    /// The layers with their parameters on `device` in `dtype`.
    layers: Vec<Layer>,
    device: Device,
    dtype: DType,
    values: Vec<Option<Tensor>>,
    /// See [`Graph::rectifier_ranks`].
    ranks: Vec<u32>,
}

impl Reference {
    /// An executor for `graph` on a device, computing in `dtype` (`F32` or `F64`).
    ///
    /// # Errors
    /// When the device cannot hold the parameters.
    pub fn new(graph: Arc<Graph>, device: Device, dtype: DType) -> Result<Self> {
        let layers = graph
            .nodes()
            .iter()
            .map(|n| n.layer.to(&device, dtype))
            .collect::<Result<_>>()?;
        let values = vec![None; graph.nodes().len()];
        Ok(Self {
            ranks: graph.rectifier_ranks(),
            graph,
            layers,
            device,
            dtype,
            values,
        })
    }

    /// Where the tensors are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The output of `until` for a batch `[batch, …]`, remembered for [`Self::pullback_tensor`].
    pub fn forward_tensor(&mut self, input: &Tensor, until: NodeId) -> Result<Tensor> {
        self.values.fill(None);
        self.values[0] = Some(input.to_device(&self.device)?.to_dtype(self.dtype)?);
        for id in self.graph.path_to(until) {
            let inputs = self.inputs_of(id)?;
            let value = self.layers[id.index()]
                .behaviour()?
                .forward(&inputs.iter().collect::<Vec<_>>())?;
            self.values[id.index()] = Some(value);
        }
        self.value(until).cloned()
    }

    /// The gradient with respect to the input batch.
    pub fn pullback_tensor(&self, tap: Tap, cotangent: &Tensor) -> Result<Tensor> {
        let mut cotangents: Vec<Option<Tensor>> = vec![None; self.layers.len()];
        cotangents[tap.node.index()] =
            Some(cotangent.to_device(&self.device)?.to_dtype(self.dtype)?);
        for id in self.graph.path_to(tap.node).into_iter().rev() {
            let Some(cotangent) = cotangents[id.index()].take() else {
                continue;
            };
            let inputs = self.inputs_of(id)?;
            let layer = &self.layers[id.index()];
            let gradients = match layer {
                Layer::Rectifier(_) if tap.straight_through && id == tap.node => vec![cotangent],
                Layer::Rectifier(r) => {
                    let leak = tap.leak.at(self.ranks[id.index()]);
                    vec![r.leaky_pullback(self.value(id)?, &cotangent, leak)?]
                }
                _ => layer.behaviour()?.pullback(
                    &inputs.iter().collect::<Vec<_>>(),
                    self.value(id)?,
                    &cotangent,
                )?,
            };
            for (input, gradient) in self.graph.node(id).inputs.iter().zip(gradients) {
                let sum = &mut cotangents[input.index()];
                *sum = Some(match sum.take() {
                    Some(other) => (other + gradient)?,
                    None => gradient,
                });
            }
        }
        cotangents[0]
            .take()
            .ok_or_else(|| Error::Internal("the tapped layer does not depend on the input".into()))
    }

    fn value(&self, id: NodeId) -> Result<&Tensor> {
        self.values[id.index()].as_ref().ok_or_else(|| {
            Error::Internal(format!(
                "layer '{}' has not been computed",
                self.graph.node(id).name
            ))
        })
    }

    fn inputs_of(&self, id: NodeId) -> Result<Vec<Tensor>> {
        self.graph
            .node(id)
            .inputs
            .iter()
            .map(|i| self.value(*i).cloned())
            .collect()
    }

    /// Values as a batch of one, on the device.
    ///
    /// # Errors
    /// When there are not as many as the node has.
    pub fn item_tensor(&self, values: &[f32], node: NodeId, what: &str) -> Result<Tensor> {
        Ok(self.one_item(values, node, what)?.to_device(&self.device)?)
    }

    fn one_item(&self, values: &[f32], node: NodeId, what: &str) -> Result<Tensor> {
        let shape = &self.graph.node(node).shape;
        if values.len() != shape.iter().product::<usize>() {
            return Err(Error::shape(what, shape, &[values.len()]));
        }
        let shape: Vec<usize> = std::iter::once(1).chain(shape.iter().copied()).collect();
        Ok(Tensor::from_slice(values, shape, &Device::Cpu)?)
    }
}

impl Executor for Reference {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn name(&self) -> &'static str {
        "reference"
    }

    fn resident(&mut self) -> Option<&mut Reference> {
        Some(self)
    }

    /// One: a batch of tensors would round differently from an item alone.
    fn most_items(&self) -> usize {
        1
    }

    fn forward_batch(&mut self, inputs: &[&[f32]], untils: &[NodeId]) -> Result<()> {
        check_batch(inputs.len(), untils.len(), self.most_items())?;
        let input = self.one_item(inputs[0], NodeId::INPUT, "network input")?;
        self.forward_tensor(&input, untils[0]).map(|_| ())
    }

    fn activation_of(&self, item: usize, node: NodeId) -> Result<Cow<'_, [f32]>> {
        if item > 0 {
            return Err(Error::Internal(format!("there is no item {item}")));
        }
        Ok(Cow::Owned(
            self.value(node)?
                .to_dtype(DType::F32)?
                .flatten_all()?
                .to_vec1()?,
        ))
    }

    fn pullback_batch(
        &mut self,
        taps: &[Tap],
        cotangents: &[&[f32]],
        gradients: &mut [&mut [f32]],
    ) -> Result<()> {
        let ([tap], [cotangent], [gradient]) = (taps, cotangents, gradients) else {
            return Err(Error::shape("taps of a batch", &[1], &[taps.len()]));
        };
        let cotangent = self.one_item(cotangent, tap.node, "loss gradient")?;
        let g: Vec<f32> = self
            .pullback_tensor(*tap, &cotangent)?
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1()?;
        if g.len() != gradient.len() {
            return Err(Error::shape(
                "input gradient",
                &[g.len()],
                &[gradient.len()],
            ));
        }
        gradient.copy_from_slice(&g);
        Ok(())
    }
}
