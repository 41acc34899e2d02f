//! What became of the stimulus on the way: a few snapshots over the whole run, dense at its start, where most happens.
//!
//! In a run folder they are `history.npz`: `step` (float32 `[n]`, updates made), `loss` (float64 `[n]`, at that very
//! stimulus) and `stimulus`, which is for eyes and ears: pictures in 8 bits (uint8 `[n, height, width, 3]`), sounds in
//! half precision (float16 `[n, samples]`). The exact result is `metamer.npy`.

use super::run_folder::to_image;
use super::trace::Trace;
use crate::formats::npz;
use crate::formats::packed::{Element, Packed};
use crate::formats::safetensors::Tensors;
use crate::network::Input;
use crate::stimulus::Image;
use crate::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// The file inside a finished run's folder.
pub const FILE: &str = "history.npz";

/// Snapshots of one run, at most: 7.2 MB of a picture of 224 by 224, 3.8 MB of two seconds of sound.
pub const MOST: u64 = 48;

/// The tensor inside a checkpoint.
const TENSOR: &str = "history/stimulus";

/// The stimulus at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Updates made.
    pub step: u64,
    /// The loss of this very stimulus.
    pub loss: f64,
    /// `[height, width, 3]` of bytes, or `[samples]` in half precision.
    pub stimulus: Packed,
}

impl Snapshot {
    /// The stimulus as a snapshot of it.
    pub fn new(step: u64, loss: f64, values: &[f32], input: &Input) -> Self {
        let stimulus = if input.is_sound() {
            Packed::halves(vec![values.len()], values)
        } else {
            let image = to_image(values, input);
            Packed::bytes(vec![image.height, image.width, 3], image.rgb)
        };
        Self {
            step,
            loss,
            stimulus,
        }
    }

    /// The picture; nothing where it is a sound.
    pub fn image(&self) -> Option<Image> {
        match self.stimulus.shape[..] {
            [height, width, 3] => Image::new(width, height, self.stimulus.bytes.clone()).ok(),
            _ => None,
        }
    }

    /// The network's input as far as the snapshot still has it: planes `[3, height, width]` in [0, 1], or samples.
    pub fn input(&self) -> Vec<f32> {
        self.image()
            .map_or_else(|| self.stimulus.values(), |image| image.to_planes())
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        self.stimulus.bytes.len()
    }
}

/// The steps of which a run of `planned` updates keeps a snapshot: the first, the last, and between them ever further
/// apart (with the third power). They depend on nothing else, so that a resumed run keeps the same.
pub fn steps(planned: u64) -> Vec<u64> {
    let last = MOST.min(planned.saturating_add(1)) - 1;
    if last == 0 {
        return vec![0];
    }
    let place =
        |i: u64| (u128::from(i).pow(3) * u128::from(planned) / u128::from(last).pow(3)) as u64;
    let mut steps = vec![0];
    for i in 1..=last {
        // No step twice: at the start the steps are one apart.
        steps.push(place(i).max(steps[steps.len() - 1] + 1));
    }
    steps
}

/// The snapshots of one run, in the order of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The snapshots; they never change, and are shared with whoever looks at them.
    pub snapshots: Vec<Arc<Snapshot>>,
}

impl History {
    /// The snapshot nearest to `step`; nothing while there is none.
    pub fn nearest(&self, step: u64) -> Option<&Arc<Snapshot>> {
        self.snapshots.iter().min_by_key(|s| s.step.abs_diff(step))
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        self.snapshots.iter().map(|s| s.size()).sum()
    }

    /// Puts the snapshots into a checkpoint. Steps and losses are in the schedule and the trace.
    pub fn store(&self, tensors: &mut Tensors, input: &Input) {
        let bytes: Vec<u8> = self
            .snapshots
            .iter()
            .flat_map(|s| s.stimulus.bytes.iter().copied())
            .collect();
        let shape = vec![self.snapshots.len(), one(input).1];
        tensors.bytes.insert(TENSOR.into(), (shape, bytes));
    }

