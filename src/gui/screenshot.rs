//! Pictures of the program, made by really running it: without a display, on any graphics card or in software.

use super::action::Action;
use super::inspect::{InspectMessage, Mode, PictureChange};
use super::ladder::Rung;
use super::message::{LibraryMessage, Message, Pick};
use super::page::Page;
use super::state::Phase;
use super::theme::ThemeChoice;
use super::{App, GuiOptions};
use anyhow::{Context as _, bail};
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A view of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As it opens the first time.
    Make,
    /// In the middle of a run.
    Running,
    /// After a run, with its verdict.
    Finished,
    /// While a run is held.
    Paused,
    /// With the command palette.
    Palette,
    /// With the recipe's fields.
    Fields,
    /// As it opens the first time, in the light theme.
    Light,
    /// With a model that hears, before anything is started.
    Sound,
    /// With a sound metamer that is finished.
    SoundFinished,
    /// A metamer that is looked into.
    Inspect,
    /// The same with a divider, near by, at an earlier moment.
    InspectWipe,
    /// A sound that is looked into.
    InspectSound,
    /// A ladder.
    Ladder,
    /// A ladder of sounds.
    LadderSound,
    /// The library, after a ladder.
    Library,
    /// What would be exported of a ladder.
    Export,
}

impl View {
    /// Every view by name.
    const NAMED: [(&'static str, Self); 16] = [
        ("make", Self::Make),
        ("running", Self::Running),
        ("finished", Self::Finished),
        ("paused", Self::Paused),
        ("palette", Self::Palette),
        ("fields", Self::Fields),
        ("light", Self::Light),
        ("sound", Self::Sound),
        ("sound-finished", Self::SoundFinished),
        ("inspect", Self::Inspect),
        ("inspect-wipe", Self::InspectWipe),
        ("inspect-sound", Self::InspectSound),
        ("ladder", Self::Ladder),
        ("ladder-sound", Self::LadderSound),
        ("library", Self::Library),
        ("export", Self::Export),
    ];

    /// The view called `name`.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(name: &str) -> crate::Result<Self> {
        let found = Self::NAMED.iter().find(|(n, _)| *n == name);
        found
            .map(|(_, view)| *view)
            .ok_or_else(|| crate::Error::unknown("view", name, Self::NAMED.iter().map(|(n, _)| *n)))
    }
}

/// While something is waited for, every so many frames are really drawn.
const DRAWN: u64 = 60;
/// A run that takes longer than this has gone wrong.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the program up to a view and writes a picture of it as PNG. Nothing is remembered, and no run is kept.
///
/// # Errors
/// When there is nothing to draw with, the view is not reached, or the file cannot be written.
pub fn screenshot(
    view: View,
    [width, height]: [u32; 2],
    theme: ThemeChoice,
    path: &Path,
) -> anyhow::Result<()> {
    let place = Place::new()?;
    let theme = if view == View::Light {
        ThemeChoice::Light
    } else {
        theme
    };
    let options = GuiOptions {
        remember: false,
        tour: false,
        native: false,
        results: Some(place.path().join("runs")),
        data: Some(place.path().join("data")),
        ..GuiOptions::default()
    };
    let mut failed = None;
    let mut harness: Harness<'_, Shell> = Harness::builder()
        .with_size([width as f32, height as f32])
        .with_theme(if theme == ThemeChoice::Light {
            egui::Theme::Light
        } else {
            egui::Theme::Dark
        })
        .wgpu()
        .build_eframe(|cc| match App::new(cc, options) {
            Ok(app) => Shell(Some(app)),
            Err(error) => {
                failed = Some(error);
                Shell(None)
            }
        });
    if let Some(error) = failed {
        return Err(error);
    }
    wait(&mut harness, "the model and the pictures", |app| {
        let state = app.state();
        state.preview.reference.is_some()
            && state
                .stimuli
                .iter()
                .all(|s| s.sound || s.thumbnail.is_some())
    })?;
    reach(&mut harness, view)?;
    // Everything that the last messages changed is laid out, then drawn.
    harness.run_steps(3);
    let picture = harness
        .render()
        .map_err(|e| anyhow::anyhow!("The view could not be drawn: {e}"))?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let image = super::clipboard::from_rgba(width, height, picture.as_raw())?;
    let png = crate::session::run_folder::encode_png(&image, &[])?;
    crate::formats::atomic::write(path, &png)?;
    Ok(())
}

