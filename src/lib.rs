//! Metamer Studio: make, watch and verify model metamers.
//!
//! A *model metamer* is a stimulus that a network cannot tell from a reference: the activations at one chosen layer
//! match, though the two may look nothing alike. They are made by optimising the stimulus by gradient descent (Feather et
//! al., NeurIPS 2019; Nature Neuroscience 2023) and then checked: are the activations more alike than those of any
//! random pair, and is the predicted class the same?
//!
//! # The one idea
//!
//! A network is a [graph](network::Graph) of named, frozen [layers]. A layer does two things: `forward`, and `pullback`,
//! which carries a gradient from its output to its input. Weights never change, so there is no weight gradient anywhere.
//! A step runs the graph only as far as the chosen layer, compares, and walks back.
//!
//! # The rooms
//!
//! | module | what is in it |
//! |---|---|
//! | [`error`] | one error type; messages say what was wrong, where, and what to do |
//! | [`formats`] | `.npy`, `.npz` (also in 8 and 16 bits), `.safetensors`, `.wav`, TensorFlow's checkpoints, Python's pickles, and files that appear whole or not at all |
//! | [`stimulus`] | pictures and sounds: decoding, each paper's cropping, resizing and levels, embedded ones, seeded noise |
//! | [`playback`] | listening: reference and metamer through the sound card, switched at the same sample |
//! | [`layers`] | every layer kind on candle tensors, with the check of its pullback beside it |
//! | [`network`] | the graph, models and where they come from, the [`Executor`](network::Executor) interface and its reference |
//! | [`cpu`] | the fast executor behind the same interface |
//! | [`verify`] | Spearman, Pearson, SNR; null distributions; verdicts; activations channel by channel |
//! | [`synthesis`] | procedures, recipes and specs; losses and optimisers; the stepper, which knows no thread, clock or file |
//! | [`session`] | the worker thread and its messages, run folders, checkpoints, histories |
//! | [`export`] | finished runs as pages, sheets, tables, archives, experiments, animations; colour maps, heat maps and their axes |
//! | [`cli`] | one file a subcommand |
//! | [`gui`] | the window |
//!
//! # Rules
//!
//! A room uses only rooms above it in this table, and `gui` does not use `cli`. candle tensors stop at [`session`]; egui
//! stays in [`gui`]; `unsafe` stays in [`cpu::kernels`]. `tests/architecture.rs` fails when a rule is broken. Outside tests
//! nothing is unwrapped or expected, and nothing panics on purpose because of what a user gave: errors are returned. The
//! compiler's lints below see to it.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable
    )
)]

pub mod cli;
pub mod cpu;
pub mod error;
pub mod export;
pub mod formats;
pub mod gui;
pub mod layers;
pub mod network;
pub mod playback;
pub mod session;
pub mod stimulus;
pub mod synthesis;
pub mod verify;

pub use error::{Error, Result};
