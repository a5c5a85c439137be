//! The RPM hosts of the lab: what the other suites rest on is what it says it is.

use std::time::Duration;

use consign_lab::{Host, Lab, RpmSystem, Server, TinyRpm, YumRepository, lab};

const SOON: Duration = Duration::from_secs(60);
const PORT: u16 = 8082;

/// Boots the hosts of these kinds at the same time and does the same on all.
fn on_every(systems: &[RpmSystem], name: &str, check: impl Fn(&Host) + Sync) {
    std::thread::scope(|scope| {
        for &system in systems {
            let check = &check;
            scope.spawn(move || {
                let host = Host::boot(&format!("{name}-{}", system.name()), system).unwrap();
                check(&host);
            });
        }
    });
}

/// Serves a repository to a host and makes it known there.
fn given(host: &Host, repository: &YumRepository) -> Server {
    let server = Server::start(host, &repository.path(), PORT).unwrap();
    host.add_yum_repository("site", &server.url(), &repository.certificate().unwrap());
    server
}

/// Serves another repository at the same address.
fn served_instead(host: &Host, server: Server, repository: &YumRepository) -> Server {
    drop(server);
    Server::start(host, &repository.path(), PORT).unwrap()
}

/// The word for "everything newer".
fn upgrade(host: &Host) -> &'static str {
    if host.rpm_system() == RpmSystem::Zypper { "update" } else { "upgrade" }
}

#[test]
fn an_rpm_host_has_systemd_as_pid_1_and_one_rpm_database() {
    lab!(Lab::has_rpm());
    on_every(&RpmSystem::ALL, "rpm-plain", |host| {
        assert_eq!(host.shell("cat /proc/1/comm"), "systemd");
        assert_eq!(host.shell("ls /sys/class/net"), "lo");
        assert_eq!(host.failed_units(), Vec::<String>::new());
        assert_eq!(host.rpm_database(), Vec::<String>::new());
        let by_unit = host.run(&["rpm", "-q", "--whatprovides", "/bin/sh"]).expect_ok();
        assert_eq!(by_unit.stdout, host.shell("rpm -q --whatprovides /bin/sh") + "\n");
        let version = host.ok(&[host.rpm_system().manager(), "--version"]).stdout;
        let expected = match host.rpm_system() {
            RpmSystem::Dnf4Bookworm => "4.14.",
            RpmSystem::Dnf4Trixie => "4.",
            RpmSystem::Dnf5 => "dnf5 version 5.",
            RpmSystem::Zypper => "zypper 1.14.",
        };
        assert!(version.starts_with(expected), "{version}");
        assert_eq!(host.shell("cat /etc/yum.repos.d/* /etc/zypp/repos.d/* 2>/dev/null || :"), "");
    });
}

#[test]
fn ordinary_rpms_are_installed_and_upgraded_from_a_signed_repository() {
    lab!(Lab::has_rpm());
    let neighbour = TinyRpm::new("neighbour", "1.0").field("Requires", "greeting");
    let greeting = |version| TinyRpm::new("greeting", version).script("%post", "echo $1 >>/srv/posts");
    let old = YumRepository::of(&[greeting("1.0"), neighbour]).unwrap();
    let new = old.later(&[greeting("2.0")]).unwrap();
    on_every(&RpmSystem::ALL, "rpm-signed", |host| {
        let server = given(host, &old);
        host.manager(&["install", "neighbour"]).expect_ok();
        assert_eq!(host.read("/usr/share/greeting/version"), "1.0\n");
        let server = served_instead(host, server, &new);
        host.manager(&[upgrade(host)]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("2.0-1"));
        assert_eq!(host.installed("hello"), None);
        assert_eq!(host.read("/srv/posts"), "1\n2\n");
        assert_eq!(host.rpm_database(), ["greeting-2.0-1.noarch", "neighbour-1.0-1.noarch"]);
        host.assert_packages_sound();
        assert!(server.requests().iter().any(|request| request.path == "/repodata/repomd.xml.asc"));
    });
}

