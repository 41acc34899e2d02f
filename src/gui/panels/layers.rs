//! Choosing the layers to match.

use super::View;
use crate::gui::message::Message;
use crate::gui::{layout, widgets};
use egui::{ScrollArea, Ui};

/// Shows the list in at most `room` points, and returns its height.
pub fn show(ui: &mut Ui, view: &mut View<'_>, room: f32) -> f32 {
    let chosen = view.state.chosen_layers().count();
    let title = if chosen > 1 {
        format!("Layers to match, {chosen} chosen")
    } else {
        "Layer to match".to_owned()
    };
    widgets::heading(ui, &title);
    let rows = view.state.layers.len().max(20) as f32;
    // A row more or less than fits exactly shows that the list goes on.
    let height = room
        .min(rows * layout::ROW)
        .max((layout::MIN_ROWS + 0.5) * layout::ROW);
    let top = ui.cursor().top();
    ScrollArea::vertical()
        .id_salt("layers")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, layer) in view.state.layers.iter().enumerate() {
                let (response, pick) = widgets::layer_row(ui, layer, view.state.mark(&layer.name));
                if let Some(pick) = pick {
                    view.out.push(Message::PickLayer(index, pick));
                }
                // Moving with the keys must not lose the row.
                let moved = ui.input(|i| {
                    i.key_pressed(egui::Key::ArrowDown) || i.key_pressed(egui::Key::ArrowUp)
                });
                // The chosen layer is in view from the beginning.
                let shown_id = response.id.with("was shown");
                let here = view.state.anchor == Some(index);
                let first = here && ui.data(|d| d.get_temp::<bool>(shown_id)).is_none();
                if here && (moved || first) {
                    response.scroll_to_me(None);
                    ui.data_mut(|d| d.insert_temp(shown_id, true));
                }
            }
        });
    (ui.cursor().top() - top).min(height + 6.0)
}
