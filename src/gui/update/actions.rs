//! What each action does.

use super::{Effect, Studio};
use crate::cpu::Convolving;
use crate::gui::action::Action;
use crate::gui::page::Page;
use crate::gui::state::{Dialog, Mark, PathPurpose, Phase, Queued};
use crate::gui::tasks::Arrival;
use crate::gui::trials::Kind;
use crate::gui::unfinished::{self, Unfinished};
use crate::network::registry;
use crate::session::run_folder::to_image;
use crate::session::{Command, Existing, Job, JobId, Request, Stimulus};
use std::path::PathBuf;
use std::sync::Arc;

impl Studio {
    pub(super) fn act(&mut self, action: Action) {
        if let Err(reason) = action.possible(&self.state) {
            // A key that has nothing to do right now is no mistake worth a word, except where a person waits for something.
            if matches!(
                action,
                Action::ExportPng
                    | Action::ExportWav
                    | Action::ExportNpy
                    | Action::CopyPicture
                    | Action::ExportFolder
            ) {
                self.say(reason, None);
            }
            return;
        }
        match action {
            Action::Make => self.turn_to(Page::Make),
            Action::Ladder => self.turn_to(Page::Ladder),
            Action::Inspect => self.turn_to(Page::Inspect),
            Action::Library => self.turn_to(Page::Library),
            Action::Present => self.present(),
            Action::Tour => self.begin_tour(),
            Action::Export => self.begin_export(),
            Action::Abx => self.begin_trials(Kind::Abx),
            Action::Guess => self.begin_trials(Kind::Guess),
            Action::MakeLadder => self.make_ladder(),
            Action::Undo => self.undo_delete(),
            Action::Start | Action::AddToQueue => self.start(),
            Action::Pause => self.order(Command::Pause),
            Action::Resume => self.resume(),
            Action::Stop => self.order(Command::Stop),
            Action::BackToStart => self.back_to_start(),
            // Comparing lasts as long as the key is held, see `keys`.
            Action::Compare => {}
            Action::Listen
            | Action::Switch
            | Action::Back
            | Action::Forward
            | Action::Loop
            | Action::MatchLevels => self.listening_action(action),
            Action::PastePicture => self.effects.push(Effect::Paste),
            Action::OpenFile => self.ask_path(PathPurpose::Open),
            Action::Published => self.show_published(),
            Action::NextStimulus => self.step_stimulus(1),
            Action::PreviousStimulus => self.step_stimulus(-1),
            Action::NextLayer => self.step_layer(1),
            Action::PreviousLayer => self.step_layer(-1),
            Action::AllLayers => self.choose_all_layers(),
            Action::ShowFields => self.state.fields_open = !self.state.fields_open,
            Action::ResetFields => self.reset_fields(),
            Action::ExportPng => self.ask_path(PathPurpose::Png),
            Action::ExportWav => self.ask_path(PathPurpose::Wav),
            Action::ExportNpy => self.ask_path(PathPurpose::Npy),
            Action::ExportFolder => self.ask_path(PathPurpose::Folder),
            Action::ChooseResults => self.ask_path(PathPurpose::Results),
            Action::CopyPicture => self.copy_picture(),
            Action::CopyFolderPath => {
                if let Some(folder) = self.state.shown().and_then(|r| r.folder.clone()) {
                    self.effects
                        .push(Effect::CopyText(folder.display().to_string()));
                    self.say("Copied the path", Some(folder));
                }
            }
            Action::OpenFolder => self.open_folder(),
            Action::ResumeUnfinished => self.resume_unfinished(),
            Action::LeaveUnfinished => self.state.unfinished.clear(),
            Action::SwitchTheme => {
                self.state.choices.theme = self.state.choices.theme.next();
                self.effects.push(Effect::Theme);
            }
            Action::Commands => self.show(Some(Dialog::Commands {
                query: String::new(),
                row: 0,
            })),
            Action::Shortcuts => self.show(Some(Dialog::Shortcuts)),
            Action::Quit => self.effects.push(Effect::Close),
        }
    }

    /// Gives the worker an order about the run that goes on.
    pub(super) fn order(&self, order: impl FnOnce(Option<JobId>) -> Command) {
        self.session.send(order(self.state.active_id()));
    }

    /// Queues a run for each chosen layer.
    fn start(&mut self) {
        let seed = self.state.choices.seed;
        let layers: Vec<_> = self
            .state
            .chosen_layers()
            .map(|l| (l.name.clone(), seed))
            .collect();
        if layers.is_empty() {
            return self.complain("Choose a layer first");
        }
        self.start_runs(layers);
    }

