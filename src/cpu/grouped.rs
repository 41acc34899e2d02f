//! Convolutions in several groups of several channels, plane by plane, by direct correlation.
//!
//! A padded plane with stride *s* is split into *s* × *s* *phases*, the planes of every *s*-th row and column. Inside a
//! phase the kernel moves by one, so each tap of the kernel is one contiguous shift, and a whole output plane is one
//! call of [`correlate`]. Rows of the result are as wide as a phase; the few columns beyond the output are not copied.
//! The pullback is the same with the roles exchanged: the cotangent, laid out with the phase's row width and zeros
//! before it, is correlated with the mirrored kernel into each phase.

use super::kernels::correlate::{BLOCK, correlate};
use crate::Result;
use crate::layers::{Conv2d, Parameter, Window};
use rayon::prelude::*;

/// A convolution with everything about its geometry worked out.
pub struct Grouped {
    window: Window,
    groups: usize,
    /// Input and output channels in one group.
    channels: [usize; 2],
    input: [usize; 2],
    output: [usize; 2],
    /// The phases that the kernel touches.
    phases: Vec<Phase>,
    /// Rows and columns of a phase.
    phase: [usize; 2],
    /// Length of a phase with room for the last block.
    plane: usize,
    /// Length of an output with the phase's row width, in whole blocks.
    wide: usize,
    /// Zeros before a cotangent.
    lead: usize,
    /// Length of a laid-out cotangent.
    cotangent: usize,
    /// Where each tap of each input channel of a group reads, in the order of the weights.
    offsets: Vec<usize>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Phase {
    /// First row and column.
    start: [usize; 2],
    /// Where each output channel's cotangent is read, for the taps of this phase.
    offsets: Vec<usize>,
    /// `[group, input channel, output channel, tap]`.
    weight: Vec<f32>,
}

impl Grouped {
    pub fn pack(conv: &Conv2d, input: [usize; 2], output: [usize; 2]) -> Result<Self> {
        let Window { kernel, stride, .. } = conv.window;
        let groups = conv.groups;
        let channels = [conv.in_channels() / groups, conv.out_channels() / groups];
        let phase = [0, 1].map(|a| output[a] - 1 + kernel[a].div_ceil(stride[a]));
        let shift = |[i, j]: [usize; 2]| (i / stride[0]) * phase[1] + j / stride[1];
        let lead = shift([kernel[0] - 1, kernel[1] - 1]);
        let wide = ((output[0] - 1) * phase[1] + output[1]).next_multiple_of(BLOCK);
        let plane = lead + wide;
        let cotangent = lead + (phase[0] * phase[1]).next_multiple_of(BLOCK);

        let starts: Vec<[usize; 2]> = Window {
            kernel: [stride[0].min(kernel[0]), stride[1].min(kernel[1])],
            ..conv.window
        }
        .taps()
        .collect();
        let place = |[i, j]: [usize; 2]| {
            starts
                .iter()
                .position(|s| *s == [i % stride[0], j % stride[1]])
                .unwrap_or(0)
        };
        let offsets = (0..channels[0])
            .flat_map(|c| conv.window.taps().map(move |t| (c, t)))
            .map(|(c, tap)| (c * starts.len() + place(tap)) * plane + shift(tap))
            .collect();

        let weight = conv.weight.values()?;
        let area = kernel[0] * kernel[1];
        let phases = starts
            .iter()
            .map(|start| {
                let taps: Vec<[usize; 2]> = conv
                    .window
                    .taps()
                    .filter(|[i, j]| [i % stride[0], j % stride[1]] == *start)
                    .collect();
                let offsets = (0..channels[1])
                    .flat_map(|o| taps.iter().map(move |t| (o, *t)))
                    .map(|(o, tap)| o * cotangent + lead - shift(tap))
                    .collect();
                let mut packed =
                    Vec::with_capacity(groups * channels[0] * channels[1] * taps.len());
                for g in 0..groups {
                    for c in 0..channels[0] {
                        for o in 0..channels[1] {
                            let kernel_at = ((g * channels[1] + o) * channels[0] + c) * area;
                            packed.extend(
                                taps.iter()
                                    .map(|[i, j]| weight[kernel_at + i * kernel[1] + j]),
                            );
                        }
                    }
                }
                Phase {
                    start: *start,
                    offsets,
                    weight: packed,
                }
            })
            .collect();
        let bias = conv
            .bias
            .as_ref()
            .map_or_else(|| Ok(vec![0.0; conv.out_channels()]), Parameter::values)?;
        Ok(Self {
            window: conv.window,
            groups,
            channels,
            input,
            output,
            phases,
            phase,
            plane,
            wide,
            lead,
            cotangent,
            offsets,
            weight,
            bias,
        })
    }

