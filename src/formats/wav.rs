//! WAV as this program writes it: one channel of 32-bit floats, with text in a `LIST`/`INFO` chunk.
//!
//! Reading sounds from elsewhere is [`crate::stimulus::Sound`]'s business; here only the text is read back.

/// The `INFO` entry that names the program.
const SOFTWARE: &[u8; 4] = b"ISFT";
/// The `INFO` entry that holds the comment.
const COMMENT: &[u8; 4] = b"ICMT";
/// Format tag of IEEE floats.
const FLOAT: u16 = 3;

/// The bytes of a file with `samples` at `rate` Hz, the program's name and a comment.
pub fn encode(samples: &[f32], rate: u32, software: &str, comment: &str) -> Vec<u8> {
    let mut format = Vec::new();
    for number in [FLOAT, 1] {
        format.extend(number.to_le_bytes());
    }
    format.extend(rate.to_le_bytes());
    format.extend((rate * 4).to_le_bytes());
    // Bytes a frame, bits a sample, and no extension, which formats other than whole numbers must state.
    for number in [4u16, 32, 0] {
        format.extend(number.to_le_bytes());
    }
    let mut info = b"INFO".to_vec();
    for (id, text) in [(SOFTWARE, software), (COMMENT, comment)] {
        info.extend(chunk(id, &[text.as_bytes(), &[0]].concat()));
    }
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut body = b"WAVE".to_vec();
    body.extend(chunk(b"fmt ", &format));
    body.extend(chunk(b"fact", &(samples.len() as u32).to_le_bytes()));
    body.extend(chunk(b"LIST", &info));
    body.extend(chunk(b"data", &data));
    chunk(b"RIFF", &body)
}

/// The comment in a file's bytes, if there is one.
pub fn comment(bytes: &[u8]) -> Option<String> {
    let (_, riff) = chunks(bytes).find(|(id, _)| id == b"RIFF")?;
    let body = riff.strip_prefix(b"WAVE")?;
    let info = chunks(body)
        .filter(|(id, _)| id == b"LIST")
        .find_map(|(_, list)| list.strip_prefix(b"INFO"))?;
    let (_, text) = chunks(info).find(|(id, _)| id == COMMENT)?;
    let text = text.split(|b| *b == 0).next()?;
    String::from_utf8(text.to_vec()).ok()
}

/// A chunk with its length in front, padded to an even number of bytes.
fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
    out.extend(std::iter::repeat_n(0, content.len() % 2));
    out
}

/// The chunks in some bytes; ends quietly where one is cut short.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let content = rest.get(..length)?;
        bytes = rest.get(length + length % 2..).unwrap_or_default();
        Some((*id, content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_is_found_again_and_every_truncation_survived() {
        for text in ["", "x", "seed = 1\nname = \"Möwe\"\n"] {
            let bytes = encode(&[0.5, -0.25, 1e-9], 20_000, "program 1", text);
            assert_eq!(comment(&bytes).as_deref(), Some(text));
            assert_eq!(bytes.len() % 2, 0);
            for n in 0..bytes.len() {
                assert_eq!(comment(&bytes[..n]), None);
            }
        }
    }
}
