//! The system's own file dialogs.

use super::state::PathPurpose;
use super::tasks::{Arrival, Tasks};
use std::path::Path;

/// Asks for a path on a thread of its own: the call lasts as long as the dialog is open.
pub fn ask(tasks: &Tasks, frame: &eframe::Frame, purpose: PathPurpose, suggested: &str) {
    let suggested = Path::new(suggested);
    let mut dialog = rfd::FileDialog::new();
    if let Some(folder) = suggested.parent().filter(|p| p.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if let Some(window) = frame.winit_window() {
        dialog = dialog.set_parent(window);
    }
    let name = suggested.file_name().unwrap_or_default().to_string_lossy();
    dialog = match purpose {
        PathPurpose::Open => dialog.set_title("Open file").add_filter(
            "Pictures, sounds and arrays",
            &["png", "jpg", "jpeg", "wav", "flac", "ogg", "mp3", "npy"],
        ),
        PathPurpose::Png => dialog
            .set_title("Save metamer as PNG")
            .add_filter("PNG", &["png"])
            .set_file_name(name),
        PathPurpose::Wav => dialog
            .set_title("Save metamer as WAV")
            .add_filter("WAV", &["wav"])
            .set_file_name(name),
        PathPurpose::Npy => dialog
            .set_title("Save metamer as npy")
            .add_filter("npy", &["npy"])
            .set_file_name(name),
        PathPurpose::Folder => dialog.set_title("Copy the run folder into"),
        PathPurpose::Results => dialog.set_title("Folder for results"),
    };
    tasks.spawn("file dialog", move || {
        Arrival::Picked(match purpose {
            PathPurpose::Open => dialog.pick_file(),
            PathPurpose::Png | PathPurpose::Wav | PathPurpose::Npy => dialog.save_file(),
            PathPurpose::Folder | PathPurpose::Results => dialog.pick_folder(),
        })
    });
}
