//! People are told of an outage: when it begins, when it is over, and when it goes on for lack of somebody.
//!
//! Telling never fails an upgrade and never holds it up: terminals are told at once, everything else by a
//! thread of its own with a time limit, and what goes wrong is in the log. Each change is told once; a
//! service that dies in between tells nobody, because a journal is no mailbox.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::host::kernel::{files, process};
use crate::site::tell::{ADDRESS, Tell, WebHook, is_address};

const FORMAT: u32 = 1;
/// How long a program of the site's may take, and the sending to an address with all its tries.
const LIMIT: Duration = Duration::from_secs(30);
/// The largest file with an address and headers.
const MAXIMUM: u64 = 16 * 1024;

/// What has happened; `docs/site-files.md` lists the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// 1.
    pub format: u32,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// The name of the host.
    pub host: String,
    /// The product.
    pub product: ProductId,
    /// The number of the upgrade.
    pub upgrade: u32,
    /// The version it starts from.
    pub from: Option<Version>,
    /// The version it goes to.
    pub to: Version,
    /// When.
    pub at: Timestamp,
}

/// An event of an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// The engines are about to stop.
    OutageBegins {
        /// How long it will probably take; null for the first upgrade on a host.
        estimate_seconds: Option<u64>,
    },
    /// The product works again.
    OutageOver {
        /// How long the engines stood.
        took_seconds: u64,
        /// What became of the upgrade.
        outcome: Outcome,
    },
    /// The engines stay stopped until a person has decided.
    OutageGoesOn {
        /// The step that it stands at.
        step: Option<String>,
    },
}

/// How an upgrade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The product runs in the new version.
    Completed,
    /// It runs in the old one.
    TakenBack,
}

impl News {
    /// Something that happened to an upgrade.
    pub fn of(header: &crate::engine::event::Header, what: What, at: Timestamp) -> Self {
        Self {
            format: FORMAT,
            what,
            host: process::host_name(),
            product: header.product.clone(),
            upgrade: header.upgrade,
            from: header.from.clone(),
            to: header.to.clone(),
            at,
        }
    }

    /// A sentence for terminals; what begins is announced by the plan, or not.
    pub fn sentence(&self, language: Language) -> Option<String> {
        let Self { product, from, to, .. } = self;
        let from = from.as_ref().unwrap_or(to);
        Some(match (&self.what, language) {
            (What::OutageBegins { .. }, _) => return None,
            (What::OutageOver { outcome: Outcome::Completed, .. }, Language::En) => {
                format!("{product} is back, in version {to}.")
            }
            (What::OutageOver { outcome: Outcome::Completed, .. }, Language::Fr) => {
                format!("{product} est de retour, en version {to}.")
            }
            (What::OutageOver { .. }, Language::En) => {
                format!("{product} is back, still in version {from}: the upgrade was taken back.")
            }
            (What::OutageOver { .. }, Language::Fr) => {
                format!("{product} est de retour, toujours en version {from} : la mise à niveau a été annulée.")
            }
            (What::OutageGoesOn { .. }, Language::En) => {
                format!("{product} stays stopped: its upgrade to {to} needs an administrator.")
            }
            (What::OutageGoesOn { .. }, Language::Fr) => {
                format!("{product} reste arrêté : sa mise à niveau vers {to} a besoin d'un administrateur.")
            }
        })
    }
}

/// Tells the program and the address of a site, if it has any; what fails is logged.
pub fn deliver(tell: &Tell, news: &News) {
    let text = serde_json::to_string(news).expect("news have string keys and no floats");
    let log = |told: Result<(), HostError>| {
        if let Err(problem) = told {
            log::warn!("{}: somebody could not be told: {problem}", news.product);
        }
    };
    // One that hangs keeps nothing from the other.
    std::thread::scope(|scope| {
        if let Some(line) = &tell.program {
            scope.spawn(|| log(run(line, &tell.user, &text)));
        }
        if let Some(hook) = &tell.web_hook {
            scope.spawn(|| log(post(hook, &text)));
        }
    });
}

fn run(line: &[String], user: &str, text: &str) -> Result<(), HostError> {
    let command = HostCommand::new(&line[0]).args(&line[1..]).user(user)?;
    command.input(format!("{text}\n")).limit(LIMIT).output().map(drop).map_err(HostError::from)
}

/// Sent by curl, which knows the host's certificates: the agent itself opens no connection. Everything
/// that may be a secret goes through its standard input.
fn post(hook: &WebHook, text: &str) -> Result<(), HostError> {
    let lines = match hook {
        WebHook::Address(address) => address.clone(),
        WebHook::File(path) => secret(path)?,
    };
    let mut lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let address = lines.next().filter(|address| is_address(address));
    let address = address.ok_or_else(|| problem("send to the web hook", ADDRESS))?;
    let mut configuration = format!("url = {}\ndata-raw = {}\n", quoted(address), quoted(text));
    for header in std::iter::once("Content-Type: application/json").chain(lines) {
        configuration.push_str(&format!("header = {}\n", quoted(header)));
    }
    configuration.push_str("silent\nshow-error\nfail\nproto = \"=https,http\"\nconnect-timeout = 5\nmax-time = 25\n");
    let command = HostCommand::new("curl").args(["-q", "--config", "-"]).user("nobody")?;
    command.input(configuration).limit(LIMIT).output().map(drop).map_err(HostError::from)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn secret(path: &Path) -> Result<String, HostError> {
    let action = format!("read {}", path.display());
    let failed = |cause: std::io::Error| problem(&action, &cause.to_string());
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if let Some(reason) = files::why_public(path, &metadata) {
        return Err(problem(&action, &reason));
    }
    let mut text = String::new();
    file.take(MAXIMUM).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn problem(action: &str, reason: &str) -> HostError {
    HostError { action: action.to_owned(), reason: reason.to_owned() }
}

#[cfg(all(test, unix))]
mod tests;
