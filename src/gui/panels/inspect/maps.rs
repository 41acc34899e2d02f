//! The activations of a layer: one channel of both, in the same colours, in the part of the pair that is in view.

use super::{channels, say};
use crate::export::Cells;
use crate::gui::inspect::{InspectMessage, Look, Region};
use crate::gui::message::Message;
use crate::gui::panels::View;
use crate::gui::{format, heatmap, theme, widgets};
use egui::{
    Align, Align2, Button, ComboBox, Layout, Rect, Response, RichText, Role, Stroke, StrokeKind,
    Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// Height of the rows with the choice of layer and of channel.
const ROW: f32 = 28.0;
/// Height of a map's name.
const NAME: f32 = 18.0;
/// Room for the scale of colours.
const SCALE: f32 = 58.0;
/// The least height of the bars of all channels.
const BARS: f32 = 64.0;
/// The line with the values under the cursor.
const VALUES: f32 = 18.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let area = ui.available_rect_before_wrap();
    let row = |top: f32, height: f32| {
        Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height))
    };
    layers(ui, view, row(area.top(), ROW));
    let top = area.top() + ROW + 4.0;
    let room = Rect::from_min_max(
        pos2(area.left(), top),
        pos2(area.right(), area.bottom() - BARS - ROW - VALUES - 6.0),
    );
    let inspect = &view.state.inspect;
    let Some(look) = inspect.look.clone() else {
        let text = match (&inspect.look_error, &inspect.error) {
            (Some(error), _) | (None, Some(error)) => error.clone(),
            (None, None) => "Working out the activations…".into(),
        };
        let font = theme::regular(12.5);
        let ink = theme::tokens(ui).faint;
        let galley = ui.painter().layout(text, font, ink, area.width() - 40.0);
        let at = room.center() - galley.size() / 2.0;
        ui.painter().galley(at, galley, ink);
        return;
    };
    let places = places(room, &look, view.state.hears());
    let scale = Rect::from_min_max(places[0].min, places[1].max);
    for (i, place) in places.into_iter().enumerate() {
        map(ui, view, &look, place, i);
    }
    let id = ui.scope_id().with("activation colours");
    widgets::colour_scale(ui, id, scale, &look.shading);
    let top = scale.bottom() + 2.0;
    values(ui, view, &look, row(top, VALUES));
    let top = top + VALUES + 2.0;
    channel(ui, view, &look, row(top, ROW));
    let bars = Rect::from_min_max(pos2(area.left(), top + ROW + 4.0), area.max);
    channels::show(ui, view, &look, bars);
}

/// Where the two maps stand: pictures beside each other, sounds on one axis of time, above each other.
fn places(room: Rect, look: &Look, hears: bool) -> [Rect; 2] {
    let width = room.width() - SCALE;
    if hears && !look.of.channels.is_flat() {
        let height = (room.height() - 2.0 * NAME) / 2.0;
        let place = |top: f32| Rect::from_min_size(pos2(room.left(), top), vec2(width, height));
        return [
            place(room.top() + NAME),
            place(room.top() + height + 2.0 * NAME),
        ];
    }
    let [columns, rows] = [look.maps[0].columns(), look.maps[0].rows()].map(|n| n as f32);
    let each = vec2((width - 8.0) / 2.0, room.height() - NAME);
    // Cells are squares, as far as there is room for them; a strip of a few is made higher.
    let scale = (each.x / columns).min(each.y / rows);
    let size = vec2(columns, rows) * scale;
    let size = vec2(size.x, size.y.max(each.y.min(40.0)));
    let place = |left: f32| Rect::from_min_size(pos2(left, room.top() + NAME), size);
    [place(room.left()), place(room.left() + size.x + 8.0)]
}

/// The part of a map in view: of all units, all.
fn part(view: &View<'_>, look: &Look) -> Region {
    if look.of.channels.is_flat() {
        Region::ALL
    } else {
        view.state.region()
    }
}

