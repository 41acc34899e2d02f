//! Exports of real runs: what is planned is what is written, and what is written is right; pages and experiments are used
//! in a real browser.

#[path = "../support/program.rs"]
mod program;

mod animations;
mod browser;
mod experiment;
mod page;
mod pages_of_files;
mod runs;
mod set;
mod tables;
mod writing;
