//! What a sound system must offer. The real one is [`device`](super::device); tests bring their own that fail.

use super::renderer::Renderer;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A device that sound can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What it is chosen by.
    pub name: String,
    /// What people call it.
    pub title: String,
}

/// A sound system.
pub trait Output: Send {
    /// All devices that take sound.
    ///
    /// # Errors
    /// A sentence, when the system cannot be asked.
    fn devices(&mut self) -> Result<Vec<Device>, String>;

    /// Opens a device, the system's default one without a name. Once started it takes its samples from the renderer that
    /// `renderer` makes for its rate (again, if a first attempt fails), and tells `troubles` what goes wrong.
    ///
    /// # Errors
    /// A sentence, when there is no such device or it cannot be used.
    fn open(
        &mut self,
        device: Option<&str>,
        renderer: &mut dyn FnMut(u32) -> Renderer,
        troubles: Troubles,
    ) -> Result<Opened, String>;
}

/// A device that is ready to take sound.
pub struct Opened {
    /// What people call it.
    pub title: String,
    /// Frames per second.
    pub rate: u32,
    /// Frames that it takes at a time, where it says so.
    pub period: Option<u32>,
    /// Starts the device, and closes it when it is dropped.
    pub stream: Box<dyn Stream>,
}

/// An open device.
pub trait Stream: Send {
    /// Lets the device take samples.
    ///
    /// # Errors
    /// A sentence, when it refuses.
    fn start(&mut self) -> Result<(), String>;
}

/// Where a device's callbacks report what goes wrong. Reporting neither waits nor allocates.
#[derive(Clone, Debug)]
pub struct Troubles {
    failure: Sender<String>,
    dropouts: Arc<AtomicU32>,
}

/// The other end of [`Troubles`].
#[derive(Debug)]
pub struct TroubleLog {
    failure: Receiver<String>,
    dropouts: Arc<AtomicU32>,
}

impl Troubles {
    /// Both ends.
    pub fn new() -> (Self, TroubleLog) {
        let (sender, failure) = bounded(1);
        let dropouts = Arc::new(AtomicU32::new(0));
        let troubles = Self {
            failure: sender,
            dropouts: dropouts.clone(),
        };
        (troubles, TroubleLog { failure, dropouts })
    }

    /// The device can no longer be used. Only the first reason is kept; false if this was not it.
    pub fn failed(&self, reason: String) -> bool {
        self.failure.try_send(reason).is_ok()
    }

    /// Samples came too late, but the device goes on.
    pub fn dropout(&self) {
        self.dropouts.fetch_add(1, Relaxed);
    }
}

impl TroubleLog {
    /// Why the device can no longer be used, if so.
    pub fn failure(&self) -> Option<String> {
        self.failure.try_recv().ok()
    }

    /// How often samples came too late since this was last asked.
    pub fn dropouts(&self) -> u32 {
        self.dropouts.swap(0, Relaxed)
    }
}
