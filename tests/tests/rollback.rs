//! The way back: packages and data of before, by itself while nobody could have written anything, and on a
//! person's word after that.

use consign_lab::{CANOPSIS, Host, Lab, Manager, Product, Release, RpmSystem, Site, Vendor, lab};

/// Written after the finish.
const LATE: u64 = 1_000_000;
/// What a vendor writes to make it possible.
const WITH_BACKUP: (&str, &str) = (
    "[[step]]\nname = \"init\"",
    "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[step]]\nname = \"init\"\nundo = \"from-backup\"",
);

fn canopsis(system: impl Into<consign_lab::BaseSystem>, name: &str) -> (Vendor, Site) {
    canopsis_with(system, name, &[])
}

fn canopsis_with(system: impl Into<consign_lab::BaseSystem>, name: &str, edits: &[(&str, &str)]) -> (Vendor, Site) {
    let system = system.into();
    let vendor = Vendor::new("acme").unwrap();
    let vendor = if let consign_lab::BaseSystem::Rpm(_) = system { vendor.with_rpms_only() } else { vendor };
    vendor.release_edited(Product::canopsis("3.25.0"), &[&[WITH_BACKUP], edits].concat()).unwrap();
    let host = Host::boot(&format!("{name}-{}", system.name()), system).unwrap();
    let site = Site::on(host, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    (vendor, site)
}

/// Publishes 3.26.0 and acknowledges all of it.
fn cleared(vendor: &Vendor, site: &Site) {
    vendor.release_edited(Product::canopsis("3.26.0"), &[WITH_BACKUP]).unwrap();
    site.refresh().expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
}

/// Waits until the last upgrade that has begun has come to this.
#[track_caller]
fn wait_end(site: &Site, wanted: &str) {
    let within = std::time::Duration::from_secs(180);
    site.host.wait_until(wanted, within, || (site.last_begun() == wanted).then_some(()));
}

/// What a site gives a file beside owner and mode: an ACL (read and write for user 1000, as acl(5) has it on the
/// disk), an attribute of its own, a label of SELinux.
const ATTRIBUTES: &str = r#"
import os, struct
entries = [(1, 6, 2**32 - 1), (2, 6, 1000), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 0, 2**32 - 1)]
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
for path in ['edition', 'records']:
    os.makedirs('records', exist_ok=True)
    os.setxattr(path, 'system.posix_acl_access', acl)
    os.setxattr(path, 'user.owner', b'marie')
    os.setxattr(path, 'security.selinux', b'system_u:object_r:var_lib_t:s0\0')
"#;

/// The same, shown.
const SHOWN: &str = r#"
import os
for path in ['edition', 'records']:
    print(path, sorted((name, os.getxattr(path, name).hex()) for name in os.listxattr(path)))
"#;

fn in_the_data_folder(site: &Site, python: &str) -> String {
    site.host.ok(&["env", "--chdir=/var/lib/canopsis", "python3", "-c", python]).stdout
}

/// Everything below the data folder but what engines write by themselves: owner, mode, path, attributes, schema.
fn data(site: &Site) -> String {
    let attributes = in_the_data_folder(site, SHOWN);
    assert_eq!(attributes.matches("security.selinux").count(), 2, "{attributes}");
    let files = site.host.shell(
        "cd /var/lib/canopsis && find . -printf '%u:%g %m %p\\n' | grep -v -e -journal -e -wal -e -shm | sort; \
         python3 -c \"import sqlite3; print(sqlite3.connect('canopsis.db').execute('SELECT * FROM schema_version').fetchall())\"",
    );
    attributes + &files
}

#[track_caller]
fn runs_before(site: &Site) {
    assert_eq!(version(site).as_deref(), Some("3.25.0"));
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "active", "{engine}");
    }
    let health = site.host.shell("curl -sf http://127.0.0.1:8082/health");
    assert!(health.contains("3.25.0"), "{health}");
}

fn version(site: &Site) -> Option<String> {
    let native = site.host.installed("canopsis")?;
    native.split_once('-').map(|(version, _)| version.to_owned())
}

fn failed_step(site: &Site, vendor: &Vendor) {
    in_the_data_folder(site, ATTRIBUTES);
    let before = data(site);
    cleared(vendor, site);
    let client = site.client();
    site.trouble("fail");
    // dnf and zypper end before the finish does.
    site.upgrade();
    wait_end(site, "rolled-back");
    runs_before(site);
    site.trouble_is_over();
    assert_eq!(data(site), before);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();

    // It does not come again unasked.
    site.refresh().expect_ok();
    let held = site.wait_status(3).text();
    assert!(held.contains("this release was taken back here before"), "{held}");
    site.upgrade();
    runs_before(site);
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let client = site.client();
    site.upgrade().expect_ok();
    wait_end(site, "completed");
    assert_eq!(version(site).as_deref(), Some("3.26.0"));
    site.nothing_was_lost(client);
}

