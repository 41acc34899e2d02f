//! Where every rung stands: as large as there is room for.

use super::rung::{self, Place};
use crate::gui::panels::View;
use crate::gui::state::Mark;
use crate::gui::{theme, widgets};
use egui::{Rect, ScrollArea, Sense, Ui, Vec2, pos2, vec2};

/// Space between rungs.
const APART: f32 = 8.0;
/// Height of the layer's name above a rung.
const HEADER: f32 = 22.0;
/// The narrowest rung in which everything can be read.
const NARROWEST: f32 = 112.0;
/// Lines that one row of rungs is broken into, at most.
const LINES: usize = 4;

/// How rungs of one size stand in an area.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plan {
    /// Rungs in a line.
    columns: usize,
    /// Size of a picture.
    picture: Vec2,
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let ladder = view.state.ladder();
    let several = ladder.seeds.len() > 1;
    let count = ladder.layers.len() + 1;
    let square = !view.state.hears();
    let plan = if several {
        rows(area.size(), count, ladder.seeds.len(), square)
    } else {
        lines(area.size(), count, square)
    };
    let step = plan.picture + vec2(APART, APART + rung::CAPTION);
    let lines = if several {
        ladder.seeds.len()
    } else {
        count.div_ceil(plan.columns)
    };
    let headers = if several { 1 } else { lines };
    let size = vec2(
        plan.columns as f32 * step.x - APART,
        lines as f32 * step.y + headers as f32 * HEADER - APART,
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::both()
            .id_salt("ladder")
            .auto_shrink(false)
            .show(ui, |ui| {
                let (all, _) = ui.allocate_exact_size(size.max(area.size()), Sense::hover());
                // In the middle, where there is more room than it needs.
                let left = all.left() + ((all.width() - size.x) / 2.0).max(0.0);
                let at = |line: usize, column: usize| {
                    let above = if several {
                        HEADER
                    } else {
                        (line + 1) as f32 * HEADER
                    };
                    let min = pos2(
                        left + column as f32 * step.x,
                        all.top() + line as f32 * step.y + above,
                    );
                    Rect::from_min_size(min, plan.picture + vec2(0.0, rung::CAPTION))
                };
                let ladder = view.state.ladder();
                rung::reference(ui, view.state, view.pictures, at(0, 0), view.out);
                for (row, rungs) in ladder.rungs.iter().enumerate() {
                    if row > 0 {
                        seed(
                            ui,
                            at(row, 0),
                            ladder.seeds[row],
                            rungs.iter().map(rung_mark),
                        );
                    }
                    for (i, rung) in rungs.iter().enumerate() {
                        let index = i + 1;
                        let (line, column) = if several {
                            (row, index)
                        } else {
                            (index / plan.columns, index % plan.columns)
                        };
                        let place = Place {
                            layer: &ladder.layers[i].name,
                            number: index,
                            row,
                            seed: ladder.seeds[row],
                        };
                        rung::show(
                            ui,
                            view.state,
                            view.pictures,
                            at(line, column),
                            &place,
                            rung,
                            view.out,
                        );
                    }
                }
            });
    });
}

fn rung_mark(rung: &crate::gui::ladder::Rung<'_>) -> Mark {
    rung.mark()
}

/// The row's seed, where the reference stands in the first row.
fn seed(ui: &Ui, rect: Rect, seed: u64, marks: impl Iterator<Item = Mark>) {
    let t = theme::tokens(ui);
    let marks: Vec<Mark> = marks.collect();
    let verified = marks.iter().filter(|m| **m == Mark::Verified).count();
    let running = if marks.contains(&Mark::Running) {
        ", running"
    } else {
        ""
    };
    let at = rect.left_center() - vec2(0.0, rung::CAPTION / 2.0 + 10.0);
    let width = rect.width();
    for (text, font, colour, down) in [
        (
            format!("Seed {seed}"),
            theme::regular(theme::BODY),
            t.text,
            0.0,
        ),
        (
            format!("{verified} of {} verified{running}", marks.len()),
            theme::regular(theme::SMALL),
            t.muted,
            20.0,
        ),
    ] {
        let line = widgets::line(ui, &text, font, colour, width);
        ui.painter().galley(at + vec2(0.0, down), line, colour);
    }
}

/// One seed: broken into as many lines as make the pictures largest.
fn lines(room: Vec2, count: usize, square: bool) -> Plan {
    let plan = |lines: usize| {
        let columns = count.div_ceil(lines);
        let width = (room.x + APART) / columns as f32 - APART;
        let height = (room.y + APART) / lines as f32 - APART - HEADER - rung::CAPTION;
        Plan {
            columns,
            picture: fit(width, height, square),
        }
    };
    let area = |p: &Plan| p.picture.x * p.picture.y;
    (1..=LINES.min(count))
        .map(plan)
        .max_by(|a, b| area(a).total_cmp(&area(b)))
        .unwrap_or_else(|| plan(1))
}

/// Several seeds: a row each, below one another, with the layers' names above the first.
fn rows(room: Vec2, count: usize, seeds: usize, square: bool) -> Plan {
    let width = (room.x + APART) / count as f32 - APART;
    let height = (room.y - HEADER + APART) / seeds as f32 - APART - rung::CAPTION;
    // Rows that do not fit are scrolled to, rather than made too flat to see.
    let picture = fit(width, height.max(width.max(NARROWEST) * 0.8), square);
    Plan {
        columns: count,
        picture,
    }
}

/// The largest picture in a room: square where it is a picture, and for sounds neither very flat nor very tall.
fn fit(width: f32, height: f32, square: bool) -> Vec2 {
    let (width, height) = (width.max(NARROWEST), height.max(NARROWEST * 0.6));
    if square {
        let side = width.min(height).max(NARROWEST);
        return vec2(side, side);
    }
    vec2(
        width.min(height * 1.8).max(NARROWEST),
        height.min(width * 1.35),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_fills_the_room_and_nothing_becomes_too_small_to_read() {
        let room = vec2(1400.0, 700.0);
        for count in [1, 2, 9, 10, 21] {
            for square in [true, false] {
                let plan = lines(room, count, square);
                let used = count.div_ceil(plan.columns);
                let height =
                    used as f32 * (plan.picture.y + HEADER + rung::CAPTION + APART) - APART;
                assert!(height <= room.y + 0.5, "{count} {plan:?}");
                assert!(plan.picture.x >= NARROWEST);
                assert!(!square || plan.picture.x == plan.picture.y);
            }
        }
        // Ten pictures in a wide window stand in two lines of five.
        assert_eq!(lines(room, 10, true).columns, 5);
    }

    #[test]
    fn many_seeds_keep_their_size() {
        let plan = rows(vec2(900.0, 400.0), 21, 12, true);
        assert_eq!(
            (plan.columns, plan.picture),
            (21, vec2(NARROWEST, NARROWEST))
        );
    }
}
