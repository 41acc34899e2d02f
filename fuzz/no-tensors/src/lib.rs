//! The one name of candle-core that the readers' error type mentions.

/// Never made: no reader computes with tensors.
#[derive(Debug)]
pub struct Error;

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tensors")
    }
}

impl std::error::Error for Error {}
