//! What leaves the program as pictures, beyond the stimuli themselves.

pub mod colour_map;
pub mod heat_map;

pub use colour_map::ColourMap;
pub use heat_map::{Cells, Part, Shading};
