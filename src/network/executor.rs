//! The interface behind which networks are run.

use super::graph::{Graph, Leak, NodeId, Tap};
use super::reference::Reference;
use crate::{Error, Result};
use std::borrow::Cow;
use std::sync::Arc;

/// More items at once are a slip of the keyboard: each takes as much memory as a run alone, the weights excepted.
pub const MOST_ITEMS: usize = 64;

/// Runs a graph forward, only as far as asked, and carries a gradient back to the input.
///
/// Several items can be run as one batch, each to a node of its own. An item's results do not depend on its company.
/// Values cross this interface as plain `f32` in C order, a slice an item, whatever happens behind it.
pub trait Executor: Send {
    /// The network that is run.
    fn graph(&self) -> &Graph;

    /// "cpu", "reference"…
    fn name(&self) -> &'static str;

    /// The threads that it computes with, for what else a step does; none where it computes elsewhere.
    fn threads(&self) -> Option<Arc<rayon::ThreadPool>> {
        None
    }

    /// The executor as one of tensors, which stay on its device while several steps are made: a graphics card is idle
    /// whenever it is waited for.
    fn resident(&mut self) -> Option<&mut Reference> {
        None
    }

    /// How many items one pass takes, at most [`MOST_ITEMS`].
    fn most_items(&self) -> usize;

    /// Computes everything that each item's own node depends on, and remembers what a pullback needs.
    ///
    /// # Errors
    /// When there are not as many inputs as nodes, no item or too many, or an input has the wrong number of values.
    fn forward_batch(&mut self, inputs: &[&[f32]], untils: &[NodeId]) -> Result<()>;

    /// Has these nodes' outputs stay after the forward passes to come that compute them, whatever those are asked for. An
    /// executor that keeps everything has nothing to do.
    fn keep(&mut self, nodes: &[NodeId]) {
        let _ = nodes;
    }

    /// The output of a node that the last forward pass computed for an item.
    ///
    /// # Errors
    /// When it did not, or did not keep it. Sure to be there is only what was ever asked for, by a forward pass or by
    /// [`Self::keep`]: an executor may use memory again once nobody reads it, and may compute a convolution together with
    /// the sum and the rectifier that alone read it.
    fn activation_of(&self, item: usize, node: NodeId) -> Result<Cow<'_, [f32]>>;

    /// The gradients with respect to the inputs of the last forward pass's items, given the gradient of each item's loss
    /// with respect to the output at its own tap: the node that the item asked for, or one before it. Going back, an item
    /// joins in where its tap is reached.
    ///
    /// # Errors
    /// When a node was not computed, a length is wrong, or the taps' leaks differ.
    fn pullback_batch(
        &mut self,
        taps: &[Tap],
        cotangents: &[&[f32]],
        gradients: &mut [&mut [f32]],
    ) -> Result<()>;

    /// [`Self::forward_batch`] of one item.
    ///
    /// # Errors
    /// When the input has the wrong number of values.
    fn forward(&mut self, input: &[f32], until: NodeId) -> Result<()> {
        self.forward_batch(&[input], &[until])
    }

    /// [`Self::activation_of`] the first item.
    ///
    /// # Errors
    /// When the last forward pass did not compute it.
    fn activation(&self, node: NodeId) -> Result<Cow<'_, [f32]>> {
        self.activation_of(0, node)
    }

    /// [`Self::pullback_batch`] of one item.
    ///
    /// # Errors
    /// When the node was not computed, or a length is wrong.
    fn pullback(&mut self, tap: Tap, cotangent: &[f32], gradient: &mut [f32]) -> Result<()> {
        self.pullback_batch(&[tap], &[cotangent], &mut [gradient])
    }
}

/// Does something with an executor on the executor's own threads.
pub fn on_threads_of<R: Send>(
    executor: &mut dyn Executor,
    work: impl FnOnce(&mut dyn Executor) -> R + Send,
) -> R {
    match executor.threads() {
        Some(threads) => threads.install(|| work(executor)),
        None => work(executor),
    }
}

/// The leak of a batch's taps.
///
/// # Errors
/// When they have not the same.
pub fn common_leak(taps: &[Tap]) -> Result<Leak> {
    let leak = taps.first().map_or(Leak::NONE, |t| t.leak);
    match taps.iter().find(|t| t.leak != leak) {
        None => Ok(leak),
        Some(other) => Err(Error::Internal(format!(
            "gradients that leak through rectifiers by {leak:?} and by {:?} cannot go back together",
            other.leak
        ))),
    }
}

/// Requires a batch of one to `most` items, each with a node.
///
/// # Errors
/// When it is not.
pub fn check_batch(inputs: usize, nodes: usize, most: usize) -> Result<()> {
    if inputs != nodes || inputs == 0 {
        return Err(Error::shape("batch", &[nodes.max(1)], &[inputs]));
    }
    if inputs > most {
        return Err(Error::value(
            "batch",
            format!("this device takes at most {most} at once, found {inputs}"),
        ));
    }
    Ok(())
}
