//! The graph of named layers. Nodes stand in an order in which every node comes after its inputs.

use crate::layers::Layer;
use crate::{Error, Result};

/// The place of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// The input of every graph.
    pub const INPUT: Self = Self(0);

    /// The position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// A layer with a name, and where its inputs come from.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique in the graph; what people pick a layer by.
    pub name: String,
    /// Other names by which papers or code call it.
    pub aliases: Vec<String>,
    /// What is computed.
    pub layer: Layer,
    /// The nodes it is computed from.
    pub inputs: Vec<NodeId>,
    /// The item shape of its output, without the batch axis.
    pub shape: Vec<usize>,
}

impl Node {
    /// Number of values in the output.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Where the loss is taken, and how its gradient passes rectifiers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// The matched node.
    pub node: NodeId,
    /// Whether the gradient passes the node's own rectifier unchanged (the papers' "jittered" or "fake" ReLU). The
    /// forward value is the ordinary one, and rectifiers before it keep their ordinary gradient. Without effect on a
    /// node that is no rectifier.
    pub straight_through: bool,
    /// What every other rectifier lets through where it is shut. The forward values are the ordinary ones.
    pub leak: Leak,
}

/// The share of a gradient that rectifiers let through where they are shut: the more, the nearer they are to the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leak {
    /// The share that the first lets through.
    pub first: f32,
    /// That which comes `n`-th lets through `first` / n^`falloff`.
    pub falloff: f32,
}

impl Leak {
    /// Nothing passes: the gradient itself.
    pub const NONE: Self = Self::even(0.0);

    /// The same share at all of them.
    pub const fn even(first: f32) -> Self {
        Self {
            first,
            falloff: 0.0,
        }
    }

    /// The share at a rectifier of this rank (see [`Graph::rectifier_ranks`]).
    pub fn at(self, rank: u32) -> f32 {
        self.first * (rank as f32).powf(-self.falloff)
    }
}

