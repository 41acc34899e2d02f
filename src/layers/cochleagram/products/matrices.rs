//! Matrices on a device, from numbers computed in `f64`.

use crate::Result;
use candle_core::{DType, Device, Tensor};

/// A matrix by its entries.
pub(super) fn matrix(
    [rows, columns]: [usize; 2],
    entry: impl Fn(usize, usize) -> f64,
    like: (&Device, DType),
) -> Result<Tensor> {
    let entries = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
    let entries = entries.map(|(i, j)| entry(i, j)).collect();
    numbers(entries, &[rows, columns], like)
}

pub(super) fn numbers(
    values: Vec<f64>,
    shape: &[usize],
    (device, dtype): (&Device, DType),
) -> Result<Tensor> {
    // Converted here: Metal has no f64.
    let values = Tensor::from_vec(values, shape, &Device::Cpu)?;
    Ok(values.to_dtype(dtype)?.to_device(device)?)
}

pub(super) fn turned(matrix: &Tensor) -> Result<Tensor> {
    Ok(matrix.t()?.contiguous()?)
}
