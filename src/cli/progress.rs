//! One line on the terminal that is written over and over, or nothing but milestones where stderr is a file.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Shows how far something has come.
pub struct ProgressLine {
    terminal: bool,
    shown: Option<Instant>,
    interval: Duration,
    quiet: bool,
}

impl ProgressLine {
    /// A line on stderr; `quiet` shows nothing at all.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let interval = if terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(15)
        };
        Self {
            terminal,
            shown: None,
            interval,
            quiet,
        }
    }

    /// Shows `text` if the last showing was long enough ago.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        if self.quiet || self.shown.is_some_and(|t| t.elapsed() < self.interval) {
            return;
        }
        self.shown = Some(Instant::now());
        let text = text();
        if self.terminal {
            // Erases to the end of the line, so that a shorter text leaves nothing behind.
            eprint!("\r{text}\x1b[K");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{text}");
        }
    }

    /// Removes the line from the terminal, so that something lasting can be written.
    pub fn clear(&mut self) {
        if self.terminal && self.shown.take().is_some() {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}

/// A duration as people say it: "45 s", "6 min 20 s", "2 h 05 min".
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_read_well() {
        assert_eq!(
            [0.4, 59.6, 380.0, 7500.0, f64::INFINITY].map(super::duration),
            ["0 s", "1 min 00 s", "6 min 20 s", "2 h 05 min", "–"]
        );
    }
}
