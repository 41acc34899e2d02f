//! A cochleagram on its own, as a network of one layer: what can be inverted, and what the word networks begin with.

use crate::Result;
use crate::layers::{Cochleagram, FrontEnd, Layer};
use crate::network::graph::{Graph, NodeId};

/// Length of the sounds that the networks hear: two seconds at 20 kHz.
pub const SAMPLES: usize = 40_000;

/// The graph `[40000]` → `cochleagram`, its one layer, and a text of the filters' bytes to know them by.
///
/// # Errors
/// When the front end's parameters are out of bounds.
pub fn front_end(parameters: FrontEnd) -> Result<(Graph, NodeId, Vec<u8>)> {
    front_end_of(parameters, SAMPLES)
}

/// As [`front_end`], for sounds of another length.
///
/// # Errors
/// When the front end's parameters or the length are out of bounds.
pub fn front_end_of(parameters: FrontEnd, samples: usize) -> Result<(Graph, NodeId, Vec<u8>)> {
    let layer = Cochleagram::new(parameters, samples)?;
    let numbers = layer
        .bands()
        .iter()
        .flat_map(|b| &b.gains)
        .chain(layer.taps());
    let bytes = numbers.flat_map(|v| v.to_le_bytes()).collect();
    let mut graph = Graph::new(&[samples]);
    let node = graph.add("cochleagram", Layer::Cochleagram(layer), &[NodeId::INPUT])?;
    // What the 2019 and the 2023 code call it.
    graph.alias(node, "visualization_input");
    graph.alias(node, "input_after_preproc");
    Ok((graph, node, bytes))
}