    /// Takes the snapshots of the steps in `trace` out of a checkpoint of a run of `planned` updates; nothing where the
    /// run kept none. The error is a sentence about the content.
    pub fn load(
        tensors: &mut Tensors,
        planned: u64,
        trace: &Trace,
        input: &Input,
    ) -> Result<Option<Self>, String> {
        let Some((_, bytes)) = tensors.bytes.remove(TENSOR) else {
            return Ok(None);
        };
        let ((shape, element), size) = (one(input).0, one(input).1);
        let rows = steps(planned)
            .into_iter()
            .filter_map(|step| trace.rows.get(usize::try_from(step).ok()?));
        let rows: Vec<_> = rows.collect();
        if bytes.len() != rows.len() * size {
            return Err(format!(
                "has {} bytes of history where {} snapshots of {size} belong",
                bytes.len(),
                rows.len()
            ));
        }
        let snapshot = |(row, bytes): (&&super::TraceRow, &[u8])| {
            Arc::new(Snapshot {
                step: row.step,
                loss: row.loss,
                stimulus: Packed {
                    element,
                    shape: shape.clone(),
                    bytes: bytes.to_vec(),
                },
            })
        };
        let snapshots = rows.iter().zip(bytes.chunks_exact(size)).map(snapshot);
        Ok(Some(Self {
            snapshots: snapshots.collect(),
        }))
    }

    /// Writes `history.npz`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let n = self.snapshots.len();
        let Some(first) = self.snapshots.first() else {
            return Err(Error::Internal("a history without a snapshot".into()));
        };
        let steps: Vec<f32> = self.snapshots.iter().map(|s| s.step as f32).collect();
        let losses: Vec<f64> = self.snapshots.iter().map(|s| s.loss).collect();
        let stimulus = Packed {
            element: first.stimulus.element,
            shape: [&[n], &first.stimulus.shape[..]].concat(),
            bytes: self
                .snapshots
                .iter()
                .flat_map(|s| s.stimulus.bytes.iter().copied())
                .collect(),
        };
        npz::write_packed(
            path,
            [
                ("step", &Packed::floats(vec![n], &steps)),
                ("loss", &Packed::doubles(vec![n], &losses)),
                ("stimulus", &stimulus),
            ],
        )
    }

    /// Reads `history.npz`.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold one snapshot or more in the form that [`Self::write`] gives it.
    pub fn read(path: &Path) -> Result<Self> {
        let mut arrays = npz::read_packed(path)?;
        let wrong = |reason: String| Error::file(path, reason);
        let mut take = |name: &str| {
            arrays
                .remove(name)
                .ok_or_else(|| wrong(format!("Has no array '{name}'")))
        };
        let (steps, losses) = (take("step")?.values_f64(), take("loss")?.values_f64());
        let stimulus = take("stimulus")?;
        let (n, inside) = match &stimulus.shape[..] {
            [n, inside @ ..]
                if matches!(
                    (inside, stimulus.element),
                    ([_, _, 3], Element::U8) | ([_], Element::F16)
                ) =>
            {
                (*n, inside.to_vec())
            }
            shape => {
                return Err(wrong(format!(
                    "'stimulus' has shape {shape:?} and type {}: neither pictures (|u1 [n, height, width, 3]) nor sounds (<f2 [n, samples])",
                    stimulus.element.descr()
                )));
            }
        };
        if n == 0 || steps.len() != n || losses.len() != n {
            return Err(wrong(format!(
                "Has {} steps and {} losses for {n} snapshots",
                steps.len(),
                losses.len()
            )));
        }
        let size = stimulus.bytes.len() / n;
        let ordered = steps.windows(2).all(|w| w[0] < w[1]) && steps[0] >= 0.0;
        if size == 0 || !ordered {
            return Err(wrong("The snapshots are empty or out of order".into()));
        }
        let snapshot = |i: usize| {
            Arc::new(Snapshot {
                step: steps[i] as u64,
                loss: losses[i],
                stimulus: Packed {
                    element: stimulus.element,
                    shape: inside.clone(),
                    bytes: stimulus.bytes[i * size..(i + 1) * size].to_vec(),
                },
            })
        };
        Ok(Self {
            snapshots: (0..n).map(snapshot).collect(),
        })
    }
}

