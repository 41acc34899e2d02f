//! A session as its owner sees it: orders go in, news comes out, and the newest frames lie where they can be taken.

use super::job::Job;
use super::live::Frames;
use super::messages::{Command, Event, JobId};
use super::news::News;
use super::worker::Worker;
use crate::network::executor::MOST_ITEMS;
use crate::{Error, Result};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How a session behaves, apart from what it runs.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Steps between checkpoints of runs that have a folder.
    pub checkpoint_steps: u64,
    /// The least time between two frames or progress reports.
    pub frame_interval: Duration,
    /// Whether runs keep snapshots of their stimulus; results are the same either way.
    pub history: bool,
    /// How many runs of the queue go on together where they share a network, its weights read once for all: 1 to
    /// [`MOST_ITEMS`]. Results are the same either way; each takes memory. Only `cpu` takes more than one.
    pub together: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            checkpoint_steps: 250,
            frame_interval: Duration::from_millis(33),
            history: true,
            together: 1,
        }
    }
}

/// How many reports may wait for a listener; progress is joined together when the listener is slow.
const WAITING_EVENTS: usize = 256;

/// A running worker, as its owner sees it.
pub struct Session {
    commands: Sender<Command>,
    events: Receiver<Event>,
    frames: Arc<Frames>,
    thread: Option<std::thread::JoinHandle<()>>,
    next: u64,
}

impl Session {
    /// Starts a worker. `notify` is called, on the worker's thread, whenever there is something new to look at.
    ///
    /// # Errors
    /// When more runs are to go on together than an executor takes, or the operating system refuses the thread.
    pub fn start(options: SessionOptions, notify: impl Fn() + Send + 'static) -> Result<Self> {
        if !(1..=MOST_ITEMS).contains(&options.together) {
            let found = options.together;
            return Err(Error::value(
                "batch",
                format!("must be 1 to {MOST_ITEMS} runs at once, found {found}"),
            ));
        }
        let (commands, orders) = unbounded();
        let (reports, events) = bounded(WAITING_EVENTS);
        let frames = Arc::new(Frames::default());
        let worker = Worker {
            options,
            orders,
            news: News {
                reports,
                notify: Box::new(notify),
                frames: frames.clone(),
                interval: options.frame_interval,
            },
            queue: VecDeque::new(),
            quitting: false,
            executor: None,
            members: vec![],
            beginning: None,
        };
        let thread = std::thread::Builder::new()
            .name("synthesis".into())
            .spawn(move || worker.run())
            .map_err(|e| Error::Internal(format!("no thread for the synthesis: {e}")))?;
        Ok(Self {
            commands,
            events,
            frames,
            thread: Some(thread),
            next: 0,
        })
    }

    /// Adds a run to the queue and returns its number.
    pub fn enqueue(&mut self, job: Job) -> JobId {
        let id = JobId(self.next);
        self.next += 1;
        self.send(Command::Enqueue(id, Box::new(job)));
        id
    }

    /// Gives an order. An order to a worker that has ended has no effect.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// A sender of orders for other threads, such as a signal handler's.
    pub fn commands(&self) -> Sender<Command> {
        self.commands.clone()
    }

    /// News, in order.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Where the newest frames lie.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Ends the worker, with checkpoints of the runs that were going on, and waits for it. Later news is thrown away.
    pub fn quit(&mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            // The worker may be waiting for a place in the channel.
            while !thread.is_finished() {
                let _ = self.events.recv_timeout(Duration::from_millis(10));
            }
            let _ = thread.join();
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.quit();
    }
}
