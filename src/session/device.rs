//! Which executor a device name stands for.

use crate::cpu::{Convolving, Cpu};
use crate::network::{Executor, Graph, Reference};
use crate::{Error, Result};
use candle_core::{DType, Device};
use std::sync::Arc;

/// The device names: `cuda` is `cuda:0`, the first of several cards.
pub const DEVICES: [&str; 4] = ["cpu", "reference", "cuda", "metal"];

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
    if device == "cpu" {
        return Ok(Box::new(Cpu::new(graph, threads, convolving)?));
    }
    Ok(Box::new(Reference::new(graph, place(device)?, DType::F32)?))
}

/// Where the tensors of the reference executor lie.
fn place(device: &str) -> Result<Device> {
    let (kind, number) = device.split_once(':').unwrap_or((device, "0"));
    let card = |built: bool, feature: &str, open: fn(usize) -> candle_core::Result<Device>| {
        let number = number.parse().map_err(|_| {
            Error::value(
                "device",
                format!("'{device}': '{number}' is no number of a card"),
            )
        })?;
        if !built {
            return Err(Error::value(
                "device",
                format!(
                    "'{device}': this program was built without it (cargo build --release --features {feature}); use cpu"
                ),
            ));
        }
        open(number).map_err(|e| Error::value("device", format!("'{device}': {e}")))
    };
    match kind {
        "reference" if device == "reference" => Ok(Device::Cpu),
        "cuda" => card(cfg!(feature = "cuda"), "cuda", Device::new_cuda),
        "metal" => card(cfg!(feature = "metal"), "metal", Device::new_metal),
        _ => Err(Error::unknown("device", device, DEVICES)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(device: &str) -> String {
        place(device).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_device_that_is_not_there_is_refused_by_name() {
        assert!(matches!(place("reference"), Ok(Device::Cpu)));
        assert!(refusal("gpu").contains("cpu"), "{}", refusal("gpu"));
        assert!(refusal("reference:1").contains("reference:1"));
        assert!(refusal("cuda:first").contains("'first' is no number"));
        // Built with the feature, a machine without a card says so in the words of its driver.
        for device in ["cuda", "cuda:99", "metal:99"] {
            assert!(refusal(device).contains(device), "{}", refusal(device));
        }
    }
}
