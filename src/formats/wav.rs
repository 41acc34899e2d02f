//! WAV as this program writes it: one channel, with text in a `LIST`/`INFO` chunk, which hound does not write.
//!
//! Reading sounds from elsewhere is [`crate::stimulus::Sound`]'s business; here only the text is read back.

/// The `INFO` entry that names the program.
const SOFTWARE: &[u8; 4] = b"ISFT";
/// The `INFO` entry that holds the comment.
const COMMENT: &[u8; 4] = b"ICMT";
/// Format tag of IEEE floats.
const FLOAT: u16 = 3;
/// Format tag of whole numbers.
const WHOLE: u16 = 1;

/// The samples of a file.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// 32-bit floats, exact and unclipped.
    Float(&'a [f32]),
    /// 16-bit whole numbers, which every player plays.
    Whole(&'a [i16]),
}

/// The bytes of a file of one channel with `samples` at `rate` Hz, the program's name and a comment.
pub fn encode(samples: Samples<'_>, rate: u32, software: &str, comment: &str) -> Vec<u8> {
    let (tag, data): (u16, Vec<u8>) = match samples {
        Samples::Float(s) => (FLOAT, s.iter().flat_map(|s| s.to_le_bytes()).collect()),
        Samples::Whole(s) => (WHOLE, s.iter().flat_map(|s| s.to_le_bytes()).collect()),
    };
    let width = if tag == FLOAT { 4u16 } else { 2 };
    let mut format = Vec::new();
    for number in [tag, 1] {
        format.extend(number.to_le_bytes());
    }
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(width)).to_le_bytes());
    for number in [width, 8 * width] {
        format.extend(number.to_le_bytes());
    }
    let mut body = b"WAVE".to_vec();
    if tag == FLOAT {
        // What is not whole numbers states that it has no extension, and its length.
        format.extend(0u16.to_le_bytes());
        body.extend(chunk(b"fmt ", &format));
        body.extend(chunk(b"fact", &(data.len() as u32 / 4).to_le_bytes()));
    } else {
        body.extend(chunk(b"fmt ", &format));
    }
    let mut info = b"INFO".to_vec();
    for (id, text) in [(SOFTWARE, software), (COMMENT, comment)] {
        info.extend(chunk(id, &[text.as_bytes(), &[0]].concat()));
    }
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
            for samples in [
                Samples::Float(&[0.5, -0.25, 1e-9]),
                Samples::Whole(&[-32768, 0, 32767]),
            ] {
                let bytes = encode(samples, 20_000, "program 1", text);
                assert_eq!(comment(&bytes).as_deref(), Some(text));
                assert_eq!(bytes.len() % 2, 0);
                for n in 0..bytes.len() {
                    assert_eq!(comment(&bytes[..n]), None);
                }
                // As any other program reads it.
                let mut reader = hound::WavReader::new(bytes.as_slice()).unwrap();
                assert_eq!(
                    (reader.spec().channels, reader.spec().sample_rate),
                    (1, 20_000)
                );
                match samples {
                    Samples::Float(s) => {
                        assert!(
                            reader
                                .samples::<f32>()
                                .map(Result::unwrap)
                                .eq(s.iter().copied())
                        );
                    }
                    Samples::Whole(s) => {
                        assert!(
                            reader
                                .samples::<i16>()
                                .map(Result::unwrap)
                                .eq(s.iter().copied())
                        );
                    }
                }
            }
        }
    }
}
