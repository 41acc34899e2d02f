//! A sound that becomes the metamer while it is heard.

use super::super::media;
use crate::playback::programme::{LIMIT, Level};
use crate::session::history::History;

/// How many times the sound is heard while it forms, before it is heard as it is in the end.
pub const TIMES: usize = 3;

/// Samples of a cross-fade, at most: 20 ms at 20 kHz.
const FADE: usize = 400;

/// The bytes of a WAV of 16 bits: the sound over and over, each moment from a later snapshot, and the metamer at the end.
pub fn wav(history: &History, metamer: &[f32], comment: &str) -> Vec<u8> {
    let snapshots: Vec<Vec<f32>> = history.snapshots.iter().map(|s| s.input()).collect();
    let samples = morph(&snapshots, metamer);
    let peak = Level::of(&samples).peak;
    let gain = if peak > LIMIT {
        (LIMIT / peak) as f32
    } else {
        1.0
    };
    media::wav16(&samples, gain, comment)
}

/// The samples: excerpts of the snapshots in turn, cross-faded, at the place of the sound that they are of.
fn morph(snapshots: &[Vec<f32>], metamer: &[f32]) -> Vec<f32> {
    let length = metamer.len();
    let forming = TIMES * length;
    let each = (forming as f64 / snapshots.len().max(1) as f64).max(1.0);
    let fade = FADE.min((each / 2.0) as usize).max(1);
    let sample = |snapshot: usize, at: usize| {
        let source = snapshots.get(snapshot).map_or(metamer, Vec::as_slice);
        source.get(at % length).copied().unwrap_or_default()
    };
    let one = |at: usize| {
        let snapshot = ((at as f64 / each) as usize).min(snapshots.len());
        if snapshots.is_empty() || at >= forming {
            return metamer[at % length];
        }
        let end = ((snapshot + 1) as f64 * each) as usize;
        let left = end.saturating_sub(at);
        if left >= fade {
            return sample(snapshot, at);
        }
        // What differs little is mixed in proportion: its level stays.
        let share = 1.0 - left as f32 / fade as f32;
        (1.0 - share) * sample(snapshot, at) + share * sample(snapshot + 1, at)
    };
    (0..forming + length).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_the_first_snapshot_ends_with_the_metamer_and_never_jumps() {
        let n = 4000;
        let snapshots: Vec<Vec<f32>> = (0..10).map(|i| vec![i as f32 / 10.0; n]).collect();
        let metamer = vec![1.0; n];
        let heard = morph(&snapshots, &metamer);
        assert_eq!(heard.len(), 4 * n);
        assert_eq!(heard[0], 0.0);
        assert!(heard[3 * n..].iter().all(|s| *s == 1.0));
        assert!(
            heard
                .windows(2)
                .all(|w| (0.0..0.0015).contains(&(w[1] - w[0])))
        );
        // The middle of each excerpt is the snapshot itself.
        for (i, snapshot) in snapshots.iter().enumerate() {
            assert_eq!(heard[i * 1200 + 500], snapshot[0]);
        }
    }

    #[test]
    fn each_moment_comes_from_the_same_place_of_the_sound() {
        let ramp: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let heard = morph(&vec![ramp.clone(); 7], &ramp);
        for (i, sample) in heard.iter().enumerate() {
            assert!((sample - (i % 1000) as f32).abs() < 1e-3, "{i} {sample}");
        }
    }
}
