//! How the step size changes over a run.

use serde::{Deserialize, Serialize};

/// The course of the learning rate or step size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Always the same.
    Constant,
    /// `rate · decay^(step / decay_steps)`, continuously (2019; TensorFlow's `exponential_decay` without staircase).
    Exponential,
    /// `rate · decay^⌊step / decay_steps⌋` (2023 with decay ½: each block of steps half as long as the one before).
    Halving,
    /// `rate · (1 + cos(π · step / steps)) / 2`.
    Cosine,
}

impl Schedule {
    /// The rate for the update after `step` updates. Computed in `f32`, as TensorFlow does.
    pub fn rate(self, rate: f32, decay: f32, decay_steps: u64, step: u64, steps: u64) -> f32 {
        match self {
            Self::Constant => rate,
            Self::Exponential => rate * decay.powf(step as f32 / decay_steps as f32),
            Self::Halving => rate * decay.powi((step / decay_steps) as i32),
            Self::Cosine => {
                let phase = std::f64::consts::PI * step as f64 / steps.max(1) as f64;
                (f64::from(rate) * 0.5 * (1.0 + libm::cos(phase))) as f32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_schedules_end_where_they_should() {
        let last = Schedule::Exponential.rate(0.001, 0.95, 1000, 14_999, 15_000);
        assert!((last - 4.633e-4).abs() < 1e-7, "{last}");
        let halving = |step| Schedule::Halving.rate(1.0, 0.5, 3000, step, 24_000);
        assert_eq!(
            [0, 2999, 3000, 23_999].map(halving),
            [1.0, 1.0, 0.5, 1.0 / 128.0]
        );
        assert_eq!(Schedule::Cosine.rate(1.0, 0.5, 1, 0, 10), 1.0);
        assert!(Schedule::Cosine.rate(1.0, 0.5, 1, 10, 10).abs() < 1e-7);
    }
}
