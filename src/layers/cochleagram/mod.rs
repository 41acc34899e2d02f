//! The cochleagram: what the ear passes on of a sound, as a layer.
//!
//! A sound `x` of `n` samples goes through these stages (McDermott & Simoncelli 2011; as in the networks of Feather et
//! al. 2019 and 2023):
//!
//! 1. its spectrum is multiplied with each filter of a bank ([`erb`]);
//! 2. the magnitude of each channel's analytic signal is its envelope;
//! 3. envelopes are low-pass filtered and downsampled;
//! 4. what came out is rectified, scaled and compressed.
//!
//! What differs between toolboxes is collected in [`FrontEnd`]. The pullback is the exact adjoint of the stages but for
//! the last, where the papers deviate on purpose ([`FrontEnd::slope`]). Filters and window are computed in `f64` and
//! rounded to `f32` before use, as in both toolboxes.
//!
//! There are no Fourier transforms on tensors, so the definition works on vectors on the CPU, in `f64` whatever the
//! tensors' type. On other devices the same is computed by products with matrices, in the tensors' type, so that no
//! step waits for the device; only for lengths without a suitable factor (see [`Cochleagram::stays_on_its_device`]) the
//! definition is used there too.

mod definition;
pub mod erb;
mod front_end;
mod lowpass;
mod products;

pub use erb::ErbFilters;
pub use front_end::{Analytic, Edges, FrontEnd, Power};

use super::{FrozenLayer, only, only_shape};
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};
use definition::Definition;
use products::Products;
use std::sync::Arc;

/// Gains of one channel at neighbouring bins of the spectrum, as they are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Gains {
    /// Centre frequency in Hz.
    pub centre: f64,
    /// The first bin.
    pub first: usize,
    /// The gains from there on; zero everywhere else.
    pub gains: Vec<f32>,
}

/// A cochleagram of sounds of one length: `[samples]` to `[1, channels, frames]`, low frequencies first.
///
/// The leading 1 is the channel axis of the convolutions that follow in a network; height is frequency, width is time.
#[derive(Clone, Debug)]
pub struct Cochleagram {
    front_end: FrontEnd,
    samples: usize,
    before: usize,
    frames: usize,
    /// Shared, since layers are copied with their graph.
    bands: Arc<[Gains]>,
    taps: Arc<[f32]>,
    /// On devices other than the CPU.
    products: Option<Arc<Products>>,
}

impl Cochleagram {
    /// The layer for sounds of `samples` samples.
    ///
    /// # Errors
    /// When a parameter is out of bounds or the sound too short for a single frame.
    pub fn new(front_end: FrontEnd, samples: usize) -> Result<Self> {
        let (before, frames) = front_end.framing(samples)?;
        let length = samples * front_end.lengthened.max(1);
        let bands = front_end
            .filters
            .bands(length, front_end.sample_rate as f64)?;
        let weight = |bin: usize| match front_end.analytic {
            Analytic::OneSided => 1.0,
            Analytic::Doubled if bin == 0 || 2 * bin == length => 0.0,
            Analytic::Doubled => 2.0,
        };
        let used = |band: erb::Band| Gains {
            centre: band.centre,
            first: band.first,
            gains: band
                .gains
                .iter()
                .enumerate()
                .map(|(j, g)| *g as f32 * weight(band.first + j))
                .collect(),
        };
        let taps = lowpass::windowed_sinc(front_end.window, front_end.stride());
        Ok(Self {
            front_end,
            samples,
            before,
            frames,
            bands: bands.into_iter().map(used).collect(),
            taps: taps.into_iter().map(|t| t as f32).collect(),
            products: None,
        })
    }

    /// The same layer for sounds on a device, of a float type.
    pub(super) fn to(&self, device: &Device, dtype: DType) -> Result<Self> {
        let products = if device.is_cpu() || !self.stays_on_its_device() {
            None
        } else {
            Some(Arc::new(Products::new(self, device, dtype)?))
        };
        Ok(Self {
            products,
            ..self.clone()
        })
    }

    /// Whether sounds on a graphics card are heard there: where [`Self::transform_length`] is a product of two numbers of
    /// at most 2048. Others are fetched, heard on the CPU, and sent back.
    pub fn stays_on_its_device(&self) -> bool {
        Products::fit(self)
    }

    /// The parameters.
    pub fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// Samples of a sound.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Samples of the spectrum's time axis: more than [`Self::samples`] where the sound is lengthened with zeros.
    pub fn transform_length(&self) -> usize {
        self.samples * self.front_end.lengthened.max(1)
    }

