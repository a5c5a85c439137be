//! What cannot be wrapped, each with its reason.

use std::fs;
use std::path::{Path, PathBuf};

use consign_metadata::rpm::RpmLayout;

use super::Plain;
use crate::packagers;
use crate::wrap::Foreign;

fn refusal(foreign: &Foreign, plain: &Plain<'_>) -> String {
    foreign.refusal(&[plain.build(foreign.folder.path())])
}

#[test]
fn what_is_no_part_of_the_release_is_refused() {
    let foreign = Foreign::new();
    let old = refusal(&foreign, &Plain { version: "1.0.0", ..Plain::default() });
    assert!(old.contains("its version is 1.0.0-1, and the manifest's is 1.1.0"), "{old}");
    let other = refusal(&foreign, &Plain { name: "acme-other", ..Plain::default() });
    assert!(other.contains("the manifest has no module acme-other"), "{other}");
    let package = Plain::default().build(foreign.folder.path());
    let twice = foreign.refusal(&[package.clone(), package.clone()]);
    assert!(twice.contains("it was given twice"), "{twice}");
    let wrapped = foreign.wrap(&package).path().to_owned();
    let again = foreign.refusal(&[wrapped]);
    assert!(again.contains("it was made by consign already"), "{again}");
}

#[test]
fn what_could_not_be_kept_is_refused_with_what_to_do() {
    let foreign = Foreign::new();
    let refused = |header: &str| refusal(&foreign, &Plain { header, ..Plain::default() });
    let epoch = refused("Epoch: 1");
    assert!(epoch.contains("it has an epoch"), "{epoch}");
    let architecture = refusal(&foreign, &Plain { target: Some("s390x"), ..Plain::default() });
    assert!(architecture.contains("it is for s390x, for which there is no agent"), "{architecture}");
    let md5 = refused("%global _binary_filedigest_algorithm 1");
    assert!(md5.contains("it has no SHA-256 of its files"), "{md5}");
    for (payload, name) in [("w2.lzdio", "lzma"), ("w2.bzdio", "bzip2")] {
        let said = refusal(&foreign, &Plain { payload, ..Plain::default() });
        assert!(
            said.contains(&format!("has a payload compressed with {name}; of these only gzip, xz, zstd")),
            "{said}"
        );
    }
}

#[test]
fn a_source_package_is_refused() {
    let foreign = Foreign::new();
    let folder = foreign.folder.path();
    fs::write(
        folder.join("small.spec"),
        "Name: acme-ledger\nVersion: 1.1.0\nRelease: 1\nSummary: x\nLicense: MIT\n%description\n",
    )
    .unwrap();
    let top = folder.to_str().unwrap();
    let define = [format!("_topdir {top}"), format!("_srcrpmdir {top}")];
    packagers::run(
        "rpmbuild",
        &["-bs", "--quiet", "--define", &define[0], "--define", &define[1], "small.spec"],
        folder,
    );
    let said = foreign.refusal(&[folder.join("acme-ledger-1.1.0-1.src.rpm")]);
    assert!(said.contains("it is no .rpm that can be wrapped: it is a source package"), "{said}");
}

#[test]
fn a_path_of_theirs_where_ours_must_go_is_refused() {
    let foreign = Foreign::new();
    let package = packagers::rpmbuild("1.1.0", 1, foreign.folder.path(), |spec| {
        let spec = spec
            .replace("%pre -p", "install -D /dev/null %{buildroot}/usr/share/consignee/plans/acme-ledger.pgp\n%pre -p");
        spec.replace("%files", "%files\n/usr/share/consignee/plans/acme-ledger.pgp")
    });
    let said = foreign.refusal(&[package]);
    assert!(
        said.contains("plans/acme-ledger.pgp is to be added, and the package installs something else there"),
        "{said}"
    );
}

/// A .deb has the notes in its control archive as well.
#[test]
fn documentation_that_is_a_link_leaves_the_notes_no_place_and_is_refused() {
    let foreign = Foreign::new();
    let package = packagers::rpmbuild("1.1.0", 1, foreign.folder.path(), |spec| {
        let link =
            "mkdir -p %{buildroot}/usr/share/doc && ln -s common %{buildroot}/usr/share/doc/acme-ledger\n%pre -p";
        spec.replace("%pre -p", link).replace("%files", "%files\n/usr/share/doc/acme-ledger")
    });
    let said = foreign.refusal(&[package]);
    assert!(said.contains("it installs no folder at /usr/share/doc/acme-ledger, where the release notes go"), "{said}");
}

/// Where each part of a package begins.
fn parts(package: &Path) -> [usize; 4] {
    let mut file = fs::File::open(package).unwrap();
    let layout = RpmLayout::read(&mut file).unwrap();
    let (header, payload) = (layout.header_range(), layout.payload_range());
    [96, header.start, payload.start, payload.end].map(|place| usize::try_from(place).unwrap())
}

#[test]
fn a_package_that_is_cut_anywhere_or_changed_is_refused() {
    let foreign = Foreign::new();
    let package = Plain::default().build(foreign.folder.path());
    let whole = fs::read(&package).unwrap();
    let [signature, header, payload, end] = parts(&package);
    let write = |bytes: &[u8]| -> PathBuf {
        let copy = foreign.at("cut.rpm");
        fs::write(&copy, bytes).unwrap();
        copy
    };
    for at in
        [10, signature, signature + 8, signature + 40, header, header + 8, header + 400, payload, payload + 9, end - 1]
    {
        let said = foreign.refusal(&[write(&whole[..at])]);
        assert!(
            said.contains("cannot use ") && !foreign.at("dist").join("acme-ledger-1.1.0-1.noarch.rpm").exists(),
            "{at}: {said}"
        );
    }
    let mut changed = whole.clone();
    changed[payload + 1000] ^= 1;
    let said = foreign.refusal(&[write(&changed)]);
    assert!(said.contains("its payload is not the one that was signed"), "{said}");
}
