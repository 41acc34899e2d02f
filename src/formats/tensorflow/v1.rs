//! Checkpoints of TensorFlow's first format: one table that holds descriptions and values.
//!
//! The record with the empty key describes every tensor; each other record holds one tensor, or a slice of one, with its
//! name. Only the beginnings of records are read to find out where values lie, so that opening a file costs no more than
//! its descriptions, however large it is.

use super::element::Element;
use super::source::Source;
use super::table::{Block, SMALL, Table};
use super::wire::{Fields, shape};
use super::{Description, elements};
use std::collections::BTreeMap;

/// A file may not have more records than this.
const MAX_RECORDS: usize = 1 << 20;
/// Blocks up to this size are verified when the file is opened, larger ones when a tensor is read from them.
const VERIFIED_AT_ONCE: u64 = 1 << 20;

/// A tensor, or the part of one that a record holds.
#[derive(Clone, Debug)]
struct Piece {
    /// Per axis: first index, and length where it is not the whole axis.
    extents: Vec<(usize, Option<usize>)>,
    /// The block that it lies in.
    block: usize,
    /// The field of the values.
    field: u64,
    /// Where the values lie in the file.
    offset: u64,
    length: u64,
}

/// An opened checkpoint.
pub struct V1 {
    table: Table,
    verified: Vec<bool>,
    tensors: BTreeMap<String, Description>,
    pieces: BTreeMap<String, Vec<Piece>>,
}

impl V1 {
    /// Reads the descriptions.
    ///
    /// # Errors
    /// When the file is no such checkpoint, or is damaged.
    pub fn open(source: Source) -> Result<Self, String> {
        let table = Table::open(source)?;
        let mut v1 = Self {
            verified: vec![false; table.blocks.len()],
            table,
            tensors: BTreeMap::new(),
            pieces: BTreeMap::new(),
        };
        let mut records = 0;
        for index in 0..v1.table.blocks.len() {
            if v1.table.blocks[index].size <= VERIFIED_AT_ONCE {
                v1.verify(index)?;
            }
            v1.walk(index, &mut records)?;
        }
        if v1.tensors.is_empty() {
            return Err("Describes no tensors: a table, but no TensorFlow checkpoint".into());
        }
        Ok(v1)
    }

    /// What every tensor is, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Description> {
        &self.tensors
    }

    /// Hands the values of a tensor to `sink`, in C order and in pieces.
    ///
    /// # Errors
    /// When a checksum is wrong, or the file does not hold as many values as it promises.
    pub fn stream(&mut self, name: &str, sink: &mut dyn FnMut(&[f32])) -> Result<(), String> {
        let missing = || format!("has no values for tensor '{name}'");
        let Description { shape, dtype } = self.tensors.get(name).cloned().ok_or_else(missing)?;
        let element = Element::of(dtype)
            .ok_or_else(|| format!("tensor '{name}' holds no numbers (type {dtype})"))?;
        let count = elements(&shape)?;
        let pieces = self.pieces.get(name).cloned().ok_or_else(missing)?;
        let lacking = || format!("tensor '{name}' of shape {shape:?} lacks values");
        if let [only] = pieces.as_slice()
            && only.extents.iter().all(|e| matches!(e, (0, None)))
        {
            let whole = self.piece(only, element, count, sink)?;
            return if whole { Ok(()) } else { Err(lacking()) };
        }
        let mut parts = Vec::new();
        let mut total = 0usize;
        for piece in &pieces {
            let extents = absolute(piece, &shape).ok_or_else(lacking)?;
            let volume: usize = extents.iter().map(|(_, length)| length).product();
            total = total
                .checked_add(volume)
                .filter(|t| *t <= count)
                .ok_or_else(lacking)?;
            let mut part = Vec::new();
            if !self.piece(piece, element, volume, &mut |values| {
                part.extend_from_slice(values)
            })? {
                return Err(lacking());
            }
            parts.push((extents, part));
        }
        if total != count {
            return Err(lacking());
        }
        let (mut values, mut covered) = (vec![0.0; count], vec![false; count]);
        for (extents, part) in parts {
            paste(&part, &extents, &shape, &mut values, &mut covered);
        }
        if covered.contains(&false) {
            return Err(lacking());
        }
        sink(&values);
        Ok(())
    }

    /// Hands on the values of a piece, and says whether there are `count`.
    fn piece(
        &mut self,
        piece: &Piece,
        element: Element,
        count: usize,
        sink: &mut dyn FnMut(&[f32]),
    ) -> Result<bool, String> {
        let (field, plain) = element.proto_field();
        let fits = if plain {
            count as u64 * element.size() as u64 == piece.length
        } else {
            // At least one byte a value, and no weights: those are floats.
            count as u64 <= piece.length && piece.length <= SMALL
        };
        if !fits || (piece.field != field && piece.length > 0) {
            return Ok(false);
        }
        self.verify(piece.block)?;
        let (mut values, mut handed) = (Vec::new(), 0);
        if plain {
            let source = &mut self.table.source;
            source.stream(piece.offset, piece.length, |bytes| {
                values.clear();
                element.decode(bytes, &mut values);
                handed += values.len();
                sink(&values);
            })?;
        } else {
            let mut bytes = vec![0; piece.length as usize];
            self.table.source.read(piece.offset, &mut bytes)?;
            element.decode_varints(&bytes, &mut values)?;
            handed = values.len();
            if handed == count {
                sink(&values);
            }
        }
        Ok(handed == count)
    }

    /// Compares a block with its checksum, once.
    fn verify(&mut self, index: usize) -> Result<(), String> {
        if self.verified[index] {
            return Ok(());
        }
        let Block { offset, size } = self.table.blocks[index];
        let expected = self.table.checksum(self.table.blocks[index])?;
        let mut found = 0;
        self.table.source.stream(offset, size, |bytes| {
            found = crc32c::crc32c_append(found, bytes);
        })?;
        if crc32c::crc32c_append(found, &[0]) != expected {
            return Err("A checksum is wrong; the file is damaged".into());
        }
        self.verified[index] = true;
        Ok(())
    }

    /// Goes through the records of a block without reading their values.
    fn walk(&mut self, index: usize, records: &mut usize) -> Result<(), String> {
        let block = self.table.blocks[index];
        let (begin, end) = (block.offset, block.offset + block.size);
        let cut = || "A block is cut short".to_owned();
        let mut count = [0; 4];
        let at = end.checked_sub(4).filter(|at| *at >= begin);
        self.table.source.read(at.ok_or_else(cut)?, &mut count)?;
        let restarts = (u64::from(u32::from_le_bytes(count)) + 1) * 4;
        let end = end
            .checked_sub(restarts)
            .filter(|e| *e >= begin)
            .ok_or_else(cut)?;
        let mut cursor = Cursor::new(&mut self.table.source, begin, end);
        let mut found = Vec::new();
        while cursor.at < end {
            *records += 1;
            if *records > MAX_RECORDS {
                return Err(format!("Has more than {MAX_RECORDS} records"));
            }
            let first = index == 0 && cursor.at == begin;
            let (_, unshared, length) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
            cursor.skip(unshared)?;
            let value_end = cursor.end_of(length)?;
            // The empty key sorts before all others.
            if first && unshared == 0 {
                let description = cursor.bytes(length)?;
                self.tensors = descriptions(&description)?;
            } else {
                found.extend(record(&mut cursor, value_end, index)?);
            }
            cursor.at = value_end;
        }
        for (name, piece) in found {
            self.pieces.entry(name).or_default().push(piece);
        }
        Ok(())
    }
}

