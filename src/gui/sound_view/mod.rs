//! What part of a sound is in view: shared by everything that is drawn of it, so that all zoom, move and read together.
//!
//! Plain data without a window. The widgets that draw a sound ([`Cochleagram`](super::Cochleagram),
//! [`Waveform`](super::Waveform)) read a [`SoundView`] and say what a person did as [`ViewChange`]s, which the
//! model [applies](SoundView::apply):
//!
//! ```
//! use metamer_studio::gui::sound_view::{Place, SoundView, ViewChange};
//!
//! let mut view = SoundView::new(2.0, 211);
//! // The wheel is turned over a place one second into the sound.
//! let at = Place { seconds: 1.0, channel: Some(100.0) };
//! view.apply(ViewChange::Zoom { at, time: 0.5, frequency: 1.0 });
//! assert_eq!((view.time().from, view.time().to), (0.5, 1.5));
//! view.apply(ViewChange::ShowAll);
//! assert_eq!(view.time().length(), 2.0);
//! ```

mod envelope;
pub mod reading;

pub use crate::export::sound_axes::{Place, SoundAxes, Span, ticks};
pub use envelope::envelope;

/// Not less than this many seconds are shown.
const SHORTEST: f64 = 0.002;
/// Not fewer channels than this are shown.
const FEWEST: f64 = 4.0;

/// What a person did to the view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViewChange {
    /// Show this much of what is shown now (below 1 to come nearer), so that `at` stays where it is.
    Zoom {
        /// What stays in its place.
        at: Place,
        /// Factor for the time in view.
        time: f64,
        /// Factor for the channels in view.
        frequency: f64,
    },
    /// Move on by so much.
    Move {
        /// Seconds, later if positive.
        seconds: f64,
        /// Channels, higher if positive.
        channels: f64,
    },
    /// All of the sound.
    ShowAll,
    /// The place that is read out.
    Point(Option<Place>),
    /// The place that is read out, moved by the keyboard; the view follows where it would go out of sight.
    Walk(Place),
}

/// The part of a sound in view, and the place that is read out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoundView {
    seconds: f64,
    channels: f64,
    time: Span,
    rows: Span,
    cursor: Option<Place>,
}

impl SoundView {
    /// All of a sound of `seconds` in `channels` channels.
    pub fn new(seconds: f64, channels: usize) -> Self {
        let (seconds, channels) = (seconds.max(SHORTEST), (channels as f64).max(FEWEST));
        Self {
            seconds,
            channels,
            time: Span::new(0.0, seconds),
            rows: Span::new(0.0, channels),
            cursor: None,
        }
    }

    /// Length of the sound in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The seconds in view.
    pub fn time(&self) -> Span {
        self.time
    }

    /// The channels in view.
    pub fn channels(&self) -> Span {
        self.rows
    }

    /// The place that is read out.
    pub fn cursor(&self) -> Option<Place> {
        self.cursor
    }

    /// Whether all of the sound is in view.
    pub fn shows_all(&self) -> bool {
        *self
            == Self {
                cursor: self.cursor,
                ..Self::new(self.seconds, self.channels as usize)
            }
    }

    /// Does what a person did.
    pub fn apply(&mut self, change: ViewChange) {
        let (all_time, all_rows) = (Span::new(0.0, self.seconds), Span::new(0.0, self.channels));
        match change {
            ViewChange::Zoom {
                at,
                time,
                frequency,
            } => {
                self.time = self
                    .time
                    .zoomed(at.seconds, time, SHORTEST)
                    .within(all_time);
                let row = at.channel.unwrap_or_else(|| self.rows.middle());
                self.rows = self.rows.zoomed(row, frequency, FEWEST).within(all_rows);
            }
            ViewChange::Move { seconds, channels } => {
                self.time = self.time.moved(seconds).within(all_time);
                self.rows = self.rows.moved(channels).within(all_rows);
            }
            ViewChange::ShowAll => (self.time, self.rows) = (all_time, all_rows),
            ViewChange::Point(place) => self.cursor = place,
            ViewChange::Walk(place) => {
                // The last frame and channel end where the sound does: the place is inside them.
                let inside = |v: f64, all: Span, slack: f64| v.clamp(all.from, all.to - slack);
                let seconds = inside(place.seconds, all_time, 1e-6);
                let channel = place.channel.map(|c| inside(c, all_rows, 1e-6));
                self.cursor = Some(Place { seconds, channel });
                self.time = self.time.reaching(seconds).within(all_time);
                if let Some(channel) = channel {
                    self.rows = self.rows.reaching(channel).within(all_rows);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64, channel: f64) -> Place {
        Place {
            seconds,
            channel: Some(channel),
        }
    }

    #[test]
    fn zooming_keeps_the_place_under_the_pointer_and_never_leaves_the_sound() {
        let mut view = SoundView::new(2.0, 211);
        let place = at(1.5, 50.0);
        for _ in 0..5 {
            let before = view.time().share(1.5);
            view.apply(ViewChange::Zoom {
                at: place,
                time: 0.8,
                frequency: 1.0,
            });
            assert!((view.time().share(1.5) - before).abs() < 1e-9);
        }
        assert_eq!(view.channels(), Span::new(0.0, 211.0));
        view.apply(ViewChange::Zoom {
            at: place,
            time: 1e9,
            frequency: 1e9,
        });
        assert!(view.shows_all());
        view.apply(ViewChange::Zoom {
            at: at(0.0, 0.0),
            time: 1e-9,
            frequency: 1e-9,
        });
        assert_eq!(view.time(), Span::new(0.0, SHORTEST));
        assert_eq!(view.channels(), Span::new(0.0, FEWEST));
    }

    #[test]
    fn moving_stops_at_the_ends_and_keeps_the_scale() {
        let mut view = SoundView::new(2.0, 200);
        view.apply(ViewChange::Zoom {
            at: at(1.0, 100.0),
            time: 0.5,
            frequency: 0.5,
        });
        view.apply(ViewChange::Move {
            seconds: 0.25,
            channels: -10.0,
        });
        assert_eq!(view.time(), Span::new(0.75, 1.75));
        assert_eq!(view.channels(), Span::new(40.0, 140.0));
        view.apply(ViewChange::Move {
            seconds: 9.0,
            channels: -900.0,
        });
        assert_eq!(view.time(), Span::new(1.0, 2.0));
        assert_eq!(view.channels(), Span::new(0.0, 100.0));
        view.apply(ViewChange::ShowAll);
        assert!(view.shows_all());
    }

    #[test]
    fn the_view_follows_the_cursor_when_it_walks() {
        let mut view = SoundView::new(2.0, 200);
        view.apply(ViewChange::Zoom {
            at: at(0.0, 0.0),
            time: 0.5,
            frequency: 0.5,
        });
        view.apply(ViewChange::Walk(at(1.2, 50.0)));
        assert!((view.time().to - 1.2).abs() < 1e-9 && (view.time().length() - 1.0).abs() < 1e-9);
        assert_eq!(view.channels(), Span::new(0.0, 100.0));
        view.apply(ViewChange::Walk(at(-3.0, 500.0)));
        assert_eq!(view.time().from, 0.0);
        let cursor = view.cursor().unwrap();
        assert_eq!(cursor.seconds, 0.0);
        assert!(cursor.channel.unwrap() < 200.0);
        view.apply(ViewChange::Point(None));
        assert_eq!(view.cursor(), None);
    }
}
