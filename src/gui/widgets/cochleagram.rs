//! A cochleagram with its axes.

use super::sound_frame::{self, Margins};
use super::sound_input::{SoundResponse, draw_time, interact};
use crate::export::{Cells, Shading};
use crate::gui::sound_view::{SoundAxes, SoundView, reading, ticks};
use crate::gui::{heatmap, theme};
use egui::{Align2, Rect, Role, Stroke, Ui, WidgetInfo};
use std::sync::Arc;

/// A cochleagram: time to the right in seconds, frequency upward in hertz as the ear spaces them.
///
/// All that is drawn of one pair of sounds gets the same [`SoundView`] and, but for the difference, the same [`Shading`].
/// What a person does comes back as changes to the view:
///
/// ```no_run
/// # use metamer_studio::export::{Cells, ColourMap, Shading};
/// # use metamer_studio::gui::sound_view::{SoundAxes, SoundView};
/// # use metamer_studio::gui::{Cochleagram, Margins};
/// # use std::sync::Arc;
/// # fn show(ui: &mut egui::Ui, area: egui::Rect, axes: &SoundAxes, view: &SoundView, reference: &Arc<Cells>,
/// #         play: impl Fn(f64), apply: impl Fn(metamer_studio::gui::sound_view::ViewChange)) {
/// let shading = Shading::shared(ColourMap::Magma, [&**reference]);
/// let done = Cochleagram {
///     name: "the reference",
///     cells: Some(reference),
///     empty: "The reference will be here",
///     axes,
///     shading: &shading,
///     view,
///     playhead: Some(0.83),
///     margins: Margins { seconds: false, ..Margins::default() },
/// }
/// .show(ui, area);
/// done.changes.into_iter().for_each(apply);
/// done.play_from.into_iter().for_each(play);
/// # }
/// ```
pub struct Cochleagram<'a> {
    /// Whose it is, as in "Cochleagram of the metamer".
    pub name: &'a str,
    /// The values `[channels, frames]`, once there are some.
    pub cells: Option<&'a Arc<Cells>>,
    /// What is said until then.
    pub empty: &'a str,
    /// What rows and columns mean.
    pub axes: &'a SoundAxes,
    /// Colours and their range.
    pub shading: &'a Shading,
    /// What part is in view.
    pub view: &'a SoundView,
    /// The second that is heard now.
    pub playhead: Option<f64>,
    /// What stands around it.
    pub margins: Margins,
}

impl Cochleagram<'_> {
    /// Draws it into `area` and reads what a person does there.
    pub fn show(&self, ui: &mut Ui, area: Rect) -> SoundResponse {
        let t = theme::tokens(ui);
        let rect = self.margins.inside(ui, area);
        let id = ui.scope_id().with(("cochleagram", self.name));
        let done = interact(ui, id, rect, self.view, true, self.axes.frame());
        done.response.widget_info(|| self.info());

        ui.painter().rect_filled(rect, 0.0, t.panel);
        let (time, channels) = (self.view.time(), self.view.channels());
        match self.cells {
            Some(cells) => {
                let part = self.axes.part(time, channels);
                heatmap::paint(ui, id, rect, cells, self.shading, part);
            }
            None => {
                let font = theme::regular(theme::BODY);
                ui.painter().text(
                    rect.center(),
                    Align2::CENTER_CENTER,
                    self.empty,
                    font,
                    t.faint,
                );
            }
        }
        if self.margins.left {
            let gap = sound_frame::hertz_gap(rect.height());
            sound_frame::hertz(ui, rect, ticks::hertz(self.axes, channels, gap));
        }
        if self.margins.seconds {
            sound_frame::seconds(ui, rect, time);
        }
        if self.margins.right && self.cells.is_some() {
            sound_frame::colours(ui, id.with("colours"), rect, self.shading);
        }
        self.cursor(ui, rect);
        if let Some(seconds) = self.playhead {
            let strokes = [Stroke::new(3.0, t.mark_edge), Stroke::new(1.5, t.mark)];
            draw_time(ui, rect, self.view, seconds, strokes);
        }
        super::focus_ring(ui, &done.response, rect);
        done
    }

    /// Thin lines at the place that is read out.
    fn cursor(&self, ui: &Ui, rect: Rect) {
        let t = theme::tokens(ui);
        let Some(place) = self.view.cursor() else {
            return;
        };
        let strokes = [
            Stroke::new(2.0, t.mark_edge.gamma_multiply(0.6)),
            Stroke::new(1.0, t.mark.gamma_multiply(0.6)),
        ];
        draw_time(ui, rect, self.view, place.seconds, strokes);
        let channels = self.view.channels();
        if let Some(channel) = place.channel.filter(|c| channels.contains(*c)) {
            let y = rect.bottom() - rect.height() * channels.share(channel) as f32;
            for stroke in strokes {
                ui.painter().hline(rect.x_range(), y, stroke);
            }
        }
    }

    fn info(&self) -> WidgetInfo {
        let (low, high) = self.axes.limits();
        let label = format!(
            "Cochleagram of {}, {} channels {low} to {high} Hz, {:.2} s",
            self.name,
            self.axes.channels(),
            self.axes.seconds()
        );
        let mut info = WidgetInfo::labeled(Role::Image, true, label);
        let maps: Vec<&Cells> = self.cells.iter().map(|c| &***c).collect();
        info.current_text_value =
            reading::read(self.axes, self.view.cursor(), &maps).map(|r| r.sentence(&["value"]));
        info
    }
}
