//! The interface behind which networks are run.

use super::graph::{Graph, NodeId, Tap};
use crate::Result;
use std::borrow::Cow;

/// Runs a graph forward, only as far as asked, and carries a gradient back to the input.
///
/// Values cross this interface as plain `f32` in C order for one item, whatever happens behind it.
pub trait Executor: Send {
    /// The network that is run.
    fn graph(&self) -> &Graph;

    /// "cpu", "reference"…
    fn name(&self) -> &'static str;

    /// Computes everything that `until` depends on, and remembers what a pullback needs.
    ///
    /// # Errors
    /// When the input has the wrong number of values.
    fn forward(&mut self, input: &[f32], until: NodeId) -> Result<()>;

    /// The output of a node that the last [`Self::forward`] computed.
    ///
    /// # Errors
    /// When it did not. An executor may compute a convolution together with the sum and the rectifier that alone read it;
    /// only what comes out at the end is then there, unless the convolution itself was what was asked for.
    fn activation(&self, node: NodeId) -> Result<Cow<'_, [f32]>>;

    /// The gradient with respect to the input, into `gradient`, given the gradient `cotangent` of a loss with respect
    /// to the output of `tap`. Follows a [`Self::forward`] to that node or beyond.
    ///
    /// # Errors
    /// When the node was not computed, or a length is wrong.
    fn pullback(&mut self, tap: Tap, cotangent: &[f32], gradient: &mut [f32]) -> Result<()>;
}
