//! What panels say to the state. They read it and send these; nothing else changes it.

use super::action::Action;
use super::published::Wish;
use super::settings::Listening;
use super::sound_view::ViewChange;
use super::state::Dialog;
use super::tasks::Arrival;
use crate::playback::Slot;
use crate::session::{Event, Frame, JobId};
use std::path::PathBuf;

/// Something that happened, or that a person wants.
#[derive(Debug)]
pub enum Message {
    /// An action.
    Do(Action),
    /// The stimulus at a place in the list.
    ChooseStimulus(usize),
    /// Take a stimulus that was opened out of the list.
    ForgetStimulus(usize),
    /// Files that were dropped or named on the command line.
    OpenPaths(Vec<PathBuf>),
    /// Text that was pasted where no text is written: perhaps a path.
    PasteText(String),
    /// A picture that was pasted.
    PasteImage(crate::stimulus::Image),
    /// Another model.
    ChooseModel(String),
    /// Another part of a sound is looked at.
    View(ViewChange),
    /// Play a sound from this second on.
    PlayFrom(f64),
    /// Hear reference or metamer.
    Hear(Slot),
    /// How sounds are shown and played.
    Listening(Listening),
    /// The list of sound devices is wanted.
    ListDevices,
    /// The import dialog was accepted.
    Import,
    /// Something about a published file.
    Published(Wish),
    /// A layer was picked.
    PickLayer(usize, Pick),
    /// Another recipe.
    ChooseRecipe(String),
    /// A field of the recipe, the seed or the number of threads was typed at.
    Edit(&'static str, String),
    /// Typing has ended there.
    EndEdit(&'static str),
    /// Take a run out of the queue.
    Dequeue(JobId),
    /// The compare key is held or let go.
    Compare(bool),
    /// Show a dialog, or none.
    Show(Option<Dialog>),
    /// The path dialog was answered.
    AcceptPath,
    /// The path dialog's "Browse" was pressed.
    Browse,
    /// A closing question was answered.
    Close(Closing),
    /// The system wants the window closed.
    CloseRequested,
    /// The window has another size, in points.
    Resized([f32; 2]),
    /// A notice was read.
    Dismiss(u64),
    /// Work was done.
    Arrived(Arrival),
    /// News from the worker.
    Session(Event),
    /// A new picture from the worker.
    Frame(Frame),
    /// Time has passed.
    Tick,
}

/// How a layer is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// It alone.
    Only,
    /// It too, or no longer.
    Toggle,
    /// All from the one picked last to this one.
    Range,
}

/// The answer to "a run is going on".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Do not close.
    KeepRunning,
    /// Checkpoint and close.
    StopAndClose,
    /// Close when the queue is done.
    WhenDone,
}
