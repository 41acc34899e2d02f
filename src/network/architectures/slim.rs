//! Weights from a TensorFlow checkpoint. TensorFlow keeps kernels as height, width, in, out and matrices as in, out;
//! layers here have the outputs first.

use super::Supply;
use crate::formats::tensorflow::Checkpoint;
use crate::layers::Parameter;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// What a weight of a layer is in the checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A tensor of this name.
    Tensor(String),
    /// The same number everywhere: what TensorFlow does not store because the layer has none.
    Constant(f32),
}

/// Weights that are read from a checkpoint as they are taken.
pub struct CheckpointWeights<'c> {
    checkpoint: &'c mut Checkpoint,
    stored: BTreeMap<String, Stored>,
}

impl<'c> CheckpointWeights<'c> {
    /// Weights for layers whose weights are called otherwise in the checkpoint; names that are not in `stored` are the
    /// checkpoint's own.
    pub fn new(checkpoint: &'c mut Checkpoint, stored: BTreeMap<String, Stored>) -> Self {
        Self { checkpoint, stored }
    }
}

impl Supply for CheckpointWeights<'_> {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Parameter> {
        match self.stored.get(name) {
            Some(Stored::Constant(value)) => {
                Parameter::new(shape, vec![*value; shape.iter().product()])
            }
            Some(Stored::Tensor(stored)) => {
                let stored = stored.clone();
                outputs_first(self.checkpoint, &stored, shape)
            }
            None => outputs_first(self.checkpoint, name, shape),
        }
    }
}

/// Reads a tensor into the order of layers here, piece by piece, so that the largest is never there twice.
fn outputs_first(checkpoint: &mut Checkpoint, name: &str, shape: &[usize]) -> Result<Parameter> {
    let Some(found) = checkpoint.tensors().get(name).map(|d| d.shape.clone()) else {
        let known = checkpoint.tensors().keys().map(String::as_str);
        return Err(Error::unknown("tensor", name, known));
    };
    let expected = match *shape {
        [out, inp] => vec![inp, out],
        [out, inp, h, w] => vec![h, w, inp, out],
        _ => shape.to_vec(),
    };
    if found != expected {
        return Err(Error::shape(format!("tensor '{name}'"), &expected, &found));
    }
    let (out, inp) = match *shape {
        [out, inp] | [out, inp, _, _] => (out, inp),
        _ => return Parameter::from_array(checkpoint.read(name)?, shape, name),
    };
    let count: usize = shape.iter().product();
    let plane = count.checked_div(out * inp).unwrap_or(0);
    let mut values = vec![0.0; count];
    let (mut o, mut i, mut p) = (0, 0, 0);
    checkpoint.stream(name, &mut |piece| {
        for value in piece {
            values[(o * inp + i) * plane + p] = *value;
            o += 1;
            if o == out {
                (o, i) = (0, i + 1);
                if i == inp {
                    (i, p) = (0, p + 1);
                }
            }
        }
    })?;
    Parameter::new(shape, values)
}

/// How well a checkpoint fits an architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fit {
    /// Number of tensors that are used.
    pub used: usize,
    /// Tensors that are needed and not there, each with the nearest names that are.
    pub missing: Vec<(String, Vec<String>)>,
    /// Tensors that are there and not used.
    pub unexpected: Vec<String>,
}

impl Fit {
    /// Compares what is needed with what is there.
    pub fn of(checkpoint: &Checkpoint, needed: &BTreeSet<String>) -> Self {
        let there = checkpoint.tensors();
        let unexpected: Vec<String> = there
            .keys()
            .filter(|n| !needed.contains(*n))
            .cloned()
            .collect();
        let missing = needed.iter().filter(|n| !there.contains_key(*n));
        let missing: Vec<(String, Vec<String>)> = missing
            .map(|name| {
                let near =
                    match Error::unknown("tensor", name, unexpected.iter().map(String::as_str)) {
                        Error::Unknown { near, .. } => near,
                        _ => vec![],
                    };
                (name.clone(), near)
            })
            .collect();
        Self {
            used: needed.len() - missing.len(),
            missing,
            unexpected,
        }
    }
}
