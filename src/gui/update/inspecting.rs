//! One metamer looked into: what it was made from, its activations and its history are fetched in the background, one
//! thing at a time, for the page that shows them.

use super::Studio;
use crate::cpu::{Convolving, Cpu};
use crate::export::{ColourMap, Kind};
use crate::gui::inspect::{
    InspectMessage, LayerTable, Loaded, Look, Looked, PictureChange, PictureView, zoom_sound,
};
use crate::gui::ladder::{Focus, Rung};
use crate::gui::page::Page;
use crate::gui::sound_view::ViewChange;
use crate::gui::tasks::Arrival;
use crate::network::{Model, NodeId};
use crate::session::job::reference_of;
use crate::session::{History, history};
use crate::verify::Channels;
use crate::{Error, Result};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Activations that are held to be looked at again, in bytes; the newest is held in any case.
const HELD: usize = 96 << 20;
/// The activations of a run that goes on are renewed after this long at the earliest: it needs the processor more.
const RENEWED: Duration = Duration::from_secs(2);

/// What activations are looked at with: a network of its own, apart from the one that the optimisation uses.
#[derive(Default)]
pub(super) struct Examiner {
    /// Made when first needed, for the weights of this sha256.
    executor: Arc<Mutex<Option<(String, Cpu)>>>,
    busy: bool,
    /// When it was last begun.
    begun: Option<Instant>,
    /// What the table of layers was made of: what is looked into, how many runs were known, whether it was checked.
    table_of: Option<(Option<Focus>, usize, bool)>,
}

/// The activations of a pair at a layer.
fn examine(
    executor: &Mutex<Option<(String, Cpu)>>,
    model: &Model,
    layer: NodeId,
    pair: &[Arc<Vec<f32>>; 2],
) -> Result<Channels> {
    let mut kept = executor.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, cpu) = match kept.take() {
        Some((made_for, cpu)) if made_for == model.weights_sha256 => kept.insert((made_for, cpu)),
        // One thread, since the optimisation needs the others more; convolutions by their definition, since this is looked at closely.
        _ => kept.insert((
            model.weights_sha256.clone(),
            Cpu::new(model.graph.clone(), 1, Convolving::Exact)?,
        )),
    };
    let [reference, metamer] = pair;
    Channels::examine(model, cpu, layer, reference, metamer)
}

/// What there is of a finished run besides its metamer.
fn load(spec: &crate::synthesis::Spec, model: &Model, folder: &Path) -> Result<Loaded> {
    let path = folder.join(history::FILE);
    let history = path.exists().then(|| History::read(&path)).transpose()?;
    let shape = history.as_ref().and_then(|h| h.snapshots.first());
    if let Some(first) = shape
        && first.stimulus.shape.iter().product::<usize>() != model.input.elements()
    {
        let reason = format!("Its stimuli do not fit '{}'", model.name);
        return Err(Error::file(path, reason));
    }
    Ok(Loaded {
        reference: reference_of(spec, model, Some(folder))?.map(Arc::new),
        folder: folder.to_owned(),
        history,
    })
}

impl Studio {
    pub(super) fn inspect_message(&mut self, message: InspectMessage) {
        let inspect = &mut self.state.inspect;
        match message {
            InspectMessage::Mode(mode) => inspect.mode = mode,
            InspectMessage::Wipe(place) => inspect.wipe = place.clamp(0.0, 1.0),
            InspectMessage::Blink(rate) => inspect.blink = rate,
            InspectMessage::Picture(change) => inspect.picture.apply(change),
            InspectMessage::Zoom(factor) => self.zoom(factor),
            InspectMessage::ShowAll => {
                inspect.picture.apply(PictureChange::ShowAll);
                self.change_view(ViewChange::ShowAll);
            }
            InspectMessage::Layer(name) => {
                if self.state.inspected_layer() != Some(&name) {
                    (self.state.inspect.channel, self.state.inspect.look_error) = (None, None);
                }
                self.state.inspect.layer = Some(name);
            }
            InspectMessage::GoLayer(by) => self.go_layer(by),
            InspectMessage::Channel(channel) => inspect.channel = Some(channel),
            InspectMessage::GoChannel(by) => {
                let Some(look) = &inspect.look else { return };
                let errors = &look.of.channels.errors;
                let now = look.of.channels.error(look.channel).map_or(0, |(at, _)| at);
                let next = now.saturating_add_signed(by).min(errors.len() - 1);
                inspect.channel = Some(errors[next].channel);
            }
            InspectMessage::Frame(frame) => inspect.film.go(frame),
            InspectMessage::GoFrame(by) => inspect.film.step(by),
            InspectMessage::Play => inspect.film.toggle(Instant::now()),
            InspectMessage::Loop => inspect.film.looping = !inspect.film.looping,
            InspectMessage::ExportFilm => self.export_film(),
        }
    }

