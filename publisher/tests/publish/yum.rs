//! A yum repository beside the apt one: what is written, and what its clients make of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign::trust::{Trust, armored};

use crate::dnf::Dnf;
use crate::nginx::Nginx;
use crate::project::{Project, err, ok, out};

/// The certificate as dnf wants it.
pub fn key(project: &Project) -> PathBuf {
    let certificate = Trust::beside(&project.certificate()).unwrap().certificate;
    let path = project.path("certificate.asc");
    std::fs::write(&path, armored(&certificate).unwrap()).unwrap();
    path
}

/// A project whose hosts find it at a web server.
pub fn hosted() -> (Project, Nginx) {
    let mut project = Project::new();
    let server = Nginx::of(&project.public());
    project.url = server.url();
    (project, server)
}

/// Publishes packages that are no files of the manifest's own.
#[track_caller]
pub fn publish(project: &Project, packages: &[&Path]) -> serde_json::Value {
    let packages: Vec<_> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    project.published(&packages)
}

pub fn repodata(project: &Project, generation: &str) -> PathBuf {
    project.public().join(format!("yum/stable/g/{generation}/repodata"))
}

#[test]
fn dnf_reads_two_versions_through_the_list_and_through_the_folder() {
    let (project, server) = hosted();
    let first = project.rpm("1.0.0", "keys");
    publish(&project, &[&first]);
    project.note("1.1.0", "# Erp 1.1\n\nThe <second> release.\n\nMore of it.");
    let second = project.rpm("1.1.0", "keys");
    publish(&project, &[&second]);

    let key = key(&project);
    let list = format!("mirrorlist={}/yum/stable/mirrors", server.url());
    let folder = format!("baseurl={}/yum/stable/g/latest/", server.url());
    for subscription in [list, folder] {
        let dnf = Dnf::new(&subscription, &key);
        let found = dnf.says(&["repoquery", "--showduplicates", "acme-*"]);
        let found: BTreeSet<_> = found.lines().collect();
        let both = ["acme-erp-0:1.0.0-1.noarch", "acme-erp-0:1.1.0-1.noarch", "acme-release-0:1-1.noarch"];
        assert_eq!(found, both.into(), "{subscription}");
        let downloaded = dnf.download("acme-erp", &key);
        assert_eq!(std::fs::read(&downloaded).unwrap(), std::fs::read(&second).unwrap());
        assert!(dnf.says(&["repoquery", "--list", "acme-erp"]).contains("/opt/acme-erp/erp"));
        assert!(dnf.says(&["repoquery", "--changelogs", "acme-erp"]).contains("Changed."));
        dnf.says(&["install", "acme-erp-1.0.0"]);
        let told = dnf.says(&["updateinfo", "info", "--available", "acme:erp-1.1.0"]);
        assert!(told.contains("The <second> release.") && told.contains("enhancement"), "{told}");
        dnf.says(&["upgrade"]);
        assert!(dnf.says(&["repoquery", "--installed"]).contains("acme-erp-0:1.1.0-1.noarch"));
    }
    let requests = server.requests();
    assert!(!requests.contains(" 404 "), "{requests}");
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
}

#[test]
fn rpmlint_finds_nothing_in_the_introduction_without_a_reason() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    assert_eq!(
        crate::rpmlint::complaints(&project.public().join("pool/main/a/acme-release/acme-release-1-1.noarch.rpm")),
        [""; 0]
    );
}

