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
    let now = run.and_then(|r| r.loss_now).map_or_else(|| "–".into(), format::loss);
    widgets::card_title(ui, title, &now).on_hover_text(format!("Here {}, on a logarithmic axis", procedure.loss.title()));
    let points = run.map_or(&[][..], |r| r.loss.points());
    let range = run.and_then(|r| r.loss.range()).unwrap_or((-2.0, 0.0));
    let marks = decades(range);
    let (low, high) = (marks[0].0, marks[marks.len() - 1].0);
    let pad = (high - low) * 0.04;
    plot::over_steps(
        ui,
        "loss",
        procedure.steps,
        low - pad..=high + pad,
        &marks,
        |step, y| format!("step {}\nloss {}", format::grouped(step), format::loss(10f64.powf(y))),
        |plot| {
            let line = Line::new("loss", PlotPoints::Borrowed(points));
            plot.line(line.stroke(Stroke::new(1.6, t.accent)));
        },
    );
}

/// Whole powers of ten around a range of logarithms, at most five.
fn decades((least, greatest): (f64, f64)) -> Vec<(f64, String)> {
    let low = least.floor() as i32;
    let high = (greatest.ceil() as i32).max(low + 1);
    let every = ((high - low) as usize).div_ceil(4).max(1);
    let mut marks: Vec<i32> = (low..=high).step_by(every).collect();
    if let Some(last) = marks.last().copied().filter(|l| *l < high) {
        marks.push(last + every as i32);
    }
    marks.into_iter().map(|e| (f64::from(e), format::power_of_ten(e))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_always_contains_the_curve() {
        for range in [(-1.3, 0.2), (0.0, 0.0), (-9.0, 5.0), (3.2, 3.4), (-0.5, -0.4)] {
            let marks = decades(range);
            assert!(marks.len() >= 2 && marks.len() <= 6, "{range:?}: {}", marks.len());
            assert!(marks[0].0 <= range.0 && marks[marks.len() - 1].0 >= range.1, "{range:?}");
        }
    }
}
