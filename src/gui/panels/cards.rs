//! The cards at the bottom: how it goes.

use super::{View, classes, correlation, loss, scatter};
use crate::gui::{layout, widgets};
use egui::{Rect, Ui, pos2};

/// Shares of the width.
const SHARES: [f32; 4] = [0.285, 0.285, 0.17, 0.26];

pub fn show(ui: &mut Ui, view: &mut View<'_>, area: Rect) {
    let room = area.width() - 3.0 * layout::GAP;
    let mut left = area.left();
    let contents: [fn(&mut Ui, &View<'_>); 4] =
        [loss::show, correlation::show, scatter::show, classes::show];
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