    /// Numbers in an item's input and in its output.
    pub fn elements(&self) -> (usize, usize) {
        let [ins, outs] = self.channels.map(|c| c * self.groups);
        let [from, to] = [self.input, self.output].map(|[h, w]| h * w);
        (ins * from, outs * to)
    }

    /// Computes the output; with a ceiling, that of the rectifier that follows.
    pub fn forward(
        &self,
        x: &[f32],
        out: &mut [f32],
        ceiling: Option<f32>,
        scratch: &mut Vec<f32>,
    ) {
        let [ins, outs] = self.channels;
        let (in_plane, out_plane) = (
            self.input[0] * self.input[1],
            self.output[0] * self.output[1],
        );
        let split = self.phases.len() * self.plane;
        let taps = self.offsets.len();
        let one = |split: &[f32], channel: usize, out: &mut [f32], wide: &mut [f32]| {
            correlate(
                split,
                &self.offsets,
                &self.weight[channel * taps..][..taps],
                self.bias[channel],
                wide,
            );
            for (row, out) in out.chunks_mut(self.output[1]).enumerate() {
                let wide = &wide[row * self.phase[1]..][..self.output[1]];
                match ceiling {
                    Some(ceiling) => out
                        .iter_mut()
                        .zip(wide)
                        .for_each(|(o, v)| *o = v.clamp(0.0, ceiling)),
                    None => out.copy_from_slice(wide),
                }
            }
        };
        if self.groups == 1 {
            scratch.resize((ins * split).max(scratch.len()), 0.0);
            let all = &mut scratch[..ins * split];
            all.par_chunks_mut(split)
                .zip(x.par_chunks(in_plane))
                .for_each(|(s, x)| self.split(x, s));
            out.par_chunks_mut(out_plane).enumerate().for_each_init(
                || vec![0.0; self.wide],
                |wide, (channel, out)| one(all, channel, out, wide),
            );
        } else {
            out.par_chunks_mut(outs * out_plane)
                .zip(x.par_chunks(ins * in_plane))
                .enumerate()
                .for_each_init(
                    || (vec![0.0; ins * split], vec![0.0; self.wide]),
                    |(all, wide), (group, (out, x))| {
                        all.chunks_mut(split)
                            .zip(x.chunks(in_plane))
                            .for_each(|(s, x)| self.split(x, s));
                        for (o, out) in out.chunks_mut(out_plane).enumerate() {
                            one(all, group * outs + o, out, wide);
                        }
                    },
                );
        }
    }

