//! The parts of the window. Each reads the state and says what a person wants; none changes anything.

mod at_once;
mod cards;
mod classes;
mod correlation;
mod inspect;
mod ladder;
mod layers;
mod library;
mod loss;
mod notices;
mod pair;
mod pair_of_sounds;
mod plot;
mod present;
mod queue;
mod recipe;
mod scatter;
mod status;
mod stimuli;
mod top_bar;
mod tour;
mod transport;
mod trials;
mod verdict;
mod what;

use super::message::Message;
use super::page::Page;
use super::pictures::Pictures;
use super::repaint::Throttle;
use super::state::State;
use super::{layout, theme};
use egui::{Frame, Margin, Panel, Rect, Ui, pos2};

pub use library::search_field;
pub use present::show as present;
pub use trials::show as trials;

/// What a panel sees, and where it says what is wanted.
pub struct View<'a> {
    /// What is shown.
    pub state: &'a State,
    /// Textures.
    pub pictures: &'a Pictures,
    /// How often the window is drawn, and why.
    pub drawing: &'a Throttle,
    /// What is wanted.
    pub out: &'a mut Vec<Message>,
}

/// The whole window.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = theme::tokens(ui);
    let bar = |fill, x: i8| Frame::NONE.fill(fill).inner_margin(Margin::symmetric(x, 0));
    Panel::top("top bar")
        .exact_size(layout::TOP)
        .frame(bar(t.background, 16))
        .resizable(false)
        .show(ui, |ui| top_bar::show(ui, view));
    Panel::bottom("status bar")
        .exact_size(layout::STATUS)
        .frame(bar(t.background, 16))
        .resizable(false)
        .show(ui, |ui| status::show(ui, view));
    if view.state.page == Page::Make {
        Panel::left("what")
            .exact_size(layout::LEFT)
            .frame(bar(t.panel, 14))
            .resizable(false)
            .show(ui, |ui| what::show(ui, view));
    }
    egui::CentralPanel::default()
        .frame(Frame::NONE.fill(t.background))
        .show(ui, |ui| match view.state.page {
            Page::Make => work(ui, view),
            Page::Ladder => ladder::show(ui, view),
            Page::Inspect => inspect::show(ui, view),
            Page::Library => library::show(ui, view),
        });
    tour::show(ui.ctx(), view);
    notices::show(ui.ctx(), view);
    if ui.input(|i| !i.raw.hovered_files.is_empty()) {
        drop_target(ui);
    }
}

/// What a person sees who holds a file over the window.
fn drop_target(ui: &Ui) {
    let t = theme::tokens(ui);
    let area = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(egui::LayerId::new(
        egui::Order::Foreground,
        egui::Id::unique("drop"),
    ));
    painter.rect_filled(area, 0.0, t.background.gamma_multiply(0.85));
    painter.rect_stroke(
        area.shrink(12.0),
        theme::CORNER,
        egui::Stroke::new(2.0, t.accent),
        egui::StrokeKind::Inside,
    );
    let text = "Drop the file to use it as the reference";
    painter.text(
        area.center(),
        egui::Align2::CENTER_CENTER,
        text,
        theme::strong(16.0),
        t.text,
    );
}

/// The pair, the verdict and the cards: the pair gets all that the others leave.
fn work(ui: &mut Ui, view: &mut View<'_>) {
    let area = ui.available_rect_before_wrap().shrink(layout::GAP);
    let cards_top = area.bottom() - layout::cards_height(area.height());
    let verdict_top = cards_top - layout::GAP + 2.0 - layout::VERDICT;
    let pair = Rect::from_min_max(
        area.min,
        pos2(area.right(), verdict_top - layout::GAP + 2.0),
    );
    let verdict = Rect::from_min_max(
        pos2(area.left(), verdict_top),
        pos2(area.right(), verdict_top + layout::VERDICT),
    );
    let cards = Rect::from_min_max(pos2(area.left(), cards_top), area.max);
    if view.state.hears() {
        pair_of_sounds::show(ui, view, pair);
    } else {
        pair::show(ui, view, pair);
    }
    verdict::show(ui, view, verdict);
    cards::show(ui, view, cards);
}
