//! Which of apt's upgrades takes packages along: asked of apt itself, which only pretends (`--simulate`).
//!
//! `apt-get upgrade` neither installs nor removes, `apt upgrade` installs, `apt full-upgrade` does both.
//! What the first passes over is tried by name: what that would install or remove is what the others do.

use std::time::Duration;

use consign_metadata::name::PackageName;

use crate::host::HostError;
use crate::host::command::{Finished, HostCommand};
use crate::kept_back::Reach;

/// The look has a deadline; a host with thousands of packages takes about a second.
const LIMIT: Duration = Duration::from_secs(20);

/// Asks apt. `first` is the package that makes new names known to this host.
///
/// # Errors
/// When apt cannot be run, or cannot read its own files.
pub fn reach(wanted: &[(PackageName, String)], first: &PackageName) -> Result<Reach, HostError> {
    let upgrade = simulate(&["upgrade".to_owned()])?;
    let plain = actions(&upgrade.text());
    if upgrade.status == 0 && wanted.iter().all(|(package, version)| plain.goes_to(package, version)) {
        return Ok(Reach::Plain);
    }
    let names = wanted.iter().map(|(package, version)| format!("{package}={version}"));
    let by_name = simulate(&std::iter::once("install".to_owned()).chain(names).collect::<Vec<_>>())?;
    let found = actions(&by_name.text());
    if by_name.status == 0 && !found.removed.is_empty() {
        return Ok(Reach::Removals { packages: found.removed });
    }
    if by_name.status == 0 && !found.new.is_empty() {
        return Ok(Reach::NewPackages { packages: found.new });
    }
    if plain.upgraded.iter().any(|(package, _)| package == first.as_str()) {
        return Ok(Reach::AfterFirst { package: first.to_string() });
    }
    Ok(Reach::Never { why: why(&by_name) })
}

fn simulate(words: &[String]) -> Result<Finished, HostError> {
    let command =
        HostCommand::new("apt-get").args(["--simulate", "--assume-yes", "-o", "APT::Get::Show-User-Simulation-Note=0"]);
    Ok(command.args(words.iter().cloned()).limit(LIMIT).run()?)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Actions {
    upgraded: Vec<(String, String)>,
    new: Vec<String>,
    removed: Vec<String>,
}

impl Actions {
    fn goes_to(&self, package: &PackageName, version: &str) -> bool {
        self.upgraded.iter().any(|(name, after)| name == package.as_str() && after == version)
    }
}

/// Lines `Inst erp [1.0-1] (1.1-1 Acme:stable [all])`, without brackets where it is new, and `Remv erp [1.0-1]`.
fn actions(simulation: &str) -> Actions {
    let mut found = Actions::default();
    for line in simulation.lines() {
        let mut words = line.split_whitespace();
        let (act, Some(name)) = (words.next(), words.next()) else { continue };
        let name = name.split(':').next().unwrap_or_default().to_owned();
        let after = line.split_once('(').and_then(|(_, rest)| rest.split_whitespace().next());
        match (act, words.next(), after) {
            (Some("Inst"), Some(word), Some(after)) if word.starts_with('[') => {
                found.upgraded.push((name, after.to_owned()))
            }
            (Some("Inst"), _, _) => found.new.push(name),
            (Some("Remv"), _, _) => found.removed.push(name),
            _ => {}
        }
    }
    found.new.sort();
    found.removed.sort();
    found
}

/// The lines that name a package and what it lacks, and errors.
fn why(finished: &Finished) -> Vec<String> {
    let text = finished.text();
    let unmet = text.lines().map(str::trim).filter(|line| {
        [" : Depends: ", " : PreDepends: ", " : Breaks: ", " : Conflicts: "].iter().any(|word| line.contains(word))
    });
    let mut why: Vec<String> = unmet.map(str::to_owned).collect();
    if why.is_empty() {
        why.extend(finished.stderr.lines().filter_map(|line| line.strip_prefix("E: ")).map(str::to_owned));
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATION: &str = "\
Reading package lists...
The following packages have been kept back:
  acme-erp
Inst acme-release [1] (2 acme:stable [all])
Inst acme-erp [1.0.0-1] (1.1.0-1 acme:stable [all]) []
Inst libpq5:amd64 (15.1-1 Debian:12.0/stable [amd64])
Remv old [1-1]
Conf acme-release (2 acme:stable [all])
";

    #[test]
    fn what_a_simulation_would_do_is_read() {
        let found = actions(SIMULATION);
        assert!(found.goes_to(&"acme-erp".parse().unwrap(), "1.1.0-1"));
        assert!(!found.goes_to(&"acme-erp".parse().unwrap(), "1.2.0-1"));
        assert_eq!((found.new, found.removed), (vec!["libpq5".to_owned()], vec!["old".to_owned()]));
    }

    #[test]
    fn what_is_missing_is_said_in_apts_own_words() {
        let finished =
            |stdout: &str, stderr: &str| Finished { status: 100, stdout: stdout.into(), stderr: stderr.into() };
        let unmet = "The following packages have unmet dependencies:\n acme-erp : Depends: libpq6 but it is not installable\nE: x";
        assert_eq!(why(&finished(unmet, "E: Unable")), ["acme-erp : Depends: libpq6 but it is not installable"]);
        assert_eq!(why(&finished("", "E: Held packages\n")), ["Held packages"]);
    }
}