#[test]
fn a_generation_is_signed_beside_and_never_changes() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    let first = repodata(&project, "1");
    let certificate = project.certificate();
    ok(Command::new("gpgv")
        .arg("--keyring")
        .arg(&certificate)
        .args([first.join("repomd.xml.asc"), first.join("repomd.xml")]));
    let before = project.files();
    project.note("1.1.0", "The second release.");
    let published = publish(&project, &[&project.rpm("1.1.0", "keys")]);
    let after = project.files();
    for (name, bytes) in before.iter().filter(|(name, _)| name.starts_with("yum/stable/g/1/")) {
        assert_eq!(after.get(name), Some(bytes), "{name}");
    }
    let url = &project.url;
    assert_eq!(after["yum/stable/mirrors"], format!("{url}/yum/stable/g/2/\n").into_bytes());
    for name in ["repomd.xml", "repomd.xml.asc", "repomd.xml.key"] {
        assert_eq!(
            after[&format!("yum/stable/g/2/repodata/{name}")],
            after[&format!("yum/stable/g/latest/repodata/{name}")]
        );
    }
    let swapped: Vec<_> = published["swap"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let at = |name: &str| swapped.iter().position(|key| *key == name).unwrap_or_else(|| panic!("{name}: {swapped:?}"));
    assert!(at("dists/stable/InRelease") < at("yum/stable/mirrors"));
    assert!(at("yum/stable/mirrors") < at("yum/stable/g/latest/repodata/repomd.xml"));
    assert_eq!(swapped.last(), Some(&"consign/stable/feed.pgp"));
}

#[test]
fn what_says_the_same_stays_the_same_generation() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    let before = project.files();
    project.published(&["--renew"]);
    let after = project.files();
    let yum = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files
            .iter()
            .filter(|(name, _)| name.starts_with("yum/"))
            .map(|(n, b)| (n.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(yum(&before), yum(&after));
    assert!(project.verify(&[]).status.success());
}

#[test]
fn createrepo_c_says_the_same_of_the_same_packages() {
    let (project, _server) = hosted();
    publish(&project, &[&project.rpm("1.0.0", "keys")]);
    compare_with_createrepo(&project, "1");
}

/// What `createrepo_c` says of the same files, read by its own parser.
#[track_caller]
pub fn compare_with_createrepo(project: &Project, generation: &str) {
    let own = repodata(project, generation);
    let theirs = project.path("theirs");
    std::fs::create_dir(&theirs).unwrap();
    for (name, bytes) in project.files().iter().filter(|(name, _)| name.starts_with("pool/") && name.ends_with(".rpm"))
    {
        std::fs::write(theirs.join(name.rsplit('/').next().unwrap()), bytes).unwrap();
    }
    ok(Command::new("createrepo_c").args(["--quiet", "--no-database"]).arg(&theirs));
    let program = r#"
import createrepo_c as cr, sys
def read(repodata):
    repomd = cr.Repomd(repodata + "/repomd.xml")
    path = {record.type: repodata + "/" + record.location_href.split("/")[-1] for record in repomd.records}
    found = {}
    cr.xml_parse_primary(path["primary"], pkgcb=lambda p: found.__setitem__(p.pkgId, p), do_files=0)
    cr.xml_parse_filelists(path["filelists"], newpkgcb=lambda pkgid, name, arch: found[pkgid])
    cr.xml_parse_other(path["other"], newpkgcb=lambda pkgid, name, arch: found[pkgid])
    if "updateinfo" in path:
        print(len(cr.UpdateInfo(path["updateinfo"]).updates), file=sys.stderr)
    texts = ["name", "arch", "epoch", "version", "release", "summary", "description", "rpm_packager", "url",
        "rpm_license", "rpm_vendor", "rpm_group", "rpm_buildhost", "rpm_sourcerpm", "time_build", "size_package",
        "size_installed", "rpm_header_start", "rpm_header_end", "requires", "provides", "conflicts", "obsoletes",
        "suggests", "enhances", "recommends", "supplements", "files", "changelogs"]
    return {pkgid: {text: getattr(p, text) for text in texts} for pkgid, p in found.items()}
own, theirs = read(sys.argv[1]), read(sys.argv[2])
assert len(own) == 2, own
for pkgid in theirs:
    for text, value in theirs[pkgid].items():
        # It names a relation again where another of that name comes in between.
        plain = lambda value: sorted(set(map(str, value))) if isinstance(value, list) else value or None
        if plain(own[pkgid][text]) != plain(value):
            print(text, own[pkgid][text], value)
"#;
    let compared = ok(Command::new("/usr/bin/python3").args(["-c", program]).arg(&own).arg(theirs.join("repodata")));
    assert_eq!(out(&compared), "");
    assert_eq!(err(&compared), "1\n", "one release, one advisory");
}
