//! The worker thread: takes runs from a queue, steps each to its end, and obeys orders between steps.

use super::checkpoint;
use super::device;
use super::job::Job;
use super::live::{Frame, Live, Slot};
use super::messages::{Command, Event, Finished, JobId, Progress, Started};
use super::run_folder::{Beginning, Contents, FinishedRun, RunFolder};
use super::trace::{Sample, Trace, TraceRow, sampled};
use crate::network::{Executor, Tap};
use crate::synthesis::{StepReport, Synthesis};
use crate::verify::verdict::{self, Predictions, Verdict, top, verify};
use crate::verify::{Comparison, Ranked, Verification};
use crate::{Error, Result};
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, unbounded};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a session behaves, apart from what it runs.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// Steps between checkpoints of runs that have a folder.
    pub checkpoint_steps: u64,
    /// The least time between two frames or progress reports.
    pub frame_interval: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { checkpoint_steps: 250, frame_interval: Duration::from_millis(33) }
    }
}

/// How many reports may wait for a listener; progress is joined together when the listener is slow.
const WAITING_EVENTS: usize = 256;
/// Points of the activation scatter.
const SCATTER_POINTS: usize = 4000;

/// A running worker, as its owner sees it.
pub struct Session {
    commands: Sender<Command>,
    events: Receiver<Event>,
    frames: Arc<Slot<Frame>>,
    thread: Option<std::thread::JoinHandle<()>>,
    next: u64,
}

impl Session {
    /// Starts a worker. `notify` is called, on the worker's thread, whenever there is something new to look at.
    ///
    /// # Errors
    /// When the operating system refuses the thread.
    pub fn start(options: SessionOptions, notify: impl Fn() + Send + 'static) -> Result<Self> {
        let (commands, orders) = unbounded();
        let (reports, events) = bounded(WAITING_EVENTS);
        let frames = Arc::new(Slot::default());
        let worker = Worker {
            options,
            orders,
            reports,
            notify: Box::new(notify),
            frames: frames.clone(),
            queue: VecDeque::new(),
            quitting: false,
            executor: None,
        };
        let thread = std::thread::Builder::new()
            .name("synthesis".into())
            .spawn(move || worker.run())
            .map_err(|e| Error::Internal(format!("no thread for the synthesis: {e}")))?;
        Ok(Self { commands, events, frames, thread: Some(thread), next: 0 })
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

    /// Where the newest frame lies.
    pub fn frames(&self) -> &Slot<Frame> {
        &self.frames
    }

    /// Ends the worker, with a checkpoint if a run was going on, and waits for it. Later news is thrown away.
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

struct Worker {
    options: SessionOptions,
    orders: Receiver<Command>,
    reports: Sender<Event>,
    notify: Box<dyn Fn() + Send>,
    frames: Arc<Slot<Frame>>,
    queue: VecDeque<(JobId, Box<Job>)>,
    quitting: bool,
    /// Kept from run to run, since packing weights takes time: weights, device and threads that it was made for.
    executor: Option<(String, Box<dyn Executor>)>,
}

/// Why a run ended.
enum End {
    Finished(Box<Finished>),
    Stopped { step: u64, folder: Option<PathBuf> },
}

/// A run that could not go on, with the folder that holds its last good state.
struct Failure {
    error: Error,
    folder: Option<PathBuf>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, folder: None }
    }
}

/// What the person wants between two steps.
#[derive(PartialEq, Eq)]
enum Wish {
    GoOn,
    Rewind,
    Stop,
    Checkpoint,
}

