//! A sound's pressure over time.

use super::sound_frame::{self, Margins};
use super::sound_input::{SoundResponse, draw_time, interact};
use crate::gui::sound_view::{SoundView, Span, envelope};
use crate::gui::theme;
use egui::epaint::Mesh;
use egui::{Color32, Id, Rect, Role, Stroke, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// A waveform: how far a sound swings within each column of pixels.
pub struct Waveform<'a> {
    /// Whose it is, as in "Waveform of the metamer".
    pub name: &'a str,
    /// The samples.
    pub samples: &'a Arc<Vec<f32>>,
    /// Samples per second.
    pub rate: f64,
    /// What reaches the upper and the lower edge; the same for sounds that are to be compared.
    pub peak: f32,
    /// [`Tokens::reference`](theme::Tokens::reference) or [`Tokens::accent`](theme::Tokens::accent).
    pub colour: Color32,
    /// What part is in view.
    pub view: &'a SoundView,
    /// The second that is heard now.
    pub playhead: Option<f64>,
    /// What stands around it; hertz and colours only leave their room, to line up with cochleagrams.
    pub margins: Margins,
}

/// An envelope that has been drawn, and what it is of.
#[derive(Clone)]
struct Drawn {
    samples: Arc<Vec<f32>>,
    rate: f64,
    span: Span,
    columns: Arc<Vec<Option<[f32; 2]>>>,
}

impl Waveform<'_> {
    /// Draws it into `area` and reads what a person does there.
    pub fn show(&self, ui: &mut Ui, area: Rect) -> SoundResponse {
        let t = theme::tokens(ui);
        let rect = self.margins.inside(ui, area);
        let id = ui.scope_id().with(("waveform", self.name));
        // An arrow walks a hundredth of what is in view: samples are too small to count.
        let step = self.view.time().length() / 100.0;
        let done = interact(ui, id, rect, self.view, false, step);
        done.response.widget_info(|| {
            let label = format!("Waveform of {}, {:.2} s", self.name, self.view.seconds());
            let mut info = WidgetInfo::labeled(Role::Image, true, label);
            let cursor = self.view.cursor();
            info.current_text_value = cursor.map(|p| format!("{:.3} s", p.seconds));
            info
        });

        let painter = ui.painter();
        painter.rect_filled(rect, 0.0, t.panel);
        painter.hline(rect.x_range(), rect.center().y, Stroke::new(1.0, t.line));
        if ui.is_rect_visible(rect) {
            self.draw(ui, id, rect);
        }
        if self.margins.seconds {
            sound_frame::seconds(ui, rect, self.view.time());
        }
        let line = |seconds, width, colour| {
            let strokes = [Stroke::NONE, Stroke::new(width, colour)];
            draw_time(ui, rect, self.view, seconds, strokes);
        };
        if let Some(place) = self.view.cursor() {
            line(place.seconds, 1.0, t.faint);
        }
        if let Some(seconds) = self.playhead {
            line(seconds, 1.5, t.text);
        }
        super::focus_ring(ui, &done.response, rect);
        done
    }

    fn draw(&self, ui: &Ui, id: Id, rect: Rect) {
        let pixel = 1.0 / ui.pixels_per_point();
        let columns = self.columns(ui, id, (rect.width() / pixel).round().max(1.0) as usize);
        let width = rect.width() / columns.len() as f32;
        let half = rect.height() / 2.0;
        let y = |v: f32| {
            let share = v / self.peak.max(f32::MIN_POSITIVE);
            rect.center().y - share.clamp(-1.0, 1.0) * half
        };
        let mut mesh = Mesh::default();
        for (i, column) in columns.iter().enumerate() {
            let Some([low, high]) = column else { continue };
            let x = rect.left() + i as f32 * width;
            // Never thinner than a pixel: a flat line is seen too.
            let (top, bottom) = (y(*high), y(*low));
            let thin = ((pixel - (bottom - top)) / 2.0).max(0.0);
            let bar = Rect::from_min_max(pos2(x, top - thin), pos2(x + width, bottom + thin));
            mesh.add_colored_rect(bar, self.colour);
        }
        ui.painter()
            .with_clip_rect(rect.intersect(ui.clip_rect()))
            .add(mesh);
    }

    /// The envelope, computed anew only when sound, stretch or width changed.
    fn columns(&self, ui: &Ui, id: Id, count: usize) -> Arc<Vec<Option<[f32; 2]>>> {
        let span = self.view.time();
        let known = ui.data(|d| d.get_temp::<Drawn>(id)).filter(|d| {
            Arc::ptr_eq(&d.samples, self.samples)
                && (d.rate, d.span, d.columns.len()) == (self.rate, span, count)
        });
        let drawn = known.unwrap_or_else(|| {
            let columns = envelope(self.samples, self.rate, span, count);
            let drawn = Drawn {
                samples: self.samples.clone(),
                rate: self.rate,
                span,
                columns: Arc::new(columns),
            };
            ui.data_mut(|d| d.insert_temp(id, drawn.clone()));
            drawn
        });
        drawn.columns
    }
}
