//! Whether `dnf upgrade` takes packages along: asked of dnf itself, which resolves and then stops.
//!
//! dnf prints what it would do for people only. Our hook hears it in a form for programs, once dnf has
//! resolved; it leaves that in a file and has dnf stop before anything is fetched. Where no hook is called, dnf
//! asks, and the answer is no. The holds count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use consign_metadata::name::PackageName;

use super::{ask, transaction};
use crate::host::HostError;
use crate::host::command::HostCommand;
use crate::kept_back::Reach;
use crate::places::Places;

/// Where our hook leaves what dnf would do.
const ANSWER: &str = "/run/consignee/resolved";
const FIRST_LINE: &str = "packages 1";
/// There is one such file: one question at a time.
static ASKING: Mutex<()> = Mutex::new(());
/// The look has a deadline.
const LIMIT: Duration = Duration::from_secs(20);

/// Asks dnf. `first` is the package that makes new names known to this host.
///
/// # Errors
/// When dnf cannot be asked.
pub fn reach(places: &Places, wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
    let reach = meaning(&resolved(places)?, wanted, first);
    Ok(reach.unwrap_or_else(|| Reach::Never { why: why(places, wanted) }))
}

fn resolved(places: &Places) -> Result<String, HostError> {
    let _alone = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = places.at(ANSWER);
    let _ = std::fs::remove_file(&answer);
    let command = HostCommand::new(ask::PROGRAM).variable(transaction::OWN, "resolve").limit(LIMIT);
    // Stopped, it ends with an error of its own.
    let finished =
        command.args(["--assumeno", "--quiet", ask::ON_DISK]).args(ask::past_lock(places)).arg("upgrade").run()?;
    let text = std::fs::read_to_string(&answer).ok().filter(|text| text.lines().next() == Some(FIRST_LINE));
    let _ = std::fs::remove_file(&answer);
    text.ok_or_else(|| HostError {
        action: "ask dnf what an upgrade would do".to_owned(),
        reason: format!("status {}: {}", finished.status, finished.stderr),
    })
}

/// What a transaction means; `None` where it does not take all of them along.
fn meaning(text: &str, wanted: &[(PackageName, String)], first: &PackageName) -> Option<Reach> {
    let of = |sign: &str| -> BTreeMap<&str, &str> {
        let lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        lines.filter(|words| words.len() > 2 && words[0] == sign).map(|words| (words[1], words[2])).collect()
    };
    let (comes, goes) = (of("+"), of("-"));
    if wanted.iter().all(|(package, version)| comes.get(package.as_str()) == Some(&version.as_str())) {
        let packages: Vec<String> =
            goes.into_keys().filter(|name| !comes.contains_key(name)).map(str::to_owned).collect();
        return Some(if packages.is_empty() { Reach::Plain } else { Reach::Removals { packages } });
    }
    comes.contains_key(first.as_str()).then(|| Reach::AfterFirst { package: first.to_string() })
}

/// Why these versions cannot come: what dnf says when they are asked for by name.
fn why(places: &Places, wanted: &[(PackageName, String)]) -> Vec<String> {
    let exact = wanted.iter().map(|(package, version)| format!("{package}-{version}"));
    let command = HostCommand::new(ask::PROGRAM).variable(transaction::OWN, "1").limit(LIMIT);
    let command = command.args(["--assumeno", "--quiet", ask::ON_DISK]).args(ask::past_lock(places));
    let finished = command.arg("install").args(exact).run();
    let said = finished.map_or_else(|error| error.to_string(), |finished| finished.stderr);
    said.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dnf_would_do_tells_which_upgrade_takes_a_package_along() {
        let first: PackageName = "acme-release".parse().unwrap();
        let of = |text: &str| meaning(text, &[("erp".parse().unwrap(), "2-1".to_owned())], &first);
        let taken = "packages 1\n+\terp\t2-1\tnoarch\t/x\n-\terp\t1-1\tnoarch\t\n";
        assert_eq!(of(taken), Some(Reach::Plain));
        let removals = Reach::Removals { packages: vec!["plugin".to_owned()] };
        assert_eq!(of(&format!("{taken}-\tplugin\t1-1\tnoarch\t\n")), Some(removals));
        assert_eq!(of("packages 1\n+\terp\t3-1\tnoarch\t/x\n"), None);
        let after = Reach::AfterFirst { package: first.to_string() };
        assert_eq!(of("packages 1\n+\tacme-release\t2-1\tnoarch\t/x\n"), Some(after));
    }
}
