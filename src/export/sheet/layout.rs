//! Where everything stands on a contact sheet.
//!
//! Under each stimulus and model the reference, then the layers in the network's order, as many abreast as there is room
//! for; the rows of all seeds stand under each other.

use super::super::set::{Group, Set, Stimulus};
use super::super::{Options, Run, Shading, about, media};
use super::font::{Fonts, Weight};
use super::scene::{Anchor, Colour, Scene, Text};
use super::tile;
use crate::Result;

/// The text's colour.
pub const INK: Colour = [0x17, 0x1a, 0x1f];
/// The colour of what explains.
pub const MUTED: Colour = [0x59, 0x61, 0x6d];
/// The colour of lines.
pub const LINE: Colour = [0xb9, 0xc0, 0xca];
const PAPER: Colour = [0xff; 3];

const MARGIN: f32 = 36.0;
/// Room on the left for a row's name, and for the scale in hertz.
fn gutter(run: &Run) -> f32 {
    if run.is_sound() { 92.0 } else { 56.0 }
}
/// Room for a row's name.
const NAME: f32 = 48.0;
/// Between tiles.
const GAP: f32 = 12.0;
/// What is written under a tile.
const BELOW: f32 = 44.0;
/// The widest that a sheet's rows become.
const WIDEST: f32 = 1240.0;
/// The narrowest that a sheet is, so that the citations have room.
const NARROWEST: f32 = 560.0;

/// A drawing in the making.
pub struct Sheet<'a> {
    /// What is drawn.
    pub scene: Scene,
    /// What it is set in.
    pub fonts: &'a Fonts,
}

impl Sheet<'_> {
    /// Adds a line of text.
    pub fn text(
        &mut self,
        (x, y): (f32, f32),
        size: f32,
        weight: Weight,
        colour: Colour,
        text: &str,
    ) {
        self.place((x, y), Anchor::Start, size, weight, colour, text);
    }

    /// Adds a line of text that begins, has its middle, or ends at a place.
    pub fn place(
        &mut self,
        (x, y): (f32, f32),
        anchor: Anchor,
        size: f32,
        weight: Weight,
        colour: Colour,
        text: &str,
    ) {
        let text = Text {
            x,
            y,
            size,
            weight,
            anchor,
            colour,
            text: text.to_owned(),
        };
        self.scene.items.push(super::scene::Item::Text(text));
    }

    /// Adds lines of text below each other and says where the next would stand.
    fn paragraph(&mut self, y: f32, size: f32, weight: Weight, colour: Colour, text: &str) -> f32 {
        let mut y = y;
        let room = self.scene.width - 2.0 * MARGIN;
        for line in self.fonts.lines(weight, size, text, room) {
            self.text((MARGIN, y), size, weight, colour, &line);
            y += 1.45 * size;
        }
        y
    }
}

/// How many tiles stand abreast, the reference among them.
fn abreast(gutter: f32, width: f32) -> usize {
    ((WIDEST - gutter + GAP) / (width + GAP)) as usize
}

/// The contact sheet of a set.
///
/// # Errors
/// When a sound has no cochleagram.
pub fn sheet<'a>(set: &Set, options: &Options, fonts: &'a Fonts) -> Result<Sheet<'a>> {
    let title = options.title.clone().unwrap_or_else(|| about::title(set));
    let groups = || set.stimuli.iter().flat_map(|s| &s.groups);
    let widest = groups().filter_map(|g| {
        let example = set.example(g)?;
        let ([width, _], gutter) = (tile::size(example), gutter(example));
        let tiles = (g.layers.len() + 1).min(abreast(gutter, width));
        Some(gutter + tiles as f32 * (width + GAP) - GAP)
    });
    let width = widest.fold(NARROWEST, f32::max) + 2.0 * MARGIN;
    let mut sheet = Sheet {
        scene: Scene {
            width,
            height: 0.0,
            title: title.clone(),
            items: vec![],
        },
        fonts,
    };
    sheet.scene.fill(0.0, 0.0, width, 0.0, PAPER);
    let mut y = MARGIN + 20.0;
    for line in fonts.lines(Weight::SemiBold, 22.0, &title, width - 2.0 * MARGIN) {
        sheet.text((MARGIN, y), 22.0, Weight::SemiBold, INK, &line);
        y += 28.0;
    }
    y = sheet.paragraph(y - 6.0, 10.0, Weight::Regular, MUTED, about::WHAT) + 14.0;
    for stimulus in &set.stimuli {
        for group in &stimulus.groups {
            y = block(&mut sheet, set, stimulus, group, options, y)?;
        }
    }
    y = closing(&mut sheet, set, y);
    sheet.scene.height = (y + MARGIN - 8.0).ceil();
    sheet.scene.items[0] = super::scene::Item::Fill(
        super::scene::Area {
            x: 0.0,
            y: 0.0,
            width,
            height: sheet.scene.height,
        },
        PAPER,
    );
    Ok(sheet)
}