fn reach(harness: &mut Harness<'_, Shell>, view: View) -> anyhow::Result<()> {
    let past = |part: u64| {
        move |app: &App| {
            let state = app.state();
            state
                .shown()
                .is_some_and(|r| r.step >= r.spec.procedure.steps * part / 100 && r.live.is_some())
        }
    };
    match view {
        View::Make | View::Light => {}
        View::Palette => press(harness, Action::Commands),
        View::Fields => press(harness, Action::ShowFields),
        View::Running => {
            press(harness, Action::Start);
            wait(harness, "the run", past(55))?;
        }
        View::Paused => {
            press(harness, Action::Start);
            wait(harness, "the run", past(30))?;
            press(harness, Action::Pause);
            wait(harness, "the pause", |app| {
                app.state()
                    .shown()
                    .is_some_and(|r| r.phase == Phase::Paused)
            })?;
        }
        View::Sound => hear(harness)?,
        View::Ladder | View::LadderSound | View::Library | View::Export => ladder(harness, view)?,
        View::Inspect | View::InspectWipe | View::InspectSound => inspect(harness, view)?,
        View::Finished | View::SoundFinished => {
            if view == View::SoundFinished {
                hear(harness)?;
            }
            press(harness, Action::Start);
            wait(harness, "the verdict", |app| {
                app.state().shown().is_some_and(|r| !r.is_active())
            })?;
            // A person has moved on to the next layer's row by now; notices have gone.
            let notices: Vec<u64> = harness
                .state()
                .0
                .iter()
                .flat_map(|a| &a.state().notices)
                .map(|n| n.id)
                .collect();
            if let Some(app) = &mut harness.state_mut().0 {
                notices
                    .into_iter()
                    .for_each(|id| app.send(Message::Dismiss(id)));
            }
        }
    }
    Ok(())
}

/// The model that hears in pictures.
const HEARS: &str = "word-reduced-aliasing";

/// Chooses a model that hears, and waits for its cochleagrams.
fn hear(harness: &mut Harness<'_, Shell>) -> anyhow::Result<()> {
    if let Some(app) = &mut harness.state_mut().0 {
        app.send(Message::ChooseModel(HEARS.to_owned()));
    }
    wait(harness, "the cochleagrams", |app| {
        app.state().model.is_some() && app.state().hearing.both()
    })
}

/// Layers of which there are metamers when one of them is looked into: the first of them.
const INSPECTED: [usize; 3] = [6, 2, 10];
/// Steps of each.
const INSPECTED_STEPS: &str = "150";

/// Makes metamers of a few layers, and looks into the first.
/// Makes a ladder, and turns to what is to be shown of it.
fn ladder(harness: &mut Harness<'_, Shell>, view: View) -> anyhow::Result<()> {
    if view == View::LadderSound {
        hear(harness)?;
    }
    press(harness, Action::Ladder);
    press(harness, Action::MakeLadder);
    wait(harness, "the ladder", |app| {
        let state = app.state();
        let ladder = state.ladder();
        let mut rungs = ladder.rungs.iter().flatten();
        rungs.all(|r| matches!(r, Rung::Kept(run) if state.made(run).is_some()))
    })?;
    match view {
        View::Library => {
            press(harness, Action::Library);
            wait(harness, "the small pictures", |app| {
                let state = app.state();
                state.shelf.thumbnails.len() == state.shelf.runs.len()
            })?;
            let first = harness.state().0.as_ref().and_then(|a| {
                let run = a.state().library.rows.get(2)?;
                Some(Message::Library(LibraryMessage::Select(run.folder.clone())))
            });
            if let Some((app, message)) = harness.state_mut().0.as_mut().zip(first) {
                app.send(message);
            }
        }
        View::Export => {
            press(harness, Action::Export);
            wait(harness, "the preview", |app| {
                let exporting = app.state().exporting.as_ref();
                exporting.is_some_and(|e| e.preview.is_some())
            })?;
        }
        _ => {}
    }
    // The pictures go to the card a few in a frame.
    harness.run_steps(8);
    Ok(())
}

