//! TensorFlow's Adam, fed the recorded gradients, must give the recorded iterates to the bit.

use metamer_studio::formats::npz;
use metamer_studio::synthesis::optimisers::{Adam, Optimiser, Pace};
use metamer_studio::synthesis::schedule::Schedule;
use std::path::Path;

#[test]
fn thirty_teacher_forced_updates_are_exact() {
    let golden = npz::read(Path::new("tests/data/golden/adam/adam_teacher_forced.npz")).unwrap();
    let (x, grad) = (&golden["x"].values, &golden["grad"].values);
    let n = golden["x"].shape[1];
    let (mut adam, mut at_bounds) = (Adam::new(n, 0.9, 0.999, 1e-8), 0);
    let mut now = x[..n].to_vec();
    for k in 0..30 {
        let rate = Schedule::Exponential.rate(0.05, 0.5, 1000, 0.0, k as u64, 30);
        if k == 13 {
            // A checkpoint in the middle must not show.
            let state = adam.state();
            adam = Adam::new(n, 0.9, 0.999, 1e-8);
            adam.restore(&state).unwrap();
        }
        adam.update(
            &mut now,
            &grad[k * n..(k + 1) * n],
            Pace::of(rate),
            Some([0.0, 1.0]),
        );
        let expected = &x[(k + 1) * n..(k + 2) * n];
        let wrong = now
            .iter()
            .zip(expected)
            .filter(|(a, b)| a.to_bits() != b.to_bits())
            .count();
        assert_eq!(wrong, 0, "update {k}");
        at_bounds = now.iter().filter(|v| **v == 0.0 || **v == 1.0).count();
    }
    assert!(at_bounds > 100, "the data must exercise the clipping");
}
