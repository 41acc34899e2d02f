//! Pink noise: equal energy in every octave.

use super::random::Random;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// Number of bins that a spectrum for `n` samples has; an odd signal is cut from one a sample longer.
pub fn bins(n: usize) -> usize {
    n / 2 + 1 + n % 2
}

/// The `n` samples with a given white spectrum (real and imaginary parts of [`bins`] bins each) coloured pink: bin k is
/// divided by √(k + 1), so the mean stays, with weight one. Imaginary parts at the mean and at half the sample rate have
/// no meaning and are ignored. Scaled to the root mean square `rms`, if one is given.
///
/// # Panics
/// When the spectrum has another number of bins.
pub fn coloured([real, imaginary]: [&[f64]; 2], n: usize, rms: Option<f64>) -> Vec<f64> {
    let half = bins(n);
    assert!(
        real.len() == half && imaginary.len() == half,
        "bins of a pink spectrum"
    );
    let length = 2 * (half - 1);
    if n == 0 {
        return vec![];
    }
    let mut z = vec![Complex::default(); length];
    for k in 0..half {
        let weight = ((k + 1) as f64).sqrt() * length as f64;
        let imaginary = if k == 0 || k == half - 1 {
            0.0
        } else {
            imaginary[k]
        };
        z[k] = Complex {
            re: real[k] / weight,
            im: imaginary / weight,
        };
        if k > 0 {
            z[length - k] = z[k].conj();
        }
    }
    FftPlanner::new().plan_fft_inverse(length).process(&mut z);
    let mut samples: Vec<f64> = z[..n].iter().map(|z| z.re).collect();
    if let Some(rms) = rms {
        let now = (samples.iter().map(|s| s * s).sum::<f64>() / n as f64).sqrt();
        samples.iter_mut().for_each(|s| *s *= rms / now);
    }
    samples
}

/// `n` samples of pink noise of root mean square `rms`, then the mean taken off, as the 2019 paper's code does. All real
/// parts are drawn before the imaginary ones.
pub fn noise(random: &mut Random, n: usize, rms: f64) -> Vec<f64> {
    let half = bins(n);
    let (real, imaginary) = (random.normals_f64(half), random.normals_f64(half));
    let mut samples = coloured([&real, &imaginary], n, Some(rms));
    let mean = samples.iter().sum::<f64>() / n as f64;
    samples.iter_mut().for_each(|s| *s -= mean);
    samples
}

#[cfg(test)]
mod tests {
    use super::super::random::Purpose;
    use super::*;

    #[test]
    fn the_level_is_right_and_low_octaves_are_as_strong_as_high_ones() {
        let n = 1 << 14;
        let x = noise(&mut Random::new(1, Purpose::Start), n, 0.25);
        let square = x.iter().map(|v| v * v).sum::<f64>() / n as f64;
        let mean = x.iter().sum::<f64>();
        assert!(
            mean.abs() < 1e-9 && square.sqrt() <= 0.25 && square.sqrt() > 0.2,
            "{mean} {square}"
        );
        let mut z: Vec<Complex<f64>> = x.into_iter().map(Complex::from).collect();
        FftPlanner::new().plan_fft_forward(n).process(&mut z);
        let octave = |from: usize| z[from..2 * from].iter().map(Complex::norm_sqr).sum::<f64>();
        // An octave from bin 512 has ln 2 of energy up to the offset of one bin, with a spread of 1/√512.
        assert!((octave(4096) / octave(512) - 1.0).abs() < 0.2);
    }

    #[test]
    fn a_seed_means_the_same_for_ever() {
        // Recorded when pink noise was added; a change here would silently change published stimuli. To nine digits, as
        // the Fourier transform's rounding may depend on the instruction set.
        let x = noise(&mut Random::new(1, Purpose::Start), 8, 1.0);
        let recorded = [
            -0.30748413651714035,
            0.7554064048248713,
            -0.3568432837840169,
            0.9716906841850274,
            1.0524432143466638,
            -0.5045979860570788,
            0.3869677632651295,
            -1.9975826602634563,
        ];
        assert!(
            x.iter().zip(recorded).all(|(a, b)| (a - b).abs() < 1e-9),
            "{x:?}"
        );
    }
}
