//! One layer made ready for the CPU.

use super::cochleagram::Cochlea;
use super::convolution::Convolution;
use super::elementwise::{self, affine, map, mark};
use super::grouped::Grouped;
use super::hann_pool::HannPooling;
use super::kernels::finish::{Fill, Finish, Scale};
use super::kernels::lanes::{Isa, LANES, Lane, flat, flat_mut, lanes_for};
use super::kernels::linear;
use super::kernels::workspace::Workspaces;
use super::layout::Layout;
use super::pooling::Pooling;
use super::target::Target;
use crate::layers::{Flatten, Layer, Linear, probabilities};
use crate::{Error, Result};
use rayon::prelude::*;

/// A layer with its weights packed and its geometry worked out.
pub enum Operation {
    Clamp {
        low: f32,
        high: f32,
    },
    /// Scale and offset of every channel; in lanes, and as numbers for planes.
    Affine {
        scale: Vec<Lane>,
        offset: Vec<Lane>,
        channels: usize,
    },
    /// One for every item, since each remembers its own sound.
    Cochleagram(Vec<Cochlea>),
    Convolution(Box<Convolution>),
    /// With scratch of its own.
    Grouped(Box<Grouped>, Vec<f32>),
    Linear(Linear),
    Rectifier,
    Pooling(Pooling),
    HannPooling(Box<HannPooling>),
    /// Channels last; the channels and the length of a plane.
    Transpose {
        channels: usize,
        plane: usize,
    },
    GlobalAverage {
        shape: [usize; 3],
    },
    Add,
    Softmax,
}

/// What an operation is computed with.
pub struct Machine<'a> {
    pub isa: Isa,
    pub items: usize,
    pub workspaces: &'a Workspaces,
    pub stage: &'a mut [Lane],
}

/// Scratch in lanes: for each thread, and for all together.
#[derive(Clone, Copy, Default)]
pub struct Needs {
    pub thread: usize,
    pub stage: usize,
}

/// One item's numbers after another's.
fn by_item(lanes: &[Lane], item: usize) -> impl Iterator<Item = &[f32]> {
    lanes.chunks(lanes_for(item)).map(move |l| &flat(l)[..item])
}

/// The same, to be written.
fn by_item_mut(numbers: &mut [f32], item: usize) -> impl Iterator<Item = &mut [f32]> {
    let stride = lanes_for(item) * LANES;
    numbers.chunks_mut(stride).map(move |n| &mut n[..item])
}

impl Operation {
    /// Prepares a layer for an input and an output of the given item shapes; `winograd` allows Winograd's algorithm.
    ///
    /// # Errors
    /// For the input, which is not an operation.
    pub fn pack(layer: &Layer, input: &[usize], output: &[usize], winograd: bool) -> Result<Self> {
        let plane = |shape: &[usize]| [shape[1], shape[2]];
        let image = |shape: &[usize]| [shape[0], shape[1], shape[2]];
        Ok(match layer {
            Layer::Flatten(Flatten::ChannelLast) if input.len() == 3 => Self::Transpose {
                channels: input[0],
                plane: input[1] * input[2],
            },
            Layer::Input | Layer::Flatten(_) => {
                return Err(Error::Internal(format!(
                    "'{}' is nothing to compute",
                    layer.kind()
                )));
            }
            Layer::Clamp(l) => Self::Clamp {
                low: l.low,
                high: l.high,
            },
            Layer::Affine(l) => Self::affine(&l.scale.values()?, &l.offset.values()?),
            Layer::BatchNorm(l) => {
                let (scale, variance) = (l.scale.values()?, l.variance.values()?);
                let root = |v: &f32| (f64::from(*v) + l.epsilon).sqrt();
                let pairs = scale.iter().zip(&variance);
                let factor: Vec<f64> = pairs.map(|(s, v)| f64::from(*s) / root(v)).collect();
                let (shift, mean) = (l.shift.values()?, l.mean.values()?);
                let offset = factor.iter().zip(shift.iter().zip(&mean));
                let offset: Vec<f32> = offset
                    .map(|(f, (b, m))| (f64::from(*b) - f64::from(*m) * f) as f32)
                    .collect();
                let scale: Vec<f32> = factor.into_iter().map(|f| f as f32).collect();
                Self::affine(&scale, &offset)
            }
            Layer::Cochleagram(l) => Self::Cochleagram(vec![Cochlea::plan(l)]),
            Layer::Conv2d(l) if Convolution::fits(l) => Self::Convolution(Box::new(
                Convolution::pack(l, image(input), image(output), winograd)?,
            )),
            Layer::Conv2d(l) => {
                let grouped = Grouped::pack(l, plane(input), plane(output))?;
                Self::Grouped(Box::new(grouped), vec![])
            }
            Layer::Linear(l) => {
                // Read where it lies at every step; here only to learn whether that is possible.
                l.weight.read(|_| ())?;
                l.bias.read(|_| ())?;
                Self::Linear(l.clone())
            }
            Layer::Rectifier(_) => Self::Rectifier,
            Layer::MaxPool(l) => Self::Pooling(Pooling::max(l.window, plane(input), plane(output))),
            Layer::AveragePool(l) => Self::Pooling(Pooling::average(
                l.window,
                l.count_padding,
                plane(input),
                plane(output),
            )),
            Layer::HannPool(l) => {
                let pooling = HannPooling::pack(l, image(input), image(output));
                Self::HannPooling(Box::new(pooling))
            }
            Layer::GlobalAverage(_) => Self::GlobalAverage {
                shape: image(input),
            },
            Layer::Add(_) => Self::Add,
            Layer::Softmax(_) => Self::Softmax,
        })
    }

