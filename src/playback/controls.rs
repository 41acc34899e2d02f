//! What is wanted and what is happening, in numbers that the window and the sound callback may both touch at any time.

use super::programme::Slot;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A moment of the sound, and how many times somebody had jumped when it was written down.
///
/// The count tells a position that follows a jump from one that was written just before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Number of jumps so far, modulo 2¹⁶.
    pub jumps: u16,
    /// Microseconds from the beginning, below 2⁴⁸. Finer than any sample rate, so that frames survive the conversion.
    pub micros: u64,
}

impl Moment {
    /// The largest number of microseconds: nine years.
    const LONGEST: u64 = (1 << 48) - 1;

    /// The moment of a frame.
    pub fn of_frame(jumps: u16, frame: usize, rate: u32) -> Self {
        let micros = (frame as u128 * 1_000_000 + u128::from(rate) / 2) / u128::from(rate.max(1));
        let micros = u64::try_from(micros).unwrap_or(Self::LONGEST);
        Self {
            jumps,
            micros: micros.min(Self::LONGEST),
        }
    }

    /// The frame nearest to this moment.
    pub fn frame(self, rate: u32) -> usize {
        let frame = (u128::from(self.micros) * u128::from(rate) + 500_000) / 1_000_000;
        usize::try_from(frame).unwrap_or(usize::MAX)
    }

    /// Seconds from the beginning.
    pub fn seconds(self) -> f64 {
        self.micros as f64 / 1e6
    }

    fn pack(self) -> u64 {
        u64::from(self.jumps) << 48 | self.micros
    }

    fn unpack(packed: u64) -> Self {
        Self {
            jumps: (packed >> 48) as u16,
            micros: packed & Self::LONGEST,
        }
    }
}

/// The shared numbers. Every one stands for itself; none waits for another.
#[derive(Debug)]
pub struct Controls {
    playing: AtomicBool,
    looping: AtomicBool,
    metamer: AtomicBool,
    volume: AtomicU32,
    wanted: AtomicU64,
    reached: AtomicU64,
    rendered: AtomicU64,
    silent: AtomicU64,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            playing: AtomicBool::new(false),
            looping: AtomicBool::new(false),
            metamer: AtomicBool::new(false),
            volume: AtomicU32::new(1f32.to_bits()),
            wanted: AtomicU64::new(0),
            reached: AtomicU64::new(0),
            rendered: AtomicU64::new(0),
            silent: AtomicU64::new(0),
        }
    }
}

impl Controls {
    /// Whether sound is wanted. The callback takes it back when the sound has ended.
    pub fn playing(&self) -> bool {
        self.playing.load(Relaxed)
    }

    /// Says whether sound is wanted.
    pub fn set_playing(&self, playing: bool) {
        self.playing.store(playing, Relaxed);
    }

    /// Whether the sound begins again when it has ended.
    pub fn looping(&self) -> bool {
        self.looping.load(Relaxed)
    }

    /// Says whether the sound begins again when it has ended.
    pub fn set_looping(&self, looping: bool) {
        self.looping.store(looping, Relaxed);
    }

    /// Which of the two sounds is heard.
    pub fn audible(&self) -> Slot {
        if self.metamer.load(Relaxed) {
            Slot::Metamer
        } else {
            Slot::Reference
        }
    }

    /// Says which of the two sounds is heard.
    pub fn set_audible(&self, slot: Slot) {
        self.metamer.store(slot == Slot::Metamer, Relaxed);
    }

    /// The factor on everything, 0 to 1.
    pub fn volume(&self) -> f32 {
        f32::from_bits(self.volume.load(Relaxed))
    }

    /// Sets the factor on everything; beyond that the nearer of them, and 0 for NaN.
    pub fn set_volume(&self, volume: f32) {
        let volume = if volume.is_nan() {
            0.0
        } else {
            volume.clamp(0.0, 1.0)
        };
        self.volume.store(volume.to_bits(), Relaxed);
    }

    /// Where the last jump went.
    pub fn wanted(&self) -> Moment {
        Moment::unpack(self.wanted.load(Relaxed))
    }

    /// Jumps to so many seconds from the beginning.
    pub fn seek(&self, seconds: f64) {
        let micros = (seconds.max(0.0) * 1e6).min(Moment::LONGEST as f64) as u64;
        let jump = |before| {
            let jumps = Moment::unpack(before).jumps.wrapping_add(1);
            Some(Moment { jumps, micros }.pack())
        };
        // The closure always gives a value, so this cannot fail.
        let _ = self.wanted.fetch_update(Relaxed, Relaxed, jump);
    }

    /// Where the sound stands: where it was last heard, or where a jump that is not yet followed went.
    pub fn position(&self) -> Moment {
        let (wanted, reached) = (self.wanted(), Moment::unpack(self.reached.load(Relaxed)));
        if wanted.jumps == reached.jumps {
            reached
        } else {
            wanted
        }
    }

    /// Written by the callback: the next frame to be heard, how many frames were made, and whether they were silence.
    pub(super) fn report(&self, reached: Moment, frames: u64, silence: bool) {
        self.reached.store(reached.pack(), Relaxed);
        self.rendered.fetch_add(frames, Relaxed);
        if silence {
            self.silent.fetch_add(frames, Relaxed);
        } else {
            self.silent.store(0, Relaxed);
        }
    }

    /// Number of frames made since the program began.
    pub fn rendered(&self) -> u64 {
        self.rendered.load(Relaxed)
    }

    /// Number of frames of silence since something was last heard.
    pub fn silent(&self) -> u64 {
        self.silent.load(Relaxed)
    }

    pub(super) fn forget_silence(&self) {
        self.silent.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_being_written_as_moments() {
        for rate in [8_000, 20_000, 44_100, 48_000, 192_000, 384_000] {
            for frame in (0..2000).chain([rate as usize * 3600 + 1, rate as usize * 86_400 - 1]) {
                let moment = Moment::of_frame(7, frame, rate);
                assert_eq!(moment.frame(rate), frame, "{rate}");
                assert_eq!(Moment::unpack(moment.pack()), moment);
            }
        }
    }

    #[test]
    fn a_jump_counts_until_it_is_followed() {
        let controls = Controls::default();
        controls.report(
            Moment {
                jumps: 0,
                micros: 5,
            },
            10,
            false,
        );
        assert_eq!(controls.position().micros, 5);
        for (asked, given) in [(1.5, 1_500_000), (-1.0, 0), (f64::NAN, 0)] {
            controls.seek(asked);
            assert_eq!(controls.position().micros, given);
        }
        controls.report(
            Moment {
                jumps: 2,
                micros: 9,
            },
            10,
            false,
        );
        assert_eq!(controls.position().micros, 0, "an old report");
        controls.report(
            Moment {
                jumps: 3,
                micros: 9,
            },
            10,
            true,
        );
        assert_eq!((controls.position().micros, controls.silent()), (9, 10));
    }
}
