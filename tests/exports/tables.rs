//! Folders and archives: what their tables say is so.

use crate::program::Place;
use crate::runs;
use metamer_studio::export::{self, Kind, Options, Set};
use metamer_studio::formats::npz;
use metamer_studio::network::registry::sha256;
use serde_json::Value;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

pub fn write(set: &Set, kind: Kind, options: &Options, out: &Path) {
    let plan = export::plan(set, kind, options, out).unwrap();
    plan.write(false, &mut |_| ControlFlow::Continue(()))
        .unwrap();
}

/// The rows of a CSV by column, quotation marks understood.
pub fn table(path: &Path) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let split = |line: &str| {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    let mut lines = text.lines();
    let columns = split(lines.next().unwrap());
    let rows = lines.map(|line| {
        let fields = split(line);
        assert_eq!(fields.len(), columns.len(), "{line}");
        columns.iter().cloned().zip(fields).collect()
    });
    rows.collect()
}

#[test]
fn every_stimulus_has_a_row_with_its_figures_and_the_sum_of_its_file() {
    let (set, place) = (runs::set(), Place::new());
    write(&set, Kind::Stimuli, &Options::default(), &place.path("s"));
    let rows = table(&place.path("s/stimuli.csv"));
    assert_eq!(
        rows.iter().filter(|r| r["kind"] == "metamer").count(),
        set.runs.len()
    );
    assert_eq!(rows.iter().filter(|r| r["kind"] == "reference").count(), 2);
    for row in &rows {
        let bytes = std::fs::read(place.path("s").join(&row["path"])).unwrap();
        assert_eq!(sha256(&bytes), row["sha256"]);
    }
    for run in &set.runs {
        let name = run.spec.folder_name();
        let row = rows.iter().find(|r| r["run"] == name).unwrap();
        assert_eq!(row["verdict"], run.verdict_word());
        assert_eq!(row["spearman"].parse::<f64>().ok(), run.rho());
        assert_eq!(row["null_max_spearman"].parse::<f64>().ok(), run.null_max());
        assert_eq!(row["metamer_class"], run.metamer_class().unwrap().label);
        let own = run.folder.join(if run.is_sound() {
            "metamer.wav"
        } else {
            "metamer.png"
        });
        assert_eq!(sha256(&std::fs::read(own).unwrap()), row["sha256"]);
    }
    let about = std::fs::read_to_string(place.path("s/README.txt")).unwrap();
    for said in [
        "Neuroscience 26, 2017",
        "Stéfan van der Walt",
        "failed",
        "EfficientNet-Lite0: ",
    ] {
        assert!(about.contains(said), "{said}\n{about}");
    }
}

#[test]
fn the_archive_has_every_array_to_the_bit() {
    let (set, place) = (runs::set(), Place::new());
    write(&set, Kind::Npz, &Options::default(), &place.path("all.npz"));
    let arrays = npz::read(&place.path("all.npz")).unwrap();
    let rows = table(&place.path("all.csv"));
    assert_eq!(rows.len(), arrays.len());
    for row in &rows {
        let shape: Vec<usize> = row["shape"]
            .split(' ')
            .map(|n| n.parse().unwrap())
            .collect();
        assert_eq!(arrays[&row["array"]].shape, shape);
    }
    let index: Value =
        serde_json::from_slice(&std::fs::read(place.path("all.json")).unwrap()).unwrap();
    for run in &set.runs {
        let name = run.spec.folder_name();
        assert_eq!(&arrays[&name].values, &*run.metamer);
        if let Some(cells) = &run.cochleagram {
            assert_eq!(
                arrays[&format!("{name}__cochleagram")].values,
                cells.values()
            );
        }
        let entry = index["arrays"]
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["array"] == name.as_str())
            .unwrap();
        assert_eq!(entry["spec"]["seed"], run.spec.seed);
        assert_eq!(entry["verification"]["verdict"], run.verdict_word());
    }
    let reference = &arrays["umbrella__reference"].values;
    let own = set.runs.iter().find(|r| r.is_sound()).unwrap();
    assert_eq!(reference, &own.reference.as_ref().unwrap().values);
}

/// Follows the paths that the 2023 repository's online experiment makes of its JSON.
#[test]
fn the_2023_experiment_finds_every_file_that_its_json_promises() {
    let (set, place) = (runs::set(), Place::new());
    write(
        &set,
        Kind::Repository2023,
        &Options::default(),
        &place.path("r"),
    );
    for (folder, kind, stimuli) in [
        ("audio_experiment/", "wav", 1),
        ("image_experiment/", "png", 1),
    ] {
        let file = format!(
            "r/FOR_WEB_{}_load_experiment_info.json",
            folder.trim_end_matches('/')
        );
        let info: Value =
            serde_json::from_slice(&std::fs::read(place.path(&file)).unwrap()).unwrap();
        assert_eq!(info["total_num_unique_stimuli"], stimuli);
        let conditions = info["experiment_conditions"].as_array().unwrap();
        assert!(conditions.contains(&info["orig_replacement_condition"]));
        let mut promised = 0;
        for condition in conditions {
            let condition = condition.as_str().unwrap();
            for number in info["examples_per_model_and_layer"][condition]
                .as_array()
                .unwrap()
            {
                let path = format!("{folder}{condition}");
                let parts: Vec<&str> = path.split('/').collect();
                let after = |part: &str| part.split_once('_').unwrap().1.to_owned();
                let name = format!(
                    "{}_{}_{}",
                    number.as_str().unwrap(),
                    after(parts[1]),
                    after(parts[2])
                );
                assert!(
                    place.path(&format!("r/{path}/{name}.{kind}")).is_file(),
                    "{path}/{name}"
                );
                promised += 1;
            }
        }
        let original = info["orig_replacement_condition"].as_str().unwrap();
        let originals = info["examples_per_model_and_layer"][original]
            .as_array()
            .unwrap();
        assert_eq!(originals.len(), stimuli);
        let sound = kind == "wav";
        let good = set
            .runs
            .iter()
            .filter(|r| r.is_sound() == sound && r.verdict_word() != "Fail");
        assert_eq!(promised, stimuli + good.count());
    }
    // What failed is there, marked, and not promised.
    let rows = table(&place.path("r/stimuli.csv"));
    assert_eq!(rows.len(), set.runs.len());
    for row in rows {
        assert_eq!(row["listed"] == "true", row["verdict"] != "Fail");
        assert!(place.path("r").join(&row["path"]).is_file());
    }
    let scripts =
        "r/efficientnet-lite0/metamers/metamerstudio_inversion_loss_layer_RS1_I40_N1/0_SOUND_cat";
    for name in [
        "orig.png",
        "0_layer_stem_synth.png",
        "19_layer_logits_synth.png",
    ] {
        assert!(place.path(scripts).join(name).is_file(), "{name}");
    }
}
