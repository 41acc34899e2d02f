//! The pages of the window.

use super::action::Action;
use serde::{Deserialize, Serialize};

/// What the window is turned to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Page {
    /// One metamer in the making.
    #[default]
    Make,
    /// The reference and the metamers of every layer.
    Ladder,
    /// One metamer, looked into.
    Inspect,
    /// All runs.
    Library,
}

impl Page {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 4] = [Self::Make, Self::Ladder, Self::Inspect, Self::Library];

    /// What turns to it; its label is the tab's.
    pub fn action(self) -> Action {
        match self {
            Self::Make => Action::Make,
            Self::Ladder => Action::Ladder,
            Self::Inspect => Action::Inspect,
            Self::Library => Action::Library,
        }
    }
}
