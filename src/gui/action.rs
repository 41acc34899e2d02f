//! Everything that can be done without further words, with its label, explanation and key. Buttons, keys, the command
//! palette and the list of shortcuts are all made from this.

use super::ladder::Rung;
use super::state::{Phase, State};
use egui::{Key, KeyboardShortcut, Modifiers};

/// Something that a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Turn to the page where one metamer is made.
    Make,
    /// Turn to the ladder.
    Ladder,
    /// Turn to the page where one metamer is looked into.
    Inspect,
    /// Turn to all runs.
    Library,
    /// Show the ladder to an audience.
    Present,
    /// Make what is missing in the ladder.
    MakeLadder,
    /// Export what the page shows.
    Export,
    /// Tell metamers from their reference, blind.
    Abx,
    /// Say what metamers are.
    Guess,
    /// Take back what was done last.
    Undo,
    /// Start a run, or one for each chosen layer.
    Start,
    /// Hold the run.
    Pause,
    /// Go on, with a held or an ended run.
    Resume,
    /// End the run with a checkpoint.
    Stop,
    /// Take the run back to its noise.
    BackToStart,
    /// Add the chosen layers to the queue.
    AddToQueue,
    /// Show the reference in the metamer's place while the key is held.
    Compare,
    /// Play or hold the sound.
    Listen,
    /// Hear the other of reference and metamer, at the same place.
    Switch,
    /// A little back in the sound.
    Back,
    /// A little on in the sound.
    Forward,
    /// Whether the sound begins again at its end.
    Loop,
    /// Whether reference and metamer are played equally loud.
    MatchLevels,
    /// Choose a stimulus from a file.
    OpenFile,
    /// The authors' files that can be fetched.
    Published,
    /// Take the picture from the clipboard.
    PastePicture,
    /// The next stimulus in the list.
    NextStimulus,
    /// The stimulus before.
    PreviousStimulus,
    /// The next layer.
    NextLayer,
    /// The layer before.
    PreviousLayer,
    /// Choose every layer.
    AllLayers,
    /// Show or hide the recipe's fields.
    ShowFields,
    /// Take back all changes to the recipe's fields.
    ResetFields,
    /// Write the metamer as PNG.
    ExportPng,
    /// Write the metamer as WAV.
    ExportWav,
    /// Write the metamer as an array.
    ExportNpy,
    /// Copy the metamer's picture.
    CopyPicture,
    /// Copy the whole run folder.
    ExportFolder,
    /// Copy the path of the run folder.
    CopyFolderPath,
    /// Show the run folder in the file manager.
    OpenFolder,
    /// Choose where results are kept.
    ChooseResults,
    /// Go on with the runs that were left unfinished.
    ResumeUnfinished,
    /// Leave them where they are.
    LeaveUnfinished,
    /// The next of system, dark and light.
    SwitchTheme,
    /// The command palette.
    Commands,
    /// The list of shortcuts.
    Shortcuts,
    /// Take the tour.
    Tour,
    /// Close the window.
    Quit,
}

