//! A host that has nothing: what it needs to take over a medium, and to live on it, the medium carries, and a person
//! types what the leaflet says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use consign_lab::{
    BaseSystem, CANOPSIS, Host, Lab, MIRROR, Outcome, Product, Release, RpmSystem, SITE, Site, Vendor, lab, program,
};

const STICK: &str = "/media/stick";
const READER: &str = "/media/stick/consign-medium/consign";

/// A medium with everything that the vendor has published, and with this program.
fn medium(vendor: &Vendor, site: &Site, folder: &Path, reader: &Path) -> PathBuf {
    let (mirror, medium) = (folder.join("mirror"), folder.join("medium"));
    vendor.carry(&site.host, &mirror).unwrap();
    let [from, to, reader] = [&mirror, &medium, reader].map(|path| path.display().to_string());
    vendor.consign(&["mirror", "export", &from, "--to", &to, "--reader", &reader]).unwrap();
    medium
}

/// Mounts it as sticks are: nothing is written to it, and nothing runs from it.
fn plug_in(host: &Host, medium: &Path) {
    host.copy_in(medium, "/srv/stick");
    host.shell(&format!(
        "chmod -R a-x,a+X /srv/stick; mkdir -p {STICK}; mount --bind /srv/stick {STICK}
         mount -o remount,bind,ro,noexec,nosuid,nodev {STICK}"
    ));
    assert_eq!(host.exec(&[READER, "--version"]).code, 126, "nothing runs from a stick");
}

/// The commands of the leaflet, with what a person puts in the place of its words in capitals.
fn commands(host: &Host, leaflet: &str, words: [&str; 2]) -> Vec<String> {
    let leaflet = host.read(&format!("{STICK}/consign-medium/{leaflet}"));
    let [medium, mirror] = words;
    let (address, _) = SITE.split_once(':').unwrap();
    let typed = leaflet.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.contains(' '));
    typed.map(|line| line.trim_end().replace(medium, STICK).replace(mirror, address)).collect()
}

/// Copies the program, imports, and serves, as the leaflet says it.
fn follow(host: &Host, [install, import, serve]: &[String; 3]) {
    host.shell(install);
    let imported = type_in(host, import);
    assert!(imported.text().contains("generation 1"), "{imported}");
    host.shell(&format!("systemd-run --quiet --unit=mirror -- {serve}"));
    let feed = format!("http://127.0.0.1:{MIRROR}/consign/stable/feed.pgp");
    host.wait_until("the mirror answers", Duration::from_secs(30), || {
        host.network().get(&feed).ok().filter(|answer| answer.status == 200).map(drop)
    });
}

/// Where the vendor's certificate lies, which came another way.
fn type_in(host: &Host, command: &str) -> Outcome {
    host.ok(&["sh", "-ec", &format!("cd /root/vendor && {command}")])
}

fn begins_with_a_stick(system: impl Into<BaseSystem>, vendor: &Vendor, reader: &Path) {
    let site = Site::bare("reader", system, CANOPSIS).unwrap();
    let host = &site.host;
    let folder = tempfile::tempdir().unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    plug_in(host, &medium(vendor, &site, folder.path(), reader));
    for file in ["certificate.pgp", "roles.json"] {
        host.copy_in(vendor.keys().join(file), &format!("/root/vendor/{file}"));
    }
    assert!(!host.exec(&["sh", "-c", "command -v consign"]).success(), "it has none of its own");
    let typed = commands(host, "READ-ME.txt", ["MEDIUM", "MIRROR"]);
    assert_eq!(commands(host, "LISEZ-MOI.txt", ["SUPPORT", "MIROIR"]), typed);
    follow(host, &typed.try_into().unwrap());
    assert!(type_in(host, "consign verify /srv/mirror --certificate certificate.pgp").success());

    host.shell(&format!("umount {STICK}"));
    site.introduce_by(&format!("/srv/mirror/{}", site.release_package()));
    site.point_at(SITE);
    site.begin("canopsis");
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    host.assert_packages_sound();
}

#[test]
fn a_bare_debian_12_becomes_a_mirror_and_lives_on_it_by_what_the_leaflet_says() {
    lab!();
    begins_with_a_stick(Release::Bookworm, &Vendor::new("acme").unwrap(), &program("consign"));
}

/// As `scripts/reader` builds it, for sites whose system nobody has asked for.
#[test]
fn a_reader_that_is_linked_statically_runs_on_a_host_of_dnf_with_another_library() {
    lab!(Lab::has_rpm());
    let root = Lab::repository();
    let built = Command::new(root.join("scripts/reader")).arg("--for-lab").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let reader = root.join("target/reader/consign");
    begins_with_a_stick(RpmSystem::Dnf5, &Vendor::new("acme").unwrap().with_rpms(), &reader);
}
