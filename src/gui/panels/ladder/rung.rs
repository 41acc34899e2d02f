//! One place of the ladder: the picture or cochleagram, its state, and in a word what the network takes it for.

use crate::export::{Cells, ColourMap, Part, Shading};
use crate::gui::ladder::{LadderView, Rung};
use crate::gui::message::{LadderMessage, Message};
use crate::gui::pictures::Pictures;
use crate::gui::state::{Mark, Phase, State};
use crate::gui::{format, heatmap, theme, widgets};
use crate::playback::Slot;
use egui::{
    Align2, Color32, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, TextureHandle, Ui,
    WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// Height of the line below a picture.
pub const CAPTION: f32 = 26.0;

/// Which place it is.
pub struct Place<'a> {
    /// The layer.
    pub layer: &'a str,
    /// Its place in the ladder, counted from 1.
    pub number: usize,
    /// The row, counted from the first seed.
    pub row: usize,
    /// The row's seed.
    pub seed: u64,
}

/// What fills a place.
enum Content<'a> {
    Picture(&'a TextureHandle),
    Sound(&'a Arc<Cells>),
    Nothing(&'a str),
}

/// The reference, which every row has in common.
pub fn reference(
    ui: &mut Ui,
    state: &State,
    pictures: &Pictures,
    rect: Rect,
    out: &mut Vec<Message>,
) {
    let t = theme::tokens(ui);
    let chosen = state.ladder_view.reference;
    let response = frame(ui, rect, Id::unique("reference"), chosen);
    let stimulus = format::stimulus(&state.choices.stimulus);
    let label = format!("Reference, {stimulus}");
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, &label));
    header(ui, rect, "Reference", 0);
    let content = match (state.hears(), &pictures.reference) {
        (false, Some(texture)) => Content::Picture(texture),
        (true, _) => state
            .hearing
            .of(Slot::Reference)
            .map_or(Content::Nothing("…"), |h| Content::Sound(&h.cells)),
        (false, None) => Content::Nothing("…"),
    };
    draw(ui, state, rect, response.id, &content);
    let line = widgets::line(
        ui,
        &stimulus,
        theme::regular(theme::SMALL),
        t.muted,
        rect.width() - 16.0,
    );
    let at = pos2(
        rect.left() + 8.0,
        rect.bottom() - CAPTION / 2.0 - line.size().y / 2.0,
    );
    ui.painter().galley(at, line, t.muted);
    if response.clicked() {
        out.push(Message::Ladder(LadderMessage::Key(0)));
    }
    response.on_hover_text("What the metamers are metamers of\n0");
}

/// A metamer, or where one will be.
pub fn show(
    ui: &mut Ui,
    state: &State,
    pictures: &Pictures,
    rect: Rect,
    place: &Place<'_>,
    rung: &Rung<'_>,
    out: &mut Vec<Message>,
) {
    let LadderView {
        layer,
        row,
        reference,
        ..
    } = &state.ladder_view;
    let chosen = !reference && layer.as_deref() == Some(place.layer) && *row == place.row;
    let id = Id::unique(("rung", place.layer, place.row));
    let response = frame(ui, rect, id, chosen);
    let mark = rung.mark();
    response.widget_info(|| {
        WidgetInfo::selected(Role::RadioButton, true, chosen, describe(place, rung, mark))
    });
    if place.row == 0 {
        header(ui, rect, place.layer, place.number);
    }
    let content = content(state, pictures, place, rung);
    draw(ui, state, rect, response.id, &content);
    caption(ui, state, rect, rung, mark);
    // The second of two clicks chooses as well: on a slow machine both come in one frame.
    if response.clicked() {
        let (layer, row) = (place.layer.to_owned(), place.row);
        out.push(Message::Ladder(LadderMessage::Select { layer, row }));
        if state.hears() && rung.is_made() {
            out.push(Message::Ladder(LadderMessage::Play));
        }
        if response.double_clicked() {
            out.push(Message::Ladder(LadderMessage::Enter));
        }
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response.on_hover_ui(|ui| hint(ui, place, rung, mark, state.hears()));
}

fn content<'a>(
    state: &'a State,
    pictures: &'a Pictures,
    place: &Place<'_>,
    rung: &Rung<'a>,
) -> Content<'a> {
    if state.hears() {
        let cells = match rung {
            Rung::Kept(run) => state.made(run).and_then(|m| m.cells.as_ref()),
            Rung::Run(run) => state.shelf.live.get(&run.id).map(|l| &l.1),
            _ => None,
        };
        if let Some(cells) = cells {
            return Content::Sound(cells);
        }
    } else if let Some(texture) = pictures
        .rung(place.layer, place.row)
        .filter(|_| rung.is_made())
    {
        return Content::Picture(texture);
    }
    Content::Nothing(match rung.mark() {
        Mark::NotMade => "not made",
        Mark::Queued => "queued",
        Mark::Running => "starting",
        Mark::Failed => "failed",
        _ => "…",
    })
}

