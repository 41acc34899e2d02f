//! Update rules. Each owns its state, which a checkpoint keeps to the bit.

pub mod adam;
pub mod hartley;
pub mod normalised;
pub mod spectral_adam;

pub use adam::Adam;
pub use normalised::Normalised;
pub use spectral_adam::SpectralAdam;

use crate::formats::Array;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// An optimiser's state by name, for checkpoints.
pub type State = BTreeMap<String, Array>;

/// A rule that moves the stimulus against the gradient of the loss.
pub trait Optimiser: Send {
    /// Moves `x` once, with step size `rate`. `block_begins` marks the first update of a block of constant step size.
    /// Where `range` is given the result lies in it.
    fn update(
        &mut self,
        x: &mut [f32],
        gradient: &[f32],
        rate: f32,
        block_begins: bool,
        range: Option<[f32; 2]>,
    );

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
