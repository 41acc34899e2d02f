//! As much of protocol buffers as TensorFlow's checkpoints need: fields, numbers, and messages within messages.

/// The content of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'b> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1, as its bits.
    Fixed64(u64),
    /// Wire type 2: a string, a message or packed numbers.
    Bytes(&'b [u8]),
    /// Wire type 5, as its bits.
    Fixed32(u32),
}

impl<'b> Field<'b> {
    /// The bytes of a string or message.
    pub fn bytes(self) -> Result<&'b [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("A number stands where a message belongs".into()),
        }
    }

    /// The text of a string.
    pub fn text(self) -> Result<&'b str, String> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "A name is no valid text".into())
    }

    /// A whole number.
    pub fn number(self) -> Result<u64, String> {
        match self {
            Self::Varint(v) | Self::Fixed64(v) => Ok(v),
            Self::Fixed32(v) => Ok(u64::from(v)),
            Self::Bytes(_) => Err("A message stands where a number belongs".into()),
        }
    }
}

/// Takes a number of 7-bit groups off the front of `bytes`.
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
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

/// The fields of a message in the order of the file, each with its number.
pub struct Fields<'b>(pub &'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u64, Field<'b>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = field(&mut self.0);
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(|| "A message is cut short".into()))
    }
}

fn field<'b>(bytes: &mut &'b [u8]) -> Option<(u64, Field<'b>)> {
    let key = varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Varint(varint(bytes)?),
        1 => Field::Fixed64(u64::from_le_bytes(array(bytes)?)),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Field::Bytes(take(bytes, length)?)
        }
        5 => Field::Fixed32(u32::from_le_bytes(array(bytes)?)),
        _ => return None,
    };
    Some((key >> 3, field))
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    take(bytes, N)?.try_into().ok()
}

/// The lengths in a `TensorShapeProto`.
pub fn shape(message: &[u8]) -> Result<Vec<usize>, String> {
    let mut shape = Vec::new();
    for field in Fields(message) {
        // Field 2 is a dimension, whose field 1 is its size; a scalar has none.
        if let (2, dimension) = field? {
            let mut size = 0;
            for field in Fields(dimension.bytes()?) {
                if let (1, number) = field? {
                    size = usize::try_from(number.number()?)
                        .ok()
                        .filter(|n| *n <= 1 << 40)
                        .ok_or("A shape has an unknown or absurd length")?;
                }
            }
            shape.push(size);
            if shape.len() > 16 {
                return Err("A shape has more than 16 axes".into());
            }
        }
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_read() {
        for value in [0u64, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            let mut rest = value;
            while rest >= 128 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            assert_eq!(varint(&mut &bytes[..]), Some(value));
            for n in 0..bytes.len() {
                assert_eq!(varint(&mut &bytes[..n]), None);
            }
        }
        assert_eq!(varint(&mut &[0xff; 20][..]), None);
    }

    #[test]
    fn a_shape_has_one_length_a_dimension() {
        let message = [0x12, 2, 8, 3, 0x12, 3, 8, 0x80, 2, 0x18, 0];
        assert_eq!(shape(&message).unwrap(), [3, 256]);
        assert_eq!(shape(&[]).unwrap(), [0usize; 0]);
        assert!(shape(&message[..5]).is_err());
        // −1, TensorFlow's unknown length, is ten bytes of ones.
        let unknown = [
            0x12, 11, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        assert!(shape(&unknown).is_err());
    }
}
