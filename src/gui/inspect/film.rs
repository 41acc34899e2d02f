//! A run's history as a film: which moment is shown, and how it goes on by itself.

use crate::session::{Snapshot, history};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How fast the film plays.
pub const FRAMES_PER_SECOND: f64 = 12.0;

/// The snapshots of a run and the one that is shown. Beyond the last stands the run as it is: the exact result, or the
/// newest stimulus.
#[derive(Clone, Debug, Default)]
pub struct Film {
    /// The snapshots, in the order of steps.
    snapshots: Vec<Arc<Snapshot>>,
    /// The steps of which the whole run keeps a snapshot.
    steps: Vec<u64>,
    /// Whether the run is complete, so that its last snapshot is its result.
    complete: bool,
    /// The frame that is shown; none for the run as it is.
    at: Option<usize>,
    /// What it shows, in the network's input shape.
    values: Option<Arc<Vec<f32>>>,
    /// When it began to play, and from which frame.
    playing: Option<(Instant, usize)>,
    /// Whether it begins again at its end.
    pub looping: bool,
}

impl Film {
    /// The film of a run of `planned` updates.
    pub fn begin(&mut self, planned: u64) {
        *self = Self {
            steps: history::steps(planned),
            looping: self.looping,
            ..Self::default()
        };
    }

    /// Gives the film its snapshots, or those that were taken meanwhile.
    pub fn extend(&mut self, snapshots: &[Arc<Snapshot>], complete: bool) {
        let same = self.snapshots.len() == snapshots.len()
            && self.snapshots.last().map(Arc::as_ptr) == snapshots.last().map(Arc::as_ptr);
        if !same {
            // After a rewind there are fewer.
            let fewer = snapshots.len() < self.snapshots.len();
            self.snapshots = snapshots.to_vec();
            if fewer {
                self.show(None);
            }
        }
        if complete && !self.complete && self.at == self.last() {
            self.show(None);
        }
        self.complete = complete;
    }

    /// The snapshots so far.
    pub fn snapshots(&self) -> &[Arc<Snapshot>] {
        &self.snapshots
    }

    /// Whether there is anything to play.
    pub fn any(&self) -> bool {
        self.snapshots.len() > 1
    }

    /// Frames that the whole run will have, and the step of each.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The frame that is shown; none for the run as it is.
    pub fn at(&self) -> Option<usize> {
        self.at
    }

    /// The place of what is shown among the frames.
    pub fn place(&self) -> usize {
        self.at.or(self.last()).unwrap_or(0)
    }

