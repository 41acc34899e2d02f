//! What stands around the drawings of a sound: room for labels, seconds, hertz, and the colours' scale.

use crate::export::{Cells, Part, Shading};
use crate::gui::sound_view::ticks::{self, Tick};
use crate::gui::{format, heatmap, theme};
use egui::emath::GuiRounding as _;
use egui::{Align2, Id, Rect, Stroke, Ui, pos2, vec2};
use std::sync::{Arc, OnceLock};

/// Room for hertz on the left.
const HERTZ: f32 = 50.0;
/// Room for seconds below.
const SECONDS: f32 = 18.0;
/// Room for the scale of colours on the right, and how wide it is.
const COLOURS: (f32, f32) = (58.0, 10.0);
/// Size of labels.
const SIZE: f32 = 10.5;

/// Which labels stand around a drawing. Drawings above one another have the same, so that their times line up; seconds may
/// stand under the lowest alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins {
    /// Room on the left, for hertz.
    pub left: bool,
    /// Seconds below.
    pub seconds: bool,
    /// Room on the right, for the scale of colours.
    pub right: bool,
}

impl Default for Margins {
    fn default() -> Self {
        Self {
            left: true,
            seconds: true,
            right: true,
        }
    }
}

impl Margins {
    /// What is left of an area for the drawing itself, in whole pixels.
    pub fn inside(self, ui: &Ui, area: Rect) -> Rect {
        let room = |wanted: bool, points: f32| if wanted { points } else { 0.0 };
        let inside = Rect::from_min_max(
            area.min + vec2(room(self.left, HERTZ), 0.0),
            area.max - vec2(room(self.right, COLOURS.0), room(self.seconds, SECONDS)),
        );
        inside.round_to_pixels(ui.pixels_per_point())
    }

    /// The area without the room on its sides, for what stands above or below the drawing.
    pub fn beside(self, ui: &Ui, area: Rect) -> Rect {
        let inside = self.inside(ui, area);
        Rect::from_x_y_ranges(inside.x_range(), area.y_range())
    }
}

/// Round seconds under `rect`.
pub fn seconds(ui: &Ui, rect: Rect, view: crate::gui::sound_view::Span) {
    let t = theme::tokens(ui);
    for Tick { share, label } in ticks::seconds(view, f64::from(64.0 / rect.width())) {
        let x = rect.left() + rect.width() * share as f32;
        let y = rect.bottom();
        ui.painter()
            .vline(x, y + 1.0..=y + 4.0, Stroke::new(1.0, t.faint));
        let galley = ui
            .painter()
            .layout_no_wrap(label, theme::regular(SIZE), t.faint);
        let half = galley.size().x / 2.0;
        // The first and the last label stand inside the width of the drawing.
        let x = x.clamp(
            rect.left() + half,
            (rect.right() - half).max(rect.left() + half),
        );
        ui.painter()
            .galley(pos2(x - half, y + 5.0), galley, t.faint);
    }
}

/// Labels left of `rect`.
pub fn hertz(ui: &Ui, rect: Rect, ticks: Vec<Tick>) {
    let t = theme::tokens(ui);
    for Tick { share, label } in ticks {
        let y = rect.bottom() - rect.height() * share as f32;
        ui.painter().hline(
            rect.left() - 4.0..=rect.left() - 1.0,
            y,
            Stroke::new(1.0, t.faint),
        );
        let y = y.clamp(rect.top() + SIZE / 2.0, rect.bottom() - SIZE / 2.0);
        ui.painter().text(
            pos2(rect.left() - 7.0, y),
            Align2::RIGHT_CENTER,
            label,
            theme::regular(SIZE),
            t.faint,
        );
    }
}

/// How far apart labels on the axis of hertz stand, as a share of a height in points.
pub fn hertz_gap(height: f32) -> f64 {
    f64::from(20.0 / height.max(1.0))
}

/// The scale of colours right of `rect`, with the values at its ends.
pub fn colours(ui: &Ui, id: Id, rect: Rect, shading: &Shading) {
    // The whole map from the bottom to the top, whatever the range.
    static RAMP: OnceLock<Option<Arc<Cells>>> = OnceLock::new();
    let ramp = RAMP.get_or_init(|| {
        let values: Vec<f32> = (0..256u16).map(f32::from).collect();
        Cells::new(256, 1, values).ok().map(Arc::new)
    });
    let Some(ramp) = ramp else { return };
    let t = theme::tokens(ui);
    let bar = Rect::from_min_size(
        rect.right_top() + vec2(12.0, 0.0),
        vec2(COLOURS.1, rect.height()),
    );
    let whole = Shading {
        low: 0.0,
        high: 255.0,
        ..*shading
    };
    heatmap::paint(ui, id, bar, ramp, &whole, Part::whole(ramp));
    let middle = shading.map.has_sign().then_some((0.5, 0.0));
    let ends = [(0.0, shading.low), (1.0, shading.high)];
    for (share, value) in ends.into_iter().chain(middle) {
        let y = bar.bottom() - bar.height() * share;
        let y = y.clamp(bar.top() + SIZE / 2.0, bar.bottom() - SIZE / 2.0);
        ui.painter().text(
            pos2(bar.right() + 6.0, y),
            Align2::LEFT_CENTER,
            format::figure(value),
            theme::regular(SIZE),
            t.faint,
        );
    }
}
