//! A filter that is evaluated only where its output is wanted, and its transpose.

use super::lanes::{LANES, Lane, Lanes, flat, flat_mut, lanes_for};

/// Lanes of a signal that are worked on together by the transpose.
const CHUNK: usize = 8;

/// `out[f] = Σⱼ taps[j] · signal[f · stride + j − before]`, zeros beyond the signal's ends.
pub struct Decimator {
    /// Between zeros, `CHUNK` lanes and as many before and after.
    taps: Vec<Lane>,
    length: usize,
    stride: usize,
    before: usize,
    frames: usize,
    /// Lanes of zeros that a signal has before it.
    margin: usize,
    /// Lanes of a signal with its zeros.
    padded: usize,
}

impl Decimator {
    /// For signals of `samples` samples.
    pub fn new(taps: &[f32], stride: usize, before: usize, frames: usize, samples: usize) -> Self {
        let mut between = vec![Lane::ZERO; lanes_for(taps.len()) + 2 * (CHUNK + 1)];
        flat_mut(&mut between)[CHUNK * LANES..][..taps.len()].copy_from_slice(taps);
        let margin = lanes_for(before);
        let last = (frames.max(1) - 1) * stride + margin * LANES - before;
        let end = last + lanes_for(taps.len()) * LANES;
        Self {
            taps: between,
            length: taps.len(),
            stride,
            before,
            frames,
            margin,
            padded: lanes_for(end).max(margin + lanes_for(samples)),
        }
    }

    /// Lanes of a signal with the zeros that it needs around it.
    pub fn padded(&self) -> usize {
        self.padded
    }

    /// Of these, how many come before the signal.
    pub fn margin(&self) -> usize {
        self.margin
    }

    /// From a signal between zeros to frames.
    ///
    /// # Panics
    /// When a buffer is too short.
    #[inline(always)]
    pub fn frames<L: Lanes>(&self, padded: &[Lane], out: &mut [f32]) {
        if L::SUMS >= 24 {
            self.frames_by::<L, 8>(padded, out);
        } else {
            self.frames_by::<L, 4>(padded, out);
        }
    }

    /// `T` frames at a time, so that a tap that was loaded serves them all.
    #[inline(always)]
    fn frames_by<L: Lanes, const T: usize>(&self, padded: &[Lane], out: &mut [f32]) {
        let (signal, start) = (flat(padded), self.margin * LANES - self.before);
        let taps = &self.taps[CHUNK..][..lanes_for(self.length)];
        for (block, out) in out[..self.frames].chunks_mut(T).enumerate() {
            // The last frames are computed more than once rather than by another loop.
            let seen: [&[f32]; T] = std::array::from_fn(|t| {
                let frame = (block * T + t).min(self.frames - 1);
                &signal[start + frame * self.stride..][..taps.len() * LANES]
            });
            let mut sums = [L::splat(0.0); T];
            for (v, tap) in taps.iter().enumerate() {
                let tap = L::load(tap);
                for (sum, seen) in sums.iter_mut().zip(seen) {
                    if let Some(values) = seen[v * LANES..].first_chunk() {
                        *sum = L::load_any(values).mul_add(tap, *sum);
                    }
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum.sum();
            }
        }
    }

    /// The transpose: what each sample of a signal counts for in the frames, weighted with `frames`.
    ///
    /// # Panics
    /// When a buffer is too short.
    #[inline(always)]
    pub fn spread<L: Lanes>(&self, frames: &[f32], out: &mut [Lane]) {
        let taps = flat(&self.taps);
        for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
            // Of sample `place − before`, frame `f` sees tap `place − f · stride`.
            let place = chunk * CHUNK * LANES + self.before;
            let first = (place + 1)
                .saturating_sub(self.length)
                .div_ceil(self.stride);
            let end = ((place + CHUNK * LANES - 1) / self.stride + 1).min(self.frames);
            let mut sums = [L::splat(0.0); CHUNK];
            for (f, g) in frames[..end].iter().enumerate().skip(first) {
                let seen = &taps[place + CHUNK * LANES - f * self.stride..][..CHUNK * LANES];
                let g = L::splat(*g);
                for (sum, tap) in sums.iter_mut().zip(seen.as_chunks().0) {
                    *sum = L::load_any(tap).mul_add(g, *sum);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                sum.store(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Isa, Kernel};
    use super::*;

    struct Both<'a>(
        &'a Decimator,
        &'a [Lane],
        &'a mut [f32],
        &'a [f32],
        &'a mut [Lane],
    );
    impl Kernel for Both<'_> {
        #[inline(always)]
        fn run<L: Lanes>(self) {
            self.0.frames::<L>(self.1, self.2);
            self.0.spread::<L>(self.3, self.4);
        }
    }

    fn irregular(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| (((i + seed) * 7919) % 1013) as f32 / 500.0 - 1.0)
            .collect()
    }

    #[test]
    fn both_agree_with_the_plain_sums_at_every_edge() {
        for (samples, length, stride, before) in [
            (500, 101, 10, 50),
            (90, 101, 7, 30),
            (40, 9, 3, 20),
            (200, 33, 50, 0),
            (1000, 17, 200, 8),
        ] {
            let (signal, taps) = (irregular(samples, 1), irregular(length, 5));
            let frames = (samples + 2 * before).saturating_sub(length) / stride + 1;
            let place = |f: usize, j: usize| {
                (f * stride + j)
                    .checked_sub(before)
                    .filter(|i| *i < samples)
            };
            let decimator = Decimator::new(&taps, stride, before, frames, samples);
            let mut padded = vec![Lane::ZERO; decimator.padded()];
            flat_mut(&mut padded)[decimator.margin() * LANES..][..samples].copy_from_slice(&signal);
            let g = irregular(frames, 9);
            for isa in Isa::all() {
                let mut out = vec![f32::NAN; frames];
                let mut back = vec![Lane([f32::NAN; LANES]); lanes_for(samples)];
                isa.run(Both(&decimator, &padded, &mut out, &g, &mut back));
                let mut expected_back = vec![0.0; samples];
                for (f, o) in out.iter().enumerate() {
                    let mut plain = 0.0;
                    for (j, tap) in taps.iter().enumerate() {
                        if let Some(i) = place(f, j) {
                            plain += f64::from(signal[i]) * f64::from(*tap);
                            expected_back[i] += f64::from(g[f]) * f64::from(*tap);
                        }
                    }
                    assert!(
                        (f64::from(*o) - plain).abs() < 1e-4,
                        "{samples} {length} {f}: {o} {plain}"
                    );
                }
                for (i, (found, plain)) in flat(&back).iter().zip(&expected_back).enumerate() {
                    assert!(
                        (f64::from(*found) - plain).abs() < 1e-4,
                        "{samples} {length} sample {i}: {found} {plain}"
                    );
                }
            }
        }
    }
}
