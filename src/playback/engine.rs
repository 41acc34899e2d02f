//! The thread behind the player. It alone speaks to the sound system, whose calls may take seconds.

use super::controls::Controls;
use super::output::{Device, Opened, Output, TroubleLog, Troubles};
use super::programme::{Level, Programme, Slot, gains};
use super::renderer::{Handover, Renderer};
use crate::stimulus::resample::resample;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the player asks for, beyond what the controls say.
#[derive(Debug)]
pub(super) enum Command {
    /// Another sound, or none.
    Set(Slot, Option<Source>),
    /// Whether both sounds are made equally loud.
    Match(bool),
    /// Another device; none for the system's default.
    Choose(Option<String>),
    /// The list of devices.
    List,
    /// Look at the controls.
    Attend,
}

/// What the player is told.
#[derive(Debug)]
pub(super) enum News {
    /// A device is open.
    Opened(String),
    /// None is open any more.
    Closed,
    /// Nothing can be heard, and why.
    Unavailable(String),
    /// All devices.
    Devices(Vec<Device>),
    /// The gains that the sounds are given.
    Gains([Option<f32>; 2]),
    /// So many times samples came too late.
    Dropouts(u32),
}

/// A sound as it was given.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub samples: Arc<[f32]>,
    pub rate: u32,
}

/// A sound on its way to the device.
struct Track {
    source: Source,
    level: Level,
    /// Resampled to the open device's rate.
    ready: Option<(u32, Arc<[f32]>)>,
}

/// How often the thread looks after an open device, and lets the window repaint.
const TICK: Duration = Duration::from_millis(30);
/// More dropouts within a second than this are a device that fails, not a computer that is busy: its periods are 40 ms.
const DROPOUTS: u32 = 60;

pub(super) struct Engine {
    pub controls: Arc<Controls>,
    pub commands: Receiver<Command>,
    pub news: Sender<News>,
    pub wake: Box<dyn Fn() + Send>,
    pub output: Box<dyn Output>,
    /// How long a device is kept open in silence.
    pub linger: Duration,
    /// How long a device may take no samples.
    pub patience: Duration,
}

/// What changes while the thread runs.
struct State {
    tracks: [Option<Track>; 2],
    matched: bool,
    device: Option<String>,
    open: Option<Open>,
}

struct Open {
    device: Opened,
    handover: Handover,
    troubles: TroubleLog,
    /// When the device last took samples, and how many it had taken in all.
    last: (Instant, u64),
    /// The second in which dropouts are counted.
    dropouts: (Instant, u32),
    /// When the silence began that has been heard to its end.
    silent: Option<Instant>,
    was_playing: bool,
}

impl Engine {
    /// Serves until the player is gone.
    pub fn run(mut self) {
        let mut state = State {
            tracks: [None, None],
            matched: true,
            device: None,
            open: None,
        };
        loop {
            let first = if state.open.is_some() {
                self.commands.recv_timeout(TICK)
            } else {
                let command = self.commands.recv();
                command.map_err(|_| RecvTimeoutError::Disconnected)
            };
            match first {
                Ok(command) => self.serve(&mut state, command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tend(&mut state);
        }
    }

    /// Carries out a command and all that wait behind it; of several sounds for the same slot only the last is made ready.
    fn serve(&mut self, state: &mut State, first: Command) {
        let mut changed = false;
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Set(slot, source) => {
                    state.tracks[slot.index()] = source.map(Track::new);
                    changed = true;
                }
                Command::Match(matched) => {
                    state.matched = matched;
                    changed = true;
                }
                Command::Choose(device) => {
                    state.device = device;
                    self.close(state);
                }
                Command::List => match self.output.devices() {
                    Ok(devices) => self.tell(News::Devices(devices)),
                    // What plays may go on playing.
                    Err(_) if state.open.is_some() => self.tell(News::Devices(vec![])),
                    Err(reason) => self.unavailable(state, &reason),
                },
                Command::Attend => {}
            }
            next = self.commands.try_recv().ok();
        }
        if changed {
            let rate = state.open.as_ref().map(|o| o.device.rate);
            match programme(state, rate) {
                Ok((programme, gains)) => {
                    if let Some(open) = &mut state.open {
                        open.handover.send(programme);
                    }
                    self.tell(News::Gains(gains));
                }
                Err(reason) => self.unavailable(state, &reason),
            }
        }
        if self.controls.playing() && state.open.is_none() {
            let started = self.open(state).and_then(|mut open| {
                // Told before the first sample is taken: whoever finds neither a sound nor a device knows that it is over.
                let title = open.device.title.clone();
                self.tell(News::Opened(title.clone()));
                let started = open.device.stream.start();
                state.open = Some(open);
                started.map_err(|e| format!("{title} cannot be started: {e}"))
            });
            if let Err(reason) = started {
                self.unavailable(state, &reason);
            }
        }
    }

