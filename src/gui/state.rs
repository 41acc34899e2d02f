//! What the window shows, as plain data. Panels read it; only `update` changes it.

use super::offers::Offer;
pub use super::run::{Mark, Phase, Queued, Run, RunKey};

use super::exporting::Exporting;
use super::hearing::Hearing;
use super::inspect::Inspect;
use super::ladder::{Focus, LadderView};
use super::library::LibraryView;
use super::page::Page;
use super::presentation::Presentation;
use super::published::Published;
use super::settings::{Choices, Places};
use super::shelf::Shelf;
use super::trials::Trials;
use super::unfinished::Unfinished;
use crate::network::imported::{Examined, Library, Record, authors};
use crate::network::{Model, NodeId, registry};
use crate::session::JobId;
use crate::stimulus::Image;
use crate::synthesis::{Procedure, Recipe, recipe};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Everything that the window shows.
#[derive(Debug)]
pub struct State {
    /// What is remembered.
    pub choices: Choices,
    /// Where things are kept.
    pub places: Places,
    /// What the window is turned to.
    pub page: Page,
    /// Finished runs.
    pub shelf: Shelf,
    /// Where in the ladder one looks.
    pub ladder_view: LadderView,
    /// What of the finished runs is listed.
    pub library: LibraryView,
    /// What is shown to an audience.
    pub presentation: Option<Presentation>,
    /// Trials that are going on.
    pub trials: Option<Trials>,
    /// An export that is being prepared or written.
    pub exporting: Option<Exporting>,
    /// The stop of the tour.
    pub tour: Option<usize>,
    /// What is looked into.
    pub focus: Option<Focus>,
    /// What is seen of it.
    pub inspect: Inspect,
    /// The model, once it is loaded.
    pub model: Option<Arc<Model>>,
    /// Why it could not be loaded.
    pub model_error: Option<String>,
    /// Models that were imported, by name.
    pub imported: Vec<Record>,
    /// What was found in files that were dropped, until it is imported or not.
    pub found: Option<Arc<Examined>>,
    /// The authors' files that can be fetched.
    pub published: Published,
    /// Its layers, in the network's order.
    pub layers: Vec<LayerEntry>,
    /// The layer that was picked last.
    pub anchor: Option<usize>,
    /// The stimuli on offer.
    pub stimuli: Vec<StimulusEntry>,
    /// The reference and the noise of the run that would be started now.
    pub preview: Preview,
    /// What is seen and heard of sounds.
    pub hearing: Hearing,
    /// The recipe's own procedure.
    pub recipe: Recipe,
    /// The procedure with all changes.
    pub procedure: Procedure,
    /// Text that is being typed, by field.
    pub drafts: BTreeMap<&'static str, Draft>,
    /// Whether the recipe's fields are shown.
    pub fields_open: bool,
    /// State of every model's layers for every stimulus in this session.
    pub marks: HashMap<RunKey, Mark>,
    /// Runs that wait, in order.
    pub queue: Vec<Queued>,
    /// Requests that are being made ready for the queue.
    pub preparing: usize,
    /// Runs of this session that have begun.
    pub runs: BTreeMap<JobId, Run>,
    /// The runs that go on, in the order in which they began.
    pub going: Vec<JobId>,
    /// The run that is shown.
    pub viewing: Option<JobId>,
    /// Runs of an earlier session that can be resumed.
    pub unfinished: Vec<Unfinished>,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Whether the compare key is held.
    pub compare: bool,
    /// Whether and how the window is about to close.
    pub closing: ClosingState,
    /// Memory in use, in bytes.
    pub memory: Option<u64>,
    /// Whether figures of this machine (rate, time, memory, threads) are left out, for pictures that must not depend on it.
    pub hide_machine: bool,
}

/// A layer that can be matched.
#[derive(Clone, Debug)]
pub struct LayerEntry {
    /// Its place in the graph.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its shape in words.
    pub shape: String,
    /// Number of values.
    pub elements: usize,
    /// Its size on a logarithmic scale from the smallest to the largest layer, 0 to 1.
    pub size: f32,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A stimulus on offer.
#[derive(Clone, Debug)]
pub struct StimulusEntry {
    /// Embedded name, or path.
    pub name: String,
    /// What it shows, for people.
    pub title: String,
    /// Whether it is a sound; an array can be either.
    pub sound: bool,
    /// Its length, where it is a sound.
    pub seconds: Option<f64>,
    /// Whether it was opened by a person, and can be taken out of the list.
    pub own: bool,
    /// Its small picture.
    pub thumbnail: Option<Arc<Image>>,
}

/// The reference and start of the run that would be started now.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Number of the newest request.
    pub generation: u64,
    /// What it was for.
    pub key: String,
    /// The prepared reference.
    pub reference: Option<Arc<Vec<f32>>>,
    /// The noise.
    pub start: Option<Arc<Vec<f32>>>,
    /// Why there is none.
    pub error: Option<String>,
}

