//! Base roots: the read-only tree under every host of one kind.

use std::path::PathBuf;

use crate::error::{Doing, Result};
use crate::lab::Lab;

/// A Debian release the lab has hosts of, with apt and dpkg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// Debian 12: apt 2.6, dpkg 1.21, systemd 252.
    Bookworm,
    /// Debian 13: apt 3.0 with sqv, dpkg 1.22, systemd 257.
    Trixie,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Release; 2] = [Release::Bookworm, Release::Trixie];

    /// The code name, as Debian's archive spells it.
    pub fn name(self) -> &'static str {
        match self {
            Release::Bookworm => "bookworm",
            Release::Trixie => "trixie",
        }
    }

    /// The extracted tree. `base/<release>` is a link: a root built later gets another name, and
    /// running hosts keep the one they stand on.
    pub fn tree(self) -> Result<PathBuf> {
        tree(self.name())
    }
}

/// The Debian that a host stands on: what a product is built for that has a build for each release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Userland {
    /// Debian 12, with Python 3.11.
    Bookworm,
    /// Debian 13, with Python 3.13.
    Trixie,
    /// Debian testing, with Python 3.14; rpm hosts alone.
    Forky,
}

impl Userland {
    /// Every one, oldest first.
    pub const ALL: [Userland; 3] = [Userland::Bookworm, Userland::Trixie, Userland::Forky];

    /// The name of the build for it.
    pub fn build(self) -> &'static str {
        match self {
            Userland::Bookworm => "deb12",
            Userland::Trixie => "deb13",
            Userland::Forky => "deb14",
        }
    }

    /// The channel in which that build is published: Debian's code name.
    pub fn channel(self) -> &'static str {
        match self {
            Userland::Bookworm => "bookworm",
            Userland::Trixie => "trixie",
            Userland::Forky => "forky",
        }
    }
}

impl From<Release> for Userland {
    fn from(release: Release) -> Userland {
        match release {
            Release::Bookworm => Userland::Bookworm,
            Release::Trixie => Userland::Trixie,
        }
    }
}

/// An RPM host the lab has: rpm and a package manager above it, on a Debian userland.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RpmSystem {
    /// dnf 4.14 with rpm 4.18, on Debian 12.
    Dnf4Bookworm,
    /// dnf 4.23 with rpm 4.20, on Debian 13.
    Dnf4Trixie,
    /// dnf 5.4 with rpm 6, on Debian testing.
    Dnf5,
    /// zypper 1.14 with rpm 4.18, on Debian 12.
    Zypper,
}

impl RpmSystem {
    /// Every one.
    pub const ALL: [RpmSystem; 4] =
        [RpmSystem::Dnf4Bookworm, RpmSystem::Dnf4Trixie, RpmSystem::Dnf5, RpmSystem::Zypper];

    /// Those with dnf.
    pub const DNF: [RpmSystem; 3] = [RpmSystem::Dnf4Bookworm, RpmSystem::Dnf4Trixie, RpmSystem::Dnf5];

    /// Its name, as `scripts/roots` knows it.
    pub fn name(self) -> &'static str {
        match self {
            RpmSystem::Dnf4Bookworm => "dnf4-bookworm",
            RpmSystem::Dnf4Trixie => "dnf4-trixie",
            RpmSystem::Dnf5 => "dnf5",
            RpmSystem::Zypper => "zypper",
        }
    }

    /// The program an administrator types.
    pub fn manager(self) -> &'static str {
        match self {
            RpmSystem::Dnf4Bookworm | RpmSystem::Dnf4Trixie => "dnf",
            RpmSystem::Dnf5 => "dnf5",
            RpmSystem::Zypper => "zypper",
        }
    }
}

/// What a host is made from: a Debian release with apt, or an RPM host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BaseSystem {
    /// apt and dpkg.
    Apt(Release),
    /// Debian 13 with Debian's PostgreSQL 17, MariaDB 11.8 and sqlite3; a test starts the server it wants.
    Databases,
    /// Debian 13 with PackageKit, which asks apt's library for the shops of desktops and for Cockpit.
    Desktop,
    /// rpm, and what stands above it.
    Rpm(RpmSystem),
}

impl BaseSystem {
    /// Its name, as `scripts/roots` knows it.
    pub fn name(self) -> &'static str {
        match self {
            BaseSystem::Apt(release) => release.name(),
            BaseSystem::Databases => "databases",
            BaseSystem::Desktop => "desktop",
            BaseSystem::Rpm(system) => system.name(),
        }
    }

    /// The Debian under it.
    pub fn userland(self) -> Userland {
        match self {
            BaseSystem::Apt(release) => release.into(),
            BaseSystem::Databases | BaseSystem::Desktop => Userland::Trixie,
            BaseSystem::Rpm(RpmSystem::Dnf4Bookworm | RpmSystem::Zypper) => Userland::Bookworm,
            BaseSystem::Rpm(RpmSystem::Dnf4Trixie) => Userland::Trixie,
            BaseSystem::Rpm(RpmSystem::Dnf5) => Userland::Forky,
        }
    }

    /// The extracted tree.
    pub(crate) fn tree(self) -> Result<PathBuf> {
        tree(self.name())
    }
}

impl From<Release> for BaseSystem {
    fn from(release: Release) -> BaseSystem {
        BaseSystem::Apt(release)
    }
}

impl From<RpmSystem> for BaseSystem {
    fn from(system: RpmSystem) -> BaseSystem {
        BaseSystem::Rpm(system)
    }
}

fn tree(name: &str) -> Result<PathBuf> {
    fs_err::canonicalize(Lab::folder().join("base").join(name)).doing("find a base root (scripts/roots builds them)")
}
