//! The filter bank of the cochlea: half cosines, evenly spaced on the ERB-rate scale, whose squares add up to one.
//!
//! Glasberg & Moore's (1990) scale as used by McDermott & Simoncelli (2011) and the toolboxes that followed them. Bin
//! edges depend on strict comparisons, so everything is computed in `f64`, on `libm`, and is the same on every platform.

use crate::{Error, Result};
use std::f64::consts::PI;

/// ERB-rate units per e-fold.
const PER_E_FOLD: f64 = 9.265;
/// Minimum bandwidth of the ear in Hz.
const MINIMUM_BANDWIDTH: f64 = 24.7;

/// The ERB-rate number of a frequency in Hz.
pub fn erb_rate(hz: f64) -> f64 {
    PER_E_FOLD * libm::log(1.0 + hz / (MINIMUM_BANDWIDTH * PER_E_FOLD))
}

/// The frequency in Hz of an ERB-rate number.
pub fn hertz(erb_rate: f64) -> f64 {
    MINIMUM_BANDWIDTH * PER_E_FOLD * (libm::exp(erb_rate / PER_E_FOLD) - 1.0)
}

/// What a filter bank is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErbFilters {
    /// Lower limit in Hz.
    pub low: f64,
    /// Upper limit in Hz, at most half the sample rate.
    pub high: f64,
    /// Number of band-pass filters if neighbours overlapped by half.
    pub count: usize,
    /// How many times denser they stand: 1, or an even number. Gives `sample_factor · (count + 1) − 1` band-pass
    /// filters and `sample_factor` low-pass and high-pass filters each.
    pub sample_factor: usize,
    /// Whether the low-pass filters are kept.
    pub low_pass: bool,
    /// Whether the high-pass filters are kept.
    pub high_pass: bool,
}

/// One filter: its gains at neighbouring bins of a real signal's spectrum, zero everywhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Centre frequency in Hz.
    pub centre: f64,
    /// The first bin with a gain.
    pub first: usize,
    /// Gains from there on; empty where the band falls between two bins.
    pub gains: Vec<f64>,
}

impl ErbFilters {
    /// The filters for a signal of `length` samples at `rate` Hz, low frequencies first. Bins are those of the signal's
    /// one-sided spectrum, `length / 2 + 1` of them.
    ///
    /// # Errors
    /// When a limit or the sample factor is out of bounds.
    pub fn bands(&self, length: usize, rate: f64) -> Result<Vec<Band>> {
        self.validate(length, rate)?;
        let s = self.sample_factor;
        let intervals = length / 2;
        let top = if length.is_multiple_of(2) {
            rate / 2.0
        } else {
            rate * (length - 1) as f64 / (2 * length) as f64
        };
        let step = top / intervals as f64;
        let frequency = |bin: usize| {
            if bin == intervals {
                top
            } else {
                bin as f64 * step
            }
        };
        let rates: Vec<f64> = (0..=intervals)
            .map(|bin| erb_rate(frequency(bin)))
            .collect();

        let bandpass = s * (self.count + 1) - 1;
        let (from, to) = (erb_rate(self.low), erb_rate(self.high));
        let spacing = (to - from) / (bandpass + 1) as f64;
        let centre = |i: usize| (i + 1) as f64 * spacing + from;
        let reach = s as f64 * spacing;
        let cosine = |i: usize| -> Vec<f64> {
            let (l, h) = (centre(i) - reach, centre(i) + reach);
            let gain = |e: f64| {
                if e > l && e < h {
                    libm::cos((e - (l + h) / 2.0) / (h - l) * PI)
                } else {
                    0.0
                }
            };
            rates.iter().map(|e| gain(*e)).collect()
        };
        // What a band leaves over below (or above) its centre belongs to the low-pass (high-pass) filter beyond it.
        let complement = |i: usize, kept: &dyn Fn(f64) -> bool| -> Vec<f64> {
            let left_over = |(bin, gain): (usize, f64)| {
                if kept(frequency(bin)) {
                    (1.0 - gain * gain).sqrt()
                } else {
                    0.0
                }
            };
            cosine(i).into_iter().enumerate().map(left_over).collect()
        };
        // The numbers of the filters beyond the outermost bands; a frequency below zero has no meaning and is shown as 1.
        let shown = |e: f64| if hertz(e) < 0.0 { 1.0 } else { hertz(e) };

        let mut bands = Vec::with_capacity(bandpass + 2 * s);
        for i in (0..s).filter(|_| self.low_pass) {
            let edge = hertz(centre(i));
            bands.push(Band::trimmed(
                shown(centre(0) - (s - i) as f64 * spacing),
                complement(i, &|f| f < edge),
                s,
            ));
        }
        bands.extend((0..bandpass).map(|i| Band::trimmed(hertz(centre(i)), cosine(i), s)));
        for i in (0..s).rev().filter(|_| self.high_pass) {
            let edge = hertz(centre(bandpass - 1 - i));
            let gains = complement(bandpass - 1 - i, &|f| f > edge);
            bands.push(Band::trimmed(
                shown(centre(bandpass - 1) + (s - i) as f64 * spacing),
                gains,
                s,
            ));
        }
        Ok(bands)
    }

