//! Whether a JPEG file is all there.
//!
//! The decoder fills what is missing at the end with grey, as viewers do. A metamer of such a picture would be one of
//! something that nobody took, so files are looked through first.

/// Whether the marker that ends a picture comes after its scans. Marker by marker (ITU-T T.81, Annex B), so that the end
/// of a small preview inside a segment does not count.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    const END: u8 = 0xD9;
    let mut rest = bytes;
    loop {
        // Compressed data lies between segments. There a 0xFF is followed by 0 or a restart marker, neither with a length.
        let Some(at) = rest.iter().position(|b| *b == 0xFF) else {
            return false;
        };
        rest = &rest[at + 1..];
        match *rest {
            [END, ..] => return true,
            [0x00 | 0x01 | 0xD0..=0xD8, ref after @ ..] => rest = after,
            // Markers may be preceded by any number of 0xFF.
            [0xFF, ..] => {}
            [_, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                let Some(after) = rest.get(1 + length.max(2)..) else {
                    return false;
                };
                rest = after;
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;
    use image::codecs::jpeg::JpegEncoder;

    /// Grey noise, so that some of the compressed bytes are 0xFF.
    fn jpeg() -> Vec<u8> {
        let mut state = 1_u32;
        let pixels: Vec<u8> = (0..64 * 64)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 100)
            .encode(&pixels, 64, 64, image::ExtendedColorType::L8)
            .unwrap();
        file
    }

    #[test]
    fn a_file_cut_at_any_length_is_refused() {
        let file = jpeg();
        let stuffed = file.windows(2).any(|w| w == [0xFF, 0x00]);
        assert!(stuffed, "compressed data must hold 0xFF");
        assert!(Image::decode(&file).is_ok());
        for length in 1..file.len() {
            assert!(!is_whole(&file[..length]), "{length} of {}", file.len());
            assert!(Image::decode(&file[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn bytes_after_the_end_do_not_matter() {
        let mut file = jpeg();
        file.extend([0, 0xFF, 7]);
        assert!(is_whole(&file));
        assert!(Image::decode(&file).is_ok());
    }

    #[test]
    fn the_end_of_a_preview_is_not_the_end() {
        // An application segment that holds a whole picture, as cameras write them.
        let whole = jpeg();
        let preview = &whole[..];
        let length = (preview.len() + 2) as u16;
        let mut file = vec![0xFF, 0xD8, 0xFF, 0xE1];
        file.extend(length.to_be_bytes());
        file.extend(preview);
        file.extend(&whole[2..]);
        assert!(is_whole(&file));
        assert!(!is_whole(&file[..file.len() - 2]));
    }

    #[test]
    fn segments_that_claim_too_much_end_the_search() {
        assert!(!is_whole(&[
            0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 0, 0xFF, 0xD9
        ]));
        assert!(!is_whole(&[0xFF, 0xD8, 0xFF]));
        assert!(!is_whole(&[0xFF, 0xD8, 0xFF, 0xE0, 0]));
    }
}
