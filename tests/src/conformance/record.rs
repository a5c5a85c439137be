//! What one test found on one system: a file for each behaviour, `<behaviour>/<system>.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::System;
use super::behaviours::{Behaviour, Found, LeftOut, Outcome};
use crate::host::Host;
use crate::lab::Lab;
use crate::manager::Manager;

/// Where the records are.
pub fn folder() -> PathBuf {
    Lab::folder().join("conformance")
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The code of the outcome.
    pub outcome: String,
    /// What the programs of the host answered when they were asked for their versions.
    pub versions: BTreeMap<String, String>,
}

impl Record {
    pub(super) fn read(behaviour: Behaviour, system: System) -> Result<Record, String> {
        let path = path(behaviour, system);
        let text = fs_err::read_to_string(&path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }
}

fn path(behaviour: Behaviour, system: System) -> PathBuf {
    folder().join(behaviour.code).join(format!("{}.json", system.name))
}

/// What a test is about to find. It leaves records only when all of it was found.
#[derive(Debug)]
pub struct Sheet {
    /// Where it is measured.
    pub system: System,
    behaviours: Vec<Behaviour>,
    found: BTreeMap<&'static str, &'static str>,
    versions: BTreeMap<String, String>,
}

impl Sheet {
    /// Takes away what an earlier run has found of these.
    #[track_caller]
    pub fn begin(system: System, behaviours: &[Behaviour]) -> Sheet {
        for behaviour in behaviours {
            remove(&path(*behaviour, system));
        }
        let (found, versions) = (BTreeMap::new(), BTreeMap::new());
        Sheet { system, behaviours: behaviours.to_vec(), found, versions }
    }

    /// Writes an outcome down, which must be the expected one.
    #[track_caller]
    pub fn found<F: Found>(&mut self, found: F) {
        self.note(F::BEHAVIOUR, found.outcome());
    }

    /// A behaviour was not measured here, which must be expected.
    #[track_caller]
    pub fn left_out<F: Found>(&mut self, why: LeftOut) {
        self.note(F::BEHAVIOUR, why.outcome());
    }

    /// An outcome is the expected one, and no record is made of it: that of another test is.
    #[track_caller]
    pub fn found_again<F: Found>(&self, found: F) {
        F::BEHAVIOUR.assert_expected(self.system, found.outcome());
    }

    #[track_caller]
    fn note(&mut self, behaviour: Behaviour, outcome: Outcome) {
        assert!(self.behaviours.iter().any(|known| known.code == behaviour.code), "{} is not of it", behaviour.code);
        behaviour.assert_expected(self.system, outcome);
        let (code, before) = (outcome.code, self.found.insert(behaviour.code, outcome.code));
        assert!(before.is_none(), "{} was found {before:?} and {code}", behaviour.code);
    }

    /// Asks the programs of the host for their versions.
    #[track_caller]
    pub fn ask_versions(&mut self, host: &Host) {
        let programs: &[&str] = match self.system.manager {
            Manager::Apt => &["apt-get", "dpkg"],
            Manager::Dnf4 => &["dnf", "rpm"],
            Manager::Dnf5 => &["dnf5", "rpm"],
            Manager::Zypper => &["zypper", "rpm"],
            Manager::Rpm => &["rpm"],
        };
        let asked = programs.iter().map(|program| ((*program).to_owned(), version(host, program)));
        self.versions = asked.collect();
    }

    /// Leaves the records of everything that was to be found.
    #[track_caller]
    pub fn done(self) {
        for behaviour in &self.behaviours {
            let code = self.found.get(behaviour.code);
            let outcome = code.unwrap_or_else(|| panic!("{} was not measured", behaviour.code)).to_string();
            let record = Record { outcome, versions: self.versions.clone() };
            let path = path(*behaviour, self.system);
            let text = serde_json::to_string_pretty(&record).expect("a record is JSON");
            fs_err::create_dir_all(path.parent().unwrap_or(&path)).expect("a folder of records");
            fs_err::write(&path, text + "\n").expect("a record can be written");
        }
    }
}

/// The first word of an answer to `--version` that begins with a digit.
#[track_caller]
fn version(host: &Host, program: &str) -> String {
    let answer = host.ok(&[program, "--version"]).stdout;
    let mut words = answer.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    let found = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    found.unwrap_or_else(|| panic!("no version in {answer}")).to_owned()
}

#[track_caller]
fn remove(path: &Path) {
    if path.exists() {
        fs_err::remove_file(path).expect("an old record can be removed");
    }
}
