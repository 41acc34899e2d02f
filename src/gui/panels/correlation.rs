//! Spearman's rho of the matched layer and of the logits, with the null distribution's maximum.

use super::{View, plot};
use crate::gui::{format, theme, widgets};
use egui::{Align2, Color32, Stroke, Ui};
use egui_plot::{HLine, Line, LineStyle, PlotPoint, PlotPoints, Text};

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
    plot::over_steps(
        ui,
        "correlation",
        steps,
        low..=1.06,
        &marks,
        |step, y| format!("step {}\nrho {y:.3}", format::grouped(step)),
        |plot| {
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