/// Reads small things from one place after the other.
struct Cursor<'s> {
    source: &'s mut Source,
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    buffered: u64,
}

/// Enough for the beginning of a record: lengths, a name, a slice.
const WINDOW: u64 = 512;

impl<'s> Cursor<'s> {
    fn new(source: &'s mut Source, at: u64, end: u64) -> Self {
        Self {
            source,
            at,
            end,
            buffer: vec![],
            buffered: 0,
        }
    }

    fn byte(&mut self) -> Result<u8, String> {
        if self.at >= self.end {
            return Err("A record is cut short".into());
        }
        let inside = self.at >= self.buffered && self.at - self.buffered < self.buffer.len() as u64;
        if !inside {
            self.buffer
                .resize(WINDOW.min(self.end - self.at) as usize, 0);
            self.source.read(self.at, &mut self.buffer)?;
            self.buffered = self.at;
        }
        let byte = self.buffer[(self.at - self.buffered) as usize];
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("A number is too long".into())
    }

    /// Where something of `length` bytes that begins here ends.
    fn end_of(&self, length: u64) -> Result<u64, String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end);
        end.ok_or_else(|| "A record is cut short".into())
    }

    fn skip(&mut self, length: u64) -> Result<(), String> {
        self.at = self.end_of(length)?;
        Ok(())
    }

    /// Something short as a whole.
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, String> {
        let end = self.end_of(length)?;
        if length > SMALL {
            return Err("A description is absurdly long".into());
        }
        let mut bytes = vec![0; length as usize];
        self.source.read(self.at, &mut bytes)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next field before `end`: its number and wire type, and where its content ends; the cursor stands at its
    /// beginning.
    fn field(&mut self, end: u64) -> Result<(u64, u64, u64), String> {
        let key = self.varint()?;
        let length = match key & 7 {
            0 => {
                let begin = self.at;
                self.varint()?;
                let length = self.at - begin;
                self.at = begin;
                length
            }
            1 => 8,
            2 => self.varint()?,
            5 => 4,
            _ => return Err("A record is damaged".into()),
        };
        let content_end = self.end_of(length)?;
        if content_end > end {
            return Err("A record is damaged".into());
        }
        Ok((key >> 3, key & 7, content_end))
    }
}

