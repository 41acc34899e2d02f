//! Listening: reference and metamer through the sound card, switched at the same sample.
//!
//! | file | what is in it |
//! |---|---|
//! | [`player`] | the handle: what the window and the command line call; never waits |
//! | `engine` | the thread behind it, which alone speaks to the sound system |
//! | [`programme`] | the two sounds at the device's rate, with the gains that make them equally loud |
//! | [`renderer`] | what the sound callback runs: no lock, no allocation, nothing heard but what should be |
//! | [`controls`] | the numbers that window and callback share |
//! | [`output`] | what a sound system must offer; [`device`] is the real one, cpal |
//!
//! A window needs this much per frame:
//!
//! ```no_run
//! # use metamer_studio::playback::{Player, Slot, State};
//! # fn frame(player: &mut Player, fresh: Option<Vec<f32>>, tab: bool, space: bool) -> Result<(), metamer_studio::Error> {
//! if let Some(samples) = fresh {
//!     player.set(Slot::Metamer, samples, 20_000)?; // as often as the optimiser has a new one, playing or not
//! }
//! if space {
//!     player.toggle(); // play or pause
//! }
//! if tab {
//!     player.hear(player.audible().other());
//! }
//! let now = player.snapshot();
//! let text = match &now.problem {
//!     Some(problem) => problem.clone(), // "Audio unavailable: …"
//!     None => format!("{:.2} of {:.2} s", now.position, now.duration),
//! };
//! let pressed = now.state == State::Playing;
//! # let _ = (text, pressed); Ok(()) }
//! ```
//!
//! The closure given to [`Player::new`] is called whenever a snapshot has changed, some thirty times a second while a
//! sound plays.

pub mod controls;
pub mod device;
mod engine;
pub mod output;
pub mod player;
pub mod programme;
pub mod renderer;

pub use output::{Device, Output};
pub use player::{Options, Player, Snapshot, State};
pub use programme::Slot;
