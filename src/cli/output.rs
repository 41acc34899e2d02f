//! Results on stdout.

use std::io::{ErrorKind, Write};

/// Writes a line of results. If whoever reads them has gone (`| head`), the program ends as one ended by the signal
/// for that would, without a complaint.
pub fn line(arguments: std::fmt::Arguments<'_>) {
    let written = writeln!(std::io::stdout().lock(), "{arguments}");
    if written.is_err_and(|e| e.kind() == ErrorKind::BrokenPipe) {
        std::process::exit(141);
    }
}

/// Like `println!`, for results; see [`line`].
macro_rules! out {
    ($($arguments:tt)*) => {
        $crate::cli::output::line(format_args!($($arguments)*))
    };
}

pub(crate) use out;
