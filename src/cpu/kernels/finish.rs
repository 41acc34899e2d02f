//! What happens to a sum on its way from registers to memory.

use super::lanes::{Kernel, Lane, Lanes};

/// Where a rectifier lets gradients through: strictly between 0 and the ceiling of its output.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The rectifier's output, laid out like what is written.
    pub output: &'a [Lane],
    /// Its upper limit; infinite for a plain ReLU.
    pub ceiling: f32,
}

/// What is done to sums `s` of channel block `c` at place `i`, in this order: `s + bias[c]`, `+ also[i]`, `+ out[i]`,
/// limited to between 0 and `ceiling`, zero where the gate is shut.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// One for every channel block.
    pub bias: Option<&'a [Lane]>,
    /// Another branch, laid out like what is written.
    pub also: Option<&'a [Lane]>,
    /// Adds to what is there instead of replacing it.
    pub add: bool,
    /// The limit of a rectifier.
    pub ceiling: Option<f32>,
    /// The rectifier behind which the written gradient lies.
    pub gate: Option<Gate<'a>>,
}

/// [`Finish`] with its constants in registers, for one channel block.
#[derive(Clone, Copy)]
pub(super) struct Finisher<'a, L> {
    bias: L,
    also: Option<&'a [Lane]>,
    add: bool,
    ceiling: Option<L>,
    gate: Option<(&'a [Lane], L)>,
}

impl<'a> Finish<'a> {
    #[inline(always)]
    pub(super) fn block<L: Lanes>(&self, block: usize) -> Finisher<'a, L> {
        Finisher {
            bias: self.bias.map_or(L::splat(0.0), |b| L::load(&b[block])),
            also: self.also,
            add: self.add,
            ceiling: self.ceiling.map(|c| L::splat(c)),
            gate: self.gate.map(|g| (g.output, L::splat(g.ceiling))),
        }
    }
}

impl<L: Lanes> Finisher<'_, L> {
    /// Writes one sum to `out`, which lies at place `at` of what is written.
    #[inline(always)]
    pub(super) fn write(&self, sum: L, at: usize, out: &mut Lane) {
        let mut value = sum.add(self.bias);
        if let Some(also) = self.also {
            value = value.add(L::load(&also[at]));
        }
        if self.add {
            value = value.add(L::load(out));
        }
        if let Some(ceiling) = self.ceiling {
            value = value.rectified(ceiling);
        }
        if let Some((output, ceiling)) = self.gate {
            value = value.where_open(L::load(&output[at]), ceiling);
        }
        value.store(out);
    }
}

/// Finishes a row of sums of one channel block: the `i`-th goes to place `at + i · step`, which is `out[i · step]`.
pub(in crate::cpu) struct FinishRow<'a> {
    pub finish: Finish<'a>,
    pub block: usize,
    pub sums: &'a [Lane],
    pub out: &'a mut [Lane],
    pub at: usize,
    pub step: usize,
}

impl Kernel for FinishRow<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let finisher = self.finish.block::<L>(self.block);
        for (i, (sum, out)) in self
            .sums
            .iter()
            .zip(self.out.iter_mut().step_by(self.step))
            .enumerate()
        {
            finisher.write(L::load(sum), self.at + i * self.step, out);
        }
    }
}

/// Shuts a gate over gradients that are there already.
pub(in crate::cpu) struct Shut<'a> {
    pub gate: Gate<'a>,
    pub gradient: &'a mut [Lane],
}

impl Kernel for Shut<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let ceiling = L::splat(self.gate.ceiling);
        for (g, y) in self.gradient.iter_mut().zip(self.gate.output) {
            L::load(g).where_open(L::load(y), ceiling).store(g);
        }
    }
}

/// `out = input · scale + offset` for one channel block, finished.
pub(in crate::cpu) struct Scale<'a> {
    pub scale: &'a Lane,
    pub input: &'a [Lane],
    pub out: &'a mut [Lane],
    pub finish: Finish<'a>,
    pub block: usize,
    pub at: usize,
}

impl Kernel for Scale<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let scale = L::load(self.scale);
        let finisher = self.finish.block::<L>(self.block);
        for (i, (x, out)) in self.input.iter().zip(self.out).enumerate() {
            finisher.write(L::load(x).mul(scale), self.at + i, out);
        }
    }
}

/// The same value at every place, finished.
pub(in crate::cpu) struct Fill<'a> {
    pub value: Lane,
    pub out: &'a mut [Lane],
    pub finish: Finish<'a>,
    pub at: usize,
}

impl Kernel for Fill<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let value = L::load(&self.value);
        let finisher = self.finish.block::<L>(0);
        for (i, out) in self.out.iter_mut().enumerate() {
            finisher.write(value, self.at + i, out);
        }
    }
}
