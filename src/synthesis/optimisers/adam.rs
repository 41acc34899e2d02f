//! Adam as TensorFlow 1 computes it (2019).
//!
//! Differs from PyTorch's in where epsilon stands: TensorFlow adds it to the square root of the *uncorrected* second
//! moment and puts both bias corrections into the step size. Every operation is in `f32` and in TensorFlow's order, so
//! that a run replays the reference bit for bit when fed its gradients.

use super::{Optimiser, Pace, State, entry};
use crate::Result;
use crate::cpu::wide::wide;
use crate::formats::Array;
use rayon::prelude::*;

/// First and second moments, and the products of the two betas of the updates made and of the first once more: their powers,
/// unless Adam forgets less and less.
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

/// The range of stimuli that are not clipped.
pub(super) const EVERYWHERE: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

/// Elements that one task moves.
const TASK: usize = 16 * 1024;

/// One update's arithmetic.
#[derive(Clone, Copy)]
struct Update {
    replaced1: f32,
    replaced2: f32,
    step: f32,
    epsilon: f32,
}

impl Update {
    /// By how much an element goes down whose gradient is `g`; its moments `m` and `v` take that in.
    #[inline(always)]
    fn descent(self, g: f32, m: &mut f32, v: &mut f32) -> f32 {
        *m += (g - *m) * self.replaced1;
        *v += (g * g - *v) * self.replaced2;
        self.step * *m / (v.sqrt() + self.epsilon)
    }
}

impl Adam {
    /// Replaces a gradient by the change that an update with it makes, every element `sizes` times as large.
    pub(super) fn replace(&mut self, gradient: &mut [f32], sizes: &[f32], pace: Pace) {
        let next = self.next(pace);
        self.each(gradient, sizes, pace, move |g, size, m, v| {
            -next.descent(g, m, v) * size
        });
    }

    fn next(&self, pace: Pace) -> Update {
        Update {
            replaced1: pace.replaced(self.beta1),
            replaced2: pace.replaced(self.beta2),
            step: pace.rate * (1.0 - self.power2).sqrt() / (1.0 - self.power1),
            epsilon: self.epsilon,
        }
    }

    /// Sets every element of `values` to `new` of itself, of the same element of `others`, and of its moments; that is an
    /// update.
    fn each(
        &mut self,
        values: &mut [f32],
        others: &[f32],
        pace: Pace,
        new: impl Fn(f32, f32, &mut f32, &mut f32) -> f32 + Copy + Sync,
    ) {
        let moments = self.first.par_chunks_mut(TASK);
        let moments = moments.zip(self.second.par_chunks_mut(TASK));
        let values = values.par_chunks_mut(TASK).zip(others.par_chunks(TASK));
        values.zip(moments).for_each(|((values, others), (m, v))| {
            wide(
                #[inline(always)]
                move || each(values, others, m, v, new),
            );
        });
        self.power1 *= pace.kept(self.beta1);
        self.power2 *= pace.kept(self.beta2);
    }
}

#[inline(always)]
fn each(
    values: &mut [f32],
    others: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    new: impl Fn(f32, f32, &mut f32, &mut f32) -> f32,
) {
    let moments = first.iter_mut().zip(second);
    for ((value, other), (m, v)) in values.iter_mut().zip(others).zip(moments) {
        *value = new(*value, *other, m, v);
    }
}

impl Optimiser for Adam {
    fn update(&mut self, x: &mut [f32], gradient: &[f32], pace: Pace, range: Option<[f32; 2]>) {
        let ([low, high], next) = (range.unwrap_or(EVERYWHERE), self.next(pace));
        self.each(x, gradient, pace, move |x, g, m, v| {
            (x - next.descent(g, m, v)).clamp(low, high)
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_forget_half_is_to_have_other_betas() {
        let gradient = |k: i32| [0.3, -2.0, 0.01].map(|g: f32| g * (k as f32 * 0.7).cos());
        let mut one = Adam::new(3, 0.9, 0.6, 1e-8);
        let mut other = Adam::new(3, 0.95, 0.8, 1e-8);
        one.restore(&other.state()).unwrap();
        let (mut x, mut y) = ([0.5; 3], [0.5; 3]);
        let half = Pace {
            forgetting: 0.5,
            ..Pace::of(0.1)
        };
        for k in 0..9 {
            one.update(&mut x, &gradient(k), half, None);
            other.update(&mut y, &gradient(k), Pace::of(0.1), None);
        }
        let alike = |a: &f32, b: &f32| (a - b).abs() < 1e-5;
        assert!(x.iter().zip(&y).all(|(a, b)| alike(a, b)), "{x:?} {y:?}");
        let (one, other) = (one.state(), other.state());
        for (name, array) in &one {
            let mut both = array.values.iter().zip(&other[name].values);
            assert!(both.all(|(a, b)| alike(a, b)), "{name}");
        }
    }
}
