//! Runs that go on together: each comes to what it would have come to alone, to the bit, whatever becomes of the others.

use candle_core::{DType, Device};
use metamer_studio::cpu::{Convolving, Cpu};
use metamer_studio::network::executor::MOST_ITEMS;
use metamer_studio::network::{Executor, Model, NodeId, Reference, registry};
use metamer_studio::session::*;
use metamer_studio::synthesis::{Synthesis, recipe, start, step_together};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn lite0() -> Arc<Model> {
    Arc::new(registry::load("efficientnet-lite0").unwrap())
}

/// A layer, whether gradients pass its rectifier, the seed, how many times larger steps than the recipe's, and how far
/// gradients leak.
type Asked<'a> = (&'a str, bool, u64, f64, f64);

fn synthesis(model: &Model, asked: Asked<'_>, conv: Convolving) -> Synthesis {
    let (layer, straight_through, seed, larger, leak) = asked;
    let (recipe, stimulus) = if model.input.is_sound() {
        (recipe::find_for_sounds("feather2019").unwrap(), "umbrella")
    } else {
        (recipe::find("feather2019").unwrap(), "chelsea")
    };
    let mut procedure = recipe.procedure;
    procedure
        .set("straight_through", &straight_through.to_string())
        .unwrap();
    procedure.set("leak", &leak.to_string()).unwrap();
    procedure.set("leak_falloff", "0.5").unwrap();
    if larger > 1.0 {
        let rate = format!("{:e}", f64::from(procedure.rate(0)) * larger);
        procedure.set("clip", "false").unwrap();
        procedure.set("learning_rate", &rate).unwrap();
    }
    let stimulus = Stimulus::load(stimulus).unwrap();
    let reference = stimulus.prepare(&model.input, procedure.crop).unwrap();
    let node = model.layer(layer).unwrap();
    let mut cpu = Cpu::new(model.graph.clone(), 2, conv).unwrap();
    cpu.forward(&reference, node).unwrap();
    let start = start::draw(
        procedure.start,
        reference.len(),
        seed,
        [procedure.start_low, procedure.start_high],
        [procedure.start_mean, procedure.start_sd],
        model.input.range,
    );
    Synthesis::new(
        procedure,
        model.tap(node, straight_through),
        cpu.activation(node).unwrap().into_owned(),
        start.unwrap(),
        &model.input.shape,
        model.input.range,
    )
    .unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Steps all of `asked` together and each alone, and compares every report and the stimuli.
fn compare(model: &Model, asked: &[Asked<'_>], steps: usize, conv: Convolving) {
    let mut together: Vec<Synthesis> = asked.iter().map(|a| synthesis(model, *a, conv)).collect();
    let mut heard = vec![vec![]; asked.len()];
    let mut going: Vec<usize> = (0..asked.len()).collect();
    let mut cpu = Cpu::new(model.graph.clone(), 2, conv).unwrap();
    for _ in 0..steps {
        let members = together.iter_mut().enumerate();
        let mut members: Vec<&mut Synthesis> = members
            .filter(|(i, _)| going.contains(i))
            .map(|(_, m)| m)
            .collect();
        let reports = step_together(&mut members, &mut cpu).unwrap();
        let (mut still, were) = (vec![], going);
        for (i, report) in were.into_iter().zip(reports) {
            if report.is_ok() {
                still.push(i);
            }
            heard[i].push(report.map_err(|e| e.to_string()));
        }
        going = still;
    }
    for (i, a) in asked.iter().enumerate() {
        let mut alone = synthesis(model, *a, conv);
        let mut cpu = Cpu::new(model.graph.clone(), 1, conv).unwrap();
        for report in &heard[i] {
            let expected = alone.step(&mut cpu).map_err(|e| e.to_string());
            assert_eq!(*report, expected, "{a:?} {conv:?}");
        }
        assert_eq!(heard[i].len() < steps, a.3 > 1.0, "{a:?} diverges");
        assert_eq!(
            bits(together[i].stimulus()),
            bits(alone.stimulus()),
            "{a:?} {conv:?}"
        );
    }
}

#[test]
fn a_step_together_is_a_step_of_each_and_one_that_diverges_harms_no_other() {
    let lite0 = lite0();
    let pictures = [
        ("block2", true, 1, 1.0, 0.0),
        ("stem", false, 1, 1.0, 0.1),
        ("block2", true, 2, 1e42, 0.0),
        ("stem", true, 1, 1.0, 0.0),
        ("head", false, 2, 1.0, 0.1),
        ("block1", true, 3, 1.0, 0.3),
        ("logits", true, 1, 1.0, 0.0),
    ];
    for conv in [Convolving::Exact, Convolving::Fast] {
        compare(&lite0, &pictures, 5, conv);
    }
    let words = registry::load("word-aliased").unwrap();
    let sounds = [
        ("conv_1", false, 1, 1.0, 0.0),
        ("cochleagram", true, 1, 1e42, 0.0),
        ("conv_3", true, 1, 1.0, 0.0),
        ("conv_1", true, 2, 1.0, 0.1),
    ];
    compare(&words, &sounds, 4, Convolving::Fast);
}

#[test]
fn an_executor_says_how_many_items_it_takes() {
    let model = lite0();
    let x = vec![0.5; model.input.elements()];
    let mut reference = Reference::new(model.graph.clone(), Device::Cpu, DType::F32).unwrap();
    let mut cpu = Cpu::new(model.graph.clone(), 1, Convolving::Exact).unwrap();
    let node = model.layer("stem").unwrap();
    let refusal = |executor: &mut dyn Executor, items: usize| {
        let (inputs, nodes): (Vec<&[f32]>, Vec<NodeId>) =
            (0..items).map(|_| (&x[..], node)).unzip();
        executor
            .forward_batch(&inputs, &nodes)
            .unwrap_err()
            .to_string()
    };
    assert_eq!((cpu.most_items(), reference.most_items()), (MOST_ITEMS, 1));
    let said = refusal(&mut cpu, MOST_ITEMS + 1);
    assert!(
        said.contains("at most 64") && said.contains("found 65"),
        "{said}"
    );
    assert!(refusal(&mut reference, 2).contains("at most 1"));
    refusal(&mut cpu, 0);
    for together in [0, MOST_ITEMS + 1] {
        let options = SessionOptions {
            together,
            ..SessionOptions::default()
        };
        let Err(error) = Session::start(options, || {}) else {
            panic!("{together} are accepted");
        };
        assert!(error.to_string().contains("1 to 64"), "{error}");
    }
}

fn job(model: &Arc<Model>, layer: &str, seed: u64, steps: u64, conv: Convolving) -> Job {
    let request = Request {
        model: model.clone(),
        layer: model.layer(layer).unwrap(),
        stimulus: Some(Stimulus::load("chelsea").unwrap()),
        target: None,
        init: None,
        recipe: "quick".into(),
        procedure: recipe::find("quick").unwrap().procedure.with_steps(steps),
        seed,
        device: "cpu".into(),
        threads: 2,
        conv,
    };
    Job::resolve(&request, None).unwrap()
}

fn session(together: usize) -> Session {
    let options = SessionOptions {
        checkpoint_steps: 4,
        frame_interval: Duration::ZERO,
        together,
        ..SessionOptions::default()
    };
    Session::start(options, || {}).unwrap()
}

/// The next event that `wanted` picks; others are passed over.
fn wait<T>(session: &Session, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        let event = session.events().recv_timeout(Duration::from_secs(120));
        if let Some(found) = wanted(event.expect("an event within two minutes")) {
            return found;
        }
    }
}

fn until_idle(session: &Session) -> Vec<Event> {
    let mut all = vec![];
    wait(session, |e| match e {
        Event::Idle => Some(()),
        other => {
            all.push(other);
            None
        }
    });
    all
}

/// Every file of a run, and its trace without the seconds.
fn result(root: &Path, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(root.join(name))
        .unwrap()
        .map(|f| f.unwrap())
        .map(|f| {
            let name = f.file_name().to_string_lossy().into_owned();
            let mut bytes = std::fs::read(f.path()).unwrap();
            if name == "trace.csv" {
                let rows = String::from_utf8(bytes).unwrap();
                let row = |l: &str| {
                    let fields: Vec<&str> = l.split(',').collect();
                    [&fields[..4], &fields[5..]].concat().join(",")
                };
                bytes = rows.lines().map(row).collect::<Vec<_>>().join("\n").into();
            }
            (name, bytes)
        })
        .collect();
    files.sort();
    assert!(files.len() >= 6);
    files
}

const RUNS: [(&str, u64, u64); 5] = [
    ("block0", 1, 24),
    ("block3", 1, 9),
    ("block0", 2, 14),
    ("stem", 1, 20),
    ("head", 2, 6),
];

/// Makes [`RUNS`] so many at once and returns their files.
fn all_files(model: &Arc<Model>, together: usize, conv: Convolving) -> Vec<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(together);
    let mut names = vec![];
    let (mut going, mut at_once) = (0, 0);
    for (layer, seed, steps) in RUNS {
        let job = job(model, layer, seed, steps, conv).into_folder(folder.path(), Existing::Refuse);
        names.push(job.folder_name());
        session.enqueue(job);
    }
    for event in until_idle(&session) {
        match event {
            Event::Started(_) => going += 1,
            Event::Finished(_) => going -= 1,
            Event::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
        at_once = at_once.max(going);
    }
    assert_eq!((going, at_once), (0, together));
    names.iter().map(|n| result(folder.path(), n)).collect()
}

#[test]
fn runs_that_join_and_leave_a_batch_leave_the_files_that_they_leave_alone() {
    let model = lite0();
    for conv in [Convolving::Exact, Convolving::Fast] {
        let alone = all_files(&model, 1, conv);
        // Three at first; the others join where one has ended, at another step than those beside them.
        assert!(alone == all_files(&model, 3, conv), "{conv:?}");
    }
}

#[test]
fn one_run_is_held_one_stopped_and_one_fails_while_the_others_go_on() {
    let model = lite0();
    let (folder, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let conv = Convolving::Fast;
    let stopped =
        |root: &Path, existing| job(&model, "block1", 1, 60, conv).into_folder(root, existing);
    let other =
        |root: &Path| job(&model, "block0", 2, 60, conv).into_folder(root, Existing::Refuse);
    let held = |root: &Path| job(&model, "stem", 3, 30, conv).into_folder(root, Existing::Refuse);
    let names = [
        stopped(alone.path(), Existing::Refuse),
        other(alone.path()),
        held(alone.path()),
    ]
    .map(|j| j.folder_name());
    let mut failing = job(&model, "block2", 1, 40, conv);
    failing.spec.procedure.set("clip", "false").unwrap();
    failing.spec.procedure.set("learning_rate", "1e38").unwrap();
    // It does not fit, which nothing but its own failure may show.
    let mut misfit = job(&model, "block2", 2, 40, conv);
    misfit.target = Some(Arc::new(vec![1.0; 7]));

    let mut first = session(5);
    let ids = [
        first.enqueue(stopped(folder.path(), Existing::Refuse)),
        first.enqueue(other(folder.path())),
        first.enqueue(held(folder.path())),
        first.enqueue(failing.into_folder(folder.path(), Existing::Refuse)),
        first.enqueue(misfit),
    ];
    let mut failed = vec![];
    let mut hear = |e: &Event| {
        if let Event::Failed { job, message, .. } = e {
            failed.push((*job, message.clone()));
        }
    };
    wait(&first, |e| {
        hear(&e);
        match e {
            Event::Progress(p) if p.job == ids[2] && p.rows.last()?.step >= 2 => Some(()),
            _ => None,
        }
    });
    first.send(Command::Pause(Some(ids[2])));
    wait(&first, |e| {
        hear(&e);
        matches!(e, Event::Paused(id) if id == ids[2]).then_some(())
    });
    first.send(Command::Stop(Some(ids[0])));
    let step = wait(&first, |e| {
        hear(&e);
        match e {
            Event::Stopped { job, step, .. } => Some((job, step)),
            _ => None,
        }
    });
    assert!(step.0 == ids[0] && (1..60).contains(&step.1), "{step:?}");
    // The other comes to its end while one is held.
    let finished = wait(&first, |e| {
        hear(&e);
        match e {
            Event::Progress(p) => {
                assert!(p.job != ids[2], "a held run makes no steps");
                None
            }
            Event::Finished(f) => Some(f.job),
            _ => None,
        }
    });
    assert_eq!(finished, ids[1]);
    first.send(Command::Resume(Some(ids[2])));
    for event in until_idle(&first) {
        hear(&event);
    }
    failed.sort();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].0 == ids[3] && failed[0].1.contains("last finite state"));
    assert!(
        failed[1].0 == ids[4] && failed[1].1.contains("target"),
        "{failed:?}"
    );

    // The one that was stopped goes on by itself.
    let mut second = session(1);
    second.enqueue(stopped(folder.path(), Existing::Resume));
    let from = wait(&second, |e| match e {
        Event::Started(s) => Some(s.step),
        _ => None,
    });
    assert_eq!(from, step.1);
    until_idle(&second);

    let mut whole = session(1);
    whole.enqueue(stopped(alone.path(), Existing::Refuse));
    whole.enqueue(other(alone.path()));
    whole.enqueue(held(alone.path()));
    until_idle(&whole);
    for name in names {
        assert!(
            result(folder.path(), &name) == result(alone.path(), &name),
            "{name}"
        );
    }
}

#[test]
fn frames_of_all_runs_wait_and_two_runs_never_share_a_folder() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let conv = Convolving::Fast;
    let mut session = session(3);
    let one = |existing| job(&model, "stem", 1, 8, conv).into_folder(folder.path(), existing);
    let ids = [
        session.enqueue(one(Existing::Refuse)),
        session.enqueue(one(Existing::Overwrite)),
        session.enqueue(job(&model, "stem", 2, 8, conv)),
    ];
    let mut going = vec![];
    for event in until_idle(&session) {
        match event {
            Event::Started(s) => going.push(s.job),
            Event::Finished(f) => going.retain(|id| *id != f.job),
            Event::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
        assert!(!(going.contains(&ids[0]) && going.contains(&ids[1])));
    }
    let mut seen: Vec<JobId> = std::iter::from_fn(|| session.frames().take())
        .map(|f| f.job)
        .collect();
    seen.sort();
    assert_eq!(seen, ids);
}