fn map(ui: &mut Ui, view: &mut View<'_>, look: &Look, rect: Rect, which: usize) {
    let t = theme::tokens(ui);
    let name = ["reference", "metamer"][which];
    let flat = look.of.channels.is_flat();
    let cells: &Arc<Cells> = &look.maps[which];
    ui.painter().text(
        rect.left_top() - vec2(0.0, 4.0),
        Align2::LEFT_BOTTOM,
        name,
        theme::regular(theme::SMALL),
        t.muted,
    );
    let id = ui.scope_id().with(("activation map", name));
    let region = part(view, look);
    heatmap::paint(ui, id, rect, cells, &look.shading, region.part(cells));
    let response = if flat {
        unit_mark(ui, look, rect);
        let response = ui.interact(rect, id, egui::Sense::click());
        if let Some(pointer) = response
            .interact_pointer_pos()
            .filter(|_| response.clicked())
        {
            let share = (pointer - rect.min) / rect.size();
            let [columns, rows] = [cells.columns(), cells.rows()];
            let column = ((share.x * columns as f32) as usize).min(columns - 1);
            let row = ((share.y * rows as f32) as usize).min(rows - 1);
            say(view, InspectMessage::Channel(row * columns + column));
        }
        response.on_hover_text("Each cell is a unit, row by row; click shows one")
    } else if view.state.hears() {
        let Some(seen) = view.state.hearing.view else {
            return;
        };
        let step = seen.seconds() / cells.columns() as f64;
        let done = widgets::interact_with_sound(ui, id, rect, &seen, true, step);
        cursor(ui, view, rect, region);
        view.out.extend(done.changes.into_iter().map(Message::View));
        if let Some(seconds) = done.play_from {
            view.out.push(Message::PlayFrom(seconds));
        }
        done.response
    } else {
        let picture = &view.state.inspect.picture;
        widgets::mark_cell(ui, rect, picture, [cells.columns(), cells.rows()]);
        let (response, changes) = widgets::interact_with_part(ui, id, rect, picture);
        changes
            .into_iter()
            .for_each(|c| say(view, InspectMessage::Picture(c)));
        response
    };
    response.widget_info(|| {
        let what = if flat {
            format!("Activations of all units, {name}")
        } else {
            format!("Activations of channel {}, {name}", look.channel)
        };
        let mut info = WidgetInfo::labeled(Role::Image, true, what);
        info.current_text_value = under_cursor(view, look);
        info
    });
    widgets::focus_ring(ui, &response, rect);
}

/// A frame around the chosen unit among all.
fn unit_mark(ui: &Ui, look: &Look, rect: Rect) {
    let t = theme::tokens(ui);
    let size = rect.size() / vec2(look.maps[0].columns() as f32, look.maps[0].rows() as f32);
    let [row, column] = look.unit_place(look.channel).map(|v| v as f32);
    let cell = Rect::from_min_size(rect.min + size * vec2(column, row), size);
    for (width, colour) in [(3.0, t.mark_edge), (1.0, t.mark)] {
        let stroke = Stroke::new(width, colour);
        ui.painter()
            .rect_stroke(cell.expand(1.0), 0.0, stroke, StrokeKind::Outside);
    }
}

/// Thin lines at the place of a sound that is read out.
fn cursor(ui: &Ui, view: &View<'_>, rect: Rect, region: Region) {
    let t = theme::tokens(ui);
    let Some([x, y]) = view.state.region_cursor() else {
        return;
    };
    let across = ((x - region.left) / (region.right - region.left)) as f32;
    let up = ((y - region.bottom) / (region.top - region.bottom)) as f32;
    let at = pos2(
        rect.left() + rect.width() * across,
        rect.bottom() - rect.height() * up,
    );
    for (width, colour) in [(2.0, t.mark_edge), (1.0, t.mark)] {
        let stroke = Stroke::new(width, colour.gamma_multiply(0.6));
        if (0.0..=1.0).contains(&across) {
            ui.painter().vline(at.x, rect.y_range(), stroke);
        }
        if (0.0..=1.0).contains(&up) {
            ui.painter().hline(rect.x_range(), at.y, stroke);
        }
    }
}

/// What stands under the cursor, or at the chosen unit.
fn under_cursor(view: &View<'_>, look: &Look) -> Option<String> {
    let (place, [reference, metamer]) = if look.of.channels.is_flat() {
        let [a, b] = look.of.channels.channel(look.channel);
        (format!("unit {}", look.channel), [*a.first()?, *b.first()?])
    } else {
        let [x, y] = view.state.region_cursor()?;
        let [columns, rows] = [look.maps[0].columns(), look.maps[0].rows()];
        let cell = |share: f64, n: usize| ((share * n as f64).max(0.0) as usize).min(n - 1);
        let (column, row) = (cell(x, columns), cell(y, rows));
        // Rows are counted as the layer has them: of pictures from the top.
        let shown = if view.state.hears() {
            row
        } else {
            rows - 1 - row
        };
        (
            format!("row {shown}, column {column}"),
            look.values(row, column)?,
        )
    };
    Some(format!(
        "{place}, reference {}, metamer {}",
        format::figure(reference),
        format::figure(metamer)
    ))
}