    /// Puts the input's gradient in its place.
    pub fn pullback(&self, cotangent: &[f32], dx: &mut [f32], add: bool, scratch: &mut Vec<f32>) {
        let [ins, outs] = self.channels;
        let (in_plane, out_plane) = (
            self.input[0] * self.input[1],
            self.output[0] * self.output[1],
        );
        let area = self.cotangent - self.lead;
        let one = |laid: &[f32], channel: usize, dx: &mut [f32], phase: &mut [f32]| {
            if !add {
                dx.fill(0.0);
            }
            for p in &self.phases {
                let taps = p.offsets.len();
                correlate(
                    laid,
                    &p.offsets,
                    &p.weight[channel * taps..][..taps],
                    0.0,
                    phase,
                );
                self.join(p, phase, dx);
            }
        };
        if self.groups == 1 {
            scratch.resize((outs * self.cotangent).max(scratch.len()), 0.0);
            let all = &mut scratch[..outs * self.cotangent];
            all.par_chunks_mut(self.cotangent)
                .zip(cotangent.par_chunks(out_plane))
                .for_each(|(l, g)| self.lay(g, l));
            dx.par_chunks_mut(in_plane).enumerate().for_each_init(
                || vec![0.0; area],
                |phase, (channel, dx)| one(all, channel, dx, phase),
            );
        } else {
            let groups = dx
                .par_chunks_mut(ins * in_plane)
                .zip(cotangent.par_chunks(outs * out_plane));
            groups.enumerate().for_each_init(
                || (vec![0.0; outs * self.cotangent], vec![0.0; area]),
                |(all, phase), (group, (dx, g))| {
                    for (l, g) in all.chunks_mut(self.cotangent).zip(g.chunks(out_plane)) {
                        self.lay(g, l);
                    }
                    for (c, dx) in dx.chunks_mut(in_plane).enumerate() {
                        one(all, group * ins + c, dx, phase);
                    }
                },
            );
        }
    }

    /// Splits one input plane into its phases, padding included.
    fn split(&self, x: &[f32], split: &mut [f32]) {
        for (phase, plane) in self.phases.iter().zip(split.chunks_mut(self.plane)) {
            plane.fill(0.0);
            self.rows(phase, |row, y, columns, first| {
                let line = &x[y * self.input[1]..][..self.input[1]];
                let into = &mut plane[row * self.phase[1]..][columns.clone()];
                match self.window.stride[1] {
                    1 => into.copy_from_slice(&line[first..first + into.len()]),
                    stride => into
                        .iter_mut()
                        .zip(line[first..].iter().step_by(stride))
                        .for_each(|(o, v)| *o = *v),
                }
            });
        }
    }

    /// Adds one phase of an input gradient to its places.
    fn join(&self, phase: &Phase, plane: &[f32], dx: &mut [f32]) {
        self.rows(phase, |row, y, columns, first| {
            let from = &plane[row * self.phase[1]..][columns.clone()];
            let line = &mut dx[y * self.input[1]..][..self.input[1]];
            line[first..]
                .iter_mut()
                .step_by(self.window.stride[1])
                .zip(from)
                .for_each(|(o, v)| *o += *v);
        });
    }

    /// Visits the rows of a phase that lie inside the input: the phase's row, the input's row, the phase's columns that
    /// lie inside, and the input's column of the first of them.
    fn rows(
        &self,
        phase: &Phase,
        mut visit: impl FnMut(usize, usize, &std::ops::Range<usize>, usize),
    ) {
        let Window {
            stride, padding, ..
        } = self.window;
        // The phase's entry q sits at q · stride + start − padding of the input.
        let inside = |axis: usize, before: usize| {
            let first = before
                .saturating_sub(phase.start[axis])
                .div_ceil(stride[axis]);
            let end = (self.input[axis] + before)
                .saturating_sub(phase.start[axis])
                .div_ceil(stride[axis]);
            first..end.min(self.phase[axis])
        };
        let columns = inside(1, padding.left);
        if columns.is_empty() {
            return;
        }
        let first = columns.start * stride[1] + phase.start[1] - padding.left;
        for row in inside(0, padding.top) {
            visit(
                row,
                row * stride[0] + phase.start[0] - padding.top,
                &columns,
                first,
            );
        }
    }

    /// Lays one cotangent plane out with the phase's row width, zeros everywhere else.
    fn lay(&self, g: &[f32], laid: &mut [f32]) {
        laid.fill(0.0);
        for (row, g) in g.chunks(self.output[1]).enumerate() {
            laid[self.lead + row * self.phase[1]..][..g.len()].copy_from_slice(g);
        }
    }
}
