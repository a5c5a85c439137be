//! What a host of rpm has, in the words of its rpm:
//!
//! ```text
//! rpm -qa --qf '%{nevra}\n[P %{providenevrs}\n][R %{requirenevrs}\n][F %{filenames}\n]'
//! ```
//!
//! A line for each package, and below it what it provides, what it requires (which an upgrade of something else must
//! not break) and its files, which others require by their paths. Tags and arrays are those of `rpm-queryformat(7)`.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use super::package::{Package, Packages};
use super::relation::Relation;
use super::requirement::Requirement;

/// What a host has.
#[derive(Debug, Default)]
pub struct Host {
    /// Its packages.
    pub packages: Packages,
    /// Its processor, as rpm calls it; none where every package is for all.
    pub architecture: Option<String>,
}

/// A package that is being read, with its files.
type Listed = Option<(Package, Vec<Box<str>>)>;

const NONE: &str = "it is no inventory of a host of rpm; `consign mirror yum --help` has the line that makes one";
const OF_DPKG: &str = "it is the list of a host of dpkg, which `consign mirror apt` takes";
/// What rpm says of a list that a package has not.
const EMPTY: &str = "(none)";

impl Host {
    /// Reads it.
    ///
    /// # Errors
    /// What it is instead.
    pub fn parse(text: impl BufRead) -> Result<Self, String> {
        let (mut host, mut open): (Self, Listed) = (Self::default(), None);
        for line in text.lines() {
            let line = line.map_err(|cause| unreadable(&cause))?;
            match (line.split_once(' '), &mut open) {
                (Some(("P" | "R" | "F", EMPTY)), Some(_)) => {}
                (Some(("P", given)), Some((package, _))) => package.gives.push(Relation::parse(given)),
                (Some(("R", needed)), Some((package, _))) => package.needs.extend(Requirement::parse(needed).ok()),
                (Some(("F", path)), Some((_, files))) => files.push(path.into()),
                (None, open) if !line.is_empty() => {
                    host.take(open.replace((named(&line).ok_or(NONE)?, Vec::new())));
                }
                _ if line.starts_with("Package: ") => return Err(OF_DPKG.to_owned()),
                _ => return Err(NONE.to_owned()),
            }
        }
        host.take(open);
        if host.packages.all().iter().all(|package| package.gives.is_empty()) {
            return Err(NONE.to_owned());
        }
        host.architecture = most(host.packages.all());
        Ok(host)
    }

    fn take(&mut self, package: Listed) {
        if let Some((package, files)) = package {
            self.packages.add(package, files);
        }
    }
}

fn unreadable(cause: &io::Error) -> String {
    if cause.kind() == io::ErrorKind::InvalidData { NONE.to_owned() } else { cause.to_string() }
}

/// `erp-1:3.25.0-1.noarch`, or `gpg-pubkey-7bb90722-4e6b1c3f`: keys that rpm trusts are among them.
fn named(nevra: &str) -> Option<Package> {
    let (rest, architecture) = nevra.rsplit_once('.').unwrap_or((nevra, EMPTY));
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let version = format!("{version}-{release}");
    Some(Package { name: name.to_owned(), version, architecture: architecture.to_owned(), ..Package::default() })
}

/// The processor that most packages are for.
fn most(packages: &[Package]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let said = packages.iter().map(|package| package.architecture.as_str());
    said.filter(|name| ![EMPTY, "noarch"].contains(name)).for_each(|name| *counts.entry(name).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_what_its_packages_provide_and_their_files() {
        let text = "bash-5.2.26-3.fc40.x86_64\nP /bin/sh\nP bash = 5.2.26-3.fc40\nR (glibc or musl)\nF /usr/bin/bash\n\
                    gpg-pubkey-7bb90722-4e6b1c3f\nP gpg(Lab) = 4:7-4\nR (none)\nF (none)\n\
                    tzdata-1:2024a-2.noarch\nP tzdata = 1:2024a-2\n";
        let host = Host::parse(text.as_bytes()).unwrap();
        let has = |wanted: &str| host.packages.giving(&Relation::parse(wanted)).count() == 1;
        assert!(has("/bin/sh") && has("/usr/bin/bash") && has("bash >= 5.2") && has("tzdata > 2025"));
        assert!(!has("bash >= 5.3") && !has("/usr/bin/sh") && !has(EMPTY));
        assert_eq!(host.architecture.as_deref(), Some("x86_64"));
        assert_eq!(host.packages.all()[0].to_string(), "bash-5.2.26-3.fc40.x86_64");
    }

    #[test]
    fn what_is_no_inventory_is_named() {
        let refused = |text: &str| Host::parse(text.as_bytes()).unwrap_err();
        assert!(refused("Package: adduser\nStatus: install ok installed\n").contains("consign mirror apt"));
        for text in ["", "bash-5.2.26-3.fc40.x86_64\n", "P bash\n", "adduser 3.137 all\n", "hello\n"] {
            assert!(refused(text).contains("no inventory"), "{text}");
        }
    }
}
