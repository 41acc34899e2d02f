//! Steps that are made on a device without waiting for it: they are the steps that are made otherwise.
//!
//! The device is the CPU here; on a graphics card the same operations run.

use candle_core::{DType, Device};
use metamer_studio::Error;
use metamer_studio::layers::*;
use metamer_studio::network::{Executor, Graph, Input, Model, NodeId, Reference};
use metamer_studio::session::*;
use metamer_studio::stimulus::random::{Purpose, Random};
use metamer_studio::synthesis::procedure::{RateChange, Rule};
use metamer_studio::synthesis::{Procedure, StepReport, Synthesis, recipe};
use std::sync::Arc;
use std::time::Duration;

/// A picture's.
const SHAPE: [usize; 3] = [3, 12, 10];
/// A sound's, of two frames and a half.
const LINE: [usize; 3] = [1, 1, 600];

/// The shape of what a procedure moves here.
fn shape_for(procedure: &Procedure) -> [usize; 3] {
    if procedure.optimiser == Rule::LappedAdam {
        LINE
    } else {
        SHAPE
    }
}

/// Two convolutions, each with a rectifier, and their means.
fn network(shape: [usize; 3]) -> Arc<Graph> {
    let mut random = Random::new(3, Purpose::Start);
    let mut g = Graph::new(&shape);
    let mut last = NodeId::INPUT;
    for (i, [inputs, outputs]) in [[shape[0], 8], [8, 6]].into_iter().enumerate() {
        let weight = random.normals(outputs * inputs * 9, 0.0, 0.3);
        let weight = Parameter::new(&[outputs, inputs, 3, 3], weight).unwrap();
        let window = Window::square(3, 1 + i, Padding::all(1));
        let conv = Layer::Conv2d(Conv2d::new(weight, None, window, 1).unwrap());
        last = g.add(format!("conv{i}"), conv, &[last]).unwrap();
        let rectifier = Layer::Rectifier(Rectifier::RELU);
        last = g.add(format!("relu{i}"), rectifier, &[last]).unwrap();
    }
    g.add("means", Layer::GlobalAverage(GlobalAverage), &[last])
        .unwrap();
    Arc::new(g)
}

fn model(shape: [usize; 3]) -> Arc<Model> {
    let graph = network(shape);
    let node = |name: &str| graph.find(name).unwrap();
    Arc::new(Model {
        name: "small".into(),
        title: "Small".into(),
        source: String::new(),
        input: Input {
            shape: shape.to_vec(),
            range: [0.0, 1.0],
        },
        metamer_layers: vec![node("relu1")],
        logits: node("means"),
        labels: Arc::from([]),
        weights_sha256: "none".into(),
        graph,
    })
}

fn executor(shape: [usize; 3]) -> Reference {
    Reference::new(network(shape), Device::Cpu, DType::F32).unwrap()
}

fn changed(recipe: &str, changes: &[(&str, &str)]) -> Procedure {
    let mut procedure = recipe::find(recipe).unwrap().procedure;
    for (field, value) in changes {
        procedure.set(field, value).unwrap();
    }
    procedure
}

/// A synthesis at the second rectifier, which passes gradients only where it is open.
fn synthesis(procedure: &Procedure) -> Synthesis {
    let shape = shape_for(procedure);
    let model = model(shape);
    let node = model.layer("relu1").unwrap();
    let n = shape.iter().product();
    let draw = |seed, sd| {
        let normals = Random::new(seed, Purpose::Start).normals(n, 0.5, sd);
        normals
            .iter()
            .map(|v| v.clamp(0.0, 1.0))
            .collect::<Vec<_>>()
    };
    let mut executor = executor(shape);
    executor.forward(&draw(1, 0.3), node).unwrap();
    let target = executor.activation(node).unwrap().into_owned();
    let tap = model.tap(node, false);
    Synthesis::new(
        procedure.clone(),
        tap,
        target,
        draw(2, 0.1),
        &shape,
        [0.0, 1.0],
    )
    .unwrap()
}

/// The steps of a synthesis one by one, each waited for, to its end.
fn waited_for(synthesis: &mut Synthesis) -> Vec<StepReport> {
    let mut executor = executor(shape_for(synthesis.procedure()));
    let left = synthesis.procedure().steps - synthesis.updates();
    let steps = (0..=left).map(|_| synthesis.step(&mut executor).unwrap());
    steps.collect()
}

