//! A layer that is looked at: the activations of both, and one channel of them as maps.

use crate::export::{Cells, ColourMap, Shading};
use crate::verify::Channels;
use std::sync::Arc;

/// The activations at a layer, and the very stimuli that they are of.
#[derive(Debug)]
pub struct Looked {
    /// Reference and metamer.
    pub pair: [Arc<Vec<f32>>; 2],
    /// Their activations.
    pub channels: Channels,
}

impl Looked {
    /// Whether these are the activations of that pair at that layer.
    pub fn is_of(&self, pair: &[Arc<Vec<f32>>; 2], layer: &str) -> bool {
        self.channels.layer == layer
            && [0, 1]
                .into_iter()
                .all(|i| Arc::ptr_eq(&self.pair[i], &pair[i]))
    }
}

/// One channel of a layer, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Look {
    /// The layer.
    pub of: Arc<Looked>,
    /// The channel.
    pub channel: usize,
    /// Its maps in reference and metamer; those of all units where a channel is a single unit.
    pub maps: [Arc<Cells>; 2],
    /// The colours of both, over one range.
    pub shading: Shading,
    /// Pairs of activations: the channel's, or the whole layer's where a channel is a single unit.
    pub pairs: Arc<Vec<[f32; 2]>>,
}

impl Look {
    /// The channel of a layer. Rows of pictures run downwards, those of sounds upwards.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn new(
        of: Arc<Looked>,
        channel: usize,
        colours: ColourMap,
        sound: bool,
    ) -> crate::Result<Self> {
        let channels = &of.channels;
        let flat = channels.is_flat();
        let [rows, columns] = if flat {
            fold(channels.count())
        } else {
            channels.map_size()
        };
        let values = if flat {
            [&channels.reference[..], &channels.metamer[..]]
        } else {
            channels.channel(channel)
        };
        let map = |values: &[f32]| -> crate::Result<Arc<Cells>> {
            let upward: Vec<f32> = if sound && !flat {
                values.to_vec()
            } else {
                let rows = values.chunks(columns.max(1)).rev();
                rows.flatten().copied().collect()
            };
            Ok(Arc::new(Cells::new(rows, columns, upward)?))
        };
        let [a, b] = values;
        let maps = [map(a)?, map(b)?];
        let signed = maps.iter().any(|m| m.range().0 < 0.0);
        let colours = if signed {
            colours.for_difference()
        } else {
            colours
        };
        let shading = Shading {
            smooth: false,
            ..Shading::shared(colours, maps.iter().map(|m| &**m))
        };
        let pairs = channels.pairs((!flat).then_some(channel));
        Ok(Self {
            channel,
            maps,
            shading,
            pairs: Arc::new(pairs),
            of,
        })
    }

    /// Row (from the top) and column of a unit in its folded map.
    pub fn unit_place(&self, unit: usize) -> [usize; 2] {
        let columns = self.maps[0].columns();
        [unit / columns, unit % columns]
    }

    /// What stands in a cell, counted from the bottom: the channel's values in reference and metamer.
    pub fn values(&self, row: usize, column: usize) -> Option<[f32; 2]> {
        let [a, b] = [0, 1].map(|i| self.maps[i].value(row, column));
        Some([a?, b?])
    }
}

/// Rows and columns in which `n` single units are laid out: as near to a square as leaves no gap, wider than high.
pub fn fold(n: usize) -> [usize; 2] {
    let side = (n as f64).sqrt() as usize;
    let rows = (1..=side).rev().find(|r| n.is_multiple_of(*r)).unwrap_or(1);
    [rows, n / rows]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(shape: &[usize], first: f32) -> Arc<Looked> {
        let n: usize = shape.iter().product();
        let values = |k: f32| -> Vec<f32> { (0..n).map(|i| first + k * i as f32).collect() };
        Arc::new(Looked {
            pair: [Arc::new(vec![]), Arc::new(vec![])],
            channels: Channels::compare("a", shape, values(1.0), values(2.0)).unwrap(),
        })
    }

    #[test]
    fn units_fold_without_a_gap() {
        assert_eq!(fold(1000), [25, 40]);
        assert_eq!(fold(64), [8, 8]);
        assert_eq!(fold(7), [1, 7]);
        assert_eq!(fold(1), [1, 1]);
    }

    #[test]
    fn maps_of_pictures_have_their_first_row_at_the_top_and_share_their_colours() {
        let look = Look::new(looked(&[2, 2, 3], 0.0), 1, ColourMap::Viridis, false).unwrap();
        // Channel 1 begins with 6, in the upper row, which is the last of the map.
        assert_eq!(look.values(1, 0), Some([6.0, 12.0]));
        assert_eq!(look.values(0, 2), Some([11.0, 22.0]));
        assert_eq!(look.values(2, 0), None);
        assert_eq!((look.shading.low, look.shading.high), (0.0, 22.0));
        assert_eq!(
            (look.shading.map, look.shading.smooth),
            (ColourMap::Viridis, false)
        );
        let look = Look::new(looked(&[2, 2, 3], -1.0), 0, ColourMap::Magma, true).unwrap();
        assert_eq!(look.values(0, 0), Some([-1.0, -1.0]));
        assert_eq!(look.shading.map, ColourMap::Berlin);
        assert!(Look::new(look.of, 2, ColourMap::Magma, true).is_err());
    }

    #[test]
    fn single_units_are_shown_all_at_once() {
        let look = Look::new(looked(&[6], 0.0), 4, ColourMap::Magma, true).unwrap();
        assert_eq!((look.maps[0].rows(), look.maps[0].columns()), (2, 3));
        assert_eq!(look.unit_place(4), [1, 1]);
        assert_eq!(look.values(0, 1), Some([4.0, 8.0]));
        assert_eq!(look.pairs.len(), 6);
    }
}
