//! The command line: arguments, run, and what people read. Nothing in the library prints.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by a rule of Consign's.

mod agent_package;
mod build;
mod failure;
mod key;
mod manual;
mod mirror;
mod new;
mod overview;
mod passphrase;
mod progress;
mod publication;
mod publish;
mod release;
mod schema;
#[cfg(test)]
mod statuses;
mod verify;
mod windows;
mod wrap;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// What a command returns.
pub type Outcome = Result<(), Failure>;

/// Builds signed packages with their upgrade plan, and publishes them.
#[derive(Debug, Parser)]
#[command(name = "consign", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  consign new acme
  consign key new --vendor acme
  consign build --plan
  consign build --key keys/package.secret.pgp
  consign wrap target/debian/*.deb
  consign publish dist/*.deb
  consign verify public --certificate keys/certificate.pgp
  consign mirror sync https://packages.acme.example /srv/mirror --certificate certificate.pgp

Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a release project with an example product
    New(new::New),
    /// Make and look at signing keys
    #[command(subcommand)]
    Key(key::Key),
    /// Build the packages of a release
    Build(build::Build),
    /// Add the upgrade plan to packages that were built by others
    Wrap(wrap::Wrap),
    /// Publish packages into a channel of a repository
    Publish(publish::Publish),
    /// Print the JSON Schema of the manifest, for editors
    Schema(schema::Schema),
    /// Read a published channel as its clients read it
    Verify(verify::Verify),
    /// Carry a published repository to where hosts can reach it
    #[command(subcommand)]
    Mirror(mirror::Mirror),
    /// Build the agent's own package (for Consign's own releases)
    #[command(hide = true)]
    AgentPackage(agent_package::AgentPackage),
    /// Write a completion script for a shell to standard output
    Completions(manual::Completions),
    /// Write the manual pages to a folder
    Man(manual::Man),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::New(command) => command.run(),
        Command::Key(command) => command.run(),
        Command::Build(command) => command.run(),
        Command::Wrap(command) => command.run(),
        Command::Publish(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Mirror(command) => command.run(),
        Command::AgentPackage(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Writes a line of product output.
#[allow(clippy::print_stdout, reason = "the one place where the command writes its output")]
pub(crate) fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    // A reader that went away, as `head` does, is no failure.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Writes a line for people.
pub(crate) fn tell(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Each of the commands that do something, its groups before it.
    fn leaves(command: &clap::Command) -> Vec<&clap::Command> {
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        let below: Vec<_> = shown.flat_map(leaves).collect();
        if below.is_empty() { vec![command] } else { below }
    }

    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().filter_map(|line| line.trim_start().split_once("consign "));
        let typed = lines.filter(|(before, _)| before.is_empty() || before.ends_with("%ct) "));
        typed.map(|(_, example)| format!("consign {example}")).collect()
    }

    #[test]
    fn every_example_in_the_help_is_understood() {
        let cli = Cli::command();
        for command in leaves(&cli).into_iter().chain([&cli]) {
            let examples = examples(command);
            assert!(!examples.is_empty(), "{} has no example", command.get_name());
            for example in examples {
                let words: Vec<_> = example.split_whitespace().take_while(|word| !word.contains(['<', '>'])).collect();
                assert!(Cli::try_parse_from(&words).is_ok(), "{example}");
            }
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
