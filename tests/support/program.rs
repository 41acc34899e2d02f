//! The real program, run in a folder of its own.

// Each test file uses its own part of this.
#![allow(dead_code)]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder that is gone when the test ends.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The program in this place, without a display, with arguments separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metamer-studio"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env("METAMER_STUDIO_MODELS", self.folder.path().join("models"))
            .env_remove("RUST_LOG")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    pub fn run(&self, arguments: &str) -> Ran {
        Ran::of(arguments, self.command(arguments))
    }
}

/// What the program said, and how it ended.
pub struct Ran {
    arguments: String,
    pub output: Output,
}

impl Ran {
    /// Runs a command that was made with these arguments.
    pub fn of(arguments: &str, mut command: Command) -> Self {
        Self {
            arguments: arguments.to_owned(),
            output: command.output().unwrap(),
        }
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn all(&self) -> String {
        self.stdout() + &String::from_utf8_lossy(&self.output.stderr)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let ended = self.output.status.code();
        assert_eq!(ended, Some(code), "{}\n{}", self.arguments, self.all());
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = self.all();
        let what = &self.arguments;
        assert!(all.contains(text), "{what}: '{text}' is not in\n{all}");
        assert!(!all.contains("panicked"), "{what}\n{all}");
        self
    }

    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout()
            .lines()
            .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}")))
            .collect()
    }
}
