//! Which kernels a convolution runs on, with its weights packed for them.

use super::kernels::dense::Dense;
use super::kernels::depthwise::Depthwise;
use super::kernels::expansion::{Contraction, Expansion};
use super::kernels::finish::Finish;
use super::kernels::lanes::{LANES, Lane, flat, flat_mut, lanes_for};
use super::kernels::narrow::{NARROW, Narrow, Widen};
use super::kernels::scheme::Scheme;
use super::kernels::sweep::Sweep;
use super::kernels::winograd::Winograd;
use super::operation::{Machine, Needs};
use super::target::Target;
use crate::layers::{Conv2d, Padding, Window};
use crate::{Error, Result};

/// Lanes that a second-level cache does not hold beside what goes in and comes out: half a megabyte.
const MUCH: usize = 8192;

/// A convolution in one group, or in as many as it has channels.
pub struct Convolution {
    layer: Conv2d,
    /// Channels, height, width.
    input: [usize; 3],
    output: [usize; 3],
    bias: Vec<Lane>,
    winograd: bool,
    forward: Forward,
    /// Packed when first needed: many networks are only ever run forward.
    pullback: Option<Pullback>,
}

enum Forward {
    Dense(Dense),
    Winograd(Winograd),
    Depthwise(Depthwise),
    /// With its source between zeros.
    Widen(Widen, Vec<f32>),
}

enum Pullback {
    Dense(Dense),
    Winograd(Winograd),
    Depthwise(Depthwise),
    Narrow(Narrow),
}

impl Convolution {
    /// Whether a convolution is of this kind.
    pub fn fits(conv: &Conv2d) -> bool {
        conv.groups == 1 || is_depthwise(conv)
    }

    /// Whether a convolution reads planes rather than lanes.
    pub fn reads_planes(conv: &Conv2d) -> bool {
        conv.groups == 1 && conv.in_channels() <= NARROW
    }

    /// Packs the weights for the way forward; `winograd` allows Winograd's algorithm.
    pub fn pack(
        layer: &Conv2d,
        input: [usize; 3],
        output: [usize; 3],
        winograd: bool,
    ) -> Result<Self> {
        let mut bias = vec![Lane::ZERO; lanes_for(output[0])];
        if let Some(values) = &layer.bias {
            values.read(|values| flat_mut(&mut bias)[..values.len()].copy_from_slice(values))?;
        }
        let window = layer.window;
        let before = [window.padding.top, window.padding.left];
        let sweep =
            |a: usize| Sweep::forward(window.kernel[a], window.stride[a], before[a], output[a + 1]);
        let ways = [vec![sweep(0)], vec![sweep(1)]];
        let planes = [input, output].map(|s| [s[1], s[2]]);
        let channels = [input[0], output[0]];
        let forward = layer.weight.read(|weight| {
            let at = Weights {
                weight,
                window,
                ins: input[0] / layer.groups,
            };
            if is_depthwise(layer) {
                let [from, to] = planes;
                let weight = |tap, c| at.get(tap, 0, c);
                Forward::Depthwise(Depthwise::pack(input[0], from, to, ways, weight))
            } else if Self::reads_planes(layer) {
                let ([from, to], [ins, outs]) = (planes, channels);
                let weight = |tap, i, o| at.get(tap, i, o);
                let widen = Widen::pack(ins, outs, from, to, [sweep(0), sweep(1)], weight);
                let padded = vec![0.0; widen.padded()];
                Forward::Widen(widen, padded)
            } else if let Some(scheme) = scheme(winograd, window, channels, planes[1]) {
                let before = before.map(|n| n as isize);
                let weight = |tap, i, o| at.get(tap, i, o);
                Forward::Winograd(Winograd::pack(scheme, input, output, before, weight))
            } else {
                Forward::Dense(Dense::pack(input, output, ways, |tap, i, o| {
                    at.get(tap, i, o)
                }))
            }
        })?;
        Ok(Self {
            layer: layer.clone(),
            input,
            output,
            bias,
            winograd,
            forward,
            pullback: None,
        })
    }

    /// Whether the weights for the way back are packed.
    pub fn is_ready_for_pullback(&self) -> bool {
        self.pullback.is_some()
    }