/// What the record with the empty key says: `SavedTensorSlices.meta`.
fn descriptions(message: &[u8]) -> Result<BTreeMap<String, Description>, String> {
    let mut tensors = BTreeMap::new();
    for field in Fields(message) {
        let (1, meta) = field? else { continue };
        for field in Fields(meta.bytes()?) {
            let (1, tensor) = field? else { continue };
            let (mut name, mut dtype, mut lengths) = (None, 0, vec![]);
            for field in Fields(tensor.bytes()?) {
                match field? {
                    (1, value) => name = Some(value.text()?.to_owned()),
                    (2, value) => lengths = shape(value.bytes()?)?,
                    (3, value) => dtype = value.number()?,
                    _ => {}
                }
            }
            let name = name.ok_or("A tensor has no name")?;
            let description = Description {
                shape: lengths,
                dtype,
            };
            tensors.insert(name, description);
        }
    }
    Ok(tensors)
}

/// The beginning of a record `SavedTensorSlices.data`: name, slice, and where the values lie.
fn record(
    cursor: &mut Cursor<'_>,
    end: u64,
    block: usize,
) -> Result<Option<(String, Piece)>, String> {
    let (mut name, mut extents, mut values) = (None, vec![], None);
    while cursor.at < end {
        let (number, kind, content_end) = cursor.field(end)?;
        if (number, kind) == (2, 2) {
            while cursor.at < content_end {
                let (number, kind, inner_end) = cursor.field(content_end)?;
                let length = inner_end - cursor.at;
                match (number, kind) {
                    (1, 2) => {
                        let text = String::from_utf8(cursor.bytes(length)?);
                        name = Some(text.map_err(|_| "A name is no valid text")?);
                    }
                    (2, 2) => extents = slice(&cursor.bytes(length)?)?,
                    (3, 2) => values = tensor(cursor, inner_end)?,
                    _ => {}
                }
                cursor.at = inner_end;
            }
        }
        cursor.at = content_end;
    }
    Ok(name.map(|name| {
        // A tensor without a value has no field for them.
        let (field, offset, length) = values.unwrap_or((0, cursor.at, 0));
        let piece = Piece {
            extents,
            block,
            field,
            offset,
            length,
        };
        (name, piece)
    }))
}

/// The packed values of a `TensorProto`: field, place and length.
fn tensor(cursor: &mut Cursor<'_>, end: u64) -> Result<Option<(u64, u64, u64)>, String> {
    let mut values = None;
    while cursor.at < end {
        let (number, kind, content_end) = cursor.field(end)?;
        if kind == 2 && matches!(number, 5..=7 | 10 | 11 | 13) {
            if values.is_some() {
                return Err("A tensor's values stand in more than one place".into());
            }
            values = Some((number, cursor.at, content_end - cursor.at));
        }
        cursor.at = content_end;
    }
    Ok(values)
}

/// A `TensorSliceProto`: per axis a first index, and a length unless it is the whole axis.
fn slice(message: &[u8]) -> Result<Vec<(usize, Option<usize>)>, String> {
    let mut extents = Vec::new();
    for field in Fields(message) {
        let (1, extent) = field? else { continue };
        let (mut start, mut length) = (0, None);
        for field in Fields(extent.bytes()?) {
            match field? {
                (1, value) => start = value.number()? as usize,
                (2, value) => length = Some(value.number()? as usize),
                _ => {}
            }
        }
        extents.push((start, length));
    }
    Ok(extents)
}

/// The extents of a piece as first index and length on every axis, if they lie inside the tensor.
fn absolute(piece: &Piece, shape: &[usize]) -> Option<Vec<(usize, usize)>> {
    if piece.extents.len() != shape.len() {
        return None;
    }
    let extents = piece.extents.iter().zip(shape);
    extents
        .map(|((start, length), size)| {
            let length = length.unwrap_or(size.checked_sub(*start)?);
            (start.checked_add(length)? <= *size).then_some((*start, length))
        })
        .collect()
}

/// Puts a part at its place in the whole.
fn paste(
    part: &[f32],
    extents: &[(usize, usize)],
    shape: &[usize],
    whole: &mut [f32],
    covered: &mut [bool],
) {
    for (i, value) in part.iter().enumerate() {
        let (mut rest, mut place, mut stride) = (i, 0, 1);
        for ((start, length), size) in extents.iter().zip(shape).rev() {
            place += (start + rest % length) * stride;
            rest /= length;
            stride *= size;
        }
        whole[place] = *value;
        covered[place] = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_put_where_they_belong() {
        let shape = [2, 4];
        let (mut whole, mut covered) = (vec![0.0; 8], vec![false; 8]);
        paste(
            &[1.0, 2.0, 3.0, 4.0],
            &[(0, 2), (2, 2)],
            &shape,
            &mut whole,
            &mut covered,
        );
        assert_eq!(whole, [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 4.0]);
        assert_eq!(covered.iter().filter(|c| **c).count(), 4);
        let piece = |extents| Piece {
            extents,
            block: 0,
            field: 5,
            offset: 0,
            length: 0,
        };
        assert_eq!(
            absolute(&piece(vec![(1, None), (1, Some(3))]), &shape),
            Some(vec![(1, 1), (1, 3)])
        );
        assert_eq!(
            absolute(&piece(vec![(1, None), (2, Some(3))]), &shape),
            None
        );
        assert_eq!(absolute(&piece(vec![(3, None), (0, None)]), &shape), None);
    }
}
