//! The ladder: the reference and one metamer a layer, side by side in the network's order; several seeds as rows.

mod bar;
mod grid;
mod large;
mod rung;
mod words;

use super::{View, transport};
use crate::gui::layout;
use egui::{Rect, Ui, vec2};

/// Height of the row of choices above.
const BAR: f32 = 34.0;
/// Height of the row with the player.
const TRANSPORT: f32 = 36.0;
/// Height of the sentence about the chosen one.
const WORDS: f32 = 44.0;

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let area = ui.available_rect_before_wrap().shrink(layout::GAP);
    let (bar, rest) = area.split_top_bottom_at_y(area.top() + BAR);
    bar::show(ui, view, bar);
    let player = if view.state.hears() { TRANSPORT } else { 0.0 };
    let (rest, player) = rest.split_top_bottom_at_y(rest.bottom() - player);
    let (rest, words) = rest.split_top_bottom_at_y(rest.bottom() - WORDS);
    let middle = Rect::from_min_max(rest.min + vec2(0.0, 8.0), rest.max - vec2(0.0, 10.0));
    if view.state.ladder_view.large {
        large::show(ui, view, middle);
    } else {
        grid::show(ui, view, middle);
    }
    words::show(ui, view, words);
    if view.state.hears() {
        transport::show(ui, view, player.shrink2(vec2(0.0, 3.0)));
    }
}