    /// Packs the weights for the way back.
    pub fn pack_pullback(&mut self) -> Result<()> {
        let Self {
            layer,
            input,
            output,
            ..
        } = self;
        let window = layer.window;
        let before = [window.padding.top, window.padding.left];
        let ways = [0, 1]
            .map(|a| Sweep::pullback(window.kernel[a], window.stride[a], before[a], input[a + 1]));
        let planes = [*output, *input].map(|s| [s[1], s[2]]);
        let channels = [output[0], input[0]];
        let pullback = layer.weight.read(|weight| {
            let at = Weights {
                weight,
                window,
                ins: input[0] / layer.groups,
            };
            if is_depthwise(layer) {
                let [from, to] = planes;
                let weight = |tap, c| at.get(tap, 0, c);
                Pullback::Depthwise(Depthwise::pack(input[0], from, to, ways, weight))
            } else if Self::reads_planes(layer) {
                let ([from, to], [outs, ins]) = (planes, channels);
                let weight = |tap, i, o| at.get(tap, i, o);
                Pullback::Narrow(Narrow::pack(ins, outs, from, to, ways, weight))
            } else if let Some(scheme) = scheme(self.winograd, window, channels, planes[1]) {
                let [down, right] = window.kernel;
                let before = [0, 1].map(|a| window.kernel[a] as isize - 1 - before[a] as isize);
                let weight = |[r, q]: [usize; 2], o, i| at.get([down - 1 - r, right - 1 - q], i, o);
                Pullback::Winograd(Winograd::pack(scheme, *output, *input, before, weight))
            } else {
                Pullback::Dense(Dense::pack(*output, *input, ways, |tap, o, i| {
                    at.get(tap, i, o)
                }))
            }
        })?;
        self.pullback = Some(pullback);
        Ok(())
    }

    /// Whether `first`, from which a plane of `between` comes, and `second` are better computed together: a 1×1 convolution
    /// before a depthwise one, with so much between them that it would leave the cache.
    pub fn expands_into(
        first: &Conv2d,
        second: &Conv2d,
        between: [usize; 3],
        out: [usize; 3],
    ) -> bool {
        let point = Window::square(1, 1, Padding::default());
        let window = second.window;
        let (kernel, stride) = (window.kernel, window.stride);
        let before = [window.padding.top, window.padding.left];
        let forward =
            [0, 1].map(|a| vec![Sweep::forward(kernel[a], stride[a], before[a], out[a + 1])]);
        let back = [0, 1].map(|a| Sweep::pullback(kernel[a], stride[a], before[a], between[a + 1]));
        // Rows that no output sees would not be computed, and so not be known to a gradient that begins between the two.
        let all_rows = kernel[0] >= stride[0]
            && (out[1] - 1) * stride[0] + kernel[0] >= before[0] + between[1];
        all_rows
            && first.groups == 1
            && first.window == point
            && !Self::reads_planes(first)
            && is_depthwise(second)
            && lanes_for(between[0]) * between[1] * between[2] >= MUCH
            && Depthwise::reads_in_place(forward)
            && Depthwise::reads_in_place(back)
    }

    /// This one and the depthwise `next` on the way forward.
    fn expansion<'a>(&'a self, next: &'a Self) -> Option<Expansion<'a>> {
        match (&self.forward, &next.forward) {
            (Forward::Dense(dense), Forward::Depthwise(depthwise)) => Some(Expansion {
                panels: dense.panels_in_place()?,
                depthwise,
            }),
            _ => None,
        }
    }

    /// The two on the way back.
    fn contraction<'a>(&'a self, next: &'a Self) -> Option<Contraction<'a>> {
        match (&self.pullback, &next.pullback) {
            (Some(Pullback::Dense(dense)), Some(Pullback::Depthwise(depthwise))) => {
                Some(Contraction {
                    depthwise,
                    panels: dense.panels_in_place()?,
                })
            }
            _ => None,
        }
    }

    /// The scratch that both ways need for this one and the depthwise `next` together.
    pub fn needs_with(&self, next: &Self) -> Needs {
        let forward = self.expansion(next).map_or(0, |e| e.workspace());
        let back = self.contraction(next).map_or(0, |c| c.workspace());
        Needs {
            thread: forward.max(back),
            stage: 0,
        }
    }

    /// Computes the output of the depthwise `next`, which reads this one's. `between` is done to what lies between.
    ///
    /// # Errors
    /// When they are not as [`Self::expands_into`] wants them.
    pub fn forward_with(
        &self,
        next: &Self,
        machine: &mut Machine<'_>,
        x: &[Lane],
        between: Finish<'_>,
        out: &mut [Lane],
        finish: Finish<'_>,
    ) -> Result<()> {
        let Machine {
            isa,
            items,
            workspaces,
            ..
        } = machine;
        let between = Finish {
            bias: Some(&self.bias),
            ..between
        };
        let finish = Finish {
            bias: Some(&next.bias),
            ..finish
        };
        let both = self.expansion(next).ok_or_else(not_such)?;
        both.run(*isa, *items, x, between, out, finish, workspaces);
        Ok(())
    }

