//! The agent on hosts of dnf 4: its own rpm, the plugin that comes with it, and what both leave alone.

use consign_lab::{AgentPackage, Host, Lab, RpmSystem, Server, TinyRpm, YumRepository, lab};

const PORT: u16 = 8082;
const LINK: &str = "/usr/lib/python3/dist-packages/dnf-plugins/consignee.py";
const COMPILED: &str = "ls /usr/lib/python3/dist-packages/dnf-plugins/__pycache__ | grep ^consignee || :";
const HOLDS: &str = "/var/lib/consignee/holds";
const MANAGED: &str = "/var/lib/consignee/managed";
const OFFERING: &str = "/var/lib/consignee/offering";
/// What a removal of the agent takes along.
const GOES: [&str; 6] =
    [LINK, HOLDS, MANAGED, OFFERING, "/var/lib/consignee/dnf-plugin", "/usr/share/consignee/dnf/consignee.py"];
/// What would take files away that are not the agent's own.
const STOP: &str = "systemctl stop consignee-reconcile.timer consignee.socket consignee.service";

/// A package that looks which files the process that installs it has open.
fn arriving() -> TinyRpm {
    TinyRpm::new("arriving", "1.0").script("%pre", "readlink /proc/$PPID/fd/* >/srv/open || :")
}

/// A host of each dnf 4 with the agent and a repository of an older and a newer neighbour.
fn on_dnf4(name: &str, check: impl Fn(&Host) + Sync) {
    let greeting = |version| TinyRpm::new("greeting", version);
    let neighbour = |version| TinyRpm::new("neighbour", version);
    let packages = [greeting("1.0"), greeting("2.0"), neighbour("1.0"), neighbour("2.0"), arriving()];
    let repository = YumRepository::of(&packages).unwrap();
    let agent = AgentPackage::rpm().unwrap();
    for system in [RpmSystem::Dnf4Bookworm, RpmSystem::Dnf4Trixie] {
        let host = Host::boot(&format!("{name}-{}", system.name()), system).unwrap();
        let server = Server::start(&host, &repository.path(), PORT).unwrap();
        host.add_yum_repository("site", &server.url(), &repository.certificate().unwrap());
        host.dnf(&["install", "greeting-1.0"]).expect_ok();
        host.copy_in(&agent.package, "/srv/consignee.rpm");
        host.dnf(&["install", "/srv/consignee.rpm"]).expect_ok();
        check(&host);
    }
}

#[test]
fn the_agents_rpm_listens_and_is_heard_by_dnf_and_takes_everything_along() {
    lab!(Lab::has_rpm());
    on_dnf4("rpm-agent", |host| {
        assert_eq!(host.shell("systemctl is-active consignee.socket consignee-reconcile.timer"), "active\nactive");
        assert!(host.exists(LINK), "the plugin is not where dnf looks for it");
        let loaded = host.dnf(&["--verbose", "repolist"]).expect_ok().text();
        assert!(loaded.contains("Loaded plugins") && loaded.contains("consignee"), "{loaded}");
        assert_eq!(host.shell("rpm --verify consignee || :"), "");
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("2.0-1"));
        // What the hook of a package's %pre rests on.
        host.dnf(&["install", "arriving"]).expect_ok();
        assert!(host.read("/srv/open").contains("/arriving-1.0-1.noarch.rpm\n"), "{}", host.read("/srv/open"));
        goes_with_what_it_held(host);
        host.assert_packages_sound();
    });
}

/// neighbour is held; the agent is removed, and neighbour is upgraded.
#[track_caller]
fn goes_with_what_it_held(host: &Host) {
    host.dnf(&["install", "neighbour-1.0"]).expect_ok();
    host.shell(STOP);
    for (file, text) in [(HOLDS, "neighbour 1.0-1 always\n"), (MANAGED, "neighbour\n"), (OFFERING, "site\n")] {
        host.write(file, text, 0o644);
    }
    host.dnf(&["upgrade"]).expect_ok();
    assert_eq!(host.installed("neighbour").as_deref(), Some("1.0-1"), "it was not held");
    for file in GOES {
        assert!(host.exists(file), "{file} is not there before");
    }
    assert_ne!(host.shell(COMPILED), "", "Python keeps nothing of the plugin");

    // Something has to be there that the removal stops.
    host.shell("systemctl start consignee.socket");
    host.dnf(&["remove", "consignee"]).expect_ok();
    assert_eq!(host.shell("systemctl is-active consignee.socket || :"), "inactive");
    for file in GOES {
        assert!(!host.exists(file), "{file} is left behind");
    }
    assert_eq!(host.shell(COMPILED), "");
    let after = host.dnf(&["upgrade"]).expect_ok().text();
    assert!(!after.contains("Traceback"), "{after}");
    assert_eq!(host.installed("neighbour").as_deref(), Some("2.0-1"));
}

#[test]
fn what_is_held_stays_and_a_hook_that_cannot_run_stands_only_in_its_way() {
    lab!(Lab::has_rpm());
    on_dnf4("rpm-agent-holds", |host| {
        host.shell(STOP);
        host.write(HOLDS, "greeting 1.0-1 always\n", 0o644);
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"));
        host.write(HOLDS, "greeting 1.0-1 always 2.0-1\n", 0o644);
        host.write(MANAGED, "greeting\n", 0o644);
        host.shell("mv /usr/lib/consignee/consignee-hook /srv/hook");
        let refused = host.dnf(&["upgrade"]);
        assert!(refused.code == 1 && refused.text().contains("dnf reinstall consignee"), "{refused}");
        host.dnf(&["install", "neighbour"]).expect_ok();
        host.rpm(&["--upgrade", "--replacepkgs", "/srv/consignee.rpm"]).expect_ok();
        assert!(host.exists("/usr/lib/consignee/consignee-hook"));
        host.dnf(&["remove", "greeting"]).expect_ok();
    });
}

/// dnf does not ask the agent, and `consignee status` says so, what is wrong and what is typed.
#[track_caller]
fn is_not_asked(host: &Host, named: &str, typed: &str) {
    let loaded = host.dnf(&["--verbose", "repolist"]).text();
    assert!(!loaded.lines().any(|line| line.contains("Loaded plugins") && line.contains("consignee")), "{loaded}");
    let status = host.exec(&["consignee", "status", "--language", "en"]).expect_code(3).stdout;
    assert!(status.contains(named) && status.contains(typed), "{status}");
}

#[test]
fn where_dnf_does_not_ask_the_agent_status_says_so_and_what_to_type() {
    lab!(Lab::has_rpm());
    on_dnf4("rpm-agent-gaps", |host| {
        host.ok(&["consignee", "status"]);
        host.ok(&["rm", LINK]);
        is_not_asked(host, LINK, "/usr/lib/consignee/link-plugin");
        host.ok(&["/usr/lib/consignee/link-plugin"]);
        host.ok(&["consignee", "status"]);
        host.shell("cp /etc/dnf/dnf.conf /root && sed -i 's/^.main.$/&\\nplugins=0/' /etc/dnf/dnf.conf");
        is_not_asked(host, "/etc/dnf/dnf.conf", "plugins=1");
        host.shell("cp /root/dnf.conf /etc/dnf/dnf.conf");
        host.write("/etc/dnf/plugins/consignee.conf", "[main]\nenabled=0\n", 0o644);
        is_not_asked(host, "/etc/dnf/plugins/consignee.conf", "enabled=1");
        host.write("/etc/dnf/plugins/consignee.conf", "[main]\nenabled=1\n", 0o644);
        host.ok(&["consignee", "status"]);
    });
}
