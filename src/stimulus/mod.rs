//! What goes into a network: pictures made ready the way each paper did it, and seeded noise to start from.

pub mod embedded;
pub mod image;
pub mod prepare;
pub mod random;
pub mod resize;

pub use image::Image;
pub use prepare::Crop;
