//! The handle: everything that can be asked for while a sound plays. No call here waits for anything.

use super::controls::Controls;
use super::device::Devices;
use super::engine::{Command, Engine, News, Source};
use super::output::{Device, Output};
use super::programme::Slot;
use crate::stimulus::sound::RATES;
use crate::{Error, Result};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::Arc;
use std::time::Duration;

/// Whether something is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is loaded.
    Empty,
    /// At the beginning or the end.
    Stopped,
    /// Playing, or about to as soon as the device is open.
    Playing,
    /// Silent somewhere in the middle.
    Paused,
}

/// Everything to show about the player at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Whether something is heard.
    pub state: State,
    /// Seconds from the beginning.
    pub position: f64,
    /// Length in seconds of the longer sound.
    pub duration: f64,
    /// Which of the sounds is heard.
    pub audible: Slot,
    /// Whether it begins again at its end.
    pub looping: bool,
    /// The factor on everything, 0 to 1.
    pub volume: f32,
    /// The gains in decibels that reference and metamer are played with, where there are such sounds.
    pub gains: [Option<f32>; 2],
    /// The device that is open.
    pub device: Option<String>,
    /// Why nothing can be heard: "Audio unavailable: …". Gone when the sound plays again.
    pub problem: Option<String>,
    /// How often samples came too late, so that there was a gap.
    pub dropouts: u32,
}

/// How a player behaves.
pub struct Options {
    /// Where the sound goes.
    pub output: Box<dyn Output>,
    /// How long the device is kept open in silence, so that the next start is immediate.
    pub linger: Duration,
    /// How long a device may take no samples before it is given up.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: Box::new(Devices),
            linger: Duration::from_secs(3),
            patience: Duration::from_secs(5),
        }
    }
}

/// Plays a reference and a metamer.
#[derive(Debug)]
pub struct Player {
    controls: Arc<Controls>,
    commands: Sender<Command>,
    news: Receiver<News>,
    /// Lengths in seconds.
    lengths: [f64; 2],
    gains: [Option<f32>; 2],
    device: Option<String>,
    devices: Option<Vec<Device>>,
    problem: Option<String>,
    dropouts: u32,
}