/// After the start people have written: nothing is thrown away unless somebody says so. The packages of before are on
/// the host: no list and no repository is needed for them.
fn on_a_persons_word(site: &mut Site) {
    let refused = site.host.exec(&["consignee", "rollback", CANOPSIS, "--language", "en", "--yes"]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.text().contains("is lost: "), "{refused}");
    assert!(refused.text().contains("consignee rollback acme/canopsis --accept-data-loss"), "{refused}");
    assert_eq!(site.last_begun(), "completed");
    let client = site.client();
    // Number 1 000 000 is written to the new version, and belongs to it alone.
    site.host.shell("curl -sf -X POST --data 1000000 http://127.0.0.1:8082/records");
    assert!(site.canopsis_records().contains(&LATE));
    site.forget_lists();
    site.serve_no_more();

    site.consignee(&["rollback", CANOPSIS, "--accept-data-loss", "--yes"]);
    wait_end(site, "rolled-back");
    runs_before(site);
    client.wait_acknowledged(std::time::Duration::from_secs(30)).unwrap();
    let (ledger, records) = (client.stop(), site.canopsis_records());
    ledger.assert_given_up(&records, &site.announced());
    assert!(!records.contains(&LATE) && records.contains(&1), "{records:?}");
    site.host.assert_packages_sound();
    let again = site.host.exec(&["consignee", "rollback", CANOPSIS, "--check", "--language", "en"]);
    assert_eq!(again.code, 1, "{again}");
    assert!(again.text().contains("it has ended already"), "{again}");
}

fn both(system: impl Into<consign_lab::BaseSystem>) {
    let (vendor, mut site) = canopsis(system, "back");
    assert_ne!(site.manager(), Manager::Rpm);
    failed_step(&site, &vendor);
    on_a_persons_word(&mut site);
}

#[test]
fn a_failed_step_is_taken_back_and_a_finished_upgrade_on_a_persons_word_by_apt() {
    lab!();
    both(Release::Trixie);
}

#[test]
fn a_failed_step_is_taken_back_and_a_finished_upgrade_on_a_persons_word_by_dnf_4() {
    lab!(Lab::has_rpm());
    both(RpmSystem::Dnf4Trixie);
}

#[test]
fn a_failed_step_is_taken_back_and_a_finished_upgrade_on_a_persons_word_by_dnf_5() {
    lab!(Lab::has_rpm());
    both(RpmSystem::Dnf5);
}

#[test]
fn a_failed_step_is_taken_back_and_a_finished_upgrade_on_a_persons_word_by_zypper() {
    lab!(Lab::has_rpm());
    both(RpmSystem::Zypper);
}

/// What the old version's own plan wants of it, beside its page.
const NOT_SICK: [(&str, &str); 2] = [
    (
        "[[health]]",
        "[[health]]\ncommand = [\"/usr/bin/test\", \"!\", \"-e\", \"/srv/sick\"]\nwithin = \"5s\"\n\n[[health]]",
    ),
    ("within = \"60s\"", "within = \"30s\""),
];

/// The init step of 3.26.0 fails, everything is taken back, and then the old version is not well.
#[track_caller]
fn comes_back_sick(site: &Site) {
    site.trouble("fail");
    site.host.write("/srv/sick", "", 0o644);
    site.upgrade();
    wait_end(site, "stuck");
    site.trouble_is_over();
    // Everything is as it was: packages, data, engines; only well it is not.
    runs_before(site);
    let status = site.wait_status(4).text();
    for said in [
        "everything was taken back and the old version is not well",
        "the check /usr/bin/test ! -e /srv/sick did not hold: exit status 1",
        "engines: free to run",
        "consignee retry acme/canopsis",
        "consignee rescue acme/canopsis",
    ] {
        assert!(status.contains(said), "{said:?} is missing in {status}");
    }
    let french = site.host.exec(&["consignee", "status", "--language", "fr", CANOPSIS]).expect_code(4).text();
    assert!(french.contains("tout a été annulé mais l'ancienne version ne va pas bien"), "{french}");
    let upgrade = &site.status()["products"][0]["upgrade"];
    assert_eq!((&upgrade["state"], &upgrade["step"]["item"]), (&"stuck".into(), &(-1).into()), "{upgrade}");
    // A person has the word: neither a look nor an upgrade leads on.
    site.host.ok(&["systemctl", "start", "consignee-reconcile.service"]);
    site.upgrade();
    site.wait_status(4);
    runs_before(site);
}

#[test]
fn an_old_version_that_is_not_well_after_the_way_back_is_said_and_a_retry_finds_it_mended() {
    lab!();
    let (vendor, site) = canopsis_with(Release::Trixie, "sick", &NOT_SICK);
    cleared(&vendor, &site);
    let client = site.client();
    comes_back_sick(&site);
    site.host.ok(&["rm", "/srv/sick"]);
    site.consignee(&["retry", CANOPSIS]);
    wait_end(&site, "rolled-back");
    runs_before(&site);
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}

#[test]
fn a_person_may_rescue_an_old_version_that_is_not_well_by_zypper() {
    lab!(Lab::has_rpm());
    let (vendor, site) = canopsis_with(RpmSystem::Zypper, "sick", &NOT_SICK);
    cleared(&vendor, &site);
    comes_back_sick(&site);
    // Whoever says so goes on with the version that is there, and may take the next one.
    site.consignee(&["rescue", CANOPSIS, "--version", "3.25.0", "--yes"]);
    wait_end(&site, "rescued");
    assert_eq!(site.status()["products"][0]["finished"], "3.25.0");
    runs_before(&site);
    site.refresh().expect_ok();
    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let client = site.client();
    site.upgrade().expect_ok();
    wait_end(&site, "completed");
    assert_eq!(version(&site).as_deref(), Some("3.26.0"));
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
