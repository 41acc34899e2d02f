//! What the sound callback runs. It takes no lock, allocates and frees nothing, and makes no click of its own.
//!
//! Whatever changes what is heard (the other sound, a new metamer, a jump, a pause) is one operation: the *voice* that
//! was heard leaves in a cross-fade of equal gain while the new one comes in. Only the two natural edges of a sound are left
//! as they are: from silence at its first frame, and to silence at its last.

use super::controls::{Controls, Moment};
use super::programme::{Programme, Slot};
use std::f32::consts::PI;
use std::sync::Arc;

/// Length of a cross-fade in seconds.
pub const FADE: f64 = 0.015;

/// A programme being read.
#[derive(Debug)]
struct Voice {
    programme: Arc<Programme>,
    slot: Slot,
    /// Whether it begins again at its end.
    looping: bool,
    /// The next frame.
    at: usize,
}

impl Voice {
    /// The next sample. A loop's end is laid over its beginning, so that the seam is a cross-fade too, and the loop so
    /// much shorter.
    fn next(&mut self, fade: usize) -> f32 {
        let (n, at) = (self.programme.frames(), self.at);
        let sample = self.programme.at(self.slot, at);
        self.at += 1;
        if !self.looping || n == 0 {
            return sample;
        }
        let seam = fade.min(n / 2);
        if self.at >= n {
            self.at = seam;
        }
        if at + seam < n {
            return sample;
        }
        let into = at + seam - n;
        let weight = rise(into, seam);
        sample + weight * (self.programme.at(self.slot, into) - sample)
    }

    fn has_ended(&self) -> bool {
        !self.looping && self.at >= self.programme.frames()
    }
}

/// The weight of what comes in, at frame `i` of a cross-fade of `n`: half a period of a cosine, without 0 and 1.
fn rise(i: usize, n: usize) -> f32 {
    0.5 - 0.5 * (PI * (i + 1) as f32 / (n + 1) as f32).cos()
}

/// What leaves in a cross-fade.
#[derive(Debug)]
struct Leaving {
    /// None when silence leaves.
    voice: Option<Voice>,
    /// Frames of the cross-fade that are done.
    done: usize,
}

/// Makes the samples that a device asks for.
#[derive(Debug)]
pub struct Renderer {
    controls: Arc<Controls>,
    arriving: rtrb::Consumer<Arc<Programme>>,
    rate: u32,
    /// Frames of a cross-fade.
    fade: usize,
    /// The newest programme.
    programme: Arc<Programme>,
    /// None while it is silent.
    heard: Option<Voice>,
    leaving: Option<Leaving>,
    /// Where the sound stands while it is silent.
    at: usize,
    /// The jumps that were followed.
    jumps: u16,
    volume: f32,
}

/// The other end of a renderer: sends it programmes and frees those that it no longer needs.
#[derive(Debug)]
pub struct Handover {
    sending: rtrb::Producer<Arc<Programme>>,
    /// Everything that the renderer may still hold; so its own references are never the last.
    kept: Vec<Arc<Programme>>,
    /// The newest programme, while the queue is full.
    waiting: Option<Arc<Programme>>,
}

impl Handover {
    /// Lets the renderer go over to another programme at its next opportunity.
    pub fn send(&mut self, programme: Programme) {
        self.waiting = Some(Arc::new(programme));
        self.tend();
    }

    /// Sends what had to wait, and frees what has come back. To be called now and then.
    pub fn tend(&mut self) {
        if let Some(programme) = self.waiting.take() {
            match self.sending.push(programme.clone()) {
                Ok(()) => self.kept.push(programme),
                Err(_) => self.waiting = Some(programme),
            }
        }
        self.kept.retain(|p| Arc::strong_count(p) > 1);
    }

    /// Number of programmes that the renderer may still hold.
    pub fn held(&self) -> usize {
        self.kept.len()
    }
}

impl Renderer {
    /// A renderer at a device's `rate`, silent, standing where `controls` say.
    pub fn new(rate: u32, controls: Arc<Controls>, programme: Programme) -> (Self, Handover) {
        let (sending, arriving) = rtrb::RingBuffer::new(2);
        let programme = Arc::new(programme);
        let handover = Handover {
            sending,
            kept: vec![programme.clone()],
            waiting: None,
        };
        let renderer = Self {
            at: controls.position().frame(rate),
            jumps: controls.wanted().jumps,
            volume: controls.volume(),
            fade: (FADE * f64::from(rate)).ceil() as usize,
            controls,
            arriving,
            rate,
            programme,
            heard: None,
            leaving: None,
        };
        (renderer, handover)
    }

    /// Makes the next `frames` samples and gives each to `put` with its number.
    pub fn render(&mut self, frames: usize, mut put: impl FnMut(usize, f32)) {
        self.follow();
        for i in 0..frames {
            put(i, self.next());
        }
        let at = self.heard.as_ref().map_or(self.at, |v| v.at);
        let silence = self.heard.is_none() && self.leaving.is_none();
        let reached = Moment::of_frame(self.jumps, at, self.rate);
        self.controls.report(reached, frames as u64, silence);
    }

