//! What package managers and maintainer scripts call. Decides in a millisecond whether the agent is
//! concerned at all; when it is, the `consignee` command (the viewer) asks the agent's service.
//!
//! Nothing is done here that lasts or that can go wrong in many ways: no signature and no journal is read,
//! and JSON only where a package manager speaks nothing else. Only `barrier` and `preinst` can answer
//! anything but 0, and both only about packages that the agent manages. `docs/hooks.md` says who calls
//! which verb, and when.

mod barrier;
mod caller;
mod dnf5;
mod first_boot;
mod host;
mod managed;
mod script;
mod service;
mod transaction;
mod viewer;
mod words;
mod zypper;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use host::Host;
use viewer::Viewer;

/// The viewer itself waits at most 30 s for a look; this is for a viewer that hangs.
const LOOK_LIMIT: Duration = Duration::from_secs(35);
/// zypper ends a plugin of its commit that is silent for 30 s.
const FOLLOW_LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    ExitCode::from(run(&Host::default(), &words))
}

fn run(host: &Host, words: &[&str]) -> u8 {
    match words {
        ["barrier"] => barrier::run(host),
        ["look"] => look(host, Viewer::of(host)),
        ["refreshed"] => look(host, Viewer::of(host).to(viewer::terminal().map(Into::into))),
        ["ended"] => ended(host),
        ["wake" | "transaction"] => service::tell(host, service::WAKE),
        ["follow"] => follow(host, Viewer::of(host)),
        ["dnf5", callback] => dnf5::run(host, callback),
        ["zypper"] => commit(host),
        ["preinst", product, package, plan, rest @ ..] => script::preinst(host, product, package, plan, rest),
        ["pre", product, package, rest @ ..] => script::pre(host, product, package, rest),
        [
            script @ ("postinst" | "prerm" | "postrm" | "preun" | "postun" | "posttrans"),
            product,
            package,
            rest @ ..,
        ] => script::run(host, script, product, package, rest),
        // A package that is newer than the agent may call a verb of the future: it must not fail by it.
        _ => words::tell(&words::unknown(words)),
    }
}

/// After the lists were updated: what is offered and what is held. Never fails the update.
fn look(host: &Host, viewer: Viewer) -> u8 {
    if !managed::is_empty(host) && host.has_systemd() {
        let _ = viewer.limit(LOOK_LIMIT).ask(&["look"]);
    }
    0
}

/// After dpkg ran, well or not: the packages are as they will be.
fn ended(host: &Host) -> u8 {
    if managed::is_empty(host) && !host.any_unfinished() { 0 } else { service::tell(host, service::ENDED) }
}

/// A plugin of zypper's commit.
fn commit(host: &Host) -> u8 {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    zypper::converse(host, &mut input, &mut output, || {
        ended(host);
        let Some(terminal) = viewer::terminal() else { return };
        let goes_on = terminal.try_clone();
        let viewer = Viewer::of(host).to(Some(terminal.into())).limit(FOLLOW_LIMIT);
        if followed(host, viewer).is_some_and(viewer::was_given_up) {
            let _ = goes_on.and_then(|mut terminal| writeln!(terminal, "{}", words::goes_on()));
        }
    })
}

/// After everything that was typed succeeded: on a terminal the viewer follows the finish, or shows that
/// of a product that was quicker than the rest of the run.
fn follow(host: &Host, viewer: Viewer) -> u8 {
    let _ = followed(host, viewer);
    0
}

fn followed(host: &Host, viewer: Viewer) -> Option<u8> {
    let began = caller::began();
    let concerns = || host.any_unfinished() || began.is_some_and(|began| host.any_changed_since(began));
    if concerns() && host.has_systemd() {
        let since = began.and_then(|began| began.duration_since(UNIX_EPOCH).ok());
        let option = since.map(|since| format!("--began={}", since.as_millis()));
        let words: Vec<&str> = std::iter::once("wake").chain(option.as_deref()).collect();
        return viewer.ask(&words).ok();
    }
    None
}
