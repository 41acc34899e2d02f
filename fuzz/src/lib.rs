//! The program's readers by themselves, so that fuzzing does not build the window.
//!
//! `cargo +nightly fuzz run pickle` (also `checkpoint_v1`, `checkpoint_v2`, `npy`); the corpora in `seeds/` are what to
//! begin with: `cargo +nightly fuzz run pickle corpus/pickle seeds/pickle`.
//!
//! Checksums protect checkpoints from accidents, and from a fuzzer: the targets for checkpoints mend the checksums of the
//! blocks that a file lists before they read it, so that what lies behind is reached.

#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/formats/mod.rs"]
pub mod formats;

pub use error::{Error, Result};

/// Gives every block that a table's footer and index name the checksum that it should have.
pub fn mend(table: &mut [u8]) {
    let Some(footer) = table.len().checked_sub(48) else {
        return;
    };
    table[footer + 40..].copy_from_slice(&0xdb47_7524_8b80_fb57u64.to_le_bytes());
    let mut rest = &table[footer..footer + 40];
    let handle = |rest: &mut &[u8]| Some((varint(rest)? as usize, varint(rest)? as usize));
    let _ = handle(&mut rest);
    let Some(index) = handle(&mut rest) else {
        return;
    };
    mend_block(table, index);
    let Some(block) = table.get(index.0..index.0.saturating_add(index.1)) else {
        return;
    };
    let mut rest = &block.to_vec()[..];
    let mut blocks = Vec::new();
    for _ in 0..64 {
        let (Some(_), Some(tail), Some(value)) =
            (varint(&mut rest), varint(&mut rest), varint(&mut rest))
        else {
            break;
        };
        let Some(mut entry) = rest.get(tail as usize..).and_then(|r| r.get(..value as usize))
        else {
            break;
        };
        rest = &rest[tail as usize + value as usize..];
        blocks.extend(handle(&mut entry));
    }
    for block in blocks {
        mend_block(table, block);
    }
}

fn mend_block(table: &mut [u8], (offset, size): (usize, usize)) {
    let Some(end) = offset.checked_add(size) else {
        return;
    };
    if let Some(block) = table.get(offset..end.saturating_add(1)) {
        let sum = crc32c::crc32c(block).rotate_right(15).wrapping_add(0xa282_ead8);
        if let Some(place) = table.get_mut(end + 1..end + 5) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
