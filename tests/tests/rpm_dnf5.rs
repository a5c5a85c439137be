//! The agent on hosts of dnf 5: what the hold keeps back, and what the barrier refuses behind it.

use consign_lab::{
    AgentPackage, Authority, CANOPSIS, Guard, Host, Lab, Product, Proxy, REPOSITORY_PORT, RpmSystem, Server, Site,
    TinyRpm, Vendor, YumRepository, lab,
};

/// Beside those of the product and of the vendor.
const PORT: u16 = 8090;
const ACTIONS: &str = "/etc/dnf/libdnf5-plugins/actions.d/consignee.actions";
const HOLDS: &str = "/var/lib/consignee/holds";
const OFFERING: &str = "/var/lib/consignee/offering";

/// A repository of the site beside the vendor's, of these packages.
fn site_repository(host: &Host, packages: &[TinyRpm]) -> (YumRepository, Server) {
    let repository = YumRepository::of(packages).unwrap();
    let server = Server::start(host, &repository.path(), PORT).unwrap();
    host.add_yum_repository("site", &server.url(), &repository.certificate().unwrap());
    (repository, server)
}

#[test]
fn past_the_hold_stands_the_barrier_and_nothing_is_changed() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("past-the-hold", RpmSystem::Dnf5, &vendor, CANOPSIS).unwrap();
    let intruder = TinyRpm::new("intruder", "1.0").field("Conflicts", "canopsis");
    let _site_repository = site_repository(&site.host, &[intruder, TinyRpm::new("neighbour", "1.0")]);
    site.host.dnf(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();
    // The last thing that the agent does for an upgrade.
    let is_held = || site.host.exec(&["cat", HOLDS]).text().contains("canopsis 3.25.0-1").then_some(());
    site.host.wait_until("the hold of the version that is there", std::time::Duration::from_secs(60), is_held);
    let unchanged = || {
        assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
        assert_eq!(site.engine("main"), "active");
    };

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let exactly = site.host.dnf(&["--refresh", "install", "canopsis-3.26.0"]).expect_code(1);
    assert!(exactly.text().contains("exclude"), "{exactly}");
    let lifted = "--setopt=disable_excludes=*";
    let refused = site.host.dnf(&[lifted, "upgrade"]).expect_code(1);
    assert!(refused.text().contains("consignee notes acme/canopsis"), "{refused}");
    assert!(refused.text().contains("refused by consignee"), "{refused}");
    unchanged();
    let removal = site.host.dnf(&["install", "--allowerasing", "intruder"]).expect_code(1);
    assert!(removal.text().contains("refused by consignee"), "{removal}");
    assert_eq!(site.host.installed("intruder"), None);
    unchanged();

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    site.host.dnf(&["install", "canopsis-3.26.0"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    site.nothing_was_lost(client);
    site.host.dnf(&[lifted, "install", "neighbour"]).expect_ok();
    // Going down by hand is refused; a removal passes, and takes nothing else along.
    let down = site.host.dnf(&[lifted, "downgrade", "canopsis-3.25.0"]).expect_code(1);
    assert!(down.text().contains("refused by consignee"), "{down}");
    site.host.dnf(&["remove", "canopsis"]).expect_ok();
    assert_eq!(site.host.installed("canopsis"), None);
    site.host.assert_packages_sound();
}

/// A host with the agent, which is stopped: it would take files away that are not its own.
fn with_agent(name: &str, check: impl FnOnce(&Host)) {
    let mut packages = vec![TinyRpm::new("neighbour", "1.0"), TinyRpm::new("greeting-2", "1.0")];
    for version in ["1.0", "2.0", "2.0.1", "3.0"] {
        packages.extend(["greeting", "greeting-web"].map(|name| TinyRpm::new(name, version)));
    }
    let agent = AgentPackage::rpm().unwrap();
    let host = Host::boot(name, RpmSystem::Dnf5).unwrap();
    let _repository = site_repository(&host, &packages);
    host.dnf(&["install", "greeting-1.0", "greeting-web-1.0"]).expect_ok();
    host.copy_in(&agent.package, "/srv/consignee.rpm");
    host.dnf(&["install", "/srv/consignee.rpm"]).expect_ok();
    host.shell("systemctl stop consignee-reconcile.timer consignee.socket consignee.service");
    check(&host);
}

#[test]
fn of_several_versions_the_cleared_one_comes_and_names_that_are_alike_are_others() {
    lab!(Lab::has_rpm());
    with_agent("dnf5-holds", |host| {
        host.write(HOLDS, "greeting 1.0-1 always\n", 0o644);
        host.write(OFFERING, "site\n", 0o644);
        host.dnf(&["install", "greeting-2"]).expect_ok();
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"));
        assert_eq!(host.installed("greeting-web").as_deref(), Some("3.0-1"));
        // What is there can be had again, what nobody cleared cannot.
        host.dnf(&["reinstall", "greeting"]).expect_ok();
        let exactly = host.dnf(&["install", "greeting-2.0.1"]).expect_code(1);
        assert!(exactly.text().contains("exclude"), "{exactly}");
        // Only for somebody who is there.
        host.write(HOLDS, "greeting 1.0-1 attended 2.0-1\n", 0o644);
        host.exec(&["setsid", "--wait", "dnf5", "-y", "upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"));
        host.write(HOLDS, "greeting 1.0-1 always 2.0-1\n", 0o644);
        // In a repository that was not known to offer it, it is held whatever it is.
        host.write(OFFERING, "another\n", 0o644);
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"));
        host.write(OFFERING, "site\n", 0o644);
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("2.0-1"));
        host.dnf(&["remove", "consignee"]).expect_ok();
        assert!(!host.exists(ACTIONS) && !host.exists(HOLDS) && !host.exists(OFFERING));
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("3.0-1"));
        host.assert_packages_sound();
    });
}

