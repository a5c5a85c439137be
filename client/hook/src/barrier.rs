//! The barrier: asked by apt before anything is unpacked, answers with its exit status.
//!
//! It fails closed, but only for transactions with packages of ours: a broken agent must never stand
//! between the host and its security updates, nor between itself and its own replacement.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use crate::host::Host;
use crate::transaction::{Action, Transaction};
use crate::viewer::Viewer;
use crate::{managed, words};

/// Reads the transaction and asks about it when it concerns the agent.
pub fn run(host: &Host) -> u8 {
    match managed::read(host) {
        // Not one line is read then: apt ignores that.
        Ok(names) if names.is_empty() => 0,
        Ok(names) => match input().and_then(Transaction::read) {
            Ok(transaction) => judge(host, &names, &transaction),
            Err(error) => refuse(&words::cannot_read_transaction(&error)),
        },
        Err(error) => refuse(&words::cannot_read_managed(&host.managed(), &error)),
    }
}

fn judge(host: &Host, names: &BTreeSet<String>, transaction: &Transaction) -> u8 {
    match transaction {
        Transaction::Actions(actions) if is_concerned(names, actions) => ask(host, actions),
        Transaction::Archives(archives) if archives.iter().any(|path| names.contains(package_of(path))) => {
            refuse(&words::wrong_protocol())
        }
        _ => 0,
    }
}

/// Whether the service has to be asked. A transaction that only removes was typed on purpose: nothing
/// in it could have pushed a package out, and the packages' own scripts stop the engines.
fn is_concerned(names: &BTreeSet<String>, actions: &[Action]) -> bool {
    actions.iter().any(|action| names.contains(&action.name)) && !actions.iter().all(Action::removes)
}

fn ask(host: &Host, actions: &[Action]) -> u8 {
    let lines: String = actions.iter().map(Action::line).collect();
    match Viewer::of(host).input(lines.into_bytes()).ask(&["barrier"]) {
        Ok(status) => status,
        Err(error) => refuse(&words::cannot_ask(&host.viewer(), &error)),
    }
}

fn refuse(message: &str) -> u8 {
    words::tell(message);
    1
}

// apt hands the stream over on stdin, unless a file descriptor of its own was configured.
fn input() -> io::Result<Box<dyn BufRead>> {
    let number = std::env::var("APT_HOOK_INFO_FD").ok().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    if number == 0 {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::new(File::open(format!("/proc/self/fd/{number}"))?)))
}

fn package_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('_').next().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(lines: &str) -> Vec<Action> {
        let stream = format!("VERSION 3\n\n{lines}");
        match Transaction::read(stream.as_bytes()).unwrap() {
            Transaction::Actions(actions) => actions,
            Transaction::Archives(_) => panic!(),
        }
    }

    fn concerned(lines: &str) -> bool {
        is_concerned(&["acme-erp".to_owned()].into(), &actions(lines))
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
