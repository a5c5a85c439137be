//! A product that changes its shape between two releases: another module, another dependency, other names.

use std::fs;
use std::path::Path;

use consign_lab::{Archive, CANOPSIS, Product, Release, Site, TinyPackage, Vendor, edit, lab};

/// 3.25.0 runs in its one package, and `change` was made to what is released as 3.26.0.
fn cleared(name: &str, release: Release, change: impl FnOnce(&Path)) -> (Vendor, Site) {
    let (vendor, site) = Site::with_canopsis(name, release, "3.25.0");
    release_changed(&vendor, Product::canopsis("3.26.0"), change);
    site.clear_canopsis();
    (vendor, site)
}

fn release_changed(vendor: &Vendor, product: Product, change: impl FnOnce(&Path)) {
    let project = vendor.project(product).unwrap();
    change(&project);
    vendor.release_project(&project).unwrap();
}

fn manifest(edits: &'static [(&str, &str)]) -> impl FnOnce(&Path) {
    |project| edit(&project.join("consign.toml"), edits).unwrap()
}

#[track_caller]
fn status_says(site: &Site, what: &str) {
    let said = site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]);
    assert!(said.stdout.contains(what), "{what:?} is not in {said}");
}

#[track_caller]
fn finished_once(site: &Site, package: &str) {
    site.wait_status(0);
    assert_eq!(site.host.installed(package).as_deref(), Some("3.26.0-1"));
    assert_eq!(site.init_calls().len(), 2, "{:?}", site.init_calls());
    assert_eq!(site.announced().len(), 2, "{:?}", site.announced());
    site.host.assert_packages_sound();
}

#[test]
fn a_new_module_comes_with_the_second_apt_upgrade_and_status_says_so() {
    lab!();
    let (vendor, site) = Site::with_canopsis("module", Release::Bookworm, "3.25.0");
    vendor.release(Product::canopsis("3.26.0").in_three_packages()).unwrap();
    let client = site.client();
    let looked = site.host.ok(&["env", "LC_ALL=C.UTF-8", "apt-get", "update"]);
    assert!(looked.stdout.contains("3.26.0 is offered and held back"), "{looked}");
    let cleared = site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
    status_says(&site, "the next apt upgrade keeps it back and brings acme-release");
    let looked = site.host.ok(&["env", "LC_ALL=C.UTF-8", "apt-get", "update"]);
    assert!(looked.stdout.contains("acme/canopsis 3.26.0: the next apt upgrade keeps it back"), "{looked}\n{cleared}");

    let first = site.host.ok(&["apt", "-y", "upgrade"]);
    assert_eq!(site.host.installed("acme-release").as_deref(), Some("2"), "{first}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    let now = "apt-get upgrade keeps it back, because it needs packages that are not installed: \
               canopsis-connectors, canopsis-reports; apt upgrade installs them";
    site.host.wait_until("the reason is told anew", std::time::Duration::from_secs(60), || {
        site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]).stdout.contains(now).then_some(())
    });
    let plain = site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"), "{plain}");
    site.host.ok(&["apt", "-y", "upgrade"]);
    finished_once(&site, "canopsis");
    assert_eq!(site.host.installed("canopsis-reports").as_deref(), Some("3.26.0-1"));
    site.nothing_was_lost(client);
}

