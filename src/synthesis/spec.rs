//! Everything that determines a result, fully resolved: what `spec.toml` and every exported picture carry.

use super::Procedure;
use crate::cpu::Convolving;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The program and version that write a spec.
pub const PROGRAM: &str = concat!("metamer-studio ", env!("CARGO_PKG_VERSION"));

/// A run, described so that the same program repeats it to the bit on the same kind of CPU with as many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The program that wrote it.
    pub program: String,
    /// The model's name.
    pub model: String,
    /// sha256 of its weights.
    pub weights_sha256: String,
    /// The matched layer.
    pub layer: String,
    /// Name of an embedded stimulus, or path of a file; empty where the target was given directly.
    pub stimulus: String,
    /// sha256 of the prepared reference input (little-endian float32).
    pub stimulus_sha256: String,
    /// Path of an array with the layer's target activation, where it was given instead of a stimulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// sha256 of that target (little-endian float32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_sha256: Option<String>,
    /// Path of the array that the synthesis starts from, where it is not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// sha256 of that start (little-endian float32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_sha256: Option<String>,
    /// The recipe that the procedure began as.
    pub recipe: String,
    /// Selects the noise.
    pub seed: u64,
    /// What the network ran on: "cpu" (the fast executor) or "reference".
    pub device: String,
    /// Number of threads; part of the spec because sums are split among threads.
    pub threads: usize,
    /// Whether convolutions were computed by their definition ("exact") or could take Winograd's shorter way ("fast").
    /// Runs of before there was a choice were exact.
    #[serde(default)]
    pub conv: Convolving,
    /// The procedure's fields.
    pub procedure: Procedure,
}

impl Spec {
    /// The folder's name for this run.
    pub fn folder_name(&self) -> String {
        let (stimulus, model) = (self.stimulus_name(), self.model_name());
        format!("{stimulus}__{model}__{}__s{}", self.layer, self.seed)
    }

    /// What the reference is called in names of files: an embedded name, or a file's without folder and extension; the
    /// target's, where there was no stimulus.
    pub fn stimulus_name(&self) -> String {
        match (&self.target, self.stimulus.is_empty()) {
            (Some(target), true) => stem(target),
            _ => stem(&self.stimulus),
        }
    }

    /// What the model is called in names of files: a model straight from its file is called by its path otherwise.
    pub fn model_name(&self) -> String {
        if self.model.contains(['/', '\\']) {
            stem(&self.model)
        } else {
            self.model.clone()
        }
    }

    /// The text of `spec.toml`.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|e| Error::Internal(format!("a spec that cannot be written: {e}")))
    }

    /// The first field in which a stored spec differs from this one, in words.
    pub fn difference(&self, stored: &Self) -> Option<String> {
        if self == stored {
            return None;
        }
        let text = |s: &Self| s.to_toml().unwrap_or_default();
        let (now, then) = (text(self), text(stored));
        let pair = then.lines().zip(now.lines()).find(|(a, b)| a != b);
        Some(pair.map_or_else(
            || "one has more fields".into(),
            |(a, b)| format!("there: {a}, now: {b}"),
        ))
    }

    /// Reads the text of `spec.toml`; the error is a sentence about the content.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let spec: Self =
            toml::from_str(text).map_err(|e| format!("Not a spec of this program: {e}"))?;
        spec.procedure.validate().map_err(|e| e.to_string())?;
        Ok(spec)
    }
}

/// A file's name without folder and extension, with nothing that a folder's name could not hold.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name
        .rsplit_once('.')
        .map_or(name, |(s, _)| if s.is_empty() { name } else { s });
    let clean: String = stem
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if clean.is_empty() {
        "stimulus".into()
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::super::recipe;
    use super::*;

    fn spec() -> Spec {
        Spec {
            program: PROGRAM.into(),
            model: "m".into(),
            weights_sha256: "a".into(),
            layer: "block7".into(),
            stimulus: "/some/where/my cat.v2.png".into(),
            stimulus_sha256: "b".into(),
            target: None,
            target_sha256: None,
            init: None,
            init_sha256: None,
            recipe: "quick".into(),
            seed: 3,
            device: "cpu".into(),
            threads: 2,
            conv: Convolving::Fast,
            procedure: recipe::find("quick").unwrap().procedure,
        }
    }

    #[test]
    fn specs_round_trip_and_name_their_folder() {
        let s = spec();
        assert_eq!(Spec::from_toml(&s.to_toml().unwrap()).unwrap(), s);
        assert_eq!(s.folder_name(), "my_cat.v2__m__block7__s3");
    }

    #[test]
    fn a_spec_without_a_choice_of_convolution_is_an_exact_one() {
        let text = spec().to_toml().unwrap();
        assert!(text.contains("conv = \"fast\"\n"), "{text}");
        let old = Spec::from_toml(&text.replace("conv = \"fast\"\n", "")).unwrap();
        assert_eq!(old.conv, Convolving::Exact);
    }

    #[test]
    fn an_unknown_or_missing_key_is_named() {
        let text = spec().to_toml().unwrap();
        assert!(
            Spec::from_toml(&format!("sede = 1\n{text}"))
                .unwrap_err()
                .contains("sede")
        );
        assert!(
            Spec::from_toml(&text.replace("seed = 3\n", ""))
                .unwrap_err()
                .contains("seed")
        );
    }
}
