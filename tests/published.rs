//! The networks of Feather et al. (2019) from files as their authors publish them, through the program itself: imported,
//! then activations, gradients and trajectories against what the authors' code gave.

#[path = "support/golden.rs"]
mod golden;
#[path = "support/program.rs"]
mod program;

use golden::{channels_first, channels_last, relative_l2, sample, uniform};
use metamer_studio::formats::{Array, npy, npz};
use program::Place;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/golden")
        .join(name)
}

fn arrays(name: &str) -> BTreeMap<String, Array> {
    npz::read(&data(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(data(name)).unwrap()).unwrap()
}

/// The picture that the reference data was made with, `[3, 224, 224]` in [0, 1].
fn picture() -> Array {
    let bytes = npy::read(&data("resize/chelsea_bilinear_224.npy")).unwrap();
    let scaled: Vec<f32> = bytes.values.iter().map(|v| v / 255.0).collect();
    Array::new(vec![3, 224, 224], channels_first(&scaled, 3)).unwrap()
}

/// The point that gradients were taken at and trajectories begin at.
fn picture_start() -> Array {
    let drawn = uniform(1908, 224 * 224 * 3);
    let drawn: Vec<f32> = drawn.iter().map(|u| (u * 0.1 + 0.5) as f32).collect();
    Array::new(vec![3, 224, 224], channels_first(&drawn, 3)).unwrap()
}

/// A place with the small VGG-19 imported as `vgg`, the picture and the start.
fn vgg() -> Place {
    let place = Place::new();
    npy::write(&place.path("picture.npy"), &picture()).unwrap();
    npy::write(&place.path("start.npy"), &picture_start()).unwrap();
    let checkpoint = data("vgg19/vgg_19.ckpt");
    place
        .run(&format!("import {} --name vgg", checkpoint.display()))
        .exits(0)
        .says("V1 checkpoint")
        .says("VGG-19 (TF-slim), 38 tensors, none missing");
    place
}

/// A place with a word network imported as `words`, its sound and its start.
fn words(folder: &str, options: &str) -> Place {
    let place = Place::new();
    let inputs = arrays(&format!("{folder}/inputs.npz"));
    npy::write(&place.path("sound.npy"), &inputs["wav"]).unwrap();
    npy::write(&place.path("start.npy"), &inputs["init"]).unwrap();
    let index = data(&format!("{folder}/word_reduced_aliasing.ckpt.index"));
    place
        .run(&format!(
            "import {} --name words {options}",
            index.display()
        ))
        .exits(0)
        .says("configuration found in")
        .says("V2 checkpoint");
    place
}

/// The activations that the program writes, in TensorFlow's order.
fn activations(
    place: &Place,
    model: &str,
    stimulus: &str,
    layers: &str,
) -> BTreeMap<String, Array> {
    place
        .run(&format!(
            "activations {model} --stimulus {stimulus} --layer {layers} --out found.npz"
        ))
        .exits(0);
    let mut found = npz::read(&place.path("found.npz")).unwrap();
    for array in found.values_mut() {
        if let [channels, _, _] = array.shape[..] {
            array.values = channels_last(&array.values, channels);
        }
    }
    found
}

/// Loss and gradient that the program writes.
fn gradient(
    place: &Place,
    model: &str,
    stimulus: &str,
    layer: &str,
    more: &str,
) -> (f64, Vec<f32>) {
    place
        .run(&format!(
            "gradient {model} --stimulus {stimulus} --layer {layer} --init start.npy --out gradient.npz {more}"
        ))
        .exits(0);
    let mut found = npz::read(&place.path("gradient.npz")).unwrap();
    let loss = f64::from(found["loss"].values[0]);
    (loss, found.remove("gradient").unwrap().values)
}

const VGG_LAYERS: [&str; 8] = [
    "conv1_2_jittered_relu",
    "conv2_2_jittered_relu",
    "conv3_4_jittered_relu",
    "conv4_4_jittered_relu",
    "conv5_4_jittered_relu",
    "fc6_jittered_relu",
    "fc7_jittered_relu",
    "fc8",
];

#[test]
fn vgg19_activations_agree_with_tensorflow() {
    let place = vgg();
    let golden = arrays("vgg19/activations.npz");
    for (stimulus, prefix) in [("picture.npy", ""), ("start.npy", "INIT_")] {
        let found = activations(&place, "vgg", stimulus, "all");
        assert_eq!(found.len(), VGG_LAYERS.len());
        for layer in VGG_LAYERS {
            let expected = &golden[&format!("{prefix}{layer}")].values;
            let error = relative_l2(&sample(&found[layer].values, expected.len()), expected);
            assert!(error < 1e-5, "{stimulus} {layer}: {error}");
        }
    }
    let inner = activations(
        &place,
        "vgg",
        "picture.npy",
        "preprocessed,conv1_2.conv,conv5_4.conv",
    );
    for (ours, theirs) in [
        ("preprocessed", "image_prepoc"),
        ("conv1_2.conv", "conv1_2_prerelu"),
        ("conv5_4.conv", "conv5_4_prerelu"),
    ] {
        let expected = &golden[theirs].values;
        let error = relative_l2(&sample(&inner[ours].values, expected.len()), expected);
        assert!(error < 1e-5, "{ours}: {error}");
    }
}

#[test]
fn vgg19_gradients_agree_with_tensorflow() {
    let place = vgg();
    let (golden, info) = (arrays("vgg19/gradients.npz"), json("vgg19/info.json"));
    let jittered = VGG_LAYERS.map(|layer| (layer, format!("grad_{layer}"), layer, ""));
    let plain = ["conv5_4", "fc7"].map(|l| (l, format!("grad_{l}__PLAINRELU"), l, "--plain-relu"));
    for (layer, key, stored, more) in jittered.into_iter().chain(plain) {
        let (loss, found) = gradient(&place, "vgg", "picture.npy", layer, more);
        let expected_loss = info["losses"][stored]["loss"].as_f64().unwrap();
        let error = (loss / expected_loss - 1.0).abs();
        assert!(error < 1e-5, "{key}: loss {loss}, {error}");
        let expected = &golden[&key].values;
        let error = relative_l2(&sample(&channels_last(&found, 3), expected.len()), expected);
        assert!(error < 1e-5, "{key}: {error}");
    }
}

const WORD_LAYERS: [(&str, &str); 8] = [
    ("visualization_input", "cochleagram"),
    ("pool_0_0", "pool_0_0"),
    ("pool_1_0", "pool_1_0"),
    ("conv_2_jittered_relu", "conv_2_jittered_relu"),
    ("conv_3_jittered_relu", "conv_3_jittered_relu"),
    ("conv_4_jittered_relu", "conv_4_jittered_relu"),
    (
        "fc_intermediate_jittered_relu",
        "fc_intermediate_jittered_relu",
    ),
    ("logits", "logits"),
];

/// Every layer, and the gradient of each that the paper matches.
fn word_network_agrees(folder: &str, options: &str) {
    let place = words(folder, options);
    let golden = arrays(&format!("{folder}/activations.npz"));
    let names = [
        "batch_norm_in",
        "conv_0",
        "relu_0",
        "pool_0_0",
        "pool_0",
        "batch_norm_0",
        "conv_1",
        "relu_1",
        "pool_1_0",
        "pool_1",
        "batch_norm_1",
        "conv_2",
        "relu_2",
        "conv_3",
        "relu_3",
        "conv_4",
        "relu_4",
        "pool_4",
        "flatten",
        "fc_intermediate",
        "relu_fc",
        "dropout",
        "logits",
        "visualization_input",
    ];
    for name in names {
        let found = activations(&place, "words", "sound.npy", name);
        let (_, found) = found.first_key_value().unwrap();
        let expected = &golden[name].values;
        let error = relative_l2(&sample(&found.values, expected.len()), expected);
        assert!(error < 5e-5, "{name}: {error}");
    }
    let all = activations(&place, "words", "sound.npy", "all");
    assert_eq!(all.len(), 8);
    assert_eq!(all["logits"].shape, [794]);
    let gradients = arrays(&format!("{folder}/gradients.npz"));
    let info = json(&format!("{folder}/info.json"));
    for (theirs, ours) in WORD_LAYERS {
        assert!(all.contains_key(ours), "{ours}");
        let (loss, found) = gradient(&place, "words", "sound.npy", theirs, "");
        let expected_loss = info["losses"][theirs]["loss"].as_f64().unwrap();
        let error = (loss / expected_loss - 1.0).abs();
        assert!(error < 1e-5, "{theirs}: loss {loss}, {error}");
        let expected = &gradients[&format!("grad_{theirs}")].values;
        let error = relative_l2(&sample(&found, expected.len()), expected);
        assert!(error < 1e-4, "{theirs}: {error}");
    }
}

#[test]
fn the_word_network_agrees_with_tensorflow() {
    word_network_agrees("word_network", "");
}

#[test]
fn the_short_word_network_agrees_with_tensorflow() {
    word_network_agrees("word_network_short", "--seconds 0.5");
}

/// Losses at every step of a run, as its trace has them.
fn trajectory(place: &Place, arguments: &str) -> Vec<f64> {
    place.run(&format!(
        "generate {arguments} --out runs --recipe feather2019 --init start.npy"
    ));
    let run = std::fs::read_dir(place.path("runs")).unwrap().next();
    let trace = std::fs::read_to_string(run.unwrap().unwrap().path().join("trace.csv")).unwrap();
    let rows = trace.lines().skip(1);
    let losses = rows.map(|row| row.split(',').nth(1).unwrap().parse().unwrap());
    losses.collect()
}

/// Adam's steps are nearly steps of the gradient's sign, so that rounding grows along the way; the tolerances are ten times
/// what an independent replay in double precision was off by.
fn near(found: &[f64], golden: &str, tolerance: impl Fn(usize) -> f64) {
    let expected = &arrays(golden)["loss"].values;
    for (step, loss) in found.iter().enumerate() {
        let error = (loss / f64::from(expected[step]) - 1.0).abs();
        assert!(error < tolerance(step), "step {step}: {loss}, {error}");
    }
}

#[test]
fn vgg19_trajectories_follow_tensorflows() {
    let place = vgg();
    let steps = 60;
    let found = trajectory(
        &place,
        &format!("vgg --stimulus picture.npy --layer conv3_4 --steps {steps}"),
    );
    assert_eq!(found.len(), steps + 1);
    near(
        &found,
        "trajectories/vgg_conv3_4_jittered_relu.npz",
        |step| {
            if step <= 20 { 1e-5 } else { 1e-2 }
        },
    );
    let place = vgg();
    let found = trajectory(
        &place,
        "vgg --stimulus picture.npy --layer fc8 --steps 60 --set learning_rate=0.01 --set decay=0.5",
    );
    assert_eq!(found.len(), 61);
    // This one is chaotic.
    near(&found[..6], "trajectories/vgg_fc8.npz", |step| match step {
        0..=2 => 1e-5,
        3 => 2e-3,
        _ => 3e-2,
    });
    assert!(found[60] < 1e-3 * found[0], "{}", found[60]);
}

#[test]
fn a_word_networks_trajectory_follows_tensorflows() {
    let place = words("word_network_short", "--seconds 0.5");
    let found = trajectory(
        &place,
        "words --stimulus sound.npy --layer conv_3_jittered_relu --steps 60",
    );
    near(
        &found,
        "trajectories/audio_conv_3_jittered_relu.npz",
        |step| match step {
            0..=10 => 1e-5,
            11..=20 => 5e-3,
            _ => 2e-2,
        },
    );
}
