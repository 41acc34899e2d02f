//! What finished runs can become, and the choices that there are about it.

use super::jspsych::{self, Task};
use super::sheet::{self, Format};
use super::{ColourMap, Plan, Set, animation, html, npz, repository2023, stimuli};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// What finished runs are to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page to show and hear them on.
    Html,
    /// A contact sheet.
    Sheet(Format),
    /// A folder of pictures or sounds with a table.
    Stimuli,
    /// An archive of arrays.
    Npz,
    /// An experiment.
    JsPsych,
    /// The layout of the 2023 paper's repository.
    Repository2023,
    /// How the metamers came to be.
    Animation,
}

/// Choices about an export.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What stands at the top; by default the models and stimuli.
    pub title: Option<String>,
    /// The colours of cochleagrams.
    pub colour_map: ColourMap,
    /// What an experiment asks.
    pub task: Task,
}

impl Kind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Html,
        Self::Sheet(Format::Png),
        Self::Sheet(Format::Svg),
        Self::Sheet(Format::Pdf),
        Self::Stimuli,
        Self::Npz,
        Self::JsPsych,
        Self::Repository2023,
        Self::Animation,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Sheet(Format::Png) => "sheet-png",
            Self::Sheet(Format::Svg) => "sheet-svg",
            Self::Sheet(Format::Pdf) => "sheet-pdf",
            Self::Stimuli => "stimuli",
            Self::Npz => "npz",
            Self::JsPsych => "jspsych",
            Self::Repository2023 => "mturk2023",
            Self::Animation => "animation",
        }
    }

    /// The name shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Html => "Demonstration page",
            Self::Sheet(Format::Png) => "Contact sheet, PNG",
            Self::Sheet(Format::Svg) => "Contact sheet, SVG",
            Self::Sheet(Format::Pdf) => "Contact sheet, PDF",
            Self::Stimuli => "Stimuli with a table",
            Self::Npz => "Arrays for NumPy",
            Self::JsPsych => "Experiment (jsPsych)",
            Self::Repository2023 => "Names of the 2023 repository",
            Self::Animation => "Animations",
        }
    }

    /// What it is good for, in a sentence.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Html => {
                "One HTML file with every picture and sound, to click, listen and compare; needs no network"
            }
            Self::Sheet(Format::Png) => {
                "Every metamer on one picture, with scales, verdicts and citations; for slides"
            }
            Self::Sheet(Format::Svg) => "The same sheet with text that can be edited; for figures",
            Self::Sheet(Format::Pdf) => {
                "The same sheet as a page with text that can be searched; for print"
            }
            Self::Stimuli => {
                "A folder of every reference and metamer as PNG or WAV, with a CSV of one row a file"
            }
            Self::Npz => {
                "One .npz with every metamer, reference and cochleagram as float32, and an index as CSV and JSON"
            }
            Self::Animation => {
                "A folder with a GIF of each metamer from noise to end, and a WAV of each sound that forms while it is heard"
            }
            Self::Repository2023 => {
                "A folder laid out and named like the 2023 paper's repository, with the JSON that its online experiments read"
            }
            Self::JsPsych => {
                "A folder with an experiment that runs in a browser and saves its answers as CSV; needs no network"
            }
        }
    }

    /// The extension of the one file that it writes or begins with; none of a folder.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Html => Some("html"),
            Self::Sheet(Format::Png) => Some("png"),
            Self::Sheet(Format::Svg) => Some("svg"),
            Self::Sheet(Format::Pdf) => Some("pdf"),
            Self::Npz => Some("npz"),
            Self::Stimuli | Self::JsPsych | Self::Repository2023 | Self::Animation => None,
        }
    }

    /// The kind called `name`.
    ///
    /// # Errors
    /// When there is none; the error suggests the nearest names.
    pub fn find(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|k| k.name() == name);
        found.ok_or_else(|| Error::unknown("kind of export", name, Self::ALL.map(Self::name)))
    }

    /// A name for a file or folder of this kind.
    pub fn suggested_name(self, set: &Set) -> PathBuf {
        let stem = match set.stimuli.as_slice() {
            [one] => one.name.clone(),
            _ => "metamers".into(),
        };
        match self.extension() {
            Some(extension) => format!("{stem}.{extension}").into(),
            None => format!("{stem}-{}", self.name()).into(),
        }
    }
}

/// What an export of `set` at `out` will write; nothing is written yet. `out` is a folder or a file, as the kind has it.
///
/// # Errors
/// When the set holds nothing that the kind can show, or `out` has the wrong extension.
pub fn plan<'a>(set: &'a Set, kind: Kind, options: &Options, out: &Path) -> Result<Plan<'a>> {
    if out.file_name().is_none() {
        return Err(Error::file(out, "Is no name for a file or folder"));
    }
    if let Some(extension) = kind.extension()
        && !out
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(extension))
    {
        return Err(Error::file(
            out,
            format!("The name must end in .{extension}"),
        ));
    }
    match kind {
        Kind::Html => Ok(html::plan(set, options, out)),
        Kind::Sheet(format) => sheet::plan(set, options, format, out),
        Kind::Stimuli => stimuli::plan(set, out),
        Kind::Npz => npz::plan(set, out),
        Kind::Animation => animation::plan(set, options, out),
        Kind::Repository2023 => repository2023::plan(set, out),
        Kind::JsPsych => jspsych::plan(set, options, out),
    }
}
