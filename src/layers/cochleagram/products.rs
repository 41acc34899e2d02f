//! The cochleagram and its pullback by operations on tensors alone, for devices that should not be waited for.
//!
//! There are no Fourier transforms on tensors, but every device multiplies matrices well. With n = P · Q, bins
//! k = aQ + b and samples t = c + Pd a transform from bins to samples is
//!
//! ```text
//! z[c + Pd] = Σ_b e^(2πi bd/Q) · e^(2πi bc/n) · Σ_a e^(2πi ac/P) · Z[aQ + b]
//! ```
//!
//! that is: a product with a matrix, a turn of each number, and another product. A filter's bins are moved to the bottom
//! of the spectrum first, which changes the phase of the analytic signal and not its magnitude, so that the inner sum is
//! over few `a`. What is taken from where, also where filters overlap, is a table made once; every sum has one order, so
//! that runs can be repeated.

use super::{Cochleagram, FrontEnd};
use crate::Result;
use candle_core::{DType, Device, Tensor};
use std::f64::consts::TAU;

/// The longest sum that a matrix is made for.
const MOST: usize = 2048;

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

/// What transforms from bins to samples of one length have in common.
#[derive(Debug)]
struct Transform {
    p: usize,
    q: usize,
    /// Cosine and sine of 2π bc / n: `[Q, 1, P]`.
    turns: [Tensor; 2],
    /// The sum over `b`, real parts and then imaginary ones: `[2Q, 2Q]`; and turned.
    outer: Tensor,
    outer_turned: Tensor,
}

/// The sum over `a`, for the lowest AQ bins, real parts and then imaginary ones: `[2A, 2P]`; and turned.
#[derive(Debug)]
struct Inner {
    a: usize,
    matrix: Tensor,
    turned: Tensor,
}

/// The filter and the stride of the last stage but one, as products of blocks of a stride with parts of the filter.
#[derive(Debug)]
struct Downsampling {
    before: usize,
    frames: usize,
    stride: usize,
    /// How many strides the filter takes.
    parts: usize,
    /// `[stride, parts]`, zero beyond the filter; and turned.
    taps: Tensor,
    turned: Tensor,
}

/// The two factors of a number that are nearest to each other, the smaller first.
fn factors(n: usize) -> [usize; 2] {
    let small = (1..=n.isqrt()).rev().find(|p| n.is_multiple_of(*p));
    let small = small.unwrap_or(1);
    [small, n / small]
}

fn cosine(k: usize, n: usize) -> f64 {
    libm::cos(TAU * (k % n) as f64 / n as f64)
}

fn sine(k: usize, n: usize) -> f64 {
    libm::sin(TAU * (k % n) as f64 / n as f64)
}

/// A matrix by its entries.
fn matrix(
    [rows, columns]: [usize; 2],
    entry: impl Fn(usize, usize) -> f64,
    like: (&Device, DType),
) -> Result<Tensor> {
    let entries = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
    let entries = entries.map(|(i, j)| entry(i, j)).collect();
    numbers(entries, &[rows, columns], like)
}

fn numbers(values: Vec<f64>, shape: &[usize], (device, dtype): (&Device, DType)) -> Result<Tensor> {
    // Converted here: Metal has no f64.
    let values = Tensor::from_vec(values, shape, &Device::Cpu)?;
    Ok(values.to_dtype(dtype)?.to_device(device)?)
}

fn turned(matrix: &Tensor) -> Result<Tensor> {
    Ok(matrix.t()?.contiguous()?)
}

impl Transform {
    fn new(n: usize, like: (&Device, DType)) -> Result<Self> {
        let [p, q] = factors(n);
        let turn = |wave: fn(usize, usize) -> f64| {
            let turns = matrix([q, p], |b, c| wave(b * c, n), like)?;
            turns.unsqueeze(1).map_err(crate::Error::from)
        };
        let entry = |row: usize, column: usize| {
            let angle = (row % q) * (column % q);
            match (row / q, column / q) {
                (0, 1) => -sine(angle, q),
                (1, 0) => sine(angle, q),
                _ => cosine(angle, q),
            }
        };
        let outer = matrix([2 * q, 2 * q], entry, like)?;
        Ok(Self {
            p,
            q,
            turns: [turn(cosine)?, turn(sine)?],
            outer_turned: turned(&outer)?,
            outer,
        })
    }

    /// For the lowest `bins` bins.
    fn inner(&self, bins: usize, like: (&Device, DType)) -> Result<Inner> {
        let (a, p) = (bins.div_ceil(self.q).max(1), self.p);
        let entry = |row: usize, column: usize| {
            let angle = (row % a) * (column % p);
            match (row / a, column / p) {
                (0, 1) => sine(angle, p),
                (1, 0) => -sine(angle, p),
                _ => cosine(angle, p),
            }
        };
        let matrix = matrix([2 * a, 2 * p], entry, like)?;
        Ok(Inner {
            a,
            turned: turned(&matrix)?,
            matrix,
        })
    }

