//! Listening, for real: through cpal and ALSA into files that are compared with what should have been played, into nothing,
//! into a program that dies, and without a device. No sound card is needed, and no configuration outside this file.

// Only the environment variable that tells ALSA where its configuration is, and the counting allocator, need it.
#![allow(unsafe_code)]

use metamer_studio::playback::controls::Controls;
use metamer_studio::playback::output::{Opened, Stream, Troubles};
use metamer_studio::playback::programme::{LIMIT, Programme};
use metamer_studio::playback::renderer::{FADE, Renderer};
use metamer_studio::playback::{Device, Options, Output, Player, Slot, Snapshot, State};
use metamer_studio::stimulus::resample::resample;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::f64::consts::{PI, TAU};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The rate of ALSA's file devices below.
const RATE: u32 = 48_000;
/// Frames of a cross-fade there.
const F: usize = (FADE * RATE as f64) as usize;

/// A folder with the configuration of all sound devices there are: several that write WAV files, one that swallows
/// everything, one whose program goes away after a second of sound. There is no default device.
fn devices() -> &'static PathBuf {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, folder) = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        let mut text = String::new();
        let mut add = |name: &str, target: &str| {
            text += &format!(
                "pcm.{name}_file {{ type file slave.pcm {{ type null }} file \"{target}\" format wav }}\n\
                 pcm.{name} {{ type plug slave {{ pcm {name}_file format S16_LE channels 2 rate {RATE} }} \
                 hint {{ show on description \"Test {name}\" }} }}\n"
            );
        };
        for name in ["exact", "resampled", "switched", "live", "second"] {
            add(name, &format!("{}/{name}.wav", at.display()));
        }
        // Without a plug, which aborts the process when its slave fails.
        text += "pcm.dying { type file slave.pcm { type null } file \"| head -c 400000 > /dev/null\" format raw \
                 hint { show on description \"Test dying\" } }\n\
                 pcm.nothing { type null hint { show on description \"Test nothing\" } }\n";
        let file = at.join("asound.conf");
        std::fs::write(&file, text).unwrap();
        // SAFETY: every test comes here before its first call to ALSA, and nothing else reads the environment.
        unsafe { std::env::set_var("ALSA_CONFIG_PATH", &file) };
        (folder, at)
    });
    folder
}

/// A player, and word of everything that happens to it.
struct Listener {
    player: Player,
    woken: Receiver<()>,
}

impl Listener {
    fn new(options: Options) -> Self {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        let player = Player::with(options, wake).unwrap();
        Self { player, woken }
    }

    /// A player on one of the [`devices`], which closes it as soon as it is silent.
    fn on(device: &str) -> Self {
        devices();
        let mut listener = Self::new(Options {
            linger: Duration::ZERO,
            ..Options::default()
        });
        listener.player.choose_device(Some(device));
        listener
    }

    /// The first snapshot that is as wanted.
    #[track_caller]
    fn wait(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        loop {
            let now = self.player.snapshot();
            if wanted(&now) {
                return now;
            }
            let woken = self.woken.recv_timeout(Duration::from_secs(60));
            assert!(woken.is_ok(), "nothing happens any more: {now:?}");
        }
    }

    /// Waits until the sound is over and its device closed.
    #[track_caller]
    fn finish(&mut self) -> Snapshot {
        let done = |s: &Snapshot| s.state != State::Playing && s.device.is_none();
        let end = self.wait(done);
        assert_eq!(end.problem, None);
        end
    }
}

/// What a device wrote: the left channel, in units of 16 bits.
fn captured(name: &str) -> Vec<f64> {
    let mut reader = hound::WavReader::open(devices().join(format!("{name}.wav"))).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (2, RATE, 16)
    );
    let samples: Vec<i16> = reader.samples().map(|s| s.unwrap()).collect();
    let frames = samples.chunks(2).map(|frame| {
        assert_eq!(frame[0], frame[1]);
        f64::from(frame[0])
    });
    frames.collect()
}

