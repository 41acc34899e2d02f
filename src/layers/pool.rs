//! Maximum and mean over a sliding window. Kernel, stride and padding are independent of each other.

use super::window::{numbers, ones};
use super::{FrozenLayer, Window, image_shape, only, only_shape};
use crate::Result;
use candle_core::Tensor;

/// The largest value that the window sees; padding counts as −∞.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool {
    /// How the window slides.
    pub window: Window,
}

impl FrozenLayer for MaxPool {
    fn kind(&self) -> &'static str {
        "max pool"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        pooled(&self.window, only_shape(inputs)?)
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let (_, _, h, w) = x.dims4()?;
        let out = self.window.output([h, w])?;
        let padded = self.window.pad(x, f64::NEG_INFINITY)?;
        let mut taps = self.window.taps();
        let first = taps.next().unwrap_or([0, 0]);
        let mut y = self.window.see(&padded, first, out)?;
        for tap in taps {
            y = y.maximum(&self.window.see(&padded, tap, out)?)?;
        }
        Ok(y)
    }

    /// The whole gradient goes to the first maximum in reading order, as in PyTorch and TensorFlow.
    fn pullback(
        &self,
        inputs: &[&Tensor],
        output: &Tensor,
        cotangent: &Tensor,
    ) -> Result<Vec<Tensor>> {
        let x = only(inputs)?;
        let (n, c, h, w) = x.dims4()?;
        let (_, _, oh, ow) = output.dims4()?;
        let padded = self.window.pad(x, f64::NEG_INFINITY)?;
        let size = self.window.padded([h, w]);
        let mut dx = Tensor::zeros(
            (n, c, size[0], size[1]),
            cotangent.dtype(),
            cotangent.device(),
        )?;
        let mut open = ones(output.dims(), cotangent)?;
        for tap in self.window.taps() {
            let here = numbers(
                &self.window.see(&padded, tap, [oh, ow])?.eq(output)?,
                cotangent.dtype(),
            )?;
            let chosen = (&here * &open)?;
            open = (open - &chosen)?;
            dx = (dx + self.window.unsee(&(cotangent * chosen)?, tap, size)?)?;
        }
        Ok(vec![self.window.unpad(&dx, [h, w])?])
    }
}

/// The mean of what the window sees.
#[derive(Clone, Copy, Debug)]
pub struct AveragePool {
    /// How the window slides.
    pub window: Window,
    /// Whether padding counts as zeros in the mean (PyTorch's default) or is left out of it (TensorFlow).
    pub count_padding: bool,
}

impl AveragePool {
    /// One over the number of samples behind each output, `[1, 1, out height, out width]`.
    fn reciprocal_counts(&self, [h, w]: [usize; 2], like: &Tensor) -> Result<Tensor> {
        let out = self.window.output([h, w])?;
        let plane = ones(&[1, 1, h, w], like)?;
        let padded = self
            .window
            .pad(&plane, if self.count_padding { 1.0 } else { 0.0 })?;
        let mut count = Tensor::zeros((1, 1, out[0], out[1]), like.dtype(), like.device())?;
        for tap in self.window.taps() {
            count = (count + self.window.see(&padded, tap, out)?)?;
        }
        // A window wholly inside the padding sees nothing; its mean is 0, not 0/0.
        Ok(count.maximum(1.0)?.recip()?)
    }
}

impl FrozenLayer for AveragePool {
    fn kind(&self) -> &'static str {
        "average pool"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        pooled(&self.window, only_shape(inputs)?)
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        let (n, c, h, w) = x.dims4()?;
        let out = self.window.output([h, w])?;
        let padded = self.window.pad(x, 0.0)?;
        let mut sum = Tensor::zeros((n, c, out[0], out[1]), x.dtype(), x.device())?;
        for tap in self.window.taps() {
            sum = (sum + self.window.see(&padded, tap, out)?)?;
        }
        Ok(sum.broadcast_mul(&self.reciprocal_counts([h, w], x)?)?)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let (n, c, h, w) = only(inputs)?.dims4()?;
        let size = self.window.padded([h, w]);
        let share = cotangent.broadcast_mul(&self.reciprocal_counts([h, w], cotangent)?)?;
        let mut dx = Tensor::zeros(
            (n, c, size[0], size[1]),
            cotangent.dtype(),
            cotangent.device(),
        )?;
        for tap in self.window.taps() {
            dx = (dx + self.window.unsee(&share, tap, size)?)?;
        }
        Ok(vec![self.window.unpad(&dx, [h, w])?])
    }
}

fn pooled(window: &Window, shape: &[usize]) -> Result<Vec<usize>> {
    let [c, h, w] = image_shape(shape, "pooling")?;
    let [h, w] = window.output([h, w])?;
    Ok(vec![c, h, w])
}

#[cfg(test)]
mod tests {
    use super::super::gradient_check::check;
    use super::super::{Layer, Padding};
    use super::*;
    use candle_core::Device;

    fn windows() -> [Window; 5] {
        let uneven = Padding {
            top: 1,
            bottom: 0,
            left: 0,
            right: 2,
        };
        [
            Window::square(2, 2, Padding::default()),
            Window::square(3, 2, Padding::all(1)),
            Window {
                kernel: [2, 5],
                stride: [1, 2],
                padding: uneven,
            },
            Window::square(1, 2, Padding::default()),
            Window {
                kernel: [3, 1],
                stride: [4, 1],
                padding: Padding::default(),
            },
        ]
    }

    #[test]
    fn pullbacks_agree_with_central_differences() {
        for window in windows() {
            check(&Layer::MaxPool(MaxPool { window }), &[&[2, 7, 6]]);
            for count_padding in [false, true] {
                check(
                    &Layer::AveragePool(AveragePool {
                        window,
                        count_padding,
                    }),
                    &[&[2, 7, 6]],
                );
            }
        }
        check(
            &Layer::MaxPool(MaxPool {
                window: Window::square(3, 1, Padding::all(1)),
            }),
            &[&[1, 1, 4]],
        );
    }

    #[test]
    fn tied_maxima_send_the_whole_gradient_to_the_first() {
        let x = Tensor::ones((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
        let pool = MaxPool {
            window: Window::square(2, 2, Padding::default()),
        };
        let y = pool.forward(&[&x]).unwrap();
        let g = pool
            .pullback(&[&x], &y, &y.ones_like().unwrap())
            .unwrap()
            .remove(0);
        assert_eq!(
            g.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            [1.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn padding_is_counted_only_when_asked() {
        let x = Tensor::ones((1, 1, 1, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
        let mean = |count_padding| {
            let pool = AveragePool {
                window: Window::square(3, 1, Padding::all(1)),
                count_padding,
            };
            pool.forward(&[&x])
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()[0]
        };
        assert!((mean(true) - 1.0 / 9.0).abs() < 1e-7);
        assert_eq!(mean(false), 1.0);
    }
}