/// The place itself, and what is done there.
fn frame(ui: &mut Ui, rect: Rect, id: Id, chosen: bool) -> Response {
    let t = theme::tokens(ui);
    let response = ui.interact(rect, id, Sense::click());
    ui.painter().rect_filled(rect, theme::CORNER, t.panel);
    let edge = match (chosen, response.hovered()) {
        (true, _) => Stroke::new(2.0, t.accent),
        (false, true) => Stroke::new(1.0, t.faint),
        (false, false) => Stroke::new(1.0, t.line),
    };
    ui.painter()
        .rect_stroke(rect, theme::CORNER, edge, StrokeKind::Outside);
    widgets::focus_ring(ui, &response, rect.expand(2.0));
    response
}

/// The layer's name and key above the place.
fn header(ui: &Ui, rect: Rect, name: &str, number: usize) {
    let t = theme::tokens(ui);
    let y = rect.top() - 12.0;
    let mut room = rect.width();
    if number <= 9 {
        let key = Rect::from_center_size(pos2(rect.right() - 9.0, y), vec2(16.0, 15.0));
        ui.painter()
            .rect_stroke(key, 3.0, Stroke::new(1.0, t.line), StrokeKind::Inside);
        ui.painter().text(
            key.center(),
            Align2::CENTER_CENTER,
            number,
            theme::regular(10.5),
            t.faint,
        );
        room -= 22.0;
    }
    let line = widgets::line(ui, name, theme::regular(theme::BODY), t.text, room);
    let height = line.size().y;
    ui.painter()
        .galley(pos2(rect.left(), y - height / 2.0), line, t.text);
}

fn draw(ui: &Ui, state: &State, rect: Rect, id: Id, content: &Content<'_>) {
    let t = theme::tokens(ui);
    let picture = Rect::from_min_max(rect.min, rect.max - vec2(0.0, CAPTION));
    match content {
        Content::Picture(texture) => {
            egui::Image::new((texture.id(), picture.size()))
                .corner_radius(theme::CORNER - 1)
                .paint_at(ui, picture);
        }
        Content::Sound(cells) => {
            heatmap::paint(ui, id, picture, cells, &shading(state), Part::whole(cells));
            playhead(ui, state, picture, cells);
        }
        Content::Nothing(word) => {
            let inside = picture.shrink(4.0);
            let corners = [
                inside.left_top(),
                inside.right_top(),
                inside.right_bottom(),
                inside.left_bottom(),
                inside.left_top(),
            ];
            let dashes = egui::Shape::dashed_line(&corners, Stroke::new(1.0, t.line), 4.0, 4.0);
            ui.painter().extend(dashes);
            ui.painter().text(
                picture.center(),
                Align2::CENTER_CENTER,
                word,
                theme::regular(theme::SMALL),
                t.faint,
            );
        }
    }
}

/// The reference's range for all, so that equal colours are equal values all over the ladder.
fn shading(state: &State) -> Shading {
    let map = ColourMap::find(&state.choices.listening.colours).unwrap_or(ColourMap::Magma);
    let reference = state.hearing.of(Slot::Reference).map(|h| &*h.cells);
    Shading::shared(map, reference)
}