impl Worker {
    fn run(mut self) {
        while !self.quitting {
            let Some((id, job)) = self.queue.pop_front() else {
                match self.orders.recv() {
                    Ok(order) => self.obey_between_runs(order),
                    Err(_) => return,
                }
                continue;
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run_job(id, &job)));
            let event = match outcome {
                Ok(Ok(End::Finished(finished))) => Event::Finished(finished),
                Ok(Ok(End::Stopped { step, folder })) => Event::Stopped { job: id, step, folder },
                Ok(Err(Failure { error, folder })) => Event::Failed { job: id, message: error.to_string(), folder },
                Err(panic) => {
                    // The executor may be half-way through a step.
                    self.executor = None;
                    let folder = job.out.as_ref().map(|(root, _)| root.join(format!("{}.partial", job.folder_name())));
                    Event::Failed {
                        job: id,
                        message: panic_message(panic.as_ref()),
                        folder: folder.filter(|f| f.exists()),
                    }
                }
            };
            self.report(event);
            if self.queue.is_empty() {
                self.report(Event::Idle);
            }
        }
    }

    /// Says something that must arrive, waiting for a place if need be.
    fn report(&self, event: Event) {
        let _ = self.reports.send(event);
        (self.notify)();
    }

    fn obey_between_runs(&mut self, order: Command) {
        match order {
            Command::Enqueue(id, job) => self.queue.push_back((id, job)),
            Command::Remove(id) => self.queue.retain(|(other, _)| *other != id),
            Command::Quit => {
                self.quitting = true;
                self.queue.clear();
            }
            // Orders about a run that is no longer there.
            Command::Pause | Command::Resume | Command::Rewind | Command::Stop | Command::Checkpoint => {}
        }
    }

    /// Reads orders; while paused, waits for them.
    fn obey(&mut self, id: JobId) -> Wish {
        let mut paused = false;
        loop {
            let order = if paused {
                match self.orders.recv() {
                    Ok(order) => order,
                    Err(_) => return Wish::Stop,
                }
            } else {
                match self.orders.try_recv() {
                    Ok(order) => order,
                    Err(TryRecvError::Empty) => return Wish::GoOn,
                    Err(TryRecvError::Disconnected) => return Wish::Stop,
                }
            };
            match order {
                Command::Pause if !paused => {
                    paused = true;
                    self.report(Event::Paused(id));
                }
                Command::Resume if paused => {
                    paused = false;
                    self.report(Event::Resumed(id));
                }
                Command::Pause | Command::Resume => {}
                Command::Rewind => {
                    if paused {
                        self.report(Event::Resumed(id));
                    }
                    return Wish::Rewind;
                }
                Command::Stop => return Wish::Stop,
                // A checkpoint does not end a pause.
                Command::Checkpoint if paused => {}
                Command::Checkpoint => return Wish::Checkpoint,
                Command::Quit => {
                    self.obey_between_runs(Command::Quit);
                    return Wish::Stop;
                }
                other => self.obey_between_runs(other),
            }
        }
    }

    fn executor_for(&mut self, job: &Job) -> Result<Box<dyn Executor>> {
        let key = executor_key(job);
        match self.executor.take() {
            Some((made_for, executor)) if made_for == key => Ok(executor),
            _ => device::executor(job.model.graph.clone(), &job.spec.device, job.spec.threads),
        }
    }

    fn run_job(&mut self, id: JobId, job: &Job) -> Result<End, Failure> {
        let mut executor = self.executor_for(job)?;
        let result = self.run_with(id, job, executor.as_mut());
        self.executor = Some((executor_key(job), executor));
        result
    }

    fn run_with(&mut self, id: JobId, job: &Job, executor: &mut dyn Executor) -> Result<End, Failure> {
        let mut run = Run::new(id, job, executor)?;
        if run.complete {
            return Ok(End::Finished(Box::new(run.read_back()?)));
        }
        let at_fault = |run: &Run<'_>, error: Error| Failure { error, folder: run.folder_path() };
        self.report(Event::Started(Box::new(run.started())));
        let mut pending = Pending::new();
        loop {
            match self.obey(id) {
                Wish::GoOn => {}
                Wish::Checkpoint => self.checkpoint(&run).map_err(|e| at_fault(&run, e))?,
                Wish::Rewind => {
                    run.rewind()?;
                    pending = Pending::new();
                    self.report(Event::Rewound(id));
                }
                Wish::Stop => {
                    self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
                    self.publish(&run, &mut pending, true);
                    return Ok(End::Stopped { step: run.synthesis.updates(), folder: run.folder_path() });
                }
            }
            let begun = Instant::now();
            let report = match run.synthesis.step(executor) {
                Ok(report) => report,
                Err(error) => {
                    self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
                    self.publish(&run, &mut pending, true);
                    return Err(at_fault(&run, error));
                }
            };
            run.record(&report, begun.elapsed(), executor, &mut pending)?;
            if report.finished {
                break;
            }
            if run.synthesis.updates().is_multiple_of(self.options.checkpoint_steps.max(1)) {
                self.checkpoint(&run).map_err(|e| at_fault(&run, e))?;
            }
            self.publish(&run, &mut pending, false);
        }
        self.publish(&run, &mut pending, true);
        let verification = run.verify(executor)?;
        let seconds = run.seconds;
        let folder = run.write(verification.as_ref()).map_err(|e| at_fault(&run, e))?;
        Ok(End::Finished(Box::new(run.finished(verification, folder, seconds))))
    }

    fn checkpoint(&self, run: &Run<'_>) -> Result<()> {
        if let Some(folder) = &run.folder {
            folder.write_checkpoint(&run.job.spec, &run.synthesis, &run.trace)?;
            let folder = folder.partial().to_owned();
            self.report(Event::Checkpointed { job: run.id, step: run.synthesis.updates(), folder });
        }
        Ok(())
    }

    /// Shows the newest stimulus and reports the steps since the last time, unless that was a moment ago.
    fn publish(&self, run: &Run<'_>, pending: &mut Pending, now: bool) {
        if !now && pending.published.elapsed() < self.options.frame_interval {
            return;
        }
        let stimulus = Arc::new(run.synthesis.stimulus().to_vec());
        self.frames.put(Frame { job: run.id, step: run.synthesis.updates(), stimulus });
        let progress = Progress {
            job: run.id,
            rows: std::mem::take(&mut pending.rows),
            live: pending.live.take(),
            steps_per_second: pending.rate(),
        };
        let event = Event::Progress(Box::new(progress));
        if now {
            let _ = self.reports.send(event);
        } else if let Err(TrySendError::Full(Event::Progress(progress))) = self.reports.try_send(event) {
            // The listener is busy: keep what it has not heard for the next report.
            pending.rows = progress.rows;
            pending.live = progress.live;
        }
        pending.published = Instant::now();
        (self.notify)();
    }
}