    /// The animation of a complete run, with the same preview as any export.
    fn export_film(&mut self) {
        if !self.state.inspect.film.any() || !matches!(self.state.focus, Some(Focus::Kept(_))) {
            return;
        }
        self.state.inspect.film.hold();
        self.begin_export();
        if let Some(exporting) = &mut self.state.exporting {
            exporting.kind = Kind::Animation;
        }
    }

    fn zoom(&mut self, factor: f64) {
        if let Some(view) = self.state.hearing.view.filter(|_| self.state.hears()) {
            return self.change_view(zoom_sound(&view, factor));
        }
        let picture = &mut self.state.inspect.picture;
        let at = picture.cursor().unwrap_or_else(|| picture.middle());
        picture.apply(PictureChange::Zoom { at, factor });
    }

    fn go_layer(&mut self, by: isize) {
        let now = self.state.inspected_layer();
        let at = self
            .state
            .layers
            .iter()
            .position(|l| Some(&l.name[..]) == now);
        let last = self.state.layers.len().saturating_sub(1);
        let next = at.unwrap_or(0).saturating_add_signed(by).min(last);
        if let Some(layer) = self.state.layers.get(next) {
            let name = layer.name.clone();
            self.inspect_message(InspectMessage::Layer(name));
        }
    }

    /// Brings what the page shows up to date.
    pub(super) fn refresh_inspection(&mut self) {
        if self.state.page != Page::Inspect {
            self.state.inspect.film.hold();
            return;
        }
        if self.state.inspect.subject != self.state.focus {
            self.take_up_subject();
        }
        self.refresh_film();
        self.refresh_table();
        self.refresh_look();
    }

