//! Reference and metamer, side by side at the same scale: what the window is for.

use super::View;
use crate::gui::action::Action;
use crate::gui::state::Phase;
use crate::gui::{format, layout, theme, widgets};
use egui::{Align2, Rect, Role, Sense, TextureHandle, Ui, WidgetInfo, pos2, vec2};

pub fn show(ui: &mut Ui, view: &View<'_>, area: Rect) {
    let width = (area.width() - layout::GAP) / 2.0;
    let side = width.min(area.height() - layout::CAPTION);
    // The two stand close together however wide the window is: eyes go back and forth between them.
    let pair = Rect::from_center_size(area.center(), vec2(2.0 * side + layout::GAP, area.height()));
    let half = vec2(side, area.height());
    let left = Rect::from_min_size(pair.min, half);
    let right = Rect::from_min_size(pos2(pair.right() - side, pair.top()), half);

    let state = view.state;
    let stimulus = format::stimulus(
        state
            .shown()
            .map_or(&state.choices.stimulus, |r| &r.spec.stimulus),
    );
    let size = state.model.as_ref().map_or_else(String::new, |m| {
        let [height, width] = [1, 2].map(|i| m.input.shape.get(i).copied().unwrap_or(0));
        format!(", {width} × {height}")
    });
    let reference = view.pictures.reference.as_ref();
    let empty = match (&state.preview.error, &state.model) {
        (Some(_), _) => "This picture cannot be used",
        (None, None) => "Loading the model…",
        (None, Some(_)) => "Preparing the picture…",
    };
    one(
        ui,
        left,
        "Reference",
        &format!("{stimulus}{size}"),
        reference,
        empty,
        "Reference picture",
    );

    let comparing = state.compare && reference.is_some();
    let layer = match state.shown() {
        Some(run) => run.spec.layer.clone(),
        None => state
            .chosen_layers()
            .next()
            .map_or_else(String::new, |l| l.name.clone()),
    };
    let (title, note) = match state.shown() {
        _ if comparing => (
            "Reference, in the metamer's place".to_owned(),
            format!("let go of {}", Action::Compare.keys(false)),
        ),
        Some(run) if run.phase == Phase::Finished => (format!("Metamer at {layer}"), hold()),
        Some(run) if run.step == 0 => (format!("Metamer at {layer}"), "starts from noise".into()),
        Some(run) => (
            format!("Metamer at {layer}, step {}", format::grouped(run.step)),
            hold(),
        ),
        None => (
            format!("Start of the metamer at {layer}"),
            format!("noise of seed {}", state.choices.seed),
        ),
    };
    let texture = if comparing {
        reference
    } else {
        view.pictures.metamer.as_ref()
    };
    one(ui, right, &title, &note, texture, empty, "Metamer picture");
}

fn hold() -> String {
    format!("hold {} to compare", Action::Compare.keys(false))
}

fn one(
    ui: &mut Ui,
    area: Rect,
    title: &str,
    note: &str,
    texture: Option<&TextureHandle>,
    empty: &str,
    label: &str,
) {
    let t = theme::tokens(ui);
    caption(ui, area, title, note);
    let painter = ui.painter();
    let square = Rect::from_min_size(
        area.min + vec2(0.0, layout::CAPTION),
        vec2(area.width(), area.width()),
    );
    painter.rect_filled(square, 3.0, t.panel);
    match texture {
        Some(texture) => widgets::picture(ui, texture, square),
        None => {
            painter.text(
                square.center(),
                Align2::CENTER_CENTER,
                empty,
                theme::regular(theme::BODY),
                t.faint,
            );
        }
    }
    let response = ui.interact(square, ui.scope_id().with(label), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, label));
}

/// The line above a stimulus: what it is on the left, a note on the right.
pub fn caption(ui: &Ui, area: Rect, title: &str, note: &str) {
    let t = theme::tokens(ui);
    let y = area.top() + 9.0;
    let painter = ui.painter();
    let note = widgets::line(ui, note, theme::regular(12.0), t.muted, area.width() * 0.55);
    let title = widgets::line(
        ui,
        title,
        theme::strong(theme::BODY),
        t.text,
        area.width() - note.size().x - 12.0,
    );
    for (galley, align, x) in [
        (title, Align2::LEFT_CENTER, area.left()),
        (note, Align2::RIGHT_CENTER, area.right()),
    ] {
        let place = align.anchor_size(pos2(x, y), galley.size());
        painter.galley(place.min, galley, t.text);
    }
}
