//! A drawing as a PDF of one page: vectors, searchable text in embedded fonts, pictures without loss.

use super::font::{Fonts, Weight};
use super::scene::{Anchor, Colour, Item, Scene, Text};
use crate::synthesis::spec::PROGRAM;
use crate::{Error, Result};
use ab_glyph::Font;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::collections::BTreeMap;
use std::io::Write as _;

/// No page of a PDF may be longer than this, in points.
pub const LONGEST: f32 = 14_400.0;

const ADOBE: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// Numbers for the file's objects, handed out in turn.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// The bytes of a PDF.
///
/// # Errors
/// When the page would be longer than a PDF allows.
pub fn draw(scene: &Scene, fonts: &Fonts) -> Result<Vec<u8>> {
    if scene.width.max(scene.height) > LONGEST {
        return Err(super::tile::too_large(
            "The page would be longer than the 5 m that a PDF allows",
        ));
    }
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut numbers = Numbers(0);
    let [catalog, pages, page, content, info] = [(); 5].map(|()| numbers.next());
    pdf.catalog(catalog).pages(pages).lang(TextStr("en"));
    pdf.pages(pages).kids([page]).count(1);
    pdf.document_info(info)
        .title(TextStr(&scene.title))
        .creator(TextStr(PROGRAM));
    let named: Vec<(String, Ref)> = Weight::ALL
        .into_iter()
        .map(|w| {
            (
                format!("F{}", w as usize),
                font(&mut pdf, &mut numbers, scene, fonts, w),
            )
        })
        .collect();
    let mut pictures: Vec<(String, Ref)> = vec![];
    let mut drawing = Content::new();
    for item in &scene.items {
        match item {
            Item::Fill(area, colour) => {
                ink(&mut drawing, *colour);
                let bottom = scene.height - area.y - area.height;
                drawing.rect(area.x, bottom, area.width, area.height);
                drawing.fill_nonzero();
            }
            Item::Text(text) => write(&mut drawing, scene, fonts, text),
            Item::Picture(area, picture, _) => {
                let name = format!("P{}", pictures.len());
                let id = numbers.next();
                let data = deflated(&picture.rgb)?;
                let mut object = pdf.image_xobject(id, &data);
                object.filter(Filter::FlateDecode);
                object
                    .width(picture.width as i32)
                    .height(picture.height as i32);
                object.color_space().device_rgb();
                object.bits_per_component(8);
                object.finish();
                drawing.save_state();
                let bottom = scene.height - area.y - area.height;
                drawing.transform([area.width, 0.0, 0.0, area.height, area.x, bottom]);
                drawing.x_object(Name(name.as_bytes()));
                drawing.restore_state();
                pictures.push((name, id));
            }
        }
    }
    let data = deflated(&drawing.finish())?;
    pdf.stream(content, &data).filter(Filter::FlateDecode);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, scene.width, scene.height));
    sheet.parent(pages).contents(content);
    let mut resources = sheet.resources();
    let mut known = resources.fonts();
    named.iter().for_each(|(name, id)| {
        known.pair(Name(name.as_bytes()), *id);
    });
    known.finish();
    let mut known = resources.x_objects();
    pictures.iter().for_each(|(name, id)| {
        known.pair(Name(name.as_bytes()), *id);
    });
    known.finish();
    resources.finish();
    sheet.finish();
    Ok(pdf.finish())
}

fn ink(drawing: &mut Content, colour: Colour) {
    let [r, g, b] = colour.map(|c| f32::from(c) / 255.0);
    drawing.set_fill_rgb(r, g, b);
}

fn write(drawing: &mut Content, scene: &Scene, fonts: &Fonts, text: &Text) {
    let width = fonts.width(text.weight, text.size, &text.text);
    let shift = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    };
    let glyphs: Vec<u8> = fonts
        .glyphs(text.weight, &text.text)
        .iter()
        .flat_map(|(glyph, _)| glyph.0.to_be_bytes())
        .collect();
    ink(drawing, text.colour);
    let name = format!("F{}", text.weight as usize);
    drawing.begin_text();
    drawing.set_font(Name(name.as_bytes()), text.size);
    drawing.next_line(text.x - shift * width, scene.height - text.y);
    drawing.show(Str(&glyphs));
    drawing.end_text();
}

/// Puts a font into the file, with the widths and the meaning of the glyphs that are used.
fn font(pdf: &mut Pdf, numbers: &mut Numbers, scene: &Scene, fonts: &Fonts, weight: Weight) -> Ref {
    let [whole, inner, descriptor, map, file] = [(); 5].map(|()| numbers.next());
    let name: &[u8] = match weight {
        Weight::Regular => b"Inter-Regular",
        Weight::SemiBold => b"Inter-SemiBold",
    };
    let face = fonts.of(weight);
    let per_thousand = 1000.0 / face.units_per_em().unwrap_or(1000.0);
    let mut used: BTreeMap<u16, (f32, char)> = BTreeMap::new();
    for item in &scene.items {
        if let Item::Text(text) = item
            && text.weight == weight
        {
            for (glyph, c) in fonts.glyphs(weight, &text.text) {
                used.entry(glyph.0)
                    .or_insert((1000.0 * fonts.advance(weight, glyph), c));
            }
        }
    }
    pdf.type0_font(whole)
        .base_font(Name(name))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(inner)
        .to_unicode(map);
    let mut cid = pdf.cid_font(inner);
    cid.subtype(CidFontType::Type0)
        .base_font(Name(name))
        .system_info(ADOBE)
        .font_descriptor(descriptor)
        .default_width(0.0);
    let mut widths = cid.widths();
    for (glyph, (width, _)) in &used {
        widths.consecutive(*glyph, [*width]);
    }
    widths.finish();
    cid.finish();
    let (ascent, descent) = (
        face.ascent_unscaled() * per_thousand,
        face.descent_unscaled() * per_thousand,
    );
    pdf.font_descriptor(descriptor)
        .name(Name(name))
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-500.0, descent, 1500.0, ascent))
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(727.0)
        .stem_v(if weight == Weight::Regular {
            80.0
        } else {
            120.0
        })
        .font_file3(file);
    let mut meaning = UnicodeCmap::new(Name(b"Unicode"), ADOBE);
    used.iter()
        .for_each(|(glyph, (_, c))| meaning.pair(*glyph, *c));
    pdf.cmap(map, &meaning.finish());
    let mut stream = pdf.stream(file, weight.bytes());
    stream.pair(Name(b"Subtype"), Name(b"OpenType"));
    stream.finish();
    whole
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|e| Error::Internal(format!("bytes that cannot be compressed: {e}")))
}
