//! What is done with the outcome of background work.

use super::{OWN_STIMULI, Studio};
use crate::gui::action::Action;
use crate::gui::format;
use crate::gui::state::{LayerEntry, StimulusEntry};
use crate::gui::tasks::{Arrival, OpenedStimulus};
use crate::network::Model;
use crate::session::stimulus::is_sound;
use std::path::Path;
use std::sync::Arc;

impl Studio {
    pub(super) fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            // Another may have been chosen since.
            Arrival::Model(Ok(model)) if model.name == self.state.choices.model => {
                self.model_loaded(model);
            }
            Arrival::Model(Ok(_)) => {}
            Arrival::Model(Err(error)) => self.model_not_loaded(error),
            Arrival::Stimuli(paths) => paths.into_iter().for_each(|p| self.open(p, true)),
            Arrival::Examined(Ok(found)) => self.examined(*found),
            Arrival::Imported(Ok(model)) => self.imported(model),
            Arrival::Published(name, news) => self.published_news(name, news),
            Arrival::Examined(Err(error)) | Arrival::Imported(Err(error)) => self.complain(error),
            Arrival::Thumbnail { name, image } => {
                if let Some(entry) = self.state.stimuli.iter_mut().find(|s| s.name == name) {
                    entry.thumbnail = Some(Arc::new(image));
                }
            }
            Arrival::Loaded(folder, result) => self.loaded(&folder, result.map(|l| *l)),
            Arrival::Looked(result) => self.looked(result),
            Arrival::Heard { slot, result } => self.heard(slot, result),
            Arrival::Live { id, result } => self.live_heard(id, result),
            Arrival::Opened { result, choose } => self.opened(result, choose),
            Arrival::Preview { generation, result }
                if generation == self.state.preview.generation =>
            {
                let preview = &mut self.state.preview;
                match result {
                    Ok((reference, start)) => {
                        (preview.reference, preview.start, preview.error) =
                            (Some(reference), start, None);
                    }
                    Err(error) => {
                        (preview.reference, preview.start, preview.error) =
                            (None, None, Some(error.clone()));
                        self.complain(error);
                        // What was remembered and is gone cannot stay chosen.
                        let chosen = &self.state.choices.stimulus;
                        if !self.state.offered().any(|(_, s)| s.name == *chosen) {
                            self.choose_first_stimulus();
                        }
                    }
                }
            }
            // The choice has changed since.
            Arrival::Preview { .. } => {}
            Arrival::Resolved {
                jobs,
                asked,
                resume,
            } => self.resolved(jobs, asked, resume),
            Arrival::Offers(typed, found) => self.offered(&typed, found),
            Arrival::Picked(path) => self.picked(path),
            Arrival::Pasted(Ok(path)) => self.open(path, true),
            Arrival::Pasted(Err(error)) | Arrival::Written(Err(error)) => self.complain(error),
            Arrival::Written(Ok((text, path))) => self.say(text, Some(path)),
            Arrival::Unfinished(found) => {
                // A run that was started meanwhile is no longer unfinished.
                let begun = |folder: &std::path::Path| {
                    self.state
                        .runs
                        .values()
                        .any(|r| r.folder.as_deref() == Some(folder))
                };
                self.state.unfinished = found.into_iter().filter(|u| !begun(&u.folder)).collect();
            }
            Arrival::Shelf(results, found) => self.shelf_read(&results, found),
            Arrival::Kept(Ok(run)) => self.kept(*run),
            Arrival::Small(folder, image) => {
                self.state.shelf.thumbnails.insert(folder, image);
            }
            Arrival::Presentation(Ok(presentation)) => self.begin_presentation(*presentation),
            Arrival::Presentation(Err(error)) => self.complain(error),
            Arrival::Trials(Ok(Some(trials))) => self.trials_ready(*trials),
            Arrival::Trials(Ok(None)) => {}
            Arrival::Trials(Err(error)) => self.complain(error),
            Arrival::ExportSet(set) => self.export_set(set),
            Arrival::ExportPlan {
                generation,
                preview,
            } => self.export_planned(generation, preview),
            Arrival::ExportProgress(done, of, file) => self.export_progress(done, of, file),
            Arrival::Exported(written) => self.exported(written),
            Arrival::Again { folder, job } => self.again(folder, job),
            Arrival::Deleted { folder, gone } => self.deleted(folder, gone),
            Arrival::Made(folder, Ok(made)) => {
                self.state.shelf.made.insert(folder, made);
            }
            Arrival::Kept(Err(error)) | Arrival::Made(_, Err(error)) => self.complain(error),
            Arrival::NotRemembered(error) => {
                self.complain(format!("Your choices could not be remembered: {error}"));
            }
            Arrival::Broken(error) => {
                self.state.preparing = 0;
                self.complain(format!(
                    "An error in this program: {error}. Please report it"
                ));
            }
            Arrival::Done => {}
        }
    }

    pub(super) fn model_loaded(&mut self, model: Arc<Model>) {
        self.state.layers = layer_entries(&model, &self.state.choices.layers);
        self.listen_to(&model);
        self.state.anchor = self.state.layers.iter().position(|l| l.chosen);
        self.state.choices.layers = self.state.chosen_layers().map(|l| l.name.clone()).collect();
        self.state.model = Some(model);
        let own = self.state.choices.own_stimuli.clone();
        let surplus = own.len().saturating_sub(OWN_STIMULI);
        for path in own.into_iter().skip(surplus) {
            // What another model takes is read when that is chosen.
            let known = self.state.stimuli.iter().any(|s| s.name == path);
            let fits = path.ends_with(".npy") || is_sound(Path::new(&path)) == self.state.hears();
            if !known && fits {
                self.open(path.into(), false);
            }
        }
        std::mem::take(&mut self.waiting)
            .into_iter()
            .for_each(|path| self.open(path, true));
        if std::mem::take(&mut self.start_at_once) {
            self.act(Action::Start);
        }
    }

    fn opened(&mut self, result: Result<OpenedStimulus, String>, choose: bool) {
        match result {
            Ok(OpenedStimulus {
                name,
                thumbnail,
                seconds,
                sound,
            }) => {
                let thumbnail = thumbnail.map(Arc::new);
                match self.state.stimuli.iter_mut().find(|s| s.name == name) {
                    Some(entry) => entry.thumbnail = thumbnail,
                    None => {
                        let title = format::stimulus(&name);
                        self.state.stimuli.push(StimulusEntry {
                            name: name.clone(),
                            title,
                            sound,
                            seconds,
                            own: true,
                            thumbnail,
                        });
                    }
                }
                if choose {
                    let own = &mut self.state.choices.own_stimuli;
                    own.retain(|s| *s != name);
                    own.push(name.clone());
                    let surplus = own.len().saturating_sub(OWN_STIMULI);
                    own.drain(..surplus);
                    let place = self.state.offered().find(|(_, s)| s.name == name);
                    if let Some((index, _)) = place {
                        self.choose_stimulus(index);
                    }
                }
            }
            Err(error) if choose => self.complain(error),
            // A file of last time that is gone is missed only if it is the chosen one, and then its preview complains.
            Err(error) => tracing::info!("not offered again: {error}"),
        }
    }
}

fn layer_entries(model: &Model, chosen: &[String]) -> Vec<LayerEntry> {
    let node = |id| model.graph.node(id);
    let sizes = || {
        model
            .metamer_layers
            .iter()
            .map(|id| (node(*id).elements() as f32).ln())
    };
    let (least, most) = sizes().fold((f32::MAX, f32::MIN), |(a, b), s| (a.min(s), b.max(s)));
    let entry = |(id, size): (&_, f32)| {
        let node = node(*id);
        LayerEntry {
            id: *id,
            name: node.name.clone(),
            shape: format::shape(&node.shape),
            elements: node.elements(),
            size: if most > least {
                (size - least) / (most - least)
            } else {
                1.0
            },
            chosen: chosen.contains(&node.name),
        }
    };
    let mut all: Vec<LayerEntry> = model
        .metamer_layers
        .iter()
        .zip(sizes())
        .map(entry)
        .collect();
    if !all.iter().any(|l| l.chosen)
        && let Some(middle) = all.len().checked_div(2).and_then(|i| all.get_mut(i))
    {
        middle.chosen = true;
    }
    all
}
