//! What is measured by name, and one step of it.

use super::networks;
use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::network::{Executor, Graph, Leak, NodeId, Tap, registry};
use metamer_studio::stimulus::random::{Purpose, Random};
use metamer_studio::synthesis::{Synthesis, recipe};
use std::sync::Arc;

/// Everything that can be measured.
pub const ALL: [&str; 11] = [
    "vgg19 conv1_2",
    "vgg19 conv3_4",
    "vgg19 conv5_4",
    "vgg19 fc8",
    "resnet50 layer4",
    "efficientnet-lite0 block15",
    "cochleagram cochleagram",
    "cochresnet50 layer4",
    "kell2018 relu4",
    "word-aliased logits",
    "word-reduced-aliasing logits",
];

/// A synthesis in the middle of its work.
pub struct Workload {
    executor: Cpu,
    synthesis: Synthesis,
}

impl Workload {
    /// Builds a network and starts a synthesis with Adam; `None` when the name is none of [`ALL`].
    pub fn new(name: &str, threads: usize, convolving: Convolving) -> Option<Self> {
        let (model, layer) = name.split_once(' ')?;
        let graph: Arc<Graph> = match model {
            "vgg19" => networks::vgg19(layer).into(),
            "resnet50" => networks::resnet50(false).into(),
            "cochresnet50" => networks::resnet50(true).into(),
            "kell2018" => networks::kell2018().into(),
            "cochleagram" => networks::cochleagram().into(),
            embedded => registry::load(embedded).ok()?.graph,
        };
        let node: NodeId = graph.find(layer).ok()?;
        let mut random = Random::new(3, Purpose::Start);
        let mut draw = || random.normals(graph.input_elements(), 0.5, 0.1);
        let (reference, start) = (draw(), draw());
        let mut executor = Cpu::new(graph.clone(), threads, convolving).ok()?;
        executor.forward(&reference, node).ok()?;
        let target = executor.activation(node).ok()?.into_owned();
        let tap = Tap {
            node,
            straight_through: true,
            leak: Leak::NONE,
        };
        let procedure = recipe::find("feather2019").ok()?.procedure;
        let synthesis = Synthesis::new(
            procedure,
            tap,
            target,
            start,
            &graph.node(NodeId::INPUT).shape,
            [0.0, 1.0],
        )
        .ok()?;
        Some(Self {
            executor,
            synthesis,
        })
    }

    /// Forward, loss, pullback, update.
    pub fn step(&mut self) {
        let report = self.synthesis.step(&mut self.executor);
        assert!(report.is_ok(), "{report:?}");
    }
}
