//! The worker: orders are obeyed between steps, the queue is worked through, nothing that goes wrong takes it down.

use metamer_studio::layers::{Conv2d, Layer, Padding, Parameter, Window};
use metamer_studio::network::{Graph, Input, Model, NodeId, registry};
use metamer_studio::session::*;
use metamer_studio::synthesis::recipe;
use metamer_studio::verify::verdict::Verdict;
use std::sync::Arc;
use std::time::Duration;

fn request(model: &Arc<Model>, layer: &str, steps: u64) -> Request {
    Request {
        model: model.clone(),
        layer: model.layer(layer).unwrap(),
        stimulus: Some(Stimulus::load("chelsea").unwrap()),
        target: None,
        init: None,
        recipe: "quick".into(),
        procedure: recipe::find("quick").unwrap().procedure.with_steps(steps),
        seed: 1,
        device: "cpu".into(),
        threads: 2,
        conv: metamer_studio::cpu::Convolving::Exact,
    }
}

fn job(model: &Arc<Model>, layer: &str, steps: u64) -> Job {
    Job::resolve(
        &request(model, layer, steps),
        metamer_studio::verify::embedded::null_for(model),
    )
    .unwrap()
}

fn lite0() -> Arc<Model> {
    Arc::new(registry::load("efficientnet-lite0").unwrap())
}

fn session() -> Session {
    let options = SessionOptions {
        checkpoint_steps: 5,
        frame_interval: Duration::ZERO,
        ..SessionOptions::default()
    };
    Session::start(options, || {}).unwrap()
}

/// The run's end, and the snapshots that were reported until then, in order.
fn finished_with_snapshots(session: &Session) -> (Box<messages::Finished>, Vec<Arc<Snapshot>>) {
    let mut snapshots = Vec::new();
    let finished = wait(session, |e| match e {
        Event::Started(s) => {
            snapshots.extend(s.snapshots);
            None
        }
        Event::Progress(p) => {
            snapshots.extend(p.snapshots);
            None
        }
        Event::Finished(f) => Some(f),
        _ => None,
    });
    (finished, snapshots)
}

