//! The barrier: asked by the package manager before anything is unpacked, answers with its exit status.
//!
//! It fails closed, but only for transactions with packages of ours: a broken agent must never stand
//! between the host and its security updates, nor between itself and its own replacement.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};

use crate::host::Host;
use crate::transaction::{Action, Transaction};
use crate::viewer::Viewer;
use crate::{managed, words};

/// Reads the transaction and asks about it when it concerns the agent.
pub fn run(host: &Host) -> u8 {
    guard(host, |names| match input() {
        Ok(text) => read(host, names, &text),
        Err(error) => refuse(&words::cannot_read_transaction(host, &error.to_string())),
    })
}

/// Looks at the transaction where there is anything to guard.
pub fn guard(host: &Host, look: impl FnOnce(&BTreeSet<String>) -> u8) -> u8 {
    match managed::read(host) {
        // Not one line is read then: apt ignores that.
        Ok(names) if names.is_empty() => 0,
        // Nobody to ask and nothing to stop: the packages' own preinst leaves word for the first boot.
        Ok(_) if !host.has_systemd() => 0,
        Ok(names) => look(&names),
        Err(error) => refuse(&words::cannot_read_managed(&host.managed(), &error)),
    }
}

/// Asks about a transaction when it concerns the agent.
pub fn judge(host: &Host, viewer: Viewer, names: &BTreeSet<String>, actions: &[Action<'_>]) -> u8 {
    if is_concerned(names, actions) { ask(host, viewer, actions) } else { 0 }
}

fn read(host: &Host, names: &BTreeSet<String>, text: &str) -> u8 {
    match Transaction::parse(text) {
        Ok(Transaction::Actions(actions)) => judge(host, Viewer::of(host), names, &actions),
        Ok(Transaction::Archives(archives)) if archives.iter().any(|path| names.contains(package_of(path))) => {
            refuse(&words::wrong_protocol())
        }
        Ok(_) => 0,
        Err(line) => refuse(&words::cannot_read_transaction(host, &format!("{line:?} is not an action"))),
    }
}

/// Whether the service has to be asked. A transaction that only removes was typed on purpose: nothing
/// in it could have pushed a package out, and the packages' own scripts stop the engines.
fn is_concerned(names: &BTreeSet<String>, actions: &[Action<'_>]) -> bool {
    actions.iter().any(|action| names.contains(action.name)) && !actions.iter().all(Action::removes)
}

fn ask(host: &Host, viewer: Viewer, actions: &[Action<'_>]) -> u8 {
    let lines: String = actions.iter().map(Action::line).collect();
    match viewer.input(lines.into_bytes()).ask(&["barrier"]) {
        Ok(status) => status,
        Err(error) => refuse(&words::cannot_ask(host, &error)),
    }
}

/// Says why, and refuses.
pub fn refuse(message: &str) -> u8 {
    words::tell(message);
    1
}

// apt hands the stream over on stdin, unless a file descriptor of its own was configured.
fn input() -> io::Result<String> {
    let number = std::env::var("APT_HOOK_INFO_FD").ok().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let mut bytes = Vec::new();
    match number {
        0 => io::stdin().lock().read_to_end(&mut bytes)?,
        number => File::open(format!("/proc/self/fd/{number}"))?.read_to_end(&mut bytes)?,
    };
    // A file name may be anything; what is not UTF-8 is no package of ours.
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn package_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('_').next().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concerned(lines: &str) -> bool {
        let stream = format!("VERSION 3\n\n{lines}");
        let Ok(Transaction::Actions(actions)) = Transaction::parse(&stream) else { panic!() };
        is_concerned(&["acme-erp".to_owned()].into(), &actions)
    }

    #[test]
    fn only_transactions_with_our_packages_concern_the_agent() {
        assert!(concerned("acme-erp 1 all none < 2 all none /x.deb\n"));
        assert!(!concerned("consignee 1 all none < 2 all none /x.deb\n"));
        assert!(!concerned("acme-erp-doc 1 all none < 2 all none /x.deb\n"));
        assert!(!concerned(""));
    }

    #[test]
    fn a_removal_concerns_the_agent_unless_nothing_else_happens() {
        let removal = "acme-erp 1 all none > - - none **REMOVE**\n";
        assert!(!concerned(removal));
        assert!(!concerned(&format!("{removal}consignee 1 all none > - - none **REMOVE**\n")));
        assert!(concerned(&format!("{removal}libpq5 1 all none < 2 all none /x.deb\n")));
    }

    #[test]
    fn a_package_is_told_from_its_path() {
        assert_eq!(package_of("/var/cache/apt/archives/acme-erp_1%3a1.0_all.deb"), "acme-erp");
    }
}
