//! The cochleagram and its pullback by operations on tensors alone, for devices that should not be waited for.
//!
//! A filter's bins are moved to the bottom of the spectrum before they are [transformed](transform), which changes the
//! phase of the analytic signal and not its magnitude. What is taken from where, also where filters overlap, is a table
//! made once; every sum has one order, so that runs can be repeated.

mod downsampling;
mod matrices;
mod transform;

use super::{Cochleagram, FrontEnd};
use crate::Result;
use crate::layers::factors::{LONGEST, nearest_factors};
use candle_core::{DType, Device, Tensor};
use downsampling::Downsampling;
use matrices::numbers;
use transform::{Inner, Transform};

/// What a cochleagram of one length is made with on a device.
#[derive(Debug)]
pub(super) struct Products {
    front_end: FrontEnd,
    samples: usize,
    channels: usize,
    transform: Transform,
    /// Of the sound: every bin up to half the sample rate.
    whole: Inner,
    /// Of the channels: as many bins as the widest has.
    bands: Inner,
    /// Where in the sound's spectrum the bins of the channels are.
    taken: Tensor,
    /// What they are multiplied by, divided by n; zero beyond a channel's own: `[Q · channels, 2A]`.
    gains: Tensor,
    /// Where in the channels' bins the shares of each bin of the sound's spectrum are: `[most shares · 2QA]`, the number
    /// after the last where there are fewer.
    given: Tensor,
    downsampling: Downsampling,
    /// As single numbers: the floor of the power, zero, and the steepest slope.
    floor: Tensor,
    zero: Tensor,
    steepest: Option<Tensor>,
}

impl Products {
    /// Whether a sound's length has factors that matrices can be made for.
    pub(super) fn fit(layer: &Cochleagram) -> bool {
        nearest_factors(layer.transform_length())[1] <= LONGEST
    }

    /// For a layer whose length [fits](Self::fit).
    ///
    /// # Errors
    /// When the device cannot hold the matrices.
    pub(super) fn new(layer: &Cochleagram, device: &Device, dtype: DType) -> Result<Self> {
        let like = (device, dtype);
        let n = layer.transform_length();
        let transform = Transform::new(n, like)?;
        let widest = layer.bands().iter().map(|b| b.gains.len()).max();
        let whole = transform.inner(n / 2 + 1, like)?;
        let bands = transform.inner(widest.unwrap_or(0), like)?;
        let (q, channels) = (transform.q, layer.channels());

        // Places are of real parts; imaginary ones are A further on.
        let place = |k: usize| (k % q) * 2 * whole.a + k / q;
        let width = 2 * bands.a;
        let mut taken = vec![0u32; q * channels * width];
        let mut gains = vec![0.0; q * channels * width];
        let mut shares: Vec<Vec<u32>> = vec![vec![]; q * 2 * whole.a];
        for (channel, band) in layer.bands().iter().enumerate() {
            for (j, gain) in band.gains.iter().enumerate() {
                let from = place(band.first + j);
                let to = ((j % q) * channels + channel) * width + j / q;
                for (from, to) in [(from, to), (from + whole.a, to + bands.a)] {
                    taken[to] = from as u32;
                    gains[to] = f64::from(*gain) / n as f64;
                    shares[from].push(to as u32);
                }
            }
        }
        let most = shares.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let nothing = taken.len() as u32;
        let given: Vec<u32> = (0..most)
            .flat_map(|i| shares.iter().map(move |s| *s.get(i).unwrap_or(&nothing)))
            .collect();

        let power = layer.front_end().compression;
        let single = |v: f64| numbers(vec![v], &[1], like);
        let steepest = power.map(|power| power.steepest);
        Ok(Self {
            front_end: *layer.front_end(),
            samples: layer.samples(),
            channels,
            taken: Tensor::from_vec(taken, q * channels * width, device)?,
            gains: numbers(gains, &[q * channels, width], like)?,
            given: Tensor::from_vec(given, most * q * 2 * whole.a, device)?,
            downsampling: Downsampling::new(layer, like)?,
            floor: single(layer.front_end().power_floor)?,
            zero: single(0.0)?,
            steepest: steepest.map(single).transpose()?,
            transform,
            whole,
            bands,
        })
    }

