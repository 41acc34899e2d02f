//! The authors' files from a server, through the window: shown, fetched, stopped, gone on with, unpacked, imported.

#[path = "support/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use metamer_studio::gui::Message;
use metamer_studio::gui::published::Standing;
use metamer_studio::gui::state::Dialog;
use metamer_studio::network::imported::authors::AuthorsFile;
use metamer_studio::network::imported::obtain::Present;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use window::{Window, options_in};

/// A server that knows parts of files, and holds back what lies behind a limit.
struct Server {
    address: String,
    limit: Arc<AtomicUsize>,
    /// Path and first byte of every request.
    asked: Arc<Mutex<Vec<(String, usize)>>>,
}

impl Server {
    fn of(files: Vec<(&'static str, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (limit, asked) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let server = Self {
            address,
            limit,
            asked,
        };
        let (limit, asked) = (server.limit.clone(), server.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, limit, asked) = (files.clone(), limit.clone(), asked.clone());
                std::thread::spawn(move || answer(stream, &files, &limit, &asked));
            }
        });
        server
    }

    fn link(&self, name: &str) -> &'static str {
        Box::leak(format!("http://{}/{name}", self.address).into_boxed_str())
    }

    fn asked(&self) -> Vec<(String, usize)> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    files: &[(&'static str, Vec<u8>)],
    limit: &AtomicUsize,
    asked: &Mutex<Vec<(String, usize)>>,
) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<String> = lines
        .map_while(|l| l.ok().filter(|l| !l.is_empty()))
        .collect();
    let path = head[0].split(' ').nth(1).unwrap().trim_start_matches('/');
    let content = &files.iter().find(|(name, _)| *name == path).unwrap().1;
    let range = head.iter().find_map(|l| {
        let l = l.to_lowercase();
        l.strip_prefix("range: bytes=")?
            .trim_end_matches('-')
            .parse::<usize>()
            .ok()
    });
    let from = range.unwrap_or(0);
    asked.lock().unwrap().push((path.to_owned(), from));
    let status = match range {
        Some(n) => format!(
            "206 Partial Content\r\nContent-Range: bytes {n}-{}/{}",
            content.len() - 1,
            content.len()
        ),
        None => "200 OK".into(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: \"v1\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        content.len() - from
    );
    let mut sent = stream.write_all(head.as_bytes());
    let mut at = from;
    while sent.is_ok() && at < content.len() {
        let end = content.len().min(limit.load(Ordering::Relaxed)).max(at);
        sent = stream.write_all(&content[at..end]);
        at = end;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn data(name: &str) -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden");
    std::fs::read(data.join(name)).unwrap()
}

/// The small VGG-19's checkpoint as the authors have the large one: in an archive, inside a folder.
fn archive() -> Vec<u8> {
    let checkpoint = data("vgg19/vgg_19.ckpt");
    let gz = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    let mut header = tar::Header::new_gnu();
    header.set_size(checkpoint.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "models/vgg_19.ckpt", &checkpoint[..])
        .unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn standing(w: &Window, name: &str) -> Standing {
    let groups = &w.app().state().published.groups;
    let mut offers = groups.iter().flat_map(|g| &g.offers);
    offers
        .find(|o| o.file.name == name)
        .unwrap()
        .standing
        .clone()
}

fn until_standing(w: &mut Window, name: &str, mut is: impl FnMut(&Standing) -> bool) {
    w.until(&format!("news of {name}"), |app| {
        let mut offers = app.state().published.groups.iter().flat_map(|g| &g.offers);
        offers.any(|o| o.file.name == name && is(&o.standing))
    });
    w.harness.run_steps(3);
}

const PART: usize = 1_000_000;

#[test]
fn published_files_are_fetched_when_asked_for_gone_on_with_and_imported() {
    let (whole, null) = (archive(), data("nulls/null_py3_protocol2.pckl"));
    assert!(whole.len() > 2 * PART);
    let server = Server::of(vec![
        ("vgg.tar.gz", whole.clone()),
        ("null.pckl", null.clone()),
        ("wrong.pckl", null.clone()),
    ]);
    let sum: &'static str = Box::leak(sha256(&null).into_boxed_str());
    let file = |name, link, sha256, group| AuthorsFile {
        name,
        title: "a file of the test",
        link,
        megabytes: 3,
        licence: "the test's own licence",
        sha256,
        group,
    };
    let files = [
        file("vgg", server.link("vgg.tar.gz"), None, "VGG-19"),
        file("null", server.link("null.pckl"), Some(sum), "VGG-19"),
        file("wrong", server.link("wrong.pckl"), Some("00ff"), "Others"),
    ];
    let place = Arc::new(tempfile::tempdir().unwrap());
    let mut options = options_in(&place);
    options.published = Box::leak(Box::new(files));
    let mut w = Window::open_with(place.clone(), options);

    // From the model chooser; nothing is fetched by looking.
    w.harness.get_by_label_contains("Model ").click();
    w.harness.run_steps(3);
    w.click("Published models…");
    assert_eq!(w.app().state().dialog, Some(Dialog::Published));
    w.harness.run_steps(5);
    for text in [
        server.link("vgg.tar.gz"),
        "About 3 MB. Licence: the test's own licence",
        "Its checksum is known and will be verified",
        "Its authors publish no checksum",
        "drop the checkpoint on the window",
    ] {
        assert!(w.shows(text), "{text}");
    }
    assert_eq!(server.asked(), []);

    // A part comes; a person stops it, and goes on later.
    server.limit.store(PART, Ordering::Relaxed);
    w.click("Download vgg");
    until_standing(
        &mut w,
        "vgg",
        |s| matches!(s, Standing::Coming(p) if p.bytes().0 == PART as u64),
    );
    assert!(w.shows(&format!("1 MB of {} MB", whole.len() / 1_000_000)));
    w.click("Cancel vgg");
    until_standing(&mut w, "vgg", |s| {
        *s == Standing::Idle(Present::Part(PART as u64))
    });
    assert!(w.shows("1 MB are here"));
    server.limit.store(usize::MAX, Ordering::Relaxed);
    w.click("Go on with vgg");
    w.until("what was found", |app| {
        matches!(app.state().dialog, Some(Dialog::Import { .. }))
    });
    let first = ("vgg.tar.gz".to_owned(), 0);
    assert_eq!(server.asked(), [first, ("vgg.tar.gz".to_owned(), PART)]);
    assert!(w.shows("38 tensors, none missing"));
    w.harness.run_steps(5);
    w.click("Import");
    w.until("the model", |app| {
        let state = app.state();
        state.dialog.is_none() && state.model.as_ref().is_some_and(|m| m.name == "vgg_19")
    });
    let folder = place.path().join("data").join("published").join("vgg-19");
    assert_eq!(
        std::fs::read(folder.join("vgg_19.ckpt")).unwrap(),
        data("vgg19/vgg_19.ckpt")
    );

    // From the palette. Its checksum was computed; none is published.
    w.press(Modifiers::COMMAND, Key::K);
    w.harness.get_by_label("Command").type_text("published");
    w.harness.run_steps(3);
    w.press(Modifiers::NONE, Key::Enter);
    w.harness.run_steps(3);
    assert_eq!(w.app().state().dialog, Some(Dialog::Published));
    w.harness.run_steps(5);
    assert!(w.shows(&format!("sha256 {} (computed here", sha256(&whole))));
    assert!(w.shows("vgg_19.ckpt is here, imported as vgg_19"));

    // What is not the right file is thrown away, with a word.
    w.harness.get_by_label("Download wrong").scroll_to_me();
    w.harness.run_steps(5);
    w.click("Download wrong");
    until_standing(&mut w, "wrong", |s| matches!(s, Standing::Failed(..)));
    assert!(w.shows("is not the right file"));
    assert!(matches!(
        standing(&w, "wrong"),
        Standing::Failed(Present::Nothing, _)
    ));

    // The null distribution finds the model that is there already: imported again under its name, with it.
    assert_eq!(w.app().state().imported[0].null, None);
    w.harness.get_by_label("Download null").scroll_to_me();
    w.harness.run_steps(5);
    w.click("Download null");
    w.until("what was found", |app| {
        matches!(app.state().dialog, Some(Dialog::Import { .. }))
    });
    assert!(w.shows("null distribution found in"));
    w.harness.run_steps(5);
    w.click("Import");
    w.until("the null", |app| {
        let imported = &app.state().imported;
        imported.len() == 1 && imported[0].null == Some(folder.join("null.pckl"))
    });
    assert_eq!(
        standing(&w, "null"),
        Standing::Idle(Present::Whole(sum.to_owned()))
    );
    w.harness.state_mut().send(Message::CloseRequested);
}
