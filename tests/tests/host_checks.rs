//! What the agent looks for on a host before an upgrade: each reason by name, all at once, and gone when the host is
//! in order.

use std::time::{Duration, Instant};

use consign_lab::{CANOPSIS, Lab, Outcome, Product, Release, RpmSystem, Site, TinyRpm, Vendor, lab};

const POLICY: &str = "/etc/consign/policy.toml";
const PACKAGES: &str = "/var/lib/consignee/acme/canopsis/packages";
const FILE: &str = "/opt/canopsis/bin/canopsis-engine";
const STRANGER: &str = "acme-report.service";

#[track_caller]
fn says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} is missing in {outcome}");
    }
}

/// A process beside the engines reads one of the product's files.
fn hold_a_file(site: &Site) {
    let script = format!("exec 3<{FILE}; exec sleep 600");
    site.host.ok(&["systemd-run", "--quiet", &format!("--unit={STRANGER}"), "sh", "-c", &script]);
    site.host.wait_until("the file is open", Duration::from_secs(30), || {
        site.host.exec(&["sh", "-c", "readlink /proc/[0-9]*/fd/3"]).stdout.contains(FILE).then_some(())
    });
}

/// The engines run, on the version that was there.
#[track_caller]
fn untouched(site: &Site) {
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(["main", "worker", "web"].map(|name| site.engine(name)), ["active"; 3]);
}

