//! The geometry that convolution and pooling share: a window that slides over a padded plane.

use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};

/// Rows and columns added around a plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows added above.
    pub top: usize,
    /// Rows added below.
    pub bottom: usize,
    /// Columns added on the left.
    pub left: usize,
    /// Columns added on the right.
    pub right: usize,
}

impl Padding {
    /// The same number of rows and columns on all sides.
    pub const fn all(n: usize) -> Self {
        Self {
            top: n,
            bottom: n,
            left: n,
            right: n,
        }
    }

    /// TensorFlow's "SAME" rule for a plane of `size` (height, width): as many outputs as strides fit, and an odd row
    /// or column of padding goes to the bottom or right.
    pub fn same(size: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Self {
        let total = |axis: usize| {
            let outputs = size[axis].div_ceil(stride[axis]);
            ((outputs - 1) * stride[axis] + kernel[axis]).saturating_sub(size[axis])
        };
        let (rows, columns) = (total(0), total(1));
        Self {
            top: rows / 2,
            bottom: rows - rows / 2,
            left: columns / 2,
            right: columns - columns / 2,
        }
    }
}

/// A sliding window: its size, how far it moves, and the padding around the plane it slides over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Step down and step right.
    pub stride: [usize; 2],
    /// What is added around the plane.
    pub padding: Padding,
}

impl Window {
    /// A square window.
    pub const fn square(kernel: usize, stride: usize, padding: Padding) -> Self {
        Self {
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding,
        }
    }

    /// Height and width of the padded plane.
    pub fn padded(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        [
            h + self.padding.top + self.padding.bottom,
            w + self.padding.left + self.padding.right,
        ]
    }

    /// Height and width of the output: how many whole windows fit.
    ///
    /// # Errors
    /// When the window is larger than the padded plane, or a size is zero.
    pub fn output(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        let padded = self.padded(size);
        if self.kernel.contains(&0) || self.stride.contains(&0) {
            return Err(Error::value(
                "window",
                "kernel and stride must be at least 1",
            ));
        }
        if padded[0] < self.kernel[0] || padded[1] < self.kernel[1] {
            return Err(Error::value(
                "window",
                format!(
                    "a {:?} kernel does not fit a padded plane of {padded:?}",
                    self.kernel
                ),
            ));
        }
        Ok([0, 1].map(|a| (padded[a] - self.kernel[a]) / self.stride[a] + 1))
    }

    /// All positions inside the window, row by row.
    pub fn taps(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [rows, columns] = self.kernel;
        (0..rows).flat_map(move |i| (0..columns).map(move |j| [i, j]))
    }

    /// The plane `[.., h, w]` with `fill` around it.
    pub(super) fn pad(&self, x: &Tensor, fill: f64) -> Result<Tensor> {
        let p = self.padding;
        let x = pad_axis(x, 2, p.top, p.bottom, fill)?;
        pad_axis(&x, 3, p.left, p.right, fill)
    }

    /// The plane without its padding.
    pub(super) fn unpad(&self, x: &Tensor, [h, w]: [usize; 2]) -> Result<Tensor> {
        Ok(x.narrow(2, self.padding.top, h)?
            .narrow(3, self.padding.left, w)?
            .contiguous()?)
    }

    /// What the window's position `tap` sees as the window slides: `[batch, channel, out height, out width]`.
    pub(super) fn see(&self, padded: &Tensor, tap: [usize; 2], out: [usize; 2]) -> Result<Tensor> {
        let rows = every(padded, 2, tap[0], self.stride[0], out[0])?;
        every(&rows, 3, tap[1], self.stride[1], out[1])
    }

    /// The adjoint of [`Self::see`]: `seen` put back at its places in `[batch, channel, height, width]`, zero elsewhere.
    pub(super) fn unsee(
        &self,
        seen: &Tensor,
        tap: [usize; 2],
        padded: [usize; 2],
    ) -> Result<Tensor> {
        let rows = spread(seen, 2, tap[0], self.stride[0], padded[0])?;
        spread(&rows, 3, tap[1], self.stride[1], padded[1])
    }
}

fn pad_axis(x: &Tensor, axis: usize, before: usize, after: usize, fill: f64) -> Result<Tensor> {
    let block = |n: usize| -> Result<Tensor> {
        let mut shape = x.dims().to_vec();
        shape[axis] = n;
        // Not `Tensor::full`, which makes them in f64 first: Metal has none.
        Ok(Tensor::zeros(shape, x.dtype(), x.device())?.affine(1.0, fill)?)
    };
    if before + after == 0 {
        return Ok(x.clone());
    }
    Ok(Tensor::cat(
        &[block(before)?, x.clone(), block(after)?]
            .iter()
            .filter(|t| t.elem_count() > 0)
            .collect::<Vec<_>>(),
        axis,
    )?)
}

/// `count` entries of an axis, from `start`, `step` apart.
fn every(x: &Tensor, axis: usize, start: usize, step: usize, count: usize) -> Result<Tensor> {
    if step == 1 {
        return Ok(x.narrow(axis, start, count)?.contiguous()?);
    }
    Ok(x.index_select(&places(start, step, count, x.device())?, axis)?)
}

/// The adjoint of [`every`]: entries put back on an axis of `length`, zero between them.
fn spread(x: &Tensor, axis: usize, start: usize, step: usize, length: usize) -> Result<Tensor> {
    let mut shape = x.dims().to_vec();
    let count = shape[axis];
    shape[axis] = length;
    let zeros = Tensor::zeros(shape, x.dtype(), x.device())?;
    Ok(zeros.index_add(
        &places(start, step, count, x.device())?,
        &x.contiguous()?,
        axis,
    )?)
}

fn places(start: usize, step: usize, count: usize, device: &Device) -> Result<Tensor> {
    let places: Vec<u32> = (0..count).map(|i| (start + i * step) as u32).collect();
    Ok(Tensor::from_vec(places, count, device)?)
}

/// A tensor of ones with the type and device of `like`.
pub(super) fn ones(shape: &[usize], like: &Tensor) -> Result<Tensor> {
    Ok(Tensor::ones(shape, like.dtype(), like.device())?)
}

/// A mask as numbers 0 and 1 of type `dtype`.
pub(super) fn numbers(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    Ok(mask.to_dtype(dtype)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_follows_tensorflow() {
        // 224 with kernel 3, stride 2: 112 outputs need 225 inputs, the one extra goes to the bottom and right.
        assert_eq!(
            Padding::same([224, 224], [3, 3], [2, 2]),
            Padding {
                top: 0,
                bottom: 1,
                left: 0,
                right: 1
            }
        );
        assert_eq!(
            Padding::same([56, 56], [5, 5], [2, 2]),
            Padding {
                top: 1,
                bottom: 2,
                left: 1,
                right: 2
            }
        );
        assert_eq!(Padding::same([7, 7], [5, 5], [1, 1]), Padding::all(2));
        // A stride beyond the kernel needs none.
        assert_eq!(Padding::same([9, 9], [1, 1], [2, 2]), Padding::all(0));
    }

    #[test]
    fn a_window_that_does_not_fit_is_refused() {
        assert!(
            Window::square(5, 1, Padding::all(1))
                .output([2, 9])
                .is_err()
        );
        assert_eq!(
            Window::square(5, 3, Padding::all(1))
                .output([3, 9])
                .unwrap(),
            [1, 3]
        );
    }
}
