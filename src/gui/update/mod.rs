//! How the state changes: every message is applied here and nowhere else.
//!
//! Nothing here knows the screen. What only the window can do (copy, close, change its theme) is handed back as
//! [`Effect`]s.

mod actions;
mod arrivals;
mod choosing;
mod exporting;
mod files;
mod hearing;
mod importing;
mod inspecting;
mod laddering;
mod librarian;
mod news;
mod presenting;
mod published;
mod shelving;
mod touring;
mod trying;

use super::message::{Closing, Message};
use super::page::Page;
use super::settings::Choices;
use super::state::{ClosingState, Dialog, Notice, State, StimulusEntry};
use super::tasks::{Arrival, Tasks};
use crate::network::Model;
use crate::playback::Player;
use crate::session::{Command, JobId, Session};
use crate::stimulus::{Image, embedded, prepare};
use crate::verify::NullDistribution;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the null distribution for a model comes from.
pub type NullSource =
    Arc<dyn Fn(&Model) -> crate::Result<Option<Arc<NullDistribution>>> + Send + Sync>;

/// What only the window can do.
#[derive(Debug)]
pub enum Effect {
    /// Put text on the clipboard.
    CopyText(String),
    /// Put a picture on the clipboard.
    CopyPicture(Image),
    /// Take a picture from the clipboard.
    Paste,
    /// Apply the chosen theme.
    Theme,
    /// Open the system's own file dialog.
    Browse(super::state::PathPurpose, String),
    /// Do not close.
    CancelClose,
    /// Fill the screen, or no longer.
    FullScreen(bool),
    /// Close.
    Close,
}

/// The state together with what works on it.
pub struct Studio {
    /// What the window shows.
    pub state: State,
    session: Session,
    tasks: Tasks,
    nulls: NullSource,
    effects: Vec<Effect>,
    /// What was last written to the settings.
    remembered: Choices,
    changed: Option<Instant>,
    notices: u64,
    /// Files that wait for the model.
    waiting: Vec<PathBuf>,
    /// Whether to start by itself as soon as it can.
    start_at_once: bool,
    /// What sounds are played with; nothing where the system gave no thread for it.
    player: Option<Player>,
    /// What cochleagrams are made with, where the model hears.
    ear: Option<hearing::Ear>,
    /// Whether a cochleagram is being made.
    hearing_busy: bool,
    /// What activations are looked at with.
    examiner: inspecting::Examiner,
    /// Runs that are made again, with the folder of the first.
    reproducing: HashMap<JobId, PathBuf>,
}

/// Side of the small pictures in pixels: twice their size in points.
const THUMBNAIL: usize = 2 * super::layout::TILE as usize;
/// Small pictures that are read again from last time, at most.
const OWN_STIMULI: usize = 12;
/// Good news goes away after this long.
const NOTICE: Duration = Duration::from_secs(8);
/// Choices are written when they have not changed for this long.
const SETTLED: Duration = Duration::from_millis(700);

impl Studio {
    /// Starts loading the model and the small pictures.
    pub fn new(
        state: State,
        session: Session,
        tasks: Tasks,
        nulls: NullSource,
        player: Option<Player>,
    ) -> Self {
        let mut player = player;
        if let Some(player) = &mut player {
            let listening = &state.choices.listening;
            player.choose_device(listening.device.as_deref());
            hearing::tell(player, listening);
        }
        let mut studio = Self {
            remembered: state.choices.clone(),
            state,
            session,
            tasks,
            nulls,
            effects: vec![],
            changed: None,
            notices: 0,
            waiting: vec![],
            start_at_once: false,
            player,
            ear: None,
            hearing_busy: false,
            examiner: inspecting::Examiner::default(),
            reproducing: HashMap::new(),
        };
        let at_once = studio.state.choices.at_once;
        studio.session.send(Command::Together(at_once));
        studio.begin_loading();
        studio
    }

    /// Starts the chosen run as soon as the model is there.
    pub fn start_at_once(&mut self) {
        self.start_at_once = true;
    }

