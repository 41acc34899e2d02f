//! One metamer, looked into.

use super::View;
use egui::Ui;

pub fn show(_ui: &mut Ui, _view: &mut View<'_>) {}
