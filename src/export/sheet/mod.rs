//! A contact sheet: every metamer of a set on one page, with scales, verdicts and citations, for a talk or a paper.
//!
//! It is laid out once, as a [`scene`], and drawn as PNG, SVG or PDF.

pub(super) mod font;
mod layout;
mod pdf;
pub(super) mod raster;
pub(super) mod scene;
mod svg;
mod tile;

use super::names::counted;
use super::plan::Stop;
use super::set::Set;
use super::{Options, Plan, media};
use crate::Result;
use font::Fonts;
use std::path::Path;

/// How a sheet is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Pixels.
    Png,
    /// Vectors for the web and for editing.
    Svg,
    /// Vectors for print.
    Pdf,
}

/// Pixels a point, unless the sheet is large.
const FINE: f32 = 4.0;
/// Pixels a point of a large sheet.
const COARSE: f32 = 2.0;
/// Not more pixels than this are drawn finely.
const MANY: usize = 80_000_000;
/// Not more pixels than this are drawn at all.
const TOO_MANY: usize = 400_000_000;

/// What will be written.
///
/// # Errors
/// When a sound has no cochleagram, or the sheet is larger than the format allows.
pub(super) fn plan<'a>(
    set: &'a Set,
    options: &Options,
    format: Format,
    out: &Path,
) -> Result<Plan<'a>> {
    let fonts = Fonts::new()?;
    let scene = layout::sheet(set, options, &fonts)?.scene;
    let centimetres = [scene.width, scene.height].map(|l| l / 72.0 * 2.54);
    let size = format!("{:.0} by {:.0} cm", centimetres[0], centimetres[1]);
    let pictures: u64 = scene
        .items
        .iter()
        .map(|item| match item {
            scene::Item::Picture(_, picture, _) => picture.rgb.len() as u64,
            _ => 0,
        })
        .sum();
    let shown = counted(set.runs.len(), "metamer");
    let (bytes, what) = match format {
        Format::Png => {
            let scale = scale(&scene)?;
            let [width, height] = raster::pixels(&scene, scale);
            let what = format!("{shown} on a sheet of {width} × {height} pixels");
            (pictures * 3 / 2, what)
        }
        Format::Svg => {
            let what = format!("{shown} on a sheet of {size}, with text that can be edited");
            (pictures + 120_000, what)
        }
        Format::Pdf => {
            let what = format!("{shown} on a page of {size}, with text that can be searched");
            (pictures * 3 / 4 + 90_000, what)
        }
    };
    let mut plan = Plan::beside(out);
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    plan.add(name, (bytes, false), what, 2, move |work| {
        work.step()?;
        let fonts = Fonts::new()?;
        match format {
            Format::Png => {
                let image = raster::draw(&scene, &fonts, scale(&scene)?);
                work.step()?;
                Ok(media::png(&image)?)
            }
            Format::Svg => {
                let text = svg::draw(&scene)?;
                work.step()?;
                Ok(text.into_bytes())
            }
            Format::Pdf => {
                let bytes = pdf::draw(&scene, &fonts)?;
                work.step()?;
                Ok::<_, Stop>(bytes)
            }
        }
    });
    Ok(plan)
}

fn scale(scene: &scene::Scene) -> Result<f32> {
    let count = |scale| raster::pixels(scene, scale).iter().product::<usize>();
    match (count(FINE), count(COARSE)) {
        (fine, _) if fine <= MANY => Ok(FINE),
        (_, coarse) if coarse <= TOO_MANY => Ok(COARSE),
        _ => Err(tile::too_large(
            "The sheet would have more than 400 million pixels",
        )),
    }
}
