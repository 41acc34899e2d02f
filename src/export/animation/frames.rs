//! The frames of an animation: reference and metamer side by side, what they are, and how far the making has come.

use super::super::heat_map::Cells;
use super::super::plan::{Stop, Work};
use super::super::sheet::font::{Fonts, Weight};
use super::super::sheet::raster;
use super::super::sheet::scene::{Anchor, Area, Colour, Item, Scene, Text};
use super::super::{Options, Shading, media};
use super::{Member, morph};
use crate::cpu::Convolving;
use crate::network::registry;
use crate::session::device;
use crate::session::history::{History, Snapshot};
use crate::stimulus::Image;
use crate::stimulus::excerpt::NETWORK_RATE;
use crate::{Error, Result};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};
use std::sync::Arc;

const INK: Colour = [0x17, 0x1a, 0x1f];
const MUTED: Colour = [0x59, 0x61, 0x6d];
const ACCENT: Colour = [0x0b, 0x6b, 0xcb];
const LINE: Colour = [0xd9, 0xde, 0xe5];
const MARGIN: f32 = 16.0;
/// How long a frame with a picture is seen, in milliseconds.
const FRAME: u32 = 90;
/// How long the last one is.
const LAST: u32 = 2000;

/// The bytes of an animated GIF that runs for ever.
pub fn gif(
    member: &Member<'_>,
    history: &History,
    options: &Options,
    work: &mut Work<'_>,
) -> Result<Vec<u8>, Stop> {
    let mut seen = Seen::new(member, options)?;
    let fonts = Fonts::new()?;
    let run = member.run;
    let failed =
        |e: image::ImageError| Error::Internal(format!("a GIF that cannot be encoded: {e}"));
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 10);
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    let count = history.snapshots.len();
    // A sound's frames keep time with the sound.
    let forming = 1000.0 * (morph::TIMES * run.metamer.len()) as f64 / f64::from(NETWORK_RATE);
    for (number, snapshot) in history.snapshots.iter().enumerate() {
        work.step()?;
        let last = number + 1 == count;
        let milliseconds = match (run.is_sound(), last) {
            (true, false) => (forming / count as f64) as u32,
            (true, true) => {
                (forming / (count * morph::TIMES) as f64 * (count + morph::TIMES) as f64) as u32
            }
            (false, false) => FRAME,
            (false, true) => LAST,
        };
        let picture = seen.of(snapshot)?;
        let scene = scene(member, &seen, picture, snapshot.step, last, &fonts);
        let drawn = raster::draw(&scene, &fonts, 1.0);
        let pixels = drawn
            .rgb
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|[r, g, b]| [*r, *g, *b, 255]);
        let frame = RgbaImage::from_raw(drawn.width as u32, drawn.height as u32, pixels.collect())
            .ok_or_else(|| Error::Internal("a frame of the wrong size".into()))?;
        let delay = Delay::from_numer_denom_ms(milliseconds, 1);
        encoder
            .encode_frame(Frame::from_parts(frame, 0, 0, delay))
            .map_err(failed)?;
    }
    drop(encoder);
    Ok(bytes)
}

/// What is shown of a snapshot: itself, or its cochleagram by the model's own front end.
struct Seen {
    reference: Option<Arc<Image>>,
    /// Pixels of a picture on the frame.
    size: [f32; 2],
    hearing: Option<Hearing>,
}

struct Hearing {
    executor: Box<dyn crate::network::Executor>,
    front_end: crate::network::NodeId,
    shape: [usize; 2],
    shading: Shading,
}

impl Seen {
    fn new(member: &Member<'_>, options: &Options) -> Result<Self> {
        let run = member.run;
        if let [_, height, width] = run.shape[..] {
            let times = (256 / width.max(1)).max(1);
            return Ok(Self {
                reference: run.reference_picture().map(Arc::new),
                size: [width, height].map(|l| (l * times) as f32),
                hearing: None,
            });
        }
        let model = registry::load(&run.spec.model)?;
        let front_end = model.front_end().ok_or_else(|| {
            Error::file(
                &run.folder,
                "Is of a model without a cochleagram; its sounds cannot be seen",
            )
        })?;
        let shape = &model.graph.node(front_end).shape;
        let shape = [shape[shape.len() - 2], shape[shape.len() - 1]];
        let shown = [&run.cochleagram, &run.reference_cochleagram];
        let shading = Shading::shared(options.colour_map, shown.into_iter().flatten());
        let reference = run.reference_cochleagram.as_ref();
        let drawn =
            |cells: &Cells| media::heat_picture(cells, &shading, [cells.columns(), cells.rows()]);
        Ok(Self {
            reference: reference.map(drawn).transpose()?.map(Arc::new),
            size: [shape[1] as f32, shape[0] as f32],
            hearing: Some(Hearing {
                executor: device::executor(model.graph.clone(), "cpu", 0, Convolving::Exact)?,
                front_end,
                shape,
                shading,
            }),
        })
    }

