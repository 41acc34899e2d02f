//! How each network is put together from its weights. One file an architecture.

pub mod chain;
pub mod efficientnet_lite;
pub mod front_end;
pub mod published_words;
pub mod slim;
pub mod vgg19_slim;
pub mod word_network;

use crate::formats::safetensors::Tensors;
use crate::layers::Parameter;
use crate::{Error, Result};
use std::path::Path;

/// Where an architecture gets its weights from.
pub trait Supply {
    /// The tensor called `name`, which must have the given shape.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Parameter>;
}

impl Supply for Weights {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Parameter> {
        Self::take(self, name, shape)
    }
}

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

    /// Refuses weights that nobody took: a file that holds more than its architecture asks for is another network's.
    ///
    /// # Errors
    /// Names the first of them.
    pub fn finish(&self) -> Result<()> {
        match self.left_over().next() {
            None => Ok(()),
            Some(extra) => Err(Error::file(
                Path::new(&self.origin),
                format!("holds '{extra}', which no layer uses"),
            )),
        }
    }

    /// Names of tensors that nobody took.
    pub fn left_over(&self) -> impl Iterator<Item = &str> {
        self.tensors.arrays.keys().map(String::as_str)
    }
}