/// Something like a voice: many harmonics whose strengths come and go. It repeats itself every second.
fn voice(n: usize, rate: u32, pitch: u32) -> Vec<f32> {
    let sample = |i: u32| {
        let t = f64::from(i) / f64::from(rate);
        let harmonic = |k: u32| {
            let strength = 1.0 + (TAU * f64::from(1 + k % 5) * t).cos();
            (TAU * f64::from(pitch * k) * t).sin() * strength / f64::from(k + 2)
        };
        (0.08 * (1..20).map(harmonic).sum::<f64>()) as f32
    };
    let second: Vec<f32> = (0..rate).map(sample).collect();
    second.into_iter().cycle().take(n).collect()
}

/// As the device should write it: the samples in units of 16 bits.
fn units(samples: &[f32], gain: f64) -> Vec<f64> {
    samples
        .iter()
        .map(|s| f64::from(*s) * gain * 32768.0)
        .collect()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    distances.fold(0.0, f64::max)
}

fn steepest(x: &[f64]) -> f64 {
    x.windows(2)
        .map(|w| (w[1] - w[0]).abs())
        .fold(0.0, f64::max)
}

/// The largest second difference: what a click has and a voice has not.
fn roughest(x: &[f64]) -> f64 {
    let second = |w: &[f64]| (w[0] - 2.0 * w[1] + w[2]).abs();
    x.windows(3).map(second).fold(0.0, f64::max)
}

/// The largest second difference that fading from `a` to `b`, or back, may have.
///
/// With y = a + w (b - a), y'' is a weighted mean of a'' and b'', plus 2 w' (b - a)', plus w'' (b - a). The weight is half a
/// period of a cosine over F + 1 frames, so |w'| is at most π / 2 / (F + 1), and |w''| at most π² / 2 / (F + 1)². Rounding
/// towards zero puts each sample off by up to one unit, and so a second difference by up to four.
fn roughest_fade(a: &[f64], b: &[f64]) -> f64 {
    let apart: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let far = apart.iter().fold(0.0f64, |m, d| m.max(d.abs()));
    let step = PI / (F + 1) as f64;
    roughest(a).max(roughest(b)) + step * steepest(&apart) + step * step / 2.0 * far + 4.0
}

#[test]
fn what_reaches_the_device_is_the_sound() {
    let sound = voice(30_000, RATE, 150);
    let mut listener = Listener::on("exact");
    listener
        .player
        .set(Slot::Reference, sound.clone(), RATE)
        .unwrap();
    listener.player.play();
    let end = listener.finish();
    assert_eq!((end.state, end.position), (State::Stopped, end.duration));
    assert_eq!(end.gains, [Some(0.0), None]);
    let heard = captured("exact");
    assert!(heard.len() > 30_000);
    let (heard, tail) = heard.split_at(30_000);
    let worst = farthest(heard, &units(&sound, 1.0));
    assert!(worst <= 1.0, "{worst} units of 16 bits");
    assert!(tail.iter().all(|s| *s == 0.0), "silence follows");
    assert!(
        tail.len() >= 2 * 1920,
        "enough of it to push the sound out of the device"
    );
}

#[test]
fn the_networks_rate_becomes_the_devices() {
    let sound = voice(20_000, 20_000, 150);
    let mut listener = Listener::on("resampled");
    // The metamer is half as loud, and made equal.
    let quiet: Vec<f32> = sound.iter().map(|s| s / 2.0).collect();
    listener
        .player
        .set(Slot::Reference, sound.clone(), 20_000)
        .unwrap();
    listener.player.set(Slot::Metamer, quiet, 20_000).unwrap();
    listener.player.hear(Slot::Metamer);
    listener.player.play();
    let end = listener.finish();
    assert!(
        (end.gains[1].unwrap() - 6.0206).abs() < 1e-3,
        "{:?}",
        end.gains
    );
    let heard = captured("resampled");
    let expected = units(&resample(&sound, 20_000, RATE).unwrap(), 1.0);
    assert_eq!(expected.len(), 48_000);
    let worst = farthest(&heard, &expected);
    assert!(worst <= 1.01, "{worst} units of 16 bits");
    // Away from the edges it is also what would have been synthesised at that rate.
    let direct = units(&voice(48_000, RATE, 150), 1.0);
    let worst = farthest(&heard[3000..45_000], &direct[3000..45_000]);
    assert!(worst < 4.0, "{worst} units of 16 bits");
}