    /// The snapshot that is shown, or the newest where the run is shown as it is.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(self.place())
    }

    /// What is shown, where that is not the run as it is.
    pub fn values(&self) -> Option<Arc<Vec<f32>>> {
        self.values.clone()
    }

    /// Whether it plays.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// Shows a frame and holds there; beyond the last, the run as it is.
    pub fn go(&mut self, frame: usize) {
        self.playing = None;
        self.show(Some(frame));
    }

    /// Goes on by so many frames and holds there.
    pub fn step(&mut self, by: isize) {
        let frame = self.place().saturating_add_signed(by);
        self.go(frame);
    }

    /// Plays from here, or from the start where this is the end; or holds.
    pub fn toggle(&mut self, now: Instant) {
        if self.playing.take().is_some() || !self.any() {
            return;
        }
        let from = match self.at {
            Some(at) if Some(at) != self.last() => at,
            _ => 0,
        };
        self.playing = Some((now, from));
        self.show(Some(from));
    }

    /// Holds the film.
    pub fn hold(&mut self) {
        self.playing = None;
    }

    /// Shows what is due; whether that is another frame than before.
    pub fn advance(&mut self, now: Instant) -> bool {
        let (Some((begun, from)), Some(last)) = (self.playing, self.last()) else {
            return false;
        };
        let passed =
            (now.saturating_duration_since(begun).as_secs_f64() * FRAMES_PER_SECOND) as usize;
        let frame = from + passed;
        let before = self.at;
        if frame <= last {
            self.show(Some(frame));
        } else if self.looping {
            self.playing = Some((now, 0));
            self.show(Some(0));
        } else {
            self.playing = None;
            self.show(None);
        }
        self.at != before
    }

    /// When the next frame is due.
    pub fn next(&self, now: Instant) -> Option<Duration> {
        let (begun, _) = self.playing?;
        let passed = now.saturating_duration_since(begun).as_secs_f64() * FRAMES_PER_SECOND;
        let wait = (passed.floor() + 1.0 - passed) / FRAMES_PER_SECOND;
        Some(Duration::from_secs_f64(wait))
    }

    fn last(&self) -> Option<usize> {
        self.snapshots.len().checked_sub(1)
    }

    fn show(&mut self, frame: Option<usize>) {
        let Some(last) = self.last() else {
            (self.at, self.values) = (None, None);
            return;
        };
        // The last snapshot of a complete run is its result, of which there is the exact one.
        let beyond = frame.is_none_or(|f| f > last || (f == last && self.complete));
        let frame = frame
            .filter(|_| !beyond || self.playing.is_some())
            .map(|f| f.min(last));
        if frame == self.at && (frame.is_none() || self.values.is_some()) {
            return;
        }
        self.at = frame;
        self.values = frame.map(|f| Arc::new(self.snapshots[f].input()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Input;

    fn film(n: u64, complete: bool) -> Film {
        let input = Input {
            shape: vec![3, 2, 2],
            range: [0.0, 1.0],
        };
        let snapshots: Vec<_> = history::steps(n)
            .into_iter()
            .map(|s| {
                Arc::new(Snapshot::new(
                    s,
                    1.0 / (s + 1) as f64,
                    &[s as f32 / n as f32; 12],
                    &input,
                ))
            })
            .collect();
        let mut film = Film::default();
        film.begin(n);
        film.extend(&snapshots, complete);
        film
    }

    #[test]
    fn the_end_of_the_film_is_the_run_as_it_is() {
        let mut film = film(10, true);
        assert_eq!(
            (film.at(), film.place(), film.steps().len()),
            (None, 10, 11)
        );
        film.step(-1);
        assert_eq!((film.at(), film.snapshot().unwrap().step), (Some(9), 9));
        assert_eq!(film.values().unwrap().len(), 12);
        film.step(1);
        assert_eq!((film.at(), film.values()), (None, None));
        film.go(0);
        film.step(-5);
        assert_eq!(film.at(), Some(0));
        film.go(99);
        assert_eq!(film.at(), None);
    }

    #[test]
    fn it_plays_twelve_frames_a_second_and_ends_or_begins_again() {
        let mut film = film(10, true);
        let start = Instant::now();
        let after = |seconds: f64| start + Duration::from_secs_f64(seconds);
        film.toggle(start);
        assert_eq!((film.at(), film.is_playing()), (Some(0), true));
        assert!(!film.advance(after(0.01)));
        assert!(film.advance(after(0.26)));
        assert_eq!(film.at(), Some(3));
        let next = film.next(after(0.26)).unwrap().as_secs_f64();
        assert!((next - (4.0 / 12.0 - 0.26)).abs() < 1e-6);
        film.toggle(after(0.3));
        assert!(!film.is_playing());
        film.toggle(after(1.0));
        film.advance(after(9.0));
        assert_eq!((film.at(), film.is_playing()), (None, false));
        film.looping = true;
        film.toggle(after(10.0));
        film.advance(after(30.0));
        assert_eq!((film.at(), film.is_playing()), (Some(0), true));
    }

    #[test]
    fn a_live_run_is_followed_until_someone_looks_back() {
        let whole = film(10, false);
        let mut live = Film::default();
        live.begin(10);
        assert!(!live.any());
        live.toggle(Instant::now());
        assert!(!live.is_playing());
        live.extend(&whole.snapshots()[..3], false);
        assert_eq!((live.at(), live.place()), (None, 2));
        // Its last snapshot is not yet the result.
        live.go(2);
        assert_eq!(live.at(), Some(2));
        live.extend(&whole.snapshots()[..5], false);
        assert_eq!(live.at(), Some(2));
        live.extend(&whole.snapshots()[..1], false);
        assert_eq!(live.at(), None);
    }
}
