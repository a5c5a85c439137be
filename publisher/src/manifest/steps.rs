//! Steps of the vendor's: programs that finish an upgrade.

use std::collections::BTreeSet;

use consign_metadata::plan::{Limits, RESERVED_STEP_NAMES, RunStep, Undo};

use super::account::UserName;
use super::authored;
use super::command::{self, Known};
use super::duration::Span;
use super::error::Fault;
use super::files::host_path;
use super::project::Strictness;
use super::spanned::Spanned;

/// As long as a step takes where nothing is said.
const TIMEOUT: &str = "30m";

/// All steps, in their order.
pub(super) fn validate(
    steps: &[authored::Step],
    known: &Known<'_>,
    strictness: Strictness,
) -> Result<Vec<RunStep>, Fault> {
    let mut seen = BTreeSet::new();
    let mut validated = Vec::new();
    for step in steps {
        let name = step.name.get_ref();
        if RESERVED_STEP_NAMES.contains(&name.as_str()) {
            return Err(Fault::at(step.name.span(), format!("{:?} is the name of a built-in step", name.as_str())));
        }
        if !seen.insert(name) {
            return Err(Fault::at(step.name.span(), format!("two steps are called {:?}", name.as_str())));
        }
        if strictness == Strictness::Strict {
            is_explicit(step)?;
        }
        validated.push(step.validate(known)?);
    }
    Ok(validated)
}

fn is_explicit(step: &authored::Step) -> Result<(), Fault> {
    let missing = match (&step.on_interrupt, &step.undo) {
        (None, _) => "on_interrupt",
        (_, None) => "undo",
        _ => return Ok(()),
    };
    let message = format!("step {:?} does not say {missing}, which --strict asks for", step.name.get_ref().as_str());
    Err(Fault::at(step.name.span(), message)
        .help("say what happens after a power cut (on_interrupt), and how the step is taken back (undo)"))
}

impl authored::Step {
    fn validate(&self, known: &Known<'_>) -> Result<RunStep, Fault> {
        if !self.login_shell {
            command::absolute_without_shell(&self.run)?;
        }
        let done_probe = self.done_probe.as_ref().map(|probe| {
            command::absolute(probe)?;
            command::validate(probe, known)
        });
        if let Some(exit) = self.retry_later_exit.as_ref().filter(|exit| *exit.get_ref() == 0) {
            return Err(Fault::at(exit.span(), "exit status 0 is success and cannot ask for another run"));
        }
        if let Some(bad) = self.environment.iter().find(|(name, value)| !is_variable(name) || value.contains('\0')) {
            return Err(Fault::at(self.name.span(), format!("{:?} is not the name of a variable", bad.0)));
        }
        Ok(RunStep {
            name: self.name.get_ref().clone(),
            command: self.command(known)?,
            user: self.user.clone().unwrap_or_else(UserName::root).into(),
            login_shell: self.login_shell,
            environment: self.environment.clone(),
            working_folder: self.working_folder.as_ref().map(host_path).transpose()?,
            timeout_seconds: self.timeout.unwrap_or_else(|| TIMEOUT.parse().expect("it is one")).seconds(),
            on_interrupt: self.on_interrupt.unwrap_or_default(),
            undo: self.undo(known)?,
            retry_later_exit: self.retry_later_exit.as_ref().map(|exit| *exit.get_ref()),
            done_probe: done_probe.transpose()?,
            limits: self.limits.as_ref().map(limits).transpose()?,
            when: self.when.clone(),
        })
    }

    fn command(&self, known: &Known<'_>) -> Result<Vec<String>, Fault> {
        // What runs scripts may say where each goes.
        let of_a_script =
            |word: &str| if self.scripts.is_some() { word.replace("{script}", "") } else { word.to_owned() };
        let words = self.run.get_ref().iter();
        let words = words.map(|word| match of_a_script(word.get_ref()) {
            empty if empty.is_empty() && !word.get_ref().is_empty() => Spanned::new(word.span(), "-".to_owned()),
            text => Spanned::new(word.span(), text),
        });
        command::validate(&Spanned::new(self.run.span(), words.collect()), known)?;
        Ok(self.run.get_ref().iter().map(|word| word.get_ref().clone()).collect())
    }

    fn undo(&self, known: &Known<'_>) -> Result<Undo, Fault> {
        let Some(undo) = &self.undo else { return Ok(Undo::default()) };
        if let Undo::Inverse(words) = undo.get_ref() {
            let Some(program) = words.first() else {
                return Err(Fault::at(undo.span(), "a program is wanted"));
            };
            if !self.login_shell && !command::is_absolute(program) {
                return Err(Fault::at(undo.span(), format!("{program:?} is not an absolute path")));
            }
            for word in words {
                command::placeholders(word, known).map_err(|message| Fault::at(undo.span(), message))?;
            }
        }
        Ok(undo.get_ref().clone())
    }
}

fn limits(limits: &Spanned<Limits>) -> Result<Limits, Fault> {
    match limits.get_ref().fault() {
        Some(fault) => Err(Fault::at(limits.span(), fault)),
        None => Ok(limits.get_ref().clone()),
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Seconds of an optional length of time.
pub(super) fn seconds(span: Option<Span>, default: u32) -> u32 {
    span.map_or(default, Span::seconds)
}
