//! Convolution of any kernel, stride and padding, without tricks: what each tile of outputs sees is laid out in columns,
//! sixteen channels at a time, and multiplied with packed weights, all of it or, where much is zero, only what is not.
//! Forward and back are the same thing with other [`Sweep`]s.

#![allow(unsafe_code)]

use super::finish::{Finish, FinishRow};
use super::lanes::{Isa, Lane, lanes_for};
use super::multiply::{Columns, Places, multiply, multiply_and_finish};
use super::panels::{Panels, WIDEST};
use super::shared::Shared;
use super::skipping;
use super::sweep::Sweep;
use super::workspace::Workspaces;
use rayon::prelude::*;
use std::ops::Range;

/// Outputs of a tile: at most, and of a plane that is read where it lies.
const TILE: usize = 112;
/// Lanes of a tile's columns: half a megabyte, which a second-level cache holds beside a panel of weights.
const COLUMNS: usize = 8192;
/// Fewer tasks than this are divided by panels as well.
const TASKS: usize = 8;

/// One direction of a convolution, its weights packed.
pub struct Dense {
    rows: Vec<Sweep>,
    columns: Vec<Sweep>,
    /// For each pair of the above.
    panels: Vec<Panels>,
    /// Channels, height, width.
    source: [usize; 3],
    out: [usize; 3],
    /// The source is read where it lies: a 1×1 kernel that visits every place.
    in_place: bool,
}

impl Dense {
    /// Packs `weight([row, column] of the kernel, source channel, output channel)`.
    pub fn pack(
        source: [usize; 3],
        out: [usize; 3],
        [rows, columns]: [Vec<Sweep>; 2],
        weight: impl Fn([usize; 2], usize, usize) -> f32,
    ) -> Self {
        let mut panels = Vec::with_capacity(rows.len() * columns.len());
        for v in &rows {
            for h in &columns {
                let depth = v.taps.len() * h.taps.len() * source[0];
                panels.push(Panels::pack(depth, out[0], |input, output| {
                    let (tap, channel) = (input / source[0], input % source[0]);
                    let (i, j) = (tap / h.taps.len(), tap % h.taps.len());
                    weight([v.taps[i].0, h.taps[j].0], channel, output)
                }));
            }
        }
        let whole = |sweeps: &[Sweep]| matches!(sweeps, [s] if s.step == 1 && s.source_step == 1 && matches!(s.taps[..], [(_, 0)]));
        Self {
            in_place: whole(&rows) && whole(&columns) && source[1..] == out[1..],
            rows,
            columns,
            panels,
            source,
            out,
        }
    }

    /// The weights of a 1×1 convolution that visits every place.
    pub fn panels_in_place(&self) -> Option<&Panels> {
        self.panels.first().filter(|_| self.in_place)
    }

    /// Scratch that each thread needs.
    pub fn workspace(&self) -> usize {
        let passes = self.passes().map(|(v, h, panels)| {
            let tile = self.tile(v, h);
            let sums = self.sums(v, h, tile).max(skipping::workspace(tile));
            self.laid(panels, tile) + sums
        });
        passes.max().unwrap_or(0)
    }

    fn passes(&self) -> impl Iterator<Item = (&Sweep, &Sweep, &Panels)> {
        let pairs = self
            .rows
            .iter()
            .flat_map(|v| self.columns.iter().map(move |h| (v, h)));
        pairs.zip(&self.panels).map(|((v, h), p)| (v, h, p))
    }

    /// Lanes of a pass's columns, where they are not read where they lie.
    fn laid(&self, panels: &Panels, positions: usize) -> usize {
        if self.in_place {
            0
        } else {
            self.blocks(panels) * positions
        }
    }

    /// Column blocks of a pass.
    fn blocks(&self, panels: &Panels) -> usize {
        panels.depth() / self.source[0].max(1) * lanes_for(self.source[0])
    }

