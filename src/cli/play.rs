//! `play`: listening without the window.

use super::output::out;
use super::{Outcome, interrupt};
use crate::playback::{Options, Player, Slot, State};
use crate::stimulus::{Sound, embedded};
use anyhow::{Context, bail};
use clap::Args;
use crossbeam_channel::Receiver;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Plays sounds.
#[derive(Args, Debug)]
pub struct Play {
    /// Embedded names, sound files, or run folders, whose reference and metamer are played after each other, equally loud.
    #[arg(required_unless_present = "devices")]
    sounds: Vec<String>,
    /// The sound device to use, instead of the system's default one.
    #[arg(long)]
    device: Option<String>,
    /// Lists the sound devices.
    #[arg(long)]
    devices: bool,
    /// Plays everything again and again, until interrupted.
    #[arg(long = "loop")]
    again: bool,
}

impl Play {
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let (wake, woken) = crossbeam_channel::bounded(1);
        let again = wake.clone();
        let options = Options {
            linger: Duration::from_millis(200),
            ..Options::default()
        };
        let mut player = Player::with(options, move || {
            let _ = wake.try_send(());
        })?;
        if self.devices {
            return list(&mut player, &woken);
        }
        let interrupted = interrupt::watch(move || {
            let _ = again.try_send(());
        })?;
        player.choose_device(self.device.as_deref());
        loop {
            for name in &self.sounds {
                let slots = load(&mut player, name)?;
                for slot in slots {
                    player.hear(*slot);
                    player.stop();
                    player.play();
                    out!("{name}{}", if slots.len() < 2 { "" } else { called(*slot) });
                    if !finish(&mut player, &woken, &interrupted)? {
                        return Ok(Outcome::Interrupted);
                    }
                }
            }
            if !self.again {
                return Ok(Outcome::Done);
            }
        }
    }
}

fn called(slot: Slot) -> &'static str {
    match slot {
        Slot::Reference => ": reference",
        Slot::Metamer => ": metamer",
    }
}

/// Gives the player what a name stands for; returns the slots to be heard.
fn load(player: &mut Player, name: &str) -> anyhow::Result<&'static [Slot]> {
    let set = |player: &mut Player, slot, sound: Sound| {
        let samples: Vec<f32> = sound.samples.iter().map(|s| *s as f32).collect();
        player
            .set(slot, samples, sound.rate)
            .with_context(|| name.to_owned())
    };
    let path = Path::new(name);
    player.clear(Slot::Metamer);
    if path.is_dir() {
        set(
            player,
            Slot::Reference,
            Sound::open(&path.join("reference.wav"))?,
        )?;
        set(
            player,
            Slot::Metamer,
            Sound::open(&path.join("metamer.wav"))?,
        )?;
        return Ok(&[Slot::Reference, Slot::Metamer]);
    }
    let sound = match embedded::find_sound(name) {
        Some(found) => Sound::decode(found.bytes.to_vec()).map_err(crate::Error::Internal)?,
        None => Sound::open(path)?,
    };
    set(player, Slot::Reference, sound)?;
    Ok(&[Slot::Reference])
}

/// Waits until everything has been heard; false if somebody had enough before.
fn finish(
    player: &mut Player,
    woken: &Receiver<()>,
    interrupted: &AtomicBool,
) -> anyhow::Result<bool> {
    loop {
        let now = player.snapshot();
        if let Some(problem) = now.problem {
            bail!(problem);
        }
        if interrupted.load(Ordering::SeqCst) {
            player.stop();
            return Ok(false);
        }
        if now.state != State::Playing && now.device.is_none() {
            return Ok(true);
        }
        woken.recv()?;
    }
}

fn list(player: &mut Player, woken: &Receiver<()>) -> anyhow::Result<Outcome> {
    player.list_devices();
    loop {
        if let Some(problem) = player.snapshot().problem {
            bail!(problem);
        }
        if let Some(devices) = player.devices() {
            devices
                .iter()
                .for_each(|d| out!("{:<32} {}", d.name, d.title));
            return Ok(Outcome::Done);
        }
        woken.recv()?;
    }
}
