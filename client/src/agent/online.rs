//! The time that a look has for the network, and what it did not suffice for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::name::{PackageName, ProductId};

use super::Agent;
use super::locks::Patience;
use crate::host::Repository;

/// What prerequisites may take where the network took all of its time.
const AFTER_NETWORK: Duration = Duration::from_secs(1);
/// What they may take at most.
const PREREQUISITES: Duration = Duration::from_secs(8);

/// Time to fetch with, and what it did not suffice for.
#[derive(Debug)]
pub struct Online {
    deadline: Instant,
    one_file: Duration,
    /// Servers that did not answer in time: the files of the others need what is left.
    mute: RefCell<BTreeSet<String>>,
    /// How long a product may be busy.
    pub for_others: Patience,
    /// Why a feed was not brought up to date.
    pub problems: Vec<(ProductId, String)>,
}

impl Online {
    /// The time begins now. A hook waits 30 s, and some of them are needed for what is done with what came
    /// in: on a host with no processor to spare, starting a program alone takes seconds. A person who has
    /// asked would rather wait than be told nothing.
    pub fn begin(patient: bool) -> Self {
        let (all, one_file, for_steps, for_comparisons) =
            if patient { (40, 20, 10_000, 20_000) } else { (20, 5, 200, 5_000) };
        let [for_steps, for_comparisons] = [for_steps, for_comparisons].map(Duration::from_millis);
        let for_others = Patience { for_steps, for_comparisons };
        Self::of(Duration::from_secs(all), Duration::from_secs(one_file), for_others)
    }

    /// With all of these times; `for_others` is how long a product may be busy.
    pub(super) fn of(all: Duration, one_file: Duration, for_others: Patience) -> Self {
        let deadline = Instant::now() + all;
        Self { deadline, one_file, mute: RefCell::default(), for_others, problems: Vec::new() }
    }

    /// Fetches a file of a repository in the time that is left.
    ///
    /// # Errors
    /// In the host's words.
    pub fn fetch(&self, agent: &Agent, from: &Repository, path: &str, maximum: u64) -> Result<Vec<u8>, String> {
        let left = self.left();
        if left.is_zero() {
            return Err(format!("cannot fetch {path}: the time is up"));
        }
        if self.mute.borrow().contains(&from.url) {
            return Err(format!("cannot fetch {path}: {} did not answer in time before", from.url));
        }
        let begun = Instant::now();
        agent.packages.fetch(from, path, maximum, left).map_err(|error| {
            if begun.elapsed() >= left {
                self.mute.borrow_mut().insert(from.url.clone());
            }
            error.to_string()
        })
    }

    /// Fetches a package into an empty folder, in all the time that is left.
    ///
    /// # Errors
    /// In the host's words.
    pub fn fetch_package(
        &self,
        agent: &Agent,
        package: &PackageName,
        version: &str,
        folder: &Path,
    ) -> Result<PathBuf, String> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("cannot fetch {package} {version}: the time is up"));
        }
        agent.packages.fetch_package(package, version, folder, left).map_err(|error| error.to_string())
    }

    /// What a look has left for prerequisites: they are asked for after the network, whatever that took.
    pub fn patience(&self) -> Duration {
        (self.deadline + AFTER_NETWORK).saturating_duration_since(Instant::now()).min(PREREQUISITES)
    }

    /// What one fetch may take now.
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).min(self.one_file)
    }

    /// Why the feed of this product was not brought up to date.
    pub fn problem(&self, id: &ProductId) -> Option<&String> {
        self.problems.iter().find(|(product, _)| product == id).map(|(_, problem)| problem)
    }
}
