//! Update rules. Each owns its state, which a checkpoint keeps to the bit.

pub mod adam;
pub mod hartley;
pub mod lapped;
pub mod lapped_adam;
pub mod normalised;
pub mod spectral_adam;

pub use adam::Adam;
pub use lapped_adam::LappedAdam;
pub use normalised::Normalised;
pub use spectral_adam::SpectralAdam;

use crate::formats::Array;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// An optimiser's state by name, for checkpoints.
pub type State = BTreeMap<String, Array>;

/// How an update is to move.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The step size.
    pub rate: f32,
    /// What part of what Adam would forget of its moments it does forget: 1 as published, and less to remember longer.
    pub forgetting: f32,
    /// Whether this is the first update of a block of constant step size.
    pub block_begins: bool,
}

impl Pace {
    /// At a rate, within a block.
    pub fn of(rate: f32) -> Self {
        Self {
            rate,
            forgetting: 1.0,
            block_begins: false,
        }
    }

    /// How much of a moment that decays by `beta` is replaced.
    pub(super) fn replaced(self, beta: f32) -> f32 {
        (1.0 - beta) * self.forgetting
    }

    /// The decay of such a moment.
    pub(super) fn kept(self, beta: f32) -> f32 {
        // Not by subtraction where that would only round: a published run is replayed to the bit.
        if self.forgetting == 1.0 {
            beta
        } else {
            1.0 - self.replaced(beta)
        }
    }
}

/// A rule that moves the stimulus against the gradient of the loss.
pub trait Optimiser: Send {
    /// Moves `x` once. Where `range` is given the result lies in it.
    fn update(&mut self, x: &mut [f32], gradient: &[f32], pace: Pace, range: Option<[f32; 2]>);

    /// Everything that a later update depends on.
    fn state(&self) -> State;

    /// Goes back to a state.
    ///
    /// # Errors
    /// When an entry is missing or has the wrong length.
    fn restore(&mut self, state: &State) -> Result<()>;
}

/// The entry `name` of a state, which must have `length` values.
pub(super) fn entry<'s>(state: &'s State, name: &str, length: usize) -> Result<&'s [f32]> {
    let array = state.get(name).ok_or_else(|| {
        Error::value("checkpoint", format!("the optimiser's '{name}' is missing"))
    })?;
    if array.values.len() != length {
        return Err(Error::shape(
            format!("checkpoint's '{name}'"),
            &[length],
            &array.shape,
        ));
    }
    Ok(&array.values)
}
