//! Metamer Studio: make, watch and verify model metamers.
#![doc = ""]
pub mod cpu;
pub mod error;
pub mod formats;
pub mod gui;
pub mod layers;
pub mod network;
pub mod session;
pub mod stimulus;
pub mod synthesis;
pub mod verify;

pub use error::{Error, Result};
