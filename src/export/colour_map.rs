//! Colour maps: a number on [0, 1] becomes a colour.
//!
//! The 256 colours of each map lie in `assets/colour_maps`, and only there: the graphics card gets the very bytes that
//! [`ColourMap::colour`] reads. What a test can hold together is therefore the way from a value to a place in the table
//! and between two of its colours, not the table.

use crate::{Error, Result};

/// Colours of a table.
pub const COLOURS: usize = 256;

/// A colour map by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColourMap {
    /// Black over violet and orange to pale yellow (matplotlib).
    #[default]
    Magma,
    /// Violet over green to yellow (matplotlib).
    Viridis,
    /// Black to white.
    Greys,
    /// Nearly white to dark blue (ColorBrewer): what the papers' laboratory shows cochleagrams in.
    Blues,
    /// Blue over black to red, for what has a sign (Crameri's "berlin").
    Berlin,
    /// Blue over white to red, for what has a sign (ColorBrewer).
    RedBlue,
}

impl ColourMap {
    /// Every map, in the order in which they are offered and declared, by which the graphics card knows them.
    pub const ALL: [Self; 6] = [
        Self::Magma,
        Self::Viridis,
        Self::Greys,
        Self::Blues,
        Self::Berlin,
        Self::RedBlue,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Magma => "magma",
            Self::Viridis => "viridis",
            Self::Greys => "greys",
            Self::Blues => "blues",
            Self::Berlin => "berlin",
            Self::RedBlue => "red-blue",
        }
    }

    /// The map called `name`.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|m| m.name() == name);
        found.ok_or_else(|| Error::unknown("colour map", name, Self::ALL.map(Self::name)))
    }

    /// Whether the middle of the map stands for zero.
    pub fn has_sign(self) -> bool {
        matches!(self, Self::Berlin | Self::RedBlue)
    }

    /// The map for the difference of two maps in these colours: what is nothing there and zero here is as dark, or as
    /// light.
    pub fn for_difference(self) -> Self {
        match self {
            Self::Blues | Self::RedBlue => Self::RedBlue,
            _ => Self::Berlin,
        }
    }

    /// Red, green, blue (sRGB) of each of the [`COLOURS`] colours, the lowest value first.
    pub fn table(self) -> &'static [u8; 3 * COLOURS] {
        match self {
            Self::Magma => include_bytes!("../../assets/colour_maps/magma.rgb"),
            Self::Viridis => include_bytes!("../../assets/colour_maps/viridis.rgb"),
            Self::Greys => include_bytes!("../../assets/colour_maps/greys.rgb"),
            Self::Blues => include_bytes!("../../assets/colour_maps/blues.rgb"),
            Self::Berlin => include_bytes!("../../assets/colour_maps/berlin.rgb"),
            Self::RedBlue => include_bytes!("../../assets/colour_maps/red_blue.rgb"),
        }
    }

    /// The colour at `t`, mixed from its two neighbours in the table; beyond [0, 1] that of the nearer end.
    pub fn colour(self, t: f32) -> [u8; 3] {
        let place = t.clamp(0.0, 1.0) * (COLOURS - 1) as f32;
        let low = place as usize;
        let high = (low + 1).min(COLOURS - 1);
        let share = place - low as f32;
        let table = self.table();
        [0, 1, 2].map(|c| {
            let [a, b] = [low, high].map(|i| f32::from(table[3 * i + c]));
            (a + (b - a) * share).round() as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours that the maps are known by, from matplotlib's and ColorBrewer's own publications.
    #[test]
    fn every_map_begins_and_ends_as_published() {
        let ends = |m: ColourMap| [m.colour(-1.0), m.colour(2.0)];
        assert_eq!(ends(ColourMap::Viridis), [[68, 1, 84], [253, 231, 37]]);
        assert_eq!(ends(ColourMap::Magma), [[0, 0, 4], [252, 253, 191]]);
        assert_eq!(ends(ColourMap::Greys), [[0; 3], [255; 3]]);
        assert_eq!(ends(ColourMap::Blues), [[247, 251, 255], [8, 48, 107]]);
        assert_eq!(ends(ColourMap::Berlin), [[158, 176, 255], [255, 173, 173]]);
        assert_eq!(ends(ColourMap::RedBlue), [[5, 48, 97], [103, 0, 31]]);
        assert_eq!(ColourMap::RedBlue.colour(0.5), [247, 247, 247]);
        assert_eq!(ColourMap::Viridis.colour(128.0 / 255.0), [33, 145, 140]);
        assert_eq!(ColourMap::Blues.colour(0.5), [107, 174, 214]);
    }

    /// Lightness in the sense of CIE L*, without the constants that do not change an order.
    fn luminance([r, g, b]: [u8; 3]) -> f64 {
        let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn lightness_goes_one_way_from_the_end_or_the_middle_that_stands_for_nothing() {
        for map in ColourMap::ALL {
            let at = |i: usize| luminance(map.colour(i as f32 / 255.0));
            let lighter = !matches!(map, ColourMap::Blues | ColourMap::RedBlue);
            for i in 1..COLOURS {
                // The darkest of "berlin" is a little off its middle.
                if map.has_sign() && (112..=144).contains(&i) {
                    continue;
                }
                let away = if map.has_sign() { i > 128 } else { true };
                let step = at(i) - at(i - 1);
                let step = if away == lighter { step } else { -step };
                assert!(step > -1e-3, "{map:?} at {i}: {step}");
            }
        }
        for map in ColourMap::ALL {
            let nothing = if map.has_sign() { 0.5 } else { 0.0 };
            let [here, there] =
                [(map, nothing), (map.for_difference(), 0.5)].map(|(m, t)| luminance(m.colour(t)));
            assert!((here - there).abs() < 0.1, "{map:?}: {here} and {there}");
        }
    }

    #[test]
    fn names_are_found_and_others_refused() {
        for (i, map) in ColourMap::ALL.into_iter().enumerate() {
            assert_eq!(ColourMap::find(map.name()).unwrap(), map);
            assert_eq!(map as usize, i);
        }
        let error = ColourMap::find("viridsi").unwrap_err().to_string();
        assert!(error.contains("viridis"), "{error}");
    }
}
