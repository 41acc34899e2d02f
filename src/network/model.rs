//! A model: a network with its labels, its input's range, its matchable layers and where it comes from.

use super::graph::{Graph, Leak, NodeId, Tap};
use crate::layers::Layer;
use crate::{Error, Result};
use std::sync::Arc;

/// What the network takes.
#[derive(Clone, Debug)]
pub struct Input {
    /// Item shape: `[3, 224, 224]` for a picture, `[40000]` for a sound at
    /// [`NETWORK_RATE`](crate::stimulus::excerpt::NETWORK_RATE).
    pub shape: Vec<usize>,
    /// Smallest and largest value of the stimulus.
    pub range: [f32; 2],
}

impl Input {
    /// Number of values.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the network hears rather than sees.
    pub fn is_sound(&self) -> bool {
        self.shape.len() == 1
    }
}

/// A network that is ready to be run, and everything a person needs to know about it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name used on the command line and in run folders.
    pub name: String,
    /// The name shown to people.
    pub title: String,
    /// One line: what it was trained on and where the weights come from.
    pub source: String,
    /// The layers.
    pub graph: Arc<Graph>,
    /// What it takes.
    pub input: Input,
    /// The layers that metamers are made for by default, in the network's order.
    pub metamer_layers: Vec<NodeId>,
    /// The layer whose largest entry is the predicted class; the deepest layer of a model without classes.
    pub logits: NodeId,
    /// Class names in the order of the logits; none for a model without classes.
    pub labels: Arc<[String]>,
    /// sha256 of the weight file, or of the computed filters of a model without one, in hexadecimal.
    pub weights_sha256: String,
}

impl Model {
    /// The layer called `name`, which must be one that a metamer can match (any but the input).
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn layer(&self, name: &str) -> Result<NodeId> {
        match self.graph.find(name)? {
            NodeId::INPUT => Err(Error::value(
                "layer",
                "the input itself cannot be matched; choose a layer after it",
            )),
            id => Ok(id),
        }
    }

    /// Layers from names separated by commas; `all` stands for the metamer layers.
    pub fn layers(&self, names: &str) -> Result<Vec<NodeId>> {
        let mut layers = Vec::new();
        for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let found = if name == "all" {
                self.metamer_layers.clone()
            } else {
                vec![self.layer(name)?]
            };
            layers.extend(
                found
                    .into_iter()
                    .filter(|id| !layers.contains(id))
                    .collect::<Vec<_>>(),
            );
        }
        if layers.is_empty() {
            return Err(Error::value("layer", "no layer was named"));
        }
        Ok(layers)
    }

    /// The layer at which a model that hears has its cochleagram.
    pub fn front_end(&self) -> Option<NodeId> {
        let node = self
            .graph
            .nodes()
            .iter()
            .find(|n| matches!(n.layer, Layer::Cochleagram(_)))?;
        self.graph.find(&node.name).ok()
    }

    /// Where the loss is taken for a metamer at `node`: straight through its rectifier, if it ends in one and the
    /// procedure asks for it.
    pub fn tap(&self, node: NodeId, straight_through: bool) -> Tap {
        let rectified = matches!(self.graph.node(node).layer, Layer::Rectifier(_));
        Tap {
            node,
            straight_through: straight_through && rectified,
            leak: Leak::NONE,
        }
    }

    /// The class name for an index, or its number.
    pub fn label(&self, class: usize) -> String {
        self.labels
            .get(class)
            .cloned()
            .unwrap_or_else(|| format!("class {class}"))
    }
}
