//! A network is a graph of named, frozen layers; a model is a network with labels, an input range and a place of origin.

pub mod architectures;
pub mod executor;
pub mod graph;
pub mod imported;
pub mod model;
pub mod reference;
pub mod registry;

pub use executor::Executor;
pub use graph::{Graph, Leak, Node, NodeId, Tap};
pub use model::{Input, Model};
pub use reference::Reference;
