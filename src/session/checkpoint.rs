//! The state of an unfinished run, in one file that is either the old one or the new one, never a mixture.

use super::history::History;
use super::trace::Trace;
use crate::formats::safetensors::{self, Tensors};
use crate::network::Input;
use crate::synthesis::{Spec, Synthesis};
use crate::{Error, Result};
use std::path::Path;

/// The file inside a running folder's `checkpoint/`.
pub const FILE: &str = "state.safetensors";

/// Writes stimulus, optimiser, trace and, where one is kept, history.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(
    path: &Path,
    spec: &Spec,
    synthesis: &Synthesis,
    trace: &Trace,
    history: Option<(&History, &Input)>,
) -> Result<()> {
    let mut tensors = Tensors::default();
    for (name, array) in synthesis.state() {
        tensors.arrays.insert(format!("state/{name}"), array);
    }
    trace.store(&mut tensors);
    if let Some((history, input)) = history {
        history.store(&mut tensors, input);
    }
    tensors.metadata.insert("kind".into(), "checkpoint".into());
    tensors
        .metadata
        .insert("step".into(), synthesis.updates().to_string());
    tensors.metadata.insert("spec".into(), spec.to_toml()?);
    safetensors::write(path, &tensors)
}

/// Brings `synthesis` back to the state in the file and returns the trace up to it, and the history if the run keeps one.
///
/// # Errors
/// When the file is damaged, or belongs to a run with another spec; the error says in which field they differ.
pub fn restore(
    path: &Path,
    spec: &Spec,
    synthesis: &mut Synthesis,
    input: &Input,
) -> Result<(Trace, Option<History>)> {
    let mut tensors = safetensors::read_own(path)?;
    let wrong = |reason: String| Error::file(path, reason);
    let stored = tensors.meta("spec").map_err(wrong)?;
    let stored = Spec::from_toml(stored).map_err(wrong)?;
    if let Some(difference) = spec.difference(&stored) {
        return Err(wrong(format!(
            "Belongs to a run with other settings ({difference}). Use the same settings to resume, or --overwrite to start anew"
        )));
    }
    let step = tensors
        .meta("step")
        .map_err(wrong)?
        .parse()
        .map_err(|_| wrong("Has no readable step".into()))?;
    let trace = Trace::load(&mut tensors).map_err(wrong)?;
    if trace.rows.len() as u64 != step {
        return Err(wrong(format!(
            "Has {} trace rows at step {step}",
            trace.rows.len()
        )));
    }
    let history =
        History::load(&mut tensors, spec.procedure.steps, &trace, input).map_err(wrong)?;
    let state = tensors
        .arrays
        .into_iter()
        .filter_map(|(n, a)| Some((n.strip_prefix("state/")?.to_owned(), a)));
    synthesis
        .restore(step, &state.collect())
        .map_err(|e| wrong(e.to_string()))?;
    Ok((trace, history))
}
