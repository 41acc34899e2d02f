//! What panels say to the state. They read it and send these; nothing else changes it.

use super::action::Action;
use super::inspect::InspectMessage;
use super::library::Column;
use super::page::Page;
use super::published::Wish;
use super::settings::Listening;
use super::sound_view::ViewChange;
use super::state::Dialog;
use super::tasks::Arrival;
use super::trials::Side;
use crate::export::Kind;
use crate::playback::Slot;
use crate::session::{Event, Frame, JobId};
use crate::verify::Verdict;
use std::path::PathBuf;

/// Something that happened, or that a person wants.
#[derive(Debug)]
pub enum Message {
    /// An action.
    Do(Action),
    /// Something about the tour.
    Tour(TourMessage),
    /// Something about an export.
    Export(ExportMessage),
    /// Something in trials on oneself.
    Trial(TrialMessage),
    /// Something in the presentation.
    Present(PresentMessage),
    /// Something in the ladder.
    Ladder(LadderMessage),
    /// Something on the page where one metamer is looked into.
    Inspect(InspectMessage),
    /// Something in the library.
    Library(LibraryMessage),
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
    /// A field of the recipe, the seed, the number of threads or of runs at once was typed at.
    Edit(&'static str, String),
    /// Typing has ended there.
    EndEdit(&'static str),
    /// Multiply the running schedule's rate.
    Rate(f64),
    /// Look at one of the runs that go on at once.
    Watch(JobId),
    /// Take a run out of the queue.
    Dequeue(JobId),
    /// The compare key is held or let go.
    Compare(bool),
    /// Show a dialog, or none.
    Show(Option<Dialog>),
    /// The path dialog was answered.
    AcceptPath,
    /// Something was typed in the path dialog.
    TypePath(String),
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

/// What is wanted of the ladder.
#[derive(Debug)]
pub enum LadderMessage {
    /// Look at the metamer of a layer, in a row.
    Select {
        /// The layer.
        layer: String,
        /// The row, counted from the first seed.
        row: usize,
    },
    /// Look at the metamer that has this number, counted from 1, or at the reference, which has 0.
    Key(usize),
    /// Go by so many layers and rows.
    Go(isize, isize),
    /// Look into the chosen one, or make it where there is none.
    Enter,
    /// Play the chosen one from its beginning.
    Play,
    /// Show the chosen one large, or no longer.
    Large(bool),
    /// Have so many rows.
    Seeds(usize),
    /// Have a layer, or no longer.
    Layer(String, bool),
    /// Have these layers.
    Layers(Vec<String>),
    /// Make the one metamer at a place.
    Make {
        /// The layer.
        layer: String,
        /// The row, counted from the first seed.
        row: usize,
    },
}

/// Where the tour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourMessage {
    /// On.
    Next,
    /// Back.
    Back,
    /// To its end.
    Leave,
}

/// What is wanted of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportMessage {
    /// Another kind.
    Kind(Kind),
    /// Another title.
    Title(String),
    /// Another place.
    Out(String),
    /// Whether to replace what is there.
    Overwrite(bool),
    /// Write it.
    Write,
    /// Do not, or no further.
    Cancel,
}

/// What is done in trials on oneself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialMessage {
    /// Present a side.
    Present(Side),
    /// An answer: "A", "B", or a class.
    Answer(String),
    /// An answer is being typed.
    Type(String),
    /// The end.
    Leave,
}

/// What is wanted of the presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentMessage {
    /// The slide of this number; the reference has 0.
    To(usize),
    /// So many slides on.
    Go(isize),
    /// So many sets on.
    Set(isize),
    /// The reference in the place of the slide, or the slide again.
    Switch,
    /// Play or hold the sound.
    Listen,
    /// Nothing but black, or no longer.
    Black,
    /// Names below, or none.
    Names,
    /// The end.
    Leave,
}

/// What is wanted of the library.
#[derive(Debug)]
pub enum LibraryMessage {
    /// Other words to find runs by.
    Query(String),
    /// Only runs of this verdict, or all.
    Only(Option<Verdict>),
    /// Sort by a column, or by the same the other way round.
    Sort(Column),
    /// A run was chosen.
    Select(PathBuf),
    /// So many runs further down the list.
    Go(isize),
    /// Small pictures of these are in sight.
    Seen(Vec<PathBuf>),
    /// Take a run up, on a page.
    Open(PathBuf, Page),
    /// Make a run again and compare.
    Reproduce(PathBuf),
    /// Tags of the chosen run were typed at.
    Tags(String),
    /// Typing has ended there.
    KeepTags,
    /// Throw a run away.
    Delete(PathBuf),
    /// Show a run's folder in the file manager.
    Show(PathBuf),
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
