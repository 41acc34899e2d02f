//! What a folder offers to a path that is being typed: where the system has no file dialog, this stands in for it.

use crate::stimulus::{Image, Sound};
use std::path::{Path, PathBuf};

/// More than this are not listed; typing narrows them down.
const MOST: usize = 200;

/// A folder to go into, or a file that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// What is typed when it is chosen; that of a folder ends with a separator.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// A path as it was typed, with `~` for one's own folder.
pub fn expand(text: &str) -> PathBuf {
    let text = text.trim();
    match (text.strip_prefix('~'), home()) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            home.join(rest.trim_start_matches(['/', '\\']))
        }
        _ => PathBuf::from(text),
    }
}

/// One's own folder.
pub fn home() -> Option<PathBuf> {
    directories::UserDirs::new().map(|u| u.home_dir().to_owned())
}

/// Folders and files that begin with what was typed, folders first, each in alphabetical order; of `first` while nothing
/// was typed. What is hidden is offered only when its dot was typed.
pub fn offers(text: &str, first: &Path) -> Vec<Offer> {
    let typed = if text.trim().is_empty() {
        first.join("")
    } else {
        expand(text)
    };
    let typed = typed.to_string_lossy();
    let cut = typed.rfind(std::path::is_separator).map_or(0, |i| i + 1);
    let (folder, begins) = typed.split_at(cut);
    let begins = begins.to_lowercase();
    let place = if folder.is_empty() { "." } else { folder };
    let mut found: Vec<Offer> = std::fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let fits = name.to_lowercase().starts_with(&begins);
            let seen = !name.starts_with('.') || begins.starts_with('.');
            let path = entry.path();
            let is_folder = path.is_dir();
            let mut text = format!("{folder}{name}");
            if is_folder {
                text.push(std::path::MAIN_SEPARATOR);
            }
            (fits && seen && (is_folder || can_be_opened(&path))).then_some(Offer {
                name,
                path: text,
                folder: is_folder,
            })
        })
        .collect();
    found.sort_by_cached_key(|o| (!o.folder, o.name.to_lowercase()));
    found.truncate(MOST);
    found
}

fn can_be_opened(path: &Path) -> bool {
    let array = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    array || Image::names(path) || Sound::names(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_only_what_can_be_opened_is_offered() {
        let place = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.WAV", "c.npy", "notes.txt", ".hidden.png"] {
            std::fs::write(place.path().join(name), "").unwrap();
        }
        std::fs::create_dir(place.path().join("Words")).unwrap();
        let names = |text: &str| -> Vec<String> {
            let found = offers(text, place.path());
            found.into_iter().map(|o| o.name).collect()
        };
        let root = place.path().display();
        assert_eq!(names(""), ["Words", "a.WAV", "b.png", "c.npy"]);
        assert_eq!(names(&format!("{root}/w")), ["Words"]);
        assert_eq!(names(&format!("{root}/B")), ["b.png"]);
        assert_eq!(names(&format!("{root}/.h")), [".hidden.png"]);
        assert!(names(&format!("{root}/nowhere/x")).is_empty());
        let folder = &offers("", place.path())[0];
        assert!(folder.folder && Path::new(&folder.path) == place.path().join("Words"));
        assert!(folder.path.ends_with(std::path::MAIN_SEPARATOR));
    }

    #[test]
    fn a_tilde_is_ones_own_folder_and_nothing_else_is() {
        let home = home().unwrap();
        assert_eq!(expand("~"), home);
        assert_eq!(expand(" ~/a.png "), home.join("a.png"));
        assert_eq!(expand("~a.png"), PathBuf::from("~a.png"));
    }
}
