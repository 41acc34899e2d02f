//! One picture or cochleagram of a sheet with its scale, and what stands under it.

use super::super::set::Group;
use super::super::sound_axes::{Span, ticks};
use super::super::{Cells, Run, Shading, media};
use super::font::Weight;
use super::layout::{INK, LINE, MUTED, Sheet};
use super::scene::{Anchor, Area, Colour, Item};
use crate::stimulus::Image;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::verify::Verdict;
use crate::{Error, Result};
use std::sync::Arc;

const PASS: Colour = [0x17, 0x7a, 0x42];
const UNKNOWN: Colour = [0x8a, 0x5f, 0x00];
const FAIL: Colour = [0xc2, 0x3b, 0x32];
/// The type of scales.
const SMALL: f32 = 6.5;

/// Width and height of a run's tile. At four pixels a point, a picture of 224 pixels is drawn at exactly twice its size.
pub fn size(run: &Run) -> [f32; 2] {
    match run.shape.as_slice() {
        [_, height, width] => [112.0, 112.0 * *height as f32 / *width as f32],
        _ => [150.0, 84.0],
    }
}

/// Draws the reference with its scale, and the model's answer.
pub fn reference(
    sheet: &mut Sheet<'_>,
    run: &Run,
    group: &Group,
    shading: &Shading,
    (x, y): (f32, f32),
) -> Result<()> {
    let [width, height] = size(run);
    if run.reference.is_none() {
        sheet.text(
            (x, y + 10.0),
            8.0,
            Weight::Regular,
            MUTED,
            "Made from a target",
        );
        return Ok(());
    }
    let image = seen(
        run,
        run.reference_picture(),
        run.reference_cochleagram.as_ref(),
        shading,
    )?;
    picture(sheet, run, image, (x, y), "Reference".into());
    scale(sheet, run, group, (x, y));
    if let Some(class) = run.reference_class() {
        let text = format!("“{}”", class.label);
        let text = sheet.fonts.shortened(Weight::Regular, 8.0, &text, width);
        sheet.text((x, y + height + 20.0), 8.0, Weight::Regular, INK, &text);
    }
    Ok(())
}

/// Draws a metamer with its verdict and figures, and with a scale where it stands first in its line.
pub fn metamer(
    sheet: &mut Sheet<'_>,
    run: &Run,
    group: &Group,
    shading: &Shading,
    (x, y): (f32, f32),
    with_scale: bool,
) -> Result<()> {
    let [width, height] = size(run);
    let image = seen(run, run.picture(), run.cochleagram.as_ref(), shading)?;
    let name = format!("{}, {}", run.spec.layer, run.verdict_word());
    picture(sheet, run, image, (x, y), name);
    if with_scale {
        scale(sheet, run, group, (x, y));
    }
    let colour = match run.verdict() {
        Verdict::Pass => PASS,
        Verdict::Fail => FAIL,
        Verdict::Unknown => UNKNOWN,
    };
    let below = y + height;
    // Below the scale's labels, where there is one, so that all verdicts of a line stand level.
    sheet.text(
        (x, below + 20.0),
        8.0,
        Weight::SemiBold,
        colour,
        run.verdict_word(),
    );
    if let Some(class) = run.metamer_class() {
        let colour = if run.answer_changed() { FAIL } else { INK };
        let taken = sheet.fonts.width(Weight::SemiBold, 8.0, run.verdict_word()) + 5.0;
        let text = format!("“{}”", class.label);
        let text = sheet
            .fonts
            .shortened(Weight::Regular, 8.0, &text, width - taken);
        sheet.text(
            (x + taken, below + 20.0),
            8.0,
            Weight::Regular,
            colour,
            &text,
        );
    }
    let rho = run.rho().map(|rho| format!("ρ {rho:.4}"));
    let null = run.null_max().map(|null| format!("null max {null:.3}"));
    let figures: Vec<String> = rho.into_iter().chain(null).collect();
    let figures = sheet
        .fonts
        .shortened(Weight::Regular, 7.5, &figures.join(", "), width + 8.0);
    sheet.text((x, below + 30.0), 7.5, Weight::Regular, MUTED, &figures);
    Ok(())
}

