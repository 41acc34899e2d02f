//! The inner loops. The only code of the program that may be `unsafe`, each with its contract and a slow twin in its
//! tests; instruction sets are chosen at run time.

pub mod correlate;
pub mod decimate;
pub mod envelope;
pub mod matmul;