    /// Queues a run for each of these layers and seeds.
    pub(super) fn start_runs(&mut self, wanted: Vec<(String, u64)>) {
        if let Some((field, error)) = self
            .state
            .drafts
            .iter()
            .find_map(|(f, d)| Some((*f, d.error.clone()?)))
        {
            return self.complain(format!("Cannot start: {field} is not valid. {error}"));
        }
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let nulls = self.nulls.clone();
        let choices = &self.state.choices;
        let name = choices.stimulus.clone();
        let (recipe, procedure) = (choices.recipe.clone(), self.state.procedure.clone());
        let threads = choices.threads;
        let asked = wanted.len();
        self.state.preparing += asked;
        self.tasks.spawn("resolve", move || {
            let stimulus = Stimulus::load(&name).map_err(|e| e.to_string());
            let null = (nulls)(&model).map_err(|e| e.to_string());
            let resolve = |(layer, seed): (String, u64)| {
                let request = Request {
                    model: model.clone(),
                    layer: model.layer(&layer).map_err(|e| e.to_string())?,
                    stimulus: Some(stimulus.clone()?),
                    target: None,
                    init: None,
                    recipe: recipe.clone(),
                    procedure: procedure.clone(),
                    seed,
                    device: "cpu".into(),
                    threads,
                    conv: Convolving::Fast,
                };
                Job::resolve(&request, null.clone()?)
                    .map(Box::new)
                    .map_err(|e| e.to_string())
            };
            let mut jobs: Vec<Result<_, String>> = wanted.into_iter().map(resolve).collect();
            // A file that cannot be read is one complaint, however many layers were chosen.
            if stimulus.is_err() || null.is_err() {
                jobs.truncate(1);
            }
            Arrival::Resolved {
                jobs,
                asked,
                resume: false,
            }
        });
    }

    pub(super) fn resolved(
        &mut self,
        jobs: Vec<Result<Box<Job>, String>>,
        asked: usize,
        resume: bool,
    ) {
        self.state.preparing = self.state.preparing.saturating_sub(asked);
        let results = self.state.results();
        for job in jobs {
            match job {
                Ok(job) if resume => {
                    self.enqueue(*job, true);
                }
                Ok(job) => {
                    self.enqueue(job.into_folder(&results, Existing::Number), false);
                }
                Err(error) => self.complain(error),
            }
        }
    }

    pub(super) fn enqueue(&mut self, job: Job, resumes: bool) -> JobId {
        let spec = job.spec.clone();
        let mark = self.state.marks.entry((&spec).into()).or_default();
        if *mark != Mark::Running {
            *mark = Mark::Queued;
        }
        let id = self.session.enqueue(job);
        self.state.queue.push(Queued { id, spec, resumes });
        id
    }

    pub(super) fn dequeue(&mut self, id: JobId) {
        let Some(at) = self.state.queue.iter().position(|q| q.id == id) else {
            return;
        };
        let gone = self.state.queue.remove(at);
        self.session.send(Command::Remove(id));
        let key = (&gone.spec).into();
        if self.state.marks.get(&key) == Some(&Mark::Queued) {
            self.state.marks.remove(&key);
        }
    }

    fn resume(&mut self) {
        if self
            .state
            .active()
            .is_some_and(|r| r.phase == Phase::Paused)
        {
            return self.order(Command::Resume);
        }
        let Some(run) = self.state.resumable() else {
            return;
        };
        let Some(folder) = run.folder.clone() else {
            return;
        };
        let unfinished = Unfinished {
            folder,
            spec: run.spec.clone(),
            step: run.step,
        };
        self.resume_from(vec![unfinished]);
    }

    fn resume_unfinished(&mut self) {
        let all = std::mem::take(&mut self.state.unfinished);
        self.resume_from(all);
    }

    fn resume_from(&mut self, runs: Vec<Unfinished>) {
        let Some(model) = self.state.model.clone() else {
            return;
        };
        let (nulls, library) = (self.nulls.clone(), self.library());
        let asked = runs.len();
        self.state.preparing += asked;
        self.tasks.spawn("resume", move || {
            let job = |run: &Unfinished| {
                // A run of another model than the one that is looked at.
                let model = if run.spec.model == model.name {
                    model.clone()
                } else {
                    registry::load_with(&library, &run.spec.model)
                        .map(Arc::new)
                        .map_err(|e| e.to_string())?
                };
                let null = nulls(&model).map_err(|e| e.to_string())?;
                unfinished::job(run, &model, null)
                    .map(Box::new)
                    .map_err(|e| e.to_string())
            };
            Arrival::Resolved {
                jobs: runs.iter().map(job).collect(),
                asked,
                resume: true,
            }
        });
    }

    fn back_to_start(&mut self) {
        let Some(run) = self.state.shown() else {
            return;
        };
        if Some(run.id) == self.state.active_id() {
            self.order(Command::Rewind);
        } else {
            self.state.viewing = None;
        }
    }

    fn copy_picture(&mut self) {
        let Some(model) = &self.state.model else {
            return;
        };
        let Some((_, values)) = self.state.shown().and_then(|r| r.metamer.as_ref()) else {
            return;
        };
        self.effects
            .push(Effect::CopyPicture(to_image(values, &model.input)));
        self.say("Copied the picture", None);
    }

    fn open_folder(&mut self) {
        if let Some(folder) = self.state.shown().and_then(|r| r.folder.clone()) {
            self.open_in_file_manager(folder);
        }
    }

    pub(super) fn open_in_file_manager(&self, folder: PathBuf) {
        let opener = match std::env::consts::OS {
            "macos" => "open",
            "windows" => "explorer",
            _ => "xdg-open",
        };
        self.tasks.spawn("open folder", move || {
            match std::process::Command::new(opener).arg(&folder).status() {
                // Windows' explorer reports failure even when it succeeds.
                Ok(status) if status.success() || cfg!(windows) => Arrival::Done,
                Ok(_) | Err(_) => Arrival::Written(Err(format!(
                    "No file manager could be started ({opener}). The folder is {}",
                    folder.display()
                ))),
            }
        });
    }
}
