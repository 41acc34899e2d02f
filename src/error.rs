//! One error type for the library. Every message says what was wrong, where, and what to do about it.

use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, by domain. Messages are sentence case without a final period. They tell their causes, which
/// are therefore no sources: whoever prints an error with its sources would tell them twice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something to do with a file.
    #[error("Cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was being done: "read", "write", "create"…
        action: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A file's content is not what its format promises.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file concerned.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A name that nobody has: model, layer, stimulus, recipe or field.
    #[error("Unknown {kind} '{name}'{}", suggestion(near))]
    Unknown {
        /// What kind of thing was looked for.
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The nearest names that exist.
        near: Vec<String>,
    },
    /// A value outside what a field accepts.
    #[error("{field}: {reason}")]
    Value {
        /// The field or option.
        field: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// Arrays whose shapes do not fit together.
    #[error("{what}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Where the shapes met.
        what: String,
        /// The shape that was needed.
        expected: Vec<usize>,
        /// The shape that was there.
        found: Vec<usize>,
    },
    /// The optimisation left the finite numbers.
    #[error(
        "The {what} became {value} at step {step}; stopped at step {kept}, the last finite state. A smaller learning_rate usually helps"
    )]
    Diverged {
        /// "loss" or "gradient".
        what: &'static str,
        /// NaN or an infinity.
        value: f64,
        /// The step whose evaluation failed.
        step: u64,
        /// The step whose input is kept.
        kept: u64,
    },
    /// A result exists already and nobody asked to replace it.
    #[error("{} exists already. Use --overwrite to replace it, or --resume to go on with an unfinished run", .0.display())]
    Exists(PathBuf),
    /// A tensor operation of the reference executor failed.
    #[error("Tensor operation failed: {0}")]
    Tensor(candle_core::Error),
    /// Something in this program is wrong, not in what it was given.
    #[error("Internal error: {0}. Please report it with the command that led here")]
    Internal(String),
}

fn suggestion(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean '{one}'?"),
        many => format!("; did you mean one of '{}'?", many.join("', '")),
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error)
    }
}

impl Error {
    /// An operating-system error with the file it concerns.
    pub fn io(action: &'static str, path: impl AsRef<Path>, cause: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_owned(),
            cause,
        }
    }

    /// A malformed file.
    pub fn file(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// A value that a field does not accept.
    pub fn value(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// A shape that does not fit.
    pub fn shape(what: impl Into<String>, expected: &[usize], found: &[usize]) -> Self {
        Self::Shape {
            what: what.into(),
            expected: expected.to_vec(),
            found: found.to_vec(),
        }
    }

    /// An unknown name, with the nearest of `known` (at most three) as suggestions.
    pub fn unknown<'a>(
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut scored: Vec<(f64, &str)> = known
            .into_iter()
            .map(|k| {
                (
                    strsim::jaro_winkler(&k.to_lowercase(), &name.to_lowercase()),
                    k,
                )
            })
            .filter(|(score, _)| *score > 0.75)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let near = scored
            .into_iter()
            .take(3)
            .map(|(_, k)| k.to_owned())
            .collect();
        Self::Unknown {
            kind,
            name: name.to_owned(),
            near,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let tensor = candle_core::Error::Msg("no such shape".into());
        for (error, cause) in [
            (Error::io("read", "x.png", missing()), missing().to_string()),
            (Error::from(tensor), "no such shape".into()),
        ] {
            // As the command line prints it.
            let text = format!("{:#}", anyhow::Error::from(error));
            assert_eq!(text.matches(&cause).count(), 1, "{text}");
        }
    }

    #[test]
    fn unknown_names_come_with_the_nearest_ones() {
        let e = Error::unknown("layer", "blok7", ["block7", "block6", "stem", "logits"]);
        let text = e.to_string();
        assert!(
            text.starts_with("Unknown layer 'blok7'; did you mean one of 'block7'"),
            "{text}"
        );
        assert!(!text.contains("logits"), "{text}");
    }
}
