//! Two-dimensional convolution (cross-correlation, as in every network library) with groups.

use super::{FrozenLayer, Parameter, Window, image_shape, only, only_shape};
use crate::{Error, Result};
use candle_core::Tensor;

/// `y[o] = bias[o] + Σ weight[o, i] ⋆ x[i]`, each output channel seeing the input channels of its group.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `[out channels, in channels / groups, kernel height, kernel width]`.
    pub weight: Parameter,
    /// `[out channels]`, where the convolution has one.
    pub bias: Option<Parameter>,
    /// How the kernel slides.
    pub window: Window,
    /// 1 for an ordinary convolution, the number of channels for a depthwise one.
    pub groups: usize,
}

impl Conv2d {
    /// A convolution whose parts must fit together.
    pub fn new(
        weight: Parameter,
        bias: Option<Parameter>,
        window: Window,
        groups: usize,
    ) -> Result<Self> {
        let &[out, _, kh, kw] = weight.shape() else {
            return Err(Error::value(
                "conv2d weight",
                format!("needs four axes, found {:?}", weight.shape()),
            ));
        };
        if [kh, kw] != window.kernel {
            return Err(Error::shape("conv2d kernel", &window.kernel, &[kh, kw]));
        }
        if groups == 0 || out % groups != 0 {
            return Err(Error::value(
                "conv2d groups",
                format!("{groups} groups do not divide {out} output channels"),
            ));
        }
        if let Some(bias) = &bias
            && bias.shape() != [out]
        {
            return Err(Error::shape("conv2d bias", &[out], bias.shape()));
        }
        Ok(Self {
            weight,
            bias,
            window,
            groups,
        })
    }

    /// Number of output channels.
    pub fn out_channels(&self) -> usize {
        self.weight.shape()[0]
    }

    /// Number of input channels.
    pub fn in_channels(&self) -> usize {
        self.weight.shape()[1] * self.groups
    }

    /// The weights of one tap as `[1, group, out per group, in per group]`.
    fn tap_weights(&self, [i, j]: [usize; 2]) -> Result<Tensor> {
        let (out, inp) = (
            self.out_channels() / self.groups,
            self.in_channels() / self.groups,
        );
        let w = self
            .weight
            .tensor()
            .narrow(2, i, 1)?
            .narrow(3, j, 1)?
            .contiguous()?;
        Ok(w.reshape((1, self.groups, out, inp))?)
    }
}

impl FrozenLayer for Conv2d {
    fn kind(&self) -> &'static str {
        if self.groups > 1 && self.groups == self.in_channels() {
            "depthwise conv2d"
        } else {
            "conv2d"
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [c, h, w] = image_shape(only_shape(inputs)?, "conv2d")?;
        if c != self.in_channels() {
            return Err(Error::shape(
                "conv2d input",
                &[self.in_channels(), h, w],
                &[c, h, w],
            ));
        }
        let [h, w] = self.window.output([h, w])?;
        Ok(vec![self.out_channels(), h, w])
    }

