//! Reading and writing array files. What comes from outside is untrusted: sizes are bounded by what the file holds,
//! nothing is executed, nothing panics.

pub mod atomic;
pub mod input;
pub mod npy;
pub mod npz;
pub mod packed;
pub mod pickle;
pub mod safetensors;
pub mod tensorflow;
pub mod wav;

/// A dense array of `f32` in C order, as it travels between files and the rest of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis, outermost first.
    pub shape: Vec<usize>,
    /// The values, last axis fastest.
    pub values: Vec<f32>,
}

impl Array {
    /// An array whose shape must account for every value.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> crate::Result<Self> {
        if shape.iter().product::<usize>() != values.len() {
            return Err(crate::Error::shape("array", &shape, &[values.len()]));
        }
        Ok(Self { shape, values })
    }

    /// A one-dimensional array.
    pub fn vector(values: Vec<f32>) -> Self {
        Self {
            shape: vec![values.len()],
            values,
        }
    }
}
