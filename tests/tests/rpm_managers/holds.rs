//! A package that is kept back while everything else is upgraded.

use consign_lab::{Host, Lab, RpmSystem, TinyRpm, YumRepository, lab};

use crate::{fixture, installed, on_every, packages, upgrade};

const PLUGINS: &str = "/usr/lib/python3/dist-packages/dnf-plugins";
const ACTIONS: &str = "/etc/dnf/libdnf5-plugins/actions.d/probe.actions";
const OVERRIDE: &str = "/etc/dnf/repos.override.d/50-probe.repo";

/// A hold of the kind this system has, on what repositories offer and not on what is installed.
fn hold(host: &Host) {
    match host.rpm_system() {
        RpmSystem::Dnf4Bookworm | RpmSystem::Dnf4Trixie => {
            host.copy_in(fixture("probe.py"), &format!("{PLUGINS}/probe.py"));
            host.write("/srv/do", "sack hold product", 0o644);
        }
        RpmSystem::Dnf5 => {
            host.write("/srv/hold", "#!/bin/sh\necho 'conf.*.excludepkgs=product'\n", 0o755);
            host.write(ACTIONS, "repos_configured:::enabled=host-only:/srv/hold\n", 0o644);
        }
        RpmSystem::Zypper => {
            let lock = "\ntype: package\nmatch_type: glob\ncase_sensitive: on\ncomment: probe\nsolvable_name: product\nversion: > 1.0-1\n\n";
            host.write("/etc/zypp/locks", lock, 0o644);
        }
    }
}

/// `library` 2.0 fits no product 1.0, and `newer` needs it.
fn with_transition() -> (YumRepository, YumRepository) {
    let exact = |version: &str| {
        let product = TinyRpm::new("product", version).field("Requires", &format!("library = {version}"));
        [product, TinyRpm::new("library", version), TinyRpm::new("other", version)]
    };
    let old = YumRepository::of(&exact("1.0")).unwrap();
    let [product, library, other] = exact("2.0");
    let newer = TinyRpm::new("newer", "1.0").field("Requires", "library = 2.0");
    let new = old.later(&[product, library, other, newer]).unwrap();
    (old, new)
}

#[test]
fn a_hold_keeps_one_package_back_and_lets_the_others_and_its_removal_pass() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&packages("1.0")).unwrap();
    let new = old.later(&packages("2.0")).unwrap();
    on_every(&RpmSystem::ALL, "rpm-hold", |host| {
        let _server = installed(host, &old, &new);
        hold(host);
        let zypper = host.rpm_system() == RpmSystem::Zypper;
        let by_name = host.manager(&[upgrade(host), "product"]);
        assert_eq!(
            (by_name.code, host.installed("product").as_deref()),
            (if zypper { 4 } else { 0 }, Some("1.0-1")),
            "{by_name}"
        );
        host.manager(&[upgrade(host)]).expect_ok();
        assert_eq!(host.rpm_database(), ["library-2.0-1.noarch", "other-2.0-1.noarch", "product-1.0-1.noarch"]);
        let exactly = host.manager(&["install", "product-2.0"]).expect_code(if zypper { 4 } else { 1 });
        assert!(zypper || exactly.text().contains("exclude"), "{exactly}");
        if !zypper {
            host.dnf(&["reinstall", "product"]).expect_code(1);
        }
        host.manager(&["remove", "product"]).expect_ok();
        assert_eq!(host.installed("product"), None);
    });
}

#[test]
fn a_hold_does_not_keep_the_product_from_being_removed_for_another_package() {
    lab!(Lab::has_rpm());
    let (old, new) = with_transition();
    on_every(&RpmSystem::ALL, "rpm-erasing", |host| {
        let _server = installed(host, &old, &new);
        hold(host);
        let refused = host.manager(&["install", "newer"]);
        assert_ne!(refused.code, 0, "{refused}");
        // What cannot go without the product stays back with it.
        if host.rpm_system() == RpmSystem::Zypper {
            host.zypper(&["update"]).expect_ok();
        } else {
            host.dnf(&["--setopt=best=1", "upgrade"]).expect_code(1);
            assert_eq!(host.installed("other").as_deref(), Some("1.0-1"));
            host.dnf(&["--setopt=best=0", "upgrade"]).expect_ok();
        }
        assert_eq!(host.rpm_database(), ["library-1.0-1.noarch", "other-2.0-1.noarch", "product-1.0-1.noarch"]);
        let erasing: &[&str] = match host.rpm_system() {
            RpmSystem::Zypper => &["install", "--force-resolution", "newer"],
            _ => &["install", "--allowerasing", "newer"],
        };
        host.manager(erasing).expect_ok();
        assert_eq!(host.rpm_database(), ["library-2.0-1.noarch", "newer-1.0-1.noarch", "other-2.0-1.noarch"]);
    });
}

#[test]
fn an_exclude_for_everything_hides_the_installed_package_too() {
    lab!(Lab::has_rpm());
    let (old, new) = with_transition();
    on_every(&RpmSystem::DNF, "rpm-hidden", |host| {
        let _server = installed(host, &old, &new);
        match host.rpm_system() {
            RpmSystem::Dnf5 => {
                host.write("/etc/dnf/libdnf5.conf.d/50-probe.conf", "[main]\nexcludepkgs=product\n", 0o644)
            }
            _ => {
                hold(host);
                host.write("/srv/do", "config hold product", 0o644);
            }
        }
        // Not even --allowerasing removes it then, but no `remove` does either, with exit status 0.
        host.dnf(&["install", "--allowerasing", "newer"]).expect_code(1);
        host.dnf(&["upgrade", "product"]).expect_code(1);
        let removed = host.dnf(&["remove", "product"]).expect_ok();
        assert!(removed.text().contains("Nothing to do"), "{removed}");
        assert_eq!(host.installed("product").as_deref(), Some("1.0-1"));
    });
}

#[test]
fn dnf5_takes_a_hold_for_every_repository_from_a_file_too() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&packages("1.0")).unwrap();
    let new = old.later(&packages("2.0")).unwrap();
    on_every(&[RpmSystem::Dnf5], "rpm-override", |host| {
        let _server = installed(host, &old, &new);
        host.write(OVERRIDE, "[*]\nexcludepkgs=product\n", 0o644);
        // What the site excludes stays excluded beside it.
        let done = host.dnf(&["--setopt=site.excludepkgs=library", "upgrade"]).expect_ok();
        let packages = ["library-1.0-1.noarch", "other-2.0-1.noarch", "product-1.0-1.noarch"];
        assert_eq!(host.rpm_database(), packages, "{done}");
    });
}

#[test]
fn zypper_rewrites_its_locks_and_keeps_their_comments() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&packages("1.0")).unwrap();
    on_every(&[RpmSystem::Zypper], "rpm-locks", |host| {
        let _server = installed(host, &old, &old);
        hold(host);
        host.zypper(&["addlock", "other"]).expect_ok();
        let locks = host.read("/etc/zypp/locks");
        for kept in ["comment: probe", "version: > 1.0-1", "solvable_name: other"] {
            assert!(locks.contains(kept), "{locks}");
        }
        // A folder of locks is read by no zypper.
        host.shell("mkdir /etc/zypp/locks.d; mv /etc/zypp/locks /etc/zypp/locks.d/50-probe");
        assert!(host.zypper(&["locks"]).expect_ok().stdout.contains("no package locks"));
    });
}
