//! The fixtures on disk, and copies of them that may be spoilt.

use std::path::{Path, PathBuf};

use consign_metadata::anchor::Anchor;
use consign_metadata::document::Role;
use consign_metadata::name::{ChannelName, ProductId};
use consign_metadata::openpgp::Keyring;
use tempfile::TempDir;

/// Every version with a host and journals.
pub const VERSIONS: [&str; 3] = ["1", "2", "4"];

/// What one vendor published in a version.
pub struct Published {
    /// Its folder.
    pub folder: &'static str,
    pub product: &'static str,
    pub channel: &'static str,
    pub generation: u64,
    /// The version of the plan among the documents.
    pub version: &'static str,
    /// The versions of the product's package, ascending.
    pub packages: &'static [&'static str],
    /// That of the plan, below `repository/pool`, or that of Windows.
    pub package: &'static str,
    /// The package by which hosts get to know the vendor, below `repository`.
    pub introduction: &'static str,
    /// Where hosts find the repository on themselves.
    pub port: u16,
    /// Release notes, each language for itself.
    pub notes: usize,
}

/// Acme's canopsis in version 1.
pub const FIRST: Published = Published {
    folder: "1",
    product: "acme/canopsis",
    channel: "stable",
    generation: 3,
    version: "3.26.0",
    packages: &["3.25.0-1", "3.26.0-1", "3.26.1-1"],
    package: "main/c/canopsis/canopsis_3.26.0-1_all.deb",
    introduction: "acme-release.deb",
    port: 8081,
    notes: 6,
};
/// The same in version 2: the build for Debian 13.
pub const BASE: Published = Published {
    folder: "2",
    product: "acme/canopsis",
    channel: "trixie",
    generation: 3,
    version: "3.26.0",
    packages: &["3.25.0-1~deb13", "3.26.0-1~deb13", "3.26.1-1~deb13"],
    package: "main/c/canopsis/canopsis_3.26.0-1~deb13_all.deb",
    introduction: "acme-release-trixie.deb",
    port: 8081,
    notes: 6,
};
/// Globex' add-on of it.
pub const ADD_ON: Published = Published {
    folder: "2/add-on",
    product: "globex/snmp",
    channel: "stable",
    generation: 2,
    version: "2.0.0",
    packages: &["1.0.0-1", "2.0.0-1"],
    package: "main/g/globex-snmp/globex-snmp_2.0.0-1_all.deb",
    introduction: "globex-release.deb",
    port: 8083,
    notes: 0,
};

/// Acme's canopsis in version 3: as .deb and as .rpm, and no host.
pub const BOTH: Published = Published {
    folder: "3",
    product: "acme/canopsis",
    channel: "stable",
    generation: 2,
    version: "3.26.0",
    packages: &["3.25.0-1", "3.26.0-1"],
    package: "main/c/canopsis/canopsis_3.26.0-1_all.deb",
    introduction: "acme-release.deb",
    port: 8081,
    notes: 4,
};

/// Acme's canopsis in version 4: with a backup.
pub const SAVED: Published = Published {
    folder: "4",
    product: "acme/canopsis",
    channel: "stable",
    generation: 3,
    version: "3.26.0",
    packages: &["3.25.0-1", "3.26.0-1", "3.26.1-1"],
    package: "main/c/canopsis/canopsis_3.26.0-1_all.deb",
    introduction: "acme-release.deb",
    port: 8081,
    notes: 6,
};

/// Acme's back office in version 5: for Windows, and nothing else.
pub const WINDOWS: Published = Published {
    folder: "5",
    product: "acme/backoffice",
    channel: "stable",
    generation: 3,
    version: "4.1.0",
    packages: &["4.0.0-1", "4.1.0-1", "4.1.1-1"],
    package: "acme-database/acme-database-4.1.0-1.x64.msi",
    introduction: "acme-release.msi",
    port: 0,
    // All of them have the same text.
    notes: 1,
};

/// Asserts something of everything that was published and is on a golden host with apt.
pub fn each(test: impl Fn(&Published)) {
    named(&[&FIRST, &BASE, &ADD_ON, &SAVED], test);
}

/// Asserts something of everything that was published for apt.
pub fn every_deb(test: impl Fn(&Published)) {
    named(&[&FIRST, &BASE, &ADD_ON, &BOTH, &SAVED], test);
}

/// Asserts something of everything that was published.
pub fn every(test: impl Fn(&Published)) {
    named(&[&FIRST, &BASE, &ADD_ON, &BOTH, &SAVED, &WINDOWS], test);
}

/// Where it does not hold is said.
fn named(all: &[&Published], test: impl Fn(&Published)) {
    for published in all {
        let named = Named(published.folder);
        test(published);
        drop(named);
    }
}

struct Named(&'static str);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "what a failed test says")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it is about tests/golden/{}", self.0);
        }
    }
}

impl Published {
    pub fn id(&self) -> ProductId {
        self.product.parse().unwrap()
    }

    pub fn channel(&self) -> ChannelName {
        self.channel.parse().unwrap()
    }

    /// The file name of the package that has the plan.
    pub fn package_file(&self) -> &'static str {
        self.package.rsplit('/').next().unwrap()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        golden(self.folder).join(path)
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        fs_err::read(self.path(path)).unwrap()
    }

    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }

    pub fn anchor(&self) -> Anchor {
        Anchor::parse(&self.read("documents/anchor.json")).unwrap()
    }

    /// What the feed names beside its shards: the lists of apt, or that of Windows.
    pub fn entry_point(&self) -> Vec<u8> {
        match self.folder {
            "5" => self.read("documents/windows.json"),
            _ => self.read(&format!("repository/dists/{}/InRelease", self.channel)),
        }
    }

    pub fn keys(&self, role: Role) -> Keyring {
        Keyring::new(&self.read("documents/certificate.pgp"), self.anchor().keys_of(role), role.as_str()).unwrap()
    }
}

/// A file or folder below `tests/golden`.
pub fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(path)
}

/// A text below `tests/golden`.
pub fn text(path: &str) -> String {
    fs_err::read_to_string(golden(path)).unwrap()
}

/// A folder, copied.
pub fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(folder, copy.path());
    copy
}

pub fn copy_into(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        fs_err::create_dir_all(copy.parent().unwrap()).unwrap();
        fs_err::write(copy, fs_err::read(file).unwrap()).unwrap();
    }
}

/// Every file below a folder, in order of name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The bytes with the lowest bit of one of them turned.
pub fn turned(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut spoilt = bytes.to_vec();
    spoilt[at] ^= 1;
    spoilt
}

/// Where a part of a document begins.
#[track_caller]
pub fn position(bytes: &[u8], part: &str) -> usize {
    let found = bytes.windows(part.len()).position(|window| window == part.as_bytes());
    found.unwrap_or_else(|| panic!("{part} is not there"))
}