    /// Outputs of a tile of a pass.
    fn tile(&self, v: &Sweep, h: &Sweep) -> usize {
        let (plane, taps) = (v.count * h.count, v.taps.len() * h.taps.len());
        let blocks = (taps * lanes_for(self.source[0])).max(1);
        let tile = COLUMNS / blocks / 14 * 14;
        if self.in_place {
            return tile.clamp(196, 4 * TILE).min(plane);
        }
        tile.clamp(28, TILE).min(plane)
    }

    /// Computes `items` items.
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[Lane],
        out: &mut [Lane],
        finish: Finish<'_>,
        workspaces: &Workspaces,
    ) {
        let out = Shared::new(out);
        // One after another, since their outputs lie between each other's.
        for (v, h, panels) in self.passes() {
            if panels.depth() == 0 && finish.keeps_what_is_there() {
                continue;
            }
            let (tile, plane) = (self.tile(v, h), v.count * h.count);
            let tiles = plane.div_ceil(tile.max(1));
            let parts = if tiles * items >= TASKS {
                1
            } else {
                TASKS.div_ceil(tiles * items).min(panels.count())
            };
            (0..parts * items * tiles)
                .into_par_iter()
                .with_max_len(1)
                .for_each(|task| {
                    // All tiles of one part in a row, while its weights are in the cache.
                    let (part, item, start) = (
                        task / (items * tiles),
                        task / tiles % items,
                        task % tiles * tile,
                    );
                    let share = panels.count() * part / parts..panels.count() * (part + 1) / parts;
                    let pass = Pass {
                        isa,
                        v,
                        h,
                        panels,
                        item,
                        outputs: start..(start + tile).min(plane),
                    };
                    // SAFETY: tasks of this loop differ in item, output or channel block; `task` writes no others.
                    unsafe { self.task(&pass, share, x, out, finish, &mut workspaces.own()) }
                });
        }
    }

    /// # Safety
    /// Nobody else may use the pass's outputs of the panels' channel blocks in `out`.
    unsafe fn task(
        &self,
        pass: &Pass<'_>,
        share: Range<usize>,
        x: &[Lane],
        out: Shared<'_, Lane>,
        finish: Finish<'_>,
        workspace: &mut [Lane],
    ) {
        let positions = pass.outputs.len();
        let (group, rest) = Columns::grouping(self.source[0]);
        let area = self.source[1] * self.source[2];
        let item = &x[pass.item * group * area..][..group * area];
        let blocks = self.blocks(pass.panels);
        let (laid, scratch) = workspace.split_at_mut(self.laid(pass.panels, positions));
        let (values, stride) = if self.in_place {
            (&item[pass.outputs.start..], area)
        } else {
            self.lay(pass, item, laid);
            (&*laid, positions)
        };
        let columns = Columns {
            values,
            stride,
            blocks,
            group,
            rest,
        };
        if skipping::pays(pass.isa, columns, pass.panels.blocks(), positions) {
            let blocks = pass.panels.blocks_of(share);
            let put = |block, sums: &[Lane]| {
                // SAFETY: handed on.
                unsafe { self.finish(pass, block, sums, out, finish) }
            };
            skipping::multiply(
                pass.isa,
                columns,
                pass.panels,
                blocks,
                positions,
                scratch,
                put,
            );
            return;
        }
        let sums = &mut scratch[..self.sums(pass.v, pass.h, positions)];
        let plane = self.out[1] * self.out[2];
        let start = pass.item * lanes_for(self.out[0]) * plane + pass.outputs.start;
        for index in share {
            let panel = pass.panels.panel(index);
            if sums.is_empty() {
                let places = Places {
                    start: start + panel.first * plane,
                    stride: plane,
                };
                // SAFETY: handed on.
                unsafe {
                    multiply_and_finish(
                        pass.isa, columns, panel, positions, out, places, places, finish,
                    );
                }
                continue;
            }
            multiply(pass.isa, columns, panel, positions, sums, positions);
            for column in 0..panel.width {
                let sums = &sums[column * positions..][..positions];
                // SAFETY: handed on.
                unsafe { self.finish(pass, panel.first + column, sums, out, finish) }
            }
        }
    }

    /// Lanes of a panel's sums, where they cannot go to their places at once because those have others between them.
    fn sums(&self, v: &Sweep, h: &Sweep, positions: usize) -> usize {
        if v.step == 1 && h.step == 1 {
            0
        } else {
            WIDEST * positions
        }
    }

    /// Lays out what the outputs of a pass see.
    fn lay(&self, pass: &Pass<'_>, item: &[Lane], laid: &mut [Lane]) {
        let [_, height, width] = self.source;
        let mut laid = laid.chunks_mut(pass.outputs.len());
        for (_, down) in &pass.v.taps {
            for (_, right) in &pass.h.taps {
                let inside = pass.h.inside(*right, width);
                for (plane, column) in item.chunks(height * width).zip(&mut laid) {
                    for (row, range, at) in pass.rows() {
                        let into = &mut column[at..at + range.len()];
                        let y = (row * pass.v.source_step) as isize + down;
                        if !(0..height as isize).contains(&y) {
                            into.fill(Lane::ZERO);
                            continue;
                        }
                        let seen = inside.start.clamp(range.start, range.end)
                            ..inside.end.clamp(range.start, range.end);
                        let (before, rest) = into.split_at_mut(seen.start - range.start);
                        let (middle, after) = rest.split_at_mut(seen.len());
                        before.fill(Lane::ZERO);
                        after.fill(Lane::ZERO);
                        if seen.is_empty() {
                            continue;
                        }
                        let first = (seen.start * pass.h.source_step) as isize + right;
                        let line = &plane[y as usize * width + first as usize..];
                        match pass.h.source_step {
                            1 => middle.copy_from_slice(&line[..seen.len()]),
                            step => middle
                                .iter_mut()
                                .zip(line.iter().step_by(step))
                                .for_each(|(o, v)| *o = *v),
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    /// Nobody else may use the pass's outputs of channel block `block` in `out`.
    unsafe fn finish(
        &self,
        pass: &Pass<'_>,
        block: usize,
        sums: &[Lane],
        out: Shared<'_, Lane>,
        finish: Finish<'_>,
    ) {
        let [channels, height, width] = self.out;
        let plane = (pass.item * lanes_for(channels) + block) * height * width;
        if self.sums(pass.v, pass.h, 1) == 0 {
            let at = plane + pass.outputs.start;
            // SAFETY: these are the caller's outputs.
            let out = unsafe { out.part(at..at + sums.len()) };
            pass.isa.run(FinishRow {
                finish,
                block,
                sums,
                out,
                at,
                step: 1,
            });
            return;
        }
        for (row, range, from) in pass.rows() {
            let y = pass.v.start + row * pass.v.step;
            let at = plane + y * width + pass.h.start + range.start * pass.h.step;
            let last = at + (range.len() - 1) * pass.h.step;
            // SAFETY: between the caller's outputs of a row lie only those of other passes, which run at other times.
            let out = unsafe { out.part(at..last + 1) };
            pass.isa.run(FinishRow {
                finish,
                block,
                sums: &sums[from..from + range.len()],
                out,
                at,
                step: pass.h.step,
            });
        }
    }
}

/// A tile of the outputs of one pair of sweeps, counted row by row.
struct Pass<'a> {
    isa: Isa,
    v: &'a Sweep,
    h: &'a Sweep,
    panels: &'a Panels,
    item: usize,
    outputs: Range<usize>,
}

impl Pass<'_> {
    /// The rows that the tile touches: row, its columns, and how many outputs come before.
    fn rows(&self) -> impl Iterator<Item = (usize, Range<usize>, usize)> {
        let (outputs, width) = (self.outputs.clone(), self.h.count);
        let rows = outputs.start / width..outputs.end.div_ceil(width);
        rows.map(move |row| {
            let (start, end) = (row * width, (row + 1) * width);
            let (from, to) = (start.max(outputs.start), end.min(outputs.end));
            (row, from - start..to - start, from - outputs.start)
        })
    }
}
