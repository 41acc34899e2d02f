//! The error of every channel, the largest first: a bar each, to be chosen from.

use super::say;
use crate::gui::inspect::{InspectMessage, Look};
use crate::gui::panels::View;
use crate::gui::{format, theme, widgets};
use crate::verify::ChannelError;
use egui::{Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Bars are not wider than this, in points.
const WIDEST: f32 = 14.0;

/// Place, error and rho of a channel in words.
pub fn sentence(at: usize, count: usize, error: &ChannelError) -> String {
    let relative = match error.relative_l2 {
        e if e.is_infinite() => "the reference is silent here".to_owned(),
        e => format!("error {:.1} %", 100.0 * e),
    };
    let rho = if error.spearman.is_nan() {
        String::new()
    } else {
        format!(", rho {:.3}", error.spearman)
    };
    let (place, count) = (
        format::grouped(at as u64 + 1),
        format::grouped(count as u64),
    );
    format!("{relative}{rho}, place {place} of {count} by error")
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, look: &Look, area: Rect) {
    let t = theme::tokens(ui);
    let errors = &look.of.channels.errors;
    let count = errors.len();
    let width = (area.width() / count as f32).min(WIDEST);
    let all = Rect::from_min_size(area.min, vec2(width * count as f32, area.height()));
    let finite = errors
        .iter()
        .map(|e| e.relative_l2)
        .filter(|e| e.is_finite());
    let largest = finite.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let chosen = look.of.channels.error(look.channel).map(|(at, _)| at);
    let height = |error: f64| {
        let share = (error / largest).min(1.0) as f32;
        (area.height() * share).max(1.0)
    };
    let painter = ui.painter();
    painter.hline(area.x_range(), area.bottom(), Stroke::new(1.0, t.line));
    // Where bars are narrower than a point, a point shows the first of its own, which has the largest error.
    let every = ((1.0 / width) as usize).max(1);
    let gap = if width > 3.0 { 1.0 } else { 0.0 };
    for (at, error) in errors.iter().enumerate().step_by(every) {
        let left = all.left() + width * at as f32;
        let bar = Rect::from_min_max(
            pos2(left, area.bottom() - height(error.relative_l2)),
            pos2(left + width * every as f32 - gap, area.bottom()),
        );
        let ink = if error.relative_l2.is_infinite() {
            t.unknown
        } else {
            t.faint
        };
        painter.rect_filled(bar, 0.0, ink.gamma_multiply(0.7));
    }
    if let Some(at) = chosen {
        let centre = all.left() + width * (at as f32 + 0.5);
        let bar = Rect::from_min_max(
            pos2(
                centre - (width / 2.0).max(1.5),
                area.bottom() - height(errors[at].relative_l2),
            ),
            pos2(centre + (width / 2.0).max(1.5), area.bottom()),
        );
        painter.rect_filled(bar, 0.0, t.accent);
        // However small the error, the place can be seen.
        painter.vline(
            centre,
            area.top()..=bar.top(),
            Stroke::new(1.0, t.accent.gamma_multiply(0.4)),
        );
    }
    let id = ui.scope_id().with("channels by error");
    let response = ui.interact(all, id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, "Channels by error");
        info.current_text_value = chosen.map(|at| {
            format!(
                "channel {}, {}",
                look.channel,
                sentence(at, count, &errors[at])
            )
        });
        info
    });
    let under = |x: f32| (((x - all.left()) / width).max(0.0) as usize).min(count - 1);
    if (response.clicked() || response.dragged())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        say(
            view,
            InspectMessage::Channel(errors[under(pointer.x)].channel),
        );
    }
    if response.has_focus() {
        let by = widgets::arrows(ui, id);
        if by != 0 {
            say(view, InspectMessage::GoChannel(by));
        }
    }
    widgets::focus_ring(ui, &response, all);
    let pointer = response.hover_pos();
    response.on_hover_ui_at_pointer(|ui| {
        if let Some(pointer) = pointer {
            let at = under(pointer.x);
            let error = &errors[at];
            let words = sentence(at, count, error);
            ui.label(format!(
                "channel {}: {words}\nClick shows it",
                error.channel
            ));
        }
    });
}
