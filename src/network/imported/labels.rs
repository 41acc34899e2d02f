//! Class names in the order of the logits.

use crate::formats::pickle::{self, Pickle};
use crate::{Error, Result};
use std::path::Path;

/// More classes than this are none.
const MAX: usize = 1 << 20;

/// Class names from the word encodings of either paper, or from a text with one name a line.
///
/// # Errors
/// When the file holds neither.
pub fn read(path: &Path) -> Result<Vec<String>> {
    let bytes = crate::formats::input::read(path)?;
    if pickle::is_one(&bytes) {
        let pickle = pickle::decode(bytes).map_err(|reason| Error::file(path, reason))?;
        return from_pickle(&pickle)
            .ok_or_else(|| Error::file(path, "Holds no class names ('word_idx_to_word')"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::file(path, "Is neither a pickle nor a text with a name a line"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What a pickle has under `word_idx_to_word`: numbers from 0 without gaps, and words.
pub fn from_pickle(pickle: &Pickle) -> Option<Vec<String>> {
    let dict = pickle.get(pickle.root(), "word_idx_to_word")?;
    let pairs = pickle.pairs(dict)?;
    if pairs.len() > MAX {
        return None;
    }
    let mut words = vec![None; pairs.len()];
    for (index, word) in pairs {
        let index = usize::try_from(pickle.integer(*index)?).ok()?;
        *words.get_mut(index)? = Some(pickle.text(*word)?.to_owned());
    }
    words.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the authors' file has it: protocol 3, the numbers numpy scalars.
    #[test]
    fn words_are_found_by_numpy_numbers_in_any_order() {
        let mut bytes = b"\x80\x03}X\x10\x00\x00\x00word_idx_to_word}(".to_vec();
        let scalar = b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\x00\x00\x00i8K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08";
        for (index, word) in [(1u64, "ability"), (0, "__nullSignal__")] {
            bytes.extend(scalar);
            bytes.extend(index.to_le_bytes());
            bytes.extend(b"\x86R");
            bytes.push(b'X');
            bytes.extend((word.len() as u32).to_le_bytes());
            bytes.extend(word.as_bytes());
        }
        bytes.extend(b"us.");
        let words = from_pickle(&pickle::decode(bytes.clone()).unwrap()).unwrap();
        assert_eq!(words, ["__nullSignal__", "ability"]);
        // A gap is no numbering.
        let at = bytes
            .windows(8)
            .position(|w| w == 1u64.to_le_bytes())
            .unwrap();
        bytes[at] = 2;
        assert!(from_pickle(&pickle::decode(bytes).unwrap()).is_none());
    }
}
