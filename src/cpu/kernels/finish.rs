//! What happens to a sum on its way from registers to memory.

use super::lanes::{Kernel, Lane, Lanes};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// For the sixteen channels of one place, from the lowest bit on, whether a rectifier lets a gradient through: where its
/// output lies strictly between 0 and its ceiling. A thirty-second of what reading the output again would take.
///
/// Atomic only so that tasks can write those of their own places side by side.
#[derive(Default)]
pub struct Open(AtomicU16);

impl Open {
    #[inline(always)]
    fn put(&self, bits: u16) {
        self.0.store(bits, Ordering::Relaxed);
    }

    /// The sixteen bits.
    #[inline(always)]
    pub fn bits(&self) -> u16 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A rectifier on the way forward.
#[derive(Clone, Copy)]
pub struct Rectify<'a> {
    /// Its upper limit; infinite for a plain ReLU.
    pub ceiling: f32,
    /// Takes down where it is open, laid out like what is written.
    pub open: &'a [Open],
}

/// A rectifier on the way back.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// Where it was open, laid out like what is written.
    pub open: &'a [Open],
    /// The share of a gradient that passes where it is shut.
    pub leak: f32,
}

/// [`Gate`] with its constant in registers.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Gatekeeper<'a, L> {
    open: &'a [Open],
    /// None where nothing passes: no share of an infinite gradient would be nothing.
    leak: Option<L>,
}

impl<'a> Gate<'a> {
    #[inline(always)]
    pub(in crate::cpu) fn keeper<L: Lanes>(&self) -> Gatekeeper<'a, L> {
        Gatekeeper {
            open: self.open,
            leak: (self.leak != 0.0).then(|| L::splat(self.leak)),
        }
    }
}

impl<L: Lanes> Gatekeeper<'_, L> {
    /// The gate of the `n` places from `first` on.
    #[inline(always)]
    fn from(&self, first: usize, n: usize) -> Self {
        Self {
            open: &self.open[first..][..n],
            ..*self
        }
    }

    /// What passes of the gradient at a place.
    #[inline(always)]
    pub(in crate::cpu) fn pass(&self, gradient: L, at: usize) -> L {
        let bits = self.open[at].bits();
        match self.leak {
            None => gradient.keep(bits),
            Some(share) => gradient.leak(bits, share),
        }
    }
}

/// What is done to sums `s` of channel block `c` at place `i`, in this order: `s + bias[c]`, `+ also[i]`, limited to
/// between 0 and the rectifier's ceiling, zero or a share of it where the gate is shut, `+ out[i]`: what other branches
/// have put there has been through the gate.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// One for every channel block.
    pub bias: Option<&'a [Lane]>,
    /// Another branch, laid out like what is written.
    pub also: Option<&'a [Lane]>,
    /// Adds to what is there instead of replacing it.
    pub add: bool,
    /// The rectifier that follows.
    pub rectify: Option<Rectify<'a>>,
    /// The rectifier behind which the written gradient lies.
    pub gate: Option<Gate<'a>>,
}

/// [`Finish`] with its constants in registers, for one channel block.
#[derive(Clone, Copy)]
pub(super) struct Finisher<'a, L> {
    bias: L,
    also: Option<&'a [Lane]>,
    add: bool,
    rectify: Option<(L, &'a [Open])>,
    gate: Option<Gatekeeper<'a, L>>,
}

impl<'a> Finish<'a> {
    #[inline(always)]
    pub(super) fn block<L: Lanes>(&self, block: usize) -> Finisher<'a, L> {
        Finisher {
            bias: match self.bias {
                Some(bias) => L::load(&bias[block]),
                None => L::splat(0.0),
            },
            also: self.also,
            add: self.add,
            rectify: self.rectify.map(|r| (L::splat(r.ceiling), r.open)),
            gate: self.gate.map(|g| g.keeper()),
        }
    }
}

impl Finish<'_> {
    /// Whether sums of nothing change nothing.
    pub(super) fn keeps_what_is_there(&self) -> bool {
        self.add && self.bias.is_none() && self.also.is_none() && self.rectify.is_none()
    }

    /// Asks for what will be read beside the sums at these places.
    #[inline(always)]
    pub(super) fn expect<L: Lanes>(&self, places: Range<usize>) {
        if let Some(also) = self.also {
            for lane in &also[places] {
                L::expect(lane, 0);
            }
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
        if let Some((ceiling, open)) = self.rectify {
            value = value.rectified(ceiling);
            open[at].put(value.open(ceiling));
        }
        if let Some(gate) = self.gate {
            value = gate.pass(value, at);
        }
        if self.add {
            value = value.add(L::load(out));
        }
        value.store(out);
    }
}

