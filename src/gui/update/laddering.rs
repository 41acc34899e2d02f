//! The pages beside the first, and the ladder: what is looked at, what is made.

use super::Studio;
use crate::gui::ladder::{Focus, Rung};
use crate::gui::message::LadderMessage;
use crate::gui::page::Page;
use crate::gui::settings::MOST_SEEDS;
use crate::playback::Slot;

impl Studio {
    pub(super) fn turn_to(&mut self, page: Page) {
        if page == Page::Inspect && self.state.page == Page::Ladder {
            // What is chosen in the ladder is looked into.
            if let Some(focus) = self.state.selected().and_then(|r| r.focus()) {
                self.state.focus = Some(focus);
            }
        } else if self.state.page == Page::Make
            && let Some(run) = self.state.shown()
        {
            let (layer, seed) = (run.spec.layer.clone(), run.spec.seed);
            let row = seed.saturating_sub(self.state.choices.seed) as usize;
            let id = run.id;
            let kept = run
                .folder
                .clone()
                .filter(|f| self.state.shelf.run(f).is_some());
            self.state.focus = Some(kept.map_or(Focus::Run(id), Focus::Kept));
            let there = self.state.ladder_layers().iter().any(|l| l.name == layer);
            if there && row < self.state.choices.ladder.seeds {
                (self.state.ladder_view.layer, self.state.ladder_view.row) = (Some(layer), row);
            }
        }
        self.state.page = page;
        self.state.ladder_view.large = false;
        if self.state.ladder_view.layer.is_none() {
            // The first that is made.
            let first = {
                let ladder = self.state.ladder();
                let made = ladder.rungs.first().and_then(|row| {
                    row.iter()
                        .position(Rung::is_made)
                        .map(|i| ladder.layers[i].name.clone())
                });
                made.or_else(|| ladder.layers.first().map(|l| l.name.clone()))
            };
            self.state.ladder_view.layer = first;
        }
        if page == Page::Inspect && self.state.focused().is_none() {
            self.state.focus = self.state.selected().and_then(|r| r.focus());
        }
    }

    pub(super) fn ladder_message(&mut self, message: LadderMessage) {
        match message {
            LadderMessage::Select { layer, row } => self.select(layer, row),
            LadderMessage::Key(0) => {
                self.state.ladder_view.reference = true;
                self.sound_out(Slot::Reference);
            }
            LadderMessage::Key(number) => {
                let layers = self.state.ladder_layers();
                if let Some(layer) = layers.get(number - 1).map(|l| l.name.clone()) {
                    let row = self.state.ladder_view.row;
                    self.select(layer, row);
                    // A sound is heard, a picture is seen large.
                    if self.state.hears() {
                        self.sound_out(Slot::Metamer);
                    } else {
                        self.state.ladder_view.large = true;
                    }
                }
            }
            LadderMessage::Go(columns, rows) => self.go(columns, rows),
            LadderMessage::Enter => match self.state.selected() {
                Some(Rung::Empty) => {
                    let view = &self.state.ladder_view;
                    if let Some(layer) = view.layer.clone() {
                        let row = view.row;
                        self.ladder_message(LadderMessage::Make { layer, row });
                    }
                }
                Some(rung) if rung.is_made() => self.turn_to(Page::Inspect),
                _ => {}
            },
            LadderMessage::Play => self.sound_out(Slot::Metamer),
            LadderMessage::Large(large) => self.state.ladder_view.large = large,
            LadderMessage::Seeds(seeds) => {
                self.state.choices.ladder.seeds = seeds.clamp(1, MOST_SEEDS);
            }
            LadderMessage::Layer(name, chosen) => {
                let mut names: Vec<String> = self
                    .state
                    .ladder_layers()
                    .iter()
                    .map(|l| l.name.clone())
                    .collect();
                names.retain(|n| *n != name);
                if chosen {
                    names.push(name);
                }
                self.set_ladder_layers(names);
            }
            LadderMessage::Layers(names) => self.set_ladder_layers(names),
            LadderMessage::Make { layer, row } => {
                let seed = self.state.ladder_seeds().get(row).copied();
                self.select(layer.clone(), row);
                if let Some(seed) = seed {
                    self.start_runs(vec![(layer, seed)]);
                }
            }
        }
    }

    /// Makes everything that is missing.
    pub(super) fn make_ladder(&mut self) {
        let missing = self
            .state
            .ladder()
            .missing()
            .into_iter()
            .map(|(layer, seed)| (layer.to_owned(), seed))
            .collect();
        self.start_runs(missing);
    }

    fn set_ladder_layers(&mut self, names: Vec<String>) {
        // At least one layer is always there.
        if !names.is_empty() {
            let model = self.state.choices.model.clone();
            self.state.choices.ladder.layers.insert(model, names);
        }
    }

    fn select(&mut self, layer: String, row: usize) {
        let view = &mut self.state.ladder_view;
        (view.layer, view.row, view.reference) = (Some(layer), row, false);
        if let Some(focus) = self.state.selected().and_then(|r| r.focus()) {
            self.state.focus = Some(focus);
        }
    }

    fn go(&mut self, columns: isize, rows: isize) {
        let layers = self.state.ladder_layers();
        let Some(last) = layers.len().checked_sub(1) else {
            return;
        };
        let view = &self.state.ladder_view;
        let column = view
            .layer
            .as_ref()
            .and_then(|name| layers.iter().position(|l| l.name == *name));
        // The reference stands before the first column.
        let column = match (column, view.reference) {
            (_, true) => -1,
            (Some(column), false) => column as isize,
            (None, false) => 0,
        };
        let last_row = self.state.choices.ladder.seeds.saturating_sub(1);
        let row = view.row.saturating_add_signed(rows).min(last_row);
        let column = (column + columns).min(last as isize);
        if column < 0 {
            self.state.ladder_view.reference = true;
            return;
        }
        let layer = layers[column as usize].name.clone();
        self.select(layer, row);
    }

    /// Plays one side from the beginning, if what is shown is a sound; while it plays, the other side goes on where it is.
    fn sound_out(&mut self, slot: Slot) {
        if !self.state.hears() {
            return;
        }
        self.refresh_hearing();
        if let Some(player) = &mut self.player {
            player.hear(slot);
            player.seek(0.0);
            player.play();
        }
    }
}