    fn affine(scale: &[f32], offset: &[f32]) -> Self {
        let lanes = |values: &[f32]| {
            let mut lanes = vec![Lane::ZERO; lanes_for(values.len())];
            flat_mut(&mut lanes)[..values.len()].copy_from_slice(values);
            lanes
        };
        Self::Affine {
            channels: scale.len(),
            scale: lanes(scale),
            offset: lanes(offset),
        }
    }

    /// Whether the sum or the rectifier that follows can be computed along with a layer that writes `layout`.
    pub fn takes(layer: &Layer, layout: Layout) -> Taken {
        let (sum, rectifier) = match (layer, layout) {
            (Layer::Conv2d(_) | Layer::BatchNorm(_) | Layer::Affine(_), Layout::Lanes(_)) => {
                (true, true)
            }
            (Layer::Conv2d(_) | Layer::Linear(_) | Layer::Add(_), _) => (false, true),
            _ => (false, false),
        };
        Taken { sum, rectifier }
    }

    /// Whether a layer's pullback reads the values that went in or came out; where rectifiers were open is remembered
    /// apart from them.
    pub fn reads_again(layer: &Layer) -> bool {
        matches!(
            layer,
            Layer::Clamp(_) | Layer::MaxPool(_) | Layer::AveragePool(_) | Layer::Softmax(_)
        )
    }

    /// Makes ready for the way back.
    pub fn pack_pullback(&mut self, threads: &rayon::ThreadPool) -> Result<()> {
        match self {
            Self::Convolution(c) if !c.is_ready_for_pullback() => {
                threads.install(|| c.pack_pullback())
            }
            _ => Ok(()),
        }
    }

    /// Scratch for `items` items.
    pub fn needs(&self, items: usize) -> Needs {
        match self {
            Self::Convolution(c) => c.needs(items),
            Self::HannPooling(p) => p.needs(),
            _ => Needs::default(),
        }
    }

