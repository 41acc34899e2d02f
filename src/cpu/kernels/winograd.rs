//! Winograd's convolution at stride 1: tiles of the input are transformed, multiplied point by point, and transformed
//! back. F(4×4, 3×3) needs a quarter of the multiplications of the plain sum.
//!
//! Where the weights are few, each task carries a few tiles through all three stages in its own cache. Where they are
//! many, the stages follow one another over all tiles, so that weights are read once.

#![allow(unsafe_code)]

use super::finish::Finish;
use super::lanes::{Isa, Kernel, Lane, Lanes, lanes_for};
use super::multiply::{Columns, multiply};
use super::panels::Panels;
use super::scheme::Scheme;
use super::shared::Shared;
use super::toom::{collect, spread, weights};
use super::workspace::Workspaces;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::Range;

/// How transformed tiles lie: the `t`-th of channel block `b` at point `p` is at `p · point + b · block + t`.
#[derive(Clone, Copy)]
struct Layout {
    block: usize,
    point: usize,
}

impl Layout {
    /// Room for so many tiles. Both distances are odd: a tile goes to all its points in turn, and where they lie a multiple
    /// of a power of two apart, they compete for the same lines of a cache.
    fn new(blocks: usize, tiles: usize) -> Self {
        let block = tiles | 1;
        Self {
            block,
            point: (blocks * block) | 1,
        }
    }
}

/// Weights of a convolution, transformed for a scheme.
pub struct Winograd {
    scheme: Scheme,
    /// One product for every point.
    panels: Vec<Panels>,
    /// Channels, height, width.
    source: [usize; 3],
    out: [usize; 3],
    /// Rows above and columns left of the source that the first output sees.
    before: [isize; 2],
    tiles: [usize; 2],
}

/// More bytes of weights than this do not stay in a cache while tiles pass by.
const CACHED_WEIGHTS: usize = 3 << 20;
/// Tiles whose numbers are asked for before they are needed.
const AHEAD: usize = 2;
/// Most tiles of a task.
const TASK_TILES: usize = 224;
/// Most tiles of a stage.
const STAGE_TILES: usize = 392;

/// Bytes of transformed tiles that a task holds: a little more than a second-level cache does.
fn task_bytes() -> usize {
    Isa::best().cache() / 7 * 8
}

impl Winograd {
    /// Transforms `weight([row, column] of the kernel, source channel, output channel)`.
    pub fn pack(
        scheme: Scheme,
        source: [usize; 3],
        out: [usize; 3],
        before: [isize; 2],
        weight: impl Fn([usize; 2], usize, usize) -> f32 + Sync,
    ) -> Self {
        let kernel = [0, 1].map(|a| scheme.points[a] + 1 - scheme.outputs[a]);
        let sides = [0, 1].map(|a| weights(scheme.points[a], kernel[a]));
        // By tap, then source, then output: what the sums below read in order.
        let [ins, outs] = [source[0], out[0]];
        let taps: Vec<Vec<f32>> = (0..kernel[0] * kernel[1])
            .into_par_iter()
            .map(|tap| {
                let at = [tap / kernel[1], tap % kernel[1]];
                (0..ins * outs)
                    .map(|i| weight(at, i / outs, i % outs))
                    .collect()
            })
            .collect();
        let panels = (0..scheme.area()).into_par_iter().map(|point| {
            let (down, across) = (
                &sides[0][point / scheme.points[1]],
                &sides[1][point % scheme.points[1]],
            );
            let factors: Vec<f64> = down
                .iter()
                .flat_map(|d| across.iter().map(move |a| d * a))
                .collect();
            Panels::pack(ins, outs, |input, output| {
                let place = input * outs + output;
                let terms = factors.iter().zip(&taps);
                terms.map(|(f, tap)| f * f64::from(tap[place])).sum::<f64>() as f32
            })
        });
        Self {
            panels: panels.collect(),
            scheme,
            source,
            out,
            before,
            tiles: scheme.tiles([out[1], out[2]]),
        }
    }

    fn in_tasks(&self, tiles: usize) -> bool {
        let bytes = 4 * self.scheme.area() * self.source[0] * self.out[0];
        tiles >= STAGE_TILES && bytes <= CACHED_WEIGHTS
    }

    fn blocks(&self) -> [usize; 2] {
        [lanes_for(self.source[0]), lanes_for(self.out[0])]
    }