    /// Number of filters.
    pub fn channels(&self) -> usize {
        self.bands.len()
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Zeros before an envelope when it is downsampled.
    pub fn before(&self) -> usize {
        self.before
    }

    /// The sample on which the window of frame `frame` is centred; between two where the window is of even length.
    pub fn centre_of(&self, frame: usize) -> f64 {
        let start = frame * self.front_end.stride();
        start as f64 + (self.front_end.window as f64 - 1.0) / 2.0 - self.before as f64
    }

    /// The filters, low frequencies first.
    pub fn bands(&self) -> &[Gains] {
        &self.bands
    }

    /// The downsampling filter.
    pub fn taps(&self) -> &[f32] {
        &self.taps
    }

    /// The item's shape, or an error if `found` is not that of a sound of the right length.
    fn item(&self, found: &[usize]) -> Result<[usize; 3]> {
        if found != [self.samples] {
            return Err(Error::shape(
                "cochleagram of a sound",
                &[self.samples],
                found,
            ));
        }
        Ok([1, self.channels(), self.frames])
    }
}

impl FrozenLayer for Cochleagram {
    fn kind(&self) -> &'static str {
        "cochleagram"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.item(only_shape(inputs)?)?.to_vec())
    }

    fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let x = only(inputs)?;
        if let Some(products) = &self.products {
            let sounds = (0..x.dim(0)?).map(|i| products.forward(&x.get(i)?));
            let y = Tensor::stack(&sounds.collect::<Result<Vec<_>>>()?, 0)?;
            return Ok(y.unsqueeze(1)?);
        }
        let definition = Definition::new(self);
        let y: Vec<f64> = rows(x)?
            .iter()
            .flat_map(|sound| definition.forward(sound))
            .collect();
        tensor(y, &[x.dim(0)?, 1, self.channels(), self.frames], x)
    }

    fn pullback(&self, inputs: &[&Tensor], _: &Tensor, cotangent: &Tensor) -> Result<Vec<Tensor>> {
        let x = only(inputs)?;
        if let Some(products) = &self.products {
            let pullback = |i| products.pullback(&x.get(i)?, &cotangent.get(i)?.squeeze(0)?);
            let gradients = (0..x.dim(0)?).map(pullback).collect::<Result<Vec<_>>>()?;
            return Ok(vec![Tensor::stack(&gradients, 0)?]);
        }
        let definition = Definition::new(self);
        let cotangents = rows(&cotangent.flatten_from(1)?)?;
        let pairs = rows(x)?.into_iter().zip(cotangents);
        let dx: Vec<f64> = pairs
            .flat_map(|(sound, g)| definition.pullback(&sound, &g))
            .collect();
        Ok(vec![tensor(dx, x.dims(), x)?])
    }
}

/// The items of a batch `[batch, n]`.
fn rows(x: &Tensor) -> Result<Vec<Vec<f64>>> {
    Ok(x.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec2()?)
}

fn tensor(values: Vec<f64>, shape: &[usize], like: &Tensor) -> Result<Tensor> {
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?
        .to_dtype(like.dtype())?
        .to_device(like.device())?)
}

#[cfg(test)]
mod tests {
    use super::super::Layer;
    use super::super::gradient_check::check;
    use super::*;

    /// A front end so small that every input value can be nudged, and smooth for the sounds of the check.
    pub(super) const SMOOTH: FrontEnd = FrontEnd {
        sample_rate: 100,
        filters: ErbFilters {
            low: 2.0,
            high: 45.0,
            count: 2,
            sample_factor: 2,
            low_pass: true,
            high_pass: true,
        },
        frame_rate: 20,
        window: 7,
        offset: 0.3,
        scale: 1.7,
        compression: Some(Power {
            exponent: 0.3,
            steepest: f64::INFINITY,
        }),
        ..FrontEnd::FEATHER2019
    };

    fn layer(front_end: FrontEnd, samples: usize) -> Layer {
        Layer::Cochleagram(Cochleagram::new(front_end, samples).unwrap())
    }

    /// The same with other choices, one at a time.
    pub(super) fn variants() -> Vec<FrontEnd> {
        vec![
            FrontEnd {
                edges: Edges::Valid,
                ..SMOOTH
            },
            FrontEnd {
                edges: Edges::Padded(5, 2),
                window: 10,
                ..SMOOTH
            },
            FrontEnd {
                subtract_mean: true,
                ..SMOOTH
            },
            FrontEnd {
                lengthened: 2,
                ..SMOOTH
            },
            FrontEnd {
                analytic: Analytic::Doubled,
                ..SMOOTH
            },
            FrontEnd {
                compression: None,
                ..SMOOTH
            },
            FrontEnd {
                power_floor: 1e-16,
                ..SMOOTH
            },
            FrontEnd {
                filters: ErbFilters {
                    low_pass: false,
                    high_pass: false,
                    sample_factor: 1,
                    ..SMOOTH.filters
                },
                ..SMOOTH
            },
        ]
    }

    #[test]
    fn pullbacks_agree_with_central_differences() {
        for samples in [23, 24, 31] {
            check(&layer(SMOOTH, samples), &[&[samples]]);
        }
        for front_end in variants() {
            check(&layer(front_end, 23), &[&[23]]);
            check(&layer(front_end, 26), &[&[26]]);
        }
    }

    #[test]
    fn silence_has_a_finite_gradient() {
        for (front_end, value) in [
            (FrontEnd::FEATHER2019, 0.0),
            (FrontEnd::COCHLEAGRAM_1, (2e-8f64).powf(0.3)),
        ] {
            let layer = Cochleagram::new(
                FrontEnd {
                    power_floor: front_end.power_floor,
                    ..front_end
                },
                2000,
            )
            .unwrap();
            let x = Tensor::zeros((1, 2000), DType::F64, &Device::Cpu).unwrap();
            let y = layer.forward(&[&x]).unwrap();
            let g = layer
                .pullback(&[&x], &y, &y.ones_like().unwrap())
                .unwrap()
                .remove(0);
            assert!(g.to_vec2::<f64>().unwrap()[0].iter().all(|v| *v == 0.0));
            // With a floor on the power, the envelope of silence is 1e-8, and the offset is as much again.
            let y = y.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            assert!(
                y.iter().all(|v| (v - value).abs() <= 1e-3 * value),
                "{} {value}",
                y[0]
            );
        }
    }

    #[test]
    fn a_sound_of_another_length_is_refused() {
        let layer = Cochleagram::new(SMOOTH, 24).unwrap();
        assert!(
            layer
                .output_shape(&[&[25]])
                .unwrap_err()
                .to_string()
                .contains("[24]")
        );
        assert_eq!(layer.output_shape(&[&[24]]).unwrap(), [1, 9, 5]);
    }
}
