//! A 1×1 convolution and the depthwise one that reads it, a few rows at a time: what lies between them, several times as
//! much as what goes in, never leaves the cache.
//!
//! Each sum is taken as by [`Dense`](super::dense::Dense) and [`Depthwise`] one after the other, in the same order.

#![allow(unsafe_code)]

use super::depthwise::{Band, Depthwise};
use super::finish::{Finish, FinishRow};
use super::lanes::{Isa, Lane};
use super::multiply::{Columns, Places, multiply_and_finish};
use super::panels::{Panels, WIDEST};
use super::shared::Shared;
use super::skipping;
use super::workspace::Workspaces;
use rayon::prelude::*;

/// Lanes between the two that are there at a time, about: a quarter of a megabyte.
const BETWEEN: usize = 4096;
/// Forward, fewer tasks than this are divided by rows as well.
const TASKS: usize = 8;
/// Fewest output rows of such a task: what its neighbour sees too is computed twice.
const ROWS: usize = 8;

/// The two on the way forward.
#[derive(Clone, Copy)]
pub struct Expansion<'a> {
    /// Weights of the 1×1 convolution.
    pub panels: &'a Panels,
    /// Does not copy what it reads.
    pub depthwise: &'a Depthwise,
}

impl Expansion<'_> {
    /// Output rows of a band when `width` channel blocks are computed, and the most rows that it sees.
    fn band(&self, width: usize) -> (usize, usize) {
        let room = BETWEEN / (width * self.depthwise.source()[1]);
        let [step, reach] = self.depthwise.row_reach();
        let rows = room.saturating_sub(reach) / step + 1;
        (rows, (rows - 1) * step + reach)
    }

    /// Lanes of scratch that each thread needs.
    pub fn workspace(&self) -> usize {
        let width = self.depthwise.source()[1];
        let lanes = |n| n * self.band(n).1 * width;
        (1..=WIDEST).map(lanes).max().unwrap_or(0)
    }

    /// Computes `items` items. `between` finishes what lies between, `finish` the output.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[Lane],
        between: Finish<'_>,
        out: &mut [Lane],
        finish: Finish<'_>,
        workspaces: &Workspaces,
    ) {
        let panels = self.panels;
        let ([height, width], [out_height, out_width]) =
            (self.depthwise.source(), self.depthwise.out());
        let (area, blocks) = (height * width, panels.blocks());
        let (group, rest) = Columns::grouping(panels.depth());
        let parts = TASKS
            .div_ceil((items * panels.count()).max(1))
            .min(out_height.div_ceil(ROWS));
        let out = Shared::new(out);
        let task = |task: usize| {
            let (item, index, part) = (
                task / (parts * panels.count()),
                task / parts % panels.count(),
                task % parts,
            );
            let panel = panels.panel(index);
            let outputs = out_height * part / parts..out_height * (part + 1) / parts;
            let (band, most) = self.band(panel.width);
            let column = most * width;
            let mut own = workspaces.own();
            let expanded = &mut own[..panel.width * column];
            let x = &x[item * group * area..][..group * area];
            let mut there = 0..0_usize;
            for first in outputs.clone().step_by(band) {
                let rows = first..(first + band).min(outputs.end);
                let seen = self.depthwise.seen(rows.clone());
                // What the band before has seen as well.
                let known = there.end.saturating_sub(seen.start);
                if known > 0 {
                    let from = (seen.start - there.start) * width;
                    for column in expanded.chunks_mut(column) {
                        column.copy_within(from..from + known * width, 0);
                    }
                }
                let new = seen.start + known..seen.end;
                // SAFETY: the scratch is this task's own.
                unsafe {
                    multiply_and_finish(
                        isa,
                        Columns {
                            values: &x[new.start * width..],
                            stride: area,
                            blocks: group,
                            group,
                            rest,
                        },
                        panel,
                        new.len() * width,
                        Shared::new(expanded),
                        Places {
                            start: known * width,
                            stride: column,
                        },
                        Places {
                            start: (item * blocks + panel.first) * area + new.start * width,
                            stride: area,
                        },
                        between,
                    );
                }
                for (n, expanded) in expanded.chunks(column).enumerate() {
                    let block = panel.first + n;
                    let at = ((item * blocks + block) * out_height + rows.start) * out_width;
                    isa.run(Band {
                        of: self.depthwise,
                        block,
                        plane: expanded,
                        above: seen.start,
                        // SAFETY: every task has channel blocks and rows of its own.
                        out: unsafe { out.part(at..at + rows.len() * out_width) },
                        rows: rows.clone(),
                        at,
                        finish,
                        copied: &mut [],
                    });
                }
                there = seen;
            }
        };
        (0..items * panels.count() * parts)
            .into_par_iter()
            .with_max_len(1)
            .for_each(task);
    }
}