/// Text that is being typed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// Something that a person should know.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its number.
    pub id: u64,
    /// What.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// A path that it speaks of.
    pub path: Option<PathBuf>,
    /// When it goes away by itself.
    pub until: Option<Instant>,
}

/// An open dialog.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// All commands, narrowed down by what was typed.
    Commands {
        /// What was typed.
        query: String,
        /// The chosen row.
        row: usize,
    },
    /// Every key.
    Shortcuts,
    /// A path is asked for.
    Path {
        /// What for.
        purpose: PathPurpose,
        /// What was typed.
        text: String,
        /// What is wrong with it.
        error: Option<String>,
        /// Whether the system's own dialog is open too.
        browsing: bool,
        /// What there is to choose from, where a file is to be opened.
        offers: Vec<Offer>,
    },
    /// Finished runs are to be exported.
    Export,
    /// A run is going on: close all the same?
    Closing,
    /// The authors' files that can be fetched.
    Published,
    /// Files hold a model: is it to be imported?
    Import {
        /// The name that it is to have.
        name: String,
    },
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPurpose {
    /// A stimulus to open.
    Open,
    /// A PNG to write.
    Png,
    /// A WAV to write.
    Wav,
    /// An array to write.
    Npy,
    /// A folder to copy the run into.
    Folder,
    /// The folder for results.
    Results,
}

/// Whether and how the window is about to close.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClosingState {
    /// It is not.
    #[default]
    No,
    /// When the queue is done.
    WhenDone,
    /// As soon as the checkpoint is written.
    Checkpointing,
    /// Now.
    Now,
}

impl State {
    /// The state before anything is loaded. A recipe that cannot be found leaves the quick one in its place.
    ///
    /// # Errors
    /// When not even that is one, which a test rules out.
    pub fn new(choices: Choices, places: Places) -> crate::Result<Self> {
        let imported = Library::at(&places.models).records();
        let recipe = recipe_for(&choices.recipe, hears(&imported, &choices.model))
            .or_else(|_| recipe_for("quick", false))?;
        let procedure = choices
            .procedure
            .clone()
            .unwrap_or_else(|| recipe.procedure.clone());
        let published = Published::new(&authors::FILES, &places.data);
        Ok(Self {
            choices,
            places,
            page: Page::default(),
            shelf: Shelf::default(),
            ladder_view: LadderView::default(),
            library: LibraryView::default(),
            presentation: None,
            trials: None,
            exporting: None,
            tour: None,
            focus: None,
            inspect: Inspect::default(),
            model: None,
            model_error: None,
            imported,
            found: None,
            published,
            layers: vec![],
            anchor: None,
            stimuli: vec![],
            preview: Preview::default(),
            hearing: Hearing::default(),
            recipe,
            procedure,
            drafts: BTreeMap::new(),
            fields_open: false,
            marks: HashMap::new(),
            queue: vec![],
            preparing: 0,
            runs: BTreeMap::new(),
            going: vec![],
            viewing: None,
            unfinished: vec![],
            dialog: None,
            notices: vec![],
            compare: false,
            closing: ClosingState::No,
            memory: None,
            hide_machine: false,
        })
    }

    /// Whether the chosen model hears rather than sees.
    pub fn hears(&self) -> bool {
        hears(&self.imported, &self.choices.model)
    }

    /// The stimuli that the chosen model can take, with their places in the list.
    pub fn offered(&self) -> impl Iterator<Item = (usize, &StimulusEntry)> {
        let hears = self.hears();
        self.stimuli
            .iter()
            .enumerate()
            .filter(move |(_, s)| s.sound == hears)
    }