    /// Computes the output, `elements` numbers an item where it is in planes. Of `finish` only what [`Self::takes`]
    /// promises is done; a lone rectifier does its own.
    pub fn forward(
        &mut self,
        machine: &mut Machine<'_>,
        x: &[Lane],
        layout: Layout,
        out: &mut [Lane],
        finish: Finish<'_>,
    ) -> Result<()> {
        let items = machine.items;
        match self {
            Self::Clamp { low, high } => {
                let (low, high) = (*low, *high);
                map(flat(x), flat_mut(out), |v| v.clamp(low, high));
            }
            Self::Affine {
                scale,
                offset,
                channels,
            } => match layout {
                Layout::Planes(elements) => {
                    let all = by_item_mut(flat_mut(out), elements).zip(by_item(x, elements));
                    let (scale, offset) = (&flat(scale)[..*channels], &flat(offset)[..*channels]);
                    all.for_each(|(out, x)| affine(x, out, scale, offset));
                }
                Layout::Lanes([_, h, w]) => {
                    let finish = Finish {
                        bias: Some(&offset[..]),
                        ..finish
                    };
                    scaled(machine.isa, scale, x, out, h * w, finish);
                }
            },
            Self::Cochleagram(each) => {
                if let Some(first) = each.first() {
                    let more = (each.len()..items)
                        .map(|_| first.again())
                        .collect::<Vec<_>>();
                    each.extend(more);
                }
                let Layout::Planes(elements) = layout else {
                    return Ok(());
                };
                let all = by_item_mut(flat_mut(out), elements);
                for ((cochlea, out), x) in each.iter_mut().zip(all).zip(x.chunks(x.len() / items)) {
                    cochlea.forward(machine.isa, flat(x), out);
                }
            }
            Self::Convolution(op) => op.forward(machine, x, out, finish),
            Self::Grouped(op, scratch) => {
                let (from, to) = op.elements();
                let ceiling = finish.rectify.map(|r| r.ceiling);
                for (out, x) in by_item_mut(flat_mut(out), to).zip(by_item(x, from)) {
                    op.forward(x, out, ceiling, scratch);
                }
                if let Some(rectify) = finish.rectify {
                    mark(machine.isa, rectify, out);
                }
            }
            Self::Linear(layer) => {
                let ceiling = finish.rectify.map(|r| r.ceiling);
                with(layer, items, |matrix, bias| {
                    matrix.forward(bias, flat(x), flat_mut(out), ceiling);
                })?;
                if let Some(rectify) = finish.rectify {
                    mark(machine.isa, rectify, out);
                }
            }
            Self::Rectifier | Self::Add => elementwise::finish(machine.isa, x, out, finish),
            Self::Pooling(op) => op.forward(machine.isa, x, out),
            Self::HannPooling(op) => op.forward(machine, x, out),
            Self::Transpose { channels, plane } => {
                let (channels, plane) = (*channels, *plane);
                let n = channels * plane;
                for (out, x) in by_item_mut(flat_mut(out), n).zip(by_item(x, n)) {
                    transpose(x, plane, out, false);
                }
            }
            Self::GlobalAverage { shape: [_, h, w] } => {
                let area = *h * *w;
                for (o, plane) in out.iter_mut().zip(x.chunks(area)) {
                    let mut sums = [0.0; LANES];
                    for lane in plane {
                        sums.iter_mut().zip(lane.0).for_each(|(s, v)| *s += v);
                    }
                    o.0 = sums.map(|s| s / area as f32);
                }
            }
            Self::Softmax => {
                if let Layout::Planes(n) = layout {
                    for (out, x) in by_item_mut(flat_mut(out), n).zip(by_item(x, n)) {
                        let shares = probabilities(x);
                        out.iter_mut().zip(shares).for_each(|(o, p)| *o = p as f32);
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts the gradient with respect to the first input into `target`. `layout` is that of the output. What is in `input` and
    /// `output` is as it was only if the layer [reads them again](Self::reads_again); otherwise they may be missing.
    pub fn pullback(
        &mut self,
        machine: &mut Machine<'_>,
        input: &[Lane],
        output: &[Lane],
        layout: Layout,
        g: &[Lane],
        target: &mut Target<'_>,
    ) -> Result<()> {
        let (isa, items) = (machine.isa, machine.items);
        match self {
            // 1 exactly at the bounds: see `layers::Clamp`.
            Self::Clamp { low, high } => {
                let (low, high) = (*low, *high);
                target.each(
                    isa,
                    input,
                    g,
                    |x, g| if x >= low && x <= high { g } else { 0.0 },
                );
            }
            Self::Affine {
                scale, channels, ..
            } => match layout {
                Layout::Planes(elements) => target.planes(isa, |dx, add| {
                    let scale = &flat(scale)[..*channels];
                    let plane = elements / *channels;
                    for (dx, g) in by_item_mut(dx, elements).zip(by_item(g, elements)) {
                        let planes = dx.chunks_mut(plane).zip(g.chunks(plane).zip(scale));
                        for (dx, (g, scale)) in planes {
                            dx.iter_mut().zip(g).for_each(|(d, g)| {
                                *d = if add { *d + g * scale } else { g * scale };
                            });
                        }
                    }
                }),
                Layout::Lanes([_, h, w]) => {
                    let finish = target.finish();
                    scaled(isa, scale, g, target.buffer, h * w, finish);
                }
            },
            Self::Cochleagram(each) => {
                let Layout::Planes(elements) = layout else {
                    return Ok(());
                };
                target.planes(isa, |dx, add| {
                    let stride = dx.len() / items;
                    let all = dx.chunks_mut(stride).zip(by_item(g, elements));
                    for (cochlea, (dx, g)) in each.iter_mut().zip(all) {
                        cochlea.pullback(isa, g, dx, add);
                    }
                });
            }
            Self::Convolution(op) => op.pullback(machine, g, target),
            Self::Grouped(op, scratch) => {
                let (from, to) = op.elements();
                target.planes(isa, |dx, add| {
                    for (dx, g) in by_item_mut(dx, from).zip(by_item(g, to)) {
                        op.pullback(g, dx, add, scratch);
                    }
                });
            }
            Self::Linear(layer) => {
                let mut result = Ok(());
                target.planes(isa, |dx, add| {
                    result = with(layer, items, |matrix, _| matrix.pullback(flat(g), dx, add));
                });
                result?;
            }
            Self::Rectifier | Self::Add => target.accept(isa, g),
            Self::Pooling(op) => op.pullback(isa, input, output, g, target),
            Self::HannPooling(op) => op.pullback(machine, g, target),
            Self::Transpose { channels, plane } => {
                let (channels, n) = (*channels, *channels * *plane);
                target.planes(isa, |dx, add| {
                    for (dx, g) in by_item_mut(dx, n).zip(by_item(g, n)) {
                        transpose(g, channels, dx, add);
                    }
                });
            }
            Self::GlobalAverage { shape: [_, h, w] } => {
                let area = *h * *w;
                let finish = target.finish();
                for (i, (out, g)) in target.buffer.chunks_mut(area).zip(g).enumerate() {
                    isa.run(Fill {
                        value: Lane(g.0.map(|v| v / area as f32)),
                        out,
                        finish,
                        at: i * area,
                    });
                }
            }
            Self::Softmax => {
                if let Layout::Planes(n) = layout {
                    target.planes(isa, |dx, add| {
                        let all = by_item(output, n).zip(by_item(g, n));
                        for (dx, (y, g)) in by_item_mut(dx, n).zip(all) {
                            let inner: f32 = y.iter().zip(g).map(|(y, g)| y * g).sum();
                            for (d, (y, g)) in dx.iter_mut().zip(y.iter().zip(g)) {
                                let share = y * (g - inner);
                                *d = if add { *d + share } else { share };
                            }
                        }
                    });
                }
            }
        }
        Ok(())
    }
}

/// What may be computed along with an operation.
#[derive(Clone, Copy, Default)]
pub struct Taken {
    pub sum: bool,
    pub rectifier: bool,
}

/// `out = x · scale[channel]`, finished, for planes of `area` lanes.
fn scaled(isa: Isa, scale: &[Lane], x: &[Lane], out: &mut [Lane], area: usize, finish: Finish<'_>) {
    out.par_chunks_mut(area)
        .zip(x.par_chunks(area))
        .enumerate()
        .for_each(|(plane, (out, input))| {
            let block = plane % scale.len();
            let (scale, at) = (&scale[block], plane * area);
            isa.run(Scale {
                scale,
                input,
                out,
                finish,
                block,
                at,
            });
        });
}

/// A linear layer's matrix and bias, where they lie.
fn with(layer: &Linear, items: usize, run: impl FnOnce(linear::Linear<'_>, &[f32])) -> Result<()> {
    let [outputs, inputs] = [layer.weight.shape()[0], layer.weight.shape()[1]];
    let strides = [inputs, outputs].map(|n| lanes_for(n) * LANES);
    layer.weight.read(|weights| {
        layer.bias.read(|bias| {
            run(
                linear::Linear {
                    weights,
                    outputs,
                    inputs,
                    items,
                    strides,
                },
                bias,
            );
        })
    })?
}

/// The transpose of rows of `width`, added to what is there if told so.
fn transpose(rows: &[f32], width: usize, out: &mut [f32], add: bool) {
    let height = rows.len() / width;
    for (j, column) in out.chunks_mut(height).enumerate() {
        for (o, row) in column.iter_mut().zip(rows.chunks(width)) {
            *o = if add { *o + row[j] } else { row[j] };
        }
    }
}