/// A network: named layers from one input.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph with nothing but an input of item shape `shape`.
    pub fn new(shape: &[usize]) -> Self {
        let input = Node {
            name: "input".into(),
            aliases: vec![],
            layer: Layer::Input,
            inputs: vec![],
            shape: shape.to_vec(),
        };
        Self { nodes: vec![input] }
    }

    /// Adds a layer; its shape is worked out and checked here, so that a finished graph always fits together.
    ///
    /// # Errors
    /// When the name is taken or the layer cannot take inputs of these shapes; the error names the layer.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        layer: Layer,
        inputs: &[NodeId],
    ) -> Result<NodeId> {
        let name = name.into();
        if self
            .nodes
            .iter()
            .any(|n| n.name == name || n.aliases.contains(&name))
        {
            return Err(Error::Internal(format!("two layers are called '{name}'")));
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(|i| &self.nodes[i.0].shape[..]).collect();
        let shape = layer
            .behaviour()?
            .output_shape(&shapes)
            .map_err(|e| Error::value(format!("layer '{name}'"), e.to_string()))?;
        self.nodes.push(Node {
            name,
            aliases: vec![],
            layer,
            inputs: inputs.to_vec(),
            shape,
        });
        Ok(NodeId(self.nodes.len() - 1))
    }

    /// Gives a node another name by which it can be asked for.
    pub fn alias(&mut self, node: NodeId, alias: impl Into<String>) {
        self.nodes[node.0].aliases.push(alias.into());
    }

    /// All nodes, every one after its inputs.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The places of all nodes but the input, in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..self.nodes.len()).map(NodeId)
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// Number of values in the input.
    pub fn input_elements(&self) -> usize {
        self.nodes[0].elements()
    }

    /// The node called `name`, by its own name or any alias.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(&self, name: &str) -> Result<NodeId> {
        let found = self
            .nodes
            .iter()
            .position(|n| n.name == name || n.aliases.iter().any(|a| a == name));
        found.map(NodeId).ok_or_else(|| {
            let known = self.nodes[1..]
                .iter()
                .flat_map(|n| std::iter::once(&n.name).chain(&n.aliases));
            Error::unknown("layer", name, known.map(String::as_str))
        })
    }

    /// What has to be computed for `node`: itself and everything it depends on, in order, without the input.
    pub fn path_to(&self, node: NodeId) -> Vec<NodeId> {
        let mut needed = vec![false; self.nodes.len()];
        needed[node.0] = true;
        for i in (0..=node.0).rev() {
            if needed[i] {
                self.nodes[i]
                    .inputs
                    .iter()
                    .for_each(|input| needed[input.0] = true);
            }
        }
        (1..=node.0).filter(|i| needed[*i]).map(NodeId).collect()
    }

    /// For every node, how many rectifiers there are on the way from the input to it, itself among them, where there are
    /// most: 1 for the first rectifier. Folding batch norms changes none.
    pub fn rectifier_ranks(&self) -> Vec<u32> {
        let mut ranks: Vec<u32> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before = node.inputs.iter().map(|i| ranks[i.0]).max().unwrap_or(0);
            ranks.push(before + u32::from(matches!(node.layer, Layer::Rectifier(_))));
        }
        ranks
    }

    /// The same network with every batch norm that directly follows a convolution folded into it. Where the
    /// convolution's own output is used elsewhere too, the pair is left as it is.
    pub fn folded(&self) -> Result<Self> {
        let mut uses = vec![0; self.nodes.len()];
        self.nodes
            .iter()
            .flat_map(|n| &n.inputs)
            .for_each(|i| uses[i.0] += 1);
        let absorbed = |node: &Node| match (&node.layer, node.inputs.as_slice()) {
            (Layer::BatchNorm(norm), [input]) if uses[input.0] == 1 => {
                match &self.nodes[input.0].layer {
                    Layer::Conv2d(conv) => Some((input.0, norm.fold_into(conv))),
                    _ => None,
                }
            }
            _ => None,
        };
        let gone: Vec<usize> = self
            .nodes
            .iter()
            .filter_map(|n| absorbed(n).map(|(conv, _)| conv))
            .collect();
        let mut graph = Self {
            nodes: vec![self.nodes[0].clone()],
        };
        let mut place = vec![NodeId::INPUT; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            if gone.contains(&i) {
                continue;
            }
            let mut node = node.clone();
            if let Some((conv, folded)) = absorbed(&node) {
                node.layer = Layer::Conv2d(folded?);
                node.inputs = self.nodes[conv].inputs.clone();
            }
            node.inputs
                .iter_mut()
                .for_each(|input| *input = place[input.0]);
            place[i] = NodeId(graph.nodes.len());
            graph.nodes.push(node);
        }
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Add, Flatten, Rectifier};

    fn diamond() -> (Graph, [NodeId; 4]) {
        let mut g = Graph::new(&[2, 3]);
        let a = g
            .add("a", Layer::Rectifier(Rectifier::RELU), &[NodeId::INPUT])
            .unwrap();
        let side = g
            .add(
                "side",
                Layer::Flatten(Flatten::ChannelFirst),
                &[NodeId::INPUT],
            )
            .unwrap();
        let sum = g.add("sum", Layer::Add(Add), &[a, NodeId::INPUT]).unwrap();
        let end = g
            .add("end", Layer::Flatten(Flatten::ChannelFirst), &[sum])
            .unwrap();
        (g, [a, side, sum, end])
    }

    #[test]
    fn only_what_a_layer_depends_on_is_on_its_path() {
        let (g, [a, side, sum, end]) = diamond();
        assert_eq!(g.path_to(sum), [a, sum]);
        assert_eq!(g.path_to(end), [a, sum, end]);
        assert_eq!(g.path_to(side), [side]);
    }

    #[test]
    fn rectifiers_are_counted_where_there_are_most() {
        let (mut g, [a, side, sum, end]) = diamond();
        let relu = Layer::Rectifier(Rectifier::RELU6);
        let last = g.add("last", relu, &[sum]).unwrap();
        let ranks = g.rectifier_ranks();
        let of = |id: NodeId| ranks[id.index()];
        assert_eq!([of(NodeId::INPUT), of(side)], [0, 0]);
        assert_eq!([of(a), of(sum), of(end), of(last)], [1, 1, 1, 2]);
    }

    #[test]
    fn a_leak_falls_off_from_rectifier_to_rectifier() {
        let falling = Leak {
            first: 0.5,
            falloff: 0.5,
        };
        assert_eq!([falling.at(1), falling.at(4)], [0.5, 0.25]);
        assert_eq!([Leak::even(0.1).at(1), Leak::even(0.1).at(7)], [0.1; 2]);
        assert_eq!(Leak::NONE.at(3), 0.0);
    }

    #[test]
    fn names_are_unique_found_by_alias_and_suggested() {
        let (mut g, [a, ..]) = diamond();
        assert!(
            g.add("a", Layer::Flatten(Flatten::ChannelFirst), &[a])
                .is_err()
        );
        g.alias(a, "first_relu");
        assert_eq!(g.find("first_relu").unwrap(), a);
        assert!(
            g.find("first_rellu")
                .unwrap_err()
                .to_string()
                .contains("did you mean 'first_relu'")
        );
    }

    #[test]
    fn a_layer_that_does_not_fit_is_refused_by_name() {
        let (mut g, [_, side, sum, _]) = diamond();
        let e = g
            .add("bad", Layer::Add(Add), &[side, sum])
            .unwrap_err()
            .to_string();
        assert!(
            e.contains("bad") && e.contains("[6]") && e.contains("[2, 3]"),
            "{e}"
        );
    }
}