/// Where in the sound that is heard one is.
fn playhead(ui: &Ui, state: &State, picture: Rect, cells: &Arc<Cells>) {
    let t = theme::tokens(ui);
    let hearing = &state.hearing;
    let Some(playback) = &hearing.playback else {
        return;
    };
    let heard = hearing.of(playback.audible);
    let here = heard.is_some_and(|h| Arc::ptr_eq(&h.cells, cells));
    let Some(seconds) = hearing
        .playhead()
        .filter(|_| here && playback.duration > 0.0)
    else {
        return;
    };
    let x = picture.left() + picture.width() * (seconds / playback.duration) as f32;
    for stroke in [Stroke::new(3.0, t.mark_edge), Stroke::new(1.5, t.mark)] {
        ui.painter().vline(x, picture.y_range(), stroke);
    }
}

fn caption(ui: &Ui, state: &State, rect: Rect, rung: &Rung<'_>, mark: Mark) {
    let t = theme::tokens(ui);
    let y = rect.bottom() - CAPTION / 2.0;
    let (left, right) = (rect.left() + 12.0, rect.right() - 8.0);
    // The place itself says it where there is nothing else to see.
    if matches!(mark, Mark::NotMade | Mark::Queued) {
        return;
    }
    widgets::dot(ui.painter(), pos2(left, y), mark, t);
    let going = rung.progress();
    let figure = match (going, rung.rho()) {
        (Some(part), _) => format!("{:.0} %", part * 100.0),
        (None, Some(rho)) => format!("{rho:.3}"),
        (None, None) => mark.title().to_owned(),
    };
    let font = theme::regular(theme::SMALL);
    let figure = ui.painter().text(
        pos2(left + 10.0, y),
        Align2::LEFT_CENTER,
        figure,
        font.clone(),
        t.muted,
    );
    let note = match rung {
        _ if state.hide_machine && going.is_some() => String::new(),
        Rung::Run(run) if run.phase == Phase::Paused => "paused".into(),
        Rung::Run(run) if run.is_active() => run
            .seconds_left()
            .map_or_else(String::new, format::duration),
        _ => rung.class().unwrap_or_default().to_owned(),
    };
    let colour: Color32 = t.faint;
    let line = widgets::line(ui, &note, font, colour, right - figure.right() - 6.0);
    let at = Align2::RIGHT_CENTER.anchor_size(pos2(right, y), line.size());
    ui.painter().galley(at.min, line, colour);
    if let Some(part) = going {
        let bar = Rect::from_min_size(
            pos2(rect.left(), rect.bottom() - CAPTION),
            vec2(rect.width() * part, 2.0),
        );
        ui.painter().rect_filled(bar, 0.0, t.accent);
    }
}

/// The place in a sentence, for those who hear the window.
fn describe(place: &Place<'_>, rung: &Rung<'_>, mark: Mark) -> String {
    let mut text = format!("{}, seed {}: {}", place.layer, place.seed, mark.title());
    if let Some(rho) = rung.rho() {
        text.push_str(&format!(", rho {rho:.3}"));
    }
    if let Some(class) = rung.class() {
        text.push_str(&format!(", {class}"));
    }
    text
}

fn hint(ui: &mut Ui, place: &Place<'_>, rung: &Rung<'_>, mark: Mark, hears: bool) {
    ui.label(format!("{}, seed {}", place.layer, place.seed));
    match rung.sentence() {
        Some(sentence) => ui.label(sentence),
        None => ui.label(mark.explanation()),
    };
    if let Rung::Kept(run) = rung {
        let steps = format::grouped(run.spec.procedure.steps);
        ui.label(widgets::faint(
            ui,
            format!(
                "{}, {steps} steps, {}",
                run.spec.recipe,
                format::short_path(&run.folder)
            ),
        ));
    }
    let keys = match (rung.is_made(), hears) {
        (true, true) => "Click plays it, a double click looks into it",
        (true, false) => "A double click looks into it",
        (false, _) => "Enter makes it",
    };
    ui.label(widgets::faint(ui, keys));
}
