//! Which models there are, and how they come into memory.

use super::architectures::word_network::{Card, word_network};
use super::architectures::{Weights, efficientnet_lite, front_end};
use super::imported::{self, Asked, Library};
use super::model::{Input, Model};
use crate::formats::safetensors;
use crate::formats::tensorflow::Checkpoint;
use crate::layers::FrontEnd;
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// What is known about a model before it is loaded.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Entry {
    /// The name used on the command line.
    pub name: &'static str,
    /// The name shown to people.
    pub title: &'static str,
    /// "image" or "sound".
    pub modality: &'static str,
    /// Where the weights come from, and their licence.
    pub source: &'static str,
    /// Whether the weights are here.
    pub available: bool,
}

/// Every model known.
pub const MODELS: [Entry; 5] = [
    Entry {
        name: "efficientnet-lite0",
        title: "EfficientNet-Lite0",
        modality: "image",
        source: "ImageNet, 1000 classes; Google's weights (Apache-2.0), embedded",
        available: true,
    },
    Entry {
        name: "word-aliased",
        title: "Word network, aliased",
        modality: "sound",
        source: "64 spoken words in noise, strided convolutions; trained for this program on synthetic speech, embedded",
        available: true,
    },
    Entry {
        name: "word-reduced-aliasing",
        title: "Word network, reduced aliasing",
        modality: "sound",
        source: "64 spoken words in noise, Hann pooling instead of strides; trained for this program on synthetic speech, embedded",
        available: true,
    },
    Entry {
        name: "cochleagram-feather2019",
        title: "Cochleagram (2019)",
        modality: "sound",
        source: "front end of Feather et al. 2019, 211 channels by 400 frames; computed, nothing trained",
        available: true,
    },
    Entry {
        name: "cochleagram-1",
        title: "Cochleagram (2023)",
        modality: "sound",
        source: "front end of Feather et al. 2023, 211 channels by 390 frames; computed, nothing trained",
        available: true,
    },
];

const LITE0_WEIGHTS: &[u8] = include_bytes!("../../assets/models/efficientnet-lite0.safetensors");
const WORD_ALIASED: (&str, &[u8]) = (
    include_str!("../../assets/models/word-aliased.json"),
    include_bytes!("../../assets/models/word-aliased.safetensors"),
);
const WORD_REDUCED_ALIASING: (&str, &[u8]) = (
    include_str!("../../assets/models/word-reduced-aliasing.json"),
    include_bytes!("../../assets/models/word-reduced-aliasing.safetensors"),
);
const IMAGENET_LABELS: &str = include_str!("../../assets/labels/imagenet1k.txt");

/// Loads a model by name: one of the program's own, one that was imported, or one straight from its file.
///
/// # Errors
/// When no model is called that, with the nearest names; or when its files are not what they were.
pub fn load(name: &str) -> Result<Model> {
    load_with(&Library::usual(), name)
}

/// As [`load`], with imported models from a given library.
///
/// # Errors
/// As [`load`].
pub fn load_with(library: &Library, name: &str) -> Result<Model> {
    if let Some(entry) = MODELS.iter().find(|m| m.name == name) {
        return own(entry);
    }
    if let Some(record) = library.find(name)? {
        return record.load();
    }
    let path = Path::new(name);
    if path.is_file() || Checkpoint::is_one(path) {
        let name = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let asked = Asked {
            files: vec![path.to_owned()],
            name: Some(name.to_string_lossy().into_owned()),
            ..Asked::default()
        };
        return imported::examine(&asked).map(|e| e.model);
    }
    let records = library.records();
    let known = MODELS.iter().map(|m| m.name);
    let known = known.chain(records.iter().map(|r| r.name.as_str()));
    Err(Error::unknown("model", name, known))
}

fn own(entry: &Entry) -> Result<Model> {
    match entry.name {
        "word-aliased" => words(entry, WORD_ALIASED),
        "word-reduced-aliasing" => words(entry, WORD_REDUCED_ALIASING),
        "cochleagram-feather2019" => cochleagram(entry, FrontEnd::FEATHER2019),
        "cochleagram-1" => cochleagram(entry, FrontEnd::COCHLEAGRAM_1),
        _ => lite0(entry),
    }
}

/// The names of ImageNet's thousand classes.
pub fn imagenet_labels() -> Arc<[String]> {
    IMAGENET_LABELS.lines().map(str::to_owned).collect()
}

fn lite0(entry: &Entry) -> Result<Model> {
    let mut weights = embedded(entry, LITE0_WEIGHTS)?;
    let labels = imagenet_labels();
    let size = 224;
    let built = efficientnet_lite::lite0(&mut weights, size, labels.len())?;
    weights.finish()?;
    Ok(Model {
        name: entry.name.into(),
        title: entry.title.into(),
        source: entry.source.into(),
        graph: Arc::new(built.graph),
        input: Input {
            shape: vec![3, size, size],
            range: [0.0, 1.0],
        },
        metamer_layers: built.metamer_layers,
        logits: built.logits,
        labels,
        weights_sha256: sha256(LITE0_WEIGHTS),
    })
}

fn words(entry: &Entry, (card, bytes): (&str, &[u8])) -> Result<Model> {
    let mut weights = embedded(entry, bytes)?;
    let card = Card::parse(card).map_err(|reason| Error::file(Path::new(entry.name), reason))?;
    let built = word_network(&card, &mut weights)?;
    weights.finish()?;
    Ok(Model {
        name: entry.name.into(),
        title: entry.title.into(),
        source: entry.source.into(),
        input: Input {
            shape: vec![built.graph.input_elements()],
            range: [-1.0, 1.0],
        },
        graph: Arc::new(built.graph),
        metamer_layers: built.metamer_layers,
        logits: built.logits,
        labels: card.words.into(),
        weights_sha256: sha256(bytes),
    })
}

fn embedded(entry: &Entry, bytes: &[u8]) -> Result<Weights> {
    let origin = format!("{} (embedded)", entry.name);
    let tensors =
        safetensors::decode(bytes).map_err(|reason| Error::file(Path::new(&origin), reason))?;
    Ok(Weights::new(tensors, origin))
}

/// A front end as a model without classes.
fn cochleagram(entry: &Entry, parameters: FrontEnd) -> Result<Model> {
    let (graph, node, filters) = front_end::front_end(parameters)?;
    Ok(Model {
        name: entry.name.into(),
        title: entry.title.into(),
        source: entry.source.into(),
        input: Input {
            shape: vec![graph.input_elements()],
            range: [-1.0, 1.0],
        },
        graph: Arc::new(graph),
        metamer_layers: vec![node],
        logits: node,
        labels: Arc::from([]),
        weights_sha256: sha256(&filters),
    })
}

/// The sha256 of some bytes in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}
