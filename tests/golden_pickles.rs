//! Pickles of every protocol that the papers' files use, from Python 2 and 3.

use metamer_studio::formats::pickle::{self, Id, Pickle, numpy};
use serde_json::Value;
use std::path::Path;

const NULLS: &str = "tests/data/golden/nulls";

fn read(name: &str) -> Pickle {
    pickle::read(Path::new(&format!("{NULLS}/{name}"))).unwrap()
}

fn numbers(pickle: &Pickle, dict: Id, key: &str) -> numpy::Numbers {
    numpy::numbers(pickle, pickle.get(dict, key).unwrap()).unwrap()
}

/// Equal but for the last bit, in which a number read from JSON may differ.
#[track_caller]
fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() < 1e-15,
        "{what}: {found} {expected}"
    );
}

#[test]
fn null_distributions_of_every_protocol_hold_the_same() {
    let text = std::fs::read_to_string(format!("{NULLS}/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), 8);
    for file in [
        "null_py2_protocol2.pckl",
        "null_py3_protocol2.pckl",
        "null_py3_protocol3.pckl",
        "null_py3_protocol4.pckl",
    ] {
        let pickle = read(file);
        assert_eq!(pickle.pairs(pickle.root()).unwrap().len(), 8, "{file}");
        for (layer, expected) in expected {
            let values = numbers(&pickle, pickle.root(), layer).values;
            let what = format!("{file} {layer}");
            assert_eq!(
                values.len() as u64,
                expected["n"].as_u64().unwrap(),
                "{what}"
            );
            for (i, first) in expected["first"].as_array().unwrap().iter().enumerate() {
                near(values[i], first, &what);
            }
            near(values[values.len() - 1], &expected["last"], &what);
            let largest = values.iter().copied().fold(f64::MIN, f64::max);
            near(largest, &expected["max_np"], &what);
            let sum: f64 = values.iter().sum();
            let error = (sum - expected["sum"].as_f64().unwrap()).abs();
            assert!(error < 1e-9, "{what}: sum differs by {error}");
        }
    }
}

#[test]
fn arrays_of_every_layout_are_understood() {
    for file in ["variants_protocol2.pckl", "variants_protocol4.pckl"] {
        let pickle = read(file);
        let get = |key| numbers(&pickle, pickle.root(), key);
        let sevenths: Vec<f64> = (0..5).map(|i| f64::from(i as f32 / 7.0)).collect();
        for (found, expected) in get("a_float32").values.iter().zip(&sevenths) {
            assert!((found - expected).abs() < 1e-7, "{file}");
        }
        assert_eq!(get("b_bigendian").values, [0.0, 1.0, 2.0, 3.0], "{file}");
        let scalars = get("c_list_of_np_scalars");
        assert_eq!(scalars.values[..2], [0.25, -0.5], "{file}");
        let keys: Vec<_> = pickle.pairs(pickle.root()).unwrap().to_vec();
        for (key, id) in keys {
            let key = pickle.text(key).unwrap();
            let array = numpy::numbers(&pickle, id).unwrap();
            let count: usize = array.shape.iter().product();
            assert_eq!(array.values.len(), count, "{file} {key}");
        }
    }
}

#[test]
fn the_2023_layout_has_five_dicts() {
    let pickle = read("null_pytorch_repo.pckl");
    for measure in ["spearman_r_dict", "pearson_r_dict"] {
        let dict = pickle.get(pickle.root(), measure).unwrap();
        let values = numbers(&pickle, dict, "conv1_2_jittered_relu").values;
        assert_eq!(values.len(), 200, "{measure}");
    }
}

/// The configuration of a word network: partials of functions that stay names.
#[test]
fn a_networks_configuration_is_read_without_calling_anything() {
    for protocol in [2, 3, 4] {
        let path = format!(
            "tests/data/golden/word_network/word_network_reduced_aliasing_protocol{protocol}.pckl"
        );
        let pickle = pickle::read(Path::new(&path)).unwrap();
        let list = pickle.get(pickle.root(), "layer_list").unwrap();
        let architecture = pickle.get(pickle.root(), "graph_architecture").unwrap();
        let (partials, layers) = (
            pickle.items(list).unwrap(),
            pickle.items(architecture).unwrap(),
        );
        assert_eq!((partials.len(), layers.len()), (23, 23));
        let (function, named) = pickle.partial(partials[1]).unwrap();
        assert_eq!(
            pickle.global(function),
            Some(("tensorflow.python.layers.convolutional", "conv2d"))
        );
        let named = named.unwrap();
        assert_eq!(
            pickle.text(pickle.get(named, "name").unwrap()),
            Some("conv_0")
        );
        assert_eq!(
            pickle.integer(pickle.get(named, "filters").unwrap()),
            Some(6)
        );
        // The same function in two partials is one value.
        let other = pickle.partial(partials[6]).unwrap().0;
        assert_eq!(function, other);
    }
}
