//! `reproduce`: reruns a stored spec and compares the result.

use super::output::out;
use super::progress::{ProgressLine, duration};
use super::{Outcome, interrupt};
use crate::network::registry;
use crate::session::run_folder::{self, FinishedRun};
use crate::session::{Command, Event, Job, Request, Session, SessionOptions};
use crate::stimulus::{Image, Sound};
use crate::synthesis::Spec;
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Reproduces a run.
#[derive(Args, Debug)]
pub struct Reproduce {
    /// A run folder, or a PNG or WAV that this program wrote.
    file: PathBuf,
}

/// What the result is held against.
enum Original {
    /// The exact array.
    Exact(Vec<f32>),
    /// The picture, 8 bits a channel.
    Picture(Image),
}

impl Reproduce {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let (spec, original, folder) = self.original()?;
        let model = Arc::new(registry::load(&spec.model)?);
        let request = Request::from_spec(&spec, &model, folder.as_deref())?;
        let job = Job::resolve(&request, None)?;
        if job.spec.threads != spec.threads {
            eprintln!("the run used {} threads", spec.threads);
        }
        let input = request.model.input.clone();
        // Only the result is compared.
        let options = SessionOptions {
            history: false,
            ..SessionOptions::default()
        };
        let mut session = Session::start(options, || {})?;
        let commands = session.commands();
        interrupt::watch(move || {
            let _ = commands.send(Command::Quit);
        })?;
        session.enqueue(job);
        let mut line = ProgressLine::new(false);
        let metamer = loop {
            match session.events().recv()? {
                Event::Progress(p) => {
                    if let Some(row) = p.rows.last() {
                        let left = (spec.procedure.steps - row.step.min(spec.procedure.steps))
                            as f64
                            / p.steps_per_second;
                        line.show(|| {
                            format!(
                                "step {} of {}, {} left",
                                row.step,
                                spec.procedure.steps,
                                duration(left)
                            )
                        });
                    }
                }
                Event::Finished(finished) => break finished.metamer,
                Event::Failed { message, .. } => bail!(message),
                Event::Stopped { .. } => return Ok(Outcome::Interrupted),
                _ => {}
            }
        };
        line.clear();
        let differing = match &original {
            Original::Exact(values) => values
                .iter()
                .zip(metamer.iter())
                .filter(|(a, b)| a.to_bits() != b.to_bits())
                .count(),
            Original::Picture(image) => {
                let again = run_folder::to_image(&metamer, &input);
                image
                    .rgb
                    .iter()
                    .zip(&again.rgb)
                    .filter(|(a, b)| a != b)
                    .count()
            }
        };
        let what = match original {
            Original::Exact(_) => "float32 values",
            Original::Picture(_) => "8-bit samples of the picture",
        };
        if differing > 0 {
            bail!(
                "{} is not reproduced: {differing} of {} {what} differ. Bit-equality holds for the same program version, kind of CPU and thread count",
                self.file.display(),
                metamer.len()
            );
        }
        out!(
            "{} is reproduced to the bit: all {} {what} are equal",
            self.file.display(),
            metamer.len()
        );
        Ok(Outcome::Done)
    }

    fn original(&self) -> anyhow::Result<(Spec, Original, Option<PathBuf>)> {
        if self.file.is_dir() {
            let run = FinishedRun::read(&self.file)?;
            return Ok((
                run.spec,
                Original::Exact(run.metamer),
                Some(self.file.clone()),
            ));
        }
        if Sound::names(&self.file) {
            let spec = run_folder::spec_in_wav(&self.file)?;
            let samples = Sound::open(&self.file)?
                .samples
                .into_iter()
                .map(|s| s as f32)
                .collect();
            return Ok((
                spec,
                Original::Exact(samples),
                self.file.parent().map(ToOwned::to_owned),
            ));
        }
        let spec = run_folder::spec_in_png(&self.file)?;
        Ok((
            spec,
            Original::Picture(Image::open(&self.file)?),
            self.file.parent().map(ToOwned::to_owned),
        ))
    }
}
