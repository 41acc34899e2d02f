//! The noise that a synthesis starts from.

use crate::stimulus::pink;
use crate::stimulus::random::{Purpose, Random};
use serde::{Deserialize, Serialize};

/// The kind of start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Uniform on [start_low, start_high). The 2019 recipe's [0.5, 0.6) is not centred on the range.
    Uniform,
    /// Normal with start_mean and start_sd, clamped to the input's range (2023).
    Normal,
    /// Pink noise with start_sd as its root mean square, then centred on start_mean; not clamped (2019, sounds). The
    /// paper makes it at a level of 0.1 and then multiplies with 0.1, which is a start_sd of 0.01.
    Pink,
    /// An array from a file, given with the run.
    File,
}

/// Draws `n` values for a start of the given kind; nothing for [`Start::File`], whose values come from outside.
///
/// The stream depends on the seed alone, so all layers of a stimulus start from the same noise.
pub fn draw(
    start: Start,
    n: usize,
    seed: u64,
    [low, high]: [f64; 2],
    [mean, sd]: [f64; 2],
    range: [f32; 2],
) -> Option<Vec<f32>> {
    let mut random = Random::new(seed, Purpose::Start);
    match start {
        Start::Uniform => Some(random.uniforms(n, low, high)),
        Start::Normal => {
            let values = random.normals(n, mean, sd);
            Some(
                values
                    .into_iter()
                    .map(|v| v.clamp(range[0], range[1]))
                    .collect(),
            )
        }
        Start::Pink => Some(
            pink::noise(&mut random, n, sd)
                .into_iter()
                .map(|v| (mean + v) as f32)
                .collect(),
        ),
        Start::File => None,
    }
}
