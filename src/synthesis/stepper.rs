//! The optimisation itself, one step at a time: no thread, no clock, no file.

use super::loss::{Target, norm};
use super::optimisers::{Optimiser, State};
use super::procedure::{Procedure, Rule};
use super::resident::Resident;
use crate::formats::Array;
use crate::network::executor::on_threads_of;
use crate::network::{Executor, Leak, NodeId, Reference, Tap};
use crate::{Error, Result};

/// What one step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Number of updates made before this evaluation.
    pub step: u64,
    /// The loss at this point.
    pub loss: f64,
    /// The step size of the update that follows; of the last update where none follows.
    pub learning_rate: f32,
    /// L2 norm of the loss's gradient with respect to the stimulus, with what leaked through rectifiers where the
    /// procedure has them leak.
    pub gradient_norm: f64,
    /// Whether this was the last evaluation.
    pub finished: bool,
}

/// A stimulus on its way to becoming a metamer.
pub struct Synthesis {
    procedure: Procedure,
    range: [f32; 2],
    tap: Tap,
    target: Target,
    x: Vec<f32>,
    /// The stimulus before the last update, to go back to if that update left the finite numbers.
    previous: Vec<f32>,
    step: u64,
    finished: bool,
    optimiser: Box<dyn Optimiser>,
    gradient: Vec<f32>,
    cotangent: Vec<f32>,
    /// The stimulus's shape.
    shape: Vec<usize>,
    /// What stays on a device, once steps were made there.
    resident: Option<Resident>,
}

impl Synthesis {
    /// A synthesis that will match `target`, the activation at `tap`, starting from `start`, a stimulus of the given
    /// `shape`. `range` bounds the stimulus where the procedure clips.
    ///
    /// # Errors
    /// When the procedure's fields are out of bounds, its rule moves sounds only and the shape is a picture's, the start has
    /// another number of values than the shape, or it holds numbers that are not finite.
    pub fn new(
        procedure: Procedure,
        tap: Tap,
        target: Vec<f32>,
        start: Vec<f32>,
        shape: &[usize],
        range: [f32; 2],
    ) -> Result<Self> {
        procedure.validate()?;
        if start.len() != shape.iter().product::<usize>() {
            return Err(Error::shape("start", shape, &[start.len()]));
        }
        let line = shape.iter().all(|n| *n == start.len() || *n == 1);
        if procedure.optimiser == Rule::LappedAdam && !line {
            return Err(Error::value(
                "optimiser",
                "lapped_adam moves sounds only; spectral_adam moves pictures too",
            ));
        }
        if let Some(bad) = target.iter().chain(&start).find(|v| !v.is_finite()) {
            return Err(Error::value(
                "start or target",
                format!("holds {bad}; every value must be finite"),
            ));
        }
        Ok(Self {
            optimiser: procedure.new_optimiser(&start, shape),
            range,
            tap,
            cotangent: vec![0.0; target.len()],
            target: Target::new(target),
            gradient: vec![0.0; start.len()],
            previous: start.clone(),
            x: start,
            step: 0,
            finished: false,
            shape: shape.to_vec(),
            resident: None,
            procedure,
        })
    }

    /// The stimulus as it is now.
    pub fn stimulus(&self) -> &[f32] {
        &self.x
    }

    /// The stimulus that the last [`Self::step`] evaluated, before its update.
    pub fn evaluated(&self) -> &[f32] {
        if self.finished {
            &self.x
        } else {
            &self.previous
        }
    }

    /// The activation that is to be matched.
    pub fn target(&self) -> &[f32] {
        &self.target.values
    }

    /// The matched layer.
    pub fn node(&self) -> NodeId {
        self.tap.node
    }

    /// Number of updates made.
    pub fn updates(&self) -> u64 {
        self.step
    }

    /// The procedure's fields.
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// Multiplies the schedule's rate by a factor from the next update on, and writes that into the procedure.
    ///
    /// # Errors
    /// When the factor is not positive and finite.
    pub fn change_rate(&mut self, factor: f64) -> Result<()> {
        self.procedure.change_rate(self.step, factor)
    }

    /// Evaluates loss and gradient at the present stimulus and, unless this was the last evaluation, updates it.
    ///
    /// After the call the executor still holds the activations of the evaluated stimulus.
    ///
    /// # Errors
    /// [`Error::Diverged`] when loss or gradient are no longer finite; the stimulus is then the last for which they were.
    pub fn step(&mut self, executor: &mut dyn Executor) -> Result<StepReport> {
        on_threads_of(executor, |executor| {
            executor.forward(&self.x, self.tap.node)?;
            let loss = self.evaluate(&executor.activation(self.tap.node)?)?;
            let (tap, cotangent, gradient) = self.pullback();
            executor.pullback(tap, cotangent, gradient)?;
            self.update(loss)
        })
    }

