//! A real browser in the network of one host: Debian's Chromium without a screen, driven as the WebDriver
//! recommendation of the W3C has it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{Doing, Result};
use crate::host::Host;
use crate::neighbour::Neighbour;
use crate::network::Network;
use crate::wait::until;

const PORT: u16 = 9515;
/// A page that asks the agent to look at a feed takes its time, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(120);
/// The key of an element's reference in the recommendation.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How somebody reads.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// What the browser asks for, as in `fr`.
    pub language: &'static str,
    /// Whether scripts run.
    pub scripts: bool,
    /// Width and height of the window, in pixels.
    pub window: (u32, u32),
}

/// A window, until it is dropped. Methods panic with what the browser said.
#[derive(Debug)]
pub struct Browser {
    _driver: Neighbour,
    network: Network,
    session: String,
}

impl Browser {
    /// Opens a window.
    ///
    /// # Errors
    /// When the browser cannot be started.
    pub fn open(host: &Host, reader: Reader) -> Result<Browser> {
        let home = host.folder().join("browser");
        fs_err::create_dir_all(&home).doing("make a browser")?;
        let (name, port) = (format!("{}_browser", host.name()), format!("--port={PORT}"));
        let _driver = Neighbour::start(&name, &host.network(), &home.join("driver.log"), &["chromedriver", &port])?;
        let mut browser = Browser { _driver, network: host.network(), session: String::new() };
        let ready = || browser.try_ask("GET", "status", &Value::Null).ok()?["ready"].as_bool().filter(|ready| *ready);
        until("browser's driver answering", Duration::from_secs(60), ready)?;
        let created = browser.ask("POST", "session", &capabilities(&home, reader));
        browser.session = created["sessionId"].as_str().unwrap_or_default().to_owned();
        Ok(browser)
    }

    /// Goes to an address, and waits until it is loaded.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.ask("POST", "url", &json!({"url": url}));
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&self) {
        self.ask("POST", "refresh", &json!({}));
    }

    /// The address of the page that is shown.
    #[track_caller]
    pub fn address(&self) -> String {
        self.ask("GET", "url", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Presses what a CSS selector finds first.
    #[track_caller]
    pub fn press(&self, selector: &str) {
        let element = self.find(selector);
        self.ask("POST", &format!("element/{element}/click"), &json!({}));
    }

    /// Presses everything that it finds; how much that was.
    #[track_caller]
    pub fn press_all(&self, selector: &str) -> usize {
        let all = self.find_all(selector);
        for element in &all {
            self.ask("POST", &format!("element/{element}/click"), &json!({}));
        }
        all.len()
    }

    /// Types into a field.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.ask("POST", &format!("element/{element}/value"), &json!({"text": text}));
    }

    /// What a person reads there.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let element = self.find(selector);
        let text = self.ask("GET", &format!("element/{element}/text"), &Value::Null);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Whether anything is found.
    #[track_caller]
    pub fn has(&self, selector: &str) -> bool {
        !self.find_all(selector).is_empty()
    }

    /// Waits until a person reads this there.
    #[track_caller]
    pub fn wait_for(&self, selector: &str, text: &str) {
        let shown = || {
            let element = self.try_find(selector)?;
            let path = self.path(&format!("element/{element}/text"));
            let said = self.try_ask("GET", &path, &Value::Null).ok()?;
            said.as_str()?.contains(text).then_some(())
        };
        let waited = until(&format!("{text:?} in {selector}"), PATIENCE, shown);
        assert!(waited.is_ok(), "{waited:?}: {}: {}", self.address(), self.text("body"));
    }

    /// Keeps a picture of the whole page, for people: `target/page/<name>.png`.
    #[track_caller]
    pub fn picture(&self, name: &str) {
        let picture = self.ask("GET", "screenshot", &Value::Null);
        let folder = crate::lab::Lab::repository().join("target/page");
        let written = decode(picture.as_str().unwrap_or_default(), &folder, name);
        written.unwrap_or_else(|error| panic!("cannot keep the picture {name}: {error}"));
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        self.try_find(selector).unwrap_or_else(|| panic!("no {selector} at {}: {}", self.address(), self.text("body")))
    }

    fn try_find(&self, selector: &str) -> Option<String> {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.try_ask("POST", &self.path("element"), &wanted).ok()?;
        found[ELEMENT].as_str().map(str::to_owned)
    }

    #[track_caller]
    fn find_all(&self, selector: &str) -> Vec<String> {
        let found = self.ask("POST", "elements", &json!({"using": "css selector", "value": selector}));
        let all = found.as_array().into_iter().flatten();
        all.filter_map(|element| element[ELEMENT].as_str().map(str::to_owned)).collect()
    }

    fn path(&self, path: &str) -> String {
        if self.session.is_empty() { path.to_owned() } else { format!("session/{}/{path}", self.session) }
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, &self.path(path), body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    // By curl: the driver speaks HTTP/1.1 alone, and leaves connections open.
    fn try_ask(&self, method: &str, path: &str, body: &Value) -> std::result::Result<Value, String> {
        let (url, patience) = (format!("http://127.0.0.1:{PORT}/{path}"), PATIENCE.as_secs().to_string());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", &patience, "--request", method, &url]);
        if !body.is_null() {
            curl.args(["--header", "Content-Type: application/json", "--data-binary", &body.to_string()]);
        }
        let output = self.network.inside(|| curl.output()).map_err(|error| error.to_string())?;
        let output = output.map_err(|error| error.to_string())?;
        let answer = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said: Value = serde_json::from_str(&answer).map_err(|error| format!("{error}: {answer}{complaint}"))?;
        match said["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", said["value"]["message"])),
            None => Ok(said["value"].clone()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its processes are in the driver's group, and go with it.
        let _ = self.try_ask("DELETE", &format!("session/{}", self.session), &Value::Null);
    }
}

fn capabilities(home: &Path, reader: Reader) -> Value {
    let (width, height) = reader.window;
    let arguments = [
        "--headless=new".to_owned(),
        // It runs as root, as everything of the lab does.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--user-data-dir={}", home.join(format!("profile-{}-{}", reader.language, reader.scripts)).display()),
    ];
    let scripts = if reader.scripts { 1 } else { 2 };
    let preferences = json!({
        "intl.accept_languages": reader.language,
        "profile.managed_default_content_settings.javascript": scripts,
    });
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": arguments, "prefs": preferences},
    }}})
}

fn decode(text: &str, folder: &Path, name: &str) -> std::io::Result<PathBuf> {
    fs_err::create_dir_all(folder)?;
    let path = folder.join(format!("{name}.png"));
    let file = fs_err::File::create(&path)?.into_file();
    let mut decoder = Command::new("base64").arg("--decode").stdin(Stdio::piped()).stdout(file).spawn()?;
    decoder.stdin.take().expect("it was asked for").write_all(text.as_bytes())?;
    decoder.wait()?;
    Ok(path)
}
