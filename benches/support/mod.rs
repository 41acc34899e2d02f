//! What the benchmarks measure: networks of published shapes with random weights, which serve for timing and for nothing
//! else, and whole steps of a synthesis on them.

pub mod clock;
pub mod networks;
pub mod workload;
