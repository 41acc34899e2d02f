//! `screenshot`: the program's own pictures. Only the arguments are read here; `main` hands them to the window.

use super::arguments::Replacing;
use clap::Args;
use std::path::PathBuf;

/// Renders a view.
#[derive(Args, Debug)]
pub struct Screenshot {
    /// The view: make, running, paused, finished, palette, fields, light, sound, sound-finished, ladder, ladder-sound,
    /// library, export, inspect, inspect-wipe or inspect-sound.
    #[arg(long)]
    pub view: String,
    /// The PNG to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Whether it may take another's place.
    #[command(flatten)]
    pub replacing: Replacing,
    /// Width and height in pixels.
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1440x900", value_parser = parse_size)]
    pub size: [u32; 2],
    /// The light theme instead of the dark one.
    #[arg(long)]
    pub light: bool,
}

fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let wrong = || format!("must be WIDTHxHEIGHT with sides of 320 to 8192 pixels, found '{text}'");
    let (w, h) = text.split_once('x').ok_or_else(wrong)?;
    let side = |s: &str| {
        s.parse()
            .ok()
            .filter(|v| (320..=8192).contains(v))
            .ok_or_else(wrong)
    };
    Ok([side(w)?, side(h)?])
}
