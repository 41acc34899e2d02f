//! Adam on the frequencies of the stimulus, the low ones in larger steps.
//!
//! A network's first layers are far more sensitive to some frequencies than to others, and Adam scales each coordinate
//! by itself: in the pixels' coordinates it cannot tell frequencies apart, in the spectrum's it can. Steps are also
//! proportional to 1 / f^tilt, as the amplitudes of natural pictures are with a tilt of 1 (D. J. Field, J. Opt. Soc. Am. A
//! 4, 1987). Not a published procedure.

use super::adam::EVERYWHERE;
use super::hartley::Hartley;
use super::{Adam, Optimiser, Pace, State};
use crate::Result;

/// The moments of the spectrum's entries, and how large the steps of each are.
pub struct SpectralAdam {
    hartley: Hartley,
    adam: Adam,
    /// Steps relative to the learning rate; their mean square is 1, so that a rate means about the same as for Adam.
    sizes: Vec<f32>,
    /// The gradient with respect to the spectrum, and then the spectrum's change.
    spectrum: Vec<f32>,
}

/// How large the steps of entries of given frequencies are, relative to the learning rate.
pub(in crate::synthesis) fn sizes(mut frequencies: Vec<f32>, tilt: f32) -> Vec<f32> {
    let sizes = &mut frequencies;
    // The mean has no frequency; it moves as one cycle does.
    sizes.iter_mut().for_each(|f| *f = f.max(1.0).powf(-tilt));
    let square: f64 = sizes.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    let rms = (square / sizes.len().max(1) as f64).sqrt() as f32;
    sizes.iter_mut().for_each(|s| *s /= rms);
    frequencies
}

impl SpectralAdam {
    /// Zero moments for stimuli of a shape, with `adam` for as many values.
    pub fn new(shape: &[usize], adam: Adam, tilt: f32) -> Self {
        let hartley = Hartley::new(shape);
        let sizes = sizes(hartley.frequencies(), tilt);
        Self {
            spectrum: vec![0.0; sizes.len()],
            hartley,
            adam,
            sizes,
        }
    }
}

impl Optimiser for SpectralAdam {
    fn update(&mut self, x: &mut [f32], gradient: &[f32], pace: Pace, range: Option<[f32; 2]>) {
        let [low, high] = range.unwrap_or(EVERYWHERE);
        self.hartley.forward(gradient, &mut self.spectrum);
        self.adam.replace(&mut self.spectrum, &self.sizes, pace);
        self.hartley.back(&self.spectrum, x, move |x, change| {
            (x + change).clamp(low, high)
        });
    }

    fn state(&self) -> State {
        self.adam.state()
    }

    fn restore(&mut self, state: &State) -> Result<()> {
        self.adam.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    const SHAPE: [usize; 3] = [3, 16, 16];
    const N: usize = 3 * 16 * 16;

    fn fresh(tilt: f32) -> SpectralAdam {
        SpectralAdam::new(&SHAPE, Adam::new(N, 0.9, 0.999, 1e-8), tilt)
    }

    /// A loss that sees amplitudes as a network does that is sensitive to low frequencies: ½ Σ (H(x − target) / f²)².
    struct Bowl {
        hartley: Hartley,
        weights: Vec<f32>,
        target: Vec<f32>,
    }

    impl Bowl {
        fn new() -> Self {
            let mut hartley = Hartley::new(&SHAPE);
            let weights: Vec<f32> = hartley
                .frequencies()
                .iter()
                .map(|f| f.max(1.0).powi(-2))
                .collect();
            // A target with a natural picture's spectrum.
            let mut spectrum = Random::new(3, Purpose::Start).normals(N, 0.0, 1.0);
            for (t, f) in spectrum.iter_mut().zip(hartley.frequencies()) {
                *t /= f.max(1.0);
            }
            let mut target = vec![0.0; N];
            hartley.back(&spectrum, &mut target, |_, new| new);
            Self {
                hartley,
                weights,
                target,
            }
        }

        fn evaluate(&mut self, x: &[f32]) -> (f64, Vec<f32>) {
            let away: Vec<f32> = x.iter().zip(&self.target).map(|(x, t)| x - t).collect();
            let mut d = vec![0.0; N];
            self.hartley.forward(&away, &mut d);
            d.iter_mut().zip(&self.weights).for_each(|(d, w)| *d *= w);
            let loss = d.iter().map(|d| f64::from(*d) * f64::from(*d)).sum::<f64>() / 2.0;
            d.iter_mut().zip(&self.weights).for_each(|(d, w)| *d *= w);
            let mut gradient = vec![0.0; N];
            self.hartley.back(&d, &mut gradient, |_, new| new);
            (loss, gradient)
        }

        fn after(&mut self, rule: &mut dyn Optimiser, steps: usize) -> f64 {
            let mut x = vec![0.0; N];
            for k in 0..steps {
                let gradient = self.evaluate(&x).1;
                let rate = 0.1 * (1.0 - k as f32 / steps as f32);
                rule.update(&mut x, &gradient, Pace::of(rate), None);
            }
            self.evaluate(&x).0
        }
    }

    #[test]
    fn where_frequencies_weigh_differently_it_comes_nearer_than_adam() {
        let mut bowl = Bowl::new();
        let plain = bowl.after(&mut Adam::new(N, 0.9, 0.999, 1e-8), 60);
        let spectral = bowl.after(&mut fresh(1.0), 60);
        assert!(spectral < plain / 4.0, "{spectral} {plain}");
    }

    #[test]
    fn a_step_is_as_long_as_adams_whatever_the_tilt() {
        let gradient = Random::new(5, Purpose::Start).normals(N, 0.0, 1.0);
        for tilt in [0.0, 0.5, 1.0, 2.0] {
            let mut x = vec![0.0; N];
            fresh(tilt).update(&mut x, &gradient, Pace::of(0.1), None);
            let square: f32 = x.iter().map(|x| x * x).sum();
            assert!(
                ((square / N as f32).sqrt() - 0.1).abs() < 1e-4,
                "{tilt}: {square}"
            );
        }
    }

    #[test]
    fn the_result_stays_in_the_range_and_a_checkpoint_does_not_show() {
        let mut bowl = Bowl::new();
        let (mut x, mut rule) = (vec![0.0; N], fresh(1.0));
        let mut step = |x: &mut Vec<f32>, rule: &mut SpectralAdam, k: usize| {
            let gradient = bowl.evaluate(x).1;
            let pace = Pace {
                forgetting: 1.0 - k as f32 / 20.0,
                ..Pace::of(0.3)
            };
            rule.update(x, &gradient, pace, Some([-0.05, 0.05]));
        };
        (0..5).for_each(|k| step(&mut x, &mut rule, k));
        let (mut y, mut restored) = (x.clone(), fresh(1.0));
        restored.restore(&rule.state()).unwrap();
        for k in 5..10 {
            step(&mut x, &mut rule, k);
            step(&mut y, &mut restored, k);
        }
        assert!(x.iter().zip(&y).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(x.iter().all(|x| (-0.05..=0.05).contains(x)));
        assert!(
            x.contains(&-0.05) && x.contains(&0.05),
            "the bounds must be met"
        );
        assert!(restored.restore(&State::new()).is_err());
    }
}
