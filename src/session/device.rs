//! Which executor a device name stands for.

use crate::cpu::{Convolving, Cpu};
use crate::network::{Executor, Graph, Reference};
use crate::{Error, Result};
use candle_core::{DType, Device};
use std::sync::Arc;

/// The device names that this build understands.
pub const DEVICES: [&str; 2] = ["cpu", "reference"];

/// More threads than this are a slip of the keyboard.
const MAX_THREADS: usize = 1024;

/// An executor for `graph` on the named device; `threads` and `convolving` count on the CPU only.
///
/// # Errors
/// When no device is called that, or this build does not support it.
pub fn executor(
    graph: Arc<Graph>,
    device: &str,
    threads: usize,
    convolving: Convolving,
) -> Result<Box<dyn Executor>> {
    if threads > MAX_THREADS {
        return Err(Error::value(
            "threads",
            format!("must be at most {MAX_THREADS}, found {threads}"),
        ));
    }
    match device {
        "cpu" => Ok(Box::new(Cpu::new(graph, threads, convolving)?)),
        "reference" => Ok(Box::new(Reference::new(graph, Device::Cpu, DType::F32)?)),
        "metal" => Err(Error::value(
            "device",
            "this version runs on the CPU only; use --device cpu",
        )),
        other if other.starts_with("cuda") => Err(Error::value(
            "device",
            "this version runs on the CPU only; use --device cpu",
        )),
        other => Err(Error::unknown("device", other, DEVICES)),
    }
}

/// The number of threads that a request for `threads` (0 for one per core) comes to.
pub fn thread_count(threads: usize) -> usize {
    if threads > 0 {
        threads
    } else {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
}
