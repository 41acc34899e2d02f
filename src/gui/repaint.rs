//! How often the window is drawn while a run goes on.
//!
//! On a graphics card a frame costs the processor next to nothing, and the window follows the run at up to 30 frames a
//! second. A software rasteriser takes its time from the optimisation, so there the interval between frames is
//!
//! ```text
//! interval = clamp(5 · c / n, 33 ms, 500 ms)
//! ```
//!
//! with c the processor seconds that a frame costs and n the number of processors: of the n · interval processor seconds
//! that pass from frame to frame, drawing then takes at most a fifth. The upper bound (two frames a second) keeps very
//! large windows alive. c is measured: the processor time of the rasteriser's threads (Linux) plus that of the window's
//! own thread, per frame, over stretches of at least 2 s; until then, and elsewhere, it is estimated at 110 ns a pixel.

use super::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(33);
const LONGEST: Duration = Duration::from_millis(500);
/// Drawing may take one part in this many of the machine.
const SHARE: f64 = 5.0;
const SECONDS_PER_PIXEL: f64 = 110e-9;
const STRETCH: Duration = Duration::from_secs(2);
/// A stretch with fewer frames says little.
const STRETCH_FRAMES: u32 = 4;

/// The interval in force, shared with the thread that asks for frames.
#[derive(Clone, Debug)]
pub struct Interval(Arc<AtomicU64>);

impl Interval {
    /// The least time between two frames that news asks for.
    pub fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Measures what frames cost and keeps the interval.
#[derive(Debug)]
pub struct Throttle {
    interval: Interval,
    software: bool,
    processors: f64,
    cost: Option<f64>,
    stretch: Option<Stretch>,
}

#[derive(Debug)]
struct Stretch {
    begun: Instant,
    rasteriser: f64,
    own: f64,
    frames: u32,
}

impl Throttle {
    /// For a rasteriser in software, or for a graphics card.
    pub fn new(software: bool) -> Self {
        let processors = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
        let start = if software {
            Duration::from_millis(250)
        } else {
            SHORTEST
        };
        let interval = Interval(Arc::new(AtomicU64::new(start.as_micros() as u64)));
        Self {
            interval,
            software,
            processors,
            cost: None,
            stretch: None,
        }
    }

    /// The shared interval.
    pub fn interval(&self) -> Interval {
        self.interval.clone()
    }

    /// Enters a frame: seconds that the window's thread spent on the one before, and the window's size in pixels.
    pub fn frame(&mut self, own_seconds: f64, pixels: f64) {
        if !self.software {
            return;
        }
        let stretch = self.stretch.get_or_insert_with(Stretch::begin);
        stretch.own += own_seconds;
        stretch.frames += 1;
        if stretch.begun.elapsed() >= STRETCH && stretch.frames >= STRETCH_FRAMES {
            if let Some(now) = process::rasteriser_seconds() {
                let measured = (now - stretch.rasteriser + stretch.own) / f64::from(stretch.frames);
                // Frames differ: half of the old figure stays.
                self.cost = Some(self.cost.map_or(measured, |old| 0.5 * (old + measured)));
            }
            self.stretch = Some(Stretch::begin());
        }
        let cost = self.cost.unwrap_or(pixels * SECONDS_PER_PIXEL);
        self.interval.0.store(
            interval(cost, self.processors).as_micros() as u64,
            Ordering::Relaxed,
        );
    }

    /// In words, for a tooltip.
    pub fn describe(&self) -> String {
        let rate = 1.0 / self.interval.get().as_secs_f64();
        if self.software {
            let cost = self.cost.map_or_else(String::new, |c| {
                format!(", {:.0} ms of processor time a frame", c * 1e3)
            });
            format!(
                "Drawn in software: at most {rate:.1} frames a second while a run goes on{cost}"
            )
        } else {
            format!(
                "Drawn by the graphics card: at most {rate:.0} frames a second while a run goes on"
            )
        }
    }
}

impl Stretch {
    fn begin() -> Self {
        let rasteriser = process::rasteriser_seconds().unwrap_or(0.0);
        Self {
            begun: Instant::now(),
            rasteriser,
            own: 0.0,
            frames: 0,
        }
    }
}

fn interval(cost_seconds: f64, processors: f64) -> Duration {
    Duration::from_secs_f64(
        (SHARE * cost_seconds / processors).clamp(SHORTEST.as_secs_f64(), LONGEST.as_secs_f64()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_takes_at_most_a_fifth_of_the_machine() {
        for (cost, processors) in [(0.02, 2.0), (0.1, 2.0), (0.5, 16.0)] {
            let interval = interval(cost, processors).as_secs_f64();
            assert!(
                cost / (interval * processors) <= 0.2 + 1e-9,
                "{cost} s on {processors}"
            );
        }
        assert_eq!(interval(10.0, 2.0), LONGEST);
        assert_eq!(interval(0.000_1, 2.0), SHORTEST);
    }
}
