//! Packages for rpm, judged by the real rpm.

mod database;
mod endowed;
mod header;
mod installed;
mod large;
mod lint;
mod reader;
mod release;
mod signature;

use std::fs;
use std::path::{Path, PathBuf};

use consign::package::rpm::{Relation, Relations, Rpm, RpmControl, Scripts, TransactionTrigger};
use consign::package::{Architecture, Copyright, PackageContents, Packager, Release, SignedPackage, UnsignedPackage};
use consign::stage::{Attributes, Entry, Node, Source, StagedTree};
use consign_metadata::plan::NativeVersions;
use jiff::Timestamp;
use tempfile::TempDir;

pub use database::Database;

pub const TIME: i64 = 1_700_000_000;

/// A package with every kind of path, and the folder that it is built in.
pub struct Example {
    folder: TempDir,
    pub contents: PackageContents,
}

impl Example {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let payload = payload(folder.path());
        Self { folder, contents: contents(payload) }
    }

    /// Without a plan, as the packages that belong to no product are.
    pub fn without_plan() -> Self {
        let mut example = Self::new();
        example.contents.payload.remove("/usr/share/consignee/plans/acme-erp.pgp");
        example
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn unsigned(&self) -> UnsignedPackage {
        self.unsigned_at(TIME, None)
    }

    pub fn unsigned_at(&self, time: i64, threads: Option<u32>) -> UnsignedPackage {
        let time = Timestamp::from_second(time).unwrap();
        Rpm { threads }.build(&self.contents, time, &self.path().join("dist")).unwrap()
    }

    pub fn signed(&self, signer: &consign::sign::KeyFile) -> SignedPackage {
        self.unsigned().sign(signer).unwrap()
    }
}

fn contents(payload: StagedTree) -> PackageContents {
    let relations = Relations {
        requires_pre: vec![Relation::at_least("consignee", "0.1.0")],
        requires: vec![Relation::any("python3"), Relation::exactly("acme-erp-web", "1.2.0~rc.1-1")],
        recommends: vec![Relation::any("acme-erp-docs")],
        conflicts: vec![Relation::before("acme-old", "1.2.0~rc.1-1")],
        ..Relations::default()
    };
    let scripts = Scripts { pre: Some("exit 0\n".into()), posttrans: Some("exit 0\n".into()), ..Scripts::default() };
    let trigger = TransactionTrigger { below: "/usr/share/consignee/plans".into(), script: "exit 0\n".into() };
    PackageContents {
        msi: None,
        name: "acme-erp".parse().unwrap(),
        native: NativeVersions { rpm: Some("1.2.0~rc.1-1".to_owned()), ..NativeVersions::default() },
        architecture: Architecture::Amd64,
        maintainer: "Acme <packages@acme.example>".to_owned(),
        section: "misc".to_owned(),
        priority: "optional".to_owned(),
        summary: "example ERP".to_owned(),
        description: "One paragraph.\n\nAnother.".to_owned(),
        homepage: Some("https://acme.example".to_owned()),
        copyright: Copyright { holder: "Acme".to_owned(), license: "MIT".to_owned(), text: None },
        release: Release { changes: vec!["Version 1.2.0-rc.1.".to_owned()] },
        payload,
        deb: consign::package::deb::DebControl::default(),
        rpm: RpmControl { relations, scripts, trigger: Some(trigger), ..RpmControl::default() },
    }
}

/// Owners other than root, a file with three names, a link, an empty folder, configuration, notes.
fn payload(folder: &Path) -> StagedTree {
    let mut tree = StagedTree::default();
    let file = |text: &str, config| Node::File { source: Source::Bytes(text.as_bytes().to_vec()), config };
    let add = |tree: &mut StagedTree, path: &str, attributes, node| tree.add(path, Entry { attributes, node }).unwrap();
    add(&mut tree, "/etc/acme/erp.conf", Attributes::root(0o640), file("port = 1\n", true));
    tree.add_bytes("/opt/acme/bin/erp", b"#!/bin/sh\nexit 0\n".to_vec(), 0o755).unwrap();
    for name in ["erp-2", "erp-3"] {
        let link = Node::HardLink { to: "opt/acme/bin/erp".to_owned() };
        add(&mut tree, &format!("/opt/acme/bin/{name}"), Attributes::root(0o755), link);
    }
    add(&mut tree, "/opt/acme/current", Attributes::root(0o777), Node::Symlink { target: "bin/erp".into() });
    tree.add_bytes("/usr/share/doc/acme-erp/notes/1.2.0.en.md", b"# Note\n".to_vec(), 0o644).unwrap();
    tree.add_bytes("/usr/share/consignee/plans/acme-erp.pgp", b"plan".to_vec(), 0o644).unwrap();
    let large = folder.join("large");
    fs::write(&large, (0..300_000u32).flat_map(|n| (n / 7).wrapping_mul(n).to_be_bytes()).collect::<Vec<_>>()).unwrap();
    let source = Source::Path { path: large.clone(), size: fs::metadata(&large).unwrap().len() };
    add(&mut tree, "/opt/acme/large", Attributes::root(0o444), Node::File { source, config: false });
    let daemon = Attributes { owner: "daemon".to_owned(), group: "adm".to_owned(), mode: 0o750 };
    tree.add_folder("/var/lib/acme", daemon).unwrap();
    tree
}

/// A copy of a package that differs in one byte.
pub fn flipped(package: &Path, at: u64) -> PathBuf {
    let mut bytes = fs::read(package).unwrap();
    bytes[usize::try_from(at).unwrap()] ^= 1;
    let copy = package.with_extension("flipped.rpm");
    fs::write(&copy, bytes).unwrap();
    copy
}
