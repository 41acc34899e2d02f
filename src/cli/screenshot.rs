//! `screenshot`: the program's own pictures.

use super::Outcome;
use clap::Args;
use std::path::PathBuf;

/// Renders a view.
#[derive(Args, Debug)]
pub struct Screenshot {
    /// The PNG to write.
    #[arg(long)]
    out: PathBuf,
}

impl Screenshot {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not yet: {}", self.out.display())
    }
}
