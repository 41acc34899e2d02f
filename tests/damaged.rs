//! Published files cut short at every length, and with single bits flipped: an error or what is right, never a panic, a
//! hang, or memory beyond what the file is worth.
//!
//! Small files are tried exhaustively. Of larger ones lengths are taken in strides that grow with the file; with the
//! environment variable `EVERY_LENGTH` set, every length is tried.

use metamer_studio::formats::pickle::{self, Pickle, Value, numpy};
use metamer_studio::formats::{Array, tensorflow};
use std::collections::BTreeMap;
use std::path::Path;

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new("tests/data/golden").join(name)).unwrap()
}

/// The lengths that are tried: all of a short file, some 2000 of a long one.
fn lengths(whole: usize) -> impl Iterator<Item = usize> {
    let stride = std::env::var("EVERY_LENGTH").map_or((whole / 2000).max(1), |_| 1);
    (0..whole).step_by(stride)
}

/// Every bit of the first 4 kB, or every `stride`-th.
fn bits(whole: usize, stride: usize) -> impl Iterator<Item = usize> {
    let stride = std::env::var("EVERY_LENGTH").map_or(stride, |_| 1);
    (0..whole.min(4096) * 8).step_by(stride)
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    damaged[bit / 8] ^= 1 << (bit % 8);
    damaged
}

type Tensors = BTreeMap<String, Array>;

/// Damage is found, or did no harm: checksums leave nothing between.
fn harmless(found: Result<Tensors, String>, whole: &Tensors, what: &str) {
    if let Ok(tensors) = found {
        assert_eq!(&tensors, whole, "{what}");
    }
}

#[test]
fn a_damaged_v1_checkpoint_is_refused_or_right() {
    let bytes = read("vgg19/small_v1.ckpt");
    let whole = tensorflow::decode_v1(&bytes).unwrap();
    assert!(whole.len() > 4);
    for length in 0..bytes.len() {
        assert!(tensorflow::decode_v1(&bytes[..length]).is_err(), "{length}");
    }
    for bit in bits(bytes.len(), 1) {
        let found = tensorflow::decode_v1(&flipped(&bytes, bit));
        harmless(found, &whole, &format!("bit {bit}"));
    }
}

#[test]
fn a_damaged_v2_checkpoint_is_refused_or_right() {
    let index = read("vgg19/small_sharded.ckpt.index");
    let data = read("vgg19/small_sharded.ckpt.data-00000-of-00001");
    let whole = tensorflow::decode_v2(&index, &data).unwrap();
    assert!(whole.len() > 4);
    for length in 0..index.len() {
        let cut = tensorflow::decode_v2(&index[..length], &data);
        assert!(cut.is_err(), "index of {length}");
    }
    for length in 0..data.len() {
        let cut = tensorflow::decode_v2(&index, &data[..length]);
        assert!(cut.is_err(), "values of {length}");
    }
    for bit in bits(index.len(), 1) {
        let found = tensorflow::decode_v2(&flipped(&index, bit), &data);
        harmless(found, &whole, &format!("bit {bit} of the index"));
    }
    for bit in bits(data.len(), 1) {
        let found = tensorflow::decode_v2(&index, &flipped(&data, bit));
        harmless(found, &whole, &format!("bit {bit} of the values"));
    }
}

#[test]
fn a_large_v1_checkpoint_that_is_cut_short_is_refused() {
    let bytes = read("vgg19/vgg_19.ckpt");
    for length in lengths(bytes.len()) {
        assert!(tensorflow::decode_v1(&bytes[..length]).is_err(), "{length}");
    }
    let whole = tensorflow::decode_v1(&bytes).unwrap();
    for bit in bits(bytes.len(), 397) {
        let found = tensorflow::decode_v1(&flipped(&bytes, bit));
        harmless(found, &whole, &format!("bit {bit}"));
    }
}

#[test]
fn a_word_networks_checkpoint_that_is_damaged_is_refused_or_right() {
    for folder in ["word_network", "word_network_short"] {
        let index = read(&format!("{folder}/word_reduced_aliasing.ckpt.index"));
        let data = read(&format!(
            "{folder}/word_reduced_aliasing.ckpt.data-00000-of-00001"
        ));
        let whole = tensorflow::decode_v2(&index, &data).unwrap();
        for length in 0..index.len() {
            let cut = tensorflow::decode_v2(&index[..length], &data);
            assert!(cut.is_err(), "{folder}: index of {length}");
        }
        for length in lengths(data.len()) {
            let cut = tensorflow::decode_v2(&index, &data[..length]);
            assert!(cut.is_err(), "{folder}: values of {length}");
        }
        for bit in bits(index.len(), 7) {
            let found = tensorflow::decode_v2(&flipped(&index, bit), &data);
            harmless(found, &whole, &format!("{folder}: bit {bit} of the index"));
        }
        for bit in bits(data.len(), 397) {
            let found = tensorflow::decode_v2(&index, &flipped(&data, bit));
            harmless(found, &whole, &format!("{folder}: bit {bit} of the values"));
        }
    }
}

/// Looks at everything that hangs on the root, two levels down.
fn look(pickle: &Pickle) {
    let root = pickle.root();
    for (key, value) in pickle.pairs(root).unwrap_or_default() {
        let _ = (pickle.text(*key), pickle.integer(*key));
        if let Ok(numbers) = numpy::numbers(pickle, *value) {
            let count: usize = numbers.shape.iter().product();
            assert_eq!(count, numbers.values.len());
        }
        for item in pickle.items(*value).unwrap_or_default() {
            let _ = (pickle.partial(*item), pickle.bytes(*item));
            if let Value::Call(call) = pickle.value(*item) {
                let _ = pickle.items(call.arguments);
            }
        }
    }
}

#[test]
fn damaged_pickles_are_refused_or_are_other_data() {
    let short = [
        "nulls/variants_protocol2.pckl",
        "nulls/variants_protocol4.pckl",
        "word_network/word_network_reduced_aliasing_protocol2.pckl",
        "word_network/word_network_reduced_aliasing_protocol3.pckl",
        "word_network/word_network_reduced_aliasing_protocol4.pckl",
    ];
    let long = [
        "nulls/null_py2_protocol2.pckl",
        "nulls/null_py3_protocol2.pckl",
        "nulls/null_py3_protocol3.pckl",
        "nulls/null_py3_protocol4.pckl",
        "nulls/null_pytorch_repo.pckl",
    ];
    for name in short.into_iter().chain(long) {
        let bytes = read(name);
        look(&pickle::decode(bytes.clone()).unwrap());
        for length in lengths(bytes.len()) {
            // The last instruction is what ends a pickle; without it there is none.
            assert!(
                pickle::decode(&bytes[..length]).is_err(),
                "{name}: {length}"
            );
        }
        let stride = if bytes.len() > 4096 { 61 } else { 3 };
        for bit in bits(bytes.len(), stride) {
            if let Ok(pickle) = pickle::decode(flipped(&bytes, bit)) {
                look(&pickle);
            }
        }
    }
}