#[test]
fn what_another_key_has_signed_is_refused() {
    lab!(Lab::has_rpm());
    let known = YumRepository::of(&[TinyRpm::new("greeting", "1.0")]).unwrap();
    let foreign = YumRepository::of(&[TinyRpm::new("greeting", "2.0")]).unwrap();
    let mixed = known.with_foreign(&foreign).unwrap();
    on_every(&RpmSystem::ALL, "rpm-foreign", |host| {
        let server = given(host, &known);
        host.manager(&["install", "greeting"]).expect_ok();
        // The whole repository of another, then only its package under a known index.
        let server = served_instead(host, server, &foreign);
        let outcome = host.manager(&[upgrade(host)]);
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"), "{outcome}");
        let _server = served_instead(host, server, &mixed);
        let outcome = host.manager(&[upgrade(host)]);
        assert_ne!(outcome.code, 0, "{outcome}");
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"), "{outcome}");
    });
}

/// Two versions of a package; the %post of the second waits for as long as `/srv/hang` is there.
fn hanging() -> [TinyRpm; 2] {
    let post = "echo post $1 >>/srv/scripts; while [ -e /srv/hang ]; do touch /srv/waits; sleep .05; done";
    ["1.0", "2.0"].map(|version| {
        TinyRpm::new("greeting", version).script("%post", post).script("%posttrans", "echo posttrans >>/srv/scripts")
    })
}

/// Cuts the power while the %post of the new version runs, and boots again.
fn cut_in_post(host: &Host) {
    host.write("/srv/hang", "", 0o644);
    let entrance = host.entrance();
    let (manager, word) = (host.rpm_system().manager(), upgrade(host));
    let options = if manager == "zypper" { "--non-interactive" } else { "-y" };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| entrance.exec(&[manager, options, word]));
        let waits = || host.exists("/srv/waits");
        host.wait_until("the new version's %post", SOON, || (waits() || running.is_finished()).then_some(()));
        if !waits() {
            panic!("it ended without %post: {}", running.join().unwrap());
        }
        host.cut();
        assert_eq!(running.join().unwrap().code, 137);
    });
    host.tree().remove("/srv/hang").unwrap();
    host.boot_again().unwrap();
}

#[test]
fn a_power_cut_within_a_transaction_leaves_two_versions_and_remove_duplicates_mends_it() {
    lab!(Lab::has_rpm());
    let [one, two] = hanging();
    let old = YumRepository::of(&[one]).unwrap();
    let new = old.later(&[two]).unwrap();
    on_every(&RpmSystem::DNF, "rpm-cut", |host| {
        let server = given(host, &old);
        host.dnf(&["install", "greeting"]).expect_ok();
        let _server = served_instead(host, server, &new);
        host.write("/srv/scripts", "", 0o644);
        cut_in_post(host);
        assert_eq!(host.rpm_versions("greeting"), ["1.0-1", "2.0-1"]);
        assert_eq!(host.read("/usr/share/greeting/version"), "2.0\n");
        assert_eq!(host.read("/srv/scripts"), "post 2\n");
        let again = host.dnf(&["upgrade"]).expect_ok();
        assert!(again.text().contains("Nothing to do"), "{again}");
        host.ok(&["rpmdb", "--verifydb"]);
        host.dnf(&["remove", "--duplicates"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("2.0-1"));
        assert!(host.read("/srv/scripts").ends_with("posttrans\n"), "{}", host.read("/srv/scripts"));
        host.assert_packages_sound();
    });
}

/// A file of a new name and one that replaces another.
fn thing(version: &str) -> TinyRpm {
    let text = format!("content of {version}\n").repeat(2000);
    TinyRpm::new("thing", version).file(&format!("/opt/thing/{version}"), &text).file("/opt/thing/same", &text)
}

#[test]
fn what_rpm_has_unpacked_is_on_the_disk_when_its_transaction_is_over() {
    lab!(Lab::has_rpm());
    let folder = tempfile::tempdir().unwrap();
    let files = ["1", "2"].map(|version| thing(version).build(folder.path()).unwrap());
    for system in [RpmSystem::Dnf4Trixie, RpmSystem::Dnf5, RpmSystem::Zypper] {
        let host = Host::boot_on_disk(&format!("rpm-disk-{}", system.name()), system).unwrap();
        for file in &files {
            host.copy_in(file, "/root/thing.rpm");
            host.rpm(&["--upgrade", "/root/thing.rpm"]).expect_ok();
        }
        host.shell("echo late >/root/late");
        host.cut_losing_unsynced().unwrap();
        host.boot_again().unwrap();
        assert!(!host.exists("/root/late"), "nothing was lost: the cut proves nothing");
        assert_eq!(host.rpm_versions("thing"), ["2-1"]);
        assert_eq!(host.shell("rpm --verify thing || :"), "");
        assert_eq!(host.shell("sort -u /opt/thing/2"), "content of 2");
    }
}
