//! The page in a real browser: clicked, and heard to start.

use crate::browser::Browser;
use crate::program::Place;
use crate::runs;
use crate::tables::write;
use metamer_studio::export::sheet::Format;
use metamer_studio::export::{Kind, Options};
use serde_json::json;

/// The tile of a layer of the first row of a table.
fn tile(table: &str, layer: &str) -> String {
    format!(".{table} .tile[data-name='{layer}']")
}

#[test]
fn the_page_is_clicked_and_sound_starts() {
    let Some(mut b) = Browser::start() else {
        return;
    };
    let (set, place) = (runs::set(), Place::new());
    write(
        &set,
        Kind::Html,
        &Options::default(),
        &place.path("page.html"),
    );
    b.open(&place.path("page.html"));
    assert_eq!(
        b.value("document.querySelectorAll('.tile').length"),
        json!(set.runs.len() + 2)
    );
    let loaded = "[...document.images].every(i => i.complete && i.naturalWidth > 100)";
    b.wait(loaded);

    // Wide tables move inside themselves; the page does not.
    assert_eq!(
        b.value("document.documentElement.scrollWidth <= innerWidth"),
        json!(true)
    );

    // A click is heard, and the line moves over the cochleagram.
    assert_eq!(b.value("metamers.player.state()"), "none");
    b.click(&tile("sounds", "conv_1"));
    b.wait("metamers.player.state() === 'running' && metamers.player.time() > 0.1");
    assert_eq!(b.value("metamers.player.tile().dataset.name"), "conv_1");
    b.wait("parseFloat(metamers.player.tile().querySelector('.head').style.left) > 5");
    assert_eq!(
        b.value("getComputedStyle(metamers.player.tile().querySelector('.head')).display"),
        "block"
    );

    // One at a time; numbers are layers, 0 is the reference.
    b.key("1");
    b.wait("metamers.player.tile()?.dataset.name === 'cochleagram'");
    assert_eq!(
        b.value("document.querySelectorAll('.tile.playing').length"),
        json!(1)
    );
    b.key("0");
    b.wait("metamers.player.tile()?.dataset.name === 'Reference' && metamers.player.time() > 0.3");
    // The arrows move without a sound; A goes over to the other of the two at the same moment.
    b.key("Escape");
    b.wait("metamers.player.tile() === null");
    b.key("ArrowRight");
    b.key("ArrowRight");
    assert_eq!(b.value("document.activeElement.dataset.name"), "conv_1");
    b.key("2");
    b.wait("metamers.player.tile()?.dataset.name === 'conv_1' && metamers.player.time() > 0.4");
    b.key("a");
    b.wait("metamers.player.tile()?.dataset.name === 'Reference'");
    let then = b.value("metamers.player.time()").as_f64().unwrap();
    assert!(then > 0.4, "the reference began anew, at {then} s");
    // Left alone a sound ends by itself.
    b.wait("metamers.player.tile() === null");

    // The large view: axes in hertz and seconds, a click in it plays from there.
    b.key("e");
    b.wait("document.getElementById('viewer').open");
    let ticks = b.value("[...document.querySelectorAll('#viewer .tick')].map(t => t.textContent)");
    for label in ["20 Hz", "8 kHz", "2.0 s"] {
        assert!(ticks.as_array().unwrap().contains(&json!(label)), "{ticks}");
    }
    b.click("#viewer figure:last-child .map");
    b.wait("metamers.player.tile()?.dataset.name === 'conv_1' && metamers.player.time() > 1");
    b.key(" ");
    b.wait("metamers.player.tile() === null");
    b.key(" ");
    b.wait("metamers.player.tile() !== null");
    b.click("#viewer-close");
    b.wait("!document.getElementById('viewer').open && metamers.player.tile() === null");

    // Pictures: a click shows reference and metamer large, with the verdict in words.
    b.click(&tile("pictures", "logits"));
    b.wait("document.getElementById('viewer').open");
    assert_eq!(
        b.value("document.querySelectorAll('#viewer figure img').length"),
        json!(2)
    );
    let run = set.runs.iter().find(|r| r.spec.layer == "logits").unwrap();
    assert_eq!(
        b.value("document.getElementById('viewer-sentence').textContent"),
        json!(run.sentence())
    );
    assert_eq!(
        b.value("document.getElementById('viewer-next').disabled"),
        json!(true)
    );
    b.key("ArrowLeft");
    assert_eq!(
        b.value("document.querySelector('#viewer figure.shown figcaption').textContent"),
        "stem"
    );
    b.key("s");
    b.key("a");
    assert_eq!(
        b.value("document.querySelector('#viewer figure.shown figcaption').textContent"),
        "Reference"
    );
    assert_eq!(
        b.value(
            "[...document.querySelectorAll('#viewer figure')].map(f => getComputedStyle(f).display)"
        ),
        json!(["block", "none"])
    );
    b.click("#viewer summary");
    let spec = b.value("document.getElementById('viewer-spec').textContent");
    assert!(spec.as_str().unwrap().contains("seed = 1"), "{spec}");

    // Every tile and control has a name; light and dark are the reader's choice.
    let nameless = "[...document.querySelectorAll('button')].filter(b => !(b.ariaLabel || b.textContent.trim())).length";
    assert_eq!(b.value(nameless), json!(0));
    let mut background = |scheme: &str| {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        b.tell("Emulation.setEmulatedMedia", &features);
        b.value("getComputedStyle(document.body).backgroundColor")
    };
    assert_eq!(background("dark"), "rgb(21, 23, 27)");
    assert_eq!(background("light"), "rgb(246, 247, 249)");
    b.was_content(&["file://", "data:"]);
}

#[test]
fn a_sheet_in_svg_is_drawn_with_all_its_pictures() {
    let Some(mut b) = Browser::start() else {
        return;
    };
    let (set, place) = (runs::set(), Place::new());
    write(
        &set,
        Kind::Sheet(Format::Svg),
        &Options::default(),
        &place.path("sheet.svg"),
    );
    b.open(&place.path("sheet.svg"));
    let images =
        "[...document.querySelectorAll('image')].map(i => i.getBoundingClientRect().width)";
    let widths = b.value(images);
    let widths = widths.as_array().unwrap();
    assert_eq!(widths.len(), set.runs.len() + 2);
    assert!(widths.iter().all(|w| w.as_f64().unwrap() > 100.0));
    // Set in its own font, and as wide as it was measured.
    b.wait("document.fonts.check('600 22px Inter')");
    b.was_content(&["file://", "data:"]);
}
