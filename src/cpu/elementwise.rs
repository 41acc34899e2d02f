//! Operations on one element at a time, in tasks that several threads share.

use rayon::prelude::*;

/// Elements per task: large enough that handing out a task costs little, small enough to share the work.
const TASK: usize = 16 * 1024;

/// Runs a loop compiled for the widest instruction set that this machine has.
#[inline(always)]
pub fn wide(body: impl FnOnce()) {
    pulp::Arch::new().dispatch(body);
}

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

/// Sets every element of `out` to `f` of the same elements of `a` and `b`.
pub fn map2(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32 + Sync) {
    update2(a, b, out, |_, a, b| f(a, b));
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