/// The next event that `wanted` picks; others are passed over.
fn wait<T>(session: &Session, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    loop {
        let event = session
            .events()
            .recv_timeout(Duration::from_secs(60))
            .expect("an event within a minute");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

fn last_step(session: &Session, at_least: u64) -> u64 {
    wait(session, |e| match e {
        Event::Progress(p) => p.rows.last().map(|r| r.step).filter(|s| *s >= at_least),
        _ => None,
    })
}

#[test]
fn a_run_starts_pauses_resumes_rewinds_and_stops() {
    let mut session = session();
    session.enqueue(job(&lite0(), "block0", 1_000_000));
    wait(&session, |e| matches!(e, Event::Started(_)).then_some(()));
    last_step(&session, 3);
    session.send(Command::Pause(None));
    wait(&session, |e| matches!(e, Event::Paused(_)).then_some(()));
    assert!(
        session
            .events()
            .recv_timeout(Duration::from_millis(300))
            .is_err(),
        "a paused run says nothing"
    );
    session.send(Command::Resume(None));
    let reached = last_step(&session, 4);
    session.send(Command::Rewind(None));
    let mut rewound = false;
    let again = wait(&session, |e| match e {
        Event::Rewound(_) => {
            rewound = true;
            None
        }
        Event::Progress(p) if rewound => p.rows.first().map(|r| r.step),
        _ => None,
    });
    assert_eq!(again, 0, "had reached {reached}");
    session.send(Command::Stop(None));
    let step = wait(&session, |e| {
        if let Event::Stopped { step, .. } = e {
            Some(step)
        } else {
            None
        }
    });
    assert!(step < 1_000_000);
    wait(&session, |e| matches!(e, Event::Idle).then_some(()));
    let frame = session
        .frames()
        .take()
        .expect("the last stimulus stays to be looked at");
    assert_eq!((frame.step, frame.stimulus.len()), (step, 150_528));
}

#[test]
fn a_queue_is_worked_through_and_entries_can_be_taken_out() {
    let model = lite0();
    let mut session = session();
    // The first goes on for as long as it takes to rearrange the others.
    let ids: Vec<JobId> = [("block0", 1_000_000), ("block1", 12), ("block2", 12)]
        .map(|(layer, steps)| session.enqueue(job(&model, layer, steps)))
        .to_vec();
    wait(&session, |e| matches!(e, Event::Started(_)).then_some(()));
    session.send(Command::Remove(ids[1]));
    session.send(Command::Stop(None));
    let mut finished = Vec::new();
    wait(&session, |e| match e {
        Event::Finished(f) => {
            assert!(f.verification.is_some() && f.folder.is_none());
            finished.push(f.job);
            None
        }
        Event::Idle => Some(()),
        _ => None,
    });
    assert_eq!(finished, [ids[2]]);
}

#[test]
fn progress_holds_every_step_once_and_live_measures() {
    let mut session = session();
    session.enqueue(job(&lite0(), "block1", 60));
    let (mut steps, mut lives) = (Vec::new(), Vec::new());
    let finished = wait(&session, |e| match e {
        Event::Progress(p) => {
            steps.extend(p.rows.iter().map(|r| r.step));
            lives.extend(p.live);
            None
        }
        Event::Finished(f) => Some(f),
        _ => None,
    });
    assert_eq!(steps, (0..=60).collect::<Vec<_>>());
    let (first, last) = (&lives[0], &lives[lives.len() - 1]);
    assert_eq!((first.step, last.step), (0, 60));
    assert!(last.comparison.spearman.0 > first.comparison.spearman.0 + 0.3);
    assert_eq!(last.predictions.reference[0].label, "Egyptian cat");
    assert!(last.scatter.len() > 1000 && last.scatter.len() <= 4000);
    // What was shown live at the last step is what the verification then finds.
    let verified = &finished.verification.unwrap();
    assert_eq!(
        verified.layers["block1"]["block1"].spearman,
        last.comparison.spearman
    );
    assert_eq!(verified.verdict, last.verdict.0);
}

#[test]
fn a_listener_that_sleeps_loses_no_step() {
    let mut session = session();
    session.enqueue(job(&lite0(), "block0", 400));
    // More reports than the channel holds pile up before the first is read.
    std::thread::sleep(Duration::from_secs(4));
    let mut steps = Vec::new();
    wait(&session, |e| match e {
        Event::Progress(p) => {
            steps.extend(p.rows.iter().map(|r| r.step));
            None
        }
        Event::Finished(_) => Some(()),
        _ => None,
    });
    assert_eq!(steps, (0..=400).collect::<Vec<_>>());
}

#[test]
fn a_diverging_run_fails_at_its_last_finite_state_and_the_next_one_runs() {
    let model = lite0();
    let mut bad = request(&model, "block0", 50);
    bad.procedure.set("clip", "false").unwrap();
    bad.procedure.set("learning_rate", "1e38").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    session.enqueue(
        Job::resolve(&bad, None)
            .unwrap()
            .into_folder(folder.path(), Existing::Refuse),
    );
    session.enqueue(job(&model, "block0", 2));
    let (message, kept) = wait(&session, |e| {
        if let Event::Failed {
            message, folder, ..
        } = e
        {
            Some((message, folder))
        } else {
            None
        }
    });
    assert!(message.contains("last finite state"), "{message}");
    assert!(kept.unwrap().join("checkpoint/state.safetensors").exists());
    let frame = session.frames().take().unwrap();
    assert!(frame.stimulus.iter().all(|v| v.is_finite()));
    let verdict = wait(&session, |e| {
        if let Event::Finished(f) = e {
            Some(f.verification.unwrap().verdict)
        } else {
            None
        }
    });
    assert_eq!(verdict, Verdict::Fail);
}

#[test]
fn a_panic_in_the_network_is_reported_and_the_worker_lives_on() {
    // A convolution whose bias is too long, put together behind the constructor's back.
    let mut graph = Graph::new(&[3, 224, 224]);
    let conv = Conv2d {
        weight: Parameter::new(&[4, 3, 1, 1], vec![0.1; 12]).unwrap(),
        bias: Some(Parameter::new(&[40], vec![0.0; 40]).unwrap()),
        window: Window::square(1, 1, Padding::default()),
        groups: 1,
    };
    let node = graph
        .add("broken", Layer::Conv2d(conv), &[NodeId::INPUT])
        .unwrap();
    let broken = Arc::new(Model {
        name: "broken".into(),
        title: "Broken".into(),
        source: String::new(),
        graph: Arc::new(graph),
        input: Input {
            shape: vec![3, 224, 224],
            range: [0.0, 1.0],
        },
        metamer_layers: vec![node],
        logits: node,
        labels: Arc::from([]),
        weights_sha256: "none".into(),
    });
    let mut session = session();
    session.enqueue(job(&broken, "broken", 5));
    let message = wait(&session, |e| {
        if let Event::Failed { message, .. } = e {
            Some(message)
        } else {
            None
        }
    });
    assert!(
        message.contains("error in this program") && message.contains("range end index"),
        "{message}"
    );
    session.enqueue(job(&lite0(), "block0", 2));
    wait(&session, |e| matches!(e, Event::Finished(_)).then_some(()));
}

#[test]
fn a_history_runs_from_the_start_to_the_result_and_lies_in_the_folder() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let job = job(&model, "block0", 60).into_folder(folder.path(), Existing::Refuse);
    let start = Snapshot::new(0, 0.0, &job.start, &model.input);
    let mut session = session();
    session.enqueue(job);
    let (finished, snapshots) = finished_with_snapshots(&session);
    let steps: Vec<u64> = snapshots.iter().map(|s| s.step).collect();
    assert_eq!(steps, history::steps(60));
    assert_eq!((steps.len(), steps[47]), (48, 60));
    assert_eq!(snapshots[0].stimulus, start.stimulus);
    let end = Snapshot::new(60, snapshots[47].loss, &finished.metamer, &model.input);
    assert_eq!(*snapshots[47], end);
    assert!(snapshots[47].loss < snapshots[0].loss / 2.0);

    let run = finished.folder.clone().unwrap();
    let read = History::read(&run.join(history::FILE)).unwrap();
    assert_eq!(read.snapshots, snapshots);
    assert_eq!(read.size(), 48 * 224 * 224 * 3);
    // The losses are those of the trace.
    let trace = std::fs::read_to_string(run.join("trace.csv")).unwrap();
    let rows: Vec<&str> = trace.lines().skip(1).collect();
    for s in &snapshots {
        let field = rows[s.step as usize].split(',').nth(1).unwrap();
        assert_eq!(field.parse::<f64>().unwrap(), s.loss);
    }
}

#[test]
fn a_resumed_run_has_the_same_history_and_a_rewound_one_begins_it_anew() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let again = |existing| job(&model, "block0", 80).into_folder(folder.path(), existing);
    let mut first = session();
    first.enqueue(again(Existing::Refuse));
    last_step(&first, 7);
    first.quit();
    let mut second = session();
    second.enqueue(again(Existing::Resume));
    let (finished, snapshots) = finished_with_snapshots(&second);
    assert!(finished.folder.is_some());

    let mut whole = session();
    whole.enqueue(job(&model, "block0", 80));
    last_step(&whole, 7);
    whole.send(Command::Rewind(None));
    wait(&whole, |e| matches!(e, Event::Rewound(_)).then_some(()));
    assert_eq!(finished_with_snapshots(&whole).1, snapshots);
}

