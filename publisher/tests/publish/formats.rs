//! Releases as debs, as rpms, and as both.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign::feed;
use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, Shard};
use consign_metadata::name::ProductId;

use crate::apt::Apt;
use crate::dnf::Dnf;
use crate::nginx::Nginx;
use crate::project::{Project, err, ok, out};
use crate::yum::{compare_with_createrepo, key};

pub const BOTH: &str = "formats = [\"deb\", \"rpm\"]\n";
const RPM: &str = "formats = [\"rpm\"]\n";

fn in_formats(formats: &'static str) -> (Project, Nginx) {
    let mut project = Project::new();
    let server = Nginx::of(&project.public());
    (project.url, project.formats) = (server.url(), formats);
    (project, server)
}

fn read_feed(project: &Project) -> (Feed, Shard) {
    let trust = Trust::beside(&project.certificate()).unwrap();
    let store = DirectoryStore::at(project.public());
    let (vendor, keys) = ("acme".parse().unwrap(), trust.keyring(Role::Index).unwrap());
    let head = feed::head(&store, &vendor, &"stable".parse().unwrap(), &keys).unwrap().unwrap().feed;
    let (product, file) = head.shards.iter().next().unwrap();
    let shard = feed::shard(&store, &ProductId { vendor, product: product.clone() }, file).unwrap();
    (head, shard)
}

fn of_format(packages: &[PathBuf], extension: &str) -> String {
    let own = packages.iter().find(|path| path.extension().is_some_and(|found| found == extension));
    own.unwrap_or_else(|| panic!("no {extension} in {packages:?}")).display().to_string()
}

#[track_caller]
fn verified(project: &Project) {
    let verified = project.verify(&[]);
    assert!(verified.status.success(), "{}{}", out(&verified), err(&verified));
}

fn available(project: &Project, server: &Nginx) -> String {
    let dnf = Dnf::new(&format!("mirrorlist={}/yum/stable/mirrors", server.url()), &key(project));
    dnf.says(&["repoquery", "--showduplicates", "acme-erp"])
}

#[test]
fn one_publication_carries_both_formats_of_a_release() {
    let (project, server) = in_formats(BOTH);
    project.build("erp", "1.0.0");
    project.published(&[]);
    let (feed, shard) = read_feed(&project);
    let entry_points: Vec<_> = feed.entry_points.current.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(entry_points, ["dists/stable/InRelease", "yum/stable/g/1/repodata/repomd.xml"]);
    let packages = shard.releases[0].packages.iter();
    let natives: Vec<_> =
        packages.map(|p| (p.architecture.as_str(), p.native.deb.as_deref(), p.native.rpm.as_deref())).collect();
    assert_eq!(natives, [("all", Some("1.0.0-1"), None), ("noarch", None, Some("1.0.0-1"))]);

    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    assert_eq!(available(&project, &server), "acme-erp-0:1.0.0-1.noarch\n");
    verified(&project);
    compare_with_createrepo(&project, "1");

    // The next one names this one as the generation before.
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    let (next, _) = read_feed(&project);
    assert_eq!(next.entry_points.previous, feed.entry_points.current);
    assert_eq!(available(&project, &server), "acme-erp-0:1.0.0-1.noarch\nacme-erp-0:1.1.0-1.noarch\n");
    verified(&project);
}

#[test]
fn the_formats_of_a_release_may_come_one_after_the_other() {
    let (project, server) = in_formats(BOTH);
    let packages = project.build("erp", "1.0.0");
    project.published(&[&of_format(&packages, "deb")]);
    assert!(!project.public().join("yum").exists(), "without an rpm there is no yum repository");
    verified(&project);
    project.published(&[&of_format(&packages, "rpm")]);
    assert_eq!(read_feed(&project).1.releases[0].packages.len(), 2);
    assert_eq!(available(&project, &server), "acme-erp-0:1.0.0-1.noarch\n");
    verified(&project);
}

#[test]
fn a_release_may_have_rpms_only() {
    let (project, server) = in_formats(RPM);
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);
    assert_eq!(available(&project, &server), "acme-erp-0:1.0.0-1.noarch\nacme-erp-0:1.1.0-1.noarch\n");
    verified(&project);
}