    /// Begins a cross-fade to what is wanted, if that is not what is heard.
    fn follow(&mut self) {
        if self.leaving.is_some() {
            return; // one change at a time; the next block looks again
        }
        let mut changed = false;
        while let Ok(newest) = self.arriving.pop() {
            self.programme = newest;
            changed = true;
        }
        let (slot, looping) = (self.controls.audible(), self.controls.looping());
        let mut at = match &self.heard {
            Some(voice) => {
                changed |= voice.slot != slot || voice.looping != looping;
                voice.at
            }
            None => self.at,
        };
        let wanted = self.controls.wanted();
        if wanted.jumps != self.jumps {
            self.jumps = wanted.jumps;
            at = wanted.frame(self.rate);
            changed = true;
        }
        let (playing, frames) = (self.controls.playing(), self.programme.frames());
        if at >= frames && playing {
            if frames > 0 && (self.heard.is_none() || looping) {
                at = 0;
            } else {
                self.controls.set_playing(false);
            }
        }
        let at = at.min(frames);
        let new = (playing && at < frames).then(|| Voice {
            programme: self.programme.clone(),
            slot,
            looping,
            at,
        });
        self.at = at;
        let heard = self.heard.is_some();
        if heard == new.is_some() && !(heard && changed) {
            return;
        }
        let old = std::mem::replace(&mut self.heard, new);
        if old.is_some() || at > 0 {
            self.leaving = Some(Leaving {
                voice: old,
                done: 0,
            });
        }
    }

