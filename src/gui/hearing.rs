//! What is seen and heard of a pair of sounds.

use super::sound_view::{SoundAxes, SoundView};
use crate::export::{Cells, Shading};
use crate::playback::{Device, Slot, Snapshot};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What stands below the two cochleagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Below {
    /// Nothing: the two have all the room.
    Nothing,
    /// The waveforms of both.
    #[default]
    Waveforms,
    /// Metamer minus reference.
    Difference,
}

impl Below {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Waveforms, Self::Difference];

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Nothing => "Nothing below",
            Self::Waveforms => "Waveforms",
            Self::Difference => "Difference",
        }
    }
}

/// A sound with its cochleagram.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The samples at the network's rate.
    pub samples: Arc<Vec<f32>>,
    /// The cochleagram.
    pub cells: Arc<Cells>,
    /// The step at which a metamer was so.
    pub step: Option<u64>,
}

/// Both sounds that are shown, how they are shown, and how they are played.
#[derive(Clone, Debug, Default)]
pub struct Hearing {
    /// What rows and columns mean, once a model that hears is loaded.
    pub axes: Option<Arc<SoundAxes>>,
    /// What part is in view.
    pub view: Option<SoundView>,
    /// Reference and metamer.
    pub heard: [Option<Heard>; 2],
    /// Metamer minus reference.
    pub difference: Option<Arc<Cells>>,
    /// The colours of both.
    pub shading: Option<Shading>,
    /// The colours of the difference.
    pub difference_shading: Option<Shading>,
    /// The player now; none before a sound was shown.
    pub playback: Option<Snapshot>,
    /// Where sound can go.
    pub devices: Vec<Device>,
}

impl Hearing {
    /// One of the sounds.
    pub fn of(&self, slot: Slot) -> Option<&Heard> {
        self.heard[slot.index()].as_ref()
    }

    /// Whether there is a sound.
    pub fn any(&self) -> bool {
        self.heard.iter().any(Option::is_some)
    }

    /// Whether there are both.
    pub fn both(&self) -> bool {
        self.heard.iter().all(Option::is_some)
    }

    /// The second that is heard now, if the sound is not at its beginning.
    pub fn playhead(&self) -> Option<f64> {
        use crate::playback::State;
        self.playback
            .as_ref()
            .filter(|p| matches!(p.state, State::Playing | State::Paused))
            .map(|p| p.position)
    }
}
