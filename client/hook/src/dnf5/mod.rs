//! What dnf 5 calls through its actions plugin, one word for each of its callbacks.
//!
//! The plugin speaks JSON, a request and a reply a line, and is the only one that tells a whole transaction
//! with what is in it; hence serde_json, which costs the start of this program nothing that can be measured.
//! What it asks for is in [`conversation`], what is kept back in [`hold`]. Standard output belongs to dnf:
//! what a person is to read goes to standard error.

mod cache;
mod conversation;
mod hold;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::Path;

use crate::host::Host;
use crate::transaction::{self, Package};
use crate::viewer::Viewer;
use crate::{barrier, caller, words};
use conversation::{Conversation, Item};

/// Set where the agent itself runs dnf, on a person's word.
const OWN: &str = "CONSIGNEE_OWN";
/// What it is set to where the agent only asks what would be done.
const ONLY_RESOLVE: &str = "resolve";
/// What dnf told cannot be read (`EX_SOFTWARE`): the script that called looks at the names alone.
const NOT_UNDERSTOOD: u8 = 70;
/// Commands by which a person asks what is new.
const ASKING: [&str; 8] =
    ["upgrade", "update", "upgrade-minimal", "check-upgrade", "check-update", "makecache", "distro-sync", "dsync"];

/// `dnf5 <callback>`
pub fn run(host: &Host, callback: &str) -> u8 {
    match callback {
        "repos_configured" => repos_configured(host),
        "repos_loaded" => look(host),
        "goal_resolved" => resolved(host),
        "pre_transaction" => pre_transaction(host),
        "post_transaction" => {
            crate::ended(host);
            // dnf's progress stands in the last line.
            if host.any_unfinished() && io::stderr().is_terminal() {
                words::tell("");
            }
            crate::follow(host, Viewer::of(host).aside())
        }
        // An actions file that is newer than the agent may call for what it does not know.
        _ => 0,
    }
}

/// Which repositories there are is known, and none is read yet. The barrier stands behind what goes wrong here.
fn repos_configured(host: &Host) -> u8 {
    match hold::apply(host, &mut Conversation::on_standard_streams(), is_attended()) {
        Ok(()) => 0,
        Err(error) => words::tell(&words::cannot_hold(&error)),
    }
}

/// The lists are read. Excludes are settled by now: what this look clears is there in the next run.
fn look(host: &Host) -> u8 {
    // It would look while it looks.
    if is_own() {
        return 0;
    }
    let asks = || caller::arguments().iter().any(|word| ASKING.contains(&word.as_str()));
    match host.is_root() && (asks() || cache::is_fresh(host, caller::began())) {
        true => crate::look(host, Viewer::of(host).aside()),
        false => 0,
    }
}

/// Everything is downloaded and checked, and nothing is changed yet.
fn pre_transaction(host: &Host) -> u8 {
    let mut dnf = Conversation::on_standard_streams();
    let verdict = barrier::guard(host, |names| match transaction_of(host, &mut dnf) {
        Ok(items) => judge(host, names, &items),
        Err(error) => {
            words::tell(&words::cannot_read_transaction(host, &error.to_string()));
            NOT_UNDERSTOOD
        }
    });
    if verdict != 0 && verdict != NOT_UNDERSTOOD {
        dnf.stop(&words::refused());
    }
    verdict
}

fn transaction_of(host: &Host, dnf: &mut Conversation<impl io::BufRead, impl io::Write>) -> io::Result<Vec<Item>> {
    let folder = dnf.cache_folder().unwrap_or_default();
    let items = dnf.transaction()?;
    Ok(items.into_iter().map(|item| cache::with_file(host, Path::new(&folder), item)).collect())
}

fn judge(host: &Host, names: &BTreeSet<String>, items: &[Item]) -> u8 {
    let packages: Vec<Package<'_>> = items.iter().filter_map(Item::package).collect();
    barrier::judge(host, Viewer::of(host).aside(), names, &transaction::pairs(&packages))
}

/// What an upgrade would do: told to the agent, which asked, and then not done.
fn resolved(host: &Host) -> u8 {
    if std::env::var(OWN).as_deref() != Ok(ONLY_RESOLVE) {
        return 0;
    }
    let mut dnf = Conversation::on_standard_streams();
    let written = dnf.transaction().and_then(|items| {
        let lines: String = items.iter().filter_map(Item::line).collect();
        std::fs::write(host.resolved(), format!("packages 1\n{lines}"))
    });
    dnf.stop("nothing is to be done");
    match written {
        Ok(()) => 0,
        Err(error) => words::tell(&format!("consignee: {error}")),
    }
}

/// Whether the agent runs dnf.
fn is_own() -> bool {
    std::env::var_os(OWN).is_some()
}

/// Whether somebody is there, or has told the agent to.
fn is_attended() -> bool {
    is_own() || std::fs::File::open("/dev/tty").is_ok()
}