/// All of them in as few goes as `counts` allow.
fn in_goes(synthesis: &mut Synthesis, counts: &[u64]) -> Vec<StepReport> {
    let mut executor = executor(shape_for(synthesis.procedure()));
    let mut reports = vec![];
    for count in counts {
        reports.extend(synthesis.steps(*count, &mut executor).unwrap());
    }
    reports
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn all_rules_and_losses_come_to_what_they_come_to_when_they_are_waited_for() {
    let procedures = [
        changed("feather2019", &[("steps", "20"), ("learning_rate", "0.02")]),
        changed(
            "feather2019",
            &[("steps", "20"), ("loss", "l1"), ("clip", "false")],
        ),
        // Blocks begin in the middle of a go.
        changed("feather2023", &[("steps", "20"), ("decay_steps", "7")]),
        changed("fast", &[("steps", "20"), ("learning_rate", "0.02")]),
        changed(
            "fast",
            &[
                ("steps", "20"),
                ("optimiser", "lapped_adam"),
                ("tilt", "0.5"),
                ("learning_rate", "0.05"),
            ],
        ),
    ];
    for (index, procedure) in procedures.iter().enumerate() {
        let (mut alone, mut resident) = (synthesis(procedure), synthesis(procedure));
        let expected = waited_for(&mut alone);
        // More than there are: the last go ends with the procedure.
        let found = in_goes(&mut resident, &[1, 4, 9, 100]);
        assert_eq!(found.len(), 21);
        for (e, f) in expected.iter().zip(&found) {
            assert_eq!(
                (e.step, e.learning_rate, e.finished),
                (f.step, f.learning_rate, f.finished)
            );
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs() + 1e-7;
            assert!(near(e.loss, f.loss), "{index}: {e:?} {f:?}");
            assert!(
                near(e.gradient_norm, f.gradient_norm),
                "{index}: {e:?} {f:?}"
            );
        }
        assert!(
            expected[20].loss < expected[0].loss * 0.9,
            "{index}: {expected:?}"
        );
        let apart = farthest(alone.stimulus(), resident.stimulus());
        assert!(apart < 1e-4, "{index}: {apart}");
        // The optimiser's state too: where a block begins shows nowhere else.
        for (name, expected) in alone.state() {
            let apart = farthest(&expected.values, &resident.state()[&name].values);
            assert!(apart < 1e-3, "{index}: {name}: {apart}");
        }
        // How they are cut, which a session does by the clock, makes no difference.
        let mut at_once = synthesis(procedure);
        assert_eq!(in_goes(&mut at_once, &[21]), found);
        assert_eq!(at_once.state(), resident.state());
        assert_eq!(resident.evaluated(), resident.stimulus());
        assert_eq!(resident.updates(), 20);
        // Adam without a sum in its way is the same to the bit.
        if index < 2 {
            assert_eq!(alone.stimulus(), resident.stimulus());
            assert_eq!(alone.state(), resident.state());
        }
    }
}

#[test]
fn between_goes_everything_is_where_a_checkpoint_and_the_other_way_of_stepping_expect_it() {
    for recipe in ["feather2019", "feather2023", "fast"] {
        let procedure = changed(recipe, &[("steps", "16")]);
        let mut whole = synthesis(&procedure);
        waited_for(&mut whole);

        let mut begun = synthesis(&procedure);
        let reports = in_goes(&mut begun, &[6]);
        assert_eq!(reports.len(), 6);
        assert_ne!(
            begun.evaluated(),
            begun.stimulus(),
            "before and after the update"
        );
        let mut goes_on = synthesis(&procedure);
        goes_on.restore(6, &begun.state()).unwrap();
        waited_for(&mut goes_on);
        let apart = farthest(whole.stimulus(), goes_on.stimulus());
        assert!(apart < 1e-4, "{recipe}: {apart}");
    }
}

#[test]
fn a_synthesis_that_diverges_within_a_go_ends_where_it_ends_otherwise() {
    for at in [0, 4] {
        let mut procedure = changed("feather2019", &[("steps", "30"), ("clip", "false")]);
        let (step, factor) = (at, 1e41);
        procedure.rate_changes.push(RateChange { step, factor });
        let (mut alone, mut resident) = (synthesis(&procedure), synthesis(&procedure));
        let mut executor = executor(SHAPE);
        let (mut expected, mut found) = (vec![], vec![]);
        let expected_end = (0..30).find_map(|_| {
            let report = alone.step(&mut executor);
            report.map(|r| expected.push(r.step)).err()
        });
        let end = (0..30).find_map(|_| {
            let reports = resident.steps(30, &mut executor);
            reports
                .map(|all| found.extend(all.iter().map(|r| r.step)))
                .err()
        });
        let (end, expected_end) = (end.unwrap(), expected_end.unwrap());
        assert!(matches!(end, Error::Diverged { .. }), "{end}");
        assert_eq!(end.to_string(), expected_end.to_string());
        assert_eq!(found, expected);
        assert_eq!(found, (0..=at).collect::<Vec<_>>());
        assert_eq!(alone.stimulus(), resident.stimulus());
        assert!(resident.stimulus().iter().all(|v| v.is_finite()));
    }
}

/// A run in a session, where goes end at whatever has to be looked at.
#[test]
fn a_run_on_a_device_reports_every_step_once_and_measures_where_the_cpu_does() {
    let options = SessionOptions {
        checkpoint_steps: 40,
        frame_interval: Duration::ZERO,
        ..SessionOptions::default()
    };
    let mut rows = vec![];
    let mut snapshots = vec![];
    for device in ["reference", "cpu"] {
        let model = model(SHAPE);
        let n = SHAPE.iter().product();
        let picture = Random::new(5, Purpose::Start).normals(n, 0.5, 0.1);
        let array = metamer_studio::formats::Array::new(SHAPE.to_vec(), picture).unwrap();
        let request = Request {
            layer: model.layer("relu1").unwrap(),
            model,
            stimulus: Some(Stimulus::from_array("noise", array)),
            target: None,
            init: None,
            recipe: "feather2019".into(),
            procedure: changed("feather2019", &[("steps", "300")]),
            seed: 1,
            device: device.into(),
            threads: 1,
            conv: metamer_studio::cpu::Convolving::Exact,
        };
        let folder = tempfile::tempdir().unwrap();
        let job = Job::resolve(&request, None).unwrap();
        let mut session = Session::start(options, || {}).unwrap();
        session.enqueue(job.into_folder(folder.path(), Existing::Refuse));
        let (mut heard, mut taken) = (vec![], vec![]);
        loop {
            match session
                .events()
                .recv_timeout(Duration::from_secs(60))
                .unwrap()
            {
                Event::Progress(p) => {
                    heard.extend(p.rows);
                    taken.extend(p.snapshots.iter().map(|s| s.step));
                }
                Event::Finished(_) => break,
                Event::Failed { message, .. } => panic!("{message}"),
                _ => {}
            }
        }
        rows.push(heard);
        snapshots.push(taken);
    }
    let steps: Vec<u64> = rows[0].iter().map(|r| r.step).collect();
    assert_eq!(steps, (0..=300).collect::<Vec<_>>());
    for (a, b) in rows[0].iter().zip(&rows[1]) {
        assert!((a.loss - b.loss).abs() < 1e-3 * a.loss, "{a:?} {b:?}");
        assert_eq!(a.sample.is_some(), b.sample.is_some(), "{}", a.step);
        if let (Some(a), Some(b)) = (a.sample, b.sample) {
            assert!((a.spearman - b.spearman).abs() < 1e-2, "{a:?} {b:?}");
        }
    }
    // Steps of one go are charged equal parts of it, to the nanosecond, as steps that are waited for hardly ever are.
    let took: Vec<f64> = rows[0]
        .windows(2)
        .map(|w| w[1].seconds - w[0].seconds)
        .collect();
    let alike = took
        .windows(2)
        .filter(|w| (w[0] - w[1]).abs() < 1e-10)
        .count();
    assert!(alike > 100, "only {alike} steps were made in goes");
    assert_eq!(snapshots[0], snapshots[1]);
    assert!(rows[0].iter().all(|r| r.seconds > 0.0));
}

#[test]
fn what_moves_sounds_only_is_refused_for_a_picture() {
    let procedure = changed("fast", &[("optimiser", "lapped_adam")]);
    let start = vec![0.5; SHAPE.iter().product()];
    let model = model(SHAPE);
    let tap = model.tap(model.layer("relu1").unwrap(), false);
    let refused = Synthesis::new(procedure, tap, vec![1.0], start, &SHAPE, [0.0, 1.0]);
    let message = refused.err().unwrap().to_string();
    assert!(
        message.contains("lapped_adam moves sounds only"),
        "{message}"
    );
}
