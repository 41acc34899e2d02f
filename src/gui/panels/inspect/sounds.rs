//! The pair of sounds as cochleagrams on one axis of time and frequency.

use super::pictures::{metamer_title, turn, wipe};
use crate::export::{Cells, ColourMap, Shading};
use crate::gui::inspect::Mode;
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::panels::pair::caption;
use crate::gui::widgets::{Cochleagram, Margins, SoundResponse};
use crate::gui::{format, layout};
use crate::playback::Slot;
use egui::{Rect, Ui, UiBuilder, pos2, vec2};

/// Height of the seconds below the lower one.
const SECONDS: f32 = 20.0;
/// Space between the two.
const APART: f32 = 4.0;

/// What stands in a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    One(Slot),
    Both,
    Difference,
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let unit = (area.height() - 2.0 * layout::CAPTION - SECONDS - APART) / 2.0;
    let upper = Rect::from_min_size(area.min, vec2(area.width(), layout::CAPTION + unit));
    let lower = Rect::from_min_max(pos2(area.left(), upper.bottom() + APART), area.max);
    let (reference, metamer) = (What::One(Slot::Reference), What::One(Slot::Metamer));
    let both = match view.state.inspect.mode {
        Mode::Beside => [reference, metamer],
        Mode::Wipe => [What::Both, What::Difference],
        Mode::Blink if turn(ui, view.state.inspect.blink) => [reference, What::Difference],
        Mode::Blink => [metamer, What::Difference],
        Mode::Difference => [metamer, What::Difference],
    };
    for (place, (what, last)) in [upper, lower]
        .into_iter()
        .zip(both.into_iter().zip([false, true]))
    {
        let what = if view.state.compare && what == metamer {
            reference
        } else {
            what
        };
        one(ui, view, place, what, last);
    }
}

fn one(ui: &mut Ui, view: &mut View<'_>, area: Rect, what: What, last: bool) {
    let margins = Margins {
        seconds: last,
        ..Margins::default()
    };
    let [title, note] = match what {
        What::One(Slot::Reference) => {
            let rung = view.state.focused();
            let spec = rung.as_ref().and_then(|r| r.spec());
            let name = spec.map_or_else(String::new, |s| format::stimulus(&s.stimulus));
            ["Reference".into(), name]
        }
        What::One(Slot::Metamer) => metamer_title(view),
        What::Both => [
            "Reference | metamer".to_owned(),
            "Left and Right move the divider".to_owned(),
        ],
        What::Difference => [
            "Difference".to_owned(),
            "metamer minus reference".to_owned(),
        ],
    };
    caption(ui, margins.beside(ui, area), &title, &note);
    let rect = Rect::from_min_max(area.min + vec2(0.0, layout::CAPTION), area.max);
    if what != What::Both {
        return map(ui, view, rect, what, margins);
    }
    // Each side of the divider is a drawing of its own, of which the other side is not seen.
    let inside = margins.inside(ui, rect);
    let divider = inside.left() + inside.width() * view.state.inspect.wipe;
    let (left, right) = rect.split_left_right_at_x(divider);
    for (slot, clip) in [(Slot::Reference, left), (Slot::Metamer, right)] {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.shrink_clip_rect(clip);
            map(ui, view, rect, What::One(slot), margins);
        });
    }
    wipe(ui, view, inside);
}

fn map(ui: &mut Ui, view: &mut View<'_>, rect: Rect, what: What, margins: Margins) {
    let hearing = &view.state.hearing;
    let (Some(axes), Some(seen)) = (hearing.axes.as_ref(), hearing.view.as_ref()) else {
        return;
    };
    let (name, cells, shading, colours) = match what {
        What::Difference => (
            "the difference",
            hearing.difference.as_ref(),
            hearing.difference_shading,
            ColourMap::Berlin,
        ),
        What::One(Slot::Reference) | What::Both => (
            "the reference",
            hearing.of(Slot::Reference).map(|h| &h.cells),
            hearing.shading,
            ColourMap::Magma,
        ),
        What::One(Slot::Metamer) => (
            "the metamer",
            hearing.of(Slot::Metamer).map(|h| &h.cells),
            hearing.shading,
            ColourMap::Magma,
        ),
    };
    // Before there are values, nothing is drawn with it.
    let shading = shading.unwrap_or_else(|| Shading::shared(colours, std::iter::empty::<&Cells>()));
    let empty = if view.state.inspect.error.is_some() {
        "This run cannot be looked into"
    } else {
        "Reading…"
    };
    let SoundResponse {
        changes, play_from, ..
    } = Cochleagram {
        name,
        cells,
        empty,
        axes,
        shading: &shading,
        view: seen,
        playhead: hearing.playhead(),
        margins,
    }
    .show(ui, rect);
    view.out.extend(changes.into_iter().map(Message::View));
    if let Some(seconds) = play_from {
        // What was pressed is what is heard.
        match what {
            What::One(slot) => view.out.push(Message::Hear(slot)),
            What::Both | What::Difference => {}
        }
        view.out.push(Message::PlayFrom(seconds));
    }
}
