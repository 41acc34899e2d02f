//! Fetching a file that a person asked for: in pieces, from where an interrupted attempt ended, and checked.
//!
//! What is there so far lies beside the target under a name ending in `.partial`, with a note of which version on the
//! server it belongs to: if that has changed meanwhile the server sends the whole anew.

use super::record::sha256_of_file;
use crate::{Error, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a download ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file is there, with this sha256.
    Whole(String),
    /// It was stopped; the next attempt goes on from here.
    Stopped {
        /// Bytes that are there.
        bytes: u64,
    },
}

/// A server that says nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often `progress` is asked while nothing comes.
const LOOK: Duration = Duration::from_millis(200);

/// Fetches `link` to `target`, which must not exist. `progress` is told how many bytes are there, and of how many if the
/// server says so, also while nothing comes; it may stop the download by returning false.
///
/// # Errors
/// When the server cannot be reached or refuses, the disk is full, or the content is not the one that `sha256` stands for.
/// What was fetched is kept for the next attempt, unless it is wrong.
pub fn fetch(
    link: &str,
    target: &Path,
    sha256: Option<&str>,
    mut progress: impl FnMut(u64, Option<u64>) -> bool,
) -> Result<Fetched> {
    if target.exists() {
        return Err(Error::file(target, "Exists already; nothing was fetched"));
    }
    let (partial, note) = (
        beside(target, ".partial"),
        beside(target, ".partial.version"),
    );
    let version = std::fs::read_to_string(&note).unwrap_or_default();
    let there = std::fs::metadata(&partial).map_or(0, |m| m.len());
    // Without a version there is no telling whether the rest belongs to the beginning.
    let from = if version.is_empty() { 0 } else { there };
    let refused = |reason: String| Error::file(link, reason);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent.get(link);
    if from > 0 {
        request = request
            .header("Range", format!("bytes={from}-"))
            .header("If-Range", &version);
    }
    let response = request
        .call()
        .map_err(|e| refused(format!("Cannot be fetched: {e}")))?;
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
    let length = header("content-length").and_then(|v| v.parse::<u64>().ok());
    let (mut at, total) = match response.status().as_u16() {
        200 => (0, length),
        206 => {
            let range = header("content-range").unwrap_or_default();
            let (begin, total) = content_range(range)
                .filter(|(begin, _)| *begin == from)
                .ok_or_else(|| refused(format!("The server sends another part ({range})")))?;
            (begin, total.or_else(|| Some(begin + length?)))
        }
        // Nothing lies behind what is there: the file has become shorter, or was whole already. From the beginning, then.
        416 if from > 0 => {
            std::fs::remove_file(&partial).map_err(|e| Error::io("remove", &partial, e))?;
            write_note(&note, "")?;
            return fetch(link, target, sha256, progress);
        }
        status => return Err(refused(format!("The server answers with status {status}"))),
    };
    let now = header("etag").filter(|e| !e.starts_with("W/"));
    let now = now.or_else(|| header("last-modified")).unwrap_or_default();
    write_note(&note, now)?;
    let failed = |e| Error::io("write", &partial, e);
    let mut file = if at == 0 {
        std::fs::File::create(&partial).map_err(failed)?
    } else {
        let mut options = std::fs::OpenOptions::new();
        options.append(true).open(&partial).map_err(failed)?
    };
    let pieces = pieces(response.into_body().into_reader());
    let mut heard = Instant::now();
    loop {
        if !progress(at, total) {
            file.sync_all().map_err(failed)?;
            return Ok(Fetched::Stopped { bytes: at });
        }
        let piece = match pieces.recv_timeout(LOOK) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Timeout) if heard.elapsed() < PATIENCE => continue,
            Err(_) => Err(std::io::Error::other("the server fell silent")),
        };
        let piece = piece.map_err(|e| {
            refused(format!(
                "The connection broke after {at} bytes ({e}); fetch again to go on from there"
            ))
        })?;
        if piece.is_empty() {
            break;
        }
        heard = Instant::now();
        file.write_all(&piece).map_err(failed)?;
        at += piece.len() as u64;
    }
    file.sync_all().map_err(failed)?;
    drop(file);
    if let Some(total) = total.filter(|t| *t != at) {
        return Err(refused(format!(
            "The connection ended after {at} of {total} bytes; fetch again to go on from there"
        )));
    }
    let found = sha256_of_file(&partial)?;
    if let Some(expected) = sha256.filter(|s| *s != found) {
        let _ = std::fs::remove_file(&partial);
        return Err(refused(format!(
            "What was fetched is not the right file (sha256 {found}, expected {expected}); it was thrown away"
        )));
    }
    std::fs::rename(&partial, target).map_err(|e| Error::io("write", target, e))?;
    let _ = std::fs::remove_file(&note);
    Ok(Fetched::Whole(found))
}

/// What a server sends, in pieces, an empty one at the end. It is read on a thread of its own, so that a server that has
/// fallen silent can be given up.
fn pieces(mut body: impl Read + Send + 'static) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = bounded(8);
    std::thread::spawn(move || {
        loop {
            let mut piece = vec![0; 1 << 16];
            let read = body.read(&mut piece).map(|n| {
                piece.truncate(n);
                piece
            });
            let last = read.as_ref().map_or(true, Vec::is_empty);
            if sender.send(read).is_err() || last {
                break;
            }
        }
    });
    receiver
}

