//! A file, or bytes in memory, read piece by piece from any place.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Something with a length that can be read from any place.
pub struct Source {
    reader: Box<dyn ReadSeek>,
    length: u64,
}

impl Source {
    /// A file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> crate::Result<Self> {
        let failed = |e| crate::Error::io("read", path, e);
        let mut file = crate::formats::input::open(path)?;
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self {
            reader: Box::new(file),
            length,
        })
    }

    /// Bytes in memory.
    pub fn memory(bytes: Vec<u8>) -> Self {
        Self {
            length: bytes.len() as u64,
            reader: Box::new(std::io::Cursor::new(bytes)),
        }
    }

    /// Number of bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// When there are not as many bytes, or they cannot be read; a sentence.
    pub fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), String> {
        let end = offset.checked_add(into.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(format!(
                "The file is cut short: {} bytes from {offset} on are needed, and it has {}",
                into.len(),
                self.length
            ));
        }
        self.reader
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.reader.read_exact(into))
            .map_err(|e| format!("Cannot be read: {e}"))
    }

    /// Hands `length` bytes from `offset` on to `sink`, in pieces.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn stream(
        &mut self,
        mut offset: u64,
        length: u64,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), String> {
        let mut buffer = vec![0; length.min(1 << 20) as usize];
        let mut left = length;
        while left > 0 {
            let piece = left.min(buffer.len() as u64) as usize;
            self.read(offset, &mut buffer[..piece])?;
            sink(&buffer[..piece]);
            offset += piece as u64;
            left -= piece as u64;
        }
        Ok(())
    }
}