#[test]
fn a_new_dependency_is_installed_by_apt_upgrade_and_status_says_so() {
    lab!();
    let with = &[("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"tiny-lib\"]")];
    let (_vendor, site) = cleared("dependency", Release::Trixie, manifest(with));
    let client = site.client();
    status_says(&site, "the package manager cannot install it as things are:");
    status_says(&site, "tiny-lib");
    site.host.ok(&["apt", "-y", "upgrade"]);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));

    let archive = Archive::new("tiny").unwrap();
    archive.add(&[TinyPackage::new("tiny-lib", "1.0")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    status_says(&site, "it needs packages that are not installed: tiny-lib; apt upgrade installs them");
    let json = site.status();
    assert_eq!(json["products"][0]["kept_back"]["packages"][0], "tiny-lib", "{json}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    site.host.ok(&["apt", "-y", "upgrade"]);
    finished_once(&site, "canopsis");
    site.nothing_was_lost(client);
}

#[test]
fn a_new_dependency_that_pushes_another_package_out_needs_a_full_upgrade() {
    lab!();
    let with = &[("depends.deb = [\"python3\"]", "depends.deb = [\"python3\", \"tiny-lib\"]")];
    let (_vendor, site) = cleared("pushes-out", Release::Bookworm, manifest(with));
    let client = site.client();
    let archive = Archive::new("tiny").unwrap();
    let lib = TinyPackage::new("tiny-lib", "1.0").field("Conflicts", "tiny-old");
    archive.add(&[lib, TinyPackage::new("tiny-old", "1.0")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["install", "tiny-old"]).expect_ok();
    site.host.apt_get(&["update"]).expect_ok();
    status_says(&site, "other packages have to go for it: tiny-old; apt full-upgrade removes them");
    site.host.ok(&["apt", "-y", "upgrade"]);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    site.host.ok(&["apt", "-y", "full-upgrade"]);
    finished_once(&site, "canopsis");
    site.nothing_was_lost(client);
}

const RENAMED: [(&str, &str); 1] =
    [("package = \"canopsis\"\n", "package = \"canopsis-core\"\nreplaces = [\"canopsis\"]\n")];

#[test]
fn a_renamed_package_comes_as_an_upgrade_of_the_old_one() {
    lab!();
    std::thread::scope(|scope| {
        for release in Release::ALL {
            scope.spawn(move || rename_package(release));
        }
    });
}

fn rename_package(release: Release) {
    let (vendor, site) = cleared("renamed", release, manifest(&RENAMED));
    let client = site.client();
    // What the site edited moves with its file.
    site.host.shell("echo '# ours' >>/etc/canopsis.conf");
    site.host.ok(&["apt", "-y", "upgrade"]);
    assert_eq!(site.host.installed("canopsis-core"), None, "its name is not known yet");
    site.host.ok(&["apt", "-y", "upgrade"]);
    finished_once(&site, "canopsis-core");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"), "for the time being");
    assert!(site.host.read("/etc/canopsis.conf").ends_with("# ours\n"));
    let default = "/usr/share/consignee/defaults/canopsis-core/etc/canopsis.conf";
    let left =
        site.host.shell(&format!("ls /etc/canopsis.conf*; dpkg-query -S {default} /opt/canopsis/bin/canopsinit"));
    assert_eq!(
        left,
        format!("/etc/canopsis.conf\ncanopsis-core: {default}\ncanopsis-core: /opt/canopsis/bin/canopsinit")
    );

    // The old name goes, also beside another package, and nothing stops for it.
    let archive = Archive::new("tiny").unwrap();
    archive.add(&[TinyPackage::new("tiny-lib", "1.0")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    let gone = site.host.apt_get(&["--auto-remove", "install", "tiny-lib"]).expect_ok();
    assert_eq!(site.host.installed("canopsis"), None, "{gone}");
    site.host.apt_get(&["purge", "canopsis"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.engine("web"), "active");

    // The next release, which still carries the old name for others.
    release_changed(&vendor, Product::canopsis("3.26.1"), manifest(&RENAMED));
    site.clear_canopsis();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis-core").as_deref(), Some("3.26.1-1"));
    assert_eq!(site.host.installed("canopsis"), None);
    assert_eq!(site.init_calls().len(), 3);
    site.nothing_was_lost(client);
}

const WEB: &str = "canopsis-engine@web.service";

fn rename_unit(project: &Path) {
    let template = fs::read_to_string(project.join("canopsis-engine@.service")).unwrap();
    fs::write(project.join("canopsis-web.service"), template.replace("%i", "web")).unwrap();
    edit(&project.join("canopsis.target"), &[(WEB, "canopsis-web.service")]).unwrap();
    let renamed = &[
        (
            "\"canopsis-engine@web.service\"]",
            "\"canopsis-web.service\"]\nrenamed_engines = { \"canopsis-web.service\" = \"canopsis-engine@web.service\" }",
        ),
        ("units = [", "units = [\"canopsis-web.service\", "),
    ];
    edit(&project.join("consign.toml"), renamed).unwrap();
}

#[test]
fn a_renamed_unit_does_what_the_old_one_did() {
    lab!();
    let (_vendor, site) = cleared("unit", Release::Trixie, rename_unit);
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    finished_once(&site, "canopsis");
    let state = |unit: &str| {
        let ask = |what| site.host.exec(&["systemctl", what, unit]).stdout.trim().to_owned();
        (ask("is-active"), ask("is-enabled"))
    };
    assert_eq!(state("canopsis-web.service"), ("active".to_owned(), "enabled".to_owned()));
    assert_eq!(state(WEB), ("inactive".to_owned(), "disabled".to_owned()));
    site.nothing_was_lost(client);
}

#[test]
fn a_unit_that_was_stopped_on_purpose_stays_stopped_under_its_new_name() {
    lab!();
    let (_vendor, site) = cleared("unit-stopped", Release::Bookworm, |project| {
        rename_unit(project);
        let health = &[("http = \"http://127.0.0.1:8082/health\"", "command = [\"/bin/true\"]")];
        edit(&project.join("consign.toml"), health).unwrap();
        // A unit file of its own: when it is gone, so is the link that enabled it.
        fs::rename(project.join("canopsis-engine@.service"), project.join("canopsis-part@.service")).unwrap();
        let parts = &[
            ("canopsis-engine@.service", "canopsis-part@.service"),
            (
                "[\"canopsis-engine@main.service\", \"canopsis-engine@worker.service\"",
                "[\"canopsis-part@main.service\", \"canopsis-part@worker.service\"",
            ),
            (
                "renamed_engines = {",
                "renamed_engines = { \"canopsis-part@main.service\" = \"canopsis-engine@main.service\", \"canopsis-part@worker.service\" = \"canopsis-engine@worker.service\",",
            ),
        ];
        edit(&project.join("consign.toml"), parts).unwrap();
    });
    // No client: it is what would take its records.
    site.host.ok(&["systemctl", "disable", "--now", WEB]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    finished_once(&site, "canopsis");
    let enabled = |unit: &str| site.host.exec(&["systemctl", "is-enabled", unit]).stdout.trim().to_owned();
    assert_eq!(enabled("canopsis-web.service"), "disabled");
    assert_eq!(enabled("canopsis-part@main.service"), "enabled");
    assert_eq!(site.host.exec(&["systemctl", "is-active", "canopsis-web.service"]).stdout.trim(), "inactive");
    assert_eq!(site.host.exec(&["systemctl", "is-active", "canopsis-part@worker.service"]).stdout.trim(), "active");
    let links = site.host.shell("find /etc/systemd/system -name 'canopsis-engine@*' | wc -l");
    assert_eq!(links, "0", "nothing is left of the old names");
}
