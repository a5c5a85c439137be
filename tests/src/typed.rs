//! A site's administrator at the package manager: the same words on every host.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::manager::{CARRIED, Manager};
use crate::outcome::Outcome;
use crate::site::Site;
use crate::terminal::Terminal;

impl Site {
    /// Reads the lists of the repositories again.
    #[track_caller]
    pub fn refresh(&self) -> Outcome {
        if self.manager() == Manager::Zypper {
            // It keeps a list of mirrors that is younger than ten minutes.
            self.host.exec(&[
                "sh",
                "-c",
                "find /var/cache/zypp/raw -name mirrorlist.txt -exec touch -d '1 hour ago' {} +",
            ]);
        }
        self.typed(&self.manager().refresh())
    }

    /// Takes away what the package manager keeps of the repositories.
    #[track_caller]
    pub fn forget_lists(&self) {
        match self.manager() {
            Manager::Apt => drop(self.host.shell("rm -rf /var/lib/apt/lists/*; apt-get clean")),
            Manager::Dnf4 => drop(self.host.ok(&["dnf", "clean", "all"])),
            Manager::Dnf5 => drop(self.host.ok(&["dnf5", "clean", "all"])),
            Manager::Zypper => drop(self.host.ok(&["zypper", "--no-refresh", "clean", "--all"])),
            Manager::Rpm => {}
        }
    }

    /// Upgrades whatever has a newer version.
    #[track_caller]
    pub fn upgrade(&self) -> Outcome {
        self.typed(&self.manager().upgrade())
    }

    /// The same, begun on a terminal.
    pub fn upgrade_at_a_terminal(&self) -> Result<Terminal> {
        let line = self.manager().upgrade();
        Terminal::run(&self.host, &line.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Installs packages by their names.
    #[track_caller]
    pub fn install(&self, packages: &[&str]) -> Outcome {
        // Whoever has only rpm carries what the packages need as well.
        let needs_agent = self.manager() == Manager::Rpm && self.host.installed("consignee").is_none();
        let agent: &[&str] = if needs_agent { &["consignee"] } else { &[] };
        self.typed(&self.manager().install(&[agent, packages].concat()))
    }

    /// Installs exactly this version; none where that cannot be typed.
    #[track_caller]
    pub fn install_exactly(&self, package: &str, version: &str) -> Option<Outcome> {
        self.manager().install_exactly(package, version).map(|line| self.typed(&line))
    }

    /// Installs a package that was carried to the host, by its path.
    #[track_caller]
    pub fn install_file(&self, package: &str) -> Outcome {
        self.typed(&self.manager().install_file(package))
    }

    /// Upgrades past what is excluded, pinned or locked; none where that cannot be typed.
    #[track_caller]
    pub fn upgrade_past_holds(&self, package: &str) -> Option<Outcome> {
        self.manager().upgrade_past_holds(package).map(|line| self.typed(&line))
    }

    /// Installs a package and lets what stands in its way be removed.
    #[track_caller]
    pub fn allow_erasing(&self, package: &str) -> Outcome {
        self.typed(&self.manager().allow_erasing(package))
    }

    /// Types a command that the agent has named.
    #[track_caller]
    pub fn as_told(&self, command: &str) -> Outcome {
        self.typed(&self.manager().without_questions(command))
    }

    /// Puts packages on the host by hand, as many of them as are in its format, in the place of those of
    /// the same names.
    pub fn carry(&self, packages: &[PathBuf]) {
        for package in packages {
            if package.extension().is_some_and(|extension| extension == self.manager().extension()) {
                self.host.copy_in(package, &format!("{CARRIED}/{}", file_name(package)));
            }
        }
    }

    #[track_caller]
    fn typed(&self, line: &[String]) -> Outcome {
        self.host.exec(&line.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// `canopsis.rpm` of `canopsis-3.26.0-1.noarch.rpm`, `canopsis.deb` of `canopsis_3.26.0-1_all.deb`.
fn file_name(package: &Path) -> String {
    let file = package.file_name().unwrap_or_default().to_string_lossy();
    match file.strip_suffix(".rpm") {
        Some(file) => format!("{}.rpm", file.rsplitn(3, '-').last().unwrap_or(file)),
        None => format!("{}.deb", file.split('_').next().unwrap_or(&file)),
    }
}
