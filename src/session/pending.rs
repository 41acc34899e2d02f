//! What happened since the last report.

use super::history::Snapshot;
use super::live::Live;
use super::trace::TraceRow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What has not been reported yet.
pub(super) struct Pending {
    pub(super) rows: Vec<TraceRow>,
    pub(super) snapshots: Vec<Arc<Snapshot>>,
    pub(super) live: Option<Live>,
    pub(super) published: Instant,
    /// When recent steps ended, for the rate.
    pub(super) recent: VecDeque<Instant>,
}

impl Pending {
    pub(super) fn new() -> Self {
        Self {
            rows: vec![],
            snapshots: vec![],
            live: None,
            published: Instant::now(),
            recent: VecDeque::new(),
        }
    }

    pub(super) fn stepped(&mut self) {
        let now = Instant::now();
        self.recent.push_back(now);
        while self.recent.len() > 2 && now - self.recent[0] > Duration::from_secs(5) {
            self.recent.pop_front();
        }
    }

    pub(super) fn rate(&self) -> f64 {
        match (self.recent.front(), self.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.recent.len() - 1) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }
}
