//! What hosts of rpm read of version 3: a package, a generation of a yum repository, a feed that names rpms.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::process::Command;

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, Shard};
use consign_metadata::plan::{UpgradePlan, installed_path};
use consign_metadata::rpm::{RpmLayout, tag};

use crate::fixture::{BOTH, position, turned};

const NAME: &str = "canopsis";
const PACKAGE: &str = "repository/pool/main/c/canopsis/canopsis-3.26.0-1.noarch.rpm";
/// What a gate reads at most.
const MAXIMUM: u64 = 1024 * 1024;

/// Whether the bytes are a package of the vendor's, payload included.
fn is_good(bytes: &[u8], role: Role) -> bool {
    let mut file = Cursor::new(bytes);
    let Ok(layout) = RpmLayout::read(&mut file) else { return false };
    let Ok(verified) = layout.verify(&mut file, &BOTH.keys(role)) else { return false };
    layout.verify_payload(&mut file, &verified.header).is_ok()
}

#[test]
fn an_rpm_carries_its_plan_first_and_its_signature() {
    let bytes = BOTH.read(PACKAGE);
    assert!(is_good(&bytes, Role::Package) && !is_good(&bytes, Role::Index));
    let mut file = Cursor::new(&bytes);
    let layout = RpmLayout::read(&mut file).unwrap();
    let verified = layout.verify(&mut file, &BOTH.keys(Role::Package)).unwrap();
    assert!(BOTH.anchor().keys_of(Role::Package).contains(&verified.signer));
    let header = verified.header;
    assert_eq!((header.name(), header.native_version().as_str()), ("canopsis", "3.26.0-1"));
    let first =
        layout.first_entries(&mut file, &header, MAXIMUM, |path| path == installed_path(&NAME.parse().unwrap()));
    let first = first.unwrap();
    assert_eq!((first.len(), &first[0].bytes), (1, &BOTH.read("documents/plan.pgp")));
    assert_eq!(header.texts(tag::RECOMMEND_NAMES), ["(curl or wget)"]);
    let needs: BTreeSet<&str> = header.requires().iter().map(|needed| needed.name).collect();
    assert!(needs.is_superset(&["consignee", "/usr/sbin/useradd"].into()), "{needs:?}");
    let provides: BTreeSet<&str> = header.provides().iter().map(|given| given.name).collect();
    assert!(provides.contains("user(canopsis)"), "{provides:?}");
    let payload = usize::try_from(layout.payload_range().start).unwrap();
    let signed = usize::try_from(layout.header_range().start).unwrap();
    for at in [signed + 20, signed + 900, payload + 30, bytes.len() - 3] {
        assert!(!is_good(&turned(&bytes, at), Role::Package), "byte {at}");
    }
}

#[test]
fn the_real_rpm_takes_it_by_the_vendors_key() {
    let database = tempfile::tempdir().unwrap();
    let define = format!("_dbpath {}", database.path().display());
    let key = database.path().join("key.asc");
    let list = BOTH.text("repository/yum/stable/g/2/repodata/repomd.xml.key");
    fs_err::write(&key, list).unwrap();
    let keys =
        |arguments: &[&str]| Command::new("rpmkeys").args(["--define", &define]).args(arguments).output().unwrap();
    assert!(keys(&["--import", key.to_str().unwrap()]).status.success());
    let said = keys(&["-K", BOTH.path(PACKAGE).to_str().unwrap()]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.trim_end().ends_with("digests signatures OK"), "{said}");
}

#[test]
fn the_plan_and_the_feed_name_the_version_in_each_format() {
    let plan = UpgradePlan::parse(&BOTH.read("documents/plan.json")).unwrap();
    let native = &plan.body.modules[0].native;
    assert_eq!((native.deb.as_deref(), native.rpm.as_deref()), (Some("3.26.0-1"), Some("3.26.0-1")));
    let shard = Shard::parse(&BOTH.read("documents/shard.json"), &BOTH.id()).unwrap();
    for release in &shard.releases {
        let rpms: Vec<_> = release.packages.iter().filter(|package| package.native.rpm.is_some()).collect();
        let [rpm] = rpms[..] else { panic!("{release:?}") };
        assert_eq!(rpm.architecture, "noarch");
        let bytes = BOTH.read(&format!("repository/{}", rpm.file.path));
        assert_eq!((Sha256::of(&bytes), bytes.len() as u64), (rpm.file.sha256, rpm.file.size));
    }
}

#[test]
fn the_feed_knows_the_generation_that_the_list_leads_to() {
    let feed = Feed::parse(&BOTH.read("documents/feed.json"), &BOTH.id().vendor, &BOTH.channel()).unwrap();
    let list = BOTH.text("repository/yum/stable/mirrors");
    assert!(list.trim_end().ends_with("/yum/stable/g/2/") || list.trim_end().ends_with("/yum/stable/g/2"), "{list}");
    for folder in ["g/1", "g/2", "g/latest"] {
        let index = BOTH.read(&format!("repository/yum/stable/{folder}/repodata/repomd.xml"));
        assert!(feed.knows_entry_point(&Sha256::of(&index)), "{folder}");
        let spoilt = turned(&index, position(&index, "<revision>") + 10);
        assert!(!feed.knows_entry_point(&Sha256::of(&spoilt)));
    }
}

/// The generation, as dnf reads a folder: its own check of the signature, and of every package.
#[test]
fn dnf_reads_the_generation_and_finds_both_versions() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs_err::write(at("key.asc"), BOTH.text("repository/yum/stable/g/2/repodata/repomd.xml.key")).unwrap();
    let folder = BOTH.path("repository/yum/stable/g/2");
    let text = format!(
        "[main]\nplugins=0\nreposdir={0}\nvarsdir={0}\n[acme]\nname=Acme\nbaseurl=file://{1}\nrepo_gpgcheck=1\ngpgcheck=1\ngpgkey=file://{2}\n",
        at("nowhere").display(),
        folder.display(),
        at("key.asc").display()
    );
    fs_err::write(at("dnf.conf"), text).unwrap();
    let options = [format!("--config={}", at("dnf.conf").display()), format!("--installroot={}", at("root").display())];
    let output = Command::new("dnf")
        .args(options)
        .args(["--quiet", "--assumeyes", "--releasever=1", "repoquery", "--showduplicates", "canopsis"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let found: BTreeSet<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let both = ["canopsis-0:3.25.0-1.noarch", "canopsis-0:3.26.0-1.noarch"].map(str::to_owned);
    assert_eq!(found, both.into(), "{}", String::from_utf8_lossy(&output.stderr));
}
