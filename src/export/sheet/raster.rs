//! A drawing as pixels.

use super::font::Fonts;
use super::scene::{Anchor, Area, Colour, Item, Scene, Text};
use crate::stimulus::Image;
use crate::stimulus::resize::{Filter, resize};
use ab_glyph::{Font, PxScale, point};

/// A drawing at so many pixels a point.
pub fn draw(scene: &Scene, fonts: &Fonts, scale: f32) -> Image {
    let [width, height] = pixels(scene, scale);
    let mut image = Image {
        width,
        height,
        rgb: vec![0xff; 3 * width * height],
    };
    for item in &scene.items {
        match item {
            Item::Fill(area, colour) => fill(&mut image, area, *colour, scale),
            Item::Picture(area, picture, _) => copy(&mut image, area, picture, scale),
            Item::Text(text) => write(&mut image, text, fonts, scale),
        }
    }
    image
}

/// Width and height at so many pixels a point.
pub fn pixels(scene: &Scene, scale: f32) -> [usize; 2] {
    [scene.width, scene.height].map(|l| (l * scale).ceil() as usize)
}

/// Mixes a colour into a pixel.
fn mix(image: &mut Image, x: usize, y: usize, colour: Colour, share: f32) {
    let at = 3 * (y * image.width + x);
    for (old, new) in image.rgb[at..at + 3].iter_mut().zip(colour) {
        let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * share;
        *old = mixed.round() as u8;
    }
}

fn fill(image: &mut Image, area: &Area, colour: Colour, scale: f32) {
    // Thin lines fall on whole pixels, so that all are equally dark.
    let edge = |v: f32| (v * scale).round().max(0.0) as usize;
    let (left, top) = (edge(area.x), edge(area.y));
    let right = edge(area.x + area.width).max(left + 1).min(image.width);
    let bottom = edge(area.y + area.height).max(top + 1).min(image.height);
    for y in top..bottom {
        for x in left..right {
            mix(image, x, y, colour, 1.0);
        }
    }
}

fn copy(image: &mut Image, area: &Area, picture: &Image, scale: f32) {
    let edge = |v: f32| (v * scale).round().max(0.0) as usize;
    let (left, top) = (edge(area.x), edge(area.y));
    let width = edge(area.width).min(image.width.saturating_sub(left));
    let height = edge(area.height).min(image.height.saturating_sub(top));
    if width == 0 || height == 0 {
        return;
    }
    let whole = width.is_multiple_of(picture.width) && height.is_multiple_of(picture.height);
    let drawn = if whole {
        enlarged(picture, width / picture.width, height / picture.height)
    } else {
        resize(picture, width, height, Filter::Bicubic)
    };
    for (y, row) in drawn.rgb.chunks(3 * width).enumerate() {
        let at = 3 * ((top + y) * image.width + left);
        image.rgb[at..at + row.len()].copy_from_slice(row);
    }
}

/// Each pixel as a block of pixels: what is enlarged by a whole number keeps its edges.
fn enlarged(picture: &Image, across: usize, down: usize) -> Image {
    let mut rgb = Vec::with_capacity(picture.rgb.len() * across * down);
    for row in picture.rgb.chunks(3 * picture.width) {
        let wide: Vec<u8> = row
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|p| std::iter::repeat_n(*p, across).flatten())
            .collect();
        (0..down).for_each(|_| rgb.extend_from_slice(&wide));
    }
    Image {
        width: picture.width * across,
        height: picture.height * down,
        rgb,
    }
}

fn write(image: &mut Image, text: &Text, fonts: &Fonts, scale: f32) {
    let font = fonts.of(text.weight);
    let size = text.size * scale;
    let em = font.units_per_em().unwrap_or(1000.0);
    // What the crate calls a scale is the height from the lowest to the highest letter.
    let height = PxScale::from(size * font.height_unscaled() / em);
    let shift = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    };
    let width = fonts.width(text.weight, text.size, &text.text);
    let mut x = (text.x - shift * width) * scale;
    let y = (text.y * scale).round();
    for (glyph, _) in fonts.glyphs(text.weight, &text.text) {
        let placed = glyph.with_scale_and_position(height, point(x, y));
        if let Some(outline) = font.outline_glyph(placed) {
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, share| {
                let (px, py) = (bounds.min.x + dx as f32, bounds.min.y + dy as f32);
                if px >= 0.0
                    && py >= 0.0
                    && (px as usize) < image.width
                    && (py as usize) < image.height
                {
                    mix(
                        image,
                        px as usize,
                        py as usize,
                        text.colour,
                        share.clamp(0.0, 1.0),
                    );
                }
            });
        }
        x += fonts.advance(text.weight, glyph) * size;
    }
}

#[cfg(test)]
mod tests {
    use super::super::font::Weight;
    use super::*;
    use std::sync::Arc;

    fn scene(items: Vec<Item>) -> Scene {
        Scene {
            width: 20.0,
            height: 10.0,
            title: String::new(),
            items,
        }
    }

    #[test]
    fn pictures_enlarged_by_whole_numbers_keep_their_pixels() {
        let picture = Arc::new(Image::new(2, 1, vec![255, 0, 0, 0, 0, 255]).unwrap());
        let area = Area {
            x: 1.0,
            y: 1.0,
            width: 4.0,
            height: 2.0,
        };
        let item = Item::Picture(area, picture, String::new());
        let drawn = draw(&scene(vec![item]), &Fonts::new().unwrap(), 2.0);
        let at = |x: usize, y: usize| &drawn.rgb[3 * (y * 40 + x)..][..3];
        assert_eq!(at(1, 2), [255; 3]);
        assert_eq!(at(2, 2), [255, 0, 0]);
        assert_eq!(at(5, 5), [255, 0, 0]);
        assert_eq!(at(6, 5), [0, 0, 255]);
        assert_eq!(at(10, 2), [255; 3]);
    }

    #[test]
    fn text_stands_where_its_anchor_says() {
        let fonts = Fonts::new().unwrap();
        let ink = |anchor| {
            let text = Text {
                x: 10.0,
                y: 8.0,
                size: 8.0,
                weight: Weight::Regular,
                anchor,
                colour: [0; 3],
                text: "H".into(),
            };
            let drawn = draw(&scene(vec![Item::Text(text)]), &fonts, 4.0);
            let dark = drawn.rgb.chunks(3).enumerate().filter(|(_, p)| p[0] < 128);
            let (mut xs, mut ys) = (vec![], vec![]);
            dark.for_each(|(i, _)| {
                xs.push(i % 80);
                ys.push(i / 80);
            });
            let ends = |v: Vec<usize>| [*v.iter().min().unwrap(), *v.iter().max().unwrap()];
            (ends(xs), ends(ys))
        };
        let (start, rows) = ink(Anchor::Start);
        assert!(start[0] >= 40 && ink(Anchor::End).0[1] < 40, "{start:?}");
        let [left, right] = ink(Anchor::Middle).0;
        assert!((left + right).abs_diff(79) <= 2, "{left} {right}");
        // An H stands on its line and is as high as Inter's capitals, 0.727 of the size.
        assert!(rows[1] == 31 && rows[0].abs_diff(32 - 23) <= 1, "{rows:?}");
    }
}
