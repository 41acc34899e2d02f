//! The command line. One file a subcommand; what is shared between them is in [`arguments`] and [`progress`].

mod activations;
pub mod arguments;
pub mod bench;
mod cochleagram;
mod download;
mod export;
mod generate;
mod gradient;
mod import;
mod interrupt;
mod list;
mod null;
pub mod output;
mod play;
pub mod present;
mod progress;
mod reproduce;
pub mod screenshot;
mod verify;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// How a command ended, apart from errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, but a verdict is Fail.
    Failed,
    /// Interrupted by the person; a checkpoint was written where there is one to write.
    Interrupted,
}

impl Outcome {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 3,
            Self::Interrupted => 130,
        }
    }
}

/// Make, watch and verify model metamers: stimuli that a neural network cannot tell from a reference.
///
/// Without a subcommand the window opens; files given become stimuli, or are looked at for a model to import.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit codes: 0 done; 1 error; 2 usage; 3 done, but a verdict is Fail; 130 interrupted, checkpoint written."
)]
pub struct Cli {
    /// What to do; the window opens without it.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Pictures, sounds and arrays to open in the window, and checkpoints to import.
    pub files: Vec<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists every model known.
    Models(list::Models),
    /// Lists every layer of a model that can be matched.
    Layers(list::Layers),
    /// Lists the embedded stimuli.
    Stimuli(list::Stimuli),
    /// Makes metamers.
    Generate(generate::Generate),
    /// Writes a network's activations for a stimulus.
    Activations(activations::Activations),
    /// Writes a loss and its gradient with respect to the input at one point.
    Gradient(gradient::Gradient),
    /// Writes the cochleagram of a sound.
    Cochleagram(cochleagram::Cochleagram),
    /// Plays sounds, or the reference and the metamer of a run.
    Play(play::Play),
    /// Builds a null distribution from random pairs of pictures, or merges parts of one.
    Null(null::Null),
    /// Applies the acceptance criteria again to finished runs.
    Verify(verify::Verify),
    /// Reruns the spec stored in a run folder, PNG or WAV and says whether the result is bit-equal.
    Reproduce(reproduce::Reproduce),
    /// Writes finished runs as a page, sheet, table of stimuli, archive or experiment.
    Export(export::Export),
    /// Shows where published files come from, or fetches one.
    Download(download::Download),
    /// Adds a model from published weight files.
    Import(import::Import),
    /// Measures steps per second and peak memory.
    Bench(bench::Bench),
    /// Shows finished runs to an audience, full screen, from their folder alone.
    Present(present::Present),
    /// Renders a view of the program without a display.
    Screenshot(screenshot::Screenshot),
}

/// Carries out a subcommand.
///
/// # Errors
/// With one message that says what was wrong and what to do.
pub fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Models(c) => c.run(),
        Command::Layers(c) => c.run(),
        Command::Stimuli(c) => c.run(),
        Command::Generate(c) => c.run(),
        Command::Activations(c) => c.run(),
        Command::Gradient(c) => c.run(),
        Command::Cochleagram(c) => c.run(),
        Command::Play(c) => c.run(),
        Command::Null(c) => c.run(),
        Command::Verify(c) => c.run(),
        Command::Reproduce(c) => c.run(),
        Command::Export(c) => c.run(),
        Command::Download(c) => c.run(),
        Command::Import(c) => c.run(),
        Command::Bench(c) => c.run(),
        Command::Present(_) => anyhow::bail!("presentations are shown by the window"),
        Command::Screenshot(_) => anyhow::bail!("screenshots are made by the window"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
