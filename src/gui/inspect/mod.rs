//! What is seen of one metamer that is looked into: how the pair is compared, which part of it is in view, which layer and
//! channel, and which moment of its making. Plain data.

mod film;
mod keys;
mod look;
mod picture_view;
mod table;

pub use film::{FRAMES_PER_SECOND, Film};
pub use keys::{KEYS, commands, read as read_keys};
pub use look::{Look, Looked, fold};
pub use picture_view::{PictureChange, PictureView};
pub use table::{LayerTable, Row};

use super::ladder::{Focus, Rung};
use super::sound_view::ViewChange;
use super::state::State;
use crate::export::{Cells, Part};
use crate::session::History;
use std::path::PathBuf;
use std::sync::Arc;

/// How reference and metamer are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Reference and metamer.
    #[default]
    Beside,
    /// One on each side of a divider.
    Wipe,
    /// One after the other in the same place.
    Blink,
    /// The metamer, and metamer minus reference.
    Difference,
}

impl Mode {
    /// All, in the order of their keys 1 to 4.
    pub const ALL: [Self; 4] = [Self::Beside, Self::Wipe, Self::Blink, Self::Difference];

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Beside => "Side by side",
            Self::Wipe => "Wipe",
            Self::Blink => "Blink",
            Self::Difference => "Difference",
        }
    }

    /// What it does, in a sentence.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Beside => "Reference and metamer, zoomed and moved together",
            Self::Wipe => {
                "The reference on one side of a divider, the metamer on the other; drag it, or Left and Right"
            }
            Self::Blink => "Reference and metamer in turn, in the same place",
            Self::Difference => "The metamer, and what it adds to the reference or takes away",
        }
    }
}

/// What an arrow moves the divider by.
pub const WIPE_STEP: f32 = 0.02;

/// Changes from reference to metamer and back in a second. More than three flashes a second can harm.
pub const BLINK_RATES: [f32; 4] = [0.5, 1.0, 2.0, 3.0];

/// Whether it is the reference's turn at a time in seconds, at `rate` cycles a second; and seconds until the next turn.
pub fn blink_turn(time: f64, rate: f32) -> (bool, f64) {
    let turns = time * 2.0 * f64::from(rate);
    let wait = (turns.floor() + 1.0 - turns) / (2.0 * f64::from(rate));
    ((turns.floor() as u64).is_multiple_of(2), wait)
}

/// What was read of a finished run besides its metamer.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where it lies.
    pub folder: PathBuf,
    /// The reference that it was made from, by its hash; none where only a target was given.
    pub reference: Option<Arc<Vec<f32>>>,
    /// Its history, if it kept one.
    pub history: Option<History>,
}

/// Everything that the page shows.
#[derive(Debug)]
pub struct Inspect {
    /// What this is of; differs from [`State::focus`] until that has been taken up.
    pub subject: Option<Focus>,
    /// What was read of it, where it is finished.
    pub loaded: Option<Loaded>,
    /// Why it cannot be looked into.
    pub error: Option<String>,
    /// How the pair is compared.
    pub mode: Mode,
    /// The divider's place across the picture, 0 to 1.
    pub wipe: f32,
    /// Cycles per second of [`Mode::Blink`], one of [`BLINK_RATES`].
    pub blink: f32,
    /// The part of a picture in view.
    pub picture: PictureView,
    /// The layer, where one was chosen; else the matched one.
    pub layer: Option<String>,
    /// The channel, where one was chosen; else the one with the largest error.
    pub channel: Option<usize>,
    /// The activations at the layer and the maps of the channel.
    pub look: Option<Look>,
    /// Why there are none.
    pub look_error: Option<String>,
    /// Layers that were looked at lately.
    pub lately: Vec<Arc<Looked>>,
    /// The history as a film.
    pub film: Film,
    /// Rho of every layer for the metamers at every layer.
    pub table: LayerTable,
}

impl Default for Inspect {
    fn default() -> Self {
        Self {
            subject: None,
            loaded: None,
            error: None,
            mode: Mode::default(),
            wipe: 0.5,
            blink: BLINK_RATES[1],
            picture: PictureView::new([224, 224]),
            layer: None,
            channel: None,
            look: None,
            look_error: None,
            lately: vec![],
            film: Film::default(),
            table: LayerTable::default(),
        }
    }
}

/// What is wanted of the page.
#[derive(Clone, Debug, PartialEq)]
pub enum InspectMessage {
    /// Compare in another way.
    Mode(Mode),
    /// Put the divider there, 0 to 1.
    Wipe(f32),
    /// Blink so many times a second.
    Blink(f32),
    /// Another part of the picture.
    Picture(PictureChange),
    /// Come nearer (below 1) or go back, about the cursor or the middle; of pictures and sounds alike.
    Zoom(f64),
    /// See all.
    ShowAll,
    /// Look at a layer.
    Layer(String),
    /// So many layers deeper.
    GoLayer(isize),
    /// Look at a channel.
    Channel(usize),
    /// So many channels on, in the order of their errors.
    GoChannel(isize),
    /// Show the film from this frame on; beyond the last, the result.
    Frame(usize),
    /// So many frames on.
    GoFrame(isize),
    /// Play the film, or hold it.
    Play,
    /// Whether the film begins again at its end.
    Loop,
    /// Write the film as an animation.
    ExportFilm,
}

