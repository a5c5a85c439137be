//! The page of exit statuses against the commands: the words of `docs/exit-codes.md` are a person's, and every command
//! and number in them is that of a command's help.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Command, CommandFactory};

use super::Cli;

/// That of clap for arguments that it does not understand; every command may end with it.
const USAGE: u8 = 2;

/// What the page says of the publisher's commands: statuses by what is typed.
fn page() -> BTreeMap<String, BTreeSet<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit-codes.md");
    let text = std::fs::read_to_string(path).unwrap();
    let consign = text.split_once("\n## `consign`\n").unwrap().1.split_once("\n## ").unwrap().0;
    let table = consign.split_once("| command | statuses |\n|---|---|\n").unwrap().1;
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let (names, said) = row.trim_matches(['|', ' ']).split_once(" | ").expect("a row has two cells");
        let names = names.split(", ").map(|name| name.trim_matches('`').to_owned());
        names.map(|name| (name, numbers(said))).collect::<Vec<_>>()
    })
    .collect()
}

fn numbers(text: &str) -> BTreeSet<u8> {
    let words = text.split(|c: char| c.is_whitespace() || ";,:.".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Every command that does something, by what is typed.
fn commands() -> BTreeMap<String, Command> {
    let mut found = BTreeMap::new();
    for command in Cli::command().get_subcommands() {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_none() {
            found.insert(command.get_name().to_owned(), command.clone());
        }
        found.extend(below.map(|verb| (format!("{} {}", command.get_name(), verb.get_name()), verb.clone())));
    }
    found
}

#[test]
fn the_page_names_no_command_that_is_not_there_and_every_one_of_mirrors() {
    let (page, commands) = (page(), commands());
    for name in page.keys().filter(|name| *name != "others") {
        assert!(commands.contains_key(name), "the page has {name}");
    }
    for name in commands.keys().filter(|name| name.starts_with("mirror ")) {
        assert!(page.contains_key(name), "the page says nothing of {name}");
    }
}

#[test]
fn the_page_says_the_statuses_that_the_help_of_a_command_says() {
    let (page, mut compared) = (page(), 0);
    for (name, command) in commands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let Some((_, said)) = help.split_once("Exit status: ") else { continue };
        let said: BTreeSet<u8> = numbers(said).into_iter().chain([USAGE]).collect();
        assert_eq!(page.get(&name).unwrap_or_else(|| panic!("{name} has no row")), &said, "{name}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} commands say how they end");
}

#[test]
fn arguments_that_are_not_understood_end_with_the_status_of_the_page() {
    let misunderstood = Cli::command().try_get_matches_from(["consign", "--no-such"]).unwrap_err();
    assert_eq!(misunderstood.exit_code(), i32::from(USAGE));
}
