//! The loss on a logarithmic axis, with its present value.

use super::{View, plot};
use crate::gui::{format, theme, widgets};
use crate::synthesis::Loss;
use egui::{Stroke, Ui};
use egui_plot::{Line, PlotPoints};

pub fn show(ui: &mut Ui, view: &View<'_>) {
    let t = theme::tokens(ui);
    let run = view.state.shown();
    let procedure = run.map_or(&view.state.procedure, |r| &r.spec.procedure);
    let title = match procedure.loss {
        Loss::RelativeL2 => "Loss, relative L2",
        Loss::HalfSquared => "Loss, half squared",
        Loss::L1 => "Loss, L1",
    };
    let now = run
        .and_then(|r| r.loss_now)
        .map_or_else(|| "–".into(), format::loss);
    widgets::card_title(ui, title, &now).on_hover_text(format!(
        "Here {}, on a logarithmic axis",
        procedure.loss.title()
    ));
    let points = run.map_or(&[][..], |r| r.loss.points());
    let range = run.and_then(|r| r.loss.range()).unwrap_or((-2.0, 0.0));
    let (low, high) = bounds(range);
    let marks = decades(low, high);
    let pad = (high - low) * 0.04;
    plot::over_steps(
        ui,
        "loss",
        procedure.steps,
        low - pad..=high + pad,
        &marks,
        |step, y| {
            format!(
                "step {}\nloss {}",
                format::grouped(step),
                format::loss(10f64.powf(y))
            )
        },
        |plot| {
            let line = Line::new("loss", PlotPoints::Borrowed(points));
            plot.line(line.stroke(Stroke::new(1.6, t.accent)));
        },
    );
}

/// The axis for a range of logarithms: from a power of ten to the next of 1, 2 and 5 times one, so that it seldom changes.
fn bounds((least, greatest): (f64, f64)) -> (f64, f64) {
    let low = least.floor();
    let steps = [0.0, 2f64.log10(), 5f64.log10(), 1.0].map(|s| greatest.floor() + s);
    let high = steps
        .into_iter()
        .find(|s| *s >= greatest)
        .unwrap_or(greatest);
    (low, if high - low < 0.9 { low + 1.0 } else { high })
}

/// The powers of ten on the axis, at most six.
fn decades(low: f64, high: f64) -> Vec<(f64, String)> {
    let (low, high) = (low.ceil() as i32, high.floor() as i32);
    let every = ((high - low).max(0) as usize).div_ceil(5).max(1);
    (low..=high)
        .step_by(every)
        .map(|e| (f64::from(e), format::power_of_ten(e)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_always_contains_the_curve_and_has_marks() {
        for range in [
            (-1.3, 0.2),
            (0.0, 0.0),
            (-9.0, 5.0),
            (3.2, 3.4),
            (-0.5, -0.4),
            (-0.95, 0.12),
        ] {
            let (low, high) = bounds(range);
            assert!(
                low <= range.0 && range.1 <= high,
                "{range:?}: {low} to {high}"
            );
            assert!((1..=6).contains(&decades(low, high).len()), "{range:?}");
        }
        assert_eq!(bounds((-0.95, 0.12)), (-1.0, 2f64.log10()));
    }
}
