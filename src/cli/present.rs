//! `present`: finished runs, full screen, from their folder alone.

use std::path::PathBuf;

/// Shows finished runs to an audience: black, full screen, a key for each layer.
#[derive(Debug, clap::Args)]
pub struct Present {
    /// A folder of run folders, or one run folder.
    pub folder: PathBuf,
}
