//! Checkpoints that TensorFlow wrote, of both formats, against the formula that their weights came from.

#[path = "support/golden.rs"]
mod golden;

use golden::uniform;
use metamer_studio::formats::tensorflow::Checkpoint;
use serde_json::Value;
use std::path::{Path, PathBuf};

const VGG: &str = "tests/data/golden/vgg19";

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn lengths(value: &Value) -> Vec<usize> {
    let lengths = value.as_array().unwrap().iter();
    lengths.map(|n| n.as_u64().unwrap() as usize).collect()
}

#[test]
fn a_v1_file_yields_every_weight_to_the_bit() {
    let mut checkpoint = Checkpoint::open(Path::new(&format!("{VGG}/vgg_19.ckpt"))).unwrap();
    assert_eq!(checkpoint.version(), "V1");
    let weights = json(&format!("{VGG}/weights.json"));
    let tensors = weights["tensors"].as_array().unwrap();
    assert_eq!((tensors.len(), checkpoint.tensors().len()), (38, 38));
    for tensor in tensors {
        let name = tensor["name"].as_str().unwrap();
        let array = checkpoint.read(name).unwrap();
        assert_eq!(array.shape, lengths(&tensor["shape"]), "{name}");
        let bound = tensor["bound"].as_f64().unwrap();
        let drawn = uniform(tensor["seed"].as_u64().unwrap(), array.values.len());
        for (found, u) in array.values.iter().zip(drawn) {
            assert_eq!(*found, ((2.0 * u - 1.0) * bound) as f32, "{name}");
        }
    }
}

/// The same small tensors as V1 and V2, the latter by index, by data file and by bare prefix.
#[test]
fn both_formats_hold_the_same_and_any_of_a_bundles_names_opens_it() {
    let mut v1 = Checkpoint::open(Path::new(&format!("{VGG}/small_v1.ckpt"))).unwrap();
    for end in ["", ".index", ".data-00000-of-00001"] {
        let path = PathBuf::from(format!("{VGG}/small_sharded.ckpt{end}"));
        assert!(Checkpoint::is_one(&path), "{}", path.display());
        let mut v2 = Checkpoint::open(&path).unwrap();
        assert_eq!((v2.version(), v2.files().len()), ("V2", 2));
        assert_eq!(v1.tensors(), v2.tensors());
        let names: Vec<String> = v1.tensors().keys().cloned().collect();
        for name in names {
            assert_eq!(
                v1.read(&name).unwrap(),
                v2.read(&name).unwrap(),
                "{name} by '{end}'"
            );
        }
        let step = v2.read("global_step").unwrap();
        assert_eq!((step.shape, step.values), (vec![], vec![123_456.0]));
    }
}

#[test]
fn a_missing_companion_is_named_and_an_unknown_tensor_comes_with_the_nearest() {
    let place = tempfile::tempdir().unwrap();
    let index = place.path().join("x.ckpt.index");
    std::fs::copy(format!("{VGG}/small_sharded.ckpt.index"), &index).unwrap();
    let error = Checkpoint::open(&index).err().unwrap().to_string();
    assert!(
        error.contains("x.ckpt.data-00000-of-00001") && error.contains("missing"),
        "{error}"
    );
    let mut v1 = Checkpoint::open(Path::new(&format!("{VGG}/small_v1.ckpt"))).unwrap();
    let error = v1.read("global_stop").unwrap_err().to_string();
    assert!(error.contains("did you mean 'global_step'"), "{error}");
    let error = Checkpoint::open(Path::new(&format!("{VGG}/weights.json")))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("Not a TensorFlow checkpoint"), "{error}");
}

/// What a bundle lacks is missed when it is opened, and if it is lost later, before memory is given for it.
#[test]
fn a_bundle_that_promises_more_than_it_has_costs_nothing() {
    let place = tempfile::tempdir().unwrap();
    let from = Path::new(VGG);
    let (index, data) = (
        place.path().join("small_sharded.ckpt.index"),
        place.path().join("small_sharded.ckpt.data-00000-of-00001"),
    );
    std::fs::copy(from.join("small_sharded.ckpt.index"), &index).unwrap();
    let whole = from.join("small_sharded.ckpt.data-00000-of-00001");
    std::fs::copy(&whole, &data).unwrap();
    let mut v2 = Checkpoint::open(&index).unwrap();
    std::fs::write(&data, b"short").unwrap();
    let error = Checkpoint::open(&index).err().unwrap().to_string();
    assert!(
        error.contains(".data-00000-of-00001") && error.contains("cut short: 5 bytes"),
        "{error}"
    );
    let names: Vec<String> = v2.tensors().keys().cloned().collect();
    for name in names {
        let error = v2.read(&name).unwrap_err().to_string();
        assert!(error.contains("cut short"), "{name}: {error}");
    }
}
