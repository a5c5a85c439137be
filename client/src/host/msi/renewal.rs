//! A newer agent takes the place of this one: `.agent\renewal.json`, what was brought and how often it was tried.
//!
//! Its package stops the service, replaces the program and starts the service again, while `msiexec` outlives all of
//! that. What comes of it the agent sees that is there afterwards: the new one clears up, the old one tries again. Where
//! `msiexec` refuses before it stops anything, the old one hears why.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Child;

use consign_metadata::digest::Sha256;
use consign_metadata::name::VendorName;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::installer::{self, Meaning};
use super::record::Record;
use super::{content, msiexec, own, program};
use crate::durable;
use crate::host::kernel::commands;
use crate::host::{HostError, OwnPackage, at};
use crate::places::Places;

const FORMAT: u32 = 1;
const FILE: &str = "renewal.json";
/// As often one version is tried: a package that does not come to its end is no reason to try for ever.
pub const TRIES: u32 = 3;
/// How long the first pause is; each is twice the one before.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// An agent that was brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    format: u32,
    /// Its native version.
    pub version: String,
    /// Whose feed named it, and whose anchor says who may sign it.
    pub vendor: VendorName,
    file: String,
    sha256: Sha256,
    /// How often it was installed.
    #[serde(default)]
    pub attempts: u32,
    /// When last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why the last attempt came to nothing, as far as `msiexec` said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Renewal {
    /// One that was not tried yet.
    pub fn of(version: String, vendor: VendorName, file: String, sha256: Sha256) -> Self {
        Self { format: FORMAT, version, vendor, file, sha256, attempts: 0, at: None, problem: None }
    }

    /// The one on this host.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(places: &Places) -> Result<Option<Self>, HostError> {
        let path = path(places);
        durable::read(&path, FORMAT, |this: &Self| this.format).map_err(|cause| at("read", &path, cause))
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, places: &Places) -> Result<(), HostError> {
        let path = path(places);
        let written = serde_json::to_vec_pretty(self).map_err(io::Error::other);
        written.and_then(|text| durable::replace(&path, &text)).map_err(|cause| at("write", &path, cause))
    }

    /// Removes what was brought, and what is known of it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(places: &Places) -> Result<(), HostError> {
        let Some(known) = Self::read(places)? else { return Ok(()) };
        for path in [known.file(places), path(places)] {
            durable::remove(&path).map_err(|cause| at("remove", &path, cause))?;
        }
        Ok(())
    }

    /// The package.
    pub fn file(&self, places: &Places) -> PathBuf {
        own::folder(places).join(&self.file)
    }

    /// Whether its files are here as well: one that was in use is still the old one, whatever the registry says.
    fn is_whole(&self, places: &Places, here: &Record) -> Result<bool, HostError> {
        Ok(content::unlike(places, &self.file(places), here)?.is_empty())
    }

    /// Whether it is tried now.
    fn is_due(&self, now: Timestamp) -> bool {
        self.attempts < TRIES && self.at.is_none_or(|at| now < at || self.next().is_none_or(|next| now >= next))
    }

    /// When it is tried again; `None` before the first time, and after the last.
    fn next(&self) -> Option<Timestamp> {
        let pause = PAUSE.checked_mul(1 << self.attempts.saturating_sub(1).min(8))?;
        self.at.filter(|_| self.attempts < TRIES).map(|at| at + pause)
    }

    /// What is known once `msiexec` has ended while this agent is still there.
    fn ended(self, status: i32) -> Self {
        match installer::meaning(status) {
            Meaning::Done | Meaning::DoneAfterReboot => self,
            // Nobody knows for how long: that was no attempt.
            Meaning::Busy => Self {
                attempts: self.attempts.saturating_sub(1),
                problem: Some("another installation is at work".to_owned()),
                ..self
            },
            Meaning::Failed(why) => Self { problem: Some(format!("msiexec ended with {status}: {why}")), ..self },
        }
    }
}

/// What is known of the agent's own package.
///
/// # Errors
/// When the registry or what was written down cannot be read.
pub fn standing(places: &Places) -> Result<OwnPackage, HostError> {
    let installed = own::installed()?.map(|here| here.version);
    Ok(match Renewal::read(places)? {
        None => OwnPackage { installed, ..OwnPackage::default() },
        Some(renewal) => OwnPackage {
            installed,
            attempts: renewal.attempts,
            tried: renewal.at,
            next_try: renewal.next(),
            brought: Some(renewal.version),
            problem: renewal.problem,
        },
    })
}

