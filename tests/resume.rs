//! Interrupted runs: killed at any moment, or politely asked to stop, a run resumes to the same bytes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUN: &str = "chelsea__efficientnet-lite0__block0__s5";

fn start(out: &Path, steps: u32, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_metamer-studio"))
        .args([
            "generate",
            "efficientnet-lite0",
            "--stimulus",
            "chelsea",
            "--layer",
            "block0",
        ])
        .args([
            "--recipe",
            "feather2019",
            "--seed",
            "5",
            "--threads",
            "2",
            "--checkpoint-every",
            "3",
        ])
        .args(["--steps", &steps.to_string(), "--out"])
        .arg(out)
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The files that must be equal, and the trace without its seconds.
fn result(out: &Path) -> (Vec<Vec<u8>>, Vec<String>) {
    let run = out.join(RUN);
    let files = [
        "spec.toml",
        "metamer.npy",
        "metamer.png",
        "reference.png",
        "history.npz",
        "verdict.json",
    ];
    let bytes = files
        .iter()
        .map(|f| std::fs::read(run.join(f)).unwrap())
        .collect();
    let trace = std::fs::read_to_string(run.join("trace.csv")).unwrap();
    let row = |l: &str| {
        let fields: Vec<&str> = l.split(',').collect();
        [&fields[..4], &fields[5..]].concat().join(",")
    };
    (bytes, trace.lines().map(row).collect())
}

fn checkpoint(out: &Path) -> PathBuf {
    out.join(format!("{RUN}.partial/checkpoint/state.safetensors"))
}

#[test]
fn twenty_kills_at_random_moments_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let steps = 400;
    assert_eq!(start(&whole, steps, &[]).wait().unwrap().code(), Some(3));

    // Each life lasts until a checkpoint newer than the last was seen, and then for a random moment of up to a few steps.
    let (mut kills, mut random, deadline) =
        (0, 12345u64, Instant::now() + Duration::from_secs(240));
    let mut resumed_from_checkpoint = 0;
    while kills < 20 {
        assert!(
            Instant::now() < deadline,
            "only {kills} kills in the time allowed"
        );
        let before = std::fs::metadata(checkpoint(&killed))
            .and_then(|m| m.modified())
            .ok();
        resumed_from_checkpoint += usize::from(before.is_some());
        let mut child = start(&killed, steps, &["--resume"]);
        let newer = || {
            std::fs::metadata(checkpoint(&killed))
                .and_then(|m| m.modified())
                .ok()
                > before
        };
        while !newer() && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "no checkpoint appears");
            std::thread::sleep(Duration::from_millis(1));
        }
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((random >> 33) % 60_000));
        assert!(
            child.try_wait().unwrap().is_none(),
            "the run ended before it could be killed {kills} times: use more steps"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        assert!(
            !killed.join(RUN).exists(),
            "a killed run must not look complete"
        );
    }
    assert!(resumed_from_checkpoint >= 19);
    assert_eq!(
        start(&killed, steps, &["--resume"]).wait().unwrap().code(),
        Some(3)
    );
    assert_eq!(result(&whole), result(&killed));
    assert_eq!(
        std::fs::read_dir(&killed).unwrap().count(),
        1,
        "nothing temporary is left"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_writes_a_checkpoint_and_exits_130() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), 100_000, &[]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !checkpoint(folder.path()).exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(checkpoint(folder.path()).exists());
    // Other settings are not mixed into the unfinished run.
    let mut other = start(folder.path(), 99_999, &["--resume"]);
    assert_eq!(other.wait().unwrap().code(), Some(1));
}

#[test]
fn two_programs_do_not_work_on_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = start(folder.path(), 100_000, &[]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !checkpoint(folder.path()).exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    for more in ["--resume", "--overwrite"] {
        assert_eq!(
            start(folder.path(), 100_000, &[more])
                .wait()
                .unwrap()
                .code(),
            Some(1),
            "{more}"
        );
    }
    assert!(first.try_wait().unwrap().is_none());
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_damaged_checkpoint_is_an_error_not_a_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), 100_000, &[]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !checkpoint(folder.path()).exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let bytes = std::fs::read(checkpoint(folder.path())).unwrap();
    std::fs::write(checkpoint(folder.path()), &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(
        start(folder.path(), 100_000, &["--resume"])
            .wait()
            .unwrap()
            .code(),
        Some(1)
    );
    assert_eq!(
        std::fs::read(checkpoint(folder.path())).unwrap(),
        &bytes[..bytes.len() / 2]
    );
}
