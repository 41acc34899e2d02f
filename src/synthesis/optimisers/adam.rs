//! Adam as TensorFlow 1 computes it (2019).
//!
//! Differs from PyTorch's in where epsilon stands: TensorFlow adds it to the square root of the *uncorrected* second
//! moment and puts both bias corrections into the step size. Every operation is in `f32` and in TensorFlow's order, so
//! that a run replays the reference bit for bit when fed its gradients.

use super::{Optimiser, State, entry};
use crate::Result;
use crate::formats::Array;

/// First and second moments, and the powers of the two betas.
pub struct Adam {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    power1: f32,
    power2: f32,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    /// Zero moments for a stimulus of `n` values.
    pub fn new(n: usize, beta1: f32, beta2: f32, epsilon: f32) -> Self {
        Self {
            beta1,
            beta2,
            epsilon,
            power1: beta1,
            power2: beta2,
            first: vec![0.0; n],
            second: vec![0.0; n],
        }
    }
}

impl Optimiser for Adam {
    fn update(
        &mut self,
        x: &mut [f32],
        gradient: &[f32],
        rate: f32,
        _: bool,
        range: Option<[f32; 2]>,
    ) {
        let step = rate * (1.0 - self.power2).sqrt() / (1.0 - self.power1);
        let (keep1, keep2) = (1.0 - self.beta1, 1.0 - self.beta2);
        for ((x, g), (m, v)) in x
            .iter_mut()
            .zip(gradient)
            .zip(self.first.iter_mut().zip(&mut self.second))
        {
            *m += (g - *m) * keep1;
            *v += (g * g - *v) * keep2;
            *x -= step * *m / (v.sqrt() + self.epsilon);
            if let Some([low, high]) = range {
                *x = x.clamp(low, high);
            }
        }
        self.power1 *= self.beta1;
        self.power2 *= self.beta2;
    }

    fn state(&self) -> State {
        State::from([
            ("first_moment".into(), Array::vector(self.first.clone())),
            ("second_moment".into(), Array::vector(self.second.clone())),
            (
                "beta_powers".into(),
                Array::vector(vec![self.power1, self.power2]),
            ),
        ])
    }

    fn restore(&mut self, state: &State) -> Result<()> {
        let n = self.first.len();
        let (first, second) = (
            entry(state, "first_moment", n)?,
            entry(state, "second_moment", n)?,
        );
        let powers = entry(state, "beta_powers", 2)?;
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        (self.power1, self.power2) = (powers[0], powers[1]);
        Ok(())
    }
}
