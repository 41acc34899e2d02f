//! A few small runs, made once by the real program: two layers and two seeds of a picture, two layers of a word.

use crate::program::Place;
use metamer_studio::export::Set;
use std::path::PathBuf;
use std::sync::LazyLock;

static MADE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    for arguments in [
        // Given against the network's order. Enough steps for an early layer to pass.
        "generate efficientnet-lite0 --stimulus chelsea --layer logits,stem --recipe quick --steps 40 --seed 1",
        "generate efficientnet-lite0 --stimulus chelsea --layer stem --recipe quick --steps 2 --seed 2",
        "generate word-aliased --stimulus umbrella --layer conv_1,cochleagram --recipe quick --steps 2 --seed 1",
    ] {
        let ran = place.run(&format!("{arguments} --out runs"));
        let code = ran.output.status.code();
        assert!(matches!(code, Some(0 | 3)), "{arguments}\n{}", ran.all());
    }
    place
});

/// The folder that contains the runs.
pub fn folder() -> PathBuf {
    MADE.path("runs")
}

/// The folder of a run by its name.
pub fn run(name: &str) -> PathBuf {
    folder().join(name)
}

/// All of them.
pub fn set() -> Set {
    Set::read(&[folder()]).unwrap()
}
