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
    /// `rate · (1 + cos(π · step / steps)) / 2`; with a warm-up, of the steps after it.
    Cosine,
}

impl Schedule {
    /// The rate for the update after `step` updates, of which the part `warm_up` is for rising. Computed in `f32`, as
    /// TensorFlow does.
    pub fn rate(
        self,
        rate: f32,
        decay: f32,
        decay_steps: u64,
        warm_up: f64,
        step: u64,
        steps: u64,
    ) -> f32 {
        let (at, rising) = (step as f64, warm_up * steps as f64);
        let rate = match self {
            Self::Constant => rate,
            Self::Exponential => rate * decay.powf(step as f32 / decay_steps as f32),
            Self::Halving => rate * decay.powi((step / decay_steps) as i32),
            Self::Cosine => {
                let left = (steps as f64 - rising).max(1.0);
                let phase = std::f64::consts::PI * (at - rising).max(0.0) / left;
                (f64::from(rate) * 0.5 * (1.0 + libm::cos(phase))) as f32
            }
        };
        // In the middle of a step: neither nothing at first nor the whole before the end.
        if at < rising {
            rate * ((at + 0.5) / rising).min(1.0) as f32
        } else {
            rate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_schedules_end_where_they_should() {
        let last = Schedule::Exponential.rate(0.001, 0.95, 1000, 0.0, 14_999, 15_000);
        assert!((last - 4.633e-4).abs() < 1e-7, "{last}");
        let halving = |step| Schedule::Halving.rate(1.0, 0.5, 3000, 0.0, step, 24_000);
        assert_eq!(
            [0, 2999, 3000, 23_999].map(halving),
            [1.0, 1.0, 0.5, 1.0 / 128.0]
        );
        assert_eq!(Schedule::Cosine.rate(1.0, 0.5, 1, 0.0, 0, 10), 1.0);
        assert!(Schedule::Cosine.rate(1.0, 0.5, 1, 0.0, 10, 10).abs() < 1e-7);
    }

    #[test]
    fn a_warm_up_rises_in_equal_steps_and_a_cosine_falls_from_there() {
        let rates = |schedule: Schedule| {
            let rate = |step| schedule.rate(1.0, 0.5, 4, 0.4, step, 10);
            (0..=10).map(rate).collect::<Vec<f32>>()
        };
        let cosine = rates(Schedule::Cosine);
        let eighths = [0.125, 0.375, 0.625, 0.875, 1.0];
        assert_eq!(cosine[..5], eighths);
        assert!(cosine[4..].is_sorted_by(|a, b| a > b));
        assert!((cosine[7] - 0.5).abs() < 1e-6 && cosine[10].abs() < 1e-7);
        // The others fall as they do without.
        assert_eq!(rates(Schedule::Constant)[3..5], [0.875, 1.0]);
        assert_eq!(
            rates(Schedule::Halving)[3..9],
            [0.875, 0.5, 0.5, 0.5, 0.5, 0.25]
        );
        // One that never gets to its end.
        let almost = Schedule::Cosine.rate(1.0, 0.5, 1, 0.99, 1, 1);
        assert!((0.0..=1.0).contains(&almost), "{almost}");
    }
}
