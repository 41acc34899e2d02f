//! The two weights of Inter that sheets are set in: how wide a text is, and where it is to be broken.

use crate::{Error, Result};
use ab_glyph::{Font, FontRef, GlyphId};

/// How bold a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For reading.
    Regular,
    /// For what is read first.
    SemiBold,
}

impl Weight {
    /// Both weights.
    pub const ALL: [Self; 2] = [Self::Regular, Self::SemiBold];

    /// The OpenType file.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
            Self::SemiBold => include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"),
        }
    }
}

/// Both weights, ready for measuring.
pub struct Fonts {
    fonts: [FontRef<'static>; 2],
}

impl Fonts {
    /// The embedded fonts.
    ///
    /// # Errors
    /// When they cannot be read, which is an error of this program.
    pub fn new() -> Result<Self> {
        let read = |weight: Weight| {
            FontRef::try_from_slice(weight.bytes())
                .map_err(|e| Error::Internal(format!("the embedded font cannot be read: {e}")))
        };
        Ok(Self {
            fonts: [read(Weight::Regular)?, read(Weight::SemiBold)?],
        })
    }

    /// The font of a weight.
    pub fn of(&self, weight: Weight) -> &FontRef<'static> {
        &self.fonts[usize::from(weight == Weight::SemiBold)]
    }

    /// The letters of a text as glyphs, those that the font lacks as question marks.
    pub fn glyphs(&self, weight: Weight, text: &str) -> Vec<(GlyphId, char)> {
        let font = self.of(weight);
        let found = |c: char| match font.glyph_id(c) {
            GlyphId(0) => (font.glyph_id('?'), c),
            id => (id, c),
        };
        text.chars().map(found).collect()
    }

    /// How far a glyph advances, in type of size 1.
    pub fn advance(&self, weight: Weight, glyph: GlyphId) -> f32 {
        let font = self.of(weight);
        font.h_advance_unscaled(glyph) / font.units_per_em().unwrap_or(1000.0)
    }

    /// The width of a text.
    pub fn width(&self, weight: Weight, size: f32, text: &str) -> f32 {
        let glyphs = self.glyphs(weight, text);
        let advances = glyphs.iter().map(|(g, _)| self.advance(weight, *g));
        size * advances.sum::<f32>()
    }

    /// A text cut short with an ellipsis, if it is wider than there is room.
    pub fn shortened(&self, weight: Weight, size: f32, text: &str, room: f32) -> String {
        if self.width(weight, size, text) <= room {
            return text.to_owned();
        }
        let mut short: Vec<char> = text.chars().collect();
        while short.pop().is_some() {
            let with: String = short.iter().collect::<String>().trim_end().to_owned() + "…";
            if self.width(weight, size, &with) <= room {
                return with;
            }
        }
        String::new()
    }

    /// A text broken into lines that are not wider than there is room, unless a word is.
    pub fn lines(&self, weight: Weight, size: f32, text: &str, room: f32) -> Vec<String> {
        let mut lines: Vec<String> = vec![];
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(weight, size, &format!("{line} {word}")) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_that_sheets_use_is_in_the_font() {
        let fonts = Fonts::new().unwrap();
        for weight in Weight::ALL {
            for c in "ρ×–“”…ąé²½·0123456789 Hzs.,()".chars() {
                assert_ne!(fonts.of(weight).glyph_id(c), GlyphId(0), "{c}");
            }
        }
    }

    #[test]
    fn long_texts_are_broken_or_cut_to_the_room() {
        let fonts = Fonts::new().unwrap();
        let text = "A model metamer is a stimulus whose activations match";
        let lines = fonts.lines(Weight::Regular, 10.0, text, 100.0);
        assert!(lines.len() > 2 && lines.join(" ") == text);
        for line in &lines {
            assert!(fonts.width(Weight::Regular, 10.0, line) <= 100.0);
        }
        let short = fonts.shortened(Weight::Regular, 10.0, text, 60.0);
        assert!(short.ends_with('…') && fonts.width(Weight::Regular, 10.0, &short) <= 60.0);
        assert_eq!(fonts.shortened(Weight::Regular, 10.0, "cat", 60.0), "cat");
    }
}