    fn open(&mut self, state: &mut State) -> Result<Open, String> {
        let (troubles, log) = Troubles::new();
        let mut handover = Err("the device did not say its sample rate".to_owned());
        let mut levels = None;
        let (name, controls) = (state.device.clone(), self.controls.clone());
        controls.forget_silence();
        let mut renderer = |rate| {
            let made = programme(state, Some(rate)).map(|(programme, gains)| {
                levels = Some(gains);
                Renderer::new(rate, controls.clone(), programme)
            });
            let (renderer, other_end) = match made {
                Ok((renderer, handover)) => (renderer, Ok(handover)),
                Err(reason) => {
                    let (silent, _) = Renderer::new(rate, controls.clone(), Programme::default());
                    (silent, Err(reason))
                }
            };
            handover = other_end;
            renderer
        };
        let device = self.output.open(name.as_deref(), &mut renderer, troubles)?;
        let handover = handover?;
        if let Some(gains) = levels {
            self.tell(News::Gains(gains));
        }
        let now = Instant::now();
        Ok(Open {
            device,
            handover,
            troubles: log,
            last: (now, self.controls.rendered()),
            dropouts: (now, 0),
            silent: None,
            was_playing: true,
        })
    }

    /// Looks after an open device: is it well, has everything been heard?
    fn tend(&mut self, state: &mut State) {
        let Some(open) = &mut state.open else { return };
        open.handover.tend();
        let now = Instant::now();
        let playing = self.controls.playing();
        if playing || open.was_playing {
            (self.wake)();
        }
        open.was_playing = playing;

        if let Some(reason) = open.troubles.failure() {
            let reason = format!("{} failed: {reason}", open.device.title);
            return self.unavailable(state, &reason);
        }
        let dropouts = open.troubles.dropouts();
        if now - open.dropouts.0 > Duration::from_secs(1) {
            open.dropouts = (now, 0);
        }
        open.dropouts.1 += dropouts;
        if open.dropouts.1 > DROPOUTS {
            let reason = format!("{} keeps failing to take the sound", open.device.title);
            return self.unavailable(state, &reason);
        }
        let rendered = self.controls.rendered();
        if rendered != open.last.1 {
            open.last = (now, rendered);
        }
        if now - open.last.0 > self.patience {
            let reason = format!("{} has stopped taking sound", open.device.title);
            return self.unavailable(state, &reason);
        }
        // A device that is closed forgets what it has not yet played: three periods of silence come first.
        let rate = u64::from(open.device.rate);
        let drained = (3 * u64::from(open.device.period.unwrap_or_default())).max(rate / 10);
        if playing || self.controls.silent() < drained {
            open.silent = None;
        } else if now - *open.silent.get_or_insert(now) >= self.linger {
            self.close(state);
        }
        if dropouts > 0 {
            self.tell(News::Dropouts(dropouts));
        }
    }

    /// Closes the device and waits until it is closed, so that whoever hears of it finds what it wrote.
    fn close(&self, state: &mut State) {
        if let Some(open) = state.open.take() {
            drop(open);
            self.tell(News::Closed);
        }
    }

    fn unavailable(&self, state: &mut State, reason: &str) {
        self.controls.set_playing(false);
        if let Some(open) = state.open.take() {
            // Closing a device that does not answer may itself never end. Where there is no other thread to wait for it,
            // this one has to.
            let _ = std::thread::Builder::new()
                .name("closing a sound device".into())
                .spawn(move || drop(open));
        }
        self.tell(News::Unavailable(reason.to_owned()));
    }

    fn tell(&self, news: News) {
        // Nobody listens any more when the player has just gone; the next receive will say so.
        let _ = self.news.send(news);
        (self.wake)();
    }
}

impl Track {
    fn new(source: Source) -> Self {
        Self {
            level: Level::of(&source.samples),
            source,
            ready: None,
        }
    }

    /// The samples at a device's rate.
    fn at(&mut self, rate: u32) -> Result<Arc<[f32]>, String> {
        if let Some((at, samples)) = &self.ready
            && *at == rate
        {
            return Ok(samples.clone());
        }
        let samples: Arc<[f32]> = if self.source.rate == rate {
            self.source.samples.clone()
        } else {
            resample(&self.source.samples, self.source.rate, rate)?.into()
        };
        // Between the old samples there may be higher peaks.
        self.level.peak = self.level.peak.max(Level::of(&samples).peak);
        self.ready = Some((rate, samples.clone()));
        Ok(samples)
    }
}

/// Both sounds at a device's rate, and their gains; without a rate only the gains.
fn programme(
    state: &mut State,
    rate: Option<u32>,
) -> Result<(Programme, [Option<f32>; 2]), String> {
    let mut samples = [Arc::default(), Arc::default()];
    if let Some(rate) = rate {
        for (track, samples) in state.tracks.iter_mut().zip(&mut samples) {
            if let Some(track) = track {
                *samples = track.at(rate)?;
            }
        }
    }
    let levels = [0, 1].map(|i| state.tracks[i].as_ref().map(|t| t.level));
    let gains = gains(levels, state.matched);
    let stated = [0, 1].map(|i| levels[i].map(|_| gains[i]));
    Ok((Programme { samples, gains }, stated))
}
