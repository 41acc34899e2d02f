//! Named procedures: the two papers', a fast one that comes as far in fewer steps, and one for a quick look. Each is a TOML file with every field spelt out.

use super::Procedure;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A procedure with a name and a sentence about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The name used on the command line; a file's own name where it came from a file.
    #[serde(skip)]
    pub name: String,
    /// The name shown to people.
    pub title: String,
    /// What it does and where it comes from.
    pub summary: String,
    /// The fields.
    pub procedure: Procedure,
}

const EMBEDDED: [(&str, &str); 4] = [
    ("quick", include_str!("../../assets/recipes/quick.toml")),
    ("fast", include_str!("../../assets/recipes/fast.toml")),
    (
        "feather2019",
        include_str!("../../assets/recipes/feather2019.toml"),
    ),
    (
        "feather2023",
        include_str!("../../assets/recipes/feather2023.toml"),
    ),
];

/// The same procedures for sounds, which differ in start, clipping and level.
const FOR_SOUNDS: [(&str, &str); 4] = [
    (
        "quick",
        include_str!("../../assets/recipes/sound/quick.toml"),
    ),
    ("fast", include_str!("../../assets/recipes/sound/fast.toml")),
    (
        "feather2019",
        include_str!("../../assets/recipes/sound/feather2019.toml"),
    ),
    (
        "feather2023",
        include_str!("../../assets/recipes/sound/feather2023.toml"),
    ),
];

/// The names of the embedded recipes.
pub fn names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

/// The embedded recipe called `name`, or the recipe in the file of that path.
///
/// # Errors
/// When there is neither, or the file is no recipe.
pub fn find(name: &str) -> Result<Recipe> {
    find_among(&EMBEDDED, name)
}

/// As [`find`], with each embedded procedure as it is for sounds.
///
/// # Errors
/// When there is none of that name, or the file is no recipe.
pub fn find_for_sounds(name: &str) -> Result<Recipe> {
    find_among(&FOR_SOUNDS, name)
}

fn find_among(embedded: &[(&str, &str)], name: &str) -> Result<Recipe> {
    if let Some((name, text)) = embedded.iter().find(|(n, _)| *n == name) {
        return parse(name, text)
            .map_err(|reason| Error::Internal(format!("recipe {name}: {reason}")));
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e == "toml") {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        return parse(&stem, &text).map_err(|reason| Error::file(path, reason));
    }
    Err(Error::unknown("recipe", name, names()))
}

fn parse(name: &str, text: &str) -> Result<Recipe, String> {
    let mut recipe: Recipe = toml::from_str(text).map_err(|e| e.to_string())?;
    recipe.procedure.validate().map_err(|e| e.to_string())?;
    recipe.name = name.to_owned();
    Ok(recipe)
}

#[cfg(test)]
mod tests {
    use super::super::start::Start;
    use super::*;

    #[test]
    fn every_embedded_recipe_is_valid_and_round_trips() {
        for name in names() {
            for recipe in [find(name).unwrap(), find_for_sounds(name).unwrap()] {
                let mut back: Recipe = toml::from_str(&toml::to_string(&recipe).unwrap()).unwrap();
                back.name = name.into();
                assert_eq!(back, recipe);
            }
        }
    }

    #[test]
    fn sounds_start_as_each_paper_has_it() {
        let start = |name| {
            let p = find_for_sounds(name).unwrap().procedure;
            (p.start, p.start_sd, p.start_mean, p.clip)
        };
        assert_eq!(start("feather2019"), (Start::Pink, 0.01, 0.0, false));
        assert_eq!(start("feather2023"), (Start::Normal, 1e-7, 0.0, true));
    }

    #[test]
    fn unknown_recipes_and_unknown_fields_are_refused() {
        assert!(
            find("feather2032")
                .unwrap_err()
                .to_string()
                .contains("did you mean")
        );
        let text = EMBEDDED[0]
            .1
            .replace("[procedure]", "[procedure]\nlerning_rate = 1");
        assert!(parse("x", &text).unwrap_err().contains("lerning_rate"));
    }
}
