//! What follows an instruction in the file: numbers, lengths, lines and names.

use super::*;

impl Machine {
    pub(super) fn take<'f>(&mut self, file: &'f [u8], length: usize) -> Result<&'f [u8], String> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| file.get(self.at..end)).ok_or_else(cut)?;
        self.at += length;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, file: &[u8]) -> Result<[u8; N], String> {
        self.take(file, N)?.try_into().map_err(|_| cut())
    }

    /// A little-endian length or index of `N` bytes.
    pub(super) fn length<const N: usize>(&mut self, file: &[u8]) -> Result<usize, String> {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(self.take(file, N)?);
        usize::try_from(u64::from_le_bytes(wide)).map_err(|_| cut())
    }

    /// Up to the end of the line, which is taken too.
    pub(super) fn line<'f>(&mut self, file: &'f [u8]) -> Result<&'f [u8], String> {
        let rest = &file[self.at..];
        let length = rest.iter().position(|b| *b == b'\n').ok_or_else(cut)?;
        self.at += length + 1;
        Ok(rest[..length]
            .strip_suffix(b"\r")
            .unwrap_or(&rest[..length]))
    }

    pub(super) fn decimal(&mut self, file: &[u8]) -> Result<usize, String> {
        let line = self.line(file)?;
        let number = std::str::from_utf8(line).ok().and_then(|t| t.parse().ok());
        number.ok_or_else(|| damaged("a place in the memo is no number"))
    }

    /// A module or name on a line of its own.
    pub(super) fn name(&mut self, file: &[u8]) -> Result<String, String> {
        let line = self.line(file)?;
        self.spend(line.len())?;
        String::from_utf8(line.to_vec()).map_err(|_| damaged("a name is no text"))
    }

    /// A module or name that is a value.
    pub(super) fn name_of(&self, file: &[u8], id: Id) -> Result<String, String> {
        let bytes = match &self.values[id.0 as usize] {
            Value::Text(Span::File(range)) | Value::Bytes(Span::File(range)) => {
                &file[range.clone()]
            }
            Value::Text(Span::Own(own)) | Value::Bytes(Span::Own(own)) => own,
            _ => return Err(damaged("a name is no text")),
        };
        // Copied at every use, so that a long one would cost its length each time.
        if bytes.len() > 1024 {
            return Err(damaged("a name is absurdly long"));
        }
        String::from_utf8(bytes.to_vec()).map_err(|_| damaged("a name is no text"))
    }
}
