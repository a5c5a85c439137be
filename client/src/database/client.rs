//! Runs the programs of a database, each in a unit that is found again after a crash.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::event::Failure;
use crate::host::program::{Program, Programs};
use crate::step::run;

/// How long an answer may be, in bytes: a line for each of many tables.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Who runs them, and as whom.
#[derive(Clone)]
pub struct Client<'a> {
    /// Runs programs.
    pub programs: &'a dyn Programs,
    /// What a program is called while it runs.
    pub unit: String,
    /// The system user.
    pub user: &'a str,
    /// How long each may take.
    pub limit: Duration,
    /// Where they write.
    pub log: PathBuf,
    /// A file for the answers that are read, beside the log.
    pub answers: PathBuf,
}

impl Client<'_> {
    /// Runs a program to its end, which must be 0.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn run(&self, command: &[&str]) -> Result<(), Failure> {
        self.run_into(command, &self.log)
    }

    /// Runs a program and reads what it wrote, without blanks around it.
    ///
    /// # Errors
    /// [`Failure`]
    pub fn ask(&self, command: &[&str]) -> Result<String, Failure> {
        let _ = std::fs::remove_file(&self.answers);
        let asked = self.run_into(command, &self.answers);
        let answer = read(&self.answers);
        let _ = std::fs::remove_file(&self.answers);
        asked?;
        answer
    }

    fn run_into(&self, command: &[&str], log: &Path) -> Result<(), Failure> {
        let program = Program {
            unit: self.unit.clone(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            user: self.user.to_owned(),
            limits: Default::default(),
            login_shell: false,
            // What is read must not depend on the language of the host.
            environment: [("LC_ALL".to_owned(), "C.UTF-8".to_owned())].into(),
            working_folder: None,
            limit: self.limit,
            log: log.to_owned(),
        };
        let ended = self.programs.run(&program).map_err(|error| Failure::Host { reason: error.to_string() })?;
        run::failure(&program, ended).map_or(Ok(()), Err)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let host = |reason: String| Failure::Host { reason };
    let size = std::fs::metadata(path).map_err(|error| host(error.to_string()))?.len();
    if size > LONGEST {
        return Err(host(format!("{} is longer than {LONGEST} bytes", path.display())));
    }
    let bytes = std::fs::read(path).map_err(|error| host(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