#[test]
fn switching_keeps_the_place_and_does_not_click() {
    // A minute, so that it does not end before the last switch on however slow a machine.
    let minute = 60 * RATE as usize;
    let (one, other) = (voice(minute, RATE, 110), voice(minute, RATE, 170));
    let mut listener = Listener::on("switched");
    listener.player.match_levels(false);
    listener
        .player
        .set(Slot::Reference, one.clone(), RATE)
        .unwrap();
    listener
        .player
        .set(Slot::Metamer, other.clone(), RATE)
        .unwrap();
    listener.player.play();
    let switches = 6;
    let mut when = 0.2;
    for _ in 0..switches {
        when = 0.2 + listener.wait(|s| s.position > when).position;
        listener.player.hear(listener.player.audible().other());
    }
    listener.wait(|s| s.position > when);
    listener.player.pause();
    listener.finish();
    let heard = captured("switched");
    // Up to where it begins to fall silent.
    let n = heard.iter().rposition(|s| *s != 0.0).unwrap() - 2 * F;
    let (a, b) = (units(&one[..n], 1.0), units(&other[..n], 1.0));
    // Frame for frame it is one of the sounds, or on the way from one to the other.
    let is = |i: usize, sound: &[f64]| (heard[i] - sound[i]).abs() <= 1.0;
    let between = |i: usize| {
        let (low, high) = (a[i].min(b[i]), a[i].max(b[i]));
        heard[i] >= low - 1.0 && heard[i] <= high + 1.0
    };
    assert!((0..n).all(between));
    let mixed = (0..n).filter(|i| !is(*i, &a) && !is(*i, &b)).count();
    assert!(mixed <= switches * F && mixed > switches * F / 2, "{mixed}");
    let only = |x: &[f64], y: &[f64]| (0..n).filter(|i| is(*i, x) && !is(*i, y)).count();
    assert!(only(&a, &b) > n / 5 && only(&b, &a) > n / 5);
    let (found, allowed) = (roughest(&heard[..n]), roughest_fade(&a, &b));
    assert!(found <= allowed, "a click: {found}, allowed {allowed}");
    // The measure sees clicks: abrupt switches at the same places, between the same sounds, exceed what is allowed.
    let places = (1..n).filter(|i| is(*i, &a) && !is(*i, &b) && !is(i - 1, &a));
    let abrupt = places.map(|i| roughest(&[b[i - 2], b[i - 1], a[i], a[i + 1]]));
    let abrupt = abrupt.fold(0.0, f64::max);
    assert!(abrupt > allowed, "{abrupt}, allowed {allowed}");
}

#[test]
fn a_metamer_is_heard_while_it_is_made() {
    let n = 48_000;
    let target = voice(n, RATE, 140);
    let noise = voice(n, RATE, 311);
    let after = |step: f32| -> Vec<f32> {
        let near = step / 20.0;
        let both = target.iter().zip(&noise);
        both.map(|(t, m)| t * near + m * (1.0 - near)).collect()
    };
    let mut listener = Listener::on("live");
    listener.player.match_levels(false);
    listener.player.hear(Slot::Metamer);
    listener
        .player
        .set(Slot::Metamer, after(0.0), RATE)
        .unwrap();
    listener.player.set_looping(true);
    listener.player.play();
    for step in 1..=20 {
        let before = listener.player.snapshot().position;
        listener.wait(|s| s.position != before);
        listener
            .player
            .set(Slot::Metamer, after(step as f32), RATE)
            .unwrap();
    }
    // It goes round with the last one until that has been heard.
    for _ in 0..3 {
        listener.wait(|s| s.position < 0.3);
        listener.wait(|s| s.position > 0.6);
    }
    listener.player.stop();
    let end = listener.finish();
    assert_eq!((end.state, end.position), (State::Stopped, 0.0));
    let heard = captured("live");
    let (a, b) = (units(&noise, 1.0), units(&target, 1.0));
    // The loop's seam, and falling silent, are fades as well.
    let shifted: Vec<f64> = b[n - F..].iter().chain(&b[..F]).copied().collect();
    let allowed = roughest_fade(&a, &b)
        .max(roughest_fade(&shifted[..F], &b[..F]))
        .max(roughest_fade(&b, &vec![0.0; n]));
    let found = roughest(&heard);
    assert!(found <= allowed, "a click: {found}, allowed {allowed}");
    // The target itself arrived in the end.
    let piece = &b[20_000..24_000];
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1.0;
    let arrived = heard.windows(4000).any(|w| w.iter().zip(piece).all(near));
    assert!(arrived);
}

