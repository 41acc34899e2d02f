//! One metamer, looked into: the pair and its difference, the activations of any layer channel by channel, and how it came
//! to be.

mod bar;
mod channels;
mod empty;
mod film;
mod layer_table;
mod maps;
mod pictures;
mod sounds;

use super::{View, classes, scatter, transport};
use crate::gui::inspect::InspectMessage;
use crate::gui::message::Message;
use crate::gui::{format, layout, widgets};
use egui::{Rect, Ui, pos2, vec2};

/// Height of the row of choices above.
const BAR: f32 = 34.0;
/// Height of the row with the player.
const TRANSPORT: f32 = 36.0;
/// The least and the most that a pair of pictures takes of the width; the activations get the rest.
const PICTURES: [f32; 2] = [0.58, 0.70];
/// What a pair of sounds takes of the width.
const SOUNDS: f32 = 0.66;
/// What each card takes of the width.
const SHARES: [f32; 4] = [0.36, 0.16, 0.23, 0.25];

pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let area = ui.available_rect_before_wrap().shrink(layout::GAP);
    if view.state.focused().is_none() {
        return empty::show(ui, view, area);
    }
    let (top, rest) = area.split_top_bottom_at_y(area.top() + BAR);
    bar::show(ui, view, top);
    let rest = Rect::from_min_max(rest.min + vec2(0.0, 8.0), rest.max);
    let most_high = rest.height() - layout::GAP - layout::cards_height(area.height());
    let (pair, high) = if view.state.hears() {
        (rest.width() * SOUNDS, most_high)
    } else {
        // Two squares, as high as there is room; where they are as wide as they may be, the cards get what is left.
        let [least, most] = PICTURES.map(|share| rest.width() * share);
        let pair = (2.0 * pictures::side(most_high) + layout::GAP).clamp(least, most);
        let needed = pictures::height((pair - layout::GAP) / 2.0);
        (pair, needed.min(most_high))
    };
    let (middle, below) = rest.split_top_bottom_at_y(rest.top() + high);
    let below = Rect::from_min_max(below.min + vec2(0.0, layout::GAP), below.max);
    let (pair, activations) = middle.split_left_right_at_x(middle.left() + pair);
    let activations = Rect::from_min_max(
        pos2(activations.left() + layout::GAP, activations.top()),
        activations.max,
    );
    if view.state.hears() {
        let (rows, player) = pair.split_top_bottom_at_y(pair.bottom() - TRANSPORT);
        sounds::show(ui, view, rows);
        transport::show(ui, view, player.shrink2(vec2(0.0, 3.0)));
    } else {
        pictures::show(ui, view, pair);
    }
    widgets::card(ui, activations, |ui| maps::show(ui, view));
    cards(ui, view, below);
}

/// The cards at the bottom: how it came to be, and how alike the two are.
fn cards(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let room = area.width() - 3.0 * layout::GAP;
    let mut left = area.left();
    let contents: [fn(&mut Ui, &mut View<'_>); 4] = [
        film::show,
        pairs,
        |ui, view| classes::inspected(ui, view),
        layer_table::show,
    ];
    for (share, contents) in SHARES.into_iter().zip(contents) {
        let right = left + room * share;
        let rect = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
        widgets::card(ui, rect, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            contents(ui, view);
        });
        left = right + layout::GAP;
    }
}

/// Activations of both against each other.
fn pairs(ui: &mut Ui, view: &mut View<'_>) {
    let look = view.state.inspect.look.as_ref();
    let what = look.map_or_else(String::new, |l| {
        if l.of.channels.is_flat() {
            format!("n {}", format::grouped(l.pairs.len() as u64))
        } else {
            format!("channel {}", l.channel)
        }
    });
    widgets::card_title(ui, "Activations", &what).on_hover_text(
        "Each point is a unit: its activation for the reference to the right, for the metamer upwards. On the diagonal they are equal",
    );
    let pairs = look.map(|l| &l.pairs[..]);
    scatter::plot(ui, view, pairs, "Scatter of the channel's activations");
}

/// Says what is wanted of the page.
fn say(view: &mut View<'_>, message: InspectMessage) {
    view.out.push(Message::Inspect(message));
}
