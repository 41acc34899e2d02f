//! How each network is put together from its weights. One file an architecture.

pub mod efficientnet_lite;
pub mod front_end;

use crate::formats::safetensors::Tensors;
use crate::layers::Parameter;
use crate::{Error, Result};
use std::path::Path;

/// Weights by name, handed out once each, so that what is left over can be reported.
pub struct Weights {
    tensors: Tensors,
    origin: String,
}

impl Weights {
    /// Weights from tensors; `origin` names the file in errors.
    pub fn new(tensors: Tensors, origin: impl Into<String>) -> Self {
        Self {
            tensors,
            origin: origin.into(),
        }
    }

    /// The tensor called `name`, which must have the given shape.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Parameter> {
        let array = self
            .tensors
            .take(name)
            .map_err(|reason| Error::file(Path::new(&self.origin), reason))?;
        Parameter::from_array(array, shape, name)
    }

    /// Names of tensors that nobody took.
    pub fn left_over(&self) -> impl Iterator<Item = &str> {
        self.tensors.arrays.keys().map(String::as_str)
    }
}
