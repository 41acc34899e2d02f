//! Making a metamer: what is to be done ([`Procedure`], [`Spec`]) and the stepper that does it ([`Synthesis`]).
//!
//! Nothing here knows of threads, clocks or files.

pub mod loss;
pub mod optimisers;
pub mod procedure;
pub mod recipe;
mod resident;
pub mod schedule;
pub mod spec;
pub mod start;
pub mod stepper;
pub mod together;
pub mod words;

pub use loss::{Loss, Target};
pub use procedure::Procedure;
pub use recipe::Recipe;
pub use spec::Spec;
pub use stepper::{StepReport, Synthesis};
pub use together::step_together;
