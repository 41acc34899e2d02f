//! NumPy's `.npy`: one array with a small text header (NumPy Enhancement Proposal 1, versions 1 to 3).
//!
//! Read: real floats and integers of any width and byte order, C or Fortran order. Written: little-endian `f32`, C order;
//! fewer bits where an [`Element`] type says so.

use super::Array;
use super::packed::{Element, Packed};
use crate::{Error, Result};
use std::path::Path;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// A header longer than this is no array header of ours or NumPy's.
const MAX_HEADER: usize = 64 * 1024;

/// Reads an array from a file, converting to `f32`.
///
/// # Errors
/// When the file cannot be read, is no `.npy`, is cut short, or holds strings, objects or complex numbers.
pub fn read(path: &Path) -> Result<Array> {
    let bytes = super::input::read(path)?;
    decode(&bytes).map_err(|reason| Error::file(path, reason))
}

/// Writes an array as little-endian `f32`; the file appears whole or not at all.
pub fn write(path: &Path, array: &Array) -> Result<()> {
    super::atomic::write(path, &encode(&array.shape, &array.values))
}

/// The bytes of a `.npy` file.
pub fn encode(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut out = header("<f4", shape, values.len() * 4);
    for v in values {
        out.extend_from_slice(&v.to_le_bytes());
    }
    out
}

/// The bytes of a `.npy` file with elements of any [`Element`] type.
pub fn encode_packed(array: &Packed) -> Vec<u8> {
    let mut out = header(array.element.descr(), &array.shape, array.bytes.len());
    out.extend_from_slice(&array.bytes);
    out
}

/// Everything before the data, in a vector with room for `data` bytes more.
fn header(descr: &str, shape: &[usize], data: usize) -> Vec<u8> {
    let shape = match shape {
        [n] => format!("({n},)"),
        _ => format!(
            "({})",
            shape
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // Data starts at a multiple of 64 bytes, counted from the start of the file, and the header ends in a newline.
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(
        ' ',
        unpadded.next_multiple_of(64) - unpadded,
    ));
    header.push('\n');
    let mut out = Vec::with_capacity(MAGIC.len() + 4 + header.len() + data);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out
}

/// Decodes the bytes of a `.npy` file; the error is a sentence about the content.
pub fn decode(bytes: &[u8]) -> Result<Array, String> {
    let Header {
        descr,
        fortran,
        shape,
        count,
        data,
    } = parse(bytes)?;
    let values = values(&descr, data, count)?;
    let values = if fortran {
        c_order(&shape, &values)
    } else {
        values
    };
    Ok(Array { shape, values })
}

/// Decodes the bytes of a `.npy` file without converting its elements; the error is a sentence about the content.
///
/// # Errors
/// Besides damage: any element type or order that [`encode_packed`] does not write.
pub fn decode_packed(bytes: &[u8]) -> Result<Packed, String> {
    let header = parse(bytes)?;
    let element = Element::from_descr(&header.descr)
        .filter(|_| !header.fortran)
        .ok_or_else(|| {
            format!(
                "The element type '{}'{} is not what this program writes here",
                header.descr,
                if header.fortran {
                    " in Fortran order"
                } else {
                    ""
                }
            )
        })?;
    let needed = header
        .count
        .checked_mul(element.size())
        .ok_or("The shape overflows")?;
    let bytes = header.data.get(..needed).ok_or_else(|| {
        format!(
            "The data is cut short: {} of {needed} bytes",
            header.data.len()
        )
    })?;
    Ok(Packed {
        element,
        shape: header.shape,
        bytes: bytes.to_vec(),
    })
}

/// What stands before the data, and the data.
struct Header<'b> {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
    count: usize,
    data: &'b [u8],
}

fn parse(bytes: &[u8]) -> Result<Header<'_>, String> {
    if bytes.len() < 10 || &bytes[..6] != MAGIC {
        return Err("Not a .npy file (it does not begin with NumPy's magic bytes)".into());
    }
    let (header_len, start) = match bytes[6] {
        1 => (u16::from_le_bytes([bytes[8], bytes[9]]) as usize, 10),
        2 | 3 if bytes.len() >= 12 => (
            u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize,
            12,
        ),
        v => return Err(format!(".npy version {v} is not supported (1 to 3 are)")),
    };
    if header_len > MAX_HEADER || start + header_len > bytes.len() {
        return Err("The .npy header is cut short".into());
    }
    let header = String::from_utf8_lossy(&bytes[start..start + header_len]);
    let descr = field(&header, "descr").ok_or("The .npy header has no 'descr'")?;
    let descr = descr.trim().trim_matches(['\'', '"']).to_owned();
    let fortran = field(&header, "fortran_order").is_some_and(|v| v.trim().starts_with("True"));
    let shape = shape(&header)?;
    let count = shape
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(*d))
        .ok_or("The .npy shape overflows")?;
    Ok(Header {
        descr,
        fortran,
        shape,
        count,
        data: &bytes[start + header_len..],
    })
}