fn inspect(harness: &mut Harness<'_, Shell>, view: View) -> anyhow::Result<()> {
    if view == View::InspectSound {
        hear(harness)?;
    }
    let send = |harness: &mut Harness<'_, Shell>, messages: Vec<Message>| {
        if let Some(app) = &mut harness.state_mut().0 {
            messages.into_iter().for_each(|m| app.send(m));
        }
    };
    let steps = Message::Edit("steps", INSPECTED_STEPS.into());
    send(harness, vec![steps, Message::EndEdit("steps")]);
    for (made, layer) in INSPECTED.into_iter().enumerate() {
        let layers = harness
            .state()
            .0
            .as_ref()
            .map_or(0, |a| a.state().layers.len());
        let pick = Message::PickLayer(layer.min(layers.saturating_sub(1)), Pick::Only);
        send(harness, vec![pick]);
        press(harness, Action::Start);
        wait(harness, "the run", |app| {
            app.state().shelf.runs.len() > made
        })?;
    }
    press(harness, Action::Inspect);
    let first = harness.state().0.as_ref().and_then(|a| {
        let first = a.state().shelf.runs.last()?;
        Some(LibraryMessage::Open(first.folder.clone(), Page::Inspect))
    });
    send(harness, first.map(Message::Library).into_iter().collect());
    wait(harness, "the activations", |app| {
        let inspect = &app.state().inspect;
        inspect.look.is_some() && inspect.loaded.is_some() && app.state().pair()[0].is_some()
    })?;
    if view == View::InspectWipe {
        send(
            harness,
            vec![
                Message::Inspect(InspectMessage::Mode(Mode::Wipe)),
                Message::Inspect(InspectMessage::Frame(24)),
                Message::Inspect(InspectMessage::Picture(PictureChange::Zoom {
                    at: [0.4, 0.5],
                    factor: 0.3,
                })),
                Message::Inspect(InspectMessage::Picture(PictureChange::Point(Some([
                    0.44, 0.44,
                ])))),
            ],
        );
        wait(harness, "the activations at that moment", |app| {
            let state = app.state();
            let [_, metamer] = state.pair();
            let look = state.inspect.look.as_ref();
            look.zip(metamer)
                .is_some_and(|(l, m)| std::sync::Arc::ptr_eq(&l.of.pair[1], &m))
        })?;
    }
    if view == View::InspectSound {
        wait(harness, "the cochleagrams", |app| {
            app.state().hearing.both()
        })?;
    }
    Ok(())
}

/// Presses the action's key, as a person would.
fn press(harness: &mut Harness<'_, Shell>, action: Action) {
    let Some(shortcut) = action.shortcut(
        harness
            .state()
            .0
            .as_ref()
            .is_some_and(|a| a.state().hears()),
    ) else {
        return;
    };
    let (modifiers, key): (Modifiers, Key) = (shortcut.modifiers, shortcut.logical_key);
    for pressed in [true, false] {
        let event = Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        };
        harness.event_modifiers(event, modifiers);
    }
    harness.step();
}

fn wait(
    harness: &mut Harness<'_, Shell>,
    what: &str,
    mut reached: impl FnMut(&App) -> bool,
) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    let mut frame = 0u64;
    loop {
        harness.step();
        frame += 1;
        // Pictures that were handed to the card are let go of only when a frame is drawn.
        if frame.is_multiple_of(DRAWN) {
            harness
                .render()
                .map_err(|e| anyhow::anyhow!("The view could not be drawn: {e}"))?;
        }
        let Some(app) = &harness.state().0 else {
            bail!("The window could not be made")
        };
        if reached(app) {
            return Ok(());
        }
        if let Some(notice) = app.state().notices.iter().find(|n| n.bad) {
            bail!("{}", notice.text);
        }
        if Instant::now() > end {
            bail!("Waited in vain for {what}");
        }
        // The optimisation needs the processor more than this loop does.
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The application, or nothing where it could not be made: the harness wants one in any case.
struct Shell(Option<App>);

impl eframe::App for Shell {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        if let Some(app) = &mut self.0 {
            app.logic(ctx, frame);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if let Some(app) = &mut self.0 {
            app.ui(ui, frame);
        }
    }
}

/// A folder that is gone when this is.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("metamer-studio-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("Cannot create folder {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
