//! What rows and columns of a cochleagram mean, and where their axes are labelled: for the window and for whatever is
//! written with axes.

mod axes;
mod span;
pub mod ticks;

pub use axes::SoundAxes;
pub use span::Span;

/// A place in a sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Seconds from the sound's beginning.
    pub seconds: f64,
    /// The channel, from its lower edge `k` to its upper `k + 1`; none where only time is shown.
    pub channel: Option<f64>,
}
