//! Python pickles, protocols 0 to 5, as data. Nothing is executed: whatever a pickle wants to call stays a record of the
//! call ([`Value::Call`]), and whoever knows what it means (see [`numpy`]) reads it.
//!
//! | file | content |
//! |---|---|
//! | `value` | the values and how they are looked at |
//! | `machine` | the stack machine that a pickle is a program for |
//! | `text` | the escapes of the old, textual protocols |
//! | `numpy` | arrays and scalars inside pickles, from Python 2 and 3 |

mod machine;
pub mod numpy;
mod text;
mod value;

pub use value::{Call, Id, Pickle, Value};

use crate::{Error, Result};
use std::path::Path;

/// Files larger than this are not read; the published ones are a third of it at most.
const MAX_FILE: u64 = 384 << 20;

/// Whether the beginning of a file looks like a pickle: a protocol number, or an opening of the textual protocols.
pub fn is_one(beginning: &[u8]) -> bool {
    match beginning {
        [0x80, protocol, ..] => *protocol <= 5,
        [b'(', b'd' | b'l' | b't' | b'i', ..] | [b'c', ..] => {
            beginning.iter().take(64).any(|b| *b == b'\n')
        }
        _ => false,
    }
}

/// Reads a pickle from a file.
///
/// # Errors
/// When the file cannot be read, is no pickle, is cut short, or would need an absurd amount of memory.
pub fn read(path: &Path) -> Result<Pickle> {
    let length = std::fs::metadata(path)
        .map_err(|e| Error::io("read", path, e))?
        .len();
    if length > MAX_FILE {
        return Err(Error::file(
            path,
            format!(
                "Is {} MB long; pickles of up to {} MB are read",
                length >> 20,
                MAX_FILE >> 20
            ),
        ));
    }
    let bytes = super::input::read(path)?;
    decode(bytes).map_err(|reason| Error::file(path, reason))
}

/// Reads a pickle; the error is a sentence about the content. What follows the pickle is left alone.
///
/// # Errors
/// When the bytes are no pickle, are cut short, or would need an absurd amount of memory.
pub fn decode(bytes: impl Into<Vec<u8>>) -> Result<Pickle, String> {
    machine::run(bytes.into())
}
