//! The house rules of `src/lib.rs`: no module reaches for one above it, and tools stay in their rooms.

use std::path::{Path, PathBuf};

/// Modules in order; each may use only those before it (and itself).
const ORDER: [&str; 13] = [
    "error",
    "formats",
    "stimulus",
    "playback",
    "layers",
    "network",
    "cpu",
    "verify",
    "synthesis",
    "session",
    "export",
    "cli",
    "gui",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
    {
        if entry.is_dir() {
            all.extend(sources(&entry));
        } else if entry.extension().is_some_and(|e| e == "rs") {
            all.push(entry);
        }
    }
    all
}

/// The top-level module that a file belongs to.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

/// A file's text without its unit tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap()
        .to_owned();
    text.lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn rank(room: &str) -> Option<usize> {
    ORDER.iter().position(|r| *r == room)
}

#[test]
fn no_module_reaches_upward() {
    let mut checked = 0;
    for path in sources(Path::new("src")) {
        let Some(own) = rank(&room(&path)) else {
            continue;
        };
        let text = code(&path);
        for (other, name) in ORDER.iter().enumerate() {
            let used = text.contains(&format!("crate::{name}::"));
            let sideways = ORDER[own] == "gui" && *name == "cli";
            assert!(
                !used || (other <= own && !sideways),
                "{} uses {name}",
                path.display()
            );
            checked += usize::from(used);
        }
    }
    assert!(
        checked > 60,
        "the search found only {checked} uses; has the way of writing them changed?"
    );
}

#[test]
fn tools_stay_in_their_rooms() {
    let allowed: [(&str, &[&str]); 14] = [
        ("egui", &["gui"]),
        ("eframe", &["gui"]),
        ("wgpu", &["gui"]),
        ("bytemuck", &["gui"]),
        ("anyhow", &["cli", "gui", "main"]),
        ("clap", &["cli", "main"]),
        (
            "candle_core",
            &["error", "layers", "network", "synthesis", "session"],
        ),
        ("gemm", &["cpu"]),
        ("rustfft", &["stimulus", "layers", "cpu", "synthesis"]),
        ("symphonia", &["stimulus"]),
        ("rubato", &["stimulus"]),
        ("ureq", &["network"]),
        ("cpal", &["playback"]),
        ("rtrb", &["playback"]),
    ];
    for path in sources(Path::new("src")) {
        let (room, text) = (room(&path), code(&path));
        for (tool, rooms) in allowed {
            let used = text.contains(&format!("{tool}::"));
            assert!(
                !used || rooms.contains(&room.as_str()),
                "{} uses {tool}",
                path.display()
            );
        }
        let inside_kernels = path.starts_with("src/cpu/kernels");
        assert!(
            inside_kernels || !text.contains("unsafe "),
            "{} is unsafe",
            path.display()
        );
    }
}

#[test]
fn no_room_is_called_by_a_name_that_says_nothing() {
    for path in sources(Path::new("src")) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "misc"].contains(&stem.as_str()),
            "{}",
            path.display()
        );
    }
}
