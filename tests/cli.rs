//! The command line as a person or a script uses it: the real program, real files.

#[path = "support/program.rs"]
mod program;

use metamer_studio::formats::{Array, npy, npz};
use metamer_studio::synthesis::Spec;
use program::Place;
use std::path::Path;
use std::process::Command;

const MODEL: &str = "efficientnet-lite0";

fn write_png(place: &Place, name: &str, width: u32, height: u32) {
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .save(place.path(name))
        .unwrap();
}

#[test]
fn lists_have_the_promised_fields() {
    let place = Place::new();
    let models = place.run("models --json").exits(0).json_lines();
    assert_eq!(
        (
            &models[0]["name"],
            &models[0]["modality"],
            &models[0]["available"]
        ),
        (&MODEL.into(), &"image".into(), &true.into())
    );
    let layers = place
        .run("layers efficientnet-lite0 --json")
        .exits(0)
        .json_lines();
    let names: Vec<&str> = layers.iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert_eq!(
        (
            names.len(),
            names[0],
            names[1],
            names[16],
            names[17],
            names[19]
        ),
        (20, "stem", "block0", "block15", "head", "logits")
    );
    assert_eq!(layers[0]["shape"], serde_json::json!([32, 112, 112]));
    assert_eq!(
        (&layers[0]["elements"], &layers[0]["kind"]),
        (&401_408.into(), &"relu6".into())
    );
    assert!(layers.iter().all(|l| l["aliases"].is_array()));
    let stimuli = place.run("stimuli --json").exits(0).json_lines();
    assert!(
        stimuli
            .iter()
            .all(|s| s["licence"].is_string() && s["name"].is_string())
    );
    let of = |modality: &str| stimuli.iter().filter(|s| s["modality"] == modality).count();
    assert_eq!(
        (of("image"), of("image") + of("sound")),
        (10, stimuli.len())
    );
    assert_eq!(
        place
            .run("stimuli --modality sound --json")
            .exits(0)
            .json_lines()
            .len(),
        of("sound")
    );
}