fn executor_key(job: &Job) -> String {
    format!("{} {} {}", job.model.weights_sha256, job.spec.device, job.spec.threads)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".into());
    format!(
        "The synthesis ended because of an error in this program: {text}. The last checkpoint is kept; please report this"
    )
}

/// What has not been reported yet.
struct Pending {
    rows: Vec<TraceRow>,
    live: Option<Live>,
    published: Instant,
    /// When recent steps ended, for the rate.
    recent: VecDeque<Instant>,
}

impl Pending {
    fn new() -> Self {
        Self { rows: vec![], live: None, published: Instant::now(), recent: VecDeque::new() }
    }

    fn stepped(&mut self) {
        let now = Instant::now();
        self.recent.push_back(now);
        while self.recent.len() > 2 && now - self.recent[0] > Duration::from_secs(5) {
            self.recent.pop_front();
        }
    }

    fn rate(&self) -> f64 {
        match (self.recent.front(), self.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.recent.len() - 1) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }
}

/// A run that is going on.
struct Run<'a> {
    id: JobId,
    job: &'a Job,
    tap: Tap,
    synthesis: Synthesis,
    trace: Trace,
    seconds: f64,
    folder: Option<RunFolder>,
    complete: bool,
    /// The target's ranks, worked out once.
    ranks: Ranked,
    reference_logits: Option<(Vec<f32>, Ranked)>,
}

impl<'a> Run<'a> {
    fn new(id: JobId, job: &'a Job, executor: &mut dyn Executor) -> Result<Self> {
        let model = &job.model;
        let tap = model.tap(job.layer, job.spec.procedure.straight_through);
        let begun = job.out.as_ref().map(|(root, existing)| RunFolder::begin(root, &job.folder_name(), *existing));
        let (folder, beginning) = begun.transpose()?.map_or((None, Beginning::Fresh), |(f, b)| (Some(f), b));
        let reference_logits = match &job.reference {
            Some(reference) => {
                executor.forward(reference, model.logits)?;
                let logits = executor.activation(model.logits)?.into_owned();
                let ranks = Ranked::new(&logits);
                Some((logits, ranks))
            }
            None => None,
        };
        let target = match (&job.target, &job.reference) {
            (Some(target), _) => target.to_vec(),
            (None, Some(reference)) => {
                executor.forward(reference, job.layer)?;
                executor.activation(job.layer)?.into_owned()
            }
            (None, None) => return Err(Error::Internal("a run without stimulus and target".into())),
        };
        let ranks = Ranked::new(&target);
        let synthesis = Synthesis::new(job.spec.procedure.clone(), tap, target, job.start.to_vec(), model.input.range)?;
        let mut run = Self {
            id,
            job,
            tap,
            synthesis,
            trace: Trace::default(),
            seconds: 0.0,
            folder,
            complete: beginning == Beginning::Complete,
            ranks,
            reference_logits,
        };
        if let (Beginning::FromCheckpoint, Some(folder)) = (&beginning, &run.folder) {
            run.trace = checkpoint::restore(&folder.checkpoint_file(), &job.spec, &mut run.synthesis)?;
            run.seconds = run.trace.rows.last().map_or(0.0, |r| r.seconds);
        }
        Ok(run)
    }

    /// The result of a run that was complete before it began.
    fn read_back(&self) -> Result<Finished> {
        let folder = self.folder_path().ok_or_else(|| Error::Internal("a complete run without a folder".into()))?;
        let run = FinishedRun::read(&folder)?;
        if let Some(difference) = self.job.spec.difference(&run.spec) {
            let reason = format!("Is a complete run with other settings ({difference}). Use --overwrite to replace it");
            return Err(Error::file(folder, reason));
        }
        let metamer = Arc::new(run.metamer);
        Ok(Finished { job: self.id, verification: run.verification, folder: Some(folder), metamer, seconds: 0.0 })
    }