/// The part in view in shares of the whole, from the left and from the bottom: the same for a picture, a cochleagram and
/// the maps of any layer, whatever their sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left edge.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
    /// Top edge.
    pub top: f64,
}

impl Region {
    /// Everything.
    pub const ALL: Self = Self {
        left: 0.0,
        right: 1.0,
        bottom: 0.0,
        top: 1.0,
    };

    /// The part of a map that it stands for.
    pub fn part(self, cells: &Cells) -> Part {
        let [columns, rows] = [cells.columns(), cells.rows()].map(|n| n as f64);
        Part {
            left: self.left * columns,
            right: self.right * columns,
            bottom: self.bottom * rows,
            top: self.top * rows,
        }
    }
}

impl State {
    /// The layer that is looked at: the chosen one, else the one that the metamer matches.
    pub fn inspected_layer(&self) -> Option<&str> {
        let matched = || {
            self.focused()
                .and_then(|r| r.spec().map(|s| s.layer.clone()))
        };
        let name = self.inspect.layer.clone().or_else(matched)?;
        let known = self.layers.iter().find(|l| l.name == name);
        known.or(self.layers.first()).map(|l| &l.name[..])
    }

    /// Reference and metamer that are looked into: at the moment that the film shows, or as they are.
    pub fn inspected(&self) -> [Option<Arc<Vec<f32>>>; 2] {
        let Some(rung) = self.focused() else {
            return [None, None];
        };
        let reference = match (&rung, &self.inspect.loaded) {
            (Rung::Run(run), _) => run.reference.clone(),
            (Rung::Kept(kept), Some(loaded)) if loaded.folder == kept.folder => {
                loaded.reference.clone()
            }
            _ => None,
        };
        let then = self.inspect.film.values();
        [reference, then.or_else(|| self.values_of(&rung))]
    }

    /// The part in view.
    pub fn region(&self) -> Region {
        if !self.hears() {
            return self.inspect.picture.region();
        }
        let Some(view) = &self.hearing.view else {
            return Region::ALL;
        };
        let (time, rows) = (view.time(), view.channels());
        let all_rows = self
            .hearing
            .axes
            .as_ref()
            .map_or(1.0, |a| a.channels() as f64);
        Region {
            left: time.from / view.seconds(),
            right: time.to / view.seconds(),
            bottom: rows.from / all_rows,
            top: rows.to / all_rows,
        }
    }

    /// The place that is read out, in shares from the left and from the bottom.
    pub fn region_cursor(&self) -> Option<[f64; 2]> {
        if !self.hears() {
            let [x, y] = self.inspect.picture.cursor()?;
            return Some([x, 1.0 - y]);
        }
        let view = self.hearing.view.as_ref()?;
        let place = view.cursor()?;
        let rows = self.hearing.axes.as_ref()?.channels() as f64;
        Some([place.seconds / view.seconds(), place.channel? / rows])
    }
}

/// Zooming a sound about its cursor, or its middle.
pub fn zoom_sound(view: &super::sound_view::SoundView, factor: f64) -> ViewChange {
    let middle = super::sound_view::Place {
        seconds: view.time().middle(),
        channel: Some(view.channels().middle()),
    };
    ViewChange::Zoom {
        at: view.cursor().unwrap_or(middle),
        time: factor,
        frequency: factor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blinking_never_flashes_more_than_three_times_a_second() {
        for rate in BLINK_RATES {
            assert!(rate <= 3.0);
            let (mut time, mut turns) = (0.0, vec![]);
            while time < 10.0 {
                let (reference, wait) = blink_turn(time, rate);
                turns.push(reference);
                time += wait + 1e-9;
            }
            assert!(
                turns.windows(2).all(|w| w[0] != w[1]),
                "each turn is the other's"
            );
            let flashes = turns.iter().filter(|r| **r).count() as f32 / 10.0;
            assert!((flashes - rate).abs() <= 0.1, "{flashes} at {rate} Hz");
        }
    }

    #[test]
    fn a_region_is_the_same_part_of_every_map() {
        let region = Region {
            left: 0.25,
            right: 0.75,
            bottom: 0.0,
            top: 0.5,
        };
        let part = region.part(&Cells::new(28, 40, vec![0.0; 28 * 40]).unwrap());
        assert_eq!(
            [part.left, part.right, part.bottom, part.top],
            [10.0, 30.0, 0.0, 14.0]
        );
    }
}
