//! Running syntheses: a worker thread that owns the network, and the folders that results are kept in.
//!
//! The command line and the window drive the very same worker. It is told what to do by [`Command`]s, says what
//! happened by [`Event`]s, and leaves the newest pictures in [`Frames`]; it knows nothing of whoever listens.

pub mod checkpoint;
pub mod device;
pub mod handle;
pub mod history;
pub mod job;
pub mod kept;
pub mod listening_copy;
pub mod live;
mod lockstep;
pub mod messages;
mod news;
mod pending;
mod run;
pub mod run_folder;
pub mod stimulus;
pub mod trace;
mod worker;

pub use handle::{Session, SessionOptions};
pub use history::{History, Snapshot};
pub use job::{Job, Request};
pub use kept::Kept;
pub use live::{Frame, Frames, Live};
pub use messages::{Command, Event, JobId};
pub use run_folder::{Existing, RunFolder};
pub use stimulus::Stimulus;
pub use trace::{Sample, Trace, TraceRow};