    fn validate(&self, length: usize, rate: f64) -> Result<()> {
        if self.count == 0 || length < 2 {
            return Err(Error::value(
                "filters",
                "a filter bank needs at least one filter and two samples",
            ));
        }
        if self.sample_factor != 1
            && (self.sample_factor == 0 || !self.sample_factor.is_multiple_of(2))
        {
            let found = self.sample_factor;
            return Err(Error::value(
                "sample_factor",
                format!("must be 1 or an even number, found {found}"),
            ));
        }
        if !(self.low >= 0.0 && self.low < self.high && self.high <= rate / 2.0) {
            return Err(Error::value(
                "filter limits",
                format!(
                    "must satisfy 0 ≤ low < high ≤ half the sample rate ({}), found {} and {}",
                    rate / 2.0,
                    self.low,
                    self.high
                ),
            ));
        }
        Ok(())
    }
}

impl Band {
    /// Only the gains between the first and the last that is not zero, divided so that the bank's squares add up to one.
    fn trimmed(centre: f64, gains: Vec<f64>, sample_factor: usize) -> Self {
        let first = gains.iter().position(|g| *g != 0.0).unwrap_or(0);
        let end = gains
            .iter()
            .rposition(|g| *g != 0.0)
            .map_or(first, |last| last + 1);
        let share = (sample_factor as f64).sqrt();
        Self {
            centre,
            first,
            gains: gains[first..end].iter().map(|g| g / share).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_and_its_inverse_agree() {
        for hz in [0.0, 20.0, 440.0, 10_000.0] {
            assert!((hertz(erb_rate(hz)) - hz).abs() < 1e-9);
        }
    }

    #[test]
    fn squares_add_up_to_one_in_every_bin() {
        for (length, sample_factor) in [(4000, 4), (4001, 2), (999, 1)] {
            let bank = ErbFilters {
                low: 50.0,
                high: 7500.0,
                count: 9,
                sample_factor,
                low_pass: true,
                high_pass: true,
            };
            let bands = bank.bands(length, 16_000.0).unwrap();
            assert_eq!(bands.len(), sample_factor * 10 - 1 + 2 * sample_factor);
            let mut sum = vec![0.0; length / 2 + 1];
            for band in &bands {
                band.gains
                    .iter()
                    .enumerate()
                    .for_each(|(j, g)| sum[band.first + j] += g * g);
            }
            assert!(
                sum.iter().all(|v| (v - 1.0).abs() < 1e-13),
                "{length} {sample_factor}"
            );
        }
    }

    #[test]
    fn impossible_banks_are_refused() {
        let bank = ErbFilters {
            low: 50.0,
            high: 8000.0,
            count: 9,
            sample_factor: 4,
            low_pass: true,
            high_pass: true,
        };
        assert!(
            bank.bands(100, 15_999.0)
                .unwrap_err()
                .to_string()
                .contains("half the sample rate")
        );
        assert!(
            ErbFilters {
                sample_factor: 3,
                ..bank
            }
            .bands(100, 16_000.0)
            .is_err()
        );
        assert!(
            ErbFilters {
                low: 9000.0,
                ..bank
            }
            .bands(100, 20_000.0)
            .is_err()
        );
        assert!(bank.bands(1, 16_000.0).is_err());
    }
}
