//! What the network takes reference and metamer for.

use super::View;
use crate::gui::ladder::Rung;
use crate::gui::state::Run;
use crate::gui::{theme, widgets};
use crate::verify::Prediction;
use egui::{Align2, Rect, Ui, pos2, vec2};

const ROW: f32 = 21.0;

/// A class with its probability for both; nothing where it is not among a stimulus's five most probable.
struct Row {
    label: String,
    both: [Option<f64>; 2],
}

pub fn show(ui: &mut Ui, view: &View<'_>) {
    of(ui, &view.state.shown().map_or_else(Vec::new, rows));
}

/// The card of what is looked into.
pub fn inspected(ui: &mut Ui, view: &View<'_>) {
    let rows = match view.state.focused() {
        Some(Rung::Run(run)) => rows(run),
        Some(Rung::Kept(kept)) => kept.verification.as_ref().map_or_else(Vec::new, |v| {
            both(&v.predicted.reference, &v.predicted.metamer)
        }),
        _ => vec![],
    };
    of(ui, &rows);
}

fn of(ui: &mut Ui, rows: &[Row]) {
    let t = theme::tokens(ui);
    let title = widgets::card_title(ui, "Classes", "");
    legend(ui, title.rect);
    let area = ui.available_rect_before_wrap();
    let fit = (area.height() / ROW).floor() as usize;
    for (i, row) in rows.iter().take(fit).enumerate() {
        let rect = Rect::from_min_size(
            area.min + vec2(0.0, i as f32 * ROW),
            vec2(area.width(), ROW),
        );
        one(ui, rect, row);
    }
    if rows.is_empty() {
        let text = "What the network takes both for";
        ui.painter().text(
            area.left_top() + vec2(0.0, 6.0),
            Align2::LEFT_TOP,
            text,
            theme::regular(12.0),
            t.faint,
        );
    }
    let all = ui.interact(area, ui.scope_id().with("classes"), egui::Sense::hover());
    let figures = |row: &Row| {
        let [a, b] = row
            .both
            .map(|p| p.map_or_else(|| "not in its top five".into(), |p| format!("{p:.3}")));
        format!("{}: reference {a}, metamer {b}", row.label)
    };
    if !rows.is_empty() {
        let text = rows.iter().map(figures).collect::<Vec<_>>().join("\n");
        all.on_hover_text(text);
    }
}

fn one(ui: &Ui, rect: Rect, row: &Row) {
    let t = theme::tokens(ui);
    let y = rect.center().y;
    let (name_width, figure_width) = (rect.width() * 0.40, 34.0);
    let name = widgets::line(
        ui,
        &row.label,
        theme::regular(12.0),
        t.muted,
        name_width - 8.0,
    );
    let at = pos2(rect.left(), y - name.size().y / 2.0);
    ui.painter().galley(at, name, t.muted);
    let room = rect.width() - name_width - figure_width - 6.0;
    for (probability, colour, offset) in [
        (row.both[0], t.reference, -5.0),
        (row.both[1], t.accent, 1.0),
    ] {
        let Some(p) = probability else { continue };
        let size = vec2((room * p as f32).max(1.5), 4.0);
        let bar = Rect::from_min_size(pos2(rect.left() + name_width, y + offset), size);
        ui.painter().rect_filled(bar, 1.5, colour);
    }
    let figure = row.both[1].map_or_else(|| "–".into(), |p| format!("{p:.2}"));
    ui.painter().text(
        rect.right_center(),
        Align2::RIGHT_CENTER,
        figure,
        theme::regular(12.0),
        t.text,
    );
}

fn legend(ui: &Ui, title: Rect) {
    let t = theme::tokens(ui);
    let mut x = title.right();
    for (name, colour) in [("metamer", t.accent), ("reference", t.reference)] {
        let at = pos2(x, title.center().y);
        let text = ui.painter().text(
            at,
            Align2::RIGHT_CENTER,
            name,
            theme::regular(theme::SMALL),
            t.muted,
        );
        let square = Rect::from_center_size(pos2(text.left() - 9.0, at.y), vec2(8.0, 8.0));
        ui.painter().rect_filled(square, 1.5, colour);
        x = square.left() - 10.0;
    }
}

/// The classes among the five most probable of either, most probable first.
fn rows(run: &Run) -> Vec<Row> {
    let measured = match (&run.verification, &run.live) {
        (Some(v), _) => Some(&v.predicted),
        (None, Some(live)) => Some(&live.predictions),
        (None, None) => None,
    };
    let reference = measured.map_or(&run.predicted, |p| &p.reference);
    both(reference, measured.map_or(&[][..], |p| &p.metamer))
}

/// The classes among those of either, most probable first.
fn both(reference: &[Prediction], metamer: &[Prediction]) -> Vec<Row> {
    let of = |list: &[Prediction], class| {
        list.iter()
            .find(|p| p.class == class)
            .map(|p| p.probability)
    };
    let mut classes: Vec<&Prediction> = vec![];
    for prediction in reference.iter().chain(metamer) {
        if !classes.iter().any(|c| c.class == prediction.class) {
            classes.push(prediction);
        }
    }
    let mut rows: Vec<Row> = classes
        .into_iter()
        .map(|c| Row {
            label: c.label.clone(),
            both: [of(reference, c.class), of(metamer, c.class)],
        })
        .collect();
    let most = |row: &Row| row.both.iter().flatten().fold(0.0, |a: f64, b| a.max(*b));
    rows.sort_by(|a, b| most(b).total_cmp(&most(a)));
    rows
}