#[test]
fn formats_of_one_release_with_different_plans_are_refused() {
    let (project, _server) = in_formats(BOTH);
    let deb = of_format(&project.build("erp", "1.0.0"), "deb");
    let kept = project.path("kept.deb");
    std::fs::copy(deb, &kept).unwrap();
    project.note("1.0.0", "An edited note is another plan.");
    let rpm = of_format(&project.build("erp", "1.0.0"), "rpm");
    let together = project.publish(&[kept.to_str().unwrap(), &rpm]);
    assert_eq!(together.status.code(), Some(3));
    assert!(err(&together).contains("it carries another upgrade plan than"), "{}", err(&together));
    project.published(&[kept.to_str().unwrap()]);
    let before = project.files();
    let later = project.publish(&[&rpm]);
    assert_eq!(later.status.code(), Some(3));
    assert!(err(&later).contains("it was published with another upgrade plan"), "{}", err(&later));
    assert_eq!(project.files(), before);
}

#[test]
fn a_module_that_lacks_one_of_the_formats_is_missing() {
    let (project, _server) = in_formats(BOTH);
    let more = "[[module]]\npackage = \"acme-erp-data\"\nfiles = [{ from = \"app/\", to = \"/opt/acme-erp-data\" }]\n";
    let mut packages = project.build_with("erp", "1.0.0", more, &[]);
    packages.retain(|path| !path.to_str().unwrap().contains("acme-erp-data-1.0.0"));
    assert_eq!(packages.len(), 3);
    let packages: Vec<_> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    let refused = project.publish(&packages);
    assert_eq!(refused.status.code(), Some(3));
    assert!(err(&refused).contains("its module acme-erp-data is missing"), "{}", err(&refused));
}

/// The files of an rpm, unpacked.
fn unpacked(rpm: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let unpack = format!("rpm2cpio '{}' | cpio -idm --quiet", rpm.display());
    ok(Command::new("sh").args(["-c", &unpack]).current_dir(folder));
}

#[test]
fn the_release_package_subscribes_a_host_to_its_own_packages_by_its_own_keys() {
    let (project, server) = in_formats(BOTH);
    project.build("erp", "1.0.0");
    project.published(&[]);
    let rpm = project.public().join("acme-release.rpm");
    let host = project.path("host");
    unpacked(&rpm, &host);
    let repository = std::fs::read_to_string(host.join("etc/yum.repos.d/acme-stable.repo")).unwrap();
    let list = format!("mirrorlist={}/yum/stable/mirrors\n", server.url());
    let wanted = [&list, "\nrepo_gpgcheck=1\n", "\ngpgcheck=1\n", "\nskip_if_unavailable=0\n"];
    assert!(wanted.iter().all(|line| repository.contains(*line)), "{repository}");
    assert!(repository.contains("\nincludepkgs=acme-erp acme-release consignee\n"), "{repository}");
    let of_zypper = std::fs::read_to_string(host.join("etc/zypp/repos.d/acme-stable.repo")).unwrap();
    let wanted = [&list, "\nautorefresh=1\n", "\ngpgcheck=1\n", "\nrepo_gpgcheck=1\n", "\npkg_gpgcheck=1\n"];
    assert!(wanted.iter().all(|line| of_zypper.contains(*line)), "{of_zypper}");
    let flags = ok(Command::new("rpm").args(["-qp", "--configfiles"]).arg(&rpm));
    assert_eq!(out(&flags), "/etc/yum.repos.d/acme-stable.repo\n/etc/zypp/repos.d/acme-stable.repo\n");
    assert!(host.join("usr/share/consignee/vendors/acme/anchor.json").exists());
    // With these keys and no other.
    let key = host.join("etc/pki/rpm-gpg/RPM-GPG-KEY-acme");
    let dnf = Dnf::new(list.trim_end(), &key);
    let refreshed = dnf.makecache();
    assert!(refreshed.status.success(), "{}", err(&refreshed));
    // The same content again is the same package.
    let published = project.published(&["--renew"]);
    let swapped = published["swap"].to_string();
    assert!(!swapped.contains("acme-release") && !swapped.contains("yum/"), "{swapped}");
}
