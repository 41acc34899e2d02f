//! Operations on one element at a time, in tasks that several threads share.

use super::kernels::finish::{Finish, FinishRow, Gate, Mark, Rectify, Shut};
use super::kernels::lanes::{Isa, Lane};
use super::wide::wide;
use rayon::prelude::*;

/// Numbers per task: large enough that handing out a task costs little, small enough to share the work.
const TASK: usize = 16 * 1024;
/// The same in lanes.
const TASK_LANES: usize = TASK / 16;

/// Sets every element of `out` to `f` of the same element of `input`.
pub fn map(input: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32 + Sync) {
    out.par_chunks_mut(TASK)
        .zip(input.par_chunks(TASK))
        .for_each(|(out, input)| {
            wide(
                #[inline(always)]
                || out.iter_mut().zip(input).for_each(|(o, x)| *o = f(*x)),
            );
        });
}

/// Replaces every element of `out` by `f` of itself and the same elements of `a` and `b`.
pub fn update2(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32, f32, f32) -> f32 + Sync) {
    out.par_chunks_mut(TASK)
        .zip(a.par_chunks(TASK).zip(b.par_chunks(TASK)))
        .for_each(|(out, (a, b))| {
            wide(
                #[inline(always)]
                || {
                    out.iter_mut()
                        .zip(a.iter().zip(b))
                        .for_each(|(o, (a, b))| *o = f(*o, *a, *b));
                },
            );
        });
}

/// `out[c] = input[c] · scale[c] + offset[c]`, channel by channel.
pub fn affine(input: &[f32], out: &mut [f32], scale: &[f32], offset: &[f32]) {
    let plane = out.len() / scale.len();
    out.par_chunks_mut(plane)
        .zip(input.par_chunks(plane))
        .enumerate()
        .for_each(|(c, (out, input))| {
            out.iter_mut()
                .zip(input)
                .for_each(|(o, x)| *o = *x * scale[c] + offset[c]);
        });
}

/// Finishes values that are there already, place by place. There is no bias, since places have no channel here.
pub fn finish(isa: Isa, values: &[Lane], out: &mut [Lane], finish: Finish<'_>) {
    out.par_chunks_mut(TASK_LANES)
        .zip(values.par_chunks(TASK_LANES))
        .enumerate()
        .for_each(|(i, (out, sums))| {
            isa.run(FinishRow {
                finish: Finish {
                    bias: None,
                    ..finish
                },
                block: 0,
                sums,
                out,
                at: i * TASK_LANES,
                step: 1,
            });
        });
}

/// Shuts a gate over gradients that are there already.
pub fn shut(isa: Isa, gate: Gate<'_>, gradient: &mut [Lane]) {
    gradient
        .par_chunks_mut(TASK_LANES)
        .enumerate()
        .for_each(|(i, gradient)| {
            let gate = Gate {
                open: &gate.open[i * TASK_LANES..][..gradient.len()],
                ..gate
            };
            isa.run(Shut { gate, gradient });
        });
}

/// Takes down where a rectifier is open that a layer applied to plain numbers.
pub fn mark(isa: Isa, rectify: Rectify<'_>, output: &[Lane]) {
    output
        .par_chunks(TASK_LANES)
        .enumerate()
        .for_each(|(i, output)| {
            let open = &rectify.open[i * TASK_LANES..][..output.len()];
            let rectify = Rectify { open, ..rectify };
            isa.run(Mark { output, rectify });
        });
}
