//! What the two plots over steps have in common: the x axis spans the whole planned run, so that progress can be seen.

use crate::gui::{format, theme};
use egui::{Align2, Rangef, Ui};
use egui_plot::{AxisHints, GridMark, HPlacement, Plot, PlotPoint, PlotUi};
use std::ops::RangeInclusive;

/// Space for the labels of the y axis.
const LABELS: f32 = 34.0;

/// A plot over the steps of a run. `marks` are the lines of the grid, as values of the y axis with their labels; `note`
/// names a value under the pointer.
pub fn over_steps<'a>(
    ui: &mut Ui,
    name: &'a str,
    steps: u64,
    y: RangeInclusive<f64>,
    marks: &'a [(f64, String)],
    note: impl Fn(u64, f64) -> String + 'a,
    draw: impl FnOnce(&mut PlotUi<'a>) + 'a,
) {
    let t = theme::tokens(ui);
    let area = ui.available_rect_before_wrap();
    let (low, high) = (*y.start(), *y.end());
    let label = move |mark: GridMark, _: &RangeInclusive<f64>| {
        marks
            .iter()
            .find(|(v, _)| (v - mark.value).abs() < 1e-9)
            .map_or_else(String::new, |(_, l)| l.clone())
    };
    let axis = AxisHints::new_y()
        .formatter(label)
        .placement(HPlacement::Left)
        .min_thickness(LABELS)
        .label_spacing(Rangef::new(2.0, 4.0))
        .tick_label_color(t.faint)
        .tick_label_font(theme::regular(10.5));
    let span = steps.max(1) as f64;
    Plot::new(name)
        .height(area.height() - 14.0)
        .custom_y_axes(vec![axis])
        .show_axes([false, true])
        .show_grid([false, true])
        .grid_color(t.line)
        .grid_spacing(Rangef::new(2.0, 4.0))
        .y_grid_spacer(move |_| {
            let step = (high - low) / marks.len().max(2) as f64;
            marks
                .iter()
                .map(|(value, _)| GridMark {
                    value: *value,
                    step_size: step,
                })
                .collect()
        })
        .show_background(false)
        .show_crosshair(false)
        .cursor_color(t.faint)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .set_margin_fraction(egui::Vec2::ZERO)
        .label_formatter(move |at| {
            let p: &PlotPoint = match at {
                egui_plot::HoverPosition::NearDataPoint { position, .. } => position,
                egui_plot::HoverPosition::Elsewhere { .. } => return None,
            };
            Some(note(p.x.max(0.0).round() as u64, p.y))
        })
        .show(ui, move |plot| {
            plot.set_plot_bounds_x(0.0..=span);
            plot.set_plot_bounds_y(low..=high);
            draw(plot);
        });
    let font = theme::regular(10.5);
    let left = area.left_bottom() + egui::vec2(LABELS, 0.0);
    ui.painter()
        .text(left, Align2::LEFT_BOTTOM, "0", font.clone(), t.faint);
    let last = format!("{} steps", format::grouped(steps));
    ui.painter().text(
        area.right_bottom(),
        Align2::RIGHT_BOTTOM,
        last,
        font,
        t.faint,
    );
}
