//! How a kernel meets a signal along one axis, forward and back, reduced to one form.

use std::ops::Range;

/// Outputs `start + t · step` for `t < count`, each the sum over `taps` of the kernel's entry `tap.0` times the source
/// at `t · source_step + tap.1`, where that lies inside the source.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The first output.
    pub start: usize,
    /// From output to output.
    pub step: usize,
    /// How many outputs.
    pub count: usize,
    /// How far the source is read on from output to output.
    pub source_step: usize,
    /// Entries of the kernel, and where they meet the source.
    pub taps: Vec<(usize, isize)>,
}

impl Sweep {
    /// A correlation with `kernel` entries, `before` padding and a stride.
    pub fn forward(kernel: usize, stride: usize, before: usize, outputs: usize) -> Self {
        Self {
            start: 0,
            step: 1,
            count: outputs,
            source_step: stride,
            taps: (0..kernel)
                .map(|r| (r, r as isize - before as isize))
                .collect(),
        }
    }

    /// Its transpose: a correlation for each of `stride` interleaved parts of the input.
    pub fn pullback(kernel: usize, stride: usize, before: usize, inputs: usize) -> Vec<Self> {
        let part = |start: usize| {
            // Output o saw input i with entry r where o · stride + r − before = i.
            let taps = (0..kernel).filter_map(|r| {
                let distance = start as isize + before as isize - r as isize;
                (distance.rem_euclid(stride as isize) == 0)
                    .then_some((r, distance.div_euclid(stride as isize)))
            });
            Self {
                start,
                step: stride,
                count: (inputs - start).div_ceil(stride),
                source_step: 1,
                taps: taps.collect(),
            }
        };
        (0..stride.min(inputs)).map(part).collect()
    }

    /// The outputs for which a tap at `offset` lies inside a source of `length`.
    pub fn inside(&self, offset: isize, length: usize) -> Range<usize> {
        let step = self.source_step as isize;
        let ceil = |n: isize| (n.max(0) as usize).div_ceil(step as usize);
        let end = ceil(length as isize - offset).min(self.count);
        ceil(-offset).min(end)..end
    }

    /// How far the first tap reaches before the source's beginning.
    pub fn reach_before(&self) -> usize {
        self.taps
            .iter()
            .map(|t| (-t.1).max(0) as usize)
            .max()
            .unwrap_or(0)
    }

    /// Length of a source, `before` zeros included, that `outputs` outputs can read without leaving it.
    pub fn reach(&self, before: usize, outputs: usize) -> usize {
        let last = outputs.saturating_sub(1) * self.source_step;
        let furthest = self.taps.iter().map(|t| t.1).max().unwrap_or(0);
        (before as isize + last as isize + furthest + 1).max(1) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair (output, input, entry) of the definition, found by both forms.
    #[test]
    fn both_directions_visit_exactly_the_pairs_of_the_definition() {
        for (input, kernel, stride, before, after) in [
            (7usize, 3, 1, 1, 1),
            (9, 5, 2, 2, 1),
            (8, 2, 3, 0, 2),
            (5, 1, 2, 0, 0),
            (3, 4, 1, 3, 3),
            (6, 3, 4, 1, 0),
            (4, 1, 1, 2, 2),
        ] {
            let outputs = (input + before + after - kernel) / stride + 1;
            let mut expected = Vec::new();
            for o in 0..outputs {
                for r in 0..kernel {
                    if let Some(i) = (o * stride + r).checked_sub(before).filter(|i| *i < input) {
                        expected.push((o, i, r));
                    }
                }
            }
            let visit = |sweeps: &[Sweep], source: usize| {
                let mut pairs = Vec::new();
                for s in sweeps {
                    for (r, offset) in &s.taps {
                        for t in s.inside(*offset, source) {
                            let from = (t * s.source_step) as isize + offset;
                            assert!((0..source as isize).contains(&from));
                            pairs.push((s.start + t * s.step, from as usize, *r));
                        }
                    }
                }
                pairs
            };
            let mut forward = visit(&[Sweep::forward(kernel, stride, before, outputs)], input);
            forward.sort_unstable();
            assert_eq!(forward, expected);
            let back = Sweep::pullback(kernel, stride, before, input);
            let mut back: Vec<_> = visit(&back, outputs)
                .into_iter()
                .map(|(i, o, r)| (o, i, r))
                .collect();
            back.sort_unstable();
            assert_eq!(back, expected);
        }
    }
}
