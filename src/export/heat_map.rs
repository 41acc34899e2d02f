//! Values as colours: the definition of a heat map, in plain code.
//!
//! `shaders/heatmap.wgsl` does the same on the graphics card; `tests/heatmap.rs` compares the two pixel by pixel.
//!
//! A pixel shows a mean of the cells that it covers, so nothing flickers or is skipped when a map is drawn small. Where a
//! cell is larger than a pixel this leaves it as it is, or mixes neighbours, if the map is to be smooth.

use super::ColourMap;
use crate::stimulus::Image;
use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The colour of what is not a number; no map contains it.
pub const NOT_A_NUMBER: [u8; 3] = [255, 0, 128];

/// A cell of which a pixel covers less than this share only touches it and does not count: whether edges meet exactly must
/// not depend on rounding.
const TOUCHING: f64 = 1e-3;

/// The values of a map: `[rows, columns]` in C order, row 0 at the bottom. They never change, so that a graphics card that
/// has seen a generation need not be told again.
#[derive(Clone, Debug)]
pub struct Cells {
    rows: usize,
    columns: usize,
    values: Arc<Vec<f32>>,
    range: (f32, f32),
    generation: u64,
}

impl Cells {
    /// A map of `rows` by `columns` values.
    ///
    /// # Errors
    /// When there are no values, or not as many as that.
    pub fn new(rows: usize, columns: usize, values: impl Into<Arc<Vec<f32>>>) -> Result<Self> {
        static GENERATION: AtomicU64 = AtomicU64::new(1);
        let values = values.into();
        if values.is_empty() || rows * columns != values.len() {
            return Err(Error::shape("heat map", &[rows, columns], &[values.len()]));
        }
        let finite = values.iter().copied().filter(|v| v.is_finite());
        let range = finite.fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(v), b.max(v)));
        Ok(Self {
            rows,
            columns,
            values,
            range: if range.0 <= range.1 {
                range
            } else {
                (0.0, 0.0)
            },
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// These values less those of `other`.
    ///
    /// # Errors
    /// When the two differ in shape.
    pub fn minus(&self, other: &Self) -> Result<Self> {
        let ([r, c], [or, oc]) = ([self.rows, self.columns], [other.rows, other.columns]);
        if [r, c] != [or, oc] {
            return Err(Error::shape("difference of heat maps", &[r, c], &[or, oc]));
        }
        let pairs = self.values.iter().zip(other.values.iter());
        Self::new(r, c, pairs.map(|(a, b)| a - b).collect::<Vec<f32>>())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The value of a cell, where there is one.
    pub fn value(&self, row: usize, column: usize) -> Option<f32> {
        let inside = row < self.rows && column < self.columns;
        inside.then(|| self.values[row * self.columns + column])
    }

    /// The least and greatest finite value; two zeros where there is none.
    pub fn range(&self) -> (f32, f32) {
        self.range
    }

    /// A number that no other map of this process has.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shading {
    /// The colours.
    pub map: ColourMap,
    /// The value of the first colour.
    pub low: f32,
    /// The value of the last colour.
    pub high: f32,
    /// Exponent applied to the place between the ends; below 1 lifts what is faint. In a map with a sign it applies to the
    /// distance from the middle.
    pub gamma: f32,
    /// Whether cells larger than a pixel run into one another, rather than show their edges.
    pub smooth: bool,
}

impl Shading {
    /// One range for several maps, so that equal values have equal colours: from 0 (or the least value, if that is below)
    /// to the greatest; for a map with a sign as far below zero as above.
    pub fn shared<'a>(map: ColourMap, cells: impl IntoIterator<Item = &'a Cells>) -> Self {
        let ranges = cells.into_iter().map(Cells::range);
        let (mut low, mut high) = ranges.fold((0.0f32, 0.0f32), |(a, b), (low, high)| {
            (a.min(low), b.max(high))
        });
        if map.has_sign() {
            high = high.max(-low);
            low = -high;
        }
        Self {
            map,
            low,
            high,
            gamma: 1.0,
            smooth: true,
        }
    }

    /// Where a value lies between the ends, after gamma: from 0 to 1.
    pub fn place(&self, value: f32) -> f32 {
        let span = (self.high - self.low).max(f32::MIN_POSITIVE);
        let t = ((value - self.low) / span).clamp(0.0, 1.0);
        if self.map.has_sign() {
            let signed = 2.0 * t - 1.0;
            (1.0 + signed.abs().powf(self.gamma).copysign(signed)) / 2.0
        } else {
            t.powf(self.gamma)
        }
    }

    /// The colour of a value.
    pub fn colour(&self, value: f32) -> [u8; 3] {
        if value.is_finite() {
            self.map.colour(self.place(value))
        } else {
            NOT_A_NUMBER
        }
    }
}

/// The part of a map that a picture shows, in cells: cell `k` of a row reaches from `k` to `k + 1`. It may reach beyond the
/// map, where nothing is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Column at the left edge.
    pub left: f64,
    /// Column at the right edge, greater than `left`.
    pub right: f64,
    /// Row at the bottom edge.
    pub bottom: f64,
    /// Row at the top edge, greater than `bottom`.
    pub top: f64,
}