#[test]
fn generate_writes_a_whole_run_folder_and_repeats_it_to_the_bit() {
    let place = Place::new();
    let arguments = "generate efficientnet-lite0 --stimulus chelsea --layer block1,head --recipe feather2023 --steps 16 --seed 3";
    let first = place.run(&format!("{arguments} --out a --json"));
    // Sixteen steps are no metamer, so a verdict of Fail is right.
    let lines = first.exits(3).json_lines();
    let events = |kind: &str| {
        lines
            .iter()
            .filter(|l| l["event"] == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!((events("started").len(), events("finished").len()), (2, 2));
    assert_eq!(
        events("step").len(),
        2 * 17,
        "a loss before each of 16 updates and one after the last"
    );
    assert_eq!(events("finished")[0]["verdict"], "Fail");
    let loss = |i: usize| events("step")[i]["loss"].as_f64().unwrap();
    assert!(loss(16) < loss(0) && loss(33) < loss(17));

    place.run(&format!("{arguments} --out b")).exits(3);
    for layer in ["block1", "head"] {
        let run = format!("chelsea__efficientnet-lite0__{layer}__s3");
        for file in [
            "spec.toml",
            "metamer.npy",
            "metamer.png",
            "reference.png",
            "history.npz",
            "verdict.json",
        ] {
            let read = |root: &str| std::fs::read(place.path(root).join(&run).join(file)).unwrap();
            assert_eq!(read("a"), read("b"), "{layer}/{file}");
        }
        let trace = |root: &str| {
            let text =
                std::fs::read_to_string(place.path(root).join(&run).join("trace.csv")).unwrap();
            // Everything but the seconds repeats.
            let row = |l: &str| {
                l.split(',')
                    .enumerate()
                    .filter(|(i, _)| *i != 4)
                    .map(|(_, f)| f.to_owned())
                    .collect::<Vec<_>>()
            };
            text.lines().map(row).collect::<Vec<_>>()
        };
        assert_eq!(trace("a"), trace("b"));
        assert_eq!(trace("a").len(), 18);
    }
    let run = place
        .path("a")
        .join("chelsea__efficientnet-lite0__block1__s3");
    let names: Vec<String> = std::fs::read_dir(&run)
        .unwrap()
        .map(|f| f.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 7, "nothing is left over: {names:?}");
    let spec = Spec::from_toml(&std::fs::read_to_string(run.join("spec.toml")).unwrap()).unwrap();
    assert_eq!(
        (spec.procedure.steps, spec.procedure.decay_steps, spec.seed),
        (16, 2, 3)
    );
    assert_eq!(
        npy::read(&run.join("metamer.npy")).unwrap().shape,
        [3, 224, 224]
    );

    place
        .run("reproduce a/chelsea__efficientnet-lite0__block1__s3")
        .exits(0)
        .says("reproduced to the bit");
    place
        .run("reproduce a/chelsea__efficientnet-lite0__block1__s3/metamer.png")
        .exits(0)
        .says("reproduced to the bit");
    place
        .run("verify a/chelsea__efficientnet-lite0__block1__s3")
        .exits(3)
        .says("Fail:")
        .says("matched");
    let mut damaged = npy::read(&run.join("metamer.npy")).unwrap();
    damaged.values[7] += 1e-3;
    npy::write(&run.join("metamer.npy"), &damaged).unwrap();
    place
        .run("reproduce a/chelsea__efficientnet-lite0__block1__s3")
        .exits(1)
        .says("1 of 150528 float32 values differ");
}

#[test]
fn a_batch_of_layers_and_seeds_makes_the_runs_that_are_made_one_by_one() {
    let place = Place::new();
    let arguments = "generate efficientnet-lite0 --stimulus chelsea --layer stem,block2 --seeds 1,2,1 --steps 7 --no-history";
    place.run(&format!("{arguments} --out a")).exits(3);
    let lines = place
        .run(&format!("{arguments} --batch 3 --json --out b"))
        .exits(3)
        .json_lines();
    let of = |kind: &str| {
        let events = lines.iter().filter(|l| l["event"] == kind);
        let mut runs: Vec<String> = events
            .map(|l| format!("{}__s{}", l["layer"].as_str().unwrap(), l["seed"]))
            .collect();
        runs.sort();
        runs
    };
    let runs = ["block2__s1", "block2__s2", "stem__s1", "stem__s2"];
    assert_eq!(
        (of("started"), of("finished")),
        (runs.map(str::to_owned).to_vec(), of("started"))
    );
    assert_eq!(of("step").len(), 4 * 8);
    let (first, second) = (&lines[0], &lines[1]);
    assert!(
        first["event"] == "started" && second["event"] == "started",
        "they go on together"
    );
    for run in runs {
        for file in ["spec.toml", "metamer.npy", "metamer.png", "verdict.json"] {
            let name = format!("chelsea__efficientnet-lite0__{run}/{file}");
            let read = |root: &str| std::fs::read(place.path(root).join(&name)).unwrap();
            assert_eq!(read("a"), read("b"), "{name}");
        }
    }
    for wrong in ["0", "65", "many"] {
        place
            .run(&format!("{arguments} --batch {wrong} --out c"))
            .exits(2)
            .says("--batch");
    }
    place
        .run(&format!("{arguments} --init nothing.npy --out c"))
        .exits(1)
        .says("name one seed");
}

#[test]
fn both_papers_start_from_their_own_noise_the_same_for_all_layers() {
    let place = Place::new();
    let first_loss = |recipe: &str, seed: u32, layer: &str| {
        let arguments = format!(
            "generate efficientnet-lite0 --stimulus camera --layer {layer} --recipe {recipe} --steps 1 --seed {seed} --overwrite --json --out runs"
        );
        let lines = place.run(&arguments).json_lines();
        lines.iter().find(|l| l["event"] == "step").unwrap()["loss"]
            .as_f64()
            .unwrap()
    };
    let a = first_loss("feather2019", 1, "block2");
    assert_eq!(a, first_loss("feather2019", 1, "block2"));
    assert_ne!(a, first_loss("feather2019", 2, "block2"));
    assert_ne!(a, first_loss("feather2023", 1, "block2"));
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_asked() {
    let place = Place::new();
    let commands = [
        "activations efficientnet-lite0 --stimulus coffee --layer stem",
        "gradient efficientnet-lite0 --stimulus coffee --layer stem --init x.npy",
        "cochleagram bell --front-end feather2019",
        "null efficientnet-lite0 --stimuli coffee chelsea --pairs 1",
        "screenshot --view make",
    ];
    for command in commands {
        std::fs::write(place.path("mine.npy"), b"mine").unwrap();
        place
            .run(&format!("{command} --out mine.npy"))
            .exits(1)
            .says("mine.npy exists already")
            .says("--overwrite");
        assert_eq!(std::fs::read(place.path("mine.npy")).unwrap(), b"mine");
    }
    place
        .run("cochleagram bell --front-end feather2019 --out mine.npy --overwrite")
        .exits(0);
    assert_eq!(
        npy::read(&place.path("mine.npy")).unwrap().shape,
        [211, 400]
    );
}

#[test]
#[cfg(unix)]
fn devices_are_neither_read_nor_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let place = Place::new();
    for name in ["zero.wav", "zero.npy"] {
        std::os::unix::fs::symlink("/dev/zero", place.path(name)).unwrap();
    }
    for stimulus in ["/dev/zero", "zero.wav", "zero.npy"] {
        place
            .run(&format!(
                "activations efficientnet-lite0 --stimulus {stimulus} --layer stem --out a.npz"
            ))
            .exits(1)
            .says("a device or a pipe");
    }
    // A socket of our own: whoever runs this may replace the system's devices.
    let socket = place.path("socket.npz");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    place
        .run("activations efficientnet-lite0 --stimulus coffee --layer stem --out socket.npz --overwrite")
        .exits(1)
        .says("left as it is");
    assert!(socket.metadata().unwrap().file_type().is_socket());
}

#[test]
fn a_matched_stimulus_passes_and_exits_zero() {
    let place = Place::new();
    let activations =
        "activations efficientnet-lite0 --stimulus coffee --layer block4,avgpool --out a.npz";
    place.run(activations).exits(0).says("espresso");
    let arrays = npz::read(&place.path("a.npz")).unwrap();
    assert_eq!(
        (&arrays["block4"].shape[..], &arrays["avgpool"].shape[..]),
        (&[40, 28, 28][..], &[1280][..])
    );
    // Starting at the reference itself, the loss is 0 at once and every criterion holds.
    let image = metamer_studio::stimulus::prepare::embedded_image("coffee").unwrap();
    let planes = metamer_studio::stimulus::Crop::Feather2023.planes(&image, 224);
    npy::write(
        &place.path("start.npy"),
        &Array::new(vec![1, 3, 224, 224], planes).unwrap(),
    )
    .unwrap();
    let arguments = "generate efficientnet-lite0 --stimulus coffee --layer block4 --recipe feather2023 --steps 2 --init start.npy --out r";
    place
        .run(arguments)
        .exits(0)
        .says("Pass")
        .says("random pairs of crops");
    // The activation itself as the target does the same, without a reference to check against.
    npy::write(&place.path("target.npy"), &arrays["block4"]).unwrap();
    let arguments = "generate efficientnet-lite0 --target target.npy --layer block4 --steps 2 --init start.npy --out r --json";
    let lines = place.run(arguments).exits(0).json_lines();
    assert_eq!(
        lines.iter().find(|l| l["event"] == "step").unwrap()["loss"],
        0.0
    );
    place
        .run(&arguments.replace("block4", "block5"))
        .exits(1)
        .says("target.npy")
        .says("[80, 14, 14]");
}

#[test]
fn gradients_are_those_of_the_loss() {
    let place = Place::new();
    let n = 3 * 224 * 224;
    let start: Vec<f32> = (0..n)
        .map(|i| 0.5 + 0.1 * ((i % 977) as f32 / 977.0))
        .collect();
    let write = |name: &str, values: &[f32]| {
        npy::write(
            &place.path(name),
            &Array::new(vec![3, 224, 224], values.to_vec()).unwrap(),
        )
        .unwrap();
    };
    write("x.npy", &start);
    let ask = |init: &str, loss: &str, device: &str| {
        let arguments = format!(
            "gradient efficientnet-lite0 --stimulus chelsea --layer block3 --init {init} --loss {loss} --device {device} --out g.npz --overwrite"
        );
        place.run(&arguments).exits(0);
        let arrays = npz::read(&place.path("g.npz")).unwrap();
        (
            f64::from(arrays["loss"].values[0]),
            arrays["gradient"].clone(),
        )
    };
    for loss in ["half_squared", "relative_l2", "l1"] {
        let (value, gradient) = ask("x.npy", loss, "cpu");
        let (reference_value, reference) = ask("x.npy", loss, "reference");
        assert_eq!(gradient.shape, [3, 224, 224]);
        assert!((value / reference_value - 1.0).abs() < 1e-5);
        let norm = gradient
            .values
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>();
        let apart: f64 = gradient
            .values
            .iter()
            .zip(&reference.values)
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum();
        // Elements of d that are almost zero may change sign between two programs, which the L1 loss shows.
        let tolerance = if loss == "l1" { 1e-2 } else { 1e-4 };
        assert!(
            (apart / norm).sqrt() < tolerance,
            "{loss}: {}",
            (apart / norm).sqrt()
        );
        // A small step along the gradient changes the loss by as much as its norm says.
        let step = 1e-3 * value / norm;
        let moved: Vec<f32> = start
            .iter()
            .zip(&gradient.values)
            .map(|(x, g)| x - (step * f64::from(*g)) as f32)
            .collect();
        write("y.npy", &moved);
        let slope = (value - ask("y.npy", loss, "cpu").0) / step;
        assert!(
            (slope / norm - 1.0).abs() < 0.05,
            "{loss}: slope {slope}, squared norm {norm}"
        );
    }
}

#[test]
fn existing_runs_are_refused_resumed_or_replaced_as_asked() {
    let place = Place::new();
    let arguments = "generate efficientnet-lite0 --stimulus grass --layer block0 --out r --steps";
    place.run(&format!("{arguments} 3")).exits(3);
    let file = place.path("r/grass__efficientnet-lite0__block0__s1/metamer.npy");
    let before = std::fs::read(&file).unwrap();
    place
        .run(&format!("{arguments} 3"))
        .exits(1)
        .says("exists already")
        .says("--overwrite");
    place
        .run(&format!("{arguments} 3 --resume"))
        .exits(3)
        .says("Fail");
    place
        .run(&format!("{arguments} 4 --resume"))
        .exits(1)
        .says("other settings")
        .says("steps = 3");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    place.run(&format!("{arguments} 4 --overwrite")).exits(3);
    assert_ne!(std::fs::read(&file).unwrap(), before);
    assert_eq!(
        std::fs::read_dir(place.path("r")).unwrap().count(),
        1,
        "nothing temporary is left"
    );
}

#[test]
fn a_run_that_diverges_stops_at_the_last_finite_state_and_says_so() {
    let place = Place::new();
    let arguments = "generate efficientnet-lite0 --stimulus chelsea --layer block0 --recipe feather2019 --steps 9 --out r \
                     --set learning_rate=1e38 --set clip=false --json";
    let ran = place
        .run(arguments)
        .exits(1)
        .says("became")
        .says("learning_rate");
    let error = ran
        .json_lines()
        .into_iter()
        .find(|l| l["event"] == "error")
        .unwrap();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("last finite state")
    );
    assert!(
        place
            .path("r/chelsea__efficientnet-lite0__block0__s1.partial/checkpoint/state.safetensors")
            .exists()
    );
}

#[test]
fn wrong_names_and_values_are_answered_with_what_would_be_right() {
    let place = Place::new();
    let generate = |rest: &str| place.run(&format!("generate {rest} --out r"));
    generate("efficientnet-lite1 --stimulus chelsea --layer block0")
        .exits(1)
        .says("did you mean 'efficientnet-lite0'");
    generate("efficientnet-lite0 --stimulus chelsa --layer block0")
        .exits(1)
        .says("chelsea");
    generate("efficientnet-lite0 --stimulus chelsea --layer blok7")
        .exits(1)
        .says("block7");
    generate("efficientnet-lite0 --stimulus chelsea --layer input")
        .exits(1)
        .says("cannot be matched");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --recipe feather2020")
        .exits(1)
        .says("feather2019");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --steps -5")
        .exits(2)
        .says("--steps");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --steps 0")
        .exits(1)
        .says("between 1 and");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --set lerning_rate=1")
        .exits(1)
        .says("learning_rate");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --set learning_rate=-1")
        .exits(1)
        .says("positive");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --device cpx")
        .exits(1)
        .says("cpu");
    generate("efficientnet-lite0 --stimulus chelsea --layer block0 --device cuda:0")
        .exits(1)
        .says("'cuda:0'");
    generate("efficientnet-lite0 --layer block0")
        .exits(2)
        .says("--stimulus");
    assert!(
        !place.path("r").exists(),
        "a refused command must leave nothing behind"
    );
}

#[test]
fn bad_pictures_are_answered_with_what_is_wrong() {
    let place = Place::new();
    write_png(&place, "good.png", 40, 30);
    let good = std::fs::read(place.path("good.png")).unwrap();
    std::fs::write(place.path("cut.png"), &good[..good.len() / 2]).unwrap();
    std::fs::write(place.path("text.png"), "not a picture").unwrap();
    std::fs::write(place.path("empty.png"), "").unwrap();
    std::fs::create_dir(place.path("folder.png")).unwrap();
    npy::write(
        &place.path("wrong.npy"),
        &Array::new(vec![3, 10, 10], vec![0.5; 300]).unwrap(),
    )
    .unwrap();
    npy::write(
        &place.path("nan.npy"),
        &Array::new(vec![3, 224, 224], vec![f32::NAN; 150_528]).unwrap(),
    )
    .unwrap();
    let ask = |file: &str| {
        place.run(&format!(
            "activations efficientnet-lite0 --stimulus {file} --layer stem --out a.npz"
        ))
    };
    ask("cut.png").exits(1).says("cut.png").says("cut short");
    ask("text.png")
        .exits(1)
        .says("text.png")
        .says("neither PNG nor JPEG");
    ask("empty.png").exits(1).says("empty");
    ask("folder.png").exits(1).says("folder");
    ask("missing.png")
        .exits(1)
        .says("missing.png")
        .says("Cannot read");
    ask("wrong.npy")
        .exits(1)
        .says("[3, 10, 10]")
        .says("[3, 224, 224]");
    ask("nan.npy").exits(1).says("finite");
    assert!(!place.path("a.npz").exists());
    ask("good.png").exits(0);
}

#[test]
fn pictures_of_any_size_and_kind_work() {
    let place = Place::new();
    write_png(&place, "one.png", 1, 1);
    write_png(&place, "wide.png", 20_000, 3);
    write_png(&place, "tall.png", 3, 20_000);
    image::GrayImage::from_fn(20_000, 2_000, |x, y| image::Luma([(x ^ y) as u8]))
        .save(place.path("large.png"))
        .unwrap();
    image::ImageBuffer::from_fn(50, 60, |x, y| image::Luma([(x * 1000 + y) as u16]))
        .save(place.path("deep.png"))
        .unwrap();
    image::RgbaImage::from_fn(50, 60, |x, y| image::Rgba([x as u8, y as u8, 9, 0]))
        .save(place.path("clear.png"))
        .unwrap();
    image::RgbImage::from_fn(50, 60, |x, y| image::Rgb([x as u8, y as u8, 9]))
        .save(place.path("photo.jpg"))
        .unwrap();
    // The content counts, not the name.
    std::fs::copy(place.path("photo.jpg"), place.path("really_a_jpeg.png")).unwrap();
    let files = [
        "one.png",
        "wide.png",
        "tall.png",
        "large.png",
        "deep.png",
        "clear.png",
        "photo.jpg",
        "really_a_jpeg.png",
    ];
    for file in files {
        place
            .run(&format!(
                "activations efficientnet-lite0 --stimulus {file} --layer stem --out {file}.npz"
            ))
            .exits(0);
        let arrays = npz::read(&place.path(&format!("{file}.npz"))).unwrap();
        assert!(
            arrays["stem"]
                .values
                .iter()
                .all(|v| (0.0..=6.0).contains(v)),
            "{file}"
        );
    }
}

#[test]
fn a_place_that_cannot_be_written_to_is_told_before_any_work() {
    let place = Place::new();
    std::fs::write(place.path("file"), "in the way").unwrap();
    let arguments =
        "generate efficientnet-lite0 --stimulus chelsea --layer block0 --steps 2 --out file/runs";
    place.run(arguments).exits(1).says("file/runs");
    assert_eq!(
        std::fs::read_to_string(place.path("file")).unwrap(),
        "in the way"
    );
    place
        .run("activations efficientnet-lite0 --stimulus chelsea --layer stem --out file/a.npz")
        .exits(1)
        .says("file/a.npz");
    // A device that is always full: the error arrives, and nothing half-written carries the result's name.
    if Path::new("/dev/full").exists() {
        place.run("activations efficientnet-lite0 --stimulus chelsea --layer stem --out /dev/full/a.npz").exits(1);
    }
}

#[test]
fn null_distributions_are_built_in_shards_and_merged_to_the_same_bytes() {
    let place = Place::new();
    let build = |rest: &str| {
        place.run(&format!(
            "null efficientnet-lite0 --stimuli chelsea coffee rocket --pairs 4 --seed 9 {rest}"
        ))
    };
    build("--out whole.safetensors")
        .exits(0)
        .says("4 random pairs of crops from 3 photographs");
    build("--out a.safetensors --shard 1/2").exits(0);
    build("--out b.safetensors --shard 2/2").exits(0);
    place
        .run("null --merge b.safetensors a.safetensors --out merged.safetensors")
        .exits(0);
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert_eq!(read("whole.safetensors"), read("merged.safetensors"));
    place
        .run("null --merge a.safetensors a.safetensors --out c.safetensors")
        .exits(1)
        .says("share pairs");
    build("--out a.safetensors").exits(1).says("exists already");
    place
        .run("null efficientnet-lite0 --stimuli chelsea --pairs 4 --out d.safetensors")
        .exits(1)
        .says("at least 2");
    std::fs::create_dir(place.path("none")).unwrap();
    place
        .run("null efficientnet-lite0 --stimuli none --out d.safetensors")
        .exits(1)
        .says("no PNG or JPEG");
    let verdict = "generate efficientnet-lite0 --stimulus chelsea --layer block0 --steps 2 --null whole.safetensors --out r";
    place.run(verdict).says("null: 4 random pairs");
    std::fs::write(place.path("bad.safetensors"), "nonsense").unwrap();
    place
        .run(&verdict.replace("whole", "bad"))
        .exits(1)
        .says("bad.safetensors");
}

#[test]
fn bench_reports_both_executors() {
    let lines = Place::new()
        .run("bench efficientnet-lite0 --layer block0 --seconds 0.2 --batch 2 --json")
        .exits(0)
        .json_lines();
    assert_eq!(lines.len(), 2);
    // The reference executor takes one at a time, and says so.
    assert_eq!([&lines[0]["batch"], &lines[1]["batch"]], [2, 1]);
    assert!(lines[0]["device"].as_str().unwrap().starts_with("cpu"));
    assert!(
        lines[1]["device"]
            .as_str()
            .unwrap()
            .starts_with("reference")
    );
    assert!(
        lines
            .iter()
            .all(|l| l["steps_per_second"].as_f64().unwrap() > 0.0)
    );
}

#[test]
fn without_a_display_the_program_names_the_command_line() {
    Place::new()
        .run("")
        .exits(1)
        .says("display")
        .says("metamer-studio generate");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_metamer-studio"))
        .args(["layers", MODEL, "--inner"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