    fn begin_loading(&mut self) {
        self.load_model();
        let pictures = embedded::all().iter().map(|s| StimulusEntry {
            name: s.name.clone(),
            title: s.title.clone(),
            sound: false,
            seconds: None,
            own: false,
            thumbnail: None,
        });
        let sounds = embedded::sounds().iter().map(|s| StimulusEntry {
            name: s.name.clone(),
            title: s.title.clone(),
            sound: true,
            seconds: Some(s.seconds),
            own: false,
            thumbnail: None,
        });
        self.state.stimuli = pictures.chain(sounds).collect();
        self.tasks.spawn_many("thumbnails", |say| {
            for stimulus in embedded::all() {
                if let Some(image) = prepare::embedded_image(&stimulus.name) {
                    let image = prepare::thumbnail(&image, THUMBNAIL);
                    say(Arrival::Thumbnail {
                        name: stimulus.name.clone(),
                        image,
                    });
                }
            }
        });
        self.read_shelf();
        let results = self.state.results();
        self.tasks.spawn("unfinished runs", move || {
            Arrival::Unfinished(super::unfinished::find(&results))
        });
    }

    /// Everything that arrived since the last time.
    pub fn collect(&mut self) {
        self.ask_player();
        while let Some(arrival) = self.tasks.next() {
            self.update(Message::Arrived(arrival));
        }
        while let Ok(event) = self.session.events().try_recv() {
            self.update(Message::Session(event));
        }
        while let Some(frame) = self.session.frames().take() {
            self.update(Message::Frame(frame));
        }
    }

    /// What only the window can do, since the last time.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Applies a message.
    pub fn update(&mut self, message: Message) {
        match message {
            Message::Do(action) => self.act(action),
            Message::Tour(message) => self.tour_message(message),
            Message::Export(message) => self.export_message(message),
            Message::Trial(message) => self.trial_message(message),
            Message::Present(message) => self.present_message(message),
            Message::Ladder(message) => self.ladder_message(message),
            Message::Inspect(message) => self.inspect_message(message),
            Message::Library(message) => self.library_message(message),
            Message::ChooseStimulus(index) => self.choose_stimulus(index),
            Message::ForgetStimulus(index) => self.forget_stimulus(index),
            Message::OpenPaths(paths) => self.look_at(paths),
            Message::PasteText(text) => self.paste_text(&text),
            Message::PasteImage(image) => self.keep_pasted(image),
            Message::ChooseModel(name) => self.choose_model(&name),
            Message::View(change) => self.change_view(change),
            Message::PlayFrom(seconds) => self.play_from(seconds),
            Message::Hear(slot) => self.hear(slot),
            Message::Listening(listening) => self.set_listening(listening),
            Message::ListDevices => self.list_devices(),
            Message::Import => self.import(),
            Message::Published(wish) => self.wish(wish),
            Message::PickLayer(index, pick) => self.pick_layer(index, pick),
            Message::ChooseRecipe(name) => self.choose_recipe(&name),
            Message::Edit(field, text) => self.edit(field, text),
            Message::EndEdit(field) => self.end_edit(field),
            Message::Watch(id) => self.watch(id),
            Message::Rate(factor) => self.order(|job| Command::Rate(job, factor)),
            Message::Dequeue(id) => self.dequeue(id),
            Message::Compare(held) => {
                let any = self.state.shown().is_some() || self.state.page == Page::Inspect;
                self.state.compare = held && any;
            }
            Message::Show(dialog) => self.show(dialog),
            Message::AcceptPath => self.accept_path(),
            Message::TypePath(text) => self.type_path(text),
            Message::Browse => self.browse(),
            Message::Close(answer) => self.close(answer),
            Message::CloseRequested => self.close_requested(),
            Message::Resized(size) => self.state.choices.window = Some(size),
            Message::Dismiss(id) => self.state.notices.retain(|n| n.id != id),
            Message::Arrived(arrival) => self.arrived(arrival),
            Message::Session(event) => self.news(event),
            Message::Frame(frame) => self.frame(frame),
            Message::Tick => self.tick(),
        }
        self.request_preview();
        self.request_made();
        self.refresh_library();
        self.refresh_inspection();
        self.refresh_hearing();
        self.refresh_live();
    }