    /// The cochleagram `[channels, frames]` of a sound `[samples]`.
    ///
    /// # Errors
    /// When the sound has another length, or the device fails.
    pub(super) fn forward(&self, sound: &Tensor) -> Result<Tensor> {
        let power = self.power(&self.analytic(sound)?)?;
        self.compress(&self.downsampled(&power)?)
    }

    /// The gradient with respect to the sound `[samples]`, given that with respect to the cochleagram
    /// `[channels, frames]`.
    ///
    /// # Errors
    /// When a shape differs, or the device fails.
    pub(super) fn pullback(&self, sound: &Tensor, cotangent: &Tensor) -> Result<Tensor> {
        let analytic = self.analytic(sound)?;
        let power = self.power(&analytic)?;
        let slope = self.slope(&self.downsampled(&power)?)?;
        let envelope = self
            .downsampling
            .back(&(cotangent * slope)?, self.samples)?;
        let envelope = self.to_transform(&envelope)?;
        // The magnitude's gradient points along the analytic signal; where the floor holds there is none.
        let open = match self.front_end.power_floor > 0.0 {
            true => power.broadcast_ge(&self.floor)?,
            false => power.broadcast_gt(&self.zero)?,
        };
        let along = (envelope / power.sqrt()?)?;
        let along = open.where_cond(&along, &along.zeros_like()?)?;
        let [re, im] = analytic;
        let (re, im) = ((re * &along)?, (im * &along)?);
        let bins = self
            .transform
            .bins(&self.bands, [&re, &im], self.channels)?;
        let bins = (bins * &self.gains)?
            .flatten_all()?
            .pad_with_zeros(0, 0, 1)?;
        let places = self.transform.q * 2 * self.whole.a;
        let shares = bins.index_select(&self.given, 0)?;
        let spectrum = shares.reshape(((), places))?.sum(0)?;
        let spectrum = spectrum.reshape((self.transform.q, 2 * self.whole.a))?;
        // Only the positive half of the spectrum was used, and only it is carried back.
        let [gradient, _] = self.transform.samples(&self.whole, &spectrum, 1)?;
        let gradient = gradient.flatten_all()?.narrow(0, 0, self.samples)?;
        self.without_mean(&gradient)
    }

    /// Real and imaginary parts of the channels' analytic signals, each turned back by its channel's first bin:
    /// `[Q, channels, P]`.
    fn analytic(&self, sound: &Tensor) -> Result<[Tensor; 2]> {
        let (p, q) = (self.transform.p, self.transform.q);
        let sound = self.without_mean(sound)?;
        let silence = p * q - self.samples;
        let re = sound.pad_with_zeros(0, 0, silence)?.reshape((q, 1, p))?;
        let spectrum = self
            .transform
            .bins(&self.whole, [&re, &re.zeros_like()?], 1)?;
        let bins = spectrum.flatten_all()?.index_select(&self.taken, 0)?;
        let bins = (bins.reshape(self.gains.shape())? * &self.gains)?;
        self.transform.samples(&self.bands, &bins, self.channels)
    }

    fn power(&self, [re, im]: &[Tensor; 2]) -> Result<Tensor> {
        Ok((re.sqr()? + im.sqr()?)?)
    }

    /// Envelopes, filtered and thinned out: `[channels, frames]`.
    fn downsampled(&self, power: &Tensor) -> Result<Tensor> {
        let (p, q) = (self.transform.p, self.transform.q);
        let below = power.broadcast_lt(&self.floor)?;
        let power = below.where_cond(&self.floor.broadcast_as(power.shape())?, power)?;
        let envelopes = power.sqrt()?.transpose(0, 1)?.contiguous()?;
        let envelopes = envelopes.reshape((self.channels, p * q))?;
        self.downsampling
            .forward(&envelopes.narrow(1, 0, self.samples)?)
    }

