//! One step of several syntheses as one batch, which reads the network's weights once for all of them.

use super::stepper::{StepReport, Synthesis};
use crate::Result;
use crate::network::executor::on_threads_of;
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
    on_threads_of(executor, |executor| step_all(members, executor))
}

fn step_all(
    members: &mut [&mut Synthesis],
    executor: &mut dyn Executor,
) -> Result<Vec<Result<StepReport>>> {
    forward(members.iter().map(|m| &**m), executor)?;
    let mut losses = Vec::with_capacity(members.len());
    for (item, member) in members.iter_mut().enumerate() {
        let node = member.node();
        losses.push(member.evaluate(&executor.activation_of(item, node)?));
    }
    // A diverged member goes along to the end of this step: what is carried back for it is not used.
    let mut leaks = vec![];
    for leak in members.iter().map(|m| m.leak()) {
        if !leaks.contains(&leak) {
            leaks.push(leak);
        }
    }
    match leaks[..] {
        [_] => pull_back(members.iter_mut().map(|m| &mut **m), executor)?,
        // Gradients go back together only as far as they leak alike, which runs do that began together.
        _ => {
            for leak in &leaks {
                let alike = |m: &Synthesis| m.leak() == *leak;
                forward(members.iter().map(|m| &**m).filter(|m| alike(m)), executor)?;
                let group = members.iter_mut().map(|m| &mut **m);
                pull_back(group.filter(|m| alike(m)), executor)?;
            }
            forward(members.iter().map(|m| &**m), executor)?;
        }
    }
    Ok(members
        .iter_mut()
        .zip(losses)
        .map(|(member, loss)| member.update(loss?))
        .collect())
}

fn forward<'a>(
    members: impl Iterator<Item = &'a Synthesis>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let (stimuli, nodes): (Vec<&[f32]>, Vec<NodeId>) =
        members.map(|m| (m.stimulus(), m.node())).unzip();
    executor.forward_batch(&stimuli, &nodes)
}

fn pull_back<'a>(
    members: impl Iterator<Item = &'a mut Synthesis>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let (mut taps, mut cotangents, mut gradients) = (vec![], vec![], vec![]);
    for member in members {
        let (tap, cotangent, gradient) = member.pullback();
        taps.push(tap);
        cotangents.push(cotangent);
        gradients.push(gradient);
    }
    executor.pullback_batch(&taps, &cotangents, &mut gradients)
}
