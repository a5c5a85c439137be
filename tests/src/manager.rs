//! What an administrator types at the package manager of a host, whichever it is.

use crate::root::{BaseSystem, RpmSystem};

/// Where packages lie that came to a host by hand, each under its name without version.
pub(crate) const CARRIED: &str = "/root/carried";

/// A package manager, by what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manager {
    /// apt above dpkg.
    Apt,
    /// dnf 4 above rpm.
    Dnf4,
    /// dnf 5 above rpm.
    Dnf5,
    /// zypper above rpm.
    Zypper,
    /// Nothing above rpm: packages are carried to the host. Its lists are those of the dnf 4 that is there.
    Rpm,
}

impl Manager {
    /// The one that a system is named after.
    pub fn of(system: BaseSystem) -> Manager {
        match system {
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => Manager::Apt,
            BaseSystem::Rpm(RpmSystem::Dnf4Bookworm | RpmSystem::Dnf4Trixie) => Manager::Dnf4,
            BaseSystem::Rpm(RpmSystem::Dnf5) => Manager::Dnf5,
            BaseSystem::Rpm(RpmSystem::Zypper) => Manager::Zypper,
        }
    }

    /// Reads the lists of the repositories again. An index that cannot be read is an error.
    pub fn refresh(self) -> Vec<String> {
        match self {
            Manager::Apt => self.line(&["-o", "APT::Update::Error-Mode=any", "update"]),
            Manager::Dnf4 | Manager::Dnf5 => self.line(&["--refresh", "makecache"]),
            Manager::Zypper => self.line(&["--gpg-auto-import-keys", "refresh"]),
            Manager::Rpm => Manager::Dnf4.refresh(),
        }
    }

    /// Upgrades whatever has a newer version.
    pub fn upgrade(self) -> Vec<String> {
        match self {
            Manager::Apt | Manager::Dnf4 | Manager::Dnf5 => self.line(&["upgrade"]),
            Manager::Zypper => self.line(&["update"]),
            Manager::Rpm => shell(&format!("exec rpm --freshen {CARRIED}/*.rpm")),
        }
    }

    /// The same by somebody who wants to get past what is excluded, pinned or locked; none where nothing is.
    pub fn upgrade_past_holds(self, package: &str) -> Option<Vec<String>> {
        match self {
            Manager::Apt => Some(self.line(&["-o", "Dir::Etc::PreferencesParts=/nonexistent", "upgrade"])),
            Manager::Dnf4 => Some(self.line(&["--disableexcludes=all", "upgrade"])),
            Manager::Dnf5 => Some(self.line(&["--setopt=disable_excludes=*", "upgrade"])),
            Manager::Zypper => {
                let unlock = self.line(&["removelock", package]).join(" ");
                Some(shell(&format!("{unlock}; exec {}", self.upgrade().join(" "))))
            }
            Manager::Rpm => None,
        }
    }

    /// Installs packages by their names, or brings them up to date.
    pub fn install(self, packages: &[&str]) -> Vec<String> {
        match self {
            Manager::Rpm => {
                let files: Vec<String> = packages.iter().map(|package| self.carried(package)).collect();
                self.line(&[&["--upgrade"], &files.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat())
            }
            _ => self.line(&[&["install"], packages].concat()),
        }
    }

    /// Installs exactly this version; none where a version is no word of the package manager.
    pub fn install_exactly(self, package: &str, version: &str) -> Option<Vec<String>> {
        let between = match self {
            Manager::Apt | Manager::Zypper => "=",
            Manager::Dnf4 | Manager::Dnf5 => "-",
            Manager::Rpm => return None,
        };
        Some(self.line(&["install", &format!("{package}{between}{version}")]))
    }

    /// Installs a package that was carried to the host, given by its path.
    pub fn install_file(self, package: &str) -> Vec<String> {
        match self {
            Manager::Rpm => self.install(&[package]),
            _ => self.line(&["install", &self.carried(package)]),
        }
    }

    /// Installs a package and lets whatever stands in its way be removed. rpm knows no such thing.
    pub fn allow_erasing(self, package: &str) -> Vec<String> {
        match self {
            Manager::Dnf4 | Manager::Dnf5 => self.line(&["install", "--allowerasing", package]),
            Manager::Zypper => self.line(&["install", "--force-resolution", package]),
            Manager::Apt | Manager::Rpm => self.install(&[package]),
        }
    }

    /// The words of a command that somebody was told to type, with nobody to ask.
    pub fn without_questions(self, command: &str) -> Vec<String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.split_first() {
            Some((&("apt" | "apt-get"), rest)) => Manager::Apt.line(rest),
            Some((&"dnf", rest)) => Manager::Dnf4.line(rest),
            Some((&"zypper", rest)) => Manager::Zypper.line(rest),
            _ => words.into_iter().map(str::to_owned).collect(),
        }
    }

    /// How its packages end.
    pub(crate) fn extension(self) -> &'static str {
        if self == Manager::Apt { "deb" } else { "rpm" }
    }

    fn carried(self, package: &str) -> String {
        format!("{CARRIED}/{package}.{}", self.extension())
    }

    fn line(self, arguments: &[&str]) -> Vec<String> {
        let program: &[&str] = match self {
            Manager::Apt => &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y"],
            // On hosts of dnf 5 that name is a link to it.
            Manager::Dnf4 | Manager::Dnf5 => &["dnf", "-y"],
            Manager::Zypper => &["zypper", "--non-interactive"],
            Manager::Rpm => &["rpm"],
        };
        program.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
    }
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).into()
}
