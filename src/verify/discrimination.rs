//! How well a person tells two stimuli apart, from ABX trials.
//!
//! In an ABX trial one hears (or sees) A, B and X, which is one of the two, and says which. For an observer without bias
//! who judges every observation by itself, sensitivity d′ and the probability of a right answer hang together by
//!
//! ```text
//! p = Φ(d′/√2) · Φ(d′/2) + Φ(−d′/√2) · Φ(−d′/2)
//! ```
//!
//! (Macmillan & Creelman, *Detection Theory*, 2nd edition, chapter 9; independent observations). Other models of the
//! observer give other figures, so the model is named wherever d′ is written.

/// The outcome of a number of ABX trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Abx {
    /// Trials.
    pub trials: usize,
    /// Right answers.
    pub right: usize,
}

/// The name of the observer's model, as it is written into files.
pub const MODEL: &str = "ABX, independent observations, unbiased";

impl Abx {
    /// Proportion of right answers.
    pub fn proportion(self) -> f64 {
        self.right as f64 / self.trials.max(1) as f64
    }

    /// The proportion with half a right and half a wrong answer added (the log-linear correction), so that d′ is finite
    /// when every answer was right.
    pub fn corrected(self) -> f64 {
        (self.right as f64 + 0.5) / (self.trials as f64 + 1.0)
    }

    /// d′ of the corrected proportion; 0 where that is not above chance.
    pub fn d_prime(self) -> f64 {
        d_prime(self.corrected())
    }

    /// The 95 % interval of the proportion (Wilson's).
    pub fn interval(self) -> [f64; 2] {
        let (n, p, z) = (
            self.trials.max(1) as f64,
            self.proportion(),
            1.959_963_984_540_054,
        );
        let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        [(centre - half).max(0.0), (centre + half).min(1.0)]
    }

    /// The probability of as many right answers or more by guessing.
    pub fn by_chance(self) -> f64 {
        let n = self.trials as f64;
        let mut term = 0.5f64.powf(n);
        let mut sum = 0.0;
        for k in 0..=self.trials {
            if k >= self.right {
                sum += term;
            }
            term *= (n - k as f64) / (k as f64 + 1.0);
        }
        sum.min(1.0)
    }
}

/// The probability of a right answer at a sensitivity.
pub fn probability(d_prime: f64) -> f64 {
    let (a, b) = (d_prime / std::f64::consts::SQRT_2, d_prime / 2.0);
    phi(a) * phi(b) + phi(-a) * phi(-b)
}

/// The sensitivity at which right answers have this probability; 0 at chance and below.
fn d_prime(p: f64) -> f64 {
    if p <= 0.5 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if probability(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The normal distribution function.
fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stimulus::random::{Purpose, Random};

    /// An observer who judges A against B, and X against the middle of the two, each by an observation of its own.
    fn simulated(d_prime: f64, trials: usize) -> f64 {
        let mut noise = Random::new(7, Purpose::Trials)
            .normals_f64(3 * trials)
            .into_iter();
        let mut normal = || noise.next().unwrap();
        let mut right = 0;
        for trial in 0..trials {
            let (a_is_signal, x_is_a) = (trial % 2 == 0, trial % 4 < 2);
            let mean = |signal: bool| if signal { d_prime } else { 0.0 };
            let a = mean(a_is_signal) + normal();
            let b = mean(!a_is_signal) + normal();
            let x = mean(a_is_signal == x_is_a) + normal();
            let says_signal = x > d_prime / 2.0;
            let says_a = (a > b) == says_signal;
            right += usize::from(says_a == x_is_a);
        }
        right as f64 / trials as f64
    }

    #[test]
    fn sensitivity_is_that_of_an_observer_who_judges_each_observation_by_itself() {
        for d in [0.0, 0.5, 1.0, 2.0, 3.0] {
            let (p, seen) = (probability(d), simulated(d, 200_000));
            assert!((p - seen).abs() < 0.005, "{d}: {p} against {seen}");
            assert!((super::d_prime(p) - d).abs() < 1e-6);
        }
        assert_eq!(super::d_prime(0.4), 0.0);
    }

    #[test]
    fn chance_and_intervals_are_those_of_the_binomial_distribution() {
        let abx = |right, trials| Abx { trials, right };
        assert!((abx(10, 10).by_chance() - 1.0 / 1024.0).abs() < 1e-15);
        assert!((abx(0, 10).by_chance() - 1.0).abs() < 1e-12);
        assert!((abx(5, 10).by_chance() - 0.623_046_875).abs() < 1e-12);
        // Wilson's interval for 8 of 10, as in any statistics package.
        let [low, high] = abx(8, 10).interval();
        assert!((low - 0.490_162).abs() < 1e-5 && (high - 0.943_318).abs() < 1e-5);
        assert!(abx(10, 10).d_prime().is_finite());
        assert!(abx(10, 10).d_prime() > abx(9, 10).d_prime());
    }
}