impl<L: Lanes> Finisher<'_, L> {
    /// Writes as many sums as there are to `out`, whose first entry lies at place `at`. As [`Self::write`], but what is
    /// done to most sums is asked for once.
    #[inline(always)]
    pub(super) fn row(&self, sums: &[Lane], at: usize, out: &mut [Lane]) {
        let n = sums.len();
        let pairs = sums.iter().zip(out.iter_mut());
        match (self.also, self.add, self.rectify, self.gate) {
            (None, false, Some((ceiling, open)), None) => {
                for ((sum, out), open) in pairs.zip(&open[at..][..n]) {
                    let value = L::load(sum).add(self.bias).rectified(ceiling);
                    open.put(value.open(ceiling));
                    value.store(out);
                }
            }
            (Some(also), false, Some((ceiling, open)), None) => {
                let beside = also[at..][..n].iter().zip(&open[at..][..n]);
                for ((sum, out), (also, open)) in pairs.zip(beside) {
                    let value = L::load(sum).add(self.bias).add(L::load(also));
                    let value = value.rectified(ceiling);
                    open.put(value.open(ceiling));
                    value.store(out);
                }
            }
            (None, false, None, Some(gate)) => {
                let gate = gate.from(at, n);
                for (i, (sum, out)) in pairs.enumerate() {
                    gate.pass(L::load(sum).add(self.bias), i).store(out);
                }
            }
            (None, true, None, Some(gate)) => {
                let gate = gate.from(at, n);
                for (i, (sum, out)) in pairs.enumerate() {
                    let value = gate.pass(L::load(sum).add(self.bias), i);
                    value.add(L::load(out)).store(out);
                }
            }
            (None, false, None, None) => {
                for (sum, out) in pairs {
                    L::load(sum).add(self.bias).store(out);
                }
            }
            (Some(also), false, None, None) => {
                for ((sum, out), also) in pairs.zip(&also[at..][..n]) {
                    L::load(sum).add(self.bias).add(L::load(also)).store(out);
                }
            }
            (None, true, None, None) => {
                for (sum, out) in pairs {
                    L::load(sum).add(self.bias).add(L::load(out)).store(out);
                }
            }
            _ => {
                for (i, (sum, out)) in pairs.enumerate() {
                    self.write(L::load(sum), at + i, out);
                }
            }
        }
    }

    /// Writes `T` sums to every `STEP`-th entry of `out`, whose first lies at place `at`. As [`Self::write`], but each thing
    /// that is done or not is asked for once for all of them.
    // Numbers rather than iterators, so that the sums stay in registers.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    pub(super) fn tile<const T: usize, const STEP: usize>(
        &self,
        mut sums: [L; T],
        at: usize,
        out: &mut [Lane],
    ) {
        let span = (T - 1) * STEP + 1;
        let out = &mut out[..span];
        for t in 0..T {
            sums[t] = sums[t].add(self.bias);
        }
        if let Some(also) = self.also {
            let also = &also[at..][..span];
            for t in 0..T {
                sums[t] = sums[t].add(L::load(&also[t * STEP]));
            }
        }
        if let Some((ceiling, open)) = self.rectify {
            let open = &open[at..][..span];
            for t in 0..T {
                sums[t] = sums[t].rectified(ceiling);
                open[t * STEP].put(sums[t].open(ceiling));
            }
        }
        if let Some(gate) = self.gate {
            let gate = gate.from(at, span);
            for t in 0..T {
                sums[t] = gate.pass(sums[t], t * STEP);
            }
        }
        if self.add {
            for t in 0..T {
                sums[t] = sums[t].add(L::load(&out[t * STEP]));
            }
        }
        for t in 0..T {
            sums[t].store(&mut out[t * STEP]);
        }
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
        if self.step == 1 {
            finisher.row(self.sums, self.at, self.out);
            return;
        }
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
        let gate = self.gate.keeper::<L>().from(0, self.gradient.len());
        for (i, g) in self.gradient.iter_mut().enumerate() {
            gate.pass(L::load(g), i).store(g);
        }
    }
}

/// Takes down where a rectifier is open whose output was not written by a [`Finisher`].
pub(in crate::cpu) struct Mark<'a> {
    pub output: &'a [Lane],
    pub rectify: Rectify<'a>,
}

impl Kernel for Mark<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let ceiling = L::splat(self.rectify.ceiling);
        for (y, open) in self.output.iter().zip(self.rectify.open) {
            open.put(L::load(y).open(ceiling));
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
