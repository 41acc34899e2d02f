//! What the operating system says about this process.

/// Memory in use, in bytes; nothing where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    // Linux counts in pages, which are 4 KiB on every machine that this program is built for.
    Some(pages * 4096)
}

/// Processor time, in seconds, that the software rasteriser's threads have used so far.
///
/// Mesa calls them "llvmpipe-0", "llvmpipe-1", and so on; nothing where there are none.
pub fn rasteriser_seconds() -> Option<f64> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds = tasks.flatten().filter_map(|task| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let times = name
            .starts_with("llvmpipe")
            .then(|| std::fs::read_to_string(task.path().join("schedstat")))?
            .ok()?;
        times.split_whitespace().next()?.parse::<u64>().ok()
    });
    let all: Vec<u64> = nanoseconds.collect();
    (!all.is_empty()).then(|| all.iter().sum::<u64>() as f64 * 1e-9)
}
