//! Spearman's rho of the matched layer and of the logits, with the null distribution's maximum.

use super::{View, plot};
use crate::gui::{format, theme, widgets};
use crate::verify::Histogram;
use egui::{Align2, Color32, Stroke, Ui};
use egui_plot::{
    Bar, BarChart, HLine, Line, LineStyle, MarkerShape, PlotPoint, PlotPoints, Points, Text,
};

pub fn show(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let run = view.state.shown();
    let now = run
        .and_then(|r| r.rho.last())
        .map_or_else(|| "–".into(), |(_, rho)| format!("{rho:.3}"));
    let title = widgets::card_title(ui, "Spearman rho, layer and logits", &now);
    if let Some((_, logits)) = run.and_then(|r| r.rho_logits.last()) {
        title.on_hover_text(format!("Layer {now}, logits {logits:.3}"));
    }
    let steps = run.map_or(view.state.procedure.steps, |r| r.spec.procedure.steps);
    let (layer, logits) = run.map_or((&[][..], &[][..]), |r| {
        (r.rho.points(), r.rho_logits.points())
    });
    let least = [
        run.and_then(|r| r.rho.range()),
        run.and_then(|r| r.rho_logits.range()),
    ];
    let least = least.iter().flatten().map(|r| r.0).fold(0.0, f64::min);
    let mut marks = vec![
        (0.0, "0".to_owned()),
        (0.5, "0.5".to_owned()),
        (1.0, "1".to_owned()),
    ];
    if least < -0.4 {
        marks.insert(0, (-0.5, "−0.5".to_owned()));
    }
    // Before anything is matched rho lies a little below 0; the axis changes only for what lies far below.
    let low = if least < -0.4 { -1.0 } else { least.min(-0.04) };
    let null = run
        .and_then(|r| r.null.as_ref())
        .map(|(largest, description)| {
            let pairs = description
                .split(' ')
                .next()
                .and_then(|n| n.parse::<u64>().ok());
            let pairs =
                pairs.map_or_else(String::new, |n| format!(" of {} pairs", format::grouped(n)));
            (*largest, format!("null maximum {largest:.2}{pairs}"))
        });
    let inside = ui.available_rect_before_wrap();
    let histogram = run.and_then(|r| r.histogram.as_ref());
    if let Some(histogram) = histogram {
        told(ui, inside, histogram, &now);
    }
    plot::over_steps(
        ui,
        "correlation",
        steps,
        low..=1.06,
        &marks,
        |step, y| format!("step {}\nrho {y:.3}", format::grouped(step)),
        |plot| {
            if let Some(histogram) = histogram {
                plot.bar_chart(bars(histogram, steps as f64).color(t.unknown.gamma_multiply(0.45)));
                if let Some((_, rho)) = run.and_then(|r| r.rho.last()) {
                    let mark = Points::new("this metamer", [steps as f64, rho]);
                    let mark = mark.shape(MarkerShape::Left).radius(5.0).color(t.accent);
                    plot.points(mark.allow_hover(false));
                }
            }
            if let Some((largest, text)) = null {
                let line = HLine::new("null maximum", largest).allow_hover(false);
                plot.hline(
                    line.stroke(Stroke::new(1.0, t.unknown))
                        .style(LineStyle::Dashed { length: 4.0 }),
                );
                let at = PlotPoint::new(steps as f64 * 0.99, largest);
                let (anchor, above) = if largest > 0.75 {
                    (Align2::RIGHT_TOP, -0.02)
                } else {
                    (Align2::RIGHT_BOTTOM, 0.02)
                };
                let at = PlotPoint::new(at.x, at.y + above);
                let text = egui::RichText::new(text).font(theme::regular(10.5));
                plot.text(
                    Text::new("null", at, text)
                        .color(t.unknown)
                        .anchor(anchor)
                        .allow_hover(false),
                );
            }
            for (name, points, colour, width) in [
                ("logits", logits, t.muted, 1.2),
                ("layer", layer, t.accent, 1.6),
            ] {
                plot.line(
                    Line::new(name, PlotPoints::Borrowed(points))
                        .stroke(Stroke::new(width, colour)),
                );
            }
        },
    );
    legend(ui, inside, [("layer", t.accent), ("logits", t.muted)]);
}

/// The null distribution along the axis of rho, its bars standing on the plot's right edge; at most a sixth of the width.
fn bars(histogram: &Histogram, steps: f64) -> BarChart {
    let most = histogram.counts.iter().max().copied().unwrap_or(1).max(1);
    let bars = histogram.bars().map(|(rho, count)| {
        let length = steps / 6.0 * f64::from(count) / f64::from(most);
        // A single value has no range.
        let width = histogram.width().max(0.004);
        Bar::new(rho, length)
            .width(width)
            .base_offset(steps - length)
    });
    BarChart::new("null distribution", bars.collect())
        .horizontal()
        .allow_hover(false)
}

/// The same in words, for whoever does not see it.
fn told(ui: &mut Ui, area: egui::Rect, histogram: &Histogram, now: &str) {
    let [low, high] = histogram.range;
    let text = format!(
        "Null distribution of {} pairs: rho from {low:.2} to {high:.2}; this metamer {now}",
        format::grouped(histogram.total())
    );
    let id = ui.scope_id().with("null distribution");
    let response = ui.interact(area, id, egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
}

/// Names beside short strokes, in the middle of the line below the plot.
fn legend(ui: &Ui, area: egui::Rect, entries: [(&str, Color32); 2]) {
    let t = theme::tokens(ui);
    let mut x = area.left() + 64.0;
    for (name, colour) in entries {
        let y = area.bottom() - 6.5;
        ui.painter()
            .hline(x..=x + 12.0, y, Stroke::new(2.0, colour));
        let at = egui::pos2(x + 16.0, area.bottom());
        let drawn = ui
            .painter()
            .text(at, Align2::LEFT_BOTTOM, name, theme::regular(10.5), t.faint);
        x = drawn.right() + 12.0;
    }
}
