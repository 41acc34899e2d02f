//! One step of several syntheses as one batch, which reads the network's weights once for all of them.

use super::stepper::{StepReport, Synthesis};
use crate::Result;
use crate::network::{Executor, NodeId};

/// Makes one step of each member, as [`Synthesis::step`] would, to the bit, and returns what each found, in their order.
/// Members may match different layers. One that leaves the finite numbers harms no other.
///
/// After the call the executor still holds the activations of the evaluated stimuli, an item a member.
///
/// # Errors
/// When the executor cannot run so many, or a member does not belong to its network.
pub fn step_together(
    members: &mut [&mut Synthesis],
    executor: &mut dyn Executor,
) -> Result<Vec<Result<StepReport>>> {
    let nodes: Vec<NodeId> = members.iter().map(|m| m.node()).collect();
    let stimuli: Vec<&[f32]> = members.iter().map(|m| m.stimulus()).collect();
    executor.forward_batch(&stimuli, &nodes)?;
    let mut losses = Vec::with_capacity(members.len());
    for (item, member) in members.iter_mut().enumerate() {
        losses.push(member.evaluate(&executor.activation_of(item, nodes[item])?));
    }
    // A diverged member goes along to the end of this step: what is carried back for it is not used.
    let (mut taps, mut cotangents, mut gradients) = (vec![], vec![], vec![]);
    for member in members.iter_mut() {
        let (tap, cotangent, gradient) = member.pullback();
        taps.push(tap);
        cotangents.push(cotangent);
        gradients.push(gradient);
    }
    executor.pullback_batch(&taps, &cotangents, &mut gradients)?;
    Ok(members
        .iter_mut()
        .zip(losses)
        .map(|(member, loss)| member.update(loss?))
        .collect())
}
