//! Work that would hold up a frame: loading, decoding, resolving, writing. Each piece has its own thread, and its result
//! arrives as news.

use super::exporting::Preview;
use super::hearing::Heard;
use super::inspect::{Loaded, Looked};
use super::offers::Offer;
use super::presentation::Presentation;
use super::published::News;
use super::shelf::Made;
use super::trials::Trials;
use super::unfinished::Unfinished;
use crate::export::{Cells, Set};
use crate::network::Model;
use crate::network::imported::Examined;
use crate::playback::Slot;
use crate::session::kept::Found;
use crate::session::{Job, JobId, Kept};
use crate::stimulus::Image;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// A stimulus that was read from a file.
#[derive(Debug)]
pub struct OpenedStimulus {
    /// Its path.
    pub name: String,
    /// Its small picture, where it is one.
    pub thumbnail: Option<Image>,
    /// Its length, where it is a sound.
    pub seconds: Option<f64>,
    /// Whether the model that it was read for hears.
    pub sound: bool,
}

/// The prepared reference, and the noise where the recipe draws any; both in the network's input shape.
pub type Prepared = (Arc<Vec<f32>>, Option<Arc<Vec<f32>>>);

/// The outcome of a piece of work. Errors are sentences.
#[derive(Debug)]
pub enum Arrival {
    /// The model is in memory, or cannot be.
    Model(Result<Arc<Model>, String>),
    /// Files that are nothing to import: stimuli, perhaps.
    Stimuli(Vec<PathBuf>),
    /// Files were looked at for a model.
    Examined(Result<Box<Examined>, String>),
    /// A model was imported.
    Imported(Result<Arc<Model>, String>),
    /// How far a published file is, by name.
    Published(&'static str, News),
    /// A small picture for the list of stimuli.
    Thumbnail {
        /// The stimulus.
        name: String,
        /// The picture.
        image: Image,
    },
    /// A sound has its cochleagram, or cannot have one.
    Heard {
        /// Which of the two it is.
        slot: Slot,
        /// The samples, their cochleagram and the metamer's step.
        result: Result<Heard, String>,
    },
    /// A run of this session has its cochleagram.
    Live {
        /// The run.
        id: JobId,
        /// The samples and their cochleagram.
        result: Result<(Arc<Vec<f32>>, Arc<Cells>), String>,
    },
    /// A file was read as a stimulus, or cannot be.
    Opened {
        /// What it is.
        result: Result<OpenedStimulus, String>,
        /// Whether it is to be chosen, or is merely remembered from last time.
        choose: bool,
    },
    /// What the network will see, and the noise that the run begins from.
    Preview {
        /// Which request this answers.
        generation: u64,
        /// Both, or why there are none.
        result: Result<Prepared, String>,
    },
    /// Runs that are ready for the queue.
    Resolved {
        /// Each, or why it cannot be run.
        jobs: Vec<Result<Box<Job>, String>>,
        /// How many were asked for.
        asked: usize,
        /// Whether to go on with what lies in their folders.
        resume: bool,
    },
    /// What can be chosen from where a path was typed so far, with what was typed.
    Offers(String, Vec<Offer>),
    /// A person chose a file or folder in the system's own dialog, or none.
    Picked(Option<PathBuf>),
    /// A picture from the clipboard was kept in this file.
    Pasted(Result<PathBuf, String>),
    /// Something was written, or could not be: a sentence and the path.
    Written(Result<(String, PathBuf), String>),
    /// What the folder of results holds.
    Shelf(PathBuf, Found),
    /// A run that was just finished, read back.
    Kept(Result<Box<Kept>, String>),
    /// The metamer of a finished run, by its folder.
    Made(PathBuf, Result<Arc<Made>, String>),
    /// What there is of a finished run to look into, by its folder.
    Loaded(PathBuf, Result<Box<Loaded>, String>),
    /// The activations of a pair at a layer.
    Looked(Result<Arc<Looked>, String>),
    /// The small picture of a finished run, by its folder.
    Small(PathBuf, Arc<Image>),
    /// What is to be presented.
    Presentation(Result<Box<Presentation>, String>),
    /// Trials that can begin; nothing where there is nothing to ask about.
    Trials(Result<Option<Box<Trials>>, String>),
    /// Runs that are to be exported.
    ExportSet(Result<Arc<Set>, String>),
    /// What an export would write.
    ExportPlan {
        /// Which request this answers.
        generation: u64,
        /// The files, or why there are none.
        preview: Result<Preview, String>,
    },
    /// An export is so far: pieces done, pieces in all, the file that is being made.
    ExportProgress(usize, usize, String),
    /// An export was written there, or was stopped, or cannot be.
    Exported(Result<Option<PathBuf>, String>),
    /// A finished run is to be made again.
    Again {
        /// Where the first lies.
        folder: PathBuf,
        /// How, or why not.
        job: Result<Box<Job>, String>,
    },
    /// A run was thrown away, and lies elsewhere now; or why not.
    Deleted {
        /// Where it was.
        folder: PathBuf,
        /// Where it is.
        gone: Result<PathBuf, String>,
    },
    /// Runs that were left unfinished.
    Unfinished(Vec<Unfinished>),
    /// The choices could not be kept.
    NotRemembered(String),
    /// The work ended because of an error in this program.
    Broken(String),
    /// Nothing to say.
    Done,
}

/// Starts pieces of work and collects what comes of them.
#[derive(Clone)]
pub struct Tasks {
    sender: Sender<Arrival>,
    receiver: Receiver<Arrival>,
    notify: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tasks")
    }
}

impl Tasks {
    /// `notify` is called when something has arrived.
    pub fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        let (sender, receiver) = unbounded();
        Self {
            sender,
            receiver,
            notify: Arc::new(notify),
        }
    }

    /// Does `work` on its own thread.
    pub fn spawn(&self, name: &str, work: impl FnOnce() -> Arrival + Send + 'static) {
        self.spawn_many(name, move |say| say(work()));
    }

    /// Does `work` on its own thread; it may say several things.
    pub fn spawn_many(&self, name: &str, work: impl FnOnce(&dyn Fn(Arrival)) + Send + 'static) {
        let (sender, notify) = (self.sender.clone(), self.notify.clone());
        let body = move || {
            let say = |arrival| {
                let _ = sender.send(arrival);
                notify();
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&say))) {
                let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                say(Arrival::Broken(text.unwrap_or_else(|| "no message".into())));
            }
        };
        if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(body) {
            let _ = self
                .sender
                .send(Arrival::Broken(format!("no thread for '{name}': {error}")));
        }
    }

    /// The next thing that has arrived.
    pub fn next(&self) -> Option<Arrival> {
        self.receiver.try_recv().ok()
    }
}
