//! Sheets and pages as files, without a browser.

use crate::program::Place;
use crate::runs;
use crate::tables::write;
use base64::Engine;
use metamer_studio::export::sheet::Format;
use metamer_studio::export::{Kind, Options};
use metamer_studio::stimulus::Image;

fn decode(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

/// What stands between two marks, again and again.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    text.split(from)
        .skip(1)
        .map(|t| t.split(to).next().unwrap())
        .collect()
}

#[test]
fn the_page_contains_everything_and_asks_the_network_for_nothing() {
    let (set, place) = (runs::set(), Place::new());
    let options = Options {
        title: Some("Cats & <words>".into()),
        ..Options::default()
    };
    write(&set, Kind::Html, &options, &place.path("page.html"));
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("<h1>Cats &amp; &lt;words&gt;</h1>"));
    // Nothing is loaded from anywhere: addresses occur in text only, and the page forbids it itself.
    for attribute in ["src=\"", "href=\""] {
        for address in between(&page, attribute, "\"") {
            assert!(
                address.starts_with("data:") || address.starts_with('#'),
                "{address}"
            );
        }
    }
    assert!(
        !page.contains("url(") && !page.contains("@import") && page.contains("default-src 'none'")
    );
    let pictures: Vec<Image> = between(&page, "data:image/png;base64,", "\"")
        .into_iter()
        .map(|t| Image::decode(&decode(t)).unwrap())
        .collect();
    assert_eq!(pictures.len(), set.runs.len() + 2);
    assert_eq!(pictures[0], set.runs[0].reference_picture().unwrap());
    // Sounds are the metamers, rounded to 16 bits.
    let sounds = between(&page, "data-sound=\"", "\"");
    assert_eq!(sounds.len(), 3);
    let heard: Vec<i16> = hound::WavReader::new(decode(sounds[1]).as_slice())
        .unwrap()
        .samples()
        .map(Result::unwrap)
        .collect();
    let run = set.runs.iter().find(|r| r.is_sound()).unwrap();
    let largest = run.metamer.iter().fold(0f32, |m, s| m.max(s.abs()));
    assert!(largest < 1.0 && heard.len() == run.metamer.len());
    for (heard, exact) in heard.iter().zip(run.metamer.iter()) {
        assert!((f32::from(*heard) / 32768.0 - exact).abs() <= 0.5001 / 32768.0);
    }
    // Verdicts in words under each, and the description from which it can be made again.
    assert_eq!(
        between(&page, "data-verdict=\"", "\"").len(),
        set.runs.len()
    );
    let failed = set
        .runs
        .iter()
        .filter(|r| r.verdict_word() == "Fail")
        .count();
    assert_eq!(
        page.matches("<b class=\"fail\">Fail</b> <span>").count(),
        failed
    );
    assert!(page.contains("weights_sha256") && page.contains("s41593-023-01442-0"));
}

#[test]
fn a_sheet_is_the_same_in_every_format() {
    let (set, place) = (runs::set(), Place::new());
    let names = [
        (Format::Png, "s.png"),
        (Format::Svg, "s.svg"),
        (Format::Pdf, "s.pdf"),
    ];
    for (format, name) in names {
        write(
            &set,
            Kind::Sheet(format),
            &Options::default(),
            &place.path(name),
        );
    }
    let svg = std::fs::read_to_string(place.path("s.svg")).unwrap();
    let points: Vec<f64> = between(&svg, "viewBox=\"0 0 ", "\"")[0]
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    let png = Image::open(&place.path("s.png")).unwrap();
    assert_eq!(
        [png.width as f64, png.height as f64],
        [points[0] * 4.0, points[1] * 4.0].map(f64::ceil)
    );
    let images = between(&svg, "<image ", "</image>");
    assert_eq!(images.len(), set.runs.len() + 2);
    // The first picture of the vector sheet lies in the pixels of the other, each of its own pixels twice as large.
    let number = |name: &str| {
        between(images[0], &format!("{name}=\""), "\"")[0]
            .parse::<f64>()
            .unwrap()
    };
    let [x, y] = [number("x"), number("y")].map(|v| (v * 4.0).round() as usize);
    let first = Image::decode(&decode(between(images[0], "base64,", "\"")[0])).unwrap();
    assert_eq!(first, set.runs[0].reference_picture().unwrap());
    let part = png.crop(x, y, x + 448, y + 448);
    for at in [0, 223, 224 * 224 - 1] {
        let (column, row) = (2 * (at % 224), 2 * (at / 224));
        let found = &part.rgb[3 * (row * 448 + column)..][..3];
        assert_eq!(found, &first.rgb[3 * at..][..3]);
    }
    let said = between(&svg, "<text ", "</text>");
    for text in ["Pass", "Fail", "224 pixels", "8 kHz", "2 s", "seed 1, 40"] {
        assert!(
            said.iter().any(|t| t.ends_with(text)),
            "{text} is not on the sheet"
        );
    }
    let pdf = std::fs::read(place.path("s.pdf")).unwrap();
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.starts_with("%PDF-1.7") && text.trim_end().ends_with("%%EOF"));
    assert_eq!(text.matches("/Subtype /Image").count(), set.runs.len() + 2);
    assert_eq!(text.matches("/Subtype /OpenType").count(), 2);
    let box_of = format!("/MediaBox [0 0 {} {}]", points[0], points[1]);
    assert!(text.contains(&box_of), "{box_of}");
}
