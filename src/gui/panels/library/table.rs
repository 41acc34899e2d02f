//! The list of finished runs.

use crate::gui::library::Column;
use crate::gui::message::{LibraryMessage, Message};
use crate::gui::page::Page;
use crate::gui::panels::View;
use crate::gui::state::Mark;
use crate::gui::{format, theme, widgets};
use crate::session::Kept;
use egui::{Align2, Rect, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use std::time::SystemTime;

const ROW: f32 = 44.0;
const HEADER: f32 = 26.0;
/// Width of a small picture.
const PICTURE: f32 = 76.0;
/// Shares of the width that the pictures leave.
const SHARES: [f32; 9] = [0.15, 0.17, 0.13, 0.11, 0.05, 0.08, 0.06, 0.12, 0.13];

/// From left to right: where each column is.
fn columns(row: Rect) -> [Rect; 9] {
    let (left, width) = (row.left() + PICTURE, row.width() - PICTURE - 10.0);
    let mut x = left;
    SHARES.map(|share| {
        let rect = Rect::from_min_max(
            pos2(x, row.top()),
            pos2(x + share * width - 8.0, row.bottom()),
        );
        x += share * width;
        rect
    })
}

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let (header, list) = area.split_top_bottom_at_y(area.top() + HEADER);
    headings(ui, view, header);
    let state = view.state;
    let rows = &state.library.rows;
    let mut seen = vec![];
    ui.scope_builder(UiBuilder::new().max_rect(list), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let chosen = state.library.place();
        let moved =
            ui.input(|i| i.key_pressed(egui::Key::ArrowDown) || i.key_pressed(egui::Key::ArrowUp));
        let mut scroll = ScrollArea::vertical().id_salt("runs").auto_shrink(false);
        // The chosen row stays in sight when keys move it.
        if let Some(at) = chosen.filter(|_| moved) {
            let top = at as f32 * ROW;
            let offset_id = egui::Id::unique("library offset");
            let offset: f32 = ui.data(|d| d.get_temp(offset_id)).unwrap_or(0.0);
            let least = top + ROW - list.height();
            scroll = scroll
                .vertical_scroll_offset(offset.clamp(least.max(0.0), top.max(least.max(0.0))));
        }
        let output = scroll.show_rows(ui, ROW, rows.len(), |ui, range| {
            for index in range {
                let run = &rows[index];
                if !state.shelf.wanted.contains(&run.folder) {
                    seen.push(run.folder.clone());
                }
                row(ui, view, run, chosen == Some(index));
            }
        });
        ui.data_mut(|d| {
            d.insert_temp(
                egui::Id::unique("library offset"),
                output.state.clamped_offset().y,
            )
        });
        if rows.is_empty() {
            ui.label(widgets::muted(
                ui,
                "No run fits these words and this verdict",
            ));
        }
    });
    if !seen.is_empty() {
        view.out.push(Message::Library(LibraryMessage::Seen(seen)));
    }
}

fn headings(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let library = &view.state.library;
    for (column, rect) in Column::ALL.into_iter().zip(columns(area)) {
        let sorted = library.by == column;
        let id = ui.scope_id().with(("column", column.title()));
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| {
            let label = format!("Sort by {}", column.title().to_lowercase());
            WidgetInfo::selected(Role::Button, true, sorted, label)
        });
        let ink = if sorted || response.hovered() {
            t.text
        } else {
            t.muted
        };
        let line = widgets::line(ui, column.title(), theme::regular(12.0), ink, rect.width());
        let width = line.size().x;
        ui.painter().galley(
            rect.left_center() - vec2(0.0, line.size().y / 2.0),
            line,
            ink,
        );
        if sorted {
            // Points down where the list goes down from here, up where it is turned round.
            let turned = if library.reversed { -1.0 } else { 1.0 };
            let tip = pos2(rect.left() + width + 10.0, rect.center().y);
            let corners =
                [(-3.5, -2.0), (3.5, -2.0), (0.0, 2.5)].map(|(x, y)| tip + vec2(x, turned * y));
            let triangle = egui::Shape::convex_polygon(corners.to_vec(), ink, Stroke::NONE);
            ui.painter().add(triangle);
        }
        widgets::focus_ring(ui, &response, rect);
        if response.clicked() {
            view.out
                .push(Message::Library(LibraryMessage::Sort(column)));
        }
    }
    ui.painter().hline(
        area.x_range(),
        area.bottom() - 1.0,
        Stroke::new(1.0, t.line),
    );
}