fn values(ui: &Ui, view: &View<'_>, look: &Look, area: Rect) {
    let t = theme::tokens(ui);
    let (text, ink) = match under_cursor(view, look) {
        Some(text) => (text, t.text),
        None => ("Point at a map to read its values".to_owned(), t.faint),
    };
    let line = widgets::line(ui, &text, theme::regular(theme::SMALL), ink, area.width());
    let at = pos2(area.left(), area.center().y - line.size().y / 2.0);
    ui.painter().galley(at, line, ink);
}

/// Which layer, and how alike the two are there.
fn layers(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let t = theme::tokens(ui);
    let now = view.state.inspected_layer().unwrap_or_default().to_owned();
    let matched = view
        .state
        .focused()
        .and_then(|r| r.spec().map(|s| s.layer.clone()));
    let title = |name: &str| {
        if Some(name) == matched.as_deref() {
            format!("{name}, matched")
        } else {
            name.to_owned()
        }
    };
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            step(ui, view, "‹", "Layer before", "Up", InspectMessage::GoLayer(-1));
            let combo = ComboBox::from_id_salt("inspected layer")
                .selected_text(title(&now))
                .width(150.0)
                .height(420.0)
                .show_ui(ui, |ui| {
                    for layer in &view.state.layers {
                        let label = format!("{}   {}", title(&layer.name), layer.shape);
                        if ui.selectable_label(layer.name == now, label).clicked() {
                            let message = InspectMessage::Layer(layer.name.clone());
                            view.out.push(Message::Inspect(message));
                        }
                    }
                });
            combo
                .response
                .accessible_name("Inspected layer")
                .on_hover_text("The layer whose activations are shown\nUp and Down");
            step(ui, view, "›", "Next layer to inspect", "Down", InspectMessage::GoLayer(1));
            ui.add_space(6.0);
            let look = view.state.inspect.look.as_ref();
            // The shape stands in the list of layers, too: where there is no room, it goes first.
            let [shape, figures] = look.map_or_else(Default::default, |l| {
                let alike = &l.of.channels.comparison;
                let (rho, snr) = (alike.spearman.0, alike.snr_conventional_db.0);
                [
                    format::shape(&l.of.channels.shape),
                    format!("rho {rho:.3}   SNR {snr:.1} dB"),
                ]
            });
            let texts = [&format!("{shape}   {figures}")[..], &figures];
            let font = theme::regular(12.0);
            widgets::fitting_label(ui, &texts, &font, t.muted).on_hover_text(format!(
                "{shape}   {figures}\nShape of the layer; Spearman's rho and 20 log10(‖reference‖ / ‖reference − metamer‖) over all of it"
            ));
        });
    });
}

/// Which channel, and how alike the two are there.
fn channel(ui: &mut Ui, view: &mut View<'_>, look: &Look, area: Rect) {
    let t = theme::tokens(ui);
    let channels = &look.of.channels;
    let what = if channels.is_flat() {
        "Unit"
    } else {
        "Channel"
    };
    let text = channels
        .error(look.channel)
        .map_or_else(String::new, |(at, error)| {
            channels::sentence(at, channels.count(), error)
        });
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let (before, next) = (InspectMessage::GoChannel(-1), InspectMessage::GoChannel(1));
            step(ui, view, "‹", "Channel with more error", "Page Up", before);
            let title = RichText::new(format!("{what} {}", look.channel));
            let title = title.font(theme::strong(theme::BODY));
            widgets::fixed_label(ui, title, 92.0);
            step(ui, view, "›", "Channel with less error", "Page Down", next);
            ui.add_space(6.0);
            let shorter = text.replace(" by error", "");
            let shortest = shorter.split(", place").next().unwrap_or_default();
            let texts = [&text[..], &shorter, shortest];
            let font = theme::regular(12.0);
            widgets::fitting_label(ui, &texts, &font, t.muted).on_hover_text(&text);
        });
    });
}

/// A small button that goes one on.
fn step(
    ui: &mut Ui,
    view: &mut View<'_>,
    sign: &str,
    label: &str,
    key: &str,
    message: InspectMessage,
) -> Response {
    let response = ui.add(Button::new(sign).min_size(vec2(24.0, 24.0)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    if response.clicked() {
        say(view, message);
    }
    response.on_hover_text(format!("{label}\n{key}"))
}
