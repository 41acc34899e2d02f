//! Several steps without waiting for the device in between.
//!
//! Stimulus, target, loss and optimiser are tensors meanwhile. What the steps found is read when all are on their way, so
//! that a graphics card is never idle because the program looks at a number. Before and after, everything is where
//! [`Synthesis`](super::Synthesis) has it otherwise: checkpoints, changes of the rate and the like know nothing of this.

mod hartley;
mod lapped;
mod rule;

use super::Procedure;
use super::loss::{Target, square_sum};
use super::optimisers::State;
use super::procedure::Rule;
use crate::network::{NodeId, Reference, Tap};
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use hartley::Hartley;
use rule::{Moving, Spectrum};

/// What stays on a device from steps to steps.
pub(super) struct Resident {
    tap: Tap,
    target: Tensor,
    /// The target's.
    norm: f64,
    range: Option<[Tensor; 2]>,
    spectrum: Option<Spectrum>,
}

/// What steps led to.
pub(super) struct Outcome {
    /// Loss and gradient norm of each.
    pub(super) found: Vec<[f64; 2]>,
    /// The stimulus.
    pub(super) x: Vec<f32>,
    /// The stimulus before the last update, if there was one.
    pub(super) previous: Option<Vec<f32>>,
    /// The optimiser's.
    pub(super) state: State,
}

impl Resident {
    /// For matching `target` at a tap by a procedure, with stimuli of a shape, clipped to a range where there is one.
    ///
    /// # Errors
    /// When the target does not fit, or the device cannot hold it.
    pub(super) fn new(
        executor: &Reference,
        procedure: &Procedure,
        tap: Tap,
        target: &Target,
        shape: &[usize],
        range: Option<[f32; 2]>,
    ) -> Result<Self> {
        let scalar = |v: f32| Tensor::new(v, executor.device());
        let range = range.map(|[low, high]| Ok::<_, Error>([scalar(low)?, scalar(high)?]));
        Ok(Self {
            tap,
            target: executor.item_tensor(&target.values, tap.node, "target")?,
            norm: target.norm,
            range: range.transpose()?,
            spectrum: Spectrum::new(procedure, shape, executor.device())?,
        })
    }

    /// Whether it lies where an executor computes.
    pub(super) fn belongs_to(&self, executor: &Reference) -> bool {
        self.target.device().same_device(executor.device())
    }

    /// Whether a procedure's updates to stimuli of a shape can be made on a device at all.
    pub(super) fn can_do(procedure: &Procedure, shape: &[usize]) -> bool {
        procedure.optimiser != Rule::SpectralAdam || Hartley::fits(shape)
    }

    /// Evaluates `count` times, from a stimulus and an optimiser's state after `step` updates on; every evaluation but that
    /// after the procedure's last update is followed by an update. How steps are cut into goes makes no difference. The
    /// executor then holds the activations of the last stimulus that was evaluated.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn steps(
        &self,
        executor: &mut Reference,
        procedure: &Procedure,
        (x, state): (&[f32], &State),
        step: u64,
        count: u64,
    ) -> Result<Outcome> {
        let node = self.tap.node;
        let mut x = executor.item_tensor(x, NodeId::INPUT, "stimulus")?;
        let mut previous = None;
        let mut rule = Moving::new(procedure, state, &x, self.spectrum.as_ref())?;
        let mut found = Vec::new();
        for step in step..step + count {
            let activation = executor.forward_tensor(&x, node)?.to_dtype(DType::F32)?;
            let (loss, cotangent) =
                procedure
                    .loss
                    .evaluate_tensors(&activation, &self.target, self.norm)?;
            let tap = Tap {
                leak: procedure.leak(step),
                ..self.tap
            };
            let gradient = executor
                .pullback_tensor(tap, &cotangent)?
                .to_dtype(DType::F32)?;
            found.extend([loss, square_sum(&gradient)?.sqrt()?]);
            if step < procedure.steps {
                previous = Some(x.clone());
                x = rule.update(&x, &gradient, procedure.pace(step))?;
                if let Some([low, high]) = &self.range {
                    x = x.broadcast_maximum(low)?.broadcast_minimum(high)?;
                }
            }
        }
        let found = Tensor::stack(&found, 0)?.to_device(&Device::Cpu)?;
        let found: Vec<f64> = found.to_dtype(DType::F64)?.to_vec1()?;
        Ok(Outcome {
            found: found.as_chunks().0.to_vec(),
            x: values(&x)?,
            previous: previous.as_ref().map(values).transpose()?,
            state: rule.state()?,
        })
    }
}

/// A tensor's numbers, read back.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}
