//! Animations: every snapshot is a frame, and what is seen keeps time with what is heard.

use crate::program::Place;
use crate::runs;
use crate::tables::write;
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use metamer_studio::export::{self, Kind, Options, Set};
use metamer_studio::session::history::History;
use std::io::Cursor;
use std::path::Path;

/// The frames of a GIF, and how long it lasts in milliseconds.
fn frames(path: &Path) -> (Vec<image::RgbaImage>, f64) {
    let decoder = GifDecoder::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    let lasts = frames.iter().map(|f| {
        let (n, d) = f.delay().numer_denom_ms();
        f64::from(n) / f64::from(d)
    });
    let lasts = lasts.sum();
    (
        frames.into_iter().map(image::Frame::into_buffer).collect(),
        lasts,
    )
}

#[test]
fn a_picture_forms_beside_its_reference() {
    let (place, name) = (Place::new(), "chelsea__efficientnet-lite0__stem__s1");
    let set = Set::read(&[runs::run(name)]).unwrap();
    write(&set, Kind::Animation, &Options::default(), &place.path("a"));
    let (frames, _) = frames(&place.path(&format!("a/{name}.gif")));
    let history = History::read(&runs::run(name).join("history.npz")).unwrap();
    assert_eq!(frames.len(), history.snapshots.len());
    assert!(frames.len() > 20, "{}", frames.len());
    // The pictures stand at the same place in every frame; a GIF has 256 colours, so they are only near.
    let distance =
        |frame: &image::RgbaImage, left: u32, picture: &metamer_studio::stimulus::Image| {
            let mut sum = 0.0;
            for y in 0..224 {
                for x in 0..224 {
                    let found = frame.get_pixel(left + x, 46 + y).0;
                    let expected = &picture.rgb[3 * (224 * y + x) as usize..][..3];
                    sum += (0..3)
                        .map(|c| f64::from(found[c].abs_diff(expected[c])))
                        .sum::<f64>();
                }
            }
            sum / f64::from(3 * 224 * 224)
        };
    let reference = set.runs[0].reference_picture().unwrap();
    for i in [0, frames.len() - 1] {
        assert!(distance(&frames[i], 16, &reference) < 6.0, "frame {i}");
        let snapshot = history.snapshots[i].image().unwrap();
        let found = distance(&frames[i], 256, &snapshot);
        assert!(found < 6.0, "frame {i}: {found}");
    }
    assert!(distance(&frames[0], 256, &set.runs[0].picture().unwrap()) > 10.0);
}

#[test]
fn a_sound_is_heard_while_it_forms_in_time_with_its_cochleagram() {
    let (place, name) = (Place::new(), "umbrella__word-aliased__conv_1__s1");
    let set = Set::read(&[runs::run(name)]).unwrap();
    write(&set, Kind::Animation, &Options::default(), &place.path("a"));
    let mut sound = hound::WavReader::open(place.path(&format!("a/{name}.wav"))).unwrap();
    let heard: Vec<i16> = sound.samples().map(Result::unwrap).collect();
    let n = set.runs[0].metamer.len();
    assert_eq!(heard.len(), 4 * n);
    for (heard, exact) in heard[3 * n..].iter().zip(set.runs[0].metamer.iter()) {
        assert!((f32::from(*heard) / 32768.0 - exact).abs() < 1e-4);
    }
    let (frames, milliseconds) = frames(&place.path(&format!("a/{name}.gif")));
    let history = History::read(&runs::run(name).join("history.npz")).unwrap();
    assert_eq!(frames.len(), history.snapshots.len());
    // GIF counts hundredths of a second.
    let seconds = heard.len() as f64 / 20_000.0;
    assert!(
        (milliseconds / 1000.0 - seconds).abs() < 0.01 * frames.len() as f64,
        "{milliseconds} {seconds}"
    );
}

#[test]
fn without_a_history_there_is_nothing_to_animate() {
    let place = Place::new();
    let (from, to) = (
        runs::run("chelsea__efficientnet-lite0__stem__s2"),
        place.path("old"),
    );
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_name() != "history.npz" {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    let set = Set::read(&[to]).unwrap();
    let error =
        export::plan(&set, Kind::Animation, &Options::default(), &place.path("a")).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("history.npz") && said.contains("Make the run again"),
        "{said}"
    );
}
