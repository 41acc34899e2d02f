//! The embedded word networks: a cochleagram of two seconds of sound, convolutions, and one score for each word.

use super::front_end::front_end;
use super::{Weights, chain};
use crate::layers::FrontEnd;
use crate::network::graph::{Graph, NodeId};
use crate::{Error, Result};
use serde::Deserialize;

/// What the model card says about a network that is needed to build it; the rest is for people.
#[derive(Debug, Deserialize)]
pub struct Card {
    /// The classes in the order of the logits.
    pub words: Vec<String>,
    /// The layers after the cochleagram.
    pub layers: Vec<chain::Step>,
    /// The layers that metamers are made for, in order.
    pub metamer_layers: Vec<String>,
}

impl Card {
    /// Reads a model card.
    ///
    /// # Errors
    /// When the text is not a card; the error says where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| format!("Not a readable model card: {e}"))
    }
}

/// The parts of a network that a model needs to know by place.
pub struct Built {
    /// The layers.
    pub graph: Graph,
    /// In the card's order.
    pub metamer_layers: Vec<NodeId>,
    /// The word scores.
    pub logits: NodeId,
}

/// Builds a word network on the 2019 front end.
///
/// # Errors
/// When a weight is missing or does not fit, or the card names a layer that is not there.
pub fn word_network(card: &Card, weights: &mut Weights) -> Result<Built> {
    let (mut graph, cochleagram, _) = front_end(FrontEnd::FEATHER2019)?;
    let logits = chain::extend(&mut graph, cochleagram, &card.layers, weights)?;
    if graph.node(logits).shape != [card.words.len()] {
        return Err(Error::shape(
            "the last layer against the card's words",
            &[card.words.len()],
            &graph.node(logits).shape,
        ));
    }
    let metamer_layers = card
        .metamer_layers
        .iter()
        .map(|name| graph.find(name))
        .collect::<Result<_>>()?;
    Ok(Built {
        graph,
        metamer_layers,
        logits,
    })
}
