//! Front ends that ask a package manager's library and not its program: PackageKit on apt, which the shops of
//! desktops and Cockpit ask, and the daemon of dnf 5. What is not cleared stays out or waits; what is, is finished
//! once.

use consign_lab::{BaseSystem, CANOPSIS, Lab, Outcome, Product, RpmSystem, Site, Vendor, lab};

/// What they say where everything newer is held: PackageKit, then the daemon of dnf 5.
const NOTHING_TO_DO: [&str; 2] = ["No packages require updating", "Nothing to do"];

#[test]
fn packagekit_leaves_out_what_is_not_cleared_and_one_finish_follows_what_is() {
    lab!(Lab::can_host(BaseSystem::Desktop));
    held_then_finished(BaseSystem::Desktop, |site| {
        // PackageKit asks nobody where there is no way out.
        site.host.shell("ip route replace default dev lo");
        site.host.exec(&["pkcon", "--plain", "refresh", "force"]).expect_ok();
        site.host.exec(&["pkcon", "--plain", "--noninteractive", "update"])
    });
}

#[test]
fn the_daemon_of_dnf_5_leaves_out_what_is_not_cleared_and_one_finish_follows_what_is() {
    lab!(Lab::has_rpm());
    held_then_finished(RpmSystem::Dnf5, |site| {
        site.refresh().expect_ok();
        site.host.exec(&["dnf5daemon-client", "--assumeyes", "upgrade"])
    });
}

fn held_then_finished(system: impl Into<BaseSystem>, upgrade: impl Fn(&Site) -> Outcome) {
    let system = system.into();
    let vendor = Vendor::new("acme").unwrap();
    let vendor = if let BaseSystem::Rpm(_) = system { vendor.with_rpms_only() } else { vendor };
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("front-end", system, &vendor, CANOPSIS).unwrap();
    site.install(&["canopsis"]).expect_ok();
    site.wait_status(0);
    let client = site.client();

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    let held = upgrade(&site);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "{held}");
    assert!(NOTHING_TO_DO.iter().any(|words| held.stdout.contains(words)), "{held}");
    assert_eq!(site.engine("main"), "active");

    site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    let cleared = upgrade(&site).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "{cleared}");
    site.wait_status(0);
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "the first install and the upgrade");
    site.nothing_was_lost(client);
    site.host.assert_packages_sound();
}