/// A path with something after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// The last part of a link, as the name of a file.
pub fn file_name(link: &str) -> PathBuf {
    let name = link.rsplit('/').next().unwrap_or_default();
    PathBuf::from(name.split(['?', '#']).next().unwrap_or_default())
}

fn write_note(note: &Path, version: &str) -> Result<()> {
    std::fs::write(note, version).map_err(|e| Error::io("write", note, e))
}

/// First byte and whole length in `bytes 5-9/10`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let begin = range.split_once('-')?.0.parse().ok()?;
    Some((begin, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    /// A server for so many requests: whole or from a byte, and never more than `most` bytes at a time.
    fn serve(content: Vec<u8>, version: &'static str, most: usize, requests: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!(
            "http://{}/data/file.bin?x=1",
            listener.local_addr().unwrap()
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines
                    .map_while(|l| l.ok().filter(|l| !l.is_empty()))
                    .collect();
                let field = |name: &str| {
                    head.iter()
                        .find_map(|l| l.to_lowercase().strip_prefix(name).map(str::to_owned))
                };
                let from = field("range: bytes=")
                    .filter(|_| field("if-range: ").is_some_and(|v| v == version));
                let from: Option<usize> = from.map(|f| f.trim_end_matches('-').parse().unwrap());
                let body = &content[from.unwrap_or(0).min(content.len())..];
                let status = match from {
                    Some(n) if n >= content.len() => "416 Range Not Satisfiable".into(),
                    Some(n) => format!(
                        "206 Partial Content\r\nContent-Range: bytes {n}-{}/{}",
                        content.len() - 1,
                        content.len()
                    ),
                    None => "200 OK".into(),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nETag: {version}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&body[..body.len().min(most)]);
            }
        });
        link
    }

    fn content() -> Vec<u8> {
        (0..300_000u32).map(|i| (i * 7 % 251) as u8).collect()
    }

    #[test]
    fn a_file_comes_whole_with_progress_and_checksum() {
        let place = tempfile::tempdir().unwrap();
        let link = serve(content(), "\"a\"", usize::MAX, 2);
        assert_eq!(file_name(&link), Path::new("file.bin"));
        let target = place.path().join("file.bin");
        let mut seen = Vec::new();
        let fetched = fetch(&link, &target, None, |at, total| {
            seen.push((at, total));
            true
        });
        let Fetched::Whole(sha256) = fetched.unwrap() else {
            panic!("it was not stopped")
        };
        assert_eq!(std::fs::read(&target).unwrap(), content());
        assert_eq!(seen.last(), Some(&(300_000, Some(300_000))));
        assert_eq!(sha256, crate::network::registry::sha256(&content()));
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
        assert!(
            fetch(&link, &target, None, |_, _| true).is_err(),
            "nothing is overwritten"
        );
        let other = place.path().join("other");
        let error = fetch(&link, &other, Some("00"), |_, _| true)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("not the right file") && !other.exists(),
            "{error}"
        );
    }

    #[test]
    fn a_broken_download_goes_on_where_it_ended() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("file.bin");
        let link = serve(content(), "\"a\"", 100_000, 4);
        let mut attempts = Vec::new();
        for _ in 0..3 {
            let mut first = None;
            let fetched = fetch(&link, &target, None, |at, _| {
                first.get_or_insert(at);
                true
            });
            attempts.push((first.unwrap(), fetched.is_ok()));
        }
        assert_eq!(attempts, [(0, false), (100_000, false), (200_000, true)]);
        assert_eq!(std::fs::read(&target).unwrap(), content());
    }

    #[test]
    fn a_file_that_has_changed_on_the_server_is_fetched_anew() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("file.bin");
        let link = serve(vec![1; 200_000], "\"old\"", usize::MAX, 1);
        let stopped = fetch(&link, &target, None, |at, _| at < 60_000).unwrap();
        assert!(matches!(stopped, Fetched::Stopped { bytes } if bytes >= 60_000));
        let link = serve(content(), "\"new\"", usize::MAX, 1);
        assert!(matches!(
            fetch(&link, &target, None, |_, _| true).unwrap(),
            Fetched::Whole(_)
        ));
        assert_eq!(std::fs::read(&target).unwrap(), content());
    }

    #[test]
    fn a_server_that_falls_silent_does_not_hold_up_whoever_wants_to_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = format!("http://{}/file.bin", listener.local_addr().unwrap());
        let (done, wait) = bounded::<()>(0);
        std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let head = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 1000\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&[7; 300]).unwrap();
            let _ = wait.recv();
        });
        let place = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let fetched = fetch(&link, &place.path().join("file.bin"), None, |at, _| {
            at < 300 || begun.elapsed() < Duration::from_secs(1)
        });
        assert_eq!(fetched.unwrap(), Fetched::Stopped { bytes: 300 });
        assert!(begun.elapsed() < PATIENCE / 2);
        drop(done);
    }

    #[test]
    fn what_the_server_cannot_go_on_from_is_fetched_anew() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("file.bin");
        // As it is when a download was whole, but the program was ended before it could say so.
        std::fs::write(beside(&target, ".partial"), vec![1; 300_000]).unwrap();
        write_note(&beside(&target, ".partial.version"), "\"a\"").unwrap();
        let link = serve(content(), "\"a\"", usize::MAX, 2);
        let fetched = fetch(&link, &target, None, |_, _| true).unwrap();
        assert!(matches!(fetched, Fetched::Whole(_)));
        assert_eq!(std::fs::read(&target).unwrap(), content());
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("items 5"), None);
    }
}