#[test]
fn the_null_device_takes_everything_in_its_time() {
    let mut listener = Listener::on("nothing");
    let minute = voice(60 * 20_000, 20_000, 100);
    listener
        .player
        .set(Slot::Reference, minute, 20_000)
        .unwrap();
    listener.player.play();
    listener.wait(|s| s.position > 0.3);
    listener.player.pause();
    let paused = listener.finish();
    assert_eq!(paused.state, State::Paused);
    assert!(paused.position > 0.3, "{}", paused.position);
    listener.player.seek(59.5);
    assert_eq!(
        listener.player.snapshot().position,
        59.5,
        "also without a device"
    );
    listener.player.toggle();
    assert_eq!(listener.finish().position, 60.0);
}

#[test]
fn a_device_that_dies_is_told_of_and_another_takes_over() {
    let mut listener = Listener::on("dying");
    let sound = voice(5 * RATE as usize, RATE, 200);
    listener
        .player
        .set(Slot::Reference, sound.clone(), RATE)
        .unwrap();
    listener.player.play();
    let dead = listener.wait(|s| s.problem.is_some());
    let problem = dead.problem.unwrap();
    assert!(problem.starts_with("Audio unavailable: "), "{problem}");
    assert_eq!((dead.state, dead.device), (State::Paused, None));
    assert!(
        dead.position > 0.5,
        "it played until then: {}",
        dead.position
    );
    // The place is kept, and the rest is heard elsewhere.
    listener.player.choose_device(Some("second"));
    listener.player.seek(4.5);
    listener.player.play();
    listener.finish();
    let heard = captured("second");
    let expected = units(&sound[216_000..], 1.0);
    assert!(farthest(&heard[F..24_000], &expected[F..]) <= 1.0);
}

#[test]
fn without_a_device_the_player_says_so_and_goes_on() {
    let mut listener = Listener::on("nowhere");
    listener
        .player
        .set(Slot::Reference, vec![0.1; 1000], 20_000)
        .unwrap();
    for attempt in [Some("nowhere"), None, None] {
        listener.player.choose_device(attempt);
        listener.player.play();
        let now = listener.wait(|s| s.problem.is_some());
        assert!(now.problem.unwrap().starts_with("Audio unavailable: "));
        assert_eq!((now.state, now.device), (State::Stopped, None));
    }
    listener.player.list_devices();
    while listener.player.devices().is_none() {
        listener
            .woken
            .recv_timeout(Duration::from_secs(60))
            .unwrap();
        listener.player.snapshot();
    }
    let all = listener.player.devices().unwrap();
    let exact = all.iter().find(|d| d.name == "exact").unwrap();
    assert_eq!(exact.title, "Test exact");
    // A device may be called by its title too.
    listener.player.choose_device(Some("Test nothing"));
    listener.player.play();
    assert_eq!(listener.finish().position, 0.05);
}