fn row(ui: &mut Ui, view: &mut View<'_>, run: &Kept, chosen: bool) {
    let t = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let id = egui::Id::unique(("run", &run.folder));
    let response = ui.interact(rect, id, Sense::click());
    let mark: Mark = run.verdict().into();
    let label = describe(run, mark);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &label));
    let painter = ui.painter();
    if chosen || response.hovered() {
        let fill = if chosen {
            t.raised
        } else {
            t.raised.gamma_multiply(0.5)
        };
        painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), theme::CONTROL_CORNER, fill);
    }
    let picture = Rect::from_min_size(rect.min + vec2(6.0, 4.0), vec2(PICTURE - 14.0, ROW - 8.0));
    if let Some(texture) = view.pictures.small(&run.folder) {
        let size = texture.size_vec2();
        let scale = (picture.width() / size.x).min(picture.height() / size.y);
        let shown = Rect::from_center_size(picture.center(), size * scale);
        egui::Image::new((texture.id(), shown.size()))
            .corner_radius(3)
            .paint_at(ui, shown);
    }
    let spec = &run.spec;
    let rho = run.rho().map_or_else(|| "–".into(), |r| format!("{r:.3}"));
    let texts = [
        format::stimulus(&spec.stimulus),
        spec.model.clone(),
        spec.layer.clone(),
        spec.recipe.clone(),
        spec.seed.to_string(),
        mark.title().to_owned(),
        rho,
        age(run.made),
        run.tags.join(", "),
    ];
    for ((text, column), place) in texts.iter().zip(Column::ALL).zip(columns(rect)) {
        let mut place = place;
        if column == Column::Verdict {
            widgets::dot(ui.painter(), place.left_center() + vec2(5.0, 0.0), mark, t);
            place.min.x += 16.0;
        }
        let ink = if matches!(column, Column::Stimulus | Column::Layer) {
            t.text
        } else {
            t.muted
        };
        let line = widgets::line(ui, text, theme::regular(12.5), ink, place.width());
        let at = Align2::LEFT_CENTER.anchor_size(place.left_center(), line.size());
        ui.painter().galley(at.min, line, ink);
    }
    widgets::focus_ring(ui, &response, rect.shrink(1.0));
    let folder = || run.folder.clone();
    if response.double_clicked() {
        let open = LibraryMessage::Open(folder(), Page::Inspect);
        view.out.push(Message::Library(open));
    } else if response.clicked() {
        view.out
            .push(Message::Library(LibraryMessage::Select(folder())));
    }
}

fn describe(run: &Kept, mark: Mark) -> String {
    let spec = &run.spec;
    let rho = run
        .rho()
        .map_or_else(String::new, |r| format!(", rho {r:.3}"));
    format!(
        "Run {}, {}, {}, {}, seed {}: {}{rho}",
        format::stimulus(&spec.stimulus),
        spec.model,
        spec.layer,
        spec.recipe,
        spec.seed,
        mark.title()
    )
}

/// How long ago, in words.
fn age(made: SystemTime) -> String {
    let seconds = made.elapsed().map_or(0, |d| d.as_secs());
    let several = |n: u64, unit: &str| format!("{n} {unit}{} ago", if n == 1 { "" } else { "s" });
    match seconds {
        0..60 => "just now".into(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => several(seconds / 3600, "hour"),
        _ => several(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ages_read_well() {
        let ago = |seconds| age(SystemTime::now() - Duration::from_secs(seconds));
        assert_eq!(
            [5, 125, 3700, 200_000].map(ago),
            ["just now", "2 min ago", "1 hour ago", "2 days ago"]
        );
    }
}
