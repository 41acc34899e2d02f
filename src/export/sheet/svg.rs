//! A drawing as SVG with everything in it: pictures, and the fonts for programs that can use them.

use super::super::media::{data_uri, png};
use super::font::Weight;
use super::scene::{Anchor, Item, Scene};
use crate::Result;
use std::fmt::Write as _;

/// The text of an SVG file. Text stays text, so that it can be edited.
///
/// # Errors
/// When a picture cannot be encoded, which is an error of this program.
pub fn draw(scene: &Scene) -> Result<String> {
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {width} {height}\" font-family=\"Inter, Helvetica, Arial, sans-serif\">\n<title>{}</title>\n<style>\n",
        escaped(&scene.title)
    );
    for weight in Weight::ALL {
        let font = data_uri("font/otf", weight.bytes());
        let _ = writeln!(
            out,
            "@font-face {{ font-family: Inter; font-weight: {}; src: url({font}) format(\"opentype\"); }}",
            number(weight)
        );
    }
    out += "</style>\n";
    for item in &scene.items {
        let _ = match item {
            Item::Fill(a, colour) => writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                a.x,
                a.y,
                a.width,
                a.height,
                hex(*colour)
            ),
            Item::Text(t) => {
                let anchor = match t.anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                writeln!(
                    out,
                    "<text x=\"{}\" y=\"{}\" font-size=\"{}\" font-weight=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
                    t.x,
                    t.y,
                    t.size,
                    number(t.weight),
                    hex(t.colour),
                    escaped(&t.text)
                )
            }
            Item::Picture(a, picture, name) => writeln!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" href=\"{}\"><title>{}</title></image>",
                a.x,
                a.y,
                a.width,
                a.height,
                data_uri("image/png", &png(picture)?),
                escaped(name)
            ),
        };
    }
    out += "</svg>\n";
    Ok(out)
}

fn number(weight: Weight) -> u32 {
    match weight {
        Weight::Regular => 400,
        Weight::SemiBold => 600,
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
