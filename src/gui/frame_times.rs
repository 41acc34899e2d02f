//! How long the window's own code takes per frame.

use std::time::Duration;

/// Times of frames, kept while somebody asked for them.
#[derive(Debug, Default)]
pub struct FrameTimes {
    own: Vec<Duration>,
    whole: Vec<Duration>,
}

impl FrameTimes {
    /// Enters a frame: our own code, and everything that the window did on its thread for the frame before (our code,
    /// tessellation and the hand-over to the graphics library), where that is known.
    pub fn push(&mut self, own: Duration, whole: Option<Duration>) {
        self.own.push(own);
        self.whole.extend(whole);
    }

    /// One line: number of frames and percentiles in milliseconds.
    pub fn report(&self) -> String {
        let line = |name: &str, times: &[Duration]| {
            let mut sorted = times.to_vec();
            sorted.sort_unstable();
            let at = |p: f64| {
                let index = (p * sorted.len() as f64).ceil() as usize;
                sorted
                    .get(index.max(1) - 1)
                    .map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
            };
            format!(
                "{name} p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
                at(0.5),
                at(0.95),
                at(0.99),
                at(1.0)
            )
        };
        let (own, whole) = (
            line("own code", &self.own),
            line("with tessellation and submission", &self.whole),
        );
        format!("{} frames; {own}; {whole}", self.own.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut times = FrameTimes::default();
        for ms in (1..=100).rev() {
            times.push(Duration::from_millis(ms), None);
        }
        let report = times.report();
        assert!(
            report.starts_with(
                "100 frames; own code p50 50.00 ms, p95 95.00 ms, p99 99.00 ms, max 100.00 ms"
            ),
            "{report}"
        );
    }
}
