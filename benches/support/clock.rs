//! Processor time and memory of this process.

use cpu_time::ProcessTime;
use std::time::Instant;

/// Wall and processor time of something.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    pub wall_ms: f64,
    pub cpu_ms: f64,
}

/// Times a call; the processor time is that of all threads together.
pub fn spent(work: impl FnOnce()) -> Spent {
    let (begun, cpu) = (Instant::now(), ProcessTime::now());
    work();
    Spent {
        wall_ms: begun.elapsed().as_secs_f64() * 1e3,
        cpu_ms: cpu.elapsed().as_secs_f64() * 1e3,
    }
}

/// The largest resident memory so far, in megabytes; 0 where the system does not tell.
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
