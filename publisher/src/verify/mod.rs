//! A published channel, read as its clients read it, with everything that is wrong with it.
//!
//! Nothing here trusts what the publisher meant to write. The order is that of a client: entry point,
//! indexes, packages, then the feed and everything it names. All findings are given, not the first.

mod apt;
mod certificate;
mod feed;
mod offers;
mod report;
mod windows;
mod yum;

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::anchor::{AGENT_CERTIFICATE_FILE, ANCHOR_FILE, Anchor};
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Extension, FileReference};
use consign_metadata::name::ChannelName;
use consign_metadata::openpgp::{Keyring, VerifyError};
use jiff::Timestamp;

use crate::feed as published;
use crate::publish::anchor_path;
use crate::repository::Retrieved;
use crate::store::Source;
use crate::trust::Trust;

use offers::{Offered, Offers};
pub use report::{Finding, Report};

/// The kinds of package files.
const EXTENSIONS: [&str; 3] = ["deb", "rpm", "msi"];

/// How much is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every package is read.
    Everything,
    /// Of the packages only these are read; the indexes as a whole.
    Packages(Vec<FileReference>),
}

/// A channel that is looked at.
pub struct Examination<'a> {
    source: &'a dyn Source,
    trust: &'a Trust,
    channel: &'a ChannelName,
    now: Timestamp,
    scope: Scope,
    package_keys: Keyring,
    index_keys: Keyring,
    /// Until when the vendor lets clients believe the generation, whatever it says itself.
    extended: Timestamp,
    report: Report,
    /// Packages that were read, by their place in the pool.
    read: BTreeMap<String, Retrieved>,
}

/// Looks at a channel.
///
/// # Errors
/// [`VerifyError`] when the certificate itself is unusable. What is wrong with the channel is no error
/// but part of the report.
pub fn examine(
    source: &dyn Source,
    trust: &Trust,
    channel: &ChannelName,
    now: Timestamp,
    scope: Scope,
) -> Result<Report, VerifyError> {
    let mut examination = Examination {
        source,
        trust,
        channel,
        now,
        scope,
        package_keys: trust.keyring(Role::Package)?,
        index_keys: trust.keyring(Role::Index)?,
        extended: Timestamp::MIN,
        report: Report::default(),
        read: BTreeMap::new(),
    };
    examination.extension();
    let Some(entrance) = examination.entry_point() else { return Ok(examination.report) };
    let mut offers = examination.indexes(&entrance);
    let yum = examination.yum(&mut offers);
    examination.windows(&mut offers);
    examination.packages(&offers);
    examination.signed_for_windows(&offers);
    examination.introduction(&offers);
    examination.certificate(&offers);
    let entrances: Vec<_> = [entrance.file].into_iter().chain(yum.map(|entrance| entrance.file)).collect();
    examination.feed(&entrances, &offers);
    examination.agent(&offers);
    Ok(examination.report)
}

