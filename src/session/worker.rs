//! The worker thread: a queue of runs, the network that they run on, and the orders about both.

use super::device;
use super::handle::SessionOptions;
use super::job::Job;
use super::lockstep::Member;
use super::messages::{Command, Event, JobId};
use super::news::News;
use crate::Result;
use crate::network::Executor;
use crossbeam_channel::{Receiver, TryRecvError};
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(super) struct Worker {
    pub(super) options: SessionOptions,
    pub(super) orders: Receiver<Command>,
    pub(super) news: News,
    pub(super) queue: VecDeque<(JobId, Arc<Job>)>,
    pub(super) quitting: bool,
    /// Kept from run to run, since packing weights takes time: weights, device, threads and convolutions that it was made for.
    pub(super) executor: Option<(String, Box<dyn Executor>)>,
    /// The runs that go on together.
    pub(super) members: Vec<Member>,
    /// The run that is being prepared to join them.
    pub(super) beginning: Option<(JobId, Arc<Job>)>,
}

impl Worker {
    pub(super) fn run(mut self) {
        while !self.quitting {
            if self.queue.is_empty() {
                match self.orders.recv() {
                    Ok(order) => self.obey(order),
                    Err(_) => return,
                }
                continue;
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run_together())) {
                self.give_up(&panic_message(panic.as_ref()));
            }
            if self.queue.is_empty() {
                self.news.report(Event::Idle);
            }
        }
    }

    /// Obeys all orders that are there; where every run is held, and `wait` is set, waits for more.
    pub(super) fn obey_all(&mut self, wait: bool) {
        loop {
            let held = !self.members.is_empty() && self.members.iter().all(|m| m.paused);
            let order = if wait && held {
                self.orders.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                self.orders.try_recv()
            };
            match order {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => return self.obey(Command::Quit),
            }
        }
    }

    fn obey(&mut self, order: Command) {
        match order {
            Command::Enqueue(id, job) => self.queue.push_back((id, job.into())),
            Command::Remove(id) => self.queue.retain(|(other, _)| *other != id),
            Command::Together(most) => self.options.together = most.max(1),
            Command::Quit => {
                self.quitting = true;
                self.queue.clear();
                self.each(None, Self::stop);
            }
            Command::Pause(job) => self.each(job, Self::pause),
            Command::Resume(job) => self.each(job, Self::resume),
            Command::Rewind(job) => self.each(job, Self::rewind),
            Command::Stop(job) => self.each(job, Self::stop),
            Command::Rate(job, factor) => {
                self.each(job, |worker, at| worker.change_rate(at, factor));
            }
            Command::Checkpoint(job) => self.each(job, Self::checkpoint),
        }
    }

    /// Obeys an order about one run, or about all of them; none where it is no longer there.
    fn each(&mut self, job: Option<JobId>, mut order: impl FnMut(&mut Self, usize)) {
        let ids = self.members.iter().map(|m| m.run.id);
        let ids: Vec<JobId> = ids.filter(|id| job.is_none_or(|job| job == *id)).collect();
        for id in ids {
            // An order may end a run, and those after it move up.
            if let Some(at) = self.place(id) {
                order(self, at);
            }
        }
    }

    /// Where a run stands among those that go on.
    pub(super) fn place(&self, id: JobId) -> Option<usize> {
        self.members.iter().position(|m| m.run.id == id)
    }

    pub(super) fn executor_for(&mut self, job: &Job) -> Result<Box<dyn Executor>> {
        let key = executor_key(job);
        match self.executor.take() {
            Some((made_for, executor)) if made_for == key => Ok(executor),
            _ => device::executor(
                job.model.graph.clone(),
                &job.spec.device,
                job.spec.threads,
                job.spec.conv,
            ),
        }
    }

    /// After an error in this program, which may have left executor and runs half-way through a step: what goes on, ends.
    fn give_up(&mut self, message: &str) {
        self.executor = None;
        let beginning = self.beginning.take().map(|(id, job)| {
            let folder = job
                .out
                .as_ref()
                .map(|(root, _)| root.join(format!("{}.partial", job.folder_name())));
            (id, folder)
        });
        let members = std::mem::take(&mut self.members);
        let ended: Vec<_> = members
            .iter()
            .map(|m| (m.run.id, m.run.folder_path()))
            .chain(beginning)
            .collect();
        drop(members);
        for (id, folder) in ended {
            self.news.failed(id, message, folder.filter(|f| f.exists()));
        }
    }
}

/// Jobs with the same key can share an executor.
pub(super) fn executor_key(job: &Job) -> String {
    format!(
        "{} {} {} {:?}",
        job.model.weights_sha256, job.spec.device, job.spec.threads, job.spec.conv
    )
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".into());
    format!(
        "The synthesis ended because of an error in this program: {text}. The last checkpoint is kept; please report this"
    )
}
