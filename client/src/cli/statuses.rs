//! The page of exit statuses against the code. `CONSIGN_BLESS=1` writes its table of states anew; the words of the other
//! tables are a person's, and every number and command in them is the code's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::CommandFactory;

use super::{Cli, Exit};
use crate::report::samples::{self, variants};
use crate::report::state;

const BEGIN: &str = "<!-- states: made by the code -->\n";
const END: &str = "<!-- end of states -->";
/// That of clap for arguments that it does not understand.
const USAGE: u8 = 2;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/exit-codes.md")
}

/// What the page says of the agent.
fn page() -> String {
    let text = std::fs::read_to_string(path()).unwrap();
    text.split_once("\n## `consignee`\n").expect("the page says nothing of consignee").1.to_owned()
}

/// The rows of the table with this first line, by their first cell.
fn rows(page: &str, head: &str) -> Vec<(String, String)> {
    let table = page.split_once(head).unwrap_or_else(|| panic!("the page has no table {head}")).1;
    let lines = table.trim_start().lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let (name, text) = line.trim_matches(['|', ' ']).split_once(" | ").expect("a row has two cells");
        (name.to_owned(), text.to_owned())
    };
    lines.map(cells).collect()
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn numbers(text: &str) -> BTreeSet<u8> {
    let words = text.split(|c: char| c.is_whitespace() || ";,:.".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The statuses of each command, by what is typed.
fn commands() -> BTreeMap<String, BTreeSet<u8>> {
    let rows = rows(&page(), "| command | statuses |");
    rows.iter().flat_map(|(names, said)| quoted(names).map(|name| (name, numbers(said)))).collect()
}

#[test]
fn every_exit_status_is_on_the_page_and_none_besides() {
    let exits = [Exit::Done, Exit::Failed, Exit::Waits, Exit::Halted, Exit::UnderWay, Exit::Unreachable];
    // That of the service is the service's.
    assert_eq!(exits.len() + 1, variants!(Exit: Done Failed Waits Halted UnderWay Service Unreachable));
    let known: BTreeSet<u8> = exits.into_iter().map(Exit::code).chain([USAGE]).collect();
    let rows = rows(&page(), "| status | meaning |");
    assert_eq!(rows.iter().map(|(status, _)| status.parse().unwrap()).collect::<BTreeSet<u8>>(), known);
    for (command, said) in commands() {
        assert!(said.is_subset(&known), "{command} ends with {said:?}");
    }
    let misunderstood = Cli::command().try_get_matches_from(["consignee", "--no-such"]).unwrap_err();
    assert_eq!(misunderstood.exit_code(), i32::from(USAGE));
}

#[test]
fn every_command_is_on_the_page_and_none_besides() {
    let cli = Cli::command();
    let typed = cli.get_subcommands().filter(|command| !command.is_hide_set());
    let hook = cli.find_subcommand("hook").unwrap().get_subcommands();
    let hook = hook.map(|verb| format!("hook {}", verb.get_name()));
    let known: BTreeSet<String> = typed.map(|command| command.get_name().to_owned()).chain(hook).collect();
    assert_eq!(commands().into_keys().collect::<BTreeSet<_>>(), known);
}

#[test]
fn the_page_says_the_statuses_that_the_help_of_a_command_says() {
    let (cli, commands) = (Cli::command(), commands());
    let mut compared = 0;
    for command in cli.get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let Some((_, said)) = help.split_once("Exit status:\n") else { continue };
        assert_eq!(numbers(said), commands[command.get_name()], "{}", command.get_name());
        compared += 1;
    }
    assert!(compared > 5, "{compared} commands say how they end");
}

/// The states with each status, as the command ends that shows them.
fn states() -> String {
    let mut by_status: BTreeMap<u8, Vec<String>> = BTreeMap::from([(0, vec!["no upgrade yet".to_owned()])]);
    for found in samples::states() {
        let code = serde_json::to_value(state::code(&found)).unwrap();
        let name = format!("`{}`", code.as_str().unwrap());
        let names = by_status.entry(Exit::from(state::standing(&found)).code()).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let rows = by_status.into_iter().map(|(status, names)| format!("| {} | {status} |\n", names.join(", ")));
    format!("| state | status |\n|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn every_state_is_on_the_page_with_its_status() {
    let found = std::fs::read_to_string(path()).unwrap();
    let from = found.find(BEGIN).expect("the page has no table of states") + BEGIN.len();
    let to = found.find(END).expect("the table of states has no end");
    let mut expected = found.clone();
    expected.replace_range(from..to, &states());
    if std::env::var_os("CONSIGN_BLESS").is_some() {
        std::fs::write(path(), &expected).unwrap();
        return;
    }
    assert!(found == expected, "docs/exit-codes.md is not what the code says; CONSIGN_BLESS=1 writes it anew");
}
