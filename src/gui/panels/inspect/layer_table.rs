//! How alike the pair is at every layer, for the metamers at every layer of which there are any: the closer to the deepest
//! colour, the more alike.

use super::say;
use crate::export::{Cells, ColourMap, Shading};
use crate::gui::inspect::{InspectMessage, LayerTable};
use crate::gui::panels::View;
use crate::gui::{theme, widgets};
use egui::{
    Align2, Color32, EventFilter, Id, Key, Modifiers, Rect, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

/// Rows are not higher than this, in points.
const HIGHEST: f32 = 26.0;
/// Room for the word under the table.
const AXIS: f32 = 14.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    let table = &view.state.inspect.table;
    let memory = Id::unique("the cell of the table of layers that is read out");
    let cell = ui.data(|d| d.get_temp::<[usize; 2]>(memory));
    let read = cell.and_then(|c| sentence(table, c));
    widgets::card_title(ui, "Spearman rho, layer by layer", "").on_hover_text(
        "Each row is the metamer of one layer, each column the layer at which it is held against the reference",
    );
    let area = ui.available_rect_before_wrap();
    if table.rows.is_empty() {
        let text = "Measured when the run is complete";
        let font = theme::regular(12.0);
        ui.painter().text(
            area.left_top() + vec2(0.0, 6.0),
            Align2::LEFT_TOP,
            text,
            font,
            t.faint,
        );
        return;
    }
    let (columns, rows) = (table.layers.len().max(1), table.rows.len());
    let room = area.height() - AXIS;
    let size = vec2(
        area.width() / columns as f32,
        (room / rows as f32).min(HIGHEST),
    );
    let grid = Rect::from_min_size(area.min, size * vec2(columns as f32, rows as f32));
    let at = |[row, column]: [usize; 2]| {
        Rect::from_min_size(grid.min + size * vec2(column as f32, row as f32), size)
    };
    let shading = Shading {
        low: 0.0,
        high: 1.0,
        ..Shading::shared(colours(view), std::iter::empty::<&Cells>())
    };
    for (r, row) in table.rows.iter().enumerate() {
        for (c, rho) in row.rho.iter().enumerate() {
            let place = at([r, c]).shrink(0.5);
            match rho {
                Some(rho) if rho.is_finite() => {
                    let [red, green, blue] = shading.colour(*rho as f32);
                    let fill = Color32::from_rgb(red, green, blue);
                    ui.painter().rect_filled(place, 0.0, fill);
                }
                _ => {
                    ui.painter().rect_filled(place, 0.0, t.raised);
                }
            }
        }
        if row.here {
            let whole = at([r, 0]).union(at([r, columns - 1]));
            let stroke = Stroke::new(1.5, t.accent);
            ui.painter()
                .rect_stroke(whole, 0.0, stroke, StrokeKind::Outside);
        }
    }
    let layer = view.state.inspected_layer().map(str::to_owned);
    let column = table.layers.iter().position(|l| Some(l) == layer.as_ref());
    if let Some(column) = column {
        let whole = at([0, column]).union(at([rows - 1, column]));
        let stroke = Stroke::new(1.0, t.text);
        ui.painter()
            .rect_stroke(whole, 0.0, stroke, StrokeKind::Outside);
    }
    let words = read
        .clone()
        .unwrap_or_else(|| "Rows match a layer, columns measure at one".to_owned());
    let ink = if read.is_some() { t.text } else { t.faint };
    let line = widgets::line(ui, &words, theme::regular(theme::SMALL), ink, area.width());
    ui.painter().galley(
        pos2(area.left(), area.bottom() - line.size().y + 2.0),
        line,
        ink,
    );
    interact(ui, view, grid, size, [rows, columns], memory);
}

/// The colours of cochleagrams and activations.
fn colours(view: &View<'_>) -> ColourMap {
    ColourMap::find(&view.state.choices.listening.colours).unwrap_or(ColourMap::Magma)
}

/// A cell in words.
fn sentence(table: &LayerTable, [row, column]: [usize; 2]) -> Option<String> {
    let row = table.rows.get(row)?;
    let measured = table.layers.get(column)?;
    let rho = match row.rho.get(column)? {
        Some(rho) if rho.is_finite() => format!("rho {rho:.3}"),
        Some(_) => "rho undefined".to_owned(),
        None => "not measured".to_owned(),
    };
    Some(format!("matched {}, at {measured}: {rho}", row.matched))
}

/// Pointing and arrows read cells out; a click or Enter shows the activations at the cell's layer.
fn interact(
    ui: &Ui,
    view: &mut View<'_>,
    grid: Rect,
    size: egui::Vec2,
    [rows, columns]: [usize; 2],
    memory: Id,
) {
    let id = ui.scope_id().with("layer table");
    let response = ui.interact(grid, id, Sense::click());
    let before = ui.data(|d| d.get_temp::<[usize; 2]>(memory));
    let mut cell = before;
    if let Some(pointer) = response.hover_pos() {
        let place = (pointer - grid.min) / size;
        cell = Some([
            (place.y.max(0.0) as usize).min(rows - 1),
            (place.x.max(0.0) as usize).min(columns - 1),
        ]);
    } else if response.has_focus() {
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..Default::default()
        };
        ui.memory_mut(|m| m.set_focus_lock_filter(id, arrows));
        let [down, right] = ui.input_mut(|i| {
            let mut pressed = |key| i.count_and_consume_key(Modifiers::NONE, key) as isize;
            [
                pressed(Key::ArrowDown) - pressed(Key::ArrowUp),
                pressed(Key::ArrowRight) - pressed(Key::ArrowLeft),
            ]
        });
        let [row, column] = cell.unwrap_or([0, 0]);
        cell = Some([
            row.saturating_add_signed(down).min(rows - 1),
            column.saturating_add_signed(right).min(columns - 1),
        ]);
    } else {
        cell = None;
    }
    if cell != before {
        ui.data_mut(|d| match cell {
            Some(cell) => {
                d.insert_temp(memory, cell);
            }
            None => d.remove::<[usize; 2]>(memory),
        });
        ui.ctx().request_repaint();
    }
    let table = &view.state.inspect.table;
    response.widget_info(|| {
        let label = format!("Rho of {rows} metamers at {columns} layers");
        let mut info = WidgetInfo::labeled(Role::Image, true, label);
        info.current_text_value = cell.and_then(|c| sentence(table, c));
        info
    });
    widgets::focus_ring(ui, &response, grid);
    let layer = cell.and_then(|[_, c]| table.layers.get(c).cloned());
    if response.clicked()
        && let Some(layer) = layer
    {
        say(view, InspectMessage::Layer(layer));
    }
    response.on_hover_text("Click shows the activations at that layer");
}