#[test]
fn every_reason_is_named_at_once_and_the_upgrade_goes_when_all_are_gone() {
    lab!();
    let (vendor, site) = Site::with_canopsis("host-checks", Release::Bookworm, "3.25.0");
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let client = site.client();
    site.host.write(POLICY, "[checks]\nreboot = \"refuse\"\n", 0o644);
    site.host.write("/run/reboot-required", "", 0o644);
    site.host.write("/run/reboot-required.pkgs", "linux-image-6.1.0-28-amd64\nlibc6\n", 0o644);
    hold_a_file(&site);
    // A file system of its own, too small for the package that is in apt's cache.
    site.host.shell(&format!("mkdir -p {PACKAGES} && mount -t tmpfs -o size=2M small {PACKAGES}"));
    let all = [
        "the side effect root-credentials-reset is not acknowledged",
        "the host waits for a reboot, because of libc6, linux-image-6.1.0-28-amd64",
        &format!("{FILE} by sleep ("),
        STRANGER,
        &format!("in {PACKAGES} 2 MiB are free, 9 are needed"),
        "previous packages",
        "systemctl stop acme-report.service",
    ];
    says(&site.host.apt_get(&["update"]).expect_ok(), &all);
    says(&site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100), &all);
    says(&site.host.exec(&["consignee", "--language", "en", "why", CANOPSIS]).expect_code(3), &all);
    untouched(&site);
    assert_eq!(client.ledger().outages().len(), 0, "{:?}", client.ledger().outages());

    // With its gates satisfied it is held by the host alone, and everything else is upgraded.
    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    says(&site.wait_status(3), &all[1..]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    untouched(&site);
    let french = site.host.exec(&["consignee", "--language", "fr", "why", CANOPSIS]).expect_code(3);
    says(
        &french,
        &["l'hôte attend un redémarrage, à cause de libc6", "remède :", "9 nécessaires (paquets précédents)"],
    );

    site.host.ok(&["systemctl", "stop", STRANGER]);
    site.host.ok(&["rm", "/run/reboot-required"]);
    site.host.ok(&["umount", PACKAGES]);
    site.host.apt_get(&["update"]).expect_ok();
    site.wait_status(0);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn on_a_host_of_rpm_a_package_that_waits_for_a_reboot_is_told_or_refused() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms_only();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("host-checks", RpmSystem::Dnf4Bookworm, &vendor, CANOPSIS).unwrap();
    site.host.manager(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let folder = tempfile::tempdir().unwrap();
    let kernel = TinyRpm::new("kernel-core", "6.12").build(folder.path()).unwrap();
    site.host.copy_in(kernel, "/srv/kernel-core.rpm");
    site.host.rpm(&["--install", "--nosignature", "/srv/kernel-core.rpm"]).expect_ok();
    hold_a_file(&site);
    let client = site.client();
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    site.host.write(POLICY, "[checks]\nreboot = \"refuse\"\n", 0o644);
    let held = site.host.dnf(&["--refresh", "upgrade"]).expect_ok();
    says(&held, &["waits for a reboot, because of kernel-core", STRANGER, FILE]);
    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(3);
    site.host.dnf(&["upgrade"]).expect_ok();
    untouched(&site);
    site.host.ok(&["systemctl", "stop", STRANGER]);
    site.host.write(POLICY, "", 0o644);
    let told = site.host.dnf(&["--refresh", "upgrade"]).expect_ok();
    says(&told, &["note: the host waits for a reboot, because of kernel-core"]);
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

const BACKUPS: &str = "/var/lib/consignee/acme/canopsis/backups";
const WITH_BACKUP: (&str, &str) = (
    "[[step]]\nname = \"init\"",
    "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[step]]\nname = \"init\"\nundo = \"from-backup\"",
);

/// Mounts a file system whose server never answers: what NFS is to a host when its server is gone. Who is killed
/// while it waits for it ends.
const DEAD: &str = r#"
import ctypes, os, signal, sys
os.path.exists('/dev/fuse') or os.mknod('/dev/fuse', 0o20600, os.makedev(10, 229))
server = os.open('/dev/fuse', os.O_RDWR)
options = f'fd={server},rootmode=40000,user_id=0,group_id=0'.encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b'dead', sys.argv[1].encode(), b'fuse', 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
signal.pause()
"#;

/// The upgrade is held with this reason, refused to whoever types its version, and nothing was stopped for it.
#[track_caller]
fn is_held_for(site: &Site, words: &[&str]) {
    let begun = Instant::now();
    says(&site.host.apt_get(&["update"]).expect_ok(), words);
    says(&site.wait_status(3), words);
    says(&site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100), words);
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    untouched(site);
}

#[test]
fn a_backup_that_could_not_be_written_is_found_before_anything_is_stopped() {
    lab!();
    let (vendor, site) = Site::with_canopsis("no-backup", Release::Trixie, "3.25.0");
    vendor.release_edited(Product::canopsis("3.26.0"), &[WITH_BACKUP]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.host.write(BACKUPS, "", 0o644);
    is_held_for(&site, &[&format!("{BACKUPS}, which the upgrade writes to, is no folder"), "ls -ld", "apt update"]);
    site.host.ok(&["rm", BACKUPS]);
    site.host.ok(&["ln", "--symbolic", "/mnt/backups", BACKUPS]);
    is_held_for(&site, &["leads to /mnt/backups, which is not there"]);
    site.host.ok(&["rm", BACKUPS]);
    site.host.shell(&format!("mkdir {BACKUPS} && mount -t tmpfs -o ro full {BACKUPS}"));
    is_held_for(&site, &[&format!("nothing can be written in {BACKUPS}: Read-only file system"), "findmnt"]);
    let french = site.host.exec(&["consignee", "--language", "fr", "why", CANOPSIS]).expect_code(3);
    says(&french, &["rien ne peut être écrit dans", "le remonter, puis examiner de nouveau"]);
    site.host.ok(&["umount", BACKUPS]);

    mount_what_does_not_answer(&site);
    let cure = format!("umount --lazy {BACKUPS}");
    is_held_for(&site, &[&format!("the file system of {BACKUPS} does not answer within 3 s"), &cure]);
    // Its server has ended; now it answers that.
    site.host.ok(&["systemctl", "stop", "dead.service"]);
    is_held_for(&site, &[&format!("nothing can be written in {BACKUPS}: Transport endpoint is not connected")]);
    assert_eq!(client.ledger().outages().len(), 0, "{:?}", client.ledger().outages());

    site.host.ok(&cure.split(' ').collect::<Vec<_>>());
    site.host.apt_get(&["update"]).expect_ok();
    site.wait_status(0);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert!(site.host.exists(&format!("{BACKUPS}/0002/seal.json")));

    // Nobody who asks for the way back is held by it either, and nothing is stopped for it.
    mount_what_does_not_answer(&site);
    let asked = site.host.exec(&["consignee", "rollback", CANOPSIS, "--check"]).expect_code(1);
    says(&asked, &["its file system does not answer"]);
    let typed = site.host.exec(&["consignee", "rollback", CANOPSIS, "--accept-data-loss"]).expect_code(1);
    says(&typed, &["its file system does not answer"]);
    site.host.ok(&["systemctl", "stop", "dead.service"]);
    site.host.ok(&["umount", "--lazy", BACKUPS]);
    site.host.exec(&["consignee", "rollback", CANOPSIS, "--check"]).expect_code(3);
    site.nothing_was_lost(client);
}

/// Whoever touches the backups from now on waits, until its server ends.
fn mount_what_does_not_answer(site: &Site) {
    site.host.ok(&["systemd-run", "--quiet", "--unit=dead.service", "python3", "-c", DEAD, BACKUPS]);
    site.host.wait_until("the mount", Duration::from_secs(30), || {
        site.host.exec(&["grep", "--quiet", BACKUPS, "/proc/mounts"]).success().then_some(())
    });
}