    /// One matrix product per tap of the kernel: what the tap sees, times the tap's weights.
    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let (n, _, h, w) = x.dims4()?;
        let [oh, ow] = self.window.output([h, w])?;
        let padded = self.window.pad(x, 0.0)?;
        let per_group = self.in_channels() / self.groups;
        let mut y: Option<Tensor> = None;
        for tap in self.window.taps() {
            let seen = self.window.see(&padded, tap, [oh, ow])?.reshape((
                n,
                self.groups,
                per_group,
                oh * ow,
            ))?;
            let part = self.tap_weights(tap)?.broadcast_matmul(&seen)?;
            y = Some(match y {
                Some(y) => (y + part)?,
                None => part,
            });
        }
        let y = y.ok_or_else(|| Error::Internal("a convolution without taps".into()))?;
        let y = y.reshape((n, self.out_channels(), oh, ow))?;
        match &self.bias {
            Some(bias) => Ok(y.broadcast_add(&bias.view(&[1, self.out_channels(), 1, 1])?)?),
            None => Ok(y),
        }
    }

    /// The transposed product per tap, put back where the tap looked.
    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = only(inputs)?.dims4()?;
        let (_, _, oh, ow) = cotangent.dims4()?;
        let padded = self.window.padded([h, w]);
        let g = cotangent.contiguous()?.reshape((
            n,
            self.groups,
            self.out_channels() / self.groups,
            oh * ow,
        ))?;
        let mut dx = Tensor::zeros(
            (n, c, padded[0], padded[1]),
            cotangent.dtype(),
            cotangent.device(),
        )?;
        for tap in self.window.taps() {
            let transposed = self.tap_weights(tap)?.transpose(2, 3)?.contiguous()?;
            let part = transposed.broadcast_matmul(&g)?.reshape((n, c, oh, ow))?;
            dx = (dx + self.window.unsee(&part, tap, padded)?)?;
        }
        Ok(vec![self.window.unpad(&dx, [h, w])?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, parameter};
    use super::super::{Layer, Padding};
    use super::*;

    fn conv(
        out: usize,
        inp: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
        groups: usize,
    ) -> Layer {
        let weight = parameter(&[out, inp / groups, kernel[0], kernel[1]], 3);
        let window = Window {
            kernel,
            stride,
            padding,
        };
        Layer::Conv2d(Conv2d::new(weight, Some(parameter(&[out], 5)), window, groups).unwrap())
    }

    #[test]
    fn pullback_agrees_with_central_differences() {
        let uneven = Padding {
            top: 0,
            bottom: 2,
            left: 1,
            right: 0,
        };
        check(
            &conv(3, 2, [3, 3], [1, 1], Padding::all(1), 1),
            &[&[2, 5, 7]],
        );
        check(&conv(4, 2, [3, 2], [2, 1], uneven, 1), &[&[2, 7, 5]]);
        check(&conv(4, 4, [3, 3], [2, 2], uneven, 4), &[&[4, 7, 9]]);
        check(
            &conv(6, 4, [1, 1], [1, 1], Padding::default(), 2),
            &[&[4, 3, 1]],
        );
        // A stride beyond the kernel skips pixels: their gradient is exactly zero.
        check(
            &conv(2, 3, [2, 2], [3, 3], Padding::default(), 1),
            &[&[3, 9, 8]],
        );
        check(
            &conv(
                2,
                1,
                [5, 5],
                [2, 2],
                Padding::same([1, 6], [5, 5], [2, 2]),
                1,
            ),
            &[&[1, 1, 6]],
        );
    }

    #[test]
    fn a_one_by_one_convolution_is_a_matrix_product() {
        let layer = conv(2, 3, [1, 1], [1, 1], Padding::default(), 1);
        let Layer::Conv2d(conv) = &layer else {
            unreachable!()
        };
        let x = Tensor::from_vec(
            vec![1f32, 2.0, 3.0],
            (1, 3, 1, 1),
            &candle_core::Device::Cpu,
        )
        .unwrap();
        let (w, b) = (
            conv.weight.values().unwrap(),
            conv.bias.as_ref().unwrap().values().unwrap(),
        );
        let y = conv
            .forward(&[&x])
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        for o in 0..2 {
            let expected = b[o] + w[o * 3] + 2.0 * w[o * 3 + 1] + 3.0 * w[o * 3 + 2];
            assert!((y[o] - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn mismatched_parts_are_refused() {
        let w = Window::square(3, 1, Padding::default());
        assert!(Conv2d::new(parameter(&[4, 2, 3, 2], 1), None, w, 1).is_err());
        assert!(Conv2d::new(parameter(&[4, 2, 3, 3], 1), None, w, 3).is_err());
        assert!(Conv2d::new(parameter(&[4, 2, 3, 3], 1), Some(parameter(&[3], 1)), w, 1).is_err());
        let conv = Conv2d::new(parameter(&[4, 2, 3, 3], 1), None, w, 1).unwrap();
        assert!(conv.output_shape(&[&[3, 8, 8]]).is_err());
        assert!(conv.output_shape(&[&[2, 2, 8]]).is_err());
    }
}