    fn of(&mut self, snapshot: &Snapshot) -> Result<Image> {
        let Some(hearing) = &mut self.hearing else {
            return snapshot
                .image()
                .ok_or_else(|| Error::Internal("a picture's history without pictures".into()));
        };
        hearing
            .executor
            .forward(&snapshot.input(), hearing.front_end)?;
        let values = hearing.executor.activation(hearing.front_end)?.into_owned();
        let [rows, columns] = hearing.shape;
        let cells = Cells::new(rows, columns, values)?;
        media::heat_picture(&cells, &hearing.shading, [columns, rows])
    }
}

fn scene(
    member: &Member<'_>,
    seen: &Seen,
    picture: Image,
    step: u64,
    last: bool,
    fonts: &Fonts,
) -> Scene {
    let run = member.run;
    let [width, height] = seen.size;
    // Cochleagrams stand above each other, on one axis of time; pictures beside each other.
    let across = seen.hearing.is_none();
    let tiles = 1 + usize::from(seen.reference.is_some());
    let (columns, rows) = if across { (tiles, 1) } else { (1, tiles) };
    let all_width = MARGIN + columns as f32 * (width + MARGIN);
    let top = 46.0;
    let below = top + rows as f32 * (height + 24.0);
    let mut items = vec![];
    let mut say =
        |x: f32, y: f32, size: f32, weight: Weight, anchor: Anchor, colour: Colour, text: &str| {
            let text = fonts.shortened(weight, size, text, all_width - 2.0 * MARGIN);
            items.push(Item::Text(Text {
                x,
                y,
                size,
                weight,
                anchor,
                colour,
                text,
            }));
        };
    let title = format!("{}: {}", member.stimulus.title, run.spec.layer);
    say(
        MARGIN,
        22.0,
        14.0,
        Weight::SemiBold,
        Anchor::Start,
        INK,
        &title,
    );
    let subtitle = format!("{}, {}", member.group.model.title, member.row.label);
    say(
        MARGIN,
        37.0,
        10.5,
        Weight::Regular,
        Anchor::Start,
        MUTED,
        &subtitle,
    );
    let place = |tile: usize| {
        if across {
            (MARGIN + tile as f32 * (width + MARGIN), top)
        } else {
            (MARGIN, top + tile as f32 * (height + 24.0))
        }
    };
    let mut names = vec!["Metamer"];
    if seen.reference.is_some() {
        names.insert(0, "Reference");
    }
    for (tile, name) in names.iter().enumerate() {
        let (x, y) = place(tile);
        say(
            x,
            y + height + 14.0,
            10.5,
            Weight::Regular,
            Anchor::Start,
            MUTED,
            name,
        );
    }
    let steps = run.spec.procedure.steps;
    let right = all_width - MARGIN;
    let counted = format!("step {step} of {steps}");
    say(
        right,
        below + 4.0,
        11.0,
        Weight::Regular,
        Anchor::End,
        INK,
        &counted,
    );
    if last {
        let word = run.verdict_word();
        say(
            MARGIN,
            below + 4.0,
            11.0,
            Weight::SemiBold,
            Anchor::Start,
            INK,
            word,
        );
    }
    let area = |tile: usize| {
        let (x, y) = place(tile);
        Area {
            x,
            y,
            width,
            height,
        }
    };
    if let Some(reference) = &seen.reference {
        items.push(Item::Picture(area(0), reference.clone(), String::new()));
    }
    items.push(Item::Picture(
        area(tiles - 1),
        Arc::new(picture),
        String::new(),
    ));
    let bar = |share: f32, colour: Colour| {
        let area = Area {
            x: MARGIN,
            y: below + 11.0,
            width: share * (all_width - 2.0 * MARGIN),
            height: 3.0,
        };
        Item::Fill(area, colour)
    };
    items.push(bar(1.0, LINE));
    if step > 0 {
        items.push(bar(step as f32 / steps.max(1) as f32, ACCENT));
    }
    Scene {
        width: all_width,
        height: below + 26.0,
        title: String::new(),
        items,
    }
}
