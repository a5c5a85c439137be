//! What comes of a command that would bring an upgrade which nobody has acknowledged.

use consign_lab::{Manager, Outcome};

use crate::case::Case;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// The gate said no.
    Refused,
    /// The package manager said no, because of the hold.
    NotFound,
    /// Nothing, with exit status 0.
    Nothing,
    /// It is there.
    Installed,
}

impl Came {
    /// Of a command that has changed nothing. One that failed for a reason of its own, such as a server that
    /// is away, says nothing about holds.
    #[track_caller]
    pub fn to_nothing(case: &Case, typed: &Outcome) -> Came {
        match typed.code {
            0 => Came::Nothing,
            _ if typed.text().contains(&format!("consignee ack {}", case.id)) => Came::Refused,
            _ if says_it_is_held(case.site.manager(), typed) => Came::NotFound,
            _ => panic!("it has failed, and neither the gate nor a hold is the reason: {typed}"),
        }
    }
}

/// In the package manager's own words, with its own exit status.
fn says_it_is_held(manager: Manager, typed: &Outcome) -> bool {
    let says = |code, words| typed.code == code && typed.text().contains(words);
    match manager {
        Manager::Dnf4 => says(1, "filtered out by exclude filtering"),
        Manager::Dnf5 => says(1, "matches only excluded packages"),
        Manager::Zypper => says(4, "remove lock"),
        Manager::Apt | Manager::Rpm => false,
    }
}

impl Case {
    /// "Upgrade everything" leaves the product as it is, with exit status 0, and `consignee status` says that it
    /// waits. Plain rpm holds nothing.
    #[track_caller]
    pub fn is_held(&self, packages: &[&str]) {
        if self.site.manager() == Manager::Rpm {
            return;
        }
        let (before, finishes) = (self.versions(packages), self.finishes());
        let typed = self.site.upgrade().expect_ok();
        let waits = self.site.wait_status(3).text();
        assert!(waits.contains(&format!("consignee ack {}", self.id)), "{waits}");
        assert_eq!((self.versions(packages), self.finishes()), (before, finishes), "{typed}");
    }

    /// Its file is refused before anything is unpacked: by the gate, or where none is asked by the hold.
    #[track_caller]
    pub fn is_refused_as_a_file(&self, package: &str) {
        let (before, finishes) = (self.version_of(package), self.finishes());
        let typed = self.site.install_file(package);
        let by = if self.site.manager() == Manager::Zypper { Came::NotFound } else { Came::Refused };
        assert_eq!(Came::to_nothing(self, &typed), by, "{typed}");
        assert_eq!((self.version_of(package), self.finishes()), (before, finishes), "{typed}");
    }

    fn versions(&self, packages: &[&str]) -> Vec<Option<String>> {
        packages.iter().map(|package| self.version_of(package)).collect()
    }
}
