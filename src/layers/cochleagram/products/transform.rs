//! Fourier transforms as products with matrices: candle has none, but every device multiplies matrices well.
//!
//! With n = P · Q, bins k = aQ + b and samples t = c + Pd a transform from bins to samples is
//!
//! ```text
//! z[c + Pd] = Σ_b e^(2πi bd/Q) · e^(2πi bc/n) · Σ_a e^(2πi ac/P) · Z[aQ + b]
//! ```
//!
//! that is: a product with a matrix, a turn of each number, and another product. Where only the lowest bins are not zero,
//! the inner sum is over few `a`.

use super::matrices::{matrix, turned};
use crate::Result;
use crate::layers::factors::nearest_factors;
use candle_core::{DType, Device, Tensor};
use std::f64::consts::TAU;

/// What transforms from bins to samples of one length have in common.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) p: usize,
    pub(super) q: usize,
    /// Cosine and sine of 2π bc / n: `[Q, 1, P]`.
    turns: [Tensor; 2],
    /// The sum over `b`, real parts and then imaginary ones: `[2Q, 2Q]`; and turned.
    outer: Tensor,
    outer_turned: Tensor,
}

/// The sum over `a`, for the lowest AQ bins, real parts and then imaginary ones: `[2A, 2P]`; and turned.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) a: usize,
    matrix: Tensor,
    turned: Tensor,
}

fn cosine(k: usize, n: usize) -> f64 {
    libm::cos(TAU * (k % n) as f64 / n as f64)
}

fn sine(k: usize, n: usize) -> f64 {
    libm::sin(TAU * (k % n) as f64 / n as f64)
}

impl Transform {
    pub(super) fn new(n: usize, like: (&Device, DType)) -> Result<Self> {
        let [p, q] = nearest_factors(n);
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
    pub(super) fn inner(&self, bins: usize, like: (&Device, DType)) -> Result<Inner> {
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
    pub(super) fn samples(
        &self,
        inner: &Inner,
        bins: &Tensor,
        lines: usize,
    ) -> Result<[Tensor; 2]> {
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
    pub(super) fn bins(
        &self,
        inner: &Inner,
        samples: [&Tensor; 2],
        lines: usize,
    ) -> Result<Tensor> {
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