/// The two on the way back.
#[derive(Clone, Copy)]
pub struct Contraction<'a> {
    /// Does not copy what it reads.
    pub depthwise: &'a Depthwise,
    /// Weights of the 1×1 convolution, the other way round.
    pub panels: &'a Panels,
}

impl Contraction<'_> {
    /// Rows of a band.
    fn band(&self) -> usize {
        let [height, width] = self.depthwise.out();
        (BETWEEN / (self.depthwise.blocks() * width)).clamp(1, height)
    }

    /// Lanes of scratch that each thread needs.
    pub fn workspace(&self) -> usize {
        let positions = self.band() * self.depthwise.out()[1];
        self.depthwise.blocks() * positions + skipping::workspace(positions)
    }

    /// Computes `items` items. `between` finishes what lies between, `finish` the output.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        g: &[Lane],
        between: Finish<'_>,
        out: &mut [Lane],
        finish: Finish<'_>,
        workspaces: &Workspaces,
    ) {
        let panels = self.panels;
        let ([height, width], from) = (self.depthwise.out(), self.depthwise.source());
        let (area, seen) = (height * width, from[0] * from[1]);
        let (blocks, band) = (self.depthwise.blocks(), self.band());
        let (group, rest) = Columns::grouping(panels.depth());
        let bands = height.div_ceil(band);
        let out = Shared::new(out);
        (0..items * bands).into_par_iter().for_each(|task| {
            let (item, first) = (task / bands, task % bands * band);
            let rows = first..(first + band).min(height);
            let positions = rows.len() * width;
            let mut own = workspaces.own();
            let (expanded, scratch) = own.split_at_mut(blocks * positions);
            for (block, expanded) in expanded.chunks_mut(positions).enumerate() {
                let plane = item * blocks + block;
                isa.run(Band {
                    of: self.depthwise,
                    block,
                    plane: &g[plane * seen..][..seen],
                    above: 0,
                    out: expanded,
                    rows: rows.clone(),
                    at: plane * area + rows.start * width,
                    finish: between,
                    copied: &mut [],
                });
            }
            let columns = Columns {
                values: expanded,
                stride: positions,
                blocks,
                group,
                rest,
            };
            let place = |block| (item * panels.blocks() + block) * area + rows.start * width;
            if skipping::pays(isa, columns, panels.blocks(), positions) {
                let put = |block, sums: &[Lane]| {
                    let at = place(block);
                    isa.run(FinishRow {
                        finish,
                        block,
                        sums,
                        // SAFETY: every task has rows of its own.
                        out: unsafe { out.part(at..at + positions) },
                        at,
                        step: 1,
                    });
                };
                let blocks = 0..panels.blocks();
                skipping::multiply(isa, columns, panels, blocks, positions, scratch, put);
                return;
            }
            for index in 0..panels.count() {
                let panel = panels.panel(index);
                let places = Places {
                    start: place(panel.first),
                    stride: area,
                };
                // SAFETY: every task has rows of its own.
                unsafe {
                    multiply_and_finish(
                        isa, columns, panel, positions, out, places, places, finish,
                    );
                }
            }
        });
    }
}
