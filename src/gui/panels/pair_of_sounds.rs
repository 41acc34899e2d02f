//! Reference and metamer one above the other on one axis of time: what the window is for when the model hears.

use super::View;
use super::pair::caption;
use super::transport;
use crate::export::Cells;
use crate::gui::hearing::{Below, Heard};
use crate::gui::message::Message;
use crate::gui::sound_view::{SoundView, reading};
use crate::gui::state::Phase;
use crate::gui::widgets::{self, Cochleagram, Margins, SoundResponse, Waveform};
use crate::gui::{format, layout, theme};
use crate::playback::Slot;
use crate::stimulus::excerpt::NETWORK_RATE;
use egui::{Rect, Ui, pos2, vec2};
use std::sync::Arc;

/// Height of the row with the player.
const TRANSPORT: f32 = 36.0;
/// Height of the seconds below the last row.
const SECONDS: f32 = 20.0;
/// Space between rows.
const APART: f32 = 4.0;
/// What one row below the two takes of the height of one of them.
const SMALLER: f32 = 0.5;

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let (rows, transport) = area.split_top_bottom_at_y(area.bottom() - TRANSPORT);
    let below = view.state.choices.listening.below;
    // Two rows of cochleagrams, and what stands below them: one map, or two waveforms of half its height each.
    let units = match below {
        Below::Nothing => 2.0,
        Below::Difference => 3.0,
        Below::Waveforms => 2.0 + SMALLER,
    };
    let captions = if below == Below::Nothing { 2.0 } else { 3.0 };
    let unit = (rows.height() - captions * (layout::CAPTION + APART) - SECONDS) / units;
    let mut top = rows.top();
    let mut row = |height: f32| {
        let rect = Rect::from_min_size(
            pos2(rows.left(), top),
            vec2(rows.width(), layout::CAPTION + height),
        );
        top += rect.height() + APART;
        rect
    };

    let [reference, metamer] = titles(view);
    let last = below == Below::Nothing;
    let (upper, lower) = (row(unit), row(unit + if last { SECONDS } else { 0.0 }));
    let done = [
        map(ui, view, upper, Slot::Reference, &reference, false),
        map(ui, view, lower, Slot::Metamer, &metamer, last),
    ];
    done.into_iter().flatten().for_each(|d| take(view, d));
    match below {
        Below::Nothing => {}
        Below::Difference => {
            let rect = row(unit + SECONDS);
            let done = difference(ui, view, rect);
            done.into_iter().for_each(|d| take(view, d));
        }
        Below::Waveforms => waveforms(ui, view, row(unit * SMALLER + SECONDS)),
    }
    transport::show(ui, view, transport.shrink2(vec2(0.0, 3.0)));
}

/// What was done with a drawing.
fn take(view: &mut View<'_>, done: SoundResponse) {
    view.out.extend(done.changes.into_iter().map(Message::View));
    view.out.extend(done.play_from.map(Message::PlayFrom));
}

/// Title and note of both.
fn titles(view: &View<'_>) -> [(String, String); 2] {
    let state = view.state;
    let run = state.shown();
    let stimulus = format::stimulus(run.map_or(&state.choices.stimulus, |r| &r.spec.stimulus));
    let layer = match run {
        Some(run) => run.spec.layer.clone(),
        None => state
            .chosen_layers()
            .next()
            .map_or_else(String::new, |l| l.name.clone()),
    };
    let at = state.hearing.of(Slot::Metamer).and_then(|h| h.step);
    let metamer = match run {
        None => (
            format!("Start of the metamer at {layer}"),
            format!("noise of seed {}", state.choices.seed),
        ),
        Some(run) => {
            let note = match at {
                _ if run.phase == Phase::Finished => String::new(),
                Some(step) => format!("cochleagram at step {}", format::grouped(step)),
                None => "starts from noise".into(),
            };
            (format!("Metamer at {layer}"), note)
        }
    };
    [("Reference".into(), stimulus), metamer]
}

