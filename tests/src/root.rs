//! Base roots: the read-only tree under every host of one Debian release.

use std::path::PathBuf;

use crate::error::{Doing, Result};
use crate::lab::Lab;

/// A Debian release the lab has hosts of.
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

    /// The build for it of a product that has one for each release of Debian.
    pub fn build(self) -> &'static str {
        match self {
            Release::Bookworm => "deb12",
            Release::Trixie => "deb13",
        }
    }

    /// The extracted tree. `base/<release>` is a link: a root built later gets another name, and
    /// running hosts keep the one they stand on.
    pub fn tree(self) -> Result<PathBuf> {
        fs_err::canonicalize(Lab::folder().join("base").join(self.name()))
            .doing("find a base root (scripts/roots builds them)")
    }
}