fn seen(
    run: &Run,
    picture: Option<Image>,
    cells: Option<&Cells>,
    shading: &Shading,
) -> Result<Image> {
    match (picture, cells) {
        (Some(picture), _) => Ok(picture),
        (None, Some(cells)) => media::heat_picture(cells, shading, [cells.columns(), cells.rows()]),
        (None, None) => Err(media::without_cochleagram(run)),
    }
}

fn picture(sheet: &mut Sheet<'_>, run: &Run, image: Image, (x, y): (f32, f32), name: String) {
    let [width, height] = size(run);
    let area = Area {
        x,
        y,
        width,
        height,
    };
    let item = Item::Picture(area, Arc::new(image), name);
    sheet.scene.items.push(item);
}

/// Hertz and seconds at a cochleagram; a bar with the number of pixels under a picture.
fn scale(sheet: &mut Sheet<'_>, run: &Run, group: &Group, (x, y): (f32, f32)) {
    let [width, height] = size(run);
    if let [_, _, pixels] = run.shape.as_slice() {
        let bar = y + height + 5.0;
        sheet.scene.fill(x, bar - 0.25, width, 0.5, LINE);
        for end in [x, x + width - 0.5] {
            sheet.scene.fill(end, bar - 2.0, 0.5, 4.0, LINE);
        }
        let text = format!("{pixels} pixels");
        let half = sheet.fonts.width(Weight::Regular, SMALL, &text) / 2.0 + 3.0;
        let middle = x + width / 2.0;
        sheet
            .scene
            .fill(middle - half, bar - 1.0, 2.0 * half, 2.0, [0xff; 3]);
        let at = (middle, bar + 2.3);
        sheet.place(at, Anchor::Middle, SMALL, Weight::Regular, MUTED, &text);
        return;
    }
    let seconds = run.metamer.len() as f64 / f64::from(NETWORK_RATE);
    if let (Some(axes), Some(cells)) = (&group.model.axes, &run.cochleagram) {
        let all = Span::new(0.0, axes.channels() as f64);
        for tick in ticks::hertz(axes, all, 0.13) {
            let at = y + height * (1.0 - tick.share as f32);
            sheet.scene.fill(x - 3.0, at - 0.25, 3.0, 0.5, LINE);
            let at = (x - 5.0, at + 2.3);
            sheet.place(at, Anchor::End, SMALL, Weight::Regular, MUTED, &tick.label);
        }
        // A front end may keep whole windows only, and show a little less than the whole sound.
        let time = Span::new(0.0, seconds);
        let part = axes.part(time, all);
        let shown = Span::new(part.left, part.right);
        for tick in ticks::seconds(time, 0.4) {
            let column = shown.at(tick.share) / cells.columns() as f64;
            if !(-1e-9..=1.0 + 1e-9).contains(&column) {
                continue;
            }
            let at = x + width * column as f32;
            sheet.scene.fill(at - 0.25, y + height, 0.5, 3.0, LINE);
            let anchor = match tick.share {
                s if s < 0.02 => Anchor::Start,
                s if s > 0.98 => Anchor::End,
                _ => Anchor::Middle,
            };
            let at = (at, y + height + 9.5);
            sheet.place(at, anchor, SMALL, Weight::Regular, MUTED, &tick.label);
        }
    } else {
        let text = format!("{seconds} s");
        let at = (x, y + height + 9.5);
        sheet.text(at, SMALL, Weight::Regular, MUTED, &text);
    }
}

/// The error of a sheet that no page can hold.
pub fn too_large(what: &str) -> Error {
    Error::value(
        "sheet",
        format!("{what}; export fewer runs, or each stimulus on a sheet of its own"),
    )
}