    fn folder_path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|f| if self.complete { f.complete() } else { f.partial() }.to_owned())
    }

    fn started(&self) -> Started {
        let layer = &self.job.spec.layer;
        let null = self.job.null.as_ref().and_then(|n| Some((n.largest(layer, "spearman")?, n.describe())));
        Started {
            job: self.id,
            spec: self.job.spec.clone(),
            step: self.synthesis.updates(),
            rows: self.trace.rows.clone(),
            reference: self.job.reference.clone(),
            predicted: self.reference_logits.as_ref().map_or(vec![], |(l, _)| top(&self.job.model, l, 5)),
            null,
            elements: self.synthesis.target().len(),
        }
    }

    fn rewind(&mut self) -> Result<()> {
        let range = self.job.model.input.range;
        let target = self.synthesis.target().to_vec();
        self.synthesis =
            Synthesis::new(self.job.spec.procedure.clone(), self.tap, target, self.job.start.to_vec(), range)?;
        self.trace = Trace::default();
        self.seconds = 0.0;
        Ok(())
    }

    /// Enters a step into the trace, with measures if it is one of the steps at which they are taken.
    fn record(
        &mut self,
        report: &StepReport,
        took: Duration,
        executor: &mut dyn Executor,
        pending: &mut Pending,
    ) -> Result<()> {
        self.seconds += took.as_secs_f64();
        pending.stepped();
        let mut row = TraceRow {
            step: report.step,
            loss: report.loss,
            learning_rate: report.learning_rate,
            gradient_norm: report.gradient_norm,
            seconds: self.seconds,
            sample: None,
        };
        if sampled(report.step, report.finished) {
            let live = self.measure(report.step, executor)?;
            row.sample = Some(Sample {
                spearman: live.comparison.spearman.0,
                pearson: live.comparison.pearson.0,
                snr_db: live.comparison.snr_db.0,
                spearman_logits: live.spearman_logits,
            });
            pending.live = Some(live);
        }
        self.trace.rows.push(row);
        pending.rows.push(row);
        Ok(())
    }

    /// Measures the stimulus of the last step.
    fn measure(&self, step: u64, executor: &mut dyn Executor) -> Result<Live> {
        let model = &self.job.model;
        let target = self.synthesis.target();
        let activation = executor.activation(self.tap.node)?.into_owned();
        let comparison = Comparison::with_ranks(target, &self.ranks, &activation);
        let stride = target.len().div_ceil(SCATTER_POINTS).max(1);
        let scatter = target.iter().zip(&activation).step_by(stride).map(|(t, a)| [*t, *a]).collect();
        executor.forward(self.synthesis.evaluated(), model.logits)?;
        let logits = executor.activation(model.logits)?.into_owned();
        let (predictions, spearman_logits) = match &self.reference_logits {
            Some((reference, ranks)) => {
                (verdict::predictions(model, reference, &logits), ranks.correlate(&Ranked::new(&logits)))
            }
            None => {
                let metamer = top(model, &logits, 5);
                let none = Predictions { reference: vec![], metamer, reference_category: None, metamer_category: None };
                (none, f64::NAN)
            }
        };
        let criteria = self.job.spec.procedure.criteria;
        let checks =
            verdict::apply(criteria, &self.job.spec.layer, &comparison, &predictions, self.job.null.as_deref());
        let so_far = Verdict::all(checks.values().map(|c| c.verdict));
        let sentence = verdict::in_words(&checks);
        Ok(Live {
            step,
            comparison,
            spearman_logits,
            predictions,
            scatter: Arc::new(scatter),
            elements: target.len(),
            verdict: (so_far, sentence),
        })
    }

    /// The checks on the finished metamer; nothing where there is no reference to check against.
    fn verify(&self, executor: &mut dyn Executor) -> Result<Option<Verification>> {
        let Some(reference) = &self.job.reference else { return Ok(None) };
        let Job { model, layer, null, spec, .. } = self.job;
        let metamer = self.synthesis.stimulus();
        verify(model, executor, *layer, reference, metamer, spec.procedure.criteria, null.as_deref()).map(Some)
    }

    fn write(&mut self, verification: Option<&Verification>) -> Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        folder.complete_with(&Contents {
            spec: &self.job.spec,
            input: &self.job.model.input,
            metamer: self.synthesis.stimulus(),
            reference: self.job.reference.as_ref().map(|r| &r[..]),
            trace: &self.trace,
            verification,
        })?;
        self.complete = true;
        Ok(Some(folder.complete().to_owned()))
    }

    fn finished(&self, verification: Option<Verification>, folder: Option<PathBuf>, seconds: f64) -> Finished {
        let folder = folder.or_else(|| self.folder_path());
        let metamer = Arc::new(self.synthesis.stimulus().to_vec());
        Finished { job: self.id, verification, folder, metamer, seconds }
    }
}
