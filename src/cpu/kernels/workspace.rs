//! Scratch memory that each thread has for itself.

use super::lanes::Lane;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One buffer for each thread of a pool.
#[derive(Default)]
pub struct Workspaces(Vec<Mutex<Vec<Lane>>>);

impl Workspaces {
    /// Room for `lanes` lanes on each of `threads` threads.
    pub fn new(threads: usize, lanes: usize) -> Self {
        Self(
            (0..threads)
                .map(|_| Mutex::new(vec![Lane::ZERO; lanes]))
                .collect(),
        )
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The buffer of the thread that asks, of which nothing is known but its length. A task that holds it must not wait
    /// for other tasks; then nobody else wants it, and the lock never waits.
    pub fn own(&self) -> MutexGuard<'_, Vec<Lane>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        self.0[thread % self.0.len()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
