//! The inner loops. The only code of the program that may be `unsafe`, each with its contract and a slow twin in its
//! tests; instruction sets are chosen at run time. `tools/check_memory.sh` runs these tests under Valgrind.
//!
//! - [`lanes`]: sixteen channels at a time on any instruction set; [`finish`]: what happens to sums on their way out
//! - [`panels`]: packed weights; [`multiply`]: the micro-kernel; [`skipping`]: the one for inputs many of which are zero
//! - [`dense`] and [`winograd`]: convolutions made of them; [`sweep`] and [`toom`], their arithmetic of one axis;
//!   [`scheme`]: which of Winograd's there are, and what each costs
//! - [`depthwise`], [`narrow`]: convolutions that are not; [`expansion`]: a 1×1 and a depthwise one together
//! - [`transform`], [`band`]: Fourier transforms of a filter's few bins; [`envelope`], [`decimate`]: what becomes of them
//! - [`linear`], [`correlate`]: plain planes
//! - [`shared`], [`workspace`]: memory for several threads

pub mod band;
pub mod correlate;
pub mod decimate;
pub mod dense;
pub mod depthwise;
pub mod envelope;
pub mod expansion;
pub mod finish;
pub mod lanes;
pub mod linear;
pub mod multiply;
pub mod narrow;
pub mod panels;
pub mod scheme;
pub mod shared;
pub mod skipping;
pub mod sweep;
pub mod toom;
pub mod transform;
pub mod winograd;
pub mod workspace;

#[cfg(test)]
mod convolution_tests;
#[cfg(test)]
mod expansion_tests;