#[test]
fn a_session_may_do_without_history() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let result = |history| {
        let options = SessionOptions {
            history,
            ..SessionOptions::default()
        };
        let mut session = Session::start(options, || {}).unwrap();
        session.enqueue(job(&model, "block0", 6).into_folder(folder.path(), Existing::Overwrite));
        let (finished, snapshots) = finished_with_snapshots(&session);
        let exists = finished.folder.unwrap().join(history::FILE).exists();
        (finished.metamer, snapshots.len(), exists)
    };
    let (with, without) = (result(true), result(false));
    assert_eq!((with.1, with.2), (7, true));
    assert_eq!((without.1, without.2), (0, false));
    assert_eq!(with.0, without.0);
}

#[test]
fn a_run_that_began_without_history_ends_without_one() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let again = |existing| job(&model, "block0", 60).into_folder(folder.path(), existing);
    let options = SessionOptions {
        history: false,
        checkpoint_steps: 5,
        frame_interval: Duration::ZERO,
        ..SessionOptions::default()
    };
    let mut first = Session::start(options, || {}).unwrap();
    first.enqueue(again(Existing::Refuse));
    last_step(&first, 7);
    first.quit();
    let mut second = session();
    second.enqueue(again(Existing::Resume));
    let (finished, snapshots) = finished_with_snapshots(&second);
    assert!(snapshots.is_empty());
    assert!(!finished.folder.unwrap().join(history::FILE).exists());
}

