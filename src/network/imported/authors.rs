//! Where the authors' own files come from. Nothing here is fetched unless a person asks for it.

use serde::Serialize;

/// A file that its authors offer for download.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AuthorsFile {
    /// What it is called here.
    pub name: &'static str,
    /// What it holds.
    pub title: &'static str,
    /// Where it is.
    pub link: &'static str,
    /// About how long it is, in megabytes; servers say it exactly.
    pub megabytes: u64,
    /// Under which terms it is offered.
    pub licence: &'static str,
    /// sha256 of its content, where the authors or we know it.
    pub sha256: Option<&'static str>,
    /// What it belongs to: files of the same group make models together.
    pub group: &'static str,
}

impl AuthorsFile {
    /// The group as the name of a folder.
    pub fn folder(&self) -> String {
        self.group.to_lowercase().replace(' ', "-")
    }

    /// Whether it is an archive that holds the files that are wanted.
    pub fn is_archive(&self) -> bool {
        self.link.ends_with(".tar.gz")
    }
}

/// The files of Feather et al. (2019), as their README names them.
pub const FILES: [AuthorsFile; 4] = [
    AuthorsFile {
        name: "vgg19",
        title: "VGG-19, checkpoint of TF-slim (vgg_19.ckpt, in an archive)",
        link: "http://download.tensorflow.org/models/vgg_19_2016_08_28.tar.gz",
        megabytes: 510,
        licence: "CC BY 4.0 (Visual Geometry Group, Oxford), converted by TensorFlow's authors (Apache-2.0)",
        sha256: None,
        group: "VGG-19",
    },
    AuthorsFile {
        name: "vgg19-null",
        title: "null distribution of VGG-19",
        link: "http://mcdermottlab.mit.edu/jfeather/model_metamers/assets/vgg_null_dist_spearman_r.pckl",
        megabytes: 64,
        licence: "MIT",
        sha256: None,
        group: "VGG-19",
    },
    AuthorsFile {
        name: "word-networks",
        title: "both word networks: checkpoints, configurations, null distributions (in an archive)",
        link: "http://mcdermottlab.mit.edu/jfeather/model_metamers/assets/metamers_audio_models_network_files.tar.gz",
        megabytes: 2000,
        licence: "MIT",
        sha256: None,
        group: "Word networks",
    },
    AuthorsFile {
        name: "word-names",
        title: "the 794 words in the order of the networks' classes",
        link: "https://raw.githubusercontent.com/jenellefeather/model_metamers/master/assets/metamer_word_encodings.pckl",
        megabytes: 1,
        licence: "MIT",
        sha256: None,
        group: "Word networks",
    },
];

/// The file called `name`.
///
/// # Errors
/// When there is none; the error suggests the nearest names.
pub fn find(name: &str) -> crate::Result<&'static AuthorsFile> {
    let found = FILES.iter().find(|f| f.name == name);
    found.ok_or_else(|| crate::Error::unknown("download", name, FILES.iter().map(|f| f.name)))
}