    /// Tiles that a task or a stage holds when `tiles` are to be done.
    fn at_once(&self, tiles: usize) -> usize {
        if self.in_tasks(tiles) {
            let one = 4 * self.scheme.area() * (self.source[0] + self.out[0]);
            ((task_bytes() / one / 14).max(1) * 14).min(TASK_TILES)
        } else {
            tiles.min(STAGE_TILES)
        }
    }

    /// Lanes of scratch for `items` items: for each thread, and for all together.
    pub fn workspace(&self, items: usize) -> [usize; 2] {
        let tiles = items * self.tiles[0] * self.tiles[1];
        let at_once = self.at_once(tiles);
        let points = self.blocks().map(|b| Layout::new(b, at_once).point);
        let lanes = self.scheme.area() * points.iter().sum::<usize>();
        if self.in_tasks(tiles) {
            [lanes, 0]
        } else {
            [0, lanes]
        }
    }

    /// Computes `items` items.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        isa: Isa,
        items: usize,
        x: &[Lane],
        out: &mut [Lane],
        finish: Finish<'_>,
        workspaces: &Workspaces,
        stage: &mut [Lane],
    ) {
        let all = items * self.tiles[0] * self.tiles[1];
        let (at_once, area) = (self.at_once(all), self.scheme.area());
        let [ins, outs] = self.blocks();
        let [from, to] = [ins, outs].map(|blocks| Layout::new(blocks, at_once));
        let out = Shared::new(out);
        let chunk = |i: usize| i * at_once..((i + 1) * at_once).min(all);
        if self.in_tasks(all) {
            (0..all.div_ceil(at_once))
                .into_par_iter()
                .with_max_len(1)
                .for_each(|i| {
                    let own = &mut *workspaces.own();
                    let (values, products) = own.split_at_mut(area * from.point);
                    let tiles = chunk(i);
                    for block in 0..ins {
                        let into = Shared::new(&mut *values);
                        // SAFETY: `values` is this task's alone.
                        unsafe { self.spread(isa, x, block, tiles.clone(), into, from) }
                    }
                    for point in 0..area {
                        let products = &mut products[point * to.point..][..to.point];
                        self.multiply(isa, point, tiles.len(), (values, from), (products, to));
                    }
                    for block in 0..outs {
                        // SAFETY: no other task has these tiles.
                        unsafe {
                            self.collect(isa, products, block, tiles.clone(), out, to, finish);
                        }
                    }
                });
            return;
        }
        let (values, products) = stage.split_at_mut(area * from.point);
        for i in 0..all.div_ceil(at_once) {
            let tiles = chunk(i);
            let into = Shared::new(&mut *values);
            let each = |n: usize| (0..n).into_par_iter().with_max_len(1);
            each(ins).for_each(|block| {
                // SAFETY: no other task has this block.
                unsafe { self.spread(isa, x, block, tiles.clone(), into, from) }
            });
            let values = &*values;
            products[..area * to.point]
                .par_chunks_mut(to.point)
                .with_max_len(1)
                .enumerate()
                .for_each(|(point, products)| {
                    self.multiply(isa, point, tiles.len(), (values, from), (products, to));
                });
            let products = &*products;
            each(outs).for_each(|block| {
                // SAFETY: no other task has this block.
                unsafe { self.collect(isa, products, block, tiles.clone(), out, to, finish) }
            });
        }
    }

    fn multiply(
        &self,
        isa: Isa,
        point: usize,
        tiles: usize,
        (values, from): (&[Lane], Layout),
        (products, to): (&mut [Lane], Layout),
    ) {
        let [ins, _] = self.blocks();
        let (group, rest) = Columns::grouping(self.source[0]);
        let columns = Columns {
            values: &values[point * from.point..][..from.point],
            stride: from.block,
            blocks: ins,
            group,
            rest,
        };
        let panels = &self.panels[point];
        let next = self.panels.get(point + 1).filter(|p| p.count() > 0);
        for index in 0..panels.count() {
            let mut panel = panels.panel(index);
            if let Some(next) = next {
                panel = panel.then(next.panel(0));
            }
            let products = &mut products[panel.first * to.block..];
            multiply(isa, columns, panel, tiles, products, to.block);
        }
    }

    /// Transforms one channel block of some tiles.
    ///
    /// # Safety
    /// Nobody else may use that block of `values`.
    unsafe fn spread(
        &self,
        isa: Isa,
        x: &[Lane],
        block: usize,
        tiles: Range<usize>,
        values: Shared<'_, Lane>,
        layout: Layout,
    ) {
        macro_rules! run {
            ($($down:literal $across:literal),*) => {
                match self.scheme.points {
                    $([$down, $across] => isa.run(Spread::<$down, $across> {
                        of: self, x, block, tiles, values, layout,
                    }),)*
                    _ => {}
                }
            };
        }
        run!(6 6, 4 4, 4 6, 1 6, 6 1);
    }

    /// Transforms one channel block of some tiles back and finishes it.
    ///
    /// # Safety
    /// Nobody else may use what these tiles cover of that block of `out`.
    #[allow(clippy::too_many_arguments)]
    unsafe fn collect(
        &self,
        isa: Isa,
        products: &[Lane],
        block: usize,
        tiles: Range<usize>,
        out: Shared<'_, Lane>,
        layout: Layout,
        finish: Finish<'_>,
    ) {
        macro_rules! run {
            ($($down:literal $across:literal to $rows:literal $columns:literal),*) => {
                match (self.scheme.points, self.scheme.outputs) {
                    $(([$down, $across], [$rows, $columns]) => {
                        isa.run(Collect::<$down, $across, $rows, $columns> {
                            of: self, products, block, tiles, out, layout, finish,
                        });
                    })*
                    _ => {}
                }
            };
        }
        run!(6 6 to 4 4, 4 4 to 2 2, 6 6 to 2 2, 4 6 to 3 2, 1 6 to 1 4, 6 1 to 4 1);
    }

    /// Item, and first output row and column, of a tile.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, [usize; 2]) {
        let [down, across] = self.tiles;
        let (item, tile) = (tile / (down * across), tile % (down * across));
        let [rows, columns] = self.scheme.outputs;
        (item, [tile / across * rows, tile % across * columns])
    }
}

