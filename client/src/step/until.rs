//! Until: a program of the vendor's that runs until the product is ready, and is then stopped again.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_metadata::plan::UntilStep;

use super::run::{self, Run};
use super::{Done, Probe, Scene, Step, Trouble, health};
use crate::engine::event::Failure;
use crate::host::program::{Ended, Program};

/// The longest line that is looked through, in bytes, and how much is read at once.
const LONGEST: usize = 64 * 1024;
const AT_ONCE: u64 = 16 * 1024 * 1024;
/// What a program that is asked whether the product is ready may take.
const CHECK: Duration = Duration::from_secs(10);

/// The step.
pub struct Until<'a> {
    /// As the plan describes it.
    pub step: &'a UntilStep,
}

impl Step for Until<'_> {
    fn probe(&self, scene: &mut Scene<'_>) -> Probe {
        Run { step: &self.step.run }.probe(scene)
    }

    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let step = &self.step.run;
        let program = run::program(scene, step, run::filled(scene, &step.command)?);
        let mut found = None;
        let ended = self.watched(scene, &program, &mut found)?;
        if let (Ended::Timeout, Some(found)) = (&ended, found) {
            scene.note(&format!("not ready: {found}"));
        }
        self.outcome(&program, ended)
    }

    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Run { step: &self.step.run }.undo(scene)
    }
}

impl Until<'_> {
    /// Runs it until it is ready; what the last look at it found is told, too.
    fn watched(&self, scene: &Scene<'_>, program: &Program, found: &mut Option<String>) -> Result<Ended, Trouble> {
        let ready = &self.step.ready;
        let mut line = ready.line.as_ref().map(|text| Line::after_now(&program.log, text));
        let unit = format!("{}-ready", program.unit);
        let mut is_ready = || {
            let said = line.as_mut().is_some_and(Line::was_written);
            let holds = ready.check.as_ref().is_some_and(|check| {
                let looked = health::look(scene, check, &unit, CHECK);
                *found = looked.as_ref().err().map(ToString::to_string);
                looked.is_ok()
            });
            said || holds
        };
        let grace = Duration::from_secs(u64::from(self.step.stop_seconds));
        Ok(scene.context.programs.run_until(program, grace, &mut is_ready)?)
    }

    fn outcome(&self, program: &Program, ended: Ended) -> Result<Done, Trouble> {
        let ready = &self.step.ready;
        let early = |failure| match failure {
            Trouble::Failed(Failure::Exit { status, output }) => Failure::EndedEarly { status, output }.into(),
            Trouble::Failed(Failure::DidNotStop { output, .. }) => {
                Failure::DidNotStop { seconds: self.step.stop_seconds, output }.into()
            }
            other => other,
        };
        match ended {
            Ended::Exit(0) if !ready.exit => {
                Err(Failure::EndedEarly { status: 0, output: run::last_lines(&program.log) }.into())
            }
            ended => run::outcome(&self.step.run, program, ended).map_err(early),
        }
    }
}

/// A line that a program is to write.
struct Line {
    log: PathBuf,
    text: Vec<u8>,
    place: u64,
    rest: Vec<u8>,
}

impl Line {
    /// One with this text in it, written from now on.
    fn after_now(log: &Path, text: &str) -> Self {
        let place = log.metadata().map_or(0, |log| log.len());
        Self { log: log.to_owned(), text: text.as_bytes().to_vec(), place, rest: Vec::new() }
    }

    /// Whether it is in what was written since the last look. A log that cannot be read has none.
    fn was_written(&mut self) -> bool {
        let mut more = Vec::new();
        let read = File::open(&self.log).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.place))?;
            log.take(AT_ONCE).read_to_end(&mut more)
        });
        self.place += read.unwrap_or(0) as u64;
        self.rest.append(&mut more);
        let found = self.rest.split(|byte| *byte == b'\n').any(|line| has(line, &self.text));
        let last = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        self.rest.drain(..last.max(self.rest.len().saturating_sub(LONGEST)));
        found
    }
}

fn has(line: &[u8], text: &[u8]) -> bool {
    line.windows(text.len().max(1)).any(|part| part == text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_found_wherever_it_is_torn_and_only_if_it_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        log.write_all(b"modules loaded\n").unwrap();
        let mut line = Line::after_now(&path, "modules loaded");
        assert!(!line.was_written(), "it was said before");
        log.write_all(b"12:00 INFO mod").unwrap();
        assert!(!line.was_written());
        log.write_all(b"ules\nloaded\n").unwrap();
        assert!(!line.was_written(), "those are two lines");
        log.write_all(b"12:01 INFO modules lo").unwrap();
        assert!(!line.was_written());
        log.write_all(b"aded.\n").unwrap();
        assert!(line.was_written());
        assert!(!Line::after_now(&folder.path().join("none"), "x").was_written());
    }
}
