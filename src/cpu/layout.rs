//! How the values of a node lie in memory, and the way from one to the other.

use super::kernels::lanes::{LANES, Lane, lanes_for};
use rayon::prelude::*;

/// How one item's values lie in a buffer of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// So many numbers in C order, filled up with zeros to whole lanes.
    Planes(usize),
    /// `[channel / 16][row][column][channel % 16]` for channels, height and width; what the last block holds beyond the
    /// channels means nothing.
    Lanes([usize; 3]),
}

impl Layout {
    /// Lanes of one item.
    pub fn lanes(self) -> usize {
        match self {
            Self::Planes(elements) => lanes_for(elements),
            Self::Lanes([channels, height, width]) => lanes_for(channels) * height * width,
        }
    }
}

/// Positions that are moved together, so that they stay in the cache from channel to channel.
const RUN: usize = 64;

/// From planes to lanes, added to what is there if told so; channels that do not exist become zeros.
pub fn to_lanes(
    planes: &[f32],
    [channels, height, width]: [usize; 3],
    lanes: &mut [Lane],
    add: bool,
) {
    let area = height * width;
    let blocks = lanes
        .par_chunks_mut(area)
        .zip(planes[..channels * area].par_chunks(LANES * area));
    blocks
        .take(lanes_for(channels))
        .for_each(|(lanes, planes)| {
            for (run, lanes) in lanes.chunks_mut(RUN).enumerate() {
                if !add {
                    lanes.fill(Lane::ZERO);
                }
                for (l, plane) in planes.chunks(area).enumerate() {
                    let values = &plane[run * RUN..][..lanes.len()];
                    for (lane, v) in lanes.iter_mut().zip(values) {
                        lane.0[l] += *v;
                    }
                }
            }
        });
}

/// From lanes to planes, added to what is there if told so.
pub fn to_planes(
    lanes: &[Lane],
    [channels, height, width]: [usize; 3],
    planes: &mut [f32],
    add: bool,
) {
    let area = height * width;
    let blocks = planes[..channels * area]
        .par_chunks_mut(LANES * area)
        .zip(lanes.par_chunks(area));
    blocks.for_each(|(planes, lanes)| {
        for (run, lanes) in lanes.chunks(RUN).enumerate() {
            for (l, plane) in planes.chunks_mut(area).enumerate() {
                let values = &mut plane[run * RUN..][..lanes.len()];
                for (v, lane) in values.iter_mut().zip(lanes) {
                    *v = if add { *v + lane.0[l] } else { lane.0[l] };
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_and_places_are_as_described() {
        for shape in [[1, 1, 1], [3, 5, 7], [16, 9, 9], [37, 10, 13]] {
            let [channels, height, width] = shape;
            let area = height * width;
            let planes: Vec<f32> = (0..channels * area).map(|i| i as f32).collect();
            let mut lanes = vec![Lane([f32::NAN; LANES]); Layout::Lanes(shape).lanes()];
            to_lanes(&planes, shape, &mut lanes, false);
            for (i, v) in planes.iter().enumerate() {
                let (c, place) = (i / area, i % area);
                assert_eq!(lanes[c / LANES * area + place].0[c % LANES], *v);
            }
            let unused = lanes.len() * LANES - planes.len();
            let sum: f32 = lanes.iter().flat_map(|l| l.0).sum();
            assert_eq!(sum, planes.iter().sum::<f32>(), "{unused} unused places");
            let mut back = vec![0.0; planes.len()];
            to_planes(&lanes, shape, &mut back, false);
            assert_eq!(back, planes);
        }
    }
}