/// The values of an array that was made without zeros: filling arrays that are about to be written anyway took a
/// twentieth of a step.
///
/// # Safety
/// All of them must have been written.
#[inline(always)]
unsafe fn written<L: Copy, const N: usize>(values: &[MaybeUninit<L>; N]) -> [L; N] {
    // SAFETY: `MaybeUninit<L>` lies in memory as `L` does, and by the contract holds one.
    unsafe { std::ptr::from_ref(values).cast::<[L; N]>().read() }
}

struct Spread<'a, const DOWN: usize, const ACROSS: usize> {
    of: &'a Winograd,
    x: &'a [Lane],
    block: usize,
    tiles: Range<usize>,
    values: Shared<'a, Lane>,
    layout: Layout,
}

impl<const DOWN: usize, const ACROSS: usize> Kernel for Spread<'_, DOWN, ACROSS> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let [channels, height, width] = self.of.source;
        let blocks = lanes_for(channels);
        let point = self.layout.point;
        let first = self.block * self.layout.block;
        // Asked once, for the last point of the last tile, instead of at every store.
        assert!(
            first + (DOWN * ACROSS - 1) * point + self.tiles.len() <= self.values.length(),
            "room for transformed tiles"
        );
        let outputs = self.of.scheme.outputs[1];
        for (t, tile) in self.tiles.clone().enumerate() {
            let (item, [y, x]) = self.of.place(tile);
            let plane = &self.x[(item * blocks + self.block) * height * width..][..height * width];
            let top = y as isize - self.of.before[0];
            let left = x as isize - self.of.before[1];
            let inside = top >= 0
                && left >= 0
                && top as usize + DOWN <= height
                && left as usize + ACROSS <= width;
            let mut padded = [[const { MaybeUninit::<Lane>::uninit() }; ACROSS]; DOWN];
            let rows: [&[Lane; ACROSS]; DOWN] = if inside {
                let first = top as usize * width + left as usize;
                std::array::from_fn(|i| &plane[first + i * width..].as_chunks().0[0])
            } else {
                pad(plane, [height, width], [top, left], &mut padded);
                // SAFETY: `pad` writes all of them.
                std::array::from_fn(|i| unsafe { &*std::ptr::from_ref(&padded[i]).cast() })
            };
            let mut half = [[const { MaybeUninit::<L>::uninit() }; ACROSS]; DOWN];
            for j in 0..ACROSS {
                let mut seen = [L::splat(0.0); DOWN];
                for (seen, row) in seen.iter_mut().zip(rows) {
                    *seen = L::load(&row[j]);
                }
                if inside && j < outputs {
                    for row in rows {
                        L::expect(&row[j], AHEAD * outputs);
                    }
                }
                for (half, v) in half.iter_mut().zip(spread::<L, DOWN>(seen)) {
                    half[j].write(v);
                }
            }
            for (i, half) in half.iter().enumerate() {
                // SAFETY: every column of every row has just been written.
                let row = unsafe { written(half) };
                for (j, v) in spread::<L, ACROSS>(row).into_iter().enumerate() {
                    let at = first + (i * ACROSS + j) * point + t;
                    // SAFETY: no later than what was asserted, and in the block that the caller of `Winograd::spread`
                    // answers for.
                    let to = unsafe { self.values.one(at) };
                    L::expect(to, AHEAD);
                    v.store(to);
                }
            }
        }
    }
}

