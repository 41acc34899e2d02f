//! Element types of TensorFlow's tensors, and how each is stored.

use super::wire::varint;

/// An element type that can be read as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 16-bit float.
    F16,
    /// 16-bit float with 8 bits of exponent.
    Bf16,
    /// 8-bit integer.
    I8,
    /// 8-bit integer without sign.
    U8,
    /// 16-bit integer.
    I16,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// True or false.
    Bool,
}

impl Element {
    /// The element type with TensorFlow's number for it; none for strings and other things that are no numbers.
    pub fn of(dtype: u64) -> Option<Self> {
        Some(match dtype {
            1 => Self::F32,
            2 => Self::F64,
            3 => Self::I32,
            4 => Self::U8,
            5 => Self::I16,
            6 => Self::I8,
            9 => Self::I64,
            10 => Self::Bool,
            14 => Self::Bf16,
            19 => Self::F16,
            _ => return None,
        })
    }

    /// Bytes of one value where values are stored as they are.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// The field of a `TensorProto` that holds values of this type, and whether they stand there as they are (floats) or
    /// as numbers of variable length.
    pub fn proto_field(self) -> (u64, bool) {
        match self {
            Self::F32 => (5, true),
            Self::F64 => (6, true),
            Self::I8 | Self::U8 | Self::I16 | Self::I32 => (7, false),
            Self::I64 => (10, false),
            Self::Bool => (11, false),
            Self::F16 | Self::Bf16 => (13, false),
        }
    }

    /// Appends little-endian values; bytes beyond the last whole value are left out.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        macro_rules! each {
            ($ty:ty) => {
                out.extend(
                    bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|b| <$ty>::from_le_bytes(*b) as f32),
                )
            };
        }
        match self {
            Self::F32 => each!(f32),
            Self::F64 => each!(f64),
            Self::I8 => each!(i8),
            Self::U8 | Self::Bool => each!(u8),
            Self::I16 => each!(i16),
            Self::I32 => each!(i32),
            Self::I64 => each!(i64),
            Self::F16 => out.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| half::f16::from_le_bytes(*b).to_f32()),
            ),
            Self::Bf16 => out.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|b| half::bf16::from_le_bytes(*b).to_f32()),
            ),
        }
    }

    /// Appends values that are stored as numbers of variable length.
    ///
    /// # Errors
    /// When the last one is cut short.
    pub fn decode_varints(self, mut bytes: &[u8], out: &mut Vec<f32>) -> Result<(), String> {
        while !bytes.is_empty() {
            let value = varint(&mut bytes).ok_or("A tensor's values are cut short")?;
            out.push(match self {
                Self::F16 => half::f16::from_bits(value as u16).to_f32(),
                Self::Bf16 => half::bf16::from_bits(value as u16).to_f32(),
                // Negative numbers are stored as 64-bit ones whatever their type.
                _ => value as i64 as f32,
            });
        }
        Ok(())
    }
}