fn map(
    ui: &mut Ui,
    view: &View<'_>,
    area: Rect,
    slot: Slot,
    (title, note): &(String, String),
    seconds: bool,
) -> Option<SoundResponse> {
    let state = view.state;
    let (axes, seen) = (state.hearing.axes.as_ref()?, state.hearing.view.as_ref()?);
    let shading = state.hearing.shading.unwrap_or_else(|| {
        // Nothing is drawn with it yet.
        crate::export::Shading::shared(
            crate::export::ColourMap::Magma,
            std::iter::empty::<&Cells>(),
        )
    });
    let margins = Margins {
        seconds,
        ..Margins::default()
    };
    caption(ui, margins.beside(ui, area), title, note);
    let empty = match (&state.preview.error, &state.model) {
        (Some(_), _) => "This sound cannot be used",
        (None, None) => "Loading the model…",
        (None, Some(_)) => "Preparing the sound…",
    };
    let cochleagram = Cochleagram {
        name: match slot {
            Slot::Reference => "the reference",
            Slot::Metamer => "the metamer",
        },
        cells: state.hearing.of(slot).map(|h| &h.cells),
        empty,
        axes,
        shading: &shading,
        view: seen,
        playhead: state.hearing.playhead(),
        margins,
    };
    Some(cochleagram.show(ui, below_caption(area)))
}

fn difference(ui: &mut Ui, view: &View<'_>, area: Rect) -> Option<SoundResponse> {
    let state = view.state;
    let hearing = &state.hearing;
    let (axes, seen) = (hearing.axes.as_ref()?, hearing.view.as_ref()?);
    let shading = hearing.difference_shading.as_ref()?;
    let margins = Margins::default();
    caption(
        ui,
        margins.beside(ui, area),
        "Difference",
        "metamer minus reference",
    );
    let cochleagram = Cochleagram {
        name: "the difference",
        cells: hearing.difference.as_ref(),
        empty: "",
        axes,
        shading,
        view: seen,
        playhead: hearing.playhead(),
        margins,
    };
    Some(cochleagram.show(ui, below_caption(area)))
}

fn waveforms(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let hearing = &view.state.hearing;
    let Some(seen) = &hearing.view else { return };
    let peak = |h: &Heard| h.samples.iter().fold(0.0f32, |m, s| m.max(s.abs()));
    let peak = hearing.heard.iter().flatten().map(peak).fold(0.0, f32::max);
    let margins = |seconds| Margins {
        seconds,
        ..Margins::default()
    };
    caption(
        ui,
        margins(true).beside(ui, area),
        "Waveforms",
        "reference above, metamer below",
    );
    let inside = below_caption(area);
    let middle = inside.top() + (inside.height() - SECONDS) / 2.0;
    let (upper, lower) = inside.split_top_bottom_at_y(middle);
    let mut done = vec![];
    for (slot, rect, name, colour) in [
        (Slot::Reference, upper, "the reference", t.reference),
        (Slot::Metamer, lower, "the metamer", t.accent),
    ] {
        let last = slot == Slot::Metamer;
        if let Some(heard) = hearing.of(slot) {
            let samples: &Arc<Vec<f32>> = &heard.samples;
            let waveform = Waveform {
                name,
                samples,
                rate: f64::from(NETWORK_RATE),
                peak: peak.max(f32::MIN_POSITIVE),
                colour,
                view: seen,
                playhead: hearing.playhead(),
                margins: margins(last),
            };
            done.push(waveform.show(ui, rect));
        }
    }
    done.into_iter().for_each(|d| take(view, d));
}

fn below_caption(area: Rect) -> Rect {
    Rect::from_min_max(area.min + vec2(0.0, layout::CAPTION), area.max)
}

/// What is under the cursor, in both.
pub fn read_out(ui: &mut Ui, view: &View<'_>) {
    let hearing = &view.state.hearing;
    let shown: Vec<(&str, &Cells)> = [("reference", Slot::Reference), ("metamer", Slot::Metamer)]
        .into_iter()
        .filter_map(|(name, slot)| Some((name, &*hearing.of(slot)?.cells)))
        .collect();
    let (names, maps): (Vec<&str>, Vec<&Cells>) = shown.into_iter().unzip();
    let cursor = hearing.view.as_ref().and_then(SoundView::cursor);
    let reading = hearing
        .axes
        .as_ref()
        .and_then(|axes| reading::read(axes, cursor, &maps));
    widgets::read_out(ui, reading.as_ref(), &names);
}
