//! Parses the command line, opens the window or carries out a subcommand, prints one error.

use clap::Parser;
use metamer_studio::cli::{self, Cli};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Graphics libraries log as errors what is merely absent.
    let quiet = "warn,wgpu_core=error,wgpu_hal=off,naga=error,egui_wgpu=error";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| quiet.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Some(command) => cli::run(command),
        None => Err(anyhow::anyhow!("no window yet")),
    };
    match result {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