    /// As many steps, one at least, without waiting for the device at each of them, where the executor is one of tensors;
    /// elsewhere one. Fewer too where the synthesis ends before, or leaves the finite numbers: then the next call says so.
    ///
    /// After the call the executor still holds the activations of the last stimulus that was evaluated.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn steps(&mut self, count: u64, executor: &mut dyn Executor) -> Result<Vec<StepReport>> {
        let possible = Resident::can_do(&self.procedure, &self.shape);
        match executor.resident().filter(|_| possible) {
            Some(executor) => self.steps_on_device(count.max(1), executor),
            None => Ok(vec![self.step(executor)?]),
        }
    }

    fn steps_on_device(&mut self, count: u64, executor: &mut Reference) -> Result<Vec<StepReport>> {
        let resident = match self.resident.take().filter(|r| r.belongs_to(executor)) {
            Some(resident) => resident,
            None => {
                let range = self.procedure.clip.then_some(self.range);
                let (procedure, target) = (&self.procedure, &self.target);
                Resident::new(executor, procedure, self.tap, target, &self.shape, range)?
            }
        };
        let resident = self.resident.insert(resident);
        let left = self.procedure.steps.saturating_sub(self.step) + 1;
        let (procedure, step) = (&self.procedure, self.step);
        let from = (&*self.x, &self.optimiser.state());
        let outcome = resident.steps(executor, procedure, from, step, count.min(left))?;
        let finite = |found: &&[f64; 2]| found.iter().all(|v| v.is_finite());
        match outcome.found.iter().take_while(finite).count() {
            0 => {
                let [loss, norm] = outcome.found[0];
                self.require_finite("loss", loss)?;
                self.require_finite("gradient", norm)?;
            }
            // Once more, only as far as all was well.
            good if good < outcome.found.len() => {
                return self.steps_on_device(good as u64, executor);
            }
            _ => {}
        }
        self.optimiser.restore(&outcome.state)?;
        self.x = outcome.x;
        let mut reports = Vec::with_capacity(outcome.found.len());
        for [loss, gradient_norm] in outcome.found {
            reports.push(self.report(loss, gradient_norm));
            if !self.finished {
                self.step += 1;
            }
        }
        if let Some(previous) = outcome.previous {
            self.previous = previous;
        }
        Ok(reports)
    }

    /// The loss of the present stimulus, whose activation this is, and with it the loss's gradient at the layer.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the loss is not finite; the stimulus is then the last for which it was.
    pub(super) fn evaluate(&mut self, activation: &[f32]) -> Result<f64> {
        let loss = self
            .procedure
            .loss
            .evaluate(activation, &self.target, &mut self.cotangent);
        self.require_finite("loss", loss)?;
        Ok(loss)
    }

    /// What shut rectifiers let through at this step.
    pub(super) fn leak(&self) -> Leak {
        self.procedure.leak(self.step)
    }

    /// What a pullback takes: where it begins, the loss's gradient there, and the room for that at the stimulus.
    pub(super) fn pullback(&mut self) -> (Tap, &[f32], &mut [f32]) {
        let tap = Tap {
            leak: self.leak(),
            ..self.tap
        };
        (tap, &self.cotangent, &mut self.gradient)
    }

    /// Ends a step whose gradient at the stimulus is there.
    ///
    /// # Errors
    /// [`Error::Diverged`] when the gradient is not finite; the stimulus is then the last for which it was.
    pub(super) fn update(&mut self, loss: f64) -> Result<StepReport> {
        let gradient_norm = norm(&self.gradient);
        self.require_finite("gradient", gradient_norm)?;

        let report = self.report(loss, gradient_norm);
        if !report.finished {
            self.previous.copy_from_slice(&self.x);
            let range = self.procedure.clip.then_some(self.range);
            let pace = self.procedure.pace(self.step);
            self.optimiser
                .update(&mut self.x, &self.gradient, pace, range);
            self.step += 1;
        }
        Ok(report)
    }

    /// What is reported of the evaluation that comes before the next update.
    fn report(&mut self, loss: f64, gradient_norm: f64) -> StepReport {
        let step = self.step;
        self.finished = step >= self.procedure.steps;
        StepReport {
            step,
            loss,
            learning_rate: self.procedure.rate(if self.finished {
                step.saturating_sub(1)
            } else {
                step
            }),
            gradient_norm,
            finished: self.finished,
        }
    }

    fn require_finite(&mut self, what: &'static str, value: f64) -> Result<()> {
        if value.is_finite() {
            return Ok(());
        }
        let kept = self.step.saturating_sub(1);
        self.x.copy_from_slice(&self.previous);
        Err(Error::Diverged {
            what,
            value,
            step: self.step,
            kept,
        })
    }

    /// Everything that the following steps depend on.
    pub fn state(&self) -> State {
        let mut state: State = self
            .optimiser
            .state()
            .into_iter()
            .map(|(name, array)| (format!("optimiser/{name}"), array))
            .collect();
        state.insert("stimulus".into(), Array::vector(self.x.clone()));
        state.insert("previous".into(), Array::vector(self.previous.clone()));
        state
    }

    /// Goes back to a state that [`Self::state`] gave after `step` updates.
    ///
    /// # Errors
    /// When the state belongs to another kind of run.
    pub fn restore(&mut self, step: u64, state: &State) -> Result<()> {
        let missing = |name: &str| {
            Error::value(
                "checkpoint",
                format!("has no '{name}' of {} values", self.x.len()),
            )
        };
        let vector = |name: &str| match state.get(name) {
            Some(array) if array.values.len() == self.x.len() => Ok(array.values.clone()),
            _ => Err(missing(name)),
        };
        let (x, previous) = (vector("stimulus")?, vector("previous")?);
        let own = state
            .iter()
            .filter_map(|(n, a)| Some((n.strip_prefix("optimiser/")?.to_owned(), a.clone())));
        self.optimiser.restore(&own.collect())?;
        (self.x, self.previous, self.step, self.finished) = (x, previous, step, false);
        Ok(())
    }
}
