//! Another sample rate, band-limited.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// The least number of samples that the filter spans, so that it is steep.
const FILTER: usize = 2048;

/// `samples` at `to` Hz instead of `from` Hz, by a long windowed sinc. (The papers used resampy's shorter one; the two
/// differ near half the lower rate.)
///
/// # Errors
/// A sentence, when the resampler refuses the pair of rates.
pub fn resample<T: rubato::Sample>(samples: &[T], from: u32, to: u32) -> Result<Vec<T>, String> {
    if from == to || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let failed = |e: String| format!("Cannot be resampled from {from} to {to} Hz: {e}");
    let window = WindowFunction::BlackmanHarris2;
    let block = reach(from, to);
    let (from, to) = (from as usize, to as usize);
    let mut resampler = Fft::<T>::new_custom(from, to, block, 1, 1, window, FixedSync::Input)
        .map_err(|e| failed(e.to_string()))?;
    let n = samples.len();
    let input = InterleavedSlice::new(samples, 1, n).map_err(|e| failed(e.to_string()))?;
    let output = resampler
        .process_all(&input, n, None)
        .map_err(|e| failed(e.to_string()))?;
    Ok(output.take_data())
}

/// How many samples at `from` Hz the filter reaches at most: the number that is transformed at a time.
///
/// The filter is as long as that. Only a filter of even length delays by a whole number of samples, which is what is taken
/// off afterwards.
pub fn reach(from: u32, to: u32) -> usize {
    let unit = 2 * steps(from, to).0 as usize;
    FILTER.div_ceil(unit) * unit
}

/// After how many samples at both rates they coincide again.
pub fn steps(from: u32, to: u32) -> (u64, u64) {
    let divisor = greatest_common_divisor(from, to).max(1);
    (u64::from(from / divisor), u64::from(to / divisor))
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}
