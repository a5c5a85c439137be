//! A customer's host with a vendor's repository: what the upgrade suites start from and look at.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::error::Result;
use crate::host::Host;
use crate::manager::Manager;
use crate::outcome::Outcome;
use crate::root::BaseSystem;
use crate::server::Server;
use crate::vendor::{REPOSITORY_PORT, Vendor};

/// Long enough for every step of a fixture on a busy machine; a state is waited for, never slept on.
const FINISH: Duration = Duration::from_secs(120);

/// A host, the repository it reads, and the product it runs.
#[derive(Debug)]
pub struct Site {
    // Before the host: the server lives in its network.
    server: Option<Server>,
    /// The host.
    pub host: Host,
    product: String,
    manager: Manager,
}

impl Site {
    /// Boots a host, serves the vendor's repository to it and installs the vendor's release package.
    pub fn open(name: &str, system: impl Into<BaseSystem>, vendor: &Vendor, product: &str) -> Result<Site> {
        let system = system.into();
        let host = Host::boot(&format!("{name}-{}", system.name()), system)?;
        Site::on(host, vendor, product)
    }

    /// The same on a host that is there already.
    pub fn on(host: Host, vendor: &Vendor, product: &str) -> Result<Site> {
        let server = Server::start(&host, &vendor.repository(), REPOSITORY_PORT)?;
        let site = Site { server: Some(server), ..Site::told_nothing(host, product) };
        site.introduce(&vendor.release_package_for(site.manager.extension()));
        match site.manager {
            Manager::Apt => drop(site.host.apt_get(&["update"]).expect_ok()),
            Manager::Zypper => drop(site.host.zypper(&["refresh"]).expect_ok()),
            Manager::Dnf4 | Manager::Dnf5 | Manager::Rpm => {}
        }
        Ok(site)
    }

    /// The same on a host that nobody has told of a vendor, and with nobody who serves anything.
    pub fn told_nothing(host: Host, product: &str) -> Site {
        let manager = Manager::of(host.system());
        Site { server: None, host, product: product.to_owned(), manager }
    }

    /// Installs a vendor's release package that somebody brings.
    #[track_caller]
    pub fn introduce(&self, package: &Path) {
        let here = format!("/root/vendor-release.{}", self.manager.extension());
        self.host.copy_in(package, &here);
        self.introduce_by(&here);
    }

    /// The same of one that is on the host.
    #[track_caller]
    pub fn introduce_by(&self, here: &str) {
        let installed = match self.manager {
            Manager::Apt => self.host.apt_get(&["install", here]),
            Manager::Zypper => self.host.rpm(&["--install", here]),
            Manager::Dnf4 | Manager::Dnf5 | Manager::Rpm => self.host.manager(&["install", here]),
        };
        installed.expect_ok();
        if self.manager == Manager::Zypper {
            // The vendor's, and that of the agent: zypper would ask for each.
            self.host.shell("rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-*");
        }
    }

    /// The same site, whose administrator types at another package manager than it is named after.
    pub fn by(self, manager: Manager) -> Site {
        Site { manager, ..self }
    }

    /// The product that is looked at.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// What its administrator types at.
    pub fn manager(&self) -> Manager {
        self.manager
    }

    /// Serves the repository of another vendor, too, and installs its release package. What is
    /// returned serves as long as it lives.
    pub fn add_vendor(&self, vendor: &Vendor, port: u16) -> Result<Server> {
        let server = Server::start(&self.host, &vendor.repository(), port)?;
        self.host.copy_in(vendor.release_package(), "/root/another-release.deb");
        self.host.apt_get(&["install", "/root/another-release.deb"]).expect_ok();
        self.host.apt_get(&["update"]).expect_ok();
        Ok(server)
    }

    /// Serves the repository again, after the host was off.
    pub fn serve_again(&mut self, vendor: &Vendor) -> Result<()> {
        self.server = None;
        self.server = Some(Server::start(&self.host, &vendor.repository(), REPOSITORY_PORT)?);
        Ok(())
    }

    /// Nobody answers any more where the repository was.
    pub fn serve_no_more(&mut self) {
        self.server = None;
    }

    /// The records of the newest upgrade's journal, oldest first; empty when there is none.
    pub fn journal(&self) -> Vec<Value> {
        let folder = format!("/var/lib/consignee/{}/journal", self.product);
        let newest = self.host.exec(&["sh", "-c", &format!("cat {folder}/$(ls {folder} | tail -n 1)/records.jsonl")]);
        newest.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
    }