/// All actions, in the order in which they are listed.
pub const ALL: [Action; 48] = [
    Action::Make,
    Action::Ladder,
    Action::Inspect,
    Action::Library,
    Action::Present,
    Action::MakeLadder,
    Action::Export,
    Action::Abx,
    Action::Guess,
    Action::Undo,
    Action::Start,
    Action::Pause,
    Action::Resume,
    Action::Stop,
    Action::BackToStart,
    Action::AddToQueue,
    Action::Compare,
    Action::Listen,
    Action::Switch,
    Action::Back,
    Action::Forward,
    Action::Loop,
    Action::MatchLevels,
    Action::OpenFile,
    Action::Published,
    Action::PastePicture,
    Action::NextStimulus,
    Action::PreviousStimulus,
    Action::NextLayer,
    Action::PreviousLayer,
    Action::AllLayers,
    Action::ShowFields,
    Action::ResetFields,
    Action::ExportPng,
    Action::ExportWav,
    Action::ExportNpy,
    Action::CopyPicture,
    Action::ExportFolder,
    Action::CopyFolderPath,
    Action::OpenFolder,
    Action::ChooseResults,
    Action::ResumeUnfinished,
    Action::LeaveUnfinished,
    Action::SwitchTheme,
    Action::Commands,
    Action::Shortcuts,
    Action::Tour,
    Action::Quit,
];

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Action {
    /// What it is called on buttons and in the palette.
    pub fn label(self) -> &'static str {
        match self {
            Self::Make => "Make",
            Self::Ladder => "Ladder",
            Self::Inspect => "Inspect",
            Self::Library => "Library",
            Self::Present => "Present",
            Self::MakeLadder => "Make ladder",
            Self::Export => "Page, sheet, stimuli or experiment",
            Self::Abx => "Blind test (ABX)",
            Self::Guess => "Guess what it is",
            Self::Undo => "Undo",
            Self::Start => "Start",
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::Stop => "Stop",
            Self::BackToStart => "Back to start",
            Self::AddToQueue => "Add to queue",
            Self::Compare => "Compare",
            Self::Listen => "Listen",
            Self::Switch => "Switch what is heard",
            Self::Back => "Back in the sound",
            Self::Forward => "On in the sound",
            Self::Loop => "Loop",
            Self::MatchLevels => "Equal level",
            Self::OpenFile => "Open file",
            Self::Published => "Published models",
            Self::PastePicture => "Paste picture",
            Self::NextStimulus => "Next stimulus",
            Self::PreviousStimulus => "Previous stimulus",
            Self::NextLayer => "Next layer",
            Self::PreviousLayer => "Previous layer",
            Self::AllLayers => "Choose all layers",
            Self::ShowFields => "Recipe fields",
            Self::ResetFields => "Reset recipe fields",
            Self::ExportPng => "Save metamer as PNG",
            Self::ExportWav => "Save metamer as WAV",
            Self::ExportNpy => "Save metamer as npy",
            Self::CopyPicture => "Copy metamer picture",
            Self::ExportFolder => "Save whole run folder to",
            Self::CopyFolderPath => "Copy path of run folder",
            Self::OpenFolder => "Open run folder",
            Self::ChooseResults => "Change results folder",
            Self::ResumeUnfinished => "Resume unfinished runs",
            Self::LeaveUnfinished => "Leave unfinished runs",
            Self::SwitchTheme => "Switch theme",
            Self::Commands => "Commands",
            Self::Shortcuts => "Keyboard shortcuts",
            Self::Tour => "Take the tour",
            Self::Quit => "Quit",
        }
    }

    /// What it does, in a sentence.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Make => "One metamer in the making: choose, start, watch",
            Self::Ladder => {
                "The reference and the metamers of every layer, side by side in the network's order"
            }
            Self::Inspect => "One metamer, looked into: differences, activations, its history",
            Self::Library => "All runs: find, tag, open, reproduce, delete",
            Self::Present => "Full screen, black and large, with a key for each layer",
            Self::MakeLadder => {
                "Make a metamer at every layer of the ladder, for every seed, where there is none yet"
            }
            Self::Export => {
                "A page, a contact sheet, stimuli with a table, arrays or an experiment, of the finished metamers that this page shows"
            }
            Self::Abx => {
                "Can you tell a metamer from its reference? A, B, and X, which is one of them; answers and d′ are kept"
            }
            Self::Guess => {
                "Can you say what a metamer is? The layers of the ladder in random order; answers are kept"
            }
            Self::Undo => "Take back what was deleted last",
            Self::Start => "Make a metamer of the chosen stimulus at each chosen layer",
            Self::Pause => "Hold the run where it is",
            Self::Resume => "Go on from where the run was held or stopped",
            Self::Stop => "End the run here; a checkpoint is written, and it can be resumed",
            Self::BackToStart => "Take the run back to the noise that it began from",
            Self::AddToQueue => "Queue the chosen layers behind the present run",
            Self::Compare => "While held, the reference stands in the metamer's place",
            Self::Listen => "Play the sound, or hold it where it is",
            Self::Switch => {
                "Hear the metamer instead of the reference, or the other way round, at the same place"
            }
            Self::Back => "A tenth of a second back",
            Self::Forward => "A tenth of a second on",
            Self::Loop => "Begin again at the end",
            Self::MatchLevels => {
                "Play reference and metamer equally loud; without it, each as loud as its samples say"
            }
            Self::OpenFile => {
                "Choose a picture (PNG, JPEG), a sound (WAV, FLAC, OGG, MP3) or an npy file as the reference; files can also be dropped on the window"
            }
            Self::Published => {
                "Where the authors' networks come from; download and import them, or import files that you have"
            }
            Self::PastePicture => "Use the picture on the clipboard as the reference",
            Self::NextStimulus => "Choose the next reference",
            Self::PreviousStimulus => "Choose the reference before",
            Self::NextLayer => "Choose the next deeper layer",
            Self::PreviousLayer => "Choose the next earlier layer",
            Self::AllLayers => "Choose every layer, to make them one after the other",
            Self::ShowFields => "Show or hide every value that the recipe consists of",
            Self::ResetFields => "Give every field the recipe's own value again",
            Self::ExportPng => {
                "Write the metamer as an 8-bit PNG that carries its full description"
            }
            Self::ExportWav => {
                "Write the metamer as a float32 WAV at the network's rate that carries its full description"
            }
            Self::ExportNpy => "Write the exact metamer as a float32 array",
            Self::CopyPicture => "Put the metamer's picture on the clipboard",
            Self::ExportFolder => "Copy everything about this run to another place",
            Self::CopyFolderPath => "Put the path of the run's folder on the clipboard",
            Self::OpenFolder => "Show the run's folder in the file manager",
            Self::ChooseResults => "Choose the folder in which runs are saved",
            Self::ResumeUnfinished => {
                "Go on with every run that was left unfinished, from its last checkpoint"
            }
            Self::LeaveUnfinished => {
                "Leave unfinished runs where they are; they are offered again next time"
            }
            Self::SwitchTheme => "Dark, light, or as the desktop",
            Self::Commands => "Find any command by typing a part of its name",
            Self::Shortcuts => "Every key at a glance",
            Self::Tour => "What the window is for, page by page, in about a minute",
            Self::Quit => "Close the window",
        }
    }

    /// Its key. Where the model hears, the keys of every sound program belong to the sound: Space plays, Left and Right
    /// move in it, Tab switches what is heard.
    pub fn shortcut(self, hears: bool) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::Make => (CTRL, Key::Num1),
            Self::Ladder => (CTRL, Key::Num2),
            Self::Inspect => (CTRL, Key::Num3),
            Self::Library => (CTRL, Key::Num4),
            Self::Present => (Modifiers::NONE, Key::F5),
            Self::MakeLadder => (CTRL, Key::M),
            Self::Export => (CTRL, Key::E),
            Self::Undo => (CTRL, Key::Z),
            Self::Start | Self::Pause | Self::Resume if hears => (Modifiers::NONE, Key::Enter),
            Self::Listen if hears => (Modifiers::NONE, Key::Space),
            Self::Switch if hears => (Modifiers::NONE, Key::Tab),
            Self::Back if hears => (Modifiers::NONE, Key::ArrowLeft),
            Self::Forward if hears => (Modifiers::NONE, Key::ArrowRight),
            Self::Loop if hears => (Modifiers::NONE, Key::L),
            Self::MatchLevels if hears => (Modifiers::NONE, Key::E),
            Self::NextStimulus if hears => (CTRL, Key::ArrowRight),
            Self::PreviousStimulus if hears => (CTRL, Key::ArrowLeft),
            Self::ExportWav if hears => (CTRL, Key::S),
            Self::ExportPng | Self::CopyPicture if hears => return None,
            Self::Start | Self::Pause | Self::Resume => (Modifiers::NONE, Key::Space),
            Self::Stop => (Modifiers::NONE, Key::Escape),
            Self::BackToStart => (Modifiers::NONE, Key::Home),
            Self::AddToQueue => (CTRL, Key::Enter),
            Self::Compare => (Modifiers::NONE, Key::B),
            Self::OpenFile => (CTRL, Key::O),
            Self::PastePicture => (CTRL, Key::V),
            Self::NextStimulus => (Modifiers::NONE, Key::ArrowRight),
            Self::PreviousStimulus => (Modifiers::NONE, Key::ArrowLeft),
            Self::NextLayer => (Modifiers::NONE, Key::ArrowDown),
            Self::PreviousLayer => (Modifiers::NONE, Key::ArrowUp),
            Self::AllLayers => (CTRL, Key::A),
            Self::ShowFields => (Modifiers::NONE, Key::F),
            Self::ExportPng => (CTRL, Key::S),
            Self::ExportNpy => (CTRL_SHIFT, Key::S),
            Self::CopyPicture => (CTRL, Key::C),
            Self::CopyFolderPath => (CTRL_SHIFT, Key::C),
            Self::SwitchTheme => (CTRL, Key::T),
            Self::Commands => (CTRL, Key::K),
            Self::Shortcuts => (Modifiers::NONE, Key::F1),
            Self::Quit => (CTRL, Key::Q),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// Its key in words, as shown on buttons.
    pub fn keys(self, hears: bool) -> String {
        let Some(KeyboardShortcut {
            modifiers,
            logical_key,
        }) = self.shortcut(hears)
        else {
            return String::new();
        };
        let key = match logical_key {
            Key::Space => "Space",
            Key::Escape => "Esc",
            Key::ArrowUp => "Up",
            Key::ArrowDown => "Down",
            Key::ArrowLeft => "Left",
            Key::ArrowRight => "Right",
            other => other.name(),
        };
        let command = if cfg!(target_os = "macos") {
            "Cmd "
        } else {
            "Ctrl "
        };
        let shift = if modifiers.shift { "Shift " } else { "" };
        format!(
            "{}{shift}{key}",
            if modifiers.command { command } else { "" }
        )
    }

    /// Whether it can be done now, and if not, why.
    pub fn possible(self, state: &State) -> Result<(), &'static str> {
        let phase = state.active().map(|r| &r.phase);
        let when = |condition: bool, otherwise| if condition { Ok(()) } else { Err(otherwise) };
        let ready = state.model.is_some();
        match self {
            Self::MakeLadder => when(ready, "The model is still being loaded").and(when(
                !state.ladder().missing().is_empty(),
                "Every metamer of the ladder is made or on its way",
            )),
            Self::Present => when(
                state.ladder().rungs.iter().flatten().any(Rung::is_made),
                "There is nothing to present yet; make a ladder first",
            ),
            Self::Abx | Self::Guess => when(
                state.ladder().rungs.iter().flatten().any(Rung::is_made),
                "There is nothing to try yet; make a ladder first",
            ),
            Self::Undo => when(
                !state.shelf.deleted.is_empty(),
                "There is nothing to take back",
            ),
            Self::Start => when(ready, "The model is still being loaded").and(when(
                phase.is_none(),
                "A run is going on; add to the queue instead",
            )),
            Self::Pause => when(matches!(phase, Some(Phase::Running)), "No run is going on"),
            Self::Resume => when(
                matches!(phase, Some(Phase::Paused)) || state.resumable().is_some(),
                "No run is held or stopped",
            ),
            Self::Stop => when(phase.is_some(), "No run is going on"),
            Self::BackToStart => when(state.shown().is_some(), "Nothing has been started"),
            Self::AddToQueue => when(ready, "The model is still being loaded"),
            Self::Compare => when(state.shown().is_some(), "There is no metamer yet"),
            Self::ResetFields => when(state.fields_changed(), "No field was changed"),
            Self::Listen | Self::Back | Self::Forward | Self::Loop | Self::MatchLevels => {
                when(state.hearing.any(), "There is no sound to listen to")
            }
            Self::Switch => when(state.hearing.both(), "There is nothing to switch to yet"),
            Self::ExportPng | Self::CopyPicture if state.hears() => {
                Err("What is shown is a sound; save it as WAV")
            }
            Self::ExportWav if !state.hears() => Err("What is shown is a picture; save it as PNG"),
            Self::ExportPng | Self::ExportWav | Self::ExportNpy | Self::CopyPicture => when(
                state.shown().is_some_and(|r| r.metamer.is_some()),
                "There is no metamer yet",
            ),
            Self::ExportFolder | Self::CopyFolderPath | Self::OpenFolder => when(
                state.shown().is_some_and(|r| r.folder.is_some()),
                "Nothing has been saved yet",
            ),
            Self::ResumeUnfinished => when(
                !state.unfinished.is_empty() && ready,
                "No run was left unfinished",
            ),
            Self::LeaveUnfinished => {
                when(!state.unfinished.is_empty(), "No run was left unfinished")
            }
            _ => Ok(()),
        }
    }

    /// The action of the one primary button.
    pub fn primary(state: &State) -> Self {
        match state.active().map(|r| &r.phase) {
            Some(Phase::Paused) => Self::Resume,
            Some(_) => Self::Pause,
            None if state.resumable().is_some() => Self::Resume,
            None => Self::Start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_action_has_its_own_label_and_only_the_primary_ones_share_a_key() {
        let labels: HashSet<_> = ALL.iter().map(|a| a.label()).collect();
        assert_eq!(labels.len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|a| !a.tooltip().is_empty() && !a.tooltip().ends_with('.'))
        );
        for hears in [false, true] {
            let keys: Vec<_> = ALL.iter().filter_map(|a| a.shortcut(hears)).collect();
            let distinct: HashSet<_> = keys.iter().map(|k| format!("{k:?}")).collect();
            assert_eq!(keys.len(), distinct.len() + 2, "{hears}");
        }
        assert_eq!(
            Action::ExportNpy.keys(false),
            if cfg!(target_os = "macos") {
                "Cmd Shift S"
            } else {
                "Ctrl Shift S"
            }
        );
    }
}