#[test]
fn a_hook_that_cannot_run_stands_in_the_way_of_our_packages_and_of_nothing_else() {
    lab!(Lab::has_rpm());
    with_agent("dnf5-broken", |host| {
        host.write("/var/lib/consignee/managed", "greeting\n", 0o644);
        for broken in ["mv HOOK /srv/hook", "printf '#!/bin/sh\\nkill -SEGV $$\\n' >HOOK; chmod 755 HOOK"] {
            host.shell(&broken.replace("HOOK", "/usr/lib/consignee/consignee-hook"));
            let refused = host.dnf(&["upgrade", "greeting"]).expect_code(1);
            assert!(refused.text().contains("dnf reinstall consignee"), "{refused}");
            assert_eq!(host.installed("greeting").as_deref(), Some("1.0-1"));
            host.dnf(&["install", "neighbour"]).expect_ok();
            host.dnf(&["remove", "neighbour"]).expect_ok();
        }
        host.dnf(&["remove", "greeting"]).expect_ok();
        host.rpm(&["--upgrade", "--replacepkgs", "/srv/consignee.rpm"]).expect_ok();
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting-web").as_deref(), Some("3.0-1"));
    });
}

#[test]
fn a_repository_that_not_everybody_may_read_is_read_as_dnf_reads_it() {
    lab!(Lab::has_rpm());
    let address = ("http://127.0.0.1:8081", "https://127.0.0.1:8081");
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    vendor.release_edited(Product::canopsis("3.25.0"), &[address]).unwrap();
    let (host, authority) = (Host::boot("dnf5-private", RpmSystem::Dnf5).unwrap(), Authority::new().unwrap());
    let (password, proxy_password) = ("Geheim-7f3a91", "Durchlass-5c02");
    let options = format!(
        "[acme-stable]\nsslcacert=/etc/pki/site.pem\nusername=site\npassword={password}\n\
         proxy=http://127.0.0.1:8888\nproxy_username=host\nproxy_password={proxy_password}\n"
    );
    host.write("/etc/dnf/repos.override.d/50-site.repo", options, 0o600);
    host.write("/etc/pki/site.pem", fs_err::read_to_string(authority.certificate()).unwrap(), 0o644);
    let proxy = Proxy::start(&host, 8888, ("host", proxy_password)).unwrap();
    let login = Some(("site".to_owned(), password.to_owned()));
    let guard = Guard { login, tls: Some(authority.certify().unwrap()) };
    let server = Server::start_guarded(&host, &vendor.repository(), REPOSITORY_PORT, guard).unwrap();
    host.copy_in(vendor.release_package_for("rpm"), "/root/vendor-release.rpm");
    host.dnf(&["install", "/root/vendor-release.rpm"]).expect_ok();
    host.dnf(&["install", "canopsis"]).expect_ok();
    host.wait_until("a finish", std::time::Duration::from_secs(120), || {
        (host.exec(&["consignee", "status", CANOPSIS]).code == 0).then_some(())
    });
    vendor.release_edited(Product::canopsis("3.26.0"), &[address]).unwrap();
    let looked = host.dnf(&["--refresh", "upgrade"]).expect_ok();
    assert!(looked.text().contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    let feed = "/consign/stable/feed.pgp";
    let requests = server.requests();
    assert!(requests.iter().any(|request| request.path == feed && request.status == 200), "{requests:?}");
    assert!(proxy.requests().iter().any(|asked| asked.contains("CONNECT 127.0.0.1:8081")), "{:?}", proxy.requests());
    let journal = host.ok(&["journalctl", "--no-pager"]).stdout;
    let left = host.exec(&["grep", "-rlsF", password, "/var/lib/consignee", "/run/consignee", "/var/log"]).stdout;
    assert!(!journal.contains(password) && !journal.contains(proxy_password) && left.is_empty(), "{left}");
    drop(proxy);
    let refused = host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]);
    assert!(!refused.text().contains(proxy_password), "{refused}");
}