/// Lets the agent that was brought take the place of this one, where it is time to; whether that has begun.
///
/// # Errors
/// When it cannot be begun.
pub fn begin(places: &Places, now: Timestamp) -> Result<bool, HostError> {
    program::clear(&own::folder(places));
    let Some(renewal) = Renewal::read(places)? else { return Ok(false) };
    let Some(here) = own::installed()? else { return Ok(false) };
    if msiexec::at_work(places)?.is_some() {
        return Ok(false);
    }
    let is_there = here.version == renewal.version && here.is_registered()?;
    if own::order(&here.version) > own::order(&renewal.version) || (is_there && renewal.is_whole(places, &here)?) {
        log::info!("this is the agent {}", here.version);
        return Renewal::forget(places).map(|()| false);
    }
    if !renewal.is_due(now) {
        return Ok(false);
    }
    let file = renewal.file(places);
    let found = File::open(&file).and_then(Sha256::of_reader).map_err(|cause| at("read", &file, cause))?;
    if found.0 != renewal.sha256 {
        return Err(at("trust", &file, "it is not the file that the feed named"));
    }
    own::check(places, &renewal.vendor, &renewal.version, &file)?;
    Renewal { attempts: renewal.attempts + 1, at: Some(now), problem: None, ..renewal.clone() }.keep(places)?;
    if let Err(problem) = program::step_aside(&own::program(places), &own::folder(places)) {
        // Windows Installer leaves it for a restart, and it is tried again.
        log::warn!("{problem}");
    }
    let (log, file) = (own::folder(places).join("msiexec.log"), file.display().to_string());
    let arguments = ["/i", &file, "REINSTALL=ALL", "REINSTALLMODE=vamus"];
    log::info!("the agent {} takes the place of {}", renewal.version, here.version);
    let child = msiexec::start(places, &arguments[..if is_there { 4 } else { 2 }], &log, "install the agent")?;
    let places = places.clone();
    // Who is replaced meanwhile does not hear of it.
    std::thread::spawn(move || {
        hear(&places, child).unwrap_or_else(|problem| log::warn!("{problem}"));
    });
    Ok(true)
}

fn hear(places: &Places, mut child: Child) -> Result<(), HostError> {
    let ended = child
        .wait()
        .map_err(|cause| HostError { action: "wait for the end of msiexec".to_owned(), reason: cause.to_string() })?;
    let Some(before) = Renewal::read(places)? else { return Ok(()) };
    let after = before.clone().ended(commands::status(ended));
    if let Some(problem) = after.problem.as_ref().filter(|_| after != before) {
        log::warn!("cannot install the agent {}: {problem}", after.version);
        after.keep(places)?;
    }
    Ok(())
}

fn path(places: &Places) -> PathBuf {
    own::folder(places).join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_is_tried_three_times_with_longer_pauses() {
        let begun: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut renewal =
            Renewal::of("0.2.0-1".to_owned(), "acme".parse().unwrap(), "x.msi".to_owned(), Sha256::of(b""));
        let after = |minutes| begun + SignedDuration::from_mins(minutes);
        assert!(renewal.is_due(begun));
        for (attempts, early, due) in [(1, 0, 1), (2, 1, 2)] {
            renewal = Renewal { attempts, at: Some(begun), ..renewal };
            assert!(!renewal.is_due(after(early)) && renewal.is_due(after(due)), "{attempts}");
        }
        assert_eq!(renewal.next(), Some(after(2)));
        // A clock that was set back makes none wait.
        assert!(renewal.is_due(after(-1)));
        let enough = Renewal { attempts: TRIES, ..renewal };
        assert!(!enough.is_due(after(600)) && enough.next().is_none());
    }

    #[test]
    fn an_attempt_that_another_installation_was_in_the_way_of_is_none() {
        let new = Renewal::of("0.2.0-1".to_owned(), "acme".parse().unwrap(), "x.msi".to_owned(), Sha256::of(b""));
        let tried = Renewal { attempts: TRIES, ..new };
        assert_eq!(tried.clone().ended(1618).attempts, TRIES - 1);
        let failed = tried.clone().ended(1603);
        assert_eq!((failed.attempts, failed.problem.unwrap().contains("1603")), (TRIES, true));
        assert_eq!(tried.clone().ended(3010), tried);
    }
}
