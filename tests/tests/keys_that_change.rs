//! A vendor's keys change, and hosts of every age go on: those that follow notice nothing, those that
//! were away are told what to type.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use consign_lab::{CANOPSIS, Outcome, Product, Release, Site, Vendor, lab};

/// The lists are updated; anything apt has to complain of is in the answer.
#[track_caller]
fn update(site: &Site) -> Outcome {
    site.host.apt_get(&["update"])
}

/// Nothing is said of keys, neither by apt nor by us.
#[track_caller]
fn quietly(outcome: &Outcome) {
    let text = outcome.text();
    for word in ["W: ", "E: ", "NO_PUBKEY", "EXPKEYSIG", "key that"] {
        assert!(!text.contains(word), "{word:?} in {outcome}");
    }
}

/// What is shown between the sentence and the end of its commands, typed as it stands.
#[track_caller]
fn type_what_is_shown(site: &Site, shown: &str) {
    let commands: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.starts_with("consignee: acme: "))
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .map(|line| line.trim().split("  ").next().unwrap_or_default())
        .collect();
    assert!(commands[0].ends_with(".feed/acme-release.deb"), "{shown}");
    for command in commands {
        let command = command.replace("apt install", "apt-get -y install").replace("apt update", "apt-get update");
        site.host.shell(&format!("cd /root && {command}"));
    }
}

fn project(vendor: &Vendor) -> PathBuf {
    vendor.project(Product::canopsis("3.25.0")).unwrap()
}

#[test]
fn a_host_of_debian_12_follows_a_rotation_without_a_word() {
    lab!();
    follows(Release::Bookworm);
}

#[test]
fn a_host_of_debian_13_follows_a_rotation_without_a_word() {
    lab!();
    follows(Release::Trixie);
}

fn follows(release: Release) {
    let (vendor, site) = Site::with_canopsis("follows", release, "3.25.0");
    let project = project(&vendor);
    let client = site.client();
    for (phase, version) in [("add", "2"), ("both", "2"), ("new", "2")] {
        vendor.key(&["rotate", phase]).unwrap();
        vendor.renew(&project).unwrap();
        quietly(&update(&site).expect_ok());
        site.host.apt_get(&["upgrade"]).expect_ok();
        assert_eq!(site.host.installed("acme-release").as_deref(), Some(version), "{phase}");
        site.wait_status(0);
    }
    vendor.key(&["rotate", "drop"]).unwrap();
    // The first package of the new key, from a host whose running version the old key signed.
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    quietly(&update(&site).expect_ok());
    site.clear_canopsis();
    let upgraded = site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "{upgraded}");
    assert_eq!(site.host.installed("acme-release").as_deref(), Some("3"));
    quietly(&update(&site).expect_ok());
    site.wait_status(0);
    site.nothing_was_lost(client);
}

#[test]
fn a_host_of_debian_12_that_was_away_is_told_the_way_through() {
    lab!();
    was_away(Release::Bookworm);
}

#[test]
fn a_host_of_debian_13_that_was_away_is_told_the_way_through() {
    lab!();
    was_away(Release::Trixie);
}

