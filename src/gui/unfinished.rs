//! Runs that were left unfinished, found in the results folder.

use crate::Result;
use crate::formats::safetensors;
use crate::network::Model;
use crate::session::{Existing, Job, Request, checkpoint};
use crate::synthesis::Spec;
use crate::verify::NullDistribution;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An unfinished run.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// Its folder, which ends in `.partial`.
    pub folder: PathBuf,
    /// What it is.
    pub spec: Spec,
    /// Updates made at its last checkpoint.
    pub step: u64,
}

/// Those in `results`, in the order of their names. Folders that cannot be read are left alone.
pub fn find(results: &Path) -> Vec<Unfinished> {
    let Ok(entries) = std::fs::read_dir(results) else {
        return vec![];
    };
    let mut found: Vec<_> = entries.flatten().filter_map(|e| read(&e.path())).collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
}

fn read(folder: &Path) -> Option<Unfinished> {
    if folder.extension()? != "partial" {
        return None;
    }
    let state = safetensors::read_own(&folder.join("checkpoint").join(checkpoint::FILE)).ok()?;
    let spec = Spec::from_toml(state.meta("spec").ok()?).ok()?;
    let step = state.meta("step").ok()?.parse().ok()?;
    Some(Unfinished {
        folder: folder.to_owned(),
        spec,
        step,
    })
}

/// The job that goes on with it.
///
/// # Errors
/// When the model is another one, or the stimulus is no longer there.
pub fn job(
    run: &Unfinished,
    model: &Arc<Model>,
    null: Option<Arc<NullDistribution>>,
) -> Result<Job> {
    let request = Request::from_spec(&run.spec, model, Some(&run.folder))?;
    let root = run.folder.parent().unwrap_or(Path::new("")).to_owned();
    let mut job = Job::resolve(&request, null)?.into_folder(root, Existing::Resume);
    job.named = run
        .folder
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned());
    Ok(job)
}
