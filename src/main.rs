//! Opens the window. The command line takes this place.

use clap::Parser;
use metamer_studio::gui::{self, GuiOptions, View, theme::ThemeChoice};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Parser)]
struct Cli {
    files: Vec<PathBuf>,
    #[arg(long)]
    measure_frames: Option<f64>,
    #[arg(long)]
    settings: Option<PathBuf>,
    #[arg(long)]
    results: Option<PathBuf>,
    #[arg(long)]
    view: Option<View>,
    #[arg(long)]
    out: Option<PathBuf>,
    #[arg(long)]
    light: bool,
    #[arg(long, num_args = 2)]
    size: Option<Vec<u32>>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "warn,wgpu_core=error,wgpu_hal=off,naga=error,egui_wgpu=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    if let (Some(view), Some(out)) = (cli.view, cli.out) {
        let size = cli.size.map_or([1440, 900], |s| [s[0], s[1]]);
        let theme = if cli.light { ThemeChoice::Light } else { ThemeChoice::Dark };
        return gui::screenshot(view, size, theme, &out);
    }
    gui::run(GuiOptions {
        files: cli.files,
        measure_frames: cli.measure_frames.map(Duration::from_secs_f64),
        settings: cli.settings,
        results: cli.results,
        ..GuiOptions::default()
    })
}