/// Shape and type of one snapshot, and its bytes.
fn one(input: &Input) -> ((Vec<usize>, Element), usize) {
    let (shape, element) = if input.is_sound() {
        (vec![input.elements()], Element::F16)
    } else {
        (vec![input.shape[1], input.shape[2], 3], Element::U8)
    };
    let size = shape.iter().product::<usize>() * element.size();
    ((shape, element), size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::TraceRow;

    #[test]
    fn steps_begin_at_the_start_end_at_the_end_and_lie_ever_further_apart() {
        for planned in [
            0, 1, 2, 30, 46, 47, 48, 400, 1000, 15_000, 24_000, 10_000_000,
        ] {
            let steps = steps(planned);
            assert_eq!((steps[0], steps[steps.len() - 1]), (0, planned));
            assert_eq!(steps.len() as u64, MOST.min(planned + 1));
            let gaps: Vec<u64> = steps.windows(2).map(|w| w[1] - w[0]).collect();
            assert!(gaps.iter().all(|g| *g >= 1));
            // Rounding down may make a gap shorter by one than the one before.
            assert!(
                gaps.windows(2).all(|g| g[1] + 1 >= g[0]),
                "{planned}: {gaps:?}"
            );
        }
        assert_eq!(steps(24_000)[..8], [0, 1, 2, 6, 14, 28, 49, 79]);
        assert_eq!(steps(u64::MAX).len(), 48);
    }

    fn history(input: &Input) -> (History, Trace) {
        let n = input.elements();
        let row = |step: u64| TraceRow {
            step,
            loss: 0.1 / (step as f64 + 3.0),
            learning_rate: 0.1,
            gradient_norm: 1.0,
            seconds: 0.0,
            sample: None,
        };
        let trace = Trace {
            rows: (0..=60).map(row).collect(),
        };
        let value = |step: u64, i: usize| ((step as usize * 31 + i * 17) % 256) as f32 / 255.0;
        let snapshots = steps(60).into_iter().map(|step| {
            let values: Vec<f32> = (0..n).map(|i| value(step, i)).collect();
            Arc::new(Snapshot::new(step, row(step).loss, &values, input))
        });
        let history = History {
            snapshots: snapshots.collect(),
        };
        (history, trace)
    }

    fn inputs() -> [Input; 2] {
        [vec![3, 4, 5], vec![70]].map(|shape| Input {
            shape,
            range: [0.0, 1.0],
        })
    }

    #[test]
    fn files_and_checkpoints_give_back_every_bit() {
        let folder = tempfile::tempdir().unwrap();
        for input in inputs() {
            let (history, mut trace) = history(&input);
            let path = folder.path().join(FILE);
            history.write(&path).unwrap();
            assert_eq!(History::read(&path).unwrap(), history);

            let mut tensors = Tensors::default();
            history.store(&mut tensors, &input);
            let back = History::load(&mut tensors, 60, &trace, &input).unwrap();
            assert_eq!(back.as_ref(), Some(&history));
            assert_eq!(History::load(&mut tensors, 60, &trace, &input), Ok(None));
            // A checkpoint whose trace ends earlier than its history is damaged.
            history.store(&mut tensors, &input);
            trace.rows.truncate(30);
            let error = History::load(&mut tensors, 60, &trace, &input).unwrap_err();
            assert!(error.contains("bytes of history"), "{error}");
        }
    }

    #[test]
    fn pictures_come_back_to_the_nearest_level_and_sounds_to_eleven_bits() {
        let [picture, sound] = inputs();
        for (input, tolerance) in [(picture, 0.5001 / 255.0), (sound, 1.0 / 2048.0)] {
            let values: Vec<f32> = (0..input.elements()).map(|i| i as f32 / 70.0).collect();
            let back = Snapshot::new(0, 1.0, &values, &input).input();
            assert_eq!(back.len(), values.len());
            for (a, b) in values.iter().zip(&back) {
                assert!((a - b).abs() <= tolerance, "{a} became {b}");
            }
        }
    }

    #[test]
    fn what_is_no_history_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (step, loss) = (
            Packed::floats(vec![2], &[0.0, 9.0]),
            Packed::doubles(vec![2], &[1.0, 0.5]),
        );
        let picture = Packed::bytes(vec![2, 1, 2, 3], vec![7; 12]);
        let backwards = Packed::floats(vec![2], &[9.0, 0.0]);
        let flat = Packed::bytes(vec![2, 6], vec![7; 12]);
        let one = Packed::floats(vec![1], &[0.0]);
        for (members, reason) in [
            (
                vec![("step", &step), ("loss", &loss)],
                "no array 'stimulus'",
            ),
            (
                vec![
                    ("step", &backwards),
                    ("loss", &loss),
                    ("stimulus", &picture),
                ],
                "out of order",
            ),
            (
                vec![("step", &one), ("loss", &loss), ("stimulus", &picture)],
                "1 steps and 2 losses",
            ),
            (
                vec![("step", &step), ("loss", &loss), ("stimulus", &flat)],
                "neither pictures",
            ),
        ] {
            npz::write_packed(&path, members).unwrap();
            let error = History::read(&path).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