    /// From `[channels, samples]` to the order of the transform's samples: `[Q, channels, P]`.
    fn to_transform(&self, envelopes: &Tensor) -> Result<Tensor> {
        let (p, q) = (self.transform.p, self.transform.q);
        let padded = envelopes.pad_with_zeros(1, 0, p * q - self.samples)?;
        let padded = padded.reshape((self.channels, q, p))?;
        Ok(padded.transpose(0, 1)?.contiguous()?)
    }

    fn without_mean(&self, values: &Tensor) -> Result<Tensor> {
        if !self.front_end.subtract_mean {
            return Ok(values.clone());
        }
        Ok(values.broadcast_sub(&values.mean_keepdim(0)?)?)
    }

    /// [`FrontEnd::compress`].
    fn compress(&self, envelope: &Tensor) -> Result<Tensor> {
        let scaled = self.scaled(envelope)?;
        Ok(match self.front_end.compression {
            Some(power) => scaled.powf(power.exponent)?,
            None => scaled,
        })
    }

    /// [`FrontEnd::slope`].
    fn slope(&self, envelope: &Tensor) -> Result<Tensor> {
        let slope = match (self.front_end.compression, &self.steepest) {
            (Some(power), Some(steepest)) => {
                let slope = self.scaled(envelope)?.powf(power.exponent - 1.0)?;
                (slope * power.exponent)?.broadcast_minimum(steepest)?
            }
            _ => envelope.ones_like()?,
        };
        let slope = (slope * self.front_end.scale)?;
        if self.front_end.straight_through {
            return Ok(slope);
        }
        let open = envelope.broadcast_gt(&self.zero)?;
        Ok(open.where_cond(&slope, &slope.zeros_like()?)?)
    }

