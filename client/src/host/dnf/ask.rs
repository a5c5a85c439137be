//! Questions to dnf 4, by its library: `/usr/lib/consignee/dnf4`, which says what can be asked.
//!
//! The agent has no HTTP of its own and reads no configuration of dnf's: mirrors, variables, proxies,
//! credentials and certificate authorities count as dnf understands them. The command line would need
//! plugins for half of it, which many hosts do not have, and prints for people.

use std::path::{Path, PathBuf};

use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::places::Places;

const PROGRAM: &str = "/usr/lib/consignee/dnf4";
/// Its first line names the Python that has dnf's library: another one on every release of a distribution.
const COMMANDS: [&str; 2] = ["/usr/bin/dnf-3", "/usr/bin/dnf"];
const PYTHON: &str = "/usr/bin/python3";

/// How questions are put on a host.
#[derive(Debug, Clone)]
pub struct Ask {
    program: PathBuf,
    root: PathBuf,
}

impl Ask {
    /// The program of the agent's package.
    pub fn of(places: &Places) -> Self {
        Self { program: PathBuf::from(PROGRAM), root: places.root().to_owned() }
    }

    /// Another program, for tests.
    #[cfg(test)]
    pub fn by(program: &Path, places: &Places) -> Self {
        Self { program: program.to_owned(), root: places.root().to_owned() }
    }

    /// The command that puts a question.
    pub fn command<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> HostCommand {
        let program = self.program.display().to_string();
        HostCommand::new(&python()).arg("-I").arg(program).arg(self.root.display().to_string()).args(words)
    }

    /// Puts a question and answers its lines, word by word.
    ///
    /// # Errors
    /// In dnf's own words.
    pub fn lines<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) -> Result<Vec<Vec<String>>, HostError> {
        let answer = self.command(words).output()?;
        let answer = String::from_utf8_lossy(&answer);
        Ok(answer.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }
}

fn python() -> String {
    let named = COMMANDS.iter().find_map(|command| interpreter(Path::new(command)));
    named.unwrap_or_else(|| PYTHON.to_owned())
}

fn interpreter(command: &Path) -> Option<String> {
    let bytes = std::fs::read(command).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let program = std::str::from_utf8(line).ok()?.strip_prefix("#!")?.split_whitespace().next()?;
    program.contains("python").then(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_of_dnf_is_named_by_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let command = folder.path().join("dnf");
        let of = |text: &[u8]| {
            fs_err::write(&command, text).unwrap();
            interpreter(&command)
        };
        assert_eq!(
            of(b"#!/usr/libexec/platform-python -s\nimport sys\n").as_deref(),
            Some("/usr/libexec/platform-python")
        );
        assert_eq!(of(b"#!/bin/sh\n"), None);
        assert_eq!(of(b"\x7fELF\x02"), None, "dnf 5 is no script");
        assert_eq!(interpreter(&folder.path().join("none")), None);
    }
}
