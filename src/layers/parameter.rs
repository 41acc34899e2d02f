//! The frozen numbers of a layer.

use crate::formats::Array;
use crate::{Error, Result};
use candle_core::{CpuStorage, DType, Device, Storage, Tensor};

/// A frozen tensor: weights, biases, statistics.
#[derive(Clone, Debug)]
pub struct Parameter {
    tensor: Tensor,
}

impl Parameter {
    /// A parameter on the CPU in `f32`.
    pub fn new(shape: &[usize], values: Vec<f32>) -> Result<Self> {
        if shape.iter().product::<usize>() != values.len() {
            return Err(Error::shape("parameter", shape, &[values.len()]));
        }
        Ok(Self {
            tensor: Tensor::from_vec(values, shape, &Device::Cpu)?,
        })
    }

    /// A parameter from an array that must have the given shape; `name` is for the error.
    pub fn from_array(array: Array, shape: &[usize], name: &str) -> Result<Self> {
        if array.shape != shape {
            return Err(Error::shape(
                format!("weight '{name}'"),
                shape,
                &array.shape,
            ));
        }
        Self::new(shape, array.values)
    }

    /// The tensor, for the reference executor.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The tensor seen with another shape of as many elements, for instance `[1, channel, 1, 1]`.
    pub fn view(&self, shape: &[usize]) -> Result<Tensor> {
        Ok(self.tensor.reshape(shape)?)
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.tensor.dims()
    }

    /// The numbers in C order, for executors that pack them their own way.
    pub fn values(&self) -> Result<Vec<f32>> {
        Ok(self.tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }

    /// Hands the numbers in C order to `read` where they lie, without a copy.
    ///
    /// # Errors
    /// When they are not `f32` on the CPU, one after another.
    pub fn read<R>(&self, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
        let (storage, layout) = self.tensor.storage_and_layout();
        match (&*storage, layout.contiguous_offsets()) {
            (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) => {
                Ok(read(&values[start..end]))
            }
            _ => Err(Error::Internal(
                "a parameter that is not f32 on the CPU, one number after another".into(),
            )),
        }
    }

    /// The same numbers elsewhere or in another float type.
    pub fn to(&self, device: &Device, dtype: DType) -> Result<Self> {
        Ok(Self {
            tensor: self.tensor.to_device(device)?.to_dtype(dtype)?,
        })
    }
}