fn was_away(release: Release) {
    let (vendor, site) = Site::with_canopsis("was-away", release, "3.25.0");
    let project = project(&vendor);
    let client = site.client();
    for phase in ["add", "both", "new", "drop"] {
        vendor.key(&["rotate", phase]).unwrap();
        vendor.renew(&project).unwrap();
    }
    vendor.release(Product::canopsis("3.26.0")).unwrap();

    let away = update(&site);
    assert!(away.text().contains("consignee: acme: the channel stable at http://127.0.0.1:8081/ is signed by a key that this host does not know"), "{away}");
    // Everything else on the host goes on, and the product does too.
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let status = site.wait_status(3);
    let of_all = site.host.exec(&["consignee", "status", "--json"]).expect_code(3);
    assert!(of_all.stdout.contains("\"notice\": \"key-unknown\""), "{of_all}");

    type_what_is_shown(&site, &status.stdout);
    quietly(&update(&site).expect_ok());
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn a_repository_in_the_hands_of_strangers_is_never_to_be_trusted() {
    lab!();
    let (vendor, mut site) = Site::with_canopsis("strangers", Release::Trixie, "3.25.0");
    let strangers = Vendor::new("acme").unwrap();
    strangers.release(Product::canopsis("3.26.0")).unwrap();
    site.serve_again(&strangers).unwrap();
    let warned = |site: &Site, why: &str| {
        let said = update(site).text();
        let ours = said.lines().find(|line| line.starts_with("consignee: acme: ")).unwrap_or_else(|| panic!("{said}"));
        assert!(ours.contains("install nothing from there") && ours.contains(why), "{ours}");
        assert!(!said.contains("apt install") && !said.contains("is offered"), "{said}");
        assert!(!site.host.exists("/var/lib/consignee/acme/.feed/acme-release.deb"));
        site.wait_status(3);
    };
    warned(&site, "its primary key is ");
    // They have copied the certificate, which is public: their package is still theirs.
    fs_err::copy(vendor.keys().join("certificate.pgp"), strangers.repository().join("consign/certificate.pgp"))
        .unwrap();
    warned(&site, "carries no good signature");
    // They hold the key of the indexes, which lives in a pipeline: that is not enough either.
    sign_release_package(&strangers, &vendor.keys().join("index.secret.pgp"));
    warned(&site, "carries no good signature");
    site.serve_again(&vendor).unwrap();
    quietly(&update(&site).expect_ok());
    site.wait_status(0);
}

/// The package at the root of the repository, signed again by another key.
fn sign_release_package(vendor: &Vendor, key: &std::path::Path) {
    let package = vendor.release_package();
    let folder = tempfile::tempdir().unwrap();
    let ar = |act: &str, members: &[&str]| {
        let mut command = Command::new("ar");
        let done = command.current_dir(folder.path()).arg(act).arg(&package).args(members).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    ar("x", &[]);
    let mut signed = Vec::new();
    for member in ["debian-binary", "control.tar.gz", "data.tar.gz"] {
        signed.extend(fs_err::read(folder.path().join(member)).unwrap());
    }
    fs_err::write(folder.path().join("signed"), signed).unwrap();
    let gpg = Gpg::new();
    gpg.run(&["--import", &key.display().to_string()]);
    let (output, input) = (folder.path().join("_gpgorigin"), folder.path().join("signed"));
    gpg.run(&["--armor", "--detach-sign", "--output", &output.display().to_string(), &input.display().to_string()]);
    ar("rS", &["_gpgorigin"]);
}

#[test]
fn the_end_of_a_key_is_announced_in_time_and_a_later_date_answers_it() {
    lab!();
    let short = ["--algorithm", "ed25519", "--no-passphrase", "--valid-days", "30"];
    let vendor = Vendor::with_keys("acme", &["new"], &short).unwrap();
    let project = project(&vendor);
    vendor.release_project(&project).unwrap();
    let site = Site::open("announced", Release::Trixie, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);

    let said = update(&site).expect_ok();
    assert!(said.text().contains("consignee: acme: the key that signs its index expires on "), "{said}");
    assert!(said.text().contains("consignee: acme: the key that signs its packages expires on "), "{said}");
    // It is a word in time, no alarm.
    let status = site.wait_status(0);
    assert!(status.stdout.contains("expires on ") && status.stdout.contains("acme-release"), "{status}");
    let published = vendor.renew(&project).unwrap();
    assert!(published.stderr.contains("expires in 29 days"), "{published}");

    vendor.key(&["extend"]).unwrap();
    let published = vendor.renew(&project).unwrap();
    assert!(!published.stderr.contains("expires in"), "{published}");
    update(&site).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("acme-release").as_deref(), Some("2"));
    quietly(&update(&site).expect_ok());
    assert!(!site.wait_status(0).stdout.contains("expires"));
}

#[test]
fn a_host_of_debian_12_whose_copy_of_the_key_has_expired_is_told_the_way_through() {
    lab!();
    expired_copy(Release::Bookworm);
}

#[test]
fn a_host_of_debian_13_whose_copy_of_the_key_has_expired_is_told_the_way_through() {
    lab!();
    expired_copy(Release::Trixie);
}

/// The key is one that gpg made, imported; the vendor has given it more time, and the host was away then.
fn expired_copy(release: Release) {
    let gpg = Gpg::new();
    gpg.run(&[
        "--faked-system-time=20250101T000000!",
        "--quick-gen-key",
        "Acme <a@acme.example>",
        "ed25519",
        "cert",
        "0",
    ]);
    let primary = gpg.fingerprints().remove(0);
    for expires in ["20260101T000000", "0"] {
        gpg.run(&["--faked-system-time=20250101T000000!", "--quick-add-key", &primary, "ed25519", "sign", expires]);
    }
    let (index, package) = (gpg.fingerprints().remove(1), gpg.fingerprints().remove(2));
    let expired = gpg.run(&["--export", &primary]);
    gpg.run(&["--quick-set-expire", &primary, "2y", &index]);
    let file = gpg.home.path().join("secret.pgp");
    fs_err::write(&file, gpg.run(&["--export-secret-keys", &primary])).unwrap();
    let file = file.display().to_string();
    let roles = ["--index-key", &index, "--package-key", &package];
    let vendor = Vendor::with_keys("acme", &["import", &file], &roles).unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("expired", release, &vendor, CANOPSIS).unwrap();
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();
    quietly(&update(&site).expect_ok());

    for copy in ["/usr/share/consignee/vendors/acme/certificate.pgp", "/usr/share/keyrings/acme-archive-keyring.pgp"] {
        site.host.write(copy, &expired, 0o644);
    }
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let away = update(&site);
    assert!(away.text().contains("the key that signs its index expired on 2026-01-01"), "{away}");
    let status = site.wait_status(3);
    type_what_is_shown(&site, &status.stdout.replace("apt install /", "apt install --reinstall /"));
    quietly(&update(&site).expect_ok());
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

/// GnuPG with a home of its own.
struct Gpg {
    home: tempfile::TempDir,
}

impl Gpg {
    fn new() -> Gpg {
        let home = tempfile::tempdir().unwrap();
        fs_err::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        Gpg { home }
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path());
        command.args(["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn fingerprints(&self) -> Vec<String> {
        let listed = String::from_utf8(self.run(&["--with-colons", "--list-keys"])).unwrap();
        let fields = listed.lines().filter(|line| line.starts_with("fpr:"));
        fields.filter_map(|line| line.split(':').nth(9)).map(str::to_owned).collect()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ended = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}
