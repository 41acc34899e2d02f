//! `export`: finished runs as something to show, to listen to or to work on elsewhere.

use super::output::out;
use super::progress::ProgressLine;
use super::{Outcome, interrupt};
use crate::export::jspsych::Task;
use crate::export::sheet::Format;
use crate::export::{self, ColourMap, Ended, Kind, Options, Set};
use anyhow::Context;
use clap::Args;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Exports finished runs.
#[derive(Args, Debug)]
pub struct Export {
    /// What the runs are to become.
    #[arg(value_parser = Asked::find, help = kinds())]
    kind: Asked,
    /// Run folders, and folders that contain run folders.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// The file or folder to write.
    #[arg(long)]
    out: PathBuf,
    /// Replaces files that are there; others in the same folder are left alone.
    #[arg(long)]
    overwrite: bool,
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// What stands at the top of pages and sheets, instead of the models' names.
    #[arg(long)]
    title: Option<String>,
    /// Colours of cochleagrams: magma, viridis, greys or blues.
    #[arg(long, value_name = "NAME", default_value = "magma", value_parser = |name: &str| ColourMap::find(name))]
    colour_map: ColourMap,
    /// What an experiment asks: class (which word or thing it is) or same-different.
    #[arg(long, value_name = "NAME", default_value = "class", value_parser = |name: &str| Task::find(name))]
    task: Task,
    /// The files as one JSON object per line on stdout.
    #[arg(long)]
    json: bool,
}

/// A kind, or a sheet whose format its name tells.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Kind(Kind),
    Sheet,
}

impl Asked {
    fn find(name: &str) -> crate::Result<Self> {
        if name == "sheet" {
            Ok(Self::Sheet)
        } else {
            Kind::find(name).map(Self::Kind)
        }
    }

    fn at(self, out: &Path) -> anyhow::Result<Kind> {
        if let Self::Kind(kind) = self {
            return Ok(kind);
        }
        let extension = out.extension().unwrap_or_default().to_string_lossy();
        let sheets = [Format::Png, Format::Svg, Format::Pdf].map(Kind::Sheet);
        let found = sheets.into_iter().find(|k| {
            k.extension()
                .is_some_and(|e| extension.eq_ignore_ascii_case(e))
        });
        found.with_context(|| {
            format!(
                "--out {}: the name of a sheet must end in .png, .svg or .pdf",
                out.display()
            )
        })
    }
}

fn kinds() -> String {
    let sheet = "sheet: One of the three below, by the name's ending".to_owned();
    let lines = Kind::ALL.map(|k| format!("{}: {}", k.name(), k.purpose()));
    let mut lines = lines.to_vec();
    lines.insert(1, sheet);
    format!("What the runs are to become.\n{}", lines.join(".\n"))
}

impl Export {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let kind = self.kind.at(&self.out)?;
        let set = Set::read(&self.runs)?;
        set.notes.iter().for_each(|note| eprintln!("{note}"));
        let options = Options {
            title: self.title.clone(),
            colour_map: self.colour_map,
            task: self.task,
        };
        let plan = export::plan(&set, kind, &options, &self.out)?;
        if self.dry_run {
            for file in plan.files() {
                self.tell(&file.path, file.bytes, file.exact, &file.what);
            }
            return Ok(Outcome::Done);
        }
        let interrupted = interrupt::watch(|| {})?;
        let mut line = ProgressLine::new(self.json);
        let ended = plan.write(self.overwrite, &mut |progress| {
            line.show(|| {
                let (done, of) = (progress.done, progress.of);
                format!("{} ({done} of {of})", progress.path.display())
            });
            if interrupted.load(Ordering::SeqCst) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        line.clear();
        match ended? {
            Ended::Cancelled => {
                eprintln!("Interrupted; nothing was written");
                Ok(Outcome::Interrupted)
            }
            Ended::Written { files, .. } if self.json => {
                for (path, planned) in files.iter().zip(plan.files()) {
                    let bytes = std::fs::metadata(path)?.len();
                    self.tell(path, bytes, true, &planned.what);
                }
                Ok(Outcome::Done)
            }
            Ended::Written { files, bytes } => {
                let plural = if files.len() == 1 { "" } else { "s" };
                out!(
                    "{} file{plural} with {:.1} MB written to {}",
                    files.len(),
                    bytes as f64 / 1e6,
                    self.out.display()
                );
                Ok(Outcome::Done)
            }
        }
    }

    fn tell(&self, path: &Path, bytes: u64, exact: bool, what: &str) {
        if self.json {
            out!(
                "{}",
                serde_json::json!({"path": path, "bytes": bytes, "exact": exact, "what": what})
            );
        } else {
            let about = if exact { " " } else { "~" };
            out!("{about}{bytes:>10}  {}  {what}", path.display());
        }
    }
}
