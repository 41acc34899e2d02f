//! The tour: what the window is for, page by page, in about a minute. It can be left at any time.

use super::page::Page;

/// A stop of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The page that it is about.
    pub page: Page,
    /// What it is about.
    pub title: &'static str,
    /// What there is to know.
    pub text: &'static str,
}

/// All stops.
pub const STOPS: [Stop; 6] = [
    Stop {
        page: Page::Make,
        title: "A stimulus that is the same to a network",
        text: "A model metamer has the activations of a reference at one layer of a network, though the two may look or sound nothing alike. On the left you choose the reference (or drop your own picture or sound on the window), the network and the layer; the button below starts.",
    },
    Stop {
        page: Page::Make,
        title: "Watch it come out of noise",
        text: "Reference and metamer stand side by side. The sentence below them tells whether the match is real so far: correlations above those of every random pair, and the same class. Pause, go on or stop at any time; nothing is lost.",
    },
    Stop {
        page: Page::Ladder,
        title: "Every layer at a glance",
        text: "The ladder has one metamer a layer, in the network's order, and a row for each seed. One button makes what is missing. Keys 1 to 9 show or play a layer, 0 the reference.",
    },
    Stop {
        page: Page::Inspect,
        title: "Look into one",
        text: "Wipe, blink or difference, down to the pixel; activations channel by channel; and the whole optimisation as a film.",
    },
    Stop {
        page: Page::Library,
        title: "Nothing gets lost",
        text: "Every finished run is kept with all that is needed to make it again: find, tag, vary, reproduce to the bit. What is deleted can be taken back.",
    },
    Stop {
        page: Page::Ladder,
        title: "Show it to others",
        text: "F5 presents full screen, with one key a layer. Ctrl E writes a page, a contact sheet, a set of stimuli or an experiment. Ctrl K finds every command, F1 lists every key.",
    },
];
