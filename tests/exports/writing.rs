//! The plan and the writing, for every kind alike.

use crate::program::Place;
use crate::runs;
use metamer_studio::export::{self, Ended, Kind, Options};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
    {
        if entry.is_dir() {
            all.extend(files(&entry));
        } else {
            let bytes = std::fs::read(&entry).unwrap();
            all.insert(entry, bytes);
        }
    }
    all
}

/// Where an export of a kind goes inside a folder.
fn out(kind: Kind, folder: &Path) -> PathBuf {
    match kind.extension() {
        Some(extension) => folder.join(format!("export.{extension}")),
        None => folder.join("export"),
    }
}

#[test]
fn what_is_planned_is_what_is_written_all_of_it_or_nothing() {
    let set = runs::set();
    for kind in Kind::ALL {
        let place = Place::new();
        let folder = place.path("new/place");
        let options = Options::default();
        let plan = export::plan(&set, kind, &options, &out(kind, &folder)).unwrap();
        let name = kind.name();
        assert!(!folder.exists(), "{name}: planning must not write");

        // Stopped at every one of its first pieces of work, and at the last: nothing is there.
        let mut pieces = 0;
        plan.write(false, &mut |p| {
            pieces = p.of;
            ControlFlow::Break(())
        })
        .unwrap();
        assert!(pieces >= 2, "{name} can only be stopped before it begins");
        // The history of a short run has fewer snapshots than work was reckoned with: how many pieces there really are is
        // counted elsewhere.
        let elsewhere = place.path("elsewhere");
        let mut done = 0;
        export::plan(&set, kind, &options, &out(kind, &elsewhere))
            .unwrap()
            .write(false, &mut |p| {
                done = p.done;
                ControlFlow::Continue(())
            })
            .unwrap();
        for stop in [1, 2, done].into_iter().filter(|s| *s <= done) {
            let ended = plan.write(false, &mut |p| {
                assert_eq!(p.of, pieces);
                if p.done >= stop {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            assert_eq!(
                ended.unwrap(),
                Ended::Cancelled,
                "{name} at {stop} of {pieces}"
            );
            assert!(!place.path("new").exists(), "{name} left something behind");
        }

        let mut steps = 0;
        let ended = plan
            .write(false, &mut |p| {
                steps += 1;
                assert!(p.done < p.of);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(steps <= pieces && steps > 0, "{name}: {steps} of {pieces}");
        let written = files(&folder);
        let mut planned: Vec<&Path> = plan.files().iter().map(|f| f.path.as_path()).collect();
        planned.sort();
        assert_eq!(
            written.keys().map(PathBuf::as_path).collect::<Vec<_>>(),
            planned,
            "{name}"
        );
        let bytes: u64 = written.values().map(|b| b.len() as u64).sum();
        let Ended::Written {
            files: told,
            bytes: counted,
        } = ended
        else {
            panic!("{name}")
        };
        assert_eq!((told.len(), counted), (planned.len(), bytes), "{name}");
        for file in plan.files() {
            let found = written[&file.path].len() as u64;
            if file.exact {
                assert_eq!(found, file.bytes, "{name}: {}", file.path.display());
            }
        }
        let share = bytes as f64 / plan.bytes() as f64;
        assert!(
            (0.2..2.5).contains(&share),
            "{name}: {bytes} bytes, planned {}",
            plan.bytes()
        );

        // A second time it is refused and nothing changes; if asked for, only its own files are replaced.
        let refused = plan
            .write(false, &mut |_| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("Exists already") && refused.contains("--overwrite"),
            "{refused}"
        );
        assert_eq!(plan.existing().len(), planned.len());
        assert_eq!(files(&folder), written, "{name}");
        let own = plan.files()[0].path.with_file_name("notes of my own.txt");
        std::fs::write(&own, "keep").unwrap();
        std::fs::write(&plan.files()[0].path, "old").unwrap();
        let stopped = plan.write(true, &mut |_| ControlFlow::Break(())).unwrap();
        assert_eq!(stopped, Ended::Cancelled);
        assert_eq!(
            std::fs::read(&plan.files()[0].path).unwrap(),
            b"old",
            "{name}"
        );
        plan.write(true, &mut |_| ControlFlow::Continue(()))
            .unwrap();
        let mut again = files(&folder);
        assert_eq!(again.remove(&own).as_deref(), Some(&b"keep"[..]));
        assert!(
            again == written,
            "{name}: the same runs must give the same bytes"
        );
    }
}

#[test]
fn the_command_line_plans_writes_and_refuses() {
    let place = Place::new();
    let runs = runs::folder();
    let runs = runs.display();
    let planned = place
        .run(&format!(
            "export stimuli {runs} --out here --dry-run --json"
        ))
        .exits(0)
        .json_lines();
    assert!(!place.path("here").exists());
    assert!(
        planned
            .iter()
            .all(|p| p["bytes"].is_u64() && p["what"].is_string())
    );
    let written = place
        .run(&format!("export stimuli {runs} --out here --json"))
        .exits(0)
        .json_lines();
    assert_eq!(planned.len(), written.len());
    place
        .run(&format!("export stimuli {runs} --out here"))
        .exits(1)
        .says("Exists already");
    place
        .run(&format!("export stimuli {runs} --out here --overwrite"))
        .exits(0)
        .says("files with");
    // A sheet's format is its name's.
    for (name, magic) in [
        ("a.pdf", &b"%PDF-1.7"[..]),
        ("a.svg", b"<?xml"),
        ("a.png", b"\x89PNG"),
    ] {
        place
            .run(&format!("export sheet {runs} --out {name} --title Mine"))
            .exits(0);
        assert!(
            std::fs::read(place.path(name)).unwrap().starts_with(magic),
            "{name}"
        );
    }
    place
        .run(&format!("export sheet {runs} --out a.jpeg"))
        .exits(1)
        .says("must end in .png, .svg or .pdf");
    place
        .run(&format!("export html {runs} --out page.txt"))
        .exits(1)
        .says("must end in .html");
    place
        .run(&format!("export htlm {runs} --out page.html"))
        .exits(2)
        .says("did you mean");
    place
        .run("export html nowhere --out page.html")
        .exits(1)
        .says("There is no such folder");
    assert!(!place.path("page.html").exists());
}