/// The text after `'name':`, up to the next comma outside brackets.
fn field<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let at = header.find(&format!("'{name}'"))?;
    let rest = &header[at..];
    let rest = &rest[rest.find(':')? + 1..];
    Some(rest[..rest.find([',', '}']).unwrap_or(rest.len())].trim())
}

fn shape(header: &str) -> Result<Vec<usize>, String> {
    let at = header
        .find("'shape'")
        .ok_or("The .npy header has no 'shape'")?;
    let rest = &header[at..];
    let open = rest.find('(').ok_or("The .npy shape is malformed")?;
    let close = rest
        .find(')')
        .filter(|c| *c > open)
        .ok_or("The .npy shape is malformed")?;
    rest[open + 1..close]
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| {
            s.trim_end_matches('L')
                .parse()
                .map_err(|_| format!("The .npy shape has '{s}' where a length belongs"))
        })
        .collect()
}

/// Defines a function that decodes values of any real type into floats of one type.
macro_rules! decoder {
    ($(#[$note:meta])* $visible:vis fn $name:ident -> $out:ty) => {
        $(#[$note])*
        $visible fn $name(descr: &str, data: &[u8], count: usize) -> Result<Vec<$out>, String> {
            let mut chars = descr.chars();
            let order = chars.next().unwrap_or(' ');
            let kind: String = chars.collect();
            if !matches!(order, '<' | '>' | '|' | '=') {
                return Err(format!("The element type '{descr}' is not supported"));
            }
            let big = order == '>';
            macro_rules! read {
                ($ty:ty) => {
                    numbers(data, count, big, |b| <$ty>::from_le_bytes(b) as $out)
                };
            }
            match kind.as_str() {
                "f4" => read!(f32),
                "f8" => read!(f64),
                "f2" => numbers(data, count, big, |b| {
                    half::f16::from_le_bytes(b).to_f32() as $out
                }),
                "u1" | "b1" => read!(u8),
                "i1" => read!(i8),
                "u2" => read!(u16),
                "i2" => read!(i16),
                "u4" => read!(u32),
                "i4" => read!(i32),
                "u8" => read!(u64),
                "i8" => read!(i64),
                _ => Err(format!(
                    "The element type '{descr}' is not supported (real numbers are)"
                )),
            }
        }
    };
}

decoder!(fn values -> f32);
decoder!(
    /// `count` values of the type that `descr` names, as in a header: `<f8`, `>i2`, `|u1`…
    pub(super) fn values_f64 -> f64
);

fn numbers<const N: usize, T>(
    data: &[u8],
    count: usize,
    big: bool,
    one: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let needed = count.checked_mul(N).ok_or("The shape overflows")?;
    if data.len() < needed {
        return Err(format!(
            "The data is cut short: {} of {needed} bytes",
            data.len()
        ));
    }
    Ok(data[..needed]
        .as_chunks::<N>()
        .0
        .iter()
        .map(|chunk| {
            let mut bytes = *chunk;
            if big {
                bytes.reverse();
            }
            one(bytes)
        })
        .collect())
}

/// Values in Fortran order put into C order.
pub(super) fn c_order<T: Copy>(shape: &[usize], fortran: &[T]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(fortran.len());
    for _ in 0..fortran.len() {
        out.push(
            fortran[index
                .iter()
                .zip(&strides)
                .map(|(i, s)| i * s)
                .sum::<usize>()],
        );
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for shape in [vec![], vec![5], vec![2, 3], vec![1, 3, 2, 2], vec![0, 4]] {
            let n = shape.iter().product();
            let array = Array::new(shape, (0..n).map(|i| i as f32 - 1.5).collect()).unwrap();
            let bytes = encode(&array.shape, &array.values);
            assert_eq!(
                (bytes.len() - 4 * n) % 64,
                0,
                "data must start on a 64-byte boundary"
            );
            assert_eq!(decode(&bytes).unwrap(), array);
        }
    }

    #[test]
    fn fortran_order_and_big_endian_are_understood() {
        let mut bytes = MAGIC.to_vec();
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        for v in [1i16, 4, 2, 5, 3, -6] {
            bytes.extend(v.to_be_bytes());
        }
        assert_eq!(
            decode(&bytes).unwrap().values,
            [1.0, 2.0, 3.0, 4.0, 5.0, -6.0]
        );
    }

    #[test]
    fn every_truncation_and_every_flipped_header_bit_is_survived() {
        let bytes = encode(&[2, 3], &[1.0; 6]);
        for n in 0..bytes.len() {
            assert!(
                decode(&bytes[..n]).is_err(),
                "{n} bytes of {} were accepted",
                bytes.len()
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _ = decode(&damaged);
        }
    }
}