/// One table; says where the next one begins.
fn block(
    sheet: &mut Sheet<'_>,
    set: &Set,
    stimulus: &Stimulus,
    group: &Group,
    options: &Options,
    top: f32,
) -> Result<f32> {
    let Some(example) = set.example(group) else {
        return Ok(top);
    };
    let shading: Shading = media::shading(set, group, options.colour_map);
    let [width, height] = tile::size(example);
    let room = sheet.scene.width - 2.0 * MARGIN;
    let heading = sheet
        .fonts
        .shortened(Weight::SemiBold, 13.0, &stimulus.title, room / 2.0);
    sheet.text((MARGIN, top), 13.0, Weight::SemiBold, INK, &heading);
    let after = MARGIN + sheet.fonts.width(Weight::SemiBold, 13.0, &heading) + 10.0;
    sheet.text(
        (after, top),
        10.0,
        Weight::Regular,
        MUTED,
        &group.model.title,
    );
    sheet.scene.fill(MARGIN, top + 6.0, room, 0.5, LINE);
    let mut y = top + 24.0;
    let gutter = gutter(example);
    let per_line = abreast(gutter, width);
    // The reference takes the first place of the first line.
    let first = per_line.saturating_sub(1).max(1);
    let mut from = 0;
    while from < group.layers.len() {
        let places = if from == 0 { first } else { per_line };
        let to = (from + places).min(group.layers.len());
        let offset = usize::from(from == 0);
        let left = |place: usize| MARGIN + gutter + place as f32 * (width + GAP);
        if from == 0 {
            sheet.text((left(0), y), 8.5, Weight::SemiBold, INK, "Reference");
        }
        for (place, layer) in group.layers[from..to].iter().enumerate() {
            let layer = sheet.fonts.shortened(Weight::SemiBold, 8.5, layer, width);
            sheet.text(
                (left(place + offset), y),
                8.5,
                Weight::SemiBold,
                INK,
                &layer,
            );
        }
        y += 6.0;
        for (number, row) in group.rows.iter().enumerate() {
            let cells = &row.cells[from..to];
            if cells.iter().all(Option::is_none) && (from > 0 || number > 0) {
                continue;
            }
            for (line, words) in sheet
                .fonts
                .lines(Weight::Regular, 8.0, &row.label, NAME)
                .iter()
                .enumerate()
            {
                let at = (MARGIN, y + 8.0 + 10.0 * line as f32);
                sheet.text(at, 8.0, Weight::Regular, MUTED, words);
            }
            if from == 0 && number == 0 {
                tile::reference(sheet, example, group, &shading, (left(0), y))?;
            }
            for (place, cell) in cells.iter().enumerate() {
                let at = (left(place + offset), y);
                if let Some(run) = cell.map(|i| &set.runs[i]) {
                    let scale = place == 0 && from > 0;
                    tile::metamer(sheet, run, group, &shading, at, scale)?;
                }
            }
            y += height + BELOW;
        }
        y += 8.0;
        from = to;
    }
    Ok(y + 10.0)
}

/// What stands at the bottom: counts, procedures, sources, citations.
fn closing(sheet: &mut Sheet<'_>, set: &Set, top: f32) -> f32 {
    sheet.scene.fill(
        MARGIN,
        top - 8.0,
        sheet.scene.width - 2.0 * MARGIN,
        0.5,
        LINE,
    );
    let mut y = top + 8.0;
    let mut say = |bold: bool, text: &str| {
        let weight = if bold {
            Weight::SemiBold
        } else {
            Weight::Regular
        };
        let colour = if bold { INK } else { MUTED };
        y = sheet.paragraph(y, 8.0, weight, colour, text) + 1.0;
    };
    say(true, &format!("{}.", about::tally(set)));
    say(
        false,
        "ρ is Spearman's rank correlation of the activations of reference and metamer at the layer; the null maximum is the largest among pairs of unrelated stimuli; the word in quotation marks is the model's answer.",
    );
    for model in set.models() {
        say(false, &format!("{}: {}.", model.title, model.source));
    }
    for line in about::procedures(set) {
        say(false, &format!("{line}."));
    }
    for line in about::nulls(set) {
        say(false, &format!("Null distribution: {line}."));
    }
    for line in about::credits(set) {
        say(false, &format!("{line}."));
    }
    for line in about::CITATIONS {
        say(false, line);
    }
    say(false, &format!("Made by {}.", about::programs(&set.runs)));
    y
}
