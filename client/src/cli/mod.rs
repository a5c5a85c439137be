//! The command `consignee`: what an administrator types, and what the hooks of package managers call.
//!
//! Reading commands read the journals themselves, need no rights but those of the files and never run a
//! step. Commands that change something put a request to the agent's service. A file here is a command:
//! its arguments, its run, nothing else; words are in [`crate::report`].

mod acknowledge;
mod agent;
mod ask;
mod complaint;
mod data;
mod decide;
mod doctor;
mod done;
mod feed;
mod follow;
mod history;
mod hook;
pub mod language;
mod log;
mod notes;
mod now;
mod output;
mod page;
mod pages;
mod person;
mod plan;
#[cfg(unix)]
mod rehearsal;
mod rehearse;
mod rollback;
#[cfg(windows)]
mod service;
mod session;
mod status;
#[cfg(test)]
mod statuses;
mod upgrade;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use consign_metadata::text::Language;

use crate::host::typed;

pub use complaint::Complaint;
pub use output::Output;
pub use session::{Exit, Session};

/// Gates, prepares and finishes the upgrades of a vendor's products on this host.
#[derive(Debug, Parser)]
#[command(name = "consignee", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// Language of the answer: en or fr [default: that of the locale, then of policy.toml]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language::parse)]
    language: Option<Language>,
    /// Another root than /, for hosts that are not running
    #[arg(long, global = true, hide = true, value_name = "FOLDER", default_value = "/")]
    root: std::path::PathBuf,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  consignee status
  consignee why acme/erp
  consignee notes acme/erp
  sudo consignee ack acme/erp
  consignee follow

Exit status:
  0 all is well   1 it could not be done   2 wrong arguments
  3 something is held or waits for a person   4 something halted   5 under way";

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Arguments),
    Why(why::Arguments),
    History(history::Arguments),
    Log(log::Arguments),
    Notes(notes::Arguments),
    Plan(plan::Arguments),
    Follow(follow::Arguments),
    Ack(acknowledge::Arguments),
    Data(data::Arguments),
    Feed(feed::Arguments),
    Done(done::Arguments),
    Now(now::Arguments),
    Upgrade(upgrade::Arguments),
    Rehearse(rehearse::Arguments),
    Resume(decide::Resume),
    Retry(decide::Retry),
    Skip(decide::Skip),
    Answer(decide::Answer),
    Rollback(rollback::Rollback),
    Rescue(decide::Rescue),
    Doctor(doctor::Arguments),
    Page(page::Arguments),
    /// The agent's service; started by systemd
    #[command(hide = true)]
    Agent,
    /// The same as a service of Windows; started by the service control manager
    #[cfg(windows)]
    #[command(hide = true)]
    Service,
    #[command(hide = true)]
    Hook(hook::Arguments),
    #[cfg(unix)]
    #[command(hide = true)]
    Rehearsal(rehearsal::Arguments),
    #[command(hide = true)]
    Completions(pages::Completions),
    #[command(hide = true)]
    Man(pages::Man),
}

impl Cli {
    /// The language that was asked for.
    pub fn language(&self) -> Option<Language> {
        self.language
    }
}

impl Command {
    fn run(self, session: &mut Session) -> Result<Exit, Complaint> {
        match self {
            Self::Status(arguments) => arguments.run(session),
            Self::Why(arguments) => arguments.run(session),
            Self::Log(arguments) => arguments.run(session),
            Self::Doctor(arguments) => arguments.run(session),
            Self::Page(arguments) => arguments.run(session),
            Self::Resume(arguments) => arguments.run(session),
            Self::History(arguments) => arguments.run(session),
            Self::Notes(arguments) => arguments.run(session),
            Self::Plan(arguments) => arguments.run(session),
            Self::Follow(arguments) => arguments.run(session),
            Self::Ack(arguments) => arguments.run(session),
            Self::Data(arguments) => arguments.run(session),
            Self::Feed(arguments) => arguments.run(session),
            Self::Done(arguments) => arguments.run(session),
            Self::Now(arguments) => arguments.run(session),
            Self::Upgrade(arguments) => arguments.run(session),
            Self::Rehearse(arguments) => arguments.run(session),
            #[cfg(unix)]
            Self::Rehearsal(arguments) => arguments.run(session),
            Self::Retry(arguments) => arguments.run(session),
            Self::Skip(arguments) => arguments.run(session),
            Self::Answer(arguments) => arguments.run(session),
            Self::Rollback(arguments) => arguments.run(session),
            Self::Rescue(arguments) => arguments.run(session),
            Self::Agent => agent::run(session),
            #[cfg(windows)]
            Self::Service => service::run(session),
            Self::Hook(arguments) => arguments.run(session),
            Self::Completions(arguments) => arguments.run(session),
            Self::Man(arguments) => arguments.run(session),
        }
    }
}

/// The whole program: arguments in, exit status out.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut session = Session::of_process(&cli.root, cli.language);
    typed::learn(&session.places);
    run(cli, &mut session).into()
}

/// A command with everything that it reads and writes. What went wrong is said on the way out.
pub fn run(cli: Cli, session: &mut Session) -> Exit {
    match cli.command.run(session) {
        Ok(exit) => exit,
        Err(complaint) => complaint.say(session),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().map(|line| line.trim().trim_start_matches("sudo ").to_owned());
        lines.filter(|line| line.starts_with("consignee ")).collect()
    }

    #[test]
    fn every_example_in_the_help_is_understood() {
        let cli = Cli::command();
        for command in cli.get_subcommands().filter(|command| !command.is_hide_set()).chain([&cli]) {
            let examples = examples(command);
            assert!(!examples.is_empty(), "{} has no example", command.get_name());
            for example in examples {
                let words = example.split(" #").next().unwrap().split_whitespace();
                assert!(Cli::try_parse_from(words).is_ok(), "{example}");
            }
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
