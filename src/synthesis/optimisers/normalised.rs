//! Plain descent with a step of given length (2023).
//!
//! The gradient is rescaled to unit L2 norm over the whole stimulus. The published code expresses the iterate as the
//! block's start plus a difference limited to a ball of radius 10⁵, which no stimulus reaches; the sum is formed
//! nevertheless, since it rounds.

use super::{Optimiser, Pace, State, entry};
use crate::Result;
use crate::formats::Array;
use crate::synthesis::loss::norm;

/// Added to the gradient's norm, as published; keeps a zero gradient harmless.
pub(in crate::synthesis) const TINY: f32 = 1e-10;
/// The radius of the ball around the block's start.
pub(in crate::synthesis) const RADIUS: f64 = 1e5;

/// The stimulus at the start of the present block.
pub struct Normalised {
    block_start: Vec<f32>,
}

impl Normalised {
    /// For a stimulus that starts at `x`.
    pub fn new(x: &[f32]) -> Self {
        Self {
            block_start: x.to_vec(),
        }
    }
}

impl Optimiser for Normalised {
    fn update(&mut self, x: &mut [f32], gradient: &[f32], pace: Pace, range: Option<[f32; 2]>) {
        if pace.block_begins {
            self.block_start.copy_from_slice(x);
        }
        let length = norm(gradient) as f32 + TINY;
        for ((x, g), start) in x.iter_mut().zip(gradient).zip(&self.block_start) {
            *x = (*x - pace.rate * (g / length)) - start;
        }
        let distance = norm(x);
        let shrink = if distance > RADIUS {
            (RADIUS / distance) as f32
        } else {
            1.0
        };
        for (x, start) in x.iter_mut().zip(&self.block_start) {
            *x = start + *x * shrink;
            if let Some([low, high]) = range {
                *x = x.clamp(low, high);
            }
        }
    }

    fn state(&self) -> State {
        State::from([(
            "block_start".into(),
            Array::vector(self.block_start.clone()),
        )])
    }

    fn restore(&mut self, state: &State) -> Result<()> {
        let n = self.block_start.len();
        self.block_start
            .copy_from_slice(entry(state, "block_start", n)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_the_given_length_and_goes_downhill() {
        let mut x = vec![0.0f32; 4];
        let mut rule = Normalised::new(&x);
        let pace = Pace {
            block_begins: true,
            ..Pace::of(0.5)
        };
        rule.update(&mut x, &[3.0, 0.0, -4.0, 0.0], pace, None);
        assert!((norm(&x) - 0.5).abs() < 1e-6);
        assert!(x[0] < 0.0 && x[2] > 0.0);
    }

    #[test]
    fn a_zero_gradient_moves_nothing() {
        let mut x = vec![0.25f32; 3];
        Normalised::new(&x.clone()).update(&mut x, &[0.0; 3], Pace::of(1.0), Some([0.0, 1.0]));
        assert_eq!(x, [0.25; 3]);
    }
}