    /// Begins with another metamer. How it is looked at stays as it is.
    fn take_up_subject(&mut self) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let focused = self.state.focused();
        let Some(spec) = focused.as_ref().and_then(|r| r.spec().cloned()) else {
            return;
        };
        // Its model may still be on its way.
        if spec.model != model.name {
            return;
        }
        let folder = match &focused {
            Some(Rung::Kept(kept)) => Some(kept.folder.clone()),
            _ => None,
        };
        // A run that is complete now was looked into while it was made: its reference and film go on.
        let same_run = matches!(
            (&self.state.inspect.subject, &self.state.focus),
            (Some(Focus::Run(id)), Some(Focus::Kept(folder)))
                if self.state.runs.get(id).is_some_and(|r| r.folder.as_ref() == Some(folder))
        );
        let inspect = &mut self.state.inspect;
        inspect.subject = self.state.focus.clone();
        (inspect.loaded, inspect.error) = (None, None);
        if !same_run {
            inspect.film.begin(spec.procedure.steps);
            (inspect.layer, inspect.channel, inspect.look) = (None, None, None);
            inspect.look_error = None;
        }
        if let [3, height, width] = model.input.shape[..]
            && inspect.picture.pixels() != [width, height]
        {
            inspect.picture = PictureView::new([width, height]);
        }
        if let Some(folder) = folder {
            self.tasks.spawn("inspect", move || {
                let result = load(&spec, &model, &folder).map(Box::new);
                Arrival::Loaded(folder, result.map_err(|e| e.to_string()))
            });
        }
    }

    pub(super) fn loaded(&mut self, folder: &Path, result: Result<Loaded, String>) {
        // Another may be looked into by now.
        if self.state.inspect.subject != Some(Focus::Kept(folder.to_owned())) {
            return;
        }
        match result {
            Ok(loaded) => self.state.inspect.loaded = Some(loaded),
            Err(error) => self.state.inspect.error = Some(error),
        }
    }

    fn refresh_film(&mut self) {
        let Some(rung) = self.state.focused() else {
            return;
        };
        let complete = matches!(rung, Rung::Kept(_));
        let snapshots = match (&rung, &self.state.inspect.loaded) {
            (Rung::Run(run), _) => Some(run.history.snapshots.clone()),
            (Rung::Kept(_), Some(loaded)) => Some(
                loaded
                    .history
                    .as_ref()
                    .map_or(vec![], |h| h.snapshots.clone()),
            ),
            // Until it is read, what was there stays.
            _ => None,
        };
        if let Some(snapshots) = snapshots {
            self.state.inspect.film.extend(&snapshots, complete);
        }
    }

    fn refresh_table(&mut self) {
        let checked = self
            .state
            .focused()
            .is_some_and(|r| r.verification().is_some());
        let known = self.state.shelf.runs.len();
        let of = Some((self.state.inspect.subject.clone(), known, checked));
        if self.examiner.table_of != of {
            self.examiner.table_of = of;
            self.state.inspect.table = LayerTable::of(&self.state);
        }
    }

    /// What is to be looked at: the pair as it is shown, at the layer.
    fn wanted_look(&self) -> Option<([Arc<Vec<f32>>; 2], String)> {
        let [reference, metamer] = self.state.inspected();
        let layer = self.state.inspected_layer()?.to_owned();
        Some(([reference?, metamer?], layer))
    }

    /// Whether what is looked at changes by itself, and need not be followed step by step.
    fn look_is_moving(&self) -> bool {
        let live = matches!(self.state.focused(), Some(Rung::Run(run)) if run.is_active());
        live && self.state.inspect.film.at().is_none()
    }

    fn refresh_look(&mut self) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let Some((pair, layer)) = self.wanted_look() else {
            return;
        };
        let inspect = &mut self.state.inspect;
        if let Some(at) = inspect.lately.iter().position(|l| l.is_of(&pair, &layer)) {
            let looked = inspect.lately.remove(at);
            inspect.lately.push(looked.clone());
            return self.show_look(looked);
        }
        // Of the same layer, the channel can change all the same.
        if let Some(look) = &inspect.look
            && look.of.channels.layer == layer
        {
            let looked = look.of.clone();
            self.show_look(looked);
        } else {
            inspect.look = None;
        }
        let inspect = &self.state.inspect;
        if self.examiner.busy || inspect.film.is_playing() || inspect.look_error.is_some() {
            return;
        }
        if self.look_is_moving()
            && inspect.look.is_some()
            && self.examiner.begun.is_some_and(|b| b.elapsed() < RENEWED)
        {
            return;
        }
        let Ok(node) = model.layer(&layer) else {
            return;
        };
        self.examiner.busy = true;
        self.examiner.begun = Some(Instant::now());
        let executor = self.examiner.executor.clone();
        self.tasks.spawn("activations", move || {
            let channels = examine(&executor, &model, node, &pair);
            let looked = channels.map(|channels| Arc::new(Looked { pair, channels }));
            Arrival::Looked(looked.map_err(|e| e.to_string()))
        });
    }

    pub(super) fn looked(&mut self, result: Result<Arc<Looked>, String>) {
        self.examiner.busy = false;
        let inspect = &mut self.state.inspect;
        match result {
            Ok(looked) => {
                inspect.lately.push(looked);
                let mut size: usize = inspect.lately.iter().map(|l| l.channels.size()).sum();
                while size > HELD && inspect.lately.len() > 1 {
                    size -= inspect.lately.remove(0).channels.size();
                }
                // The newest is shown even if the stimulus has moved on since.
                let layer = self.state.inspected_layer().map(str::to_owned);
                let newest = self.state.inspect.lately.last().cloned();
                if let Some(newest) = newest.filter(|l| Some(&l.channels.layer) == layer.as_ref()) {
                    self.show_look(newest);
                }
            }
            Err(error) => inspect.look_error = Some(error),
        }
    }

    /// Shows the chosen channel, or the one with the largest error.
    fn show_look(&mut self, looked: Arc<Looked>) {
        let inspect = &self.state.inspect;
        let channels = &looked.channels;
        let worst = channels.errors[0].channel;
        let channel = inspect
            .channel
            .filter(|c| *c < channels.count())
            .unwrap_or(worst);
        let colours = ColourMap::find(&self.state.choices.listening.colours);
        let colours = colours.unwrap_or(ColourMap::Magma);
        let same = inspect.look.as_ref().is_some_and(|l| {
            let map = l.shading.map;
            let as_chosen = map == colours || map == colours.for_difference();
            Arc::ptr_eq(&l.of, &looked) && l.channel == channel && as_chosen
        });
        if same {
            return;
        }
        match Look::new(looked, channel, colours, self.state.hears()) {
            Ok(look) => self.state.inspect.look = Some(look),
            Err(error) => self.state.inspect.look_error = Some(error.to_string()),
        }
    }

    /// When the activations of a run that goes on are due again.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let waits =
            self.state.page == Page::Inspect && !self.examiner.busy && self.look_is_moving();
        let waits =
            waits && self.state.inspect.look_error.is_none() && self.wanted_look().is_some();
        self.examiner.begun.filter(|_| waits).map(|b| b + RENEWED)
    }
}
