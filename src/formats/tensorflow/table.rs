//! The sorted table (LevelDB's format) that holds a whole V1 checkpoint, and the index of a V2 one.
//!
//! The last 48 bytes say where the index block is; its values say where the data blocks are; every block carries a
//! checksum. Blocks are read one by one when they are asked for, never the whole file.

use super::source::Source;
use super::wire::varint;

const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
const FOOTER: u64 = 48;
/// Compression type and checksum after every block.
const TRAILER: u64 = 5;
/// What is read into memory as a whole may not be larger than this: indexes and descriptions, never weights.
pub const SMALL: u64 = 64 << 20;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First byte in the file.
    pub offset: u64,
    /// Length without the trailer.
    pub size: u64,
}

impl Block {
    fn end(self) -> Option<u64> {
        self.offset.checked_add(self.size)?.checked_add(TRAILER)
    }
}

/// An opened table.
pub struct Table {
    /// The file.
    pub source: Source,
    /// Its data blocks, in order; no two overlap.
    pub blocks: Vec<Block>,
}

impl Table {
    /// Whether a file's last eight bytes are those of a table.
    pub fn is_one(source: &mut Source) -> bool {
        let mut magic = [0; 8];
        let Some(at) = source.length().checked_sub(8) else {
            return false;
        };
        source.read(at, &mut magic).is_ok() && u64::from_le_bytes(magic) == MAGIC
    }

    /// Reads footer and index.
    ///
    /// # Errors
    /// When the file is no table, is cut short, or a checksum is wrong.
    pub fn open(mut source: Source) -> Result<Self, String> {
        if !Self::is_one(&mut source) || source.length() < FOOTER {
            return Err("Not a TensorFlow checkpoint, or one that is cut short (it does not end as one should)".into());
        }
        let mut footer = [0; FOOTER as usize];
        source.read(source.length() - FOOTER, &mut footer)?;
        let mut rest = &footer[..40];
        let broken = || "The checkpoint's last bytes are damaged".to_owned();
        // The first of the two places is that of a block of statistics, which these files leave empty.
        let _ = handle(&mut rest).ok_or_else(broken)?;
        let index = handle(&mut rest).ok_or_else(broken)?;
        let content_end = source.length() - FOOTER;
        if index.end().is_none_or(|end| end > content_end) {
            return Err("The checkpoint's index lies outside the file; the file is damaged".into());
        }
        let index = read_block(&mut source, index)?;
        let mut blocks: Vec<Block> = Vec::new();
        for entry in Entries::new(&index)? {
            let (_, mut value) = entry?;
            let block = handle(&mut value).ok_or("The checkpoint's index is damaged")?;
            // Blocks are written one after the other; a file in which they overlap could be made to cost any time.
            let after = blocks.last().and_then(|b| b.end()).unwrap_or(0);
            if block.offset < after || block.end().is_none_or(|end| end > content_end) {
                return Err("The checkpoint's index points outside the file".into());
            }
            blocks.push(block);
        }
        Ok(Self { source, blocks })
    }

    /// A whole block, its checksum verified.
    ///
    /// # Errors
    /// When it is larger than [`SMALL`], damaged or compressed.
    pub fn read(&mut self, block: Block) -> Result<Vec<u8>, String> {
        read_block(&mut self.source, block)
    }

    /// The masked checksum that the file has for a block, for readers that do not hold the block as a whole.
    ///
    /// # Errors
    /// When the block is compressed, which TensorFlow's own writers never do.
    pub fn checksum(&mut self, block: Block) -> Result<u32, String> {
        trailer(&mut self.source, block)
    }
}

/// The checksum behind a block, unmasked, of the block and its type byte (0, not compressed).
fn trailer(source: &mut Source, block: Block) -> Result<u32, String> {
    let mut bytes = [0; TRAILER as usize];
    source.read(block.offset + block.size, &mut bytes)?;
    let [kind, a, b, c, d] = bytes;
    if kind != 0 {
        return Err(format!(
            "A block is compressed or damaged (type {kind}); TensorFlow writes checkpoints without compression"
        ));
    }
    Ok(unmask(u32::from_le_bytes([a, b, c, d])))
}

fn read_block(source: &mut Source, block: Block) -> Result<Vec<u8>, String> {
    if block.size > SMALL {
        return Err(format!(
            "A block of {} bytes stands where a short one belongs",
            block.size
        ));
    }
    let expected = trailer(source, block)?;
    let mut bytes = vec![0; block.size as usize];
    source.read(block.offset, &mut bytes)?;
    let found = crc32c::crc32c_append(crc32c::crc32c(&bytes), &[0]);
    if found != expected {
        return Err("A checksum is wrong; the file is damaged".into());
    }
    Ok(bytes)
}

/// Checksums are stored rotated and shifted, so that a checksum of checksums is none of zeros.
pub fn unmask(stored: u32) -> u32 {
    stored.wrapping_sub(0xa282_ead8).rotate_left(15)
}

fn handle(bytes: &mut &[u8]) -> Option<Block> {
    Some(Block {
        offset: varint(bytes)?,
        size: varint(bytes)?,
    })
}

/// The entries of a block: keys, of which each shares its beginning with the one before, and values.
pub struct Entries<'b> {
    rest: &'b [u8],
    key: Vec<u8>,
}

/// No name in a checkpoint is longer than this; keys share prefixes, so that a damaged file could ask for any amount.
const MAX_KEY: usize = 4096;

impl<'b> Entries<'b> {
    /// The entries of a verified block.
    ///
    /// # Errors
    /// When the block has no room for its own table of restarts.
    pub fn new(block: &'b [u8]) -> Result<Self, String> {
        Ok(Self {
            rest: &block[..entries_end(block)?],
            key: vec![],
        })
    }
}

/// Where the entries of a block end and its table of restarts begins.
fn entries_end(block: &[u8]) -> Result<usize, String> {
    let count = block
        .last_chunk()
        .map(|count| u32::from_le_bytes(*count) as usize);
    count
        .and_then(|n| block.len().checked_sub(n.checked_add(1)?.checked_mul(4)?))
        .ok_or_else(|| "A block is cut short".into())
}

impl<'b> Iterator for Entries<'b> {
    /// The key's length in the file is small, so a copy of it is handed out.
    type Item = Result<(Vec<u8>, &'b [u8]), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_none() {
            self.rest = &[];
        }
        Some(entry.ok_or_else(|| "An entry of a block is damaged".into()))
    }
}

impl<'b> Entries<'b> {
    fn entry(&mut self) -> Option<(Vec<u8>, &'b [u8])> {
        let mut length = || usize::try_from(varint(&mut self.rest)?).ok();
        let (shared, unshared, value) = (length()?, length()?, length()?);
        if shared > self.key.len() || shared.checked_add(unshared)? > MAX_KEY {
            return None;
        }
        let (tail, rest) = self.rest.split_at_checked(unshared)?;
        let (value, rest) = rest.split_at_checked(value)?;
        self.rest = rest;
        self.key.truncate(shared);
        self.key.extend_from_slice(tail);
        Some((self.key.clone(), value))
    }
}