#[test]
fn quitting_writes_a_checkpoint_from_which_the_run_goes_on() {
    let model = lite0();
    let folder = tempfile::tempdir().unwrap();
    let mut first = session();
    first.enqueue(job(&model, "block0", 30).into_folder(folder.path(), Existing::Refuse));
    let reached = last_step(&first, 7);
    first.quit();
    let mut second = session();
    second.enqueue(job(&model, "block0", 30).into_folder(folder.path(), Existing::Resume));
    let started = wait(&second, |e| {
        if let Event::Started(s) = e {
            Some(s)
        } else {
            None
        }
    });
    assert!(started.step > reached && started.rows.len() as u64 == started.step);
    let resumed = wait(&second, |e| {
        if let Event::Finished(f) = e {
            Some(f.metamer)
        } else {
            None
        }
    });
    let mut whole = session();
    whole.enqueue(job(&model, "block0", 30));
    let uninterrupted = wait(&whole, |e| {
        if let Event::Finished(f) = e {
            Some(f.metamer)
        } else {
            None
        }
    });
    assert_eq!(resumed, uninterrupted);
}

#[test]
fn a_rate_that_was_changed_is_written_down_and_the_run_can_be_repeated() {
    let place = tempfile::tempdir().unwrap();
    let model = lite0();
    let mut session = session();
    let finished = |session: &Session| {
        wait(session, |e| match e {
            Event::Finished(f) => Some(f),
            _ => None,
        })
    };
    session.enqueue(job(&model, "stem", 40).into_folder(place.path(), Existing::Refuse));
    wait(&session, |e| matches!(e, Event::Started(_)).then_some(()));
    session.send(Command::Pause(None));
    wait(&session, |e| matches!(e, Event::Paused(_)).then_some(()));
    session.send(Command::Rate(None, 0.25));
    let changes = wait(&session, |e| match e {
        Event::RateChanged(_, changes) => Some(changes),
        _ => None,
    });
    assert_eq!((changes.len(), changes[0].factor), (1, 0.25));
    session.send(Command::Resume(None));
    let first = finished(&session);
    let run = run_folder::FinishedRun::read(first.folder.as_ref().unwrap()).unwrap();
    assert_eq!(run.spec.procedure.rate_changes, changes);

    // Repeated from what is written, without anybody changing anything.
    let request = Request::from_spec(&run.spec, &model, None).unwrap();
    session.enqueue(Job::resolve(&request, None).unwrap());
    let again = finished(&session);
    assert_eq!(first.metamer, again.metamer);
    // And without the change it is another metamer.
    session.enqueue(job(&model, "stem", 40));
    assert_ne!(first.metamer, finished(&session).metamer);
}
