//! Cropping and resizing must give Pillow's bytes exactly; decoding must follow the stated conventions.

use metamer_studio::formats::npy;
use metamer_studio::network::registry::sha256;
use metamer_studio::stimulus::prepare::embedded_image;
use metamer_studio::stimulus::{Crop, Image};
use serde_json::Value;
use std::path::Path;

fn bytes(file: &str) -> (Vec<usize>, Vec<u8>) {
    let array = npy::read(Path::new(file)).unwrap();
    (array.shape, array.values.iter().map(|v| *v as u8).collect())
}

#[test]
fn the_2019_crop_agrees_with_the_original_program() {
    for case in ["case_150x200", "case_480x640"] {
        let arrays = metamer_studio::formats::npz::read(Path::new(&format!(
            "tests/data/golden/resize/{case}.npz"
        )))
        .unwrap();
        let picture = &arrays["inp"];
        let rgb = picture.values.iter().map(|v| *v as u8).collect();
        let image = Image::new(picture.shape[1], picture.shape[0], rgb).unwrap();
        let expected: Vec<u8> = arrays["out224"].values.iter().map(|v| *v as u8).collect();
        assert_eq!(Crop::Feather2019.apply(&image, 224).rgb, expected, "{case}");
    }
    let (_, expected) = bytes("tests/data/golden/resize/chelsea_bilinear_224.npy");
    assert_eq!(
        Crop::Feather2019
            .apply(&embedded_image("chelsea").unwrap(), 224)
            .rgb,
        expected
    );
}

#[test]
fn both_crops_agree_with_pillow_at_awkward_sizes() {
    let cases: Value =
        serde_json::from_str(&std::fs::read_to_string("tests/data/resize/cases.json").unwrap())
            .unwrap();
    let cases = cases["resize"].as_array().unwrap();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let size = |key: &str| case[key].as_u64().unwrap() as usize;
        let (height, width) = (size("height"), size("width"));
        let image = if case["image"] == "chelsea" {
            embedded_image("chelsea").unwrap()
        } else {
            let value = |y: usize, x: usize, c: usize| {
                ((x * 7 + y * 13 + c * 29 + ((x * y) >> 3)) ^ (x * 3)) as u8
            };
            let rgb = (0..height * width * 3)
                .map(|i| value(i / 3 / width, i / 3 % width, i % 3))
                .collect();
            Image::new(width, height, rgb).unwrap()
        };
        let crop = if case["filter"] == "bilinear" {
            Crop::Feather2019
        } else {
            Crop::Feather2023
        };
        let out = crop.apply(&image, 224);
        let what = format!("{} {height}x{width} {}", case["image"], case["filter"]);
        for s in case["samples"].as_array().unwrap() {
            let s: Vec<usize> = s
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_u64().unwrap() as usize)
                .collect();
            let at = (s[0] * 224 + s[1]) * 3;
            assert_eq!(
                out.rgb[at..at + 3]
                    .iter()
                    .map(|v| *v as usize)
                    .collect::<Vec<_>>(),
                s[2..],
                "{what} at {s:?}"
            );
        }
        assert_eq!(sha256(&out.rgb), case["sha256"].as_str().unwrap(), "{what}");
    }
    let (_, expected) = bytes("tests/data/resize/chelsea_bicubic_224.npy");
    assert_eq!(
        Crop::Feather2023
            .apply(&embedded_image("chelsea").unwrap(), 224)
            .rgb,
        expected
    );
}

#[test]
fn every_kind_of_png_decodes_by_the_stated_rule() {
    let cases: Value =
        serde_json::from_str(&std::fs::read_to_string("tests/data/resize/cases.json").unwrap())
            .unwrap();
    let cases = cases["loading"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let file = format!("tests/data/images/{}", case["file"].as_str().unwrap());
        let image = Image::open(Path::new(&file)).unwrap();
        let flat = |v: &Value| v.as_array().unwrap().clone();
        let expected: Vec<u8> = flat(&case["rgb"])
            .iter()
            .flat_map(flat)
            .flat_map(|p| flat(&p))
            .map(|v| v.as_u64().unwrap() as u8)
            .collect();
        assert_eq!(image.rgb, expected, "{file}: {}", case["rule"]);
    }
}