    fn show(&mut self, dialog: Option<Dialog>) {
        // While the checkpoint is being written there is nothing left to ask.
        if self.state.closing != ClosingState::Checkpointing {
            self.state.dialog = dialog;
        }
    }

    fn say(&mut self, text: impl Into<String>, path: Option<PathBuf>) {
        self.notice(text.into(), path, false);
    }

    fn complain(&mut self, text: impl Into<String>) {
        self.notice(text.into(), None, true);
    }

    fn notice(&mut self, text: String, path: Option<PathBuf>, bad: bool) {
        // The same complaint twice says no more than once.
        self.state.notices.retain(|n| n.text != text);
        self.notices += 1;
        let until = (!bad).then(|| Instant::now() + NOTICE);
        self.state.notices.push(Notice {
            id: self.notices,
            text,
            bad,
            path,
            until,
        });
        let surplus = self.state.notices.len().saturating_sub(3);
        self.state.notices.drain(..surplus);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.state
            .notices
            .retain(|n| n.until.is_none_or(|until| now < until));
        if self.state.inspect.film.advance(now) {
            self.refresh_inspection();
        }
        if self.state.choices != self.remembered {
            let since = *self.changed.get_or_insert(now);
            if now - since >= SETTLED {
                self.remember();
            }
        }
    }

    /// When the window has to look again although nothing happens.
    pub fn next_tick(&self) -> Option<Duration> {
        let notices = self.state.notices.iter().filter_map(|n| n.until).min();
        let settled = (self.state.choices != self.remembered).then(|| {
            self.changed.unwrap_or_else(Instant::now) + SETTLED + Duration::from_millis(10)
        });
        let now = Instant::now();
        let frame = self.state.inspect.film.next(now).map(|wait| now + wait);
        let next = notices
            .into_iter()
            .chain(settled)
            .map(|t| t + Duration::from_millis(10))
            .chain(frame)
            .chain(self.next_look())
            .min()?;
        Some(next.saturating_duration_since(now))
    }

    fn remember(&mut self) {
        self.changed = None;
        self.remembered = self.state.choices.clone();
        let Some(path) = self.state.places.settings.clone() else {
            return;
        };
        let choices = self.remembered.clone();
        self.tasks
            .spawn("remember choices", move || match choices.write(&path) {
                Ok(()) => Arrival::Done,
                Err(e) => Arrival::NotRemembered(e.to_string()),
            });
    }

    /// Writes the choices at once, for the end of the program.
    pub fn remember_now(&mut self) {
        if self.state.choices != self.remembered
            && let Some(path) = &self.state.places.settings
            && let Err(error) = self.state.choices.write(path)
        {
            tracing::warn!("choices not kept: {error}");
        }
    }

    fn close_requested(&mut self) {
        match self.state.closing {
            ClosingState::Now => {}
            ClosingState::Checkpointing => self.effects.push(Effect::CancelClose),
            ClosingState::No | ClosingState::WhenDone if self.state.is_busy() => {
                self.effects.push(Effect::CancelClose);
                self.state.dialog = Some(Dialog::Closing);
            }
            _ => self.state.closing = ClosingState::Now,
        }
    }

    fn close(&mut self, answer: Closing) {
        self.state.dialog = None;
        match answer {
            Closing::KeepRunning => self.state.closing = ClosingState::No,
            Closing::WhenDone if self.state.is_busy() => {
                self.state.closing = ClosingState::WhenDone;
                self.say("The window closes when the queue is done", None);
            }
            Closing::StopAndClose if !self.state.going.is_empty() => {
                self.state.closing = ClosingState::Checkpointing;
                self.state.queue.clear();
                self.session.send(Command::Quit);
            }
            _ => self.close_now(),
        }
    }

    fn close_now(&mut self) {
        self.state.closing = ClosingState::Now;
        self.effects.push(Effect::Close);
    }
}
