//! What goes into a network: pictures and sounds made ready the way each paper did it, and seeded noise to start from.

pub mod decode;
pub mod embedded;
pub mod excerpt;
pub mod image;
mod jpeg;
pub mod pink;
pub mod prepare;
pub mod random;
pub mod recording;
pub mod resample;
pub mod resize;
pub mod sound;

pub use excerpt::Part;
pub use image::Image;
pub use prepare::Crop;
pub use recording::Recording;
pub use sound::Sound;