impl Examination<'_> {
    fn find(&mut self, place: impl ToString, problem: impl ToString) {
        self.report.findings.push(Finding { place: place.to_string(), problem: problem.to_string() });
    }

    /// Notes what is wrong, if anything is.
    fn noted<T, E: ToString>(&mut self, place: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.find(place, problem)).ok()
    }

    fn in_scope(&self, filename: &str) -> bool {
        match &self.scope {
            Scope::Everything => true,
            Scope::Packages(files) => files.iter().any(|file| file.path == filename),
        }
    }

    fn dates(&mut self, place: &str, issued: Timestamp, expires: Timestamp) {
        if issued.duration_since(self.now).as_secs() > 10 {
            self.find(place, format!("it is dated {issued}, which is in the future"));
        }
        if expires <= self.now && self.extended <= self.now {
            self.find(place, format!("it expired on {expires}"));
        }
    }

    /// A head that is believed for longer than it says. Package managers know nothing of it.
    fn extension(&mut self) {
        let place = Extension::path(self.channel);
        let head = published::head(self.source, &self.trust.roles.vendor, self.channel, &self.index_keys);
        let Ok(Some(head)) = head else { return };
        let found = published::extension(self.source, &self.trust.roles.vendor, self.channel, &self.index_keys);
        let found = self.noted(&place, found).flatten();
        let until = found.and_then(|extension| extension.of_head(&head.digest));
        if let Some(until) = until.filter(|until| *until > head.feed.expires) {
            self.extended = until;
            self.report.warnings.push(format!(
                "hosts believe the feed until {until} by an extension; apt does so where Valid-Until-Min says it"
            ));
        }
    }

    fn packages(&mut self, offers: &Offers) {
        let agents: BTreeMap<_, _> = EXTENSIONS.map(|extension| (extension, self.agent_keys(offers, extension))).into();
        for (filename, offered) in offers {
            if !self.in_scope(filename) {
                continue;
            }
            let keys = if offered.package == crate::publish::AGENT {
                agents.get(offered.extension()).and_then(Option::as_ref)
            } else {
                Some(&self.package_keys)
            };
            match keys.cloned() {
                Some(keys) => self.package(offered, &keys),
                None => self.find(filename, "nothing published says who may sign the agent"),
            }
        }
    }

    fn package(&mut self, offered: &Offered, keys: &Keyring) {
        let filename = &offered.filename;
        let Some(key) = self.noted(filename, filename.parse()) else { return };
        match self.noted(filename, Retrieved::fetch(self.source, &key, offered.size, keys)) {
            Some(None) => self.find(filename, "it is not there, although an index lists it"),
            Some(Some(retrieved)) => {
                let package = &retrieved.package;
                let is = (package.name().as_str(), package.version(), package.architecture());
                if is != (offered.package.as_str(), offered.version.as_str(), offered.architecture.as_str()) {
                    self.find(filename, "it is another package than the index says");
                } else if (package.file_size(), package.file_digest()) != (offered.size, offered.sha256) {
                    self.find(filename, "its content is not what the index says");
                }
                self.report.packages += 1;
                self.read.insert(filename.clone(), retrieved);
            }
            None => {}
        }
    }

    /// Not wrong for certain: hosts may have the agent from another repository.
    fn agent(&mut self, offers: &Offers) {
        let agent = crate::publish::AGENT;
        if self.report.releases > 0 && offers.values().all(|offered| offered.package != agent) {
            self.report.warnings.push(format!(
                "no package {agent} is published here: a host that does not have it can install nothing; consign publish --agent gives it along"
            ));
        }
    }

    /// Who may sign the agent is what the newest `<vendor>-release` tells the hosts.
    fn agent_keys(&mut self, offers: &Offers, extension: &str) -> Option<Keyring> {
        let vendor = &self.trust.roles.vendor;
        let name = format!("{vendor}-release");
        let newest = offers::newest(offers, &name, extension)?;
        let key = newest.filename.parse().ok()?;
        let release = Retrieved::fetch(self.source, &key, newest.size, &self.package_keys).ok()??;
        let installed = |file: &str| release.installed(&anchor_path(vendor, file)).ok()?;
        let anchor = Anchor::parse(&installed(ANCHOR_FILE)?).ok()?;
        Keyring::new(&installed(AGENT_CERTIFICATE_FILE)?, anchor.agent, "agent").ok()
    }

    /// The package at the root, which people fetch by hand. The plain name belongs to the channel that
    /// hosts are introduced to by default; this one may be another.
    fn introduction(&mut self, offers: &Offers) {
        let name = format!("{}-release", self.trust.roles.vendor);
        for extension in EXTENSIONS {
            let own = offers.values().filter(|offered| offered.package == name && offered.extension() == extension);
            let known: BTreeSet<_> = own.map(|offered| offered.sha256).collect();
            // Every channel has an apt repository, and not every one another.
            if extension != EXTENSIONS[0] && offers.values().all(|offered| offered.extension() != extension) {
                continue;
            }
            let places = [format!("{name}.{extension}"), format!("{name}-{}.{extension}", self.channel)];
            if !places.iter().any(|place| self.is_one_of(place, &known)) {
                self.find(&places[0], format!("it is not there, or not the {name} that an index lists"));
            }
        }
    }

    fn is_one_of(&mut self, place: &str, known: &BTreeSet<Sha256>) -> bool {
        let Some(key) = self.noted(place, place.parse()) else { return false };
        let read = self.noted(place, self.source.read(&key, 16 * 1024 * 1024)).flatten();
        read.is_some_and(|(bytes, _)| known.contains(&Sha256::of(&bytes)))
    }
}