impl Player {
    /// A player on the system's default device, which is not touched before something is to be heard. `wake` is called from
    /// another thread when there is something new in a snapshot.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(wake: impl Fn() + Send + 'static) -> Result<Self> {
        Self::with(Options::default(), wake)
    }

    /// A player with other options.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn with(options: Options, wake: impl Fn() + Send + 'static) -> Result<Self> {
        let controls = Arc::new(Controls::default());
        let (commands, received) = unbounded();
        let (sender, news) = unbounded();
        let engine = Engine {
            controls: controls.clone(),
            commands: received,
            news: sender,
            wake: Box::new(wake),
            output: options.output,
            linger: options.linger,
            patience: options.patience,
        };
        std::thread::Builder::new()
            .name("playback".into())
            .spawn(move || engine.run())
            .map_err(|e| Error::value("playback", format!("no thread for it: {e}")))?;
        Ok(Self {
            controls,
            commands,
            news,
            lengths: [0.0; 2],
            gains: [None; 2],
            device: None,
            devices: None,
            problem: None,
            dropouts: 0,
        })
    }

    /// Gives a slot another sound of one channel, playing or not: the change is cross-faded, and the place stays.
    ///
    /// # Errors
    /// When there are no samples, or some that are not finite, or the rate is none that a recording has.
    pub fn set(&mut self, slot: Slot, samples: impl Into<Arc<[f32]>>, rate: u32) -> Result<()> {
        let samples = samples.into();
        let wrong = |reason: String| Err(Error::value("sound", reason));
        if samples.is_empty() {
            return wrong("has no samples".into());
        }
        if !RATES.contains(&rate) {
            return wrong(format!("has a sample rate of {rate} Hz"));
        }
        if let Some(bad) = samples.iter().find(|s| !s.is_finite()) {
            return wrong(format!("holds {bad}; every sample must be finite"));
        }
        self.lengths[slot.index()] = samples.len() as f64 / f64::from(rate);
        self.send(Command::Set(slot, Some(Source { samples, rate })));
        Ok(())
    }

    /// Takes a slot's sound away.
    pub fn clear(&mut self, slot: Slot) {
        self.lengths[slot.index()] = 0.0;
        self.send(Command::Set(slot, None));
    }

    /// Plays from where it stands, from the beginning if that is the end. After a problem it tries again.
    pub fn play(&mut self) {
        self.problem = None;
        self.controls.set_playing(true);
        self.send(Command::Attend);
    }

    /// Falls silent and keeps the place.
    pub fn pause(&self) {
        self.controls.set_playing(false);
    }

    /// Plays or pauses.
    pub fn toggle(&mut self) {
        if self.controls.playing() {
            self.pause();
        } else {
            self.play();
        }
    }

    /// Falls silent and goes back to the beginning.
    pub fn stop(&self) {
        self.controls.set_playing(false);
        self.controls.seek(0.0);
    }

    /// Goes to a place, in seconds from the beginning.
    pub fn seek(&self, seconds: f64) {
        self.controls.seek(seconds.min(self.duration()));
    }

    /// Whether the sound begins again when it has ended.
    pub fn set_looping(&self, looping: bool) {
        self.controls.set_looping(looping);
    }

    /// Which of the sounds is heard.
    pub fn audible(&self) -> Slot {
        self.controls.audible()
    }

    /// Lets the other sound be heard, at the same place.
    pub fn hear(&self, slot: Slot) {
        self.controls.set_audible(slot);
    }

    /// A factor on everything, 0 to 1.
    pub fn set_volume(&self, volume: f32) {
        self.controls.set_volume(volume);
    }

    /// Whether both sounds get the reference's root mean square (they do at first).
    pub fn match_levels(&self, matched: bool) {
        self.send(Command::Match(matched));
    }

    /// Sends the sound elsewhere: to the device called so, or the system's default one.
    pub fn choose_device(&mut self, name: Option<&str>) {
        self.problem = None;
        self.send(Command::Choose(name.map(ToOwned::to_owned)));
    }

    /// Asks for the devices, which may take a moment; [`Self::devices`] has them then.
    pub fn list_devices(&self) {
        self.send(Command::List);
    }

    /// The devices that sound can be sent to, as last asked for; none before there is an answer.
    pub fn devices(&self) -> Option<&[Device]> {
        self.devices.as_deref()
    }

    /// Length in seconds of the longer sound.
    pub fn duration(&self) -> f64 {
        self.lengths[0].max(self.lengths[1])
    }

    /// How things are now.
    pub fn snapshot(&mut self) -> Snapshot {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Opened(device) => {
                    self.device = Some(device);
                    self.problem = None;
                }
                News::Closed => self.device = None,
                News::Unavailable(reason) => {
                    self.device = None;
                    self.problem = Some(format!("Audio unavailable: {reason}"));
                }
                News::Devices(devices) => self.devices = Some(devices),
                News::Gains(gains) => self.gains = gains,
                News::Dropouts(more) => self.dropouts = self.dropouts.saturating_add(more),
            }
        }
        let duration = self.duration();
        let position = self.controls.position().seconds().min(duration);
        let state = match self.controls.playing() {
            _ if duration == 0.0 => State::Empty,
            true => State::Playing,
            // A microsecond is the grain of positions.
            false if position > 0.0 && position + 1e-6 < duration => State::Paused,
            false => State::Stopped,
        };
        Snapshot {
            state,
            position,
            duration,
            audible: self.controls.audible(),
            looping: self.controls.looping(),
            volume: self.controls.volume(),
            gains: self.gains.map(|g| g.map(|g| 20.0 * g.log10())),
            device: self.device.clone(),
            problem: self.problem.clone(),
            dropouts: self.dropouts,
        }
    }

    fn send(&self, command: Command) {
        // The thread ends only when this handle is gone.
        let _ = self.commands.send(command);
    }
}