impl Part {
    /// All of a map.
    pub fn whole(cells: &Cells) -> Self {
        Self {
            left: 0.0,
            right: cells.columns as f64,
            bottom: 0.0,
            top: cells.rows as f64,
        }
    }
}

/// A part of a map as a picture of `[width, height]` pixels, row by row from the top: red, green, blue, and opacity, which
/// is 0 beyond the map and 255 elsewhere.
pub fn draw(cells: &Cells, shading: &Shading, part: Part, size: [usize; 2]) -> Vec<[u8; 4]> {
    let [width, height] = size;
    let across: Vec<Vec<(usize, f32)>> = (0..width)
        .map(|x| {
            let per_pixel = (part.right - part.left) / width as f64;
            let at = part.left + (x as f64 + 0.5) * per_pixel;
            weights(at, per_pixel, cells.columns, shading.smooth)
        })
        .collect();
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let per_pixel = (part.top - part.bottom) / height as f64;
        let at = part.top - (y as f64 + 0.5) * per_pixel;
        let down = weights(at, per_pixel, cells.rows, shading.smooth);
        pixels.extend(across.iter().map(|across| {
            let mut sums = [0.0f32; 2];
            for (row, in_row) in &down {
                for (column, in_column) in across {
                    let weight = in_row * in_column;
                    sums[0] += weight * cells.values[row * cells.columns + column];
                    sums[1] += weight;
                }
            }
            if sums[1] > 0.0 {
                let [r, g, b] = shading.colour(sums[0] / sums[1]);
                [r, g, b, 255]
            } else {
                [0; 4]
            }
        }));
    }
    pixels
}

/// All of a map as a small picture of `[width, height]` pixels, in its own range.
pub fn picture(cells: &Cells, size: [usize; 2]) -> Image {
    let shading = Shading::shared(ColourMap::Magma, [cells]);
    let pixels = draw(cells, &shading, Part::whole(cells), size);
    Image {
        width: size[0],
        height: size[1],
        rgb: pixels.iter().flat_map(|p| [p[0], p[1], p[2]]).collect(),
    }
}