    /// Puts the gradient with respect to this one's input in its place, from that with respect to the output of the
    /// depthwise `next`. Follows [`Self::pack_pullback`] of both.
    ///
    /// # Errors
    /// When they are not as [`Self::expands_into`] wants them.
    pub fn pullback_with(
        &self,
        next: &Self,
        machine: &mut Machine<'_>,
        g: &[Lane],
        between: Finish<'_>,
        target: &mut Target<'_>,
    ) -> Result<()> {
        let finish = target.finish();
        let Machine {
            isa,
            items,
            workspaces,
            ..
        } = machine;
        let both = self.contraction(next).ok_or_else(not_such)?;
        both.run(*isa, *items, g, between, target.buffer, finish, workspaces);
        Ok(())
    }

    /// The scratch that both ways need for `items` items.
    pub fn needs(&self, items: usize) -> Needs {
        let forward = match &self.forward {
            Forward::Dense(k) => [k.workspace(), 0],
            Forward::Winograd(k) => k.workspace(items),
            Forward::Depthwise(k) => [k.workspace(), 0],
            Forward::Widen(..) => [0, 0],
        };
        let pullback = match &self.pullback {
            Some(Pullback::Dense(k)) => [k.workspace(), 0],
            Some(Pullback::Winograd(k)) => k.workspace(items),
            Some(Pullback::Depthwise(k)) => [k.workspace(), 0],
            Some(Pullback::Narrow(_)) | None => [0, 0],
        };
        Needs {
            thread: forward[0].max(pullback[0]),
            stage: forward[1].max(pullback[1]),
        }
    }

    /// Computes the output: the convolution, its bias, and whatever `finish` adds to that.
    pub fn forward(
        &mut self,
        machine: &mut Machine<'_>,
        x: &[Lane],
        out: &mut [Lane],
        finish: Finish<'_>,
    ) {
        let finish = Finish {
            bias: Some(&self.bias),
            ..finish
        };
        let Machine {
            isa,
            items,
            workspaces,
            stage,
        } = machine;
        match &mut self.forward {
            Forward::Dense(k) => k.run(*isa, *items, x, out, finish, workspaces),
            Forward::Winograd(k) => k.run(*isa, *items, x, out, finish, workspaces, stage),
            Forward::Depthwise(k) => k.run(*isa, *items, x, out, finish, workspaces),
            Forward::Widen(k, padded) => {
                let stride = lanes_for(self.input.iter().product()) * LANES;
                k.run(*isa, *items, flat(x), stride, padded, out, finish);
            }
        }
    }

    /// Puts the input's gradient in its place. Follows [`Self::pack_pullback`].
    pub fn pullback(&self, machine: &mut Machine<'_>, g: &[Lane], target: &mut Target<'_>) {
        let finish = target.finish();
        let Machine {
            isa,
            items,
            workspaces,
            stage,
        } = machine;
        match &self.pullback {
            Some(Pullback::Dense(k)) => {
                k.run(*isa, *items, g, target.buffer, finish, workspaces);
            }
            Some(Pullback::Winograd(k)) => {
                k.run(*isa, *items, g, target.buffer, finish, workspaces, stage);
            }
            Some(Pullback::Depthwise(k)) => {
                k.run(*isa, *items, g, target.buffer, finish, workspaces);
            }
            Some(Pullback::Narrow(k)) => {
                let stride = lanes_for(self.input.iter().product()) * LANES;
                target.planes(*isa, |dx, add| k.run(*isa, *items, g, dx, stride, add));
            }
            None => {}
        }
    }
}

fn not_such() -> Error {
    Error::Internal("a 1×1 convolution and a depthwise one were planned, but others packed".into())
}

fn is_depthwise(conv: &Conv2d) -> bool {
    conv.groups > 1 && conv.groups == conv.in_channels() && conv.groups == conv.out_channels()
}

/// The scheme for a convolution from and to so many channels, with an output of size `out`.
fn scheme(allowed: bool, window: Window, channels: [usize; 2], out: [usize; 2]) -> Option<Scheme> {
    let fits = allowed && window.stride == [1, 1];
    fits.then(|| Scheme::best(window.kernel, channels, out))
        .flatten()
}

/// `[output, input, row, column]`.
struct Weights<'a> {
    weight: &'a [f32],
    window: Window,
    /// Inputs of a group.
    ins: usize,
}

impl Weights<'_> {
    fn get(&self, [row, column]: [usize; 2], input: usize, output: usize) -> f32 {
        let [down, across] = self.window.kernel;
        self.weight[((output * self.ins + input) * down + row) * across + column]
    }
}
