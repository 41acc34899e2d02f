//! The optimisers' update rules on tensors: the same arithmetic in the same order, element by element.

use super::super::Procedure;
use super::super::loss::square_sum;
use super::super::optimisers::normalised::{RADIUS, TINY};
use super::super::optimisers::spectral_adam::sizes;
use super::super::optimisers::{Pace, State, entry, hartley};
use super::super::procedure::Rule;
use super::hartley::Hartley;
use super::lapped::Lapped;
use super::values;
use crate::Result;
use crate::formats::Array;
use candle_core::{Device, Tensor};

/// What is needed to move a stimulus's spectrum.
pub(super) enum Spectrum {
    /// Of the whole stimulus, and how large steps are relative to the learning rate.
    Whole { hartley: Hartley, sizes: Tensor },
    /// Of a sound's moments.
    Lapped(Lapped),
}

impl Spectrum {
    /// For a procedure that moves the spectrum of stimuli of a shape; nothing for one that does not.
    ///
    /// # Errors
    /// When the shape does not fit, or the device cannot hold it.
    pub(super) fn new(
        procedure: &Procedure,
        shape: &[usize],
        device: &Device,
    ) -> Result<Option<Self>> {
        let tilt = procedure.tilt as f32;
        Ok(match procedure.optimiser {
            Rule::SpectralAdam => {
                let hartley = Hartley::new(shape, device)?;
                let sizes = sizes(hartley::Hartley::new(shape).frequencies(), tilt);
                let sizes = Tensor::from_vec(sizes, hartley.spectrum_shape(), device)?;
                Some(Self::Whole { hartley, sizes })
            }
            Rule::LappedAdam => {
                let length = shape.iter().product();
                Some(Self::Lapped(Lapped::new(length, tilt, device)?))
            }
            Rule::Adam | Rule::Normalised => None,
        })
    }

    /// The shape of a spectrum.
    fn shape(&self) -> Vec<usize> {
        match self {
            Self::Whole { sizes, .. } => sizes.dims().to_vec(),
            Self::Lapped(lapped) => lapped.spectrum_shape().to_vec(),
        }
    }

    /// By how much a stimulus goes down, of as many values, where its spectrum goes down by what `descent` makes of the
    /// gradient's.
    ///
    /// # Errors
    /// When the device fails.
    fn move_by(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        descent: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        match self {
            Self::Whole { hartley, sizes } => {
                hartley.back(&descent(&hartley.forward(gradient)?)?.mul(sizes)?)
            }
            Self::Lapped(lapped) => {
                let sizes = lapped.sizes(&lapped.forward(x)?)?;
                lapped.back(&descent(&lapped.forward(gradient)?)?.mul(&sizes)?)
            }
        }
    }
}

/// A rule with its state as tensors.
pub(super) enum Moving<'s> {
    Adam(Moments),
    Normalised { block_start: Tensor },
    OnSpectrum(Moments, &'s Spectrum),
}

/// First and second moments, and the products of the two betas.
pub(super) struct Moments {
    betas: [f32; 2],
    epsilon: f32,
    powers: [f32; 2],
    first: Tensor,
    second: Tensor,
}

impl<'s> Moving<'s> {
    /// A procedure's rule, from an optimiser's state, for the stimulus `x`.
    ///
    /// # Errors
    /// When the state belongs to another rule, or the device cannot hold it.
    pub(super) fn new(
        procedure: &Procedure,
        state: &State,
        x: &Tensor,
        spectrum: Option<&'s Spectrum>,
    ) -> Result<Self> {
        let tensor = |name: &str, shape: &[usize]| -> Result<Tensor> {
            let values = entry(state, name, shape.iter().product())?;
            Ok(Tensor::from_slice(values, shape, x.device())?)
        };
        if procedure.optimiser == Rule::Normalised {
            let block_start = tensor("block_start", x.dims())?;
            return Ok(Self::Normalised { block_start });
        }
        let shape = spectrum.map_or_else(|| x.dims().to_vec(), Spectrum::shape);
        let powers = entry(state, "beta_powers", 2)?;
        let moments = Moments {
            betas: [procedure.beta1 as f32, procedure.beta2 as f32],
            epsilon: procedure.epsilon as f32,
            powers: [powers[0], powers[1]],
            first: tensor("first_moment", &shape)?,
            second: tensor("second_moment", &shape)?,
        };
        Ok(match spectrum {
            Some(spectrum) => Self::OnSpectrum(moments, spectrum),
            None => Self::Adam(moments),
        })
    }

    /// The stimulus after an update, not clipped.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn update(&mut self, x: &Tensor, gradient: &Tensor, pace: Pace) -> Result<Tensor> {
        match self {
            Self::Adam(moments) => Ok((x - moments.descent(gradient, pace)?)?),
            Self::OnSpectrum(moments, spectrum) => {
                let change = spectrum.move_by(x, gradient, |g| moments.descent(g, pace))?;
                Ok((x - change.reshape(x.shape())?)?)
            }
            Self::Normalised { block_start } => {
                if pace.block_begins {
                    *block_start = x.clone();
                }
                let norm = |t: &Tensor| Ok::<_, crate::Error>(square_sum(t)?.sqrt()?);
                let length = norm(gradient)?.to_dtype(x.dtype())?;
                let length = length.affine(1.0, f64::from(TINY))?;
                let step = gradient.broadcast_div(&length)?;
                let step = step.affine(f64::from(pace.rate), 0.0)?;
                let moved = ((x - step)? - &*block_start)?;
                // One within the ball, and its radius over the distance outside.
                let distance = norm(&moved)?;
                let radius = distance.ones_like()?.affine(RADIUS, 0.0)?;
                let shrink = radius.div(&distance.maximum(&radius)?)?;
                let moved = moved.broadcast_mul(&shrink.to_dtype(x.dtype())?)?;
                Ok((&*block_start + moved)?)
            }
        }
    }

    /// The optimiser's state, read back.
    ///
    /// # Errors
    /// When the device fails.
    pub(super) fn state(&self) -> Result<State> {
        let vector = |tensor: &Tensor| Ok::<_, crate::Error>(Array::vector(values(tensor)?));
        Ok(match self {
            Self::Normalised { block_start } => {
                State::from([("block_start".into(), vector(block_start)?)])
            }
            Self::Adam(moments) | Self::OnSpectrum(moments, _) => State::from([
                ("first_moment".into(), vector(&moments.first)?),
                ("second_moment".into(), vector(&moments.second)?),
                ("beta_powers".into(), Array::vector(moments.powers.to_vec())),
            ]),
        })
    }
}

impl Moments {
    /// By how much every element goes down; the moments take the gradient in.
    fn descent(&mut self, g: &Tensor, pace: Pace) -> Result<Tensor> {
        let toward = |old: &Tensor, new: &Tensor, beta: f32| {
            old + (new - old)?.affine(f64::from(pace.replaced(beta)), 0.0)?
        };
        let step = pace.rate * (1.0 - self.powers[1]).sqrt() / (1.0 - self.powers[0]);
        self.first = toward(&self.first, g, self.betas[0])?;
        self.second = toward(&self.second, &g.sqr()?, self.betas[1])?;
        let spread = self.second.sqrt()?.affine(1.0, f64::from(self.epsilon))?;
        for (power, beta) in self.powers.iter_mut().zip(self.betas) {
            *power *= pace.kept(beta);
        }
        Ok((self.first.affine(f64::from(step), 0.0)? / spread)?)
    }
}