    /// From the bins of several lines, `[Q · lines, 2A]`, to real and imaginary parts of their samples, `[Q, lines, P]`
    /// each. Not divided by n.
    fn samples(&self, inner: &Inner, bins: &Tensor, lines: usize) -> Result<[Tensor; 2]> {
        let (p, q) = (self.p, self.q);
        let both = bins.matmul(&inner.matrix)?.reshape((q, lines, 2 * p))?;
        let (re, im) = (both.narrow(2, 0, p)?, both.narrow(2, p, p)?);
        let [cosines, sines] = &self.turns;
        let both = Tensor::cat(
            &[
                (re.broadcast_mul(cosines)? - im.broadcast_mul(sines)?)?,
                (re.broadcast_mul(sines)? + im.broadcast_mul(cosines)?)?,
            ],
            0,
        )?;
        let both = self.outer.matmul(&both.reshape((2 * q, lines * p))?)?;
        let both = both.reshape((2, q, lines, p))?;
        Ok([both.get(0)?, both.get(1)?])
    }

    /// The transpose of [`Self::samples`], which is the transform from samples to bins.
    fn bins(&self, inner: &Inner, samples: [&Tensor; 2], lines: usize) -> Result<Tensor> {
        let (p, q) = (self.p, self.q);
        let both = Tensor::cat(&samples, 0)?.reshape((2 * q, lines * p))?;
        let both = self.outer_turned.matmul(&both)?;
        let both = both.reshape((2, q, lines, p))?;
        let (re, im) = (both.get(0)?, both.get(1)?);
        let [cosines, sines] = &self.turns;
        let both = Tensor::cat(
            &[
                (re.broadcast_mul(cosines)? + im.broadcast_mul(sines)?)?,
                (im.broadcast_mul(cosines)? - re.broadcast_mul(sines)?)?,
            ],
            2,
        )?;
        Ok(both.reshape((q * lines, 2 * p))?.matmul(&inner.turned)?)
    }
}

impl Downsampling {
    fn new(layer: &Cochleagram, like: (&Device, DType)) -> Result<Self> {
        let (stride, taps) = (layer.front_end().stride(), layer.taps());
        let parts = taps.len().div_ceil(stride);
        let entry = |r: usize, m: usize| taps.get(m * stride + r).map_or(0.0, |t| f64::from(*t));
        let taps = matrix([stride, parts], entry, like)?;
        Ok(Self {
            before: layer.before(),
            frames: layer.frames(),
            stride,
            parts,
            turned: turned(&taps)?,
            taps,
        })
    }

    fn blocks(&self) -> usize {
        self.frames - 1 + self.parts
    }

    /// From `[lines, samples]` to `[lines, frames]`.
    fn forward(&self, envelopes: &Tensor) -> Result<Tensor> {
        let (lines, samples) = envelopes.dims2()?;
        let length = self.blocks() * self.stride;
        let after = length.saturating_sub(self.before + samples);
        let padded = envelopes.pad_with_zeros(1, self.before, after)?;
        let padded = padded.narrow(1, 0, length)?.contiguous()?;
        let parts = padded
            .reshape((lines * self.blocks(), self.stride))?
            .matmul(&self.taps)?
            .reshape((lines, self.blocks(), self.parts))?;
        let part = |m: usize| parts.narrow(2, m, 1)?.narrow(1, m, self.frames);
        let mut sum = part(0)?;
        for m in 1..self.parts {
            sum = (sum + part(m)?)?;
        }
        Ok(sum.reshape((lines, self.frames))?)
    }

    /// The transpose of [`Self::forward`], from `[lines, frames]` to `[lines, samples]`.
    fn back(&self, frames: &Tensor, samples: usize) -> Result<Tensor> {
        let lines = frames.dim(0)?;
        let part = |m: usize| frames.pad_with_zeros(1, m, self.parts - 1 - m);
        let parts = (0..self.parts)
            .map(part)
            .collect::<candle_core::Result<Vec<_>>>()?;
        let length = self.blocks() * self.stride;
        let padded = Tensor::stack(&parts, 2)?
            .reshape((lines * self.blocks(), self.parts))?
            .matmul(&self.turned)?
            .reshape((lines, length))?;
        let after = (self.before + samples).saturating_sub(length);
        let padded = padded.pad_with_zeros(1, 0, after)?;
        Ok(padded.narrow(1, self.before, samples)?.contiguous()?)
    }
}

impl Products {
    /// Whether a sound's length has factors that matrices can be made for.
    pub(super) fn fit(layer: &Cochleagram) -> bool {
        factors(layer.transform_length())[1] <= MOST
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
    use super::super::{Edges, FrozenLayer};
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
        for front_end in [vec![SMOOTH], variants()].concat() {
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
