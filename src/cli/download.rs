//! `download`: the authors' own files, if a person asks for them.

use super::output::out;
use super::progress::ProgressLine;
use super::{Outcome, interrupt};
use crate::network::imported::authors;
use crate::network::imported::download::{Fetched, fetch, file_name};
use clap::Args;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Shows where published files come from, or fetches one.
#[derive(Args, Debug)]
pub struct Download {
    /// The file to fetch; without it links, sizes and licences are shown, and nothing is fetched.
    name: Option<String>,
    /// The folder to put it in.
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Download {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let Some(name) = &self.name else {
            for f in &authors::FILES {
                if self.json {
                    out!("{}", serde_json::to_string(f)?);
                } else {
                    out!("{:<14} {}", f.name, f.title);
                    out!("{:<14} {}", "", f.link);
                    out!("{:<14} about {} MB, {}", "", f.megabytes, f.licence);
                }
            }
            return Ok(Outcome::Done);
        };
        let file = authors::find(name)?;
        let target = self.out.join(file_name(file.link));
        let interrupted = interrupt::watch(|| {})?;
        let mut line = ProgressLine::new(self.json);
        let fetched = fetch(file.link, &target, file.sha256, |at, total| {
            let of = total.map_or_else(String::new, |t| format!(" of {}", t >> 20));
            line.show(|| format!("{}{of} MB", at >> 20));
            !interrupted.load(Ordering::SeqCst)
        });
        line.clear();
        let path = target.display();
        match fetched? {
            Fetched::Stopped { bytes } => {
                eprintln!("Interrupted after {bytes} bytes; the same command goes on from there");
                Ok(Outcome::Interrupted)
            }
            Fetched::Whole(sha256) if self.json => {
                out!("{}", serde_json::json!({"out": target, "sha256": sha256}));
                Ok(Outcome::Done)
            }
            Fetched::Whole(sha256) => {
                out!("{path} is there, sha256 {sha256}");
                if path.to_string().ends_with(".tar.gz") {
                    let folder = self.out.display();
                    out!("Unpack it (tar -xzf {path} -C {folder}) and import what it holds");
                } else {
                    out!("Import it together with its checkpoint");
                }
                Ok(Outcome::Done)
            }
        }
    }
}
