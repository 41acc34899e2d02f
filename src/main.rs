//! Parses the command line, opens the window or carries out a subcommand, prints one error.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable
    )
)]

use clap::Parser;
use metamer_studio::cli::bench::ShownPage;
use metamer_studio::cli::{self, Cli, Command, Outcome};
use metamer_studio::gui::page::Page;
use metamer_studio::gui::{self, GuiOptions, MeasureFrames, View, theme::ThemeChoice};
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Graphics libraries log as errors what is merely absent.
    let quiet = "warn,wgpu_core=error,wgpu_hal=off,naga=error,egui_wgpu=error,rfd=off,winit=error";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| quiet.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match dispatch(cli) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.command {
        Some(Command::Screenshot(s)) => {
            let theme = if s.light {
                ThemeChoice::Light
            } else {
                ThemeChoice::Dark
            };
            s.replacing.permits(&s.out)?;
            gui::screenshot(View::find(&s.view)?, s.size, theme, &s.out)?;
            Ok(Outcome::Done)
        }
        Some(Command::Present(present)) => {
            anyhow::ensure!(
                present.folder.is_dir(),
                "{} is no folder",
                present.folder.display()
            );
            window(GuiOptions {
                present: Some(present.folder),
                ..GuiOptions::default()
            })
        }
        Some(Command::Bench(bench)) if bench.window.is_some() => {
            let seconds = bench.window.unwrap_or_default().clamp(1.0, 3600.0);
            let page = match (bench.page, &bench.ladder) {
                (Some(ShownPage::Ladder), _) | (None, Some(_)) => Page::Ladder,
                (Some(ShownPage::Inspect), _) => Page::Inspect,
                (Some(ShownPage::Library), _) => Page::Library,
                (Some(ShownPage::Make) | None, _) => Page::Make,
            };
            let what = MeasureFrames {
                length: Duration::from_secs_f64(seconds),
                after: bench.after,
                page,
            };
            window(GuiOptions {
                measure_frames: Some(what),
                results: bench.ladder,
                remember: false,
                ..GuiOptions::default()
            })
        }
        Some(command) => cli::run(command),
        None => window(GuiOptions {
            files: cli.files,
            ..GuiOptions::default()
        }),
    }
}

fn window(options: GuiOptions) -> anyhow::Result<Outcome> {
    gui::run(options).map(|()| Outcome::Done).map_err(|error| {
        error.context(
            "no window (everything also works without one, for instance: \
             metamer-studio generate efficientnet-lite0 --stimulus chelsea --layer block5)",
        )
    })
}