    fn scaled(&self, envelope: &Tensor) -> Result<Tensor> {
        let FrontEnd { scale, offset, .. } = self.front_end;
        // What is not a number stays so.
        let below = envelope.broadcast_lt(&self.zero)?;
        let rectified = below.where_cond(&envelope.zeros_like()?, envelope)?;
        Ok(rectified.affine(scale, scale * offset)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SMOOTH, variants};
    use super::super::{Edges, FrozenLayer, Power};
    use super::*;
    use crate::layers::Layer;
    use crate::layers::gradient_check::{check, irregular};
    use crate::stimulus::random::{Purpose, Random};

    /// The layer as it is on a graphics card, on the CPU.
    fn by_products(front_end: FrontEnd, samples: usize, dtype: DType) -> Cochleagram {
        let mut layer = Cochleagram::new(front_end, samples).unwrap();
        assert!(Products::fit(&layer));
        let products = Products::new(&layer, &Device::Cpu, dtype).unwrap();
        layer.products = Some(products.into());
        layer
    }

    fn values(tensor: &Tensor) -> Vec<f64> {
        let tensor = tensor.to_dtype(DType::F64).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The largest difference, relative to the largest value.
    fn difference(expected: &Tensor, found: &Tensor) -> f64 {
        assert_eq!(expected.dims(), found.dims());
        let (expected, found) = (values(expected), values(found));
        let largest = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let differences = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
        assert!(largest > 0.0 && found.iter().all(|v| v.is_finite()));
        differences.fold(0.0, f64::max) / largest
    }

    /// Of the cochleagrams of two sounds, and of their pullbacks.
    fn differences(front_end: FrontEnd, samples: usize, dtype: DType) -> [f64; 2] {
        // Noise: where a band hears nothing, its phase, and with it its gradient, is made by rounding.
        let sounds = Random::new(5, Purpose::Start).normals(2 * samples, 0.0, 0.1);
        let sounds = Tensor::from_vec(sounds, (2, samples), &Device::Cpu).unwrap();
        let sounds = sounds.to_dtype(dtype).unwrap();
        let layer = Cochleagram::new(front_end, samples).unwrap();
        let other = by_products(front_end, samples, dtype);
        let expected = layer.forward(&[&sounds]).unwrap();
        let found = other.forward(&[&sounds]).unwrap();
        let cotangent = irregular(expected.elem_count(), 7);
        let cotangent = Tensor::from_vec(cotangent, expected.shape(), &Device::Cpu).unwrap();
        let cotangent = cotangent.to_dtype(dtype).unwrap();
        let pullback = |layer: &Cochleagram, y| {
            let gradients = layer.pullback(&[&sounds], y, &cotangent).unwrap();
            gradients.into_iter().next().unwrap()
        };
        [
            difference(&expected, &found),
            difference(&pullback(&layer, &expected), &pullback(&other, &found)),
        ]
    }

    #[test]
    fn products_are_the_definition() {
        let power = |steepest| Power {
            exponent: 0.3,
            steepest,
        };
        // Where the floor holds at some moments, and the slope is limited in some frames.
        let limited = FrontEnd {
            power_floor: 1e-4,
            compression: Some(power(0.3)),
            ..SMOOTH
        };
        for front_end in [vec![SMOOTH, limited], variants()].concat() {
            // Of the second length, which is prime, the inner sums have one term.
            for samples in [24, 23, 30, 36] {
                let found = differences(front_end, samples, DType::F64);
                assert!(
                    found.iter().all(|d| *d < 1e-10),
                    "{front_end:?} {samples} {found:?}"
                );
            }
        }
    }

    #[test]
    fn the_last_stage_is_the_definition() {
        let envelopes = [-0.5, -1e-9, 0.0, 1e-9, 1e-5, 3e-4, 0.02, 0.1, 3.0];
        let tensor = Tensor::new(&envelopes, &Device::Cpu).unwrap();
        for front_end in [FrontEnd::FEATHER2019, FrontEnd::COCHLEAGRAM_1] {
            let products = by_products(front_end, 2000, DType::F64).products.unwrap();
            let compressed = values(&products.compress(&tensor).unwrap());
            let slopes = values(&products.slope(&tensor).unwrap());
            for (i, envelope) in envelopes.into_iter().enumerate() {
                let (y, slope) = (front_end.compress(envelope), front_end.slope(envelope));
                assert!((compressed[i] - y).abs() <= 1e-12 * y, "{envelope}");
                assert!((slopes[i] - slope).abs() <= 1e-12 * slope, "{envelope}");
            }
        }
    }

    #[test]
    fn pullbacks_agree_with_central_differences() {
        for front_end in [vec![SMOOTH], variants()].concat() {
            let layer = Layer::Cochleagram(by_products(front_end, 24, DType::F64));
            check(&layer, &[&[24]]);
        }
    }

    #[test]
    fn the_published_front_ends_are_the_definition_but_for_rounding() {
        for front_end in [FrontEnd::FEATHER2019, FrontEnd::COCHLEAGRAM_1] {
            let [forward, pullback] = differences(front_end, 40_000, DType::F32);
            assert!(forward < 1e-5 && pullback < 1e-5, "{forward} {pullback}");
        }
    }

    #[test]
    fn silence_has_a_finite_gradient_and_what_is_no_number_stays_so() {
        for front_end in [FrontEnd::FEATHER2019, FrontEnd::COCHLEAGRAM_1] {
            let layer = by_products(front_end, 2000, DType::F32);
            let x = Tensor::zeros((1, 2000), DType::F32, &Device::Cpu).unwrap();
            let y = layer.forward(&[&x]).unwrap();
            let g = layer.pullback(&[&x], &y, &y.ones_like().unwrap()).unwrap();
            assert!(values(&g[0]).iter().all(|v| *v == 0.0));
            let y = layer.forward(&[&(x + f64::NAN).unwrap()]).unwrap();
            assert!(values(&y).iter().all(|v| v.is_nan()));
        }
    }

    #[test]
    fn matrices_are_made_for_lengths_of_small_factors() {
        let edges = Edges::Valid;
        let fit = |samples| {
            Products::fit(&Cochleagram::new(FrontEnd { edges, ..SMOOTH }, samples).unwrap())
        };
        assert!(fit(40_000) && fit(2039));
        // Twice a prime.
        assert!(!fit(2 * 2053));
    }
}