/// What a tile that reaches over an edge sees: zeros outside.
#[inline(always)]
fn pad<const DOWN: usize, const ACROSS: usize>(
    plane: &[Lane],
    [height, width]: [usize; 2],
    [top, left]: [isize; 2],
    into: &mut [[MaybeUninit<Lane>; ACROSS]; DOWN],
) {
    for (i, row) in into.iter_mut().enumerate() {
        let y = top + i as isize;
        for (j, lane) in row.iter_mut().enumerate() {
            let x = left + j as isize;
            let seen = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
            lane.write(if seen {
                plane[y as usize * width + x as usize]
            } else {
                Lane::ZERO
            });
        }
    }
}

struct Collect<'a, const DOWN: usize, const ACROSS: usize, const ROWS: usize, const COLUMNS: usize>
{
    of: &'a Winograd,
    products: &'a [Lane],
    block: usize,
    tiles: Range<usize>,
    out: Shared<'a, Lane>,
    layout: Layout,
    finish: Finish<'a>,
}

impl<const DOWN: usize, const ACROSS: usize, const ROWS: usize, const COLUMNS: usize> Kernel
    for Collect<'_, DOWN, ACROSS, ROWS, COLUMNS>
{
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let [channels, height, width] = self.of.out;
        let blocks = lanes_for(channels);
        let point = self.layout.point;
        let first = self.block * self.layout.block;
        // Asked once, for the last point of the last tile, instead of at every load.
        assert!(
            first + (DOWN * ACROSS - 1) * point + self.tiles.len() <= self.products.len(),
            "products of all tiles"
        );
        let finisher = self.finish.block::<L>(self.block);
        for (t, tile) in self.tiles.clone().enumerate() {
            let (item, [y, x]) = self.of.place(tile);
            let mut half = [[const { MaybeUninit::<L>::uninit() }; ACROSS]; ROWS];
            for j in 0..ACROSS {
                let mut products = [L::splat(0.0); DOWN];
                for (i, p) in products.iter_mut().enumerate() {
                    let at = first + (i * ACROSS + j) * point + t;
                    // SAFETY: no later than what was asserted.
                    let product = unsafe { self.products.get_unchecked(at) };
                    L::expect(product, AHEAD);
                    *p = L::load(product);
                }
                let sums = collect::<L, DOWN, ROWS>(products);
                for (half, v) in half.iter_mut().zip(sums) {
                    half[j].write(v);
                }
            }
            let plane = (item * blocks + self.block) * height * width;
            let columns = COLUMNS.min(width - x);
            for (i, half) in half.iter().enumerate().take(height - y) {
                // SAFETY: every column of every row has just been written.
                let sums = collect::<L, ACROSS, COLUMNS>(unsafe { written(half) });
                let at = plane + (y + i) * width + x;
                // SAFETY: in the tile and block that the caller of `Winograd::collect` answers for.
                let row = unsafe { self.out.part(at..at + columns) };
                for lane in &*row {
                    L::expect(lane, AHEAD * COLUMNS);
                }
                if columns == COLUMNS {
                    finisher.tile::<COLUMNS, 1>(sums, at, row);
                    continue;
                }
                for (j, (sum, out)) in sums.into_iter().zip(row).enumerate() {
                    finisher.write(sum, at + j, out);
                }
            }
        }
    }
}
