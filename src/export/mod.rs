//! What leaves the program: finished runs as pages, sheets, folders and archives for other people and other programs;
//! and the colour maps, heat maps and axes that these and the window draw with.
//!
//! A [`Set`] is what there is to export: finished runs, read back and put in order. A [`Kind`] is what it is to become.
//! [`plan`] says which files that would be, before anything is written; [`Plan::write`] writes them, all or none:
//!
//! ```no_run
//! use metamer_studio::export::{self, Kind, Options, Set};
//! use std::ops::ControlFlow;
//!
//! let set = Set::read(&["runs".into()])?;
//! let plan = export::plan(&set, Kind::Html, &Options::default(), "page.html".as_ref())?;
//! for file in plan.files() {
//!     println!("{} ({} bytes): {}", file.path.display(), file.bytes, file.what);
//! }
//! plan.write(false, &mut |progress| {
//!     println!("{} of {}", progress.done, progress.of);
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), metamer_studio::Error>(())
//! ```

pub mod about;
mod animation;
pub mod colour_map;
mod csv;
pub mod heat_map;
mod html;
pub mod jspsych;
pub mod kind;
mod media;
pub mod model_card;
mod names;
mod npz;
pub mod plan;
mod repository2023;
pub mod run;
pub mod set;
pub mod sheet;
pub mod sound_axes;
mod stimuli;

pub use colour_map::ColourMap;
pub use heat_map::{Cells, Part, Shading};
pub use kind::{Kind, Options, plan};
pub use model_card::ModelCard;
pub use plan::{Ended, Plan, PlannedFile, Progress};
pub use run::Run;
pub use set::Set;
pub use sound_axes::SoundAxes;
