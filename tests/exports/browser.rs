//! A real Chromium without a window, told what to do over its debugging pipe: keys and clicks are a person's to the page.
//!
//! Without Chromium the tests fail and say how to get it. Where there can be none, METAMER_STUDIO_NO_BROWSER=1 lets them
//! pass without having looked.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Chromium is; nothing where somebody said that there need be none.
fn chromium() -> Option<PathBuf> {
    if std::env::var_os("METAMER_STUDIO_NO_BROWSER").is_some_and(|v| v == "1") {
        eprintln!("NOT TESTED in a browser: METAMER_STUDIO_NO_BROWSER=1");
        return None;
    }
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ];
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    assert!(
        found.is_some(),
        "There is no Chromium on the PATH, and exported pages are tested in one. Install it (apt-get install chromium), \
         name it in the environment variable CHROMIUM, or set METAMER_STUDIO_NO_BROWSER=1 to go without these tests"
    );
    found
}

/// A browser with one page.
pub struct Browser {
    process: Child,
    to: File,
    from: Receiver<Value>,
    events: Vec<Value>,
    session: Option<String>,
    number: u64,
    folder: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium, unless there is to be none.
    pub fn start() -> Option<Self> {
        let program = chromium()?;
        let folder = tempfile::tempdir().unwrap();
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").args([&to, &from]).status().unwrap();
        assert!(made.success());
        // The shell opens the pipes under the numbers that Chromium expects.
        let process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$0/to\" 4>\"$0/from\""])
            .arg(folder.path())
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--mute-audio",
                "--no-first-run",
            ])
            // Whatever asks the network gets nothing.
            .args([
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--disable-background-networking",
            ])
            .args(["--remote-debugging-pipe", "--window-size=1280,900"])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let write = File::options().write(true).open(&to).unwrap();
        let mut read = BufReader::new(File::open(&from).unwrap());
        let (send, receive) = channel();
        std::thread::spawn(move || {
            loop {
                let mut message = vec![];
                match read.read_until(0, &mut message) {
                    Ok(n) if n > 0 => message.pop(),
                    _ => return,
                };
                if send
                    .send(serde_json::from_slice(&message).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut browser = Self {
            process,
            to: write,
            from: receive,
            events: vec![],
            session: None,
            number: 0,
            folder,
        };
        let targets = browser.tell("Target.getTargets", &json!({}));
        let targets = targets["targetInfos"].as_array().unwrap();
        let page = targets.iter().find(|t| t["type"] == "page").unwrap()["targetId"].clone();
        let attached = browser.tell(
            "Target.attachToTarget",
            &json!({"targetId": page, "flatten": true}),
        );
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.tell(&format!("{domain}.enable"), &json!({}));
        }
        let offline =
            json!({"offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0});
        browser.tell("Network.emulateNetworkConditions", &offline);
        let path = browser.downloads();
        browser.tell(
            "Browser.setDownloadBehavior",
            &json!({"behavior": "allow", "downloadPath": path}),
        );
        Some(browser)
    }

    /// Where what a page offers for download goes.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Gives a command and waits for its answer.
    #[track_caller]
    pub fn tell(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE);
            let answer =
                answer.unwrap_or_else(|e| panic!("Chromium does not answer {method}: {e}"));
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.tell("Runtime.evaluate", &asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(&format!("Boolean({expression})")) != true {
            assert!(begun.elapsed() < PATIENCE, "never true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a file.
    #[track_caller]
    pub fn open(&mut self, path: &Path) {
        let address = format!("file://{}", path.display());
        self.tell("Page.navigate", &json!({"url": address}));
        self.wait(&format!(
            "location.href.startsWith({address:?}) && document.readyState === 'complete'"
        ));
    }

    /// Clicks on the middle of an element.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center', inline: 'center'}}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let click = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.tell("Input.dispatchMouseEvent", &click);
        }
    }

    /// Presses a key.
    #[track_caller]
    pub fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 {
            json!(key)
        } else {
            Value::Null
        };
        for kind in ["keyDown", "keyUp"] {
            let mut press = json!({"type": kind, "key": key});
            if kind == "keyDown" && !text.is_null() {
                press["text"] = text.clone();
            }
            self.tell("Input.dispatchKeyEvent", &press);
        }
    }

    /// Checks that the page asked for nothing but what `allowed` begins with, and that nothing went wrong in it.
    #[track_caller]
    pub fn was_content(&mut self, allowed: &[&str]) {
        self.value("0");
        for event in &self.events {
            let parameters = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let address = parameters["request"]["url"].as_str().unwrap();
                    let fine = allowed.iter().any(|a| address.starts_with(a));
                    assert!(fine, "asked for {address}");
                }
                "Runtime.exceptionThrown" => panic!("{parameters}"),
                "Log.entryAdded" => {
                    assert_ne!(parameters["entry"]["level"], "error", "{parameters}");
                }
                "Runtime.consoleAPICalled" => {
                    assert_ne!(parameters["type"], "error", "{parameters}");
                }
                _ => {}
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