    /// The names of the events of the newest upgrade.
    pub fn events(&self) -> Vec<String> {
        self.journal().iter().map(|record| record["event"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// `consignee status --json` of the product, whatever its exit code.
    pub fn status(&self) -> Value {
        let outcome = self.host.exec(&["consignee", "status", "--json", &self.product]);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error} in {outcome}"))
    }

    /// Waits until `consignee status` answers this exit code.
    #[track_caller]
    pub fn wait_status(&self, code: i32) -> Outcome {
        self.wait_status_of(&self.product, code)
    }

    /// The same of another product on the host.
    #[track_caller]
    pub fn wait_status_of(&self, product: &str, code: i32) -> Outcome {
        let mut last = None;
        let reached = crate::wait::until(&format!("status {code}"), FINISH, || {
            let outcome = self.host.exec(&["consignee", "status", "--language", "en", product]);
            // Where nobody waits for a look (zypper) its verdict is still to come.
            let reached = outcome.code == code && !outcome.text().contains("not judged yet");
            last = Some(outcome);
            reached.then_some(())
        });
        let last = last.expect("status was asked at least once");
        let agent = || self.host.exec(&["journalctl", "--no-pager", "-u", "consignee*"]).stdout;
        assert!(reached.is_ok(), "expected status {code}\n{last}\n{:#?}\n{}", self.events(), agent());
        last
    }

    /// `consignee` with these arguments, in English, which must succeed.
    #[track_caller]
    pub fn consignee(&self, arguments: &[&str]) -> Outcome {
        self.host.ok(&[&["env", "LC_ALL=C.UTF-8", "consignee"], arguments].concat())
    }

    /// From stop until the product is found healthy, of every upgrade so far: the announced outages.
    pub fn announced(&self) -> Vec<(SystemTime, SystemTime)> {
        self.host.announced(&self.product)
    }
}

impl Host {
    /// The same of a product, on a host that is nobody's site.
    pub fn announced(&self, product: &str) -> Vec<(SystemTime, SystemTime)> {
        let all = self.shell(&format!("cat /var/lib/consignee/{product}/journal/*/records.jsonl"));
        let mut windows = Vec::new();
        let mut open = None;
        let mut names: Vec<String> = Vec::new();
        for line in all.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or(Value::Null);
            let at = || record["at"].as_str().and_then(time);
            let item = record["item"].as_u64().and_then(|i| names.get(usize::try_from(i).ok()?)).map(String::as_str);
            match (record["event"].as_str().unwrap_or_default(), item) {
                ("begun", _) => {
                    let items = record["header"]["items"].as_array().cloned().unwrap_or_default();
                    names = items.iter().map(|i| i["name"].as_str().unwrap_or_default().to_owned()).collect();
                }
                // Looked at before they are stopped, also where that happens outside the list.
                // A finished upgrade that is taken back stops them once more.
                ("step-started", Some("stop")) | ("engines-observed" | "undo-started", _) if open.is_none() => {
                    open = at();
                }
                ("step-succeeded", Some("health")) if !names.iter().any(|name| name == "leave-maintenance") => {
                    windows.extend(open.take().zip(at()));
                }
                // It runs before that, and serves nobody.
                ("step-succeeded", Some("leave-maintenance")) => windows.extend(open.take().zip(at())),
                // Taken back; the old version's health, item −1, comes after it and has no name.
                ("undo-succeeded", None) if record["item"] == -1 => {
                    windows.extend(open.take().zip(at()));
                }
                _ => {}
            }
        }
        windows
    }
}

/// An RFC 3339 time in UTC, as the journal writes it.
fn time(text: &str) -> Option<SystemTime> {
    let seconds_and_fraction = text.strip_suffix('Z')?;
    let (whole, fraction) = seconds_and_fraction.split_once('.').unwrap_or((seconds_and_fraction, "0"));
    let field = |range: std::ops::Range<usize>| whole.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (field(0..4)?, field(5..7)?, field(8..10)?);
    let (hour, minute, second) = (field(11..13)?, field(14..16)?, field(17..19)?);
    // Days from the civil calendar, counted in years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let seconds = u64::try_from(((days * 24 + hour) * 60 + minute) * 60 + second).ok()?;
    let nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
}