/// The cells of an axis of `count` that a pixel at `at` shows, which is `per_pixel` cells wide, with their weights. None
/// where `at` is beyond the axis.
fn weights(at: f64, per_pixel: f64, count: usize, smooth: bool) -> Vec<(usize, f32)> {
    if !(0.0..count as f64).contains(&at) {
        return vec![];
    }
    // A box as wide as the pixel, or a tent over the pixel and half of each neighbour, but never narrower than over cells.
    let reach = if smooth {
        per_pixel.max(1.0)
    } else {
        per_pixel / 2.0
    };
    let first = (at - reach).floor().max(0.0) as usize;
    let last = ((at + reach).ceil() as usize).min(count);
    let weight = |k: usize| {
        if smooth {
            (1.0 - (k as f64 + 0.5 - at).abs() / reach).max(0.0)
        } else {
            let (low, high) = ((at - reach).max(k as f64), (at + reach).min(k as f64 + 1.0));
            (high - low).max(0.0)
        }
    };
    let least = TOUCHING * (2.0 * reach).min(1.0);
    (first..last)
        .map(|k| (k, weight(k)))
        .filter(|(_, w)| *w > least)
        .map(|(k, w)| (k, w as f32))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Shading = Shading {
        map: ColourMap::Greys,
        low: 0.0,
        high: 255.0,
        gamma: 1.0,
        smooth: false,
    };

    fn greys(cells: &Cells, smooth: bool, part: Part, size: [usize; 2]) -> Vec<u8> {
        let shading = Shading { smooth, ..PLAIN };
        let pixels = draw(cells, &shading, part, size);
        pixels
            .iter()
            .map(|p| {
                assert_eq!(p[3], 255);
                p[0]
            })
            .collect()
    }

    #[test]
    fn at_one_pixel_a_cell_row_0_is_at_the_bottom_whether_smooth_or_not() {
        let cells = Cells::new(2, 3, vec![1., 2., 3., 40., 50., 60.]).unwrap();
        for smooth in [false, true] {
            let drawn = greys(&cells, smooth, Part::whole(&cells), [3, 2]);
            assert_eq!(drawn, [40, 50, 60, 1, 2, 3]);
        }
    }

    #[test]
    fn a_small_picture_shows_means_and_a_large_one_cells_or_what_lies_between_them() {
        let cells = Cells::new(1, 4, vec![0., 100., 200., 100.]).unwrap();
        let whole = Part::whole(&cells);
        assert_eq!(greys(&cells, false, whole, [2, 1]), [50, 150]);
        assert_eq!(
            greys(&cells, false, whole, [8, 1]),
            [0, 0, 100, 100, 200, 200, 100, 100]
        );
        assert_eq!(
            greys(&cells, true, whole, [8, 1]),
            [0, 25, 75, 125, 175, 175, 125, 100]
        );
        let middle = Part {
            left: 1.0,
            right: 3.0,
            ..whole
        };
        assert_eq!(greys(&cells, false, middle, [2, 1]), [100, 200]);
    }

    #[test]
    fn beyond_the_map_nothing_is_drawn() {
        let cells = Cells::new(1, 2, vec![10., 20.]).unwrap();
        let part = Part {
            left: -1.0,
            right: 3.0,
            ..Part::whole(&cells)
        };
        let drawn = draw(&cells, &PLAIN, part, [4, 1]);
        assert_eq!(
            drawn,
            [[0; 4], [10, 10, 10, 255], [20, 20, 20, 255], [0; 4]]
        );
    }

    #[test]
    fn what_is_no_number_is_seen_and_does_not_spoil_the_range() {
        let cells = Cells::new(1, 3, vec![f32::NAN, -2.0, f32::INFINITY]).unwrap();
        assert_eq!(cells.range(), (-2.0, -2.0));
        let drawn = draw(&cells, &PLAIN, Part::whole(&cells), [3, 1]);
        assert_eq!(drawn[0][..3], NOT_A_NUMBER);
        assert_eq!(drawn[1][..3], [0; 3]);
        assert_eq!(drawn[2][..3], NOT_A_NUMBER);
    }

    #[test]
    fn a_shared_range_spans_all_maps_and_one_with_sign_is_symmetric() {
        let a = Cells::new(1, 2, vec![0.5, 3.0]).unwrap();
        let b = Cells::new(1, 2, vec![-4.0, 1.0]).unwrap();
        let range = |s: Shading| (s.low, s.high);
        assert_eq!(range(Shading::shared(ColourMap::Magma, [&a])), (0.0, 3.0));
        assert_eq!(
            range(Shading::shared(ColourMap::Magma, [&a, &b])),
            (-4.0, 3.0)
        );
        assert_eq!(
            range(Shading::shared(ColourMap::Berlin, [&a, &b])),
            (-4.0, 4.0)
        );
        assert_eq!(a.minus(&b).unwrap().values(), [4.5, 2.0]);
        assert!(a.minus(&Cells::new(2, 1, vec![0.; 2]).unwrap()).is_err());
    }

    #[test]
    fn gamma_lifts_what_is_faint_and_keeps_the_middle_of_a_map_with_sign() {
        let grey = Shading {
            gamma: 0.5,
            ..PLAIN
        };
        assert!((grey.place(255.0 / 4.0) - 0.5).abs() < 1e-6);
        let signed = Shading {
            map: ColourMap::Berlin,
            low: -1.0,
            high: 1.0,
            gamma: 0.5,
            smooth: false,
        };
        for (value, place) in [(0.0, 0.5), (0.25, 0.75), (-0.25, 0.25), (9.0, 1.0)] {
            assert!((signed.place(value) - place).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn every_map_has_a_generation_of_its_own() {
        let made = [0, 1].map(|_| Cells::new(1, 1, vec![0.0]).unwrap().generation());
        assert_ne!(made[0], made[1]);
        assert!(Cells::new(2, 2, vec![0.0]).is_err());
        assert!(Cells::new(0, 0, vec![]).is_err());
    }
}
