//! The window: model, update, view.
//!
//! * [`state`] is what the window shows, as plain data; [`settings`] is the part of it that is remembered.
//! * [`panels`], [`dialogs`] and [`widgets`] read the state and say what a person wants as [`message`]s; what can be done
//!   without further words is an [`action`], from which buttons, keys and the command palette are made.
//! * [`update`] applies messages. It drives the session, starts background [`tasks`], and hands back what only the
//!   window can do.
//! * [`page`] names the window's pages; [`ladder`], [`shelf`] and [`library`] are what is made, layer by layer and over time.
//! * [`inspect`] is what is seen of one metamer that is looked into.
//! * [`hearing`] is what is seen and heard of a pair of sounds; [`sound_view`] is what part of a sound is shown; [`heatmap`] puts values on the graphics card.
//! * [`published`] is what is known of the authors' files that can be fetched.
//! * [`app`] ties these to eframe. [`theme`] has every colour, [`layout`] every size that is shared.
//!
//! Only this module knows egui and wgpu.

pub mod action;
mod app;
mod clipboard;
mod curve;
mod dialogs;
pub mod exporting;
mod format;
mod frame_times;
pub mod hearing;
pub mod heatmap;
pub mod inspect;
mod keys;
pub mod ladder;
mod layout;
pub mod library;
mod message;
mod native_dialog;
mod offers;
mod order;
pub mod page;
mod panels;
mod pictures;
pub mod presentation;
mod process;
pub mod published;
mod repaint;
mod run;
mod screenshot;
mod settings;
pub mod shelf;
pub mod sound_view;
pub mod state;
mod tasks;
pub mod theme;
pub mod tour;
pub mod trials;
mod unfinished;
mod update;
mod widgets;

pub use app::App;
pub use curve::Curve;
pub use message::{
    Closing, ExportMessage, LadderMessage, LibraryMessage, Message, Pick, PresentMessage,
    TourMessage, TrialMessage,
};
pub use screenshot::{View, screenshot};
pub use settings::{Choices, Places};
pub use unfinished::Unfinished;
pub use update::NullSource;
pub use widgets::{Cochleagram, Margins, SoundResponse, Waveform, read_out};

use crate::network::imported::Library;
use crate::network::imported::authors::{self, AuthorsFile};
use crate::verify::published::null_for;
use anyhow::Context as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which frames are measured.
#[derive(Clone, Copy, Debug)]
pub struct MeasureFrames {
    /// For how long.
    pub length: Duration,
    /// Only once the run has made so many steps, each of which is a point in the plots.
    pub after: u64,
    /// The page that is shown meanwhile.
    pub page: page::Page,
}

/// How the window is opened.
#[derive(Clone)]
pub struct GuiOptions {
    /// Pictures to open.
    pub files: Vec<PathBuf>,
    /// Start a heavy run by itself, measure frames, print a line about them, and close. Where `results` names a folder, the
    /// runs there are the ladder's meanwhile, with every layer and three seeds.
    pub measure_frames: Option<MeasureFrames>,
    /// The file with the remembered choices, instead of the usual one.
    pub settings: Option<PathBuf>,
    /// The folder for results, instead of the remembered one.
    pub results: Option<PathBuf>,
    /// The folder for pasted pictures and imported models, instead of the usual one.
    pub data: Option<PathBuf>,
    /// Whether choices are remembered at all.
    pub remember: bool,
    /// Whether the system's own file dialogs and clipboard are used; tests and pictures do without.
    pub native: bool,
    /// Where null distributions come from.
    pub nulls: NullSource,
    /// A folder of runs to present at once.
    pub present: Option<PathBuf>,
    /// Whether the tour begins by itself, the first time.
    pub tour: bool,
    /// The published files on offer; tests offer their own.
    pub published: &'static [AuthorsFile],
    /// Whether figures of this machine (rate, time, memory, threads) are left out.
    pub hide_machine: bool,
}

impl Default for GuiOptions {
    fn default() -> Self {
        Self {
            files: vec![],
            measure_frames: None,
            settings: None,
            results: None,
            data: None,
            remember: true,
            native: true,
            present: None,
            tour: true,
            nulls: Arc::new(|model| null_for(&Library::usual(), model)),
            published: &authors::FILES,
            hide_machine: false,
        }
    }
}

impl GuiOptions {
    /// Where things are kept.
    pub fn places(&self) -> Places {
        let mut places = Places::usual();
        places.settings = if self.remember {
            self.settings.clone().or(places.settings)
        } else {
            None
        };
        if let Some(data) = &self.data {
            (places.data, places.models) = (data.clone(), data.join("models"));
        }
        places.results = self.results.clone().unwrap_or(places.results);
        places
    }
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display, or nothing to draw with; the error says which.
pub fn run(mut options: GuiOptions) -> anyhow::Result<()> {
    // winit's own words for this are about environment variables and event loops.
    #[cfg(all(unix, not(target_os = "macos")))]
    if ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .all(|v| std::env::var_os(v).is_none_or(|v| v.is_empty()))
    {
        anyhow::bail!(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set)"
        );
    }
    // A measurement leaves nothing behind.
    let measured = options
        .measure_frames
        .is_some()
        .then(screenshot::Place::new)
        .transpose()?;
    if let Some(place) = &measured {
        options.remember = false;
        // The ladder of runs that are there is measured where they lie; otherwise nothing is left behind.
        let own = || Some(place.path().join("runs"));
        options.results = options.results.take().or_else(own);
    }
    let remembered = options
        .places()
        .settings
        .and_then(|path| Choices::read(&path).ok());
    let size = remembered.and_then(|c| c.window).unwrap_or(layout::WINDOW);
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Metamer Studio")
            .with_app_id("metamer-studio")
            .with_inner_size(size)
            .with_min_inner_size(layout::MIN_WINDOW),
        renderer: eframe::Renderer::Wgpu,
        dithering: false,
        ..Default::default()
    };
    eframe::run_native(
        "metamer-studio",
        native,
        Box::new(|cc| Ok(Box::new(App::new(cc, options)?))),
    )
    .map_err(|e| anyhow::anyhow!("{e}"))
    .context("The window could not be opened")
}