#[test]
fn what_is_no_sound_is_refused() {
    let mut player = Player::new(|| {}).unwrap();
    for (samples, rate, reason) in [
        (vec![], 20_000, "no samples"),
        (vec![0.0], 0, "sample rate"),
        (vec![0.0, f32::NAN], 20_000, "NaN"),
        (vec![f32::INFINITY], 20_000, "finite"),
    ] {
        let error = player.set(Slot::Metamer, samples, rate).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(player.snapshot().state, State::Empty);
    player.set(Slot::Metamer, vec![0.0; 20], 20_000).unwrap();
    assert_eq!(player.snapshot().state, State::Stopped);
    player.clear(Slot::Metamer);
    assert_eq!(player.snapshot().state, State::Empty);
}

/// Devices that misbehave in ways that no configuration of ALSA does.
#[derive(Clone, Copy)]
enum Bad {
    /// Opens, but does not start.
    Refusing,
    /// Opens, and never asks for a sample.
    Asleep,
    /// Asks, and tells of a dropout each time, for ever.
    Choking,
    /// Asks, then tells of ten thousand failures.
    Exploding,
}

impl Output for Bad {
    fn devices(&mut self) -> Result<Vec<Device>, String> {
        Err("the list is lost".into())
    }

    fn open(
        &mut self,
        _: Option<&str>,
        renderer: &mut dyn FnMut(u32) -> Renderer,
        troubles: Troubles,
    ) -> Result<Opened, String> {
        Ok(Opened {
            title: "The bad device".into(),
            rate: RATE,
            period: None,
            stream: Box::new(BadStream(*self, renderer(RATE), troubles)),
        })
    }
}

struct BadStream(Bad, Renderer, Troubles);

impl Stream for BadStream {
    fn start(&mut self) -> Result<(), String> {
        let Self(bad, renderer, troubles) = self;
        match bad {
            Bad::Refusing => return Err("not today".into()),
            Bad::Asleep => {}
            Bad::Choking => {
                for _ in 0..1000 {
                    renderer.render(10, |_, _| ());
                    troubles.dropout();
                }
            }
            Bad::Exploding => {
                renderer.render(1000, |_, _| ());
                for _ in 0..10_000 {
                    troubles.failed("it exploded".into());
                }
            }
        }
        Ok(())
    }
}

#[test]
fn devices_that_misbehave_are_given_up() {
    for (bad, reason) in [
        (Bad::Refusing, "The bad device cannot be started: not today"),
        (Bad::Asleep, "The bad device has stopped taking sound"),
        (
            Bad::Choking,
            "The bad device keeps failing to take the sound",
        ),
        (Bad::Exploding, "The bad device failed: it exploded"),
    ] {
        let mut listener = Listener::new(Options {
            output: Box::new(bad),
            patience: Duration::from_millis(100),
            ..Options::default()
        });
        listener.player.list_devices();
        listener.wait(|s| s.problem.as_deref() == Some("Audio unavailable: the list is lost"));
        listener
            .player
            .set(Slot::Reference, vec![0.1; 96_000], RATE)
            .unwrap();
        for _ in 0..2 {
            listener.player.play();
            assert_eq!(listener.player.snapshot().problem, None);
            let told = listener.wait(|s| s.problem.is_some());
            assert_eq!(
                told.problem.unwrap(),
                format!("Audio unavailable: {reason}")
            );
            assert_ne!(told.state, State::Playing);
        }
    }
}

/// Counts what each thread allocates and frees.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|c| c.set(c.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        COUNT.with(|c| c.set(c.get() + 1));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_callback_allocates_and_frees_nothing() {
    let programme = |n| Programme {
        samples: [voice(n, RATE, 100).into(), voice(n, RATE, 130).into()],
        gains: [LIMIT as f32; 2],
    };
    let controls = Arc::new(Controls::default());
    let (mut renderer, mut handover) = Renderer::new(RATE, controls.clone(), programme(9000));
    let mut out = vec![0.0f32; 4096];
    let (_, trouble_log) = Troubles::new();
    let mut inside = 0;
    controls.set_looping(true);
    for i in 0..500usize {
        match i % 5 {
            0 => controls.set_playing(i % 35 != 0),
            1 => controls.set_audible(controls.audible().other()),
            2 => controls.seek(i as f64 / 3000.0),
            3 => handover.send(programme(1000 + i * 37 % 9000)),
            _ => controls.set_volume(i as f32 / 500.0),
        }
        let before = COUNT.with(Cell::get);
        let frames = 1 + i * 997 % 4096;
        renderer.render(frames, |i, sample| out[i] = sample);
        inside += COUNT.with(Cell::get) - before;
        // The other side does free, and keeps no more than is in use.
        handover.tend();
        assert!(handover.held() <= 4);
    }
    assert_eq!(inside, 0);
    assert_eq!(trouble_log.dropouts(), 0);
    let before = COUNT.with(Cell::get);
    drop(vec![1u8]);
    assert_eq!(COUNT.with(Cell::get) - before, 2, "the count counts");
}