    fn next(&mut self) -> f32 {
        if self.heard.as_ref().is_some_and(Voice::has_ended) {
            self.heard = None;
            self.at = self.programme.frames();
            self.controls.set_playing(false);
        }
        let fade = self.fade;
        let read = |voice: &mut Option<Voice>| voice.as_mut().map_or(0.0, |v| v.next(fade));
        let mut sample = read(&mut self.heard);
        if let Some(leaving) = &mut self.leaving {
            let old = read(&mut leaving.voice);
            sample = old + rise(leaving.done, fade) * (sample - old);
            leaving.done += 1;
            if leaving.done >= fade {
                self.leaving = None;
            }
        }
        let step = 1.0 / self.fade.max(1) as f32;
        self.volume += (self.controls.volume() - self.volume).clamp(-step, step);
        sample * self.volume
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;
    const F: usize = 720;

    fn tone(n: usize, hertz: f32) -> Arc<[f32]> {
        let step = std::f32::consts::TAU * hertz / RATE as f32;
        (0..n).map(|i| 0.5 * (i as f32 * step).cos()).collect()
    }

    fn pair(n: usize) -> Programme {
        Programme {
            samples: [tone(n, 440.0), tone(n, 660.0)],
            gains: [1.0, 0.5],
        }
    }

    fn start(programme: Programme) -> (Arc<Controls>, Renderer, Handover) {
        let controls = Arc::new(Controls::default());
        let (renderer, handover) = Renderer::new(RATE, controls.clone(), programme);
        (controls, renderer, handover)
    }

    fn take(renderer: &mut Renderer, frames: usize, block: usize) -> Vec<f32> {
        let mut out = vec![];
        while out.len() < frames {
            renderer.render(block.min(frames - out.len()), |_, s| out.push(s));
        }
        out
    }

    /// The largest second difference.
    fn roughness(samples: &[f32]) -> f32 {
        let second = |w: &[f32]| (w[0] - 2.0 * w[1] + w[2]).abs();
        samples.windows(3).map(second).fold(0.0, f32::max)
    }

    #[test]
    fn a_sound_is_played_to_the_sample_and_then_there_is_silence() {
        for block in [1, 7, 1024, 100_000] {
            let (controls, mut renderer, _handover) = start(pair(10_000));
            assert!(take(&mut renderer, 500, block).iter().all(|s| *s == 0.0));
            controls.set_playing(true);
            let heard = take(&mut renderer, 12_000, block);
            assert_eq!(heard[..10_000], *tone(10_000, 440.0));
            assert!(heard[10_000..].iter().all(|s| *s == 0.0));
            assert!(!controls.playing(), "the end is told");
            assert_eq!(controls.position().frame(RATE), 10_000);
            // Played again, it begins again.
            controls.set_playing(true);
            assert_eq!(take(&mut renderer, 300, block), tone(10_000, 440.0)[..300]);
        }
    }

    #[test]
    fn the_other_sound_takes_over_at_the_same_frame_without_a_click() {
        for block in [1, 64, 480] {
            let (controls, mut renderer, _handover) = start(pair(20_000));
            controls.set_playing(true);
            let before = take(&mut renderer, 4800, block);
            controls.set_audible(Slot::Metamer);
            let after = take(&mut renderer, 4800, block);
            let (a, b) = (tone(20_000, 440.0), tone(20_000, 660.0));
            assert_eq!(before, a[..4800]);
            let b: Vec<f32> = b.iter().map(|s| s * 0.5).collect();
            assert_eq!(after[F..], b[4800 + F..9600]);
            let heard = [before, after].concat();
            // What the fade adds to the second difference of either: `tests/playback.rs` derives it.
            let most = roughness(&a).max(roughness(&b));
            assert!(roughness(&heard) < most + 3e-4, "{}", roughness(&heard));
            // An abrupt switch would be heard: the test can fail.
            let abrupt = [&a[..4800], &b[4800..9600]].concat();
            assert!(roughness(&abrupt) > 2.0 * (most + 3e-4));
        }
    }

    #[test]
    fn nothing_that_can_be_done_clicks() {
        let (controls, mut renderer, mut handover) = start(pair(9600));
        controls.set_looping(true);
        controls.set_playing(true);
        let mut heard = vec![];
        for i in 0..400usize {
            match i % 8 {
                0 => controls.set_audible(controls.audible().other()),
                1 => controls.seek((i * 7919 % 200) as f64 / 1000.0),
                3 => controls.set_playing(false),
                4 => controls.set_playing(true),
                5 => controls.set_volume((i % 3) as f32 / 2.0),
                6 => handover.send(pair(9000 + i)),
                _ => {}
            }
            heard.extend(take(&mut renderer, 1 + i * 131 % 1500, 256));
            handover.tend();
            assert!(handover.held() <= 4, "{}", handover.held());
        }
        let most = roughness(&tone(9600, 660.0)) + 3e-4;
        assert!(roughness(&heard) < most, "{} {most}", roughness(&heard));
        assert!(heard.iter().any(|s| s.abs() > 0.4));
    }

    #[test]
    fn a_loop_goes_on_for_ever_whatever_its_length() {
        for n in [0, 1, 2, 3, 100, F, 2 * F + 1, 5000] {
            let (controls, mut renderer, _handover) = start(pair(n));
            controls.set_looping(true);
            controls.set_playing(true);
            let heard = take(&mut renderer, 20_000, 333);
            assert_eq!(controls.playing(), n > 0, "{n}");
            if n == 5000 {
                let period = n - F;
                assert_eq!(heard[..period], tone(n, 440.0)[..period]);
                assert_eq!(
                    heard[n..n + period - F],
                    heard[n + period..n + 2 * period - F]
                );
            }
            controls.set_looping(false);
            take(&mut renderer, n + 2 * F, 333);
            assert!(!controls.playing());
        }
    }

    #[test]
    fn pausing_and_jumping_keep_the_place() {
        let (controls, mut renderer, _handover) = start(pair(40_000));
        controls.seek(0.5);
        assert_eq!(controls.position().frame(RATE), 24_000);
        take(&mut renderer, 100, 100);
        assert_eq!(
            controls.position().frame(RATE),
            24_000,
            "silence stays where it is"
        );
        controls.set_playing(true);
        let heard = take(&mut renderer, 2000, 500);
        assert_eq!(heard[F..], tone(40_000, 440.0)[24_000 + F..26_000]);
        controls.set_playing(false);
        take(&mut renderer, 3000, 500);
        assert_eq!(controls.position().frame(RATE), 26_000);
        assert!(controls.silent() >= 2000 && controls.silent() < 3000);
        // A jump beyond the end ends the sound, or begins the loop again.
        controls.set_playing(true);
        take(&mut renderer, 2000, 500);
        controls.seek(1e9);
        take(&mut renderer, 2000, 500);
        assert!(!controls.playing());
        controls.set_looping(true);
        controls.set_playing(true);
        take(&mut renderer, 2000, 500);
        controls.seek(1e9);
        take(&mut renderer, 2000, 500);
        assert!(controls.playing() && controls.position().frame(RATE) < 4000);
    }

    #[test]
    fn a_new_metamer_is_heard_where_the_old_one_was() {
        let (controls, mut renderer, mut handover) = start(pair(40_000));
        controls.set_audible(Slot::Metamer);
        controls.set_playing(true);
        take(&mut renderer, 5000, 500);
        // More of them than can be taken: the last one counts.
        for hertz in [100.0, 200.0, 300.0, 500.0] {
            handover.send(Programme {
                samples: [tone(10, 440.0), tone(30_000, hertz)],
                gains: [1.0, 1.0],
            });
        }
        for _ in 0..10 {
            take(&mut renderer, 500, 500);
            handover.tend();
        }
        let heard = take(&mut renderer, 2000, 500);
        assert_eq!(heard, tone(30_000, 500.0)[10_000..12_000]);
        assert_eq!(handover.held(), 1, "the others are freed");
        // One that is shorter than the place that was reached ends it.
        handover.send(pair(3000));
        take(&mut renderer, 3000, 500);
        assert!(!controls.playing());
    }
}