    /// What is shown of both stimuli: on the first page the shown run's, or what would be started; on the others what was
    /// chosen in the ladder.
    pub fn pair(&self) -> [Option<Arc<Vec<f32>>>; 2] {
        let looked_at = match self.page {
            Page::Make => None,
            Page::Ladder => Some(self.selected()),
            Page::Inspect => return self.inspected(),
            Page::Library => Some(self.focused()),
        };
        if let Some(rung) = looked_at {
            let metamer = rung.and_then(|rung| self.values_of(&rung));
            return [self.preview.reference.clone(), metamer];
        }
        match self.shown() {
            // Until the first comes, a run shows the noise that it begins from.
            Some(run) => [
                run.reference.clone(),
                run.metamer
                    .as_ref()
                    .map(|m| m.1.clone())
                    .or_else(|| self.preview.start.clone()),
            ],
            None => [self.preview.reference.clone(), self.preview.start.clone()],
        }
    }

    /// The run that orders and figures are about: of those that go on the one that is shown, otherwise the first.
    pub fn active_id(&self) -> Option<JobId> {
        let shown = self.viewing.filter(|id| self.going.contains(id));
        shown.or_else(|| self.going.first().copied())
    }

    /// The run of [`Self::active_id`].
    pub fn active(&self) -> Option<&Run> {
        self.active_id().and_then(|id| self.runs.get(&id))
    }

    /// How many of the queue are about to begin: the first, where nothing goes on, and what can go on beside others.
    pub fn beginning(&self) -> usize {
        let places = self.choices.at_once.saturating_sub(self.going.len());
        let mut together = self.going.iter().filter_map(|id| self.runs.get(id));
        let first = together
            .next()
            .map(|r| &r.spec)
            .or(self.queue.first().map(|q| &q.spec));
        let fits = |q: &&Queued| {
            first.is_some_and(|f| f.model == q.spec.model && f.threads == q.spec.threads)
        };
        self.queue.iter().take(places).take_while(fits).count()
    }

    /// The run that is shown.
    pub fn shown(&self) -> Option<&Run> {
        self.viewing.and_then(|id| self.runs.get(&id))
    }

    /// The shown run, if it was stopped and can go on.
    pub fn resumable(&self) -> Option<&Run> {
        let run = self.shown()?;
        let ended =
            matches!(run.phase, Phase::Stopped) && run.folder.is_some() && self.going.is_empty();
        ended.then_some(run)
    }

    /// The chosen layers, in the network's order.
    pub fn chosen_layers(&self) -> impl Iterator<Item = &LayerEntry> {
        self.layers.iter().filter(|l| l.chosen)
    }

    /// The state of a layer for the chosen stimulus.
    pub fn mark(&self, layer: &str) -> Mark {
        let key = RunKey {
            model: self.choices.model.clone(),
            stimulus: self.choices.stimulus.clone(),
            layer: layer.to_owned(),
        };
        self.marks.get(&key).copied().unwrap_or_default()
    }

    /// How many layers are verified in this session.
    pub fn verified(&self) -> usize {
        self.marks
            .values()
            .filter(|m| **m == Mark::Verified)
            .count()
    }

    /// Whether any field of the recipe was changed.
    pub fn fields_changed(&self) -> bool {
        self.procedure != self.recipe.procedure
    }

    /// The folder in which runs are saved.
    pub fn results(&self) -> PathBuf {
        self.choices
            .results
            .clone()
            .unwrap_or_else(|| self.places.results.clone())
    }

    /// Number of threads that a run would use.
    pub fn threads(&self) -> usize {
        crate::session::device::thread_count(self.choices.threads)
    }

    /// Whether anything changes by itself, so that the window has to be drawn again.
    pub fn is_busy(&self) -> bool {
        !self.going.is_empty() || self.preparing > 0 || !self.queue.is_empty()
    }
}

/// Whether a model hears, by its name.
fn hears(imported: &[Record], model: &str) -> bool {
    let own = registry::MODELS.iter().map(|m| (m.name, m.modality));
    let imported = imported
        .iter()
        .map(|r| (&r.name[..], r.architecture.modality()));
    own.chain(imported)
        .any(|(name, modality)| name == model && modality == "sound")
}

/// An embedded recipe as it is for sounds or for pictures.
///
/// # Errors
/// When there is none of that name.
pub fn recipe_for(name: &str, hears: bool) -> crate::Result<Recipe> {
    if hears {
        recipe::find_for_sounds(name)
    } else {
        recipe::find(name)
    }
}
