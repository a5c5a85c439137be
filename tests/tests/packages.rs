//! The packages that every host gets whatever it buys: the agent's, and the one that introduces a vendor.

use std::path::Path;

use consign_lab::{AgentPackage, Host, Lab, Product, Release, RpmSystem, Site, Vendor, lab};

#[path = "../../publisher/tests/lintian/mod.rs"]
mod lintian;

/// `scripts/agent` strips its programs; those put there while one develops are not.
fn of_a_release(package: &Path) -> Vec<String> {
    let mut complaints = lintian::complaints(package);
    complaints.retain(|complaint| !complaint.contains(": unstripped-binary-or-object "));
    complaints
}

#[test]
fn lintian_finds_nothing_without_a_reason() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    assert_eq!(of_a_release(&AgentPackage::current().unwrap().package), [""; 0]);
    assert_eq!(of_a_release(&vendor.release_package()), [""; 0]);
}

#[test]
fn the_agent_brings_its_manual_and_completions() {
    lab!();
    let vendor = Vendor::new("acme").unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    let site = Site::open("manual", Release::Trixie, &vendor, "acme/canopsis").unwrap();
    site.host.apt_get(&["install", "consignee"]).expect_ok();
    let pages = site.host.shell("cd /usr/share/man/man8 && ls consignee*");
    for page in ["consignee.8.gz", "consignee-status.8.gz", "consignee-retry.8.gz"] {
        assert!(pages.lines().any(|found| found == page), "{page} is not in {pages}");
    }
    assert!(!pages.contains("hook"), "{pages}");
    let title = site.host.shell("zcat /usr/share/man/man8/consignee-ack.8.gz | grep '^.TH'");
    assert!(title.starts_with(".TH consignee-ack 8 "), "{title}");
    // bash offers what the program understands.
    let ask = ". /usr/share/bash-completion/completions/consignee; COMP_WORDS=(consignee st); COMP_CWORD=1; \
               _consignee consignee st consignee; echo \"${COMPREPLY[@]}\"";
    assert_eq!(site.host.ok(&["bash", "-c", ask]).stdout, "status\n");
}

#[test]
fn the_agents_rpm_has_its_scripts_and_hears_of_every_plan_that_comes() {
    lab!(Lab::has_rpm());
    let package = AgentPackage::rpm().unwrap().package;
    let mut query = std::process::Command::new("rpm");
    let asked = query.args(["--query", "--scripts", "--filetriggers", "--package"]).arg(package).output().unwrap();
    assert!(asked.status.success(), "{asked:?}");
    let said = String::from_utf8_lossy(&asked.stdout);
    let trigger = "transfiletriggerin scriptlet (using /bin/sh) -- /usr/share/consignee/plans";
    for (heading, script) in [
        ("postinstall scriptlet (using /bin/sh):", "post"),
        ("preuninstall scriptlet (using /bin/sh):", "preun"),
        ("postuninstall scriptlet (using /bin/sh):", "postun"),
        ("posttrans scriptlet (using /bin/sh):", "posttrans"),
        (trigger, "trigger"),
    ] {
        let text = fs_err::read_to_string(Lab::repository().join("client/dist/rpm/RPM").join(script)).unwrap();
        let place = said.find(heading).unwrap_or_else(|| panic!("no {script} in {said}"));
        assert!(said[place..].split_once('\n').unwrap().1.starts_with(text.trim_end()), "{script}: {said}");
    }
}

/// What rpm says of a package, and its exit status.
fn checked(host: &Host, package: &str) -> (i32, String) {
    let said = host.exec(&["rpmkeys", "--checksig", "--verbose", package]);
    (said.code, said.text())
}

#[test]
fn every_rpm_checks_the_signature_and_the_digests_of_our_packages() {
    lab!(Lab::has_rpm());
    let vendor = Vendor::new("acme").unwrap().with_rpms();
    let project = vendor.project(Product::canopsis("3.25.0")).unwrap();
    let built = vendor.build(&project).unwrap();
    vendor.publish(&project, &built).unwrap();
    let key = vendor.repository().join("yum/stable/g/latest/repodata/repomd.xml.key");
    let product = project.join("dist/canopsis-3.25.0-1.noarch.rpm");
    for system in RpmSystem::ALL {
        let host = Host::boot(&format!("rpmkeys-{}", system.name()), system).unwrap();
        host.copy_in(&key, "/srv/key");
        host.copy_in(&product, "/srv/product.rpm");
        host.copy_in(vendor.release_package_for("rpm"), "/srv/release.rpm");
        let (status, said) = checked(&host, "/srv/product.rpm");
        assert!(status != 0 && said.contains("NOKEY"), "{said}");
        host.rpm(&["--import", "/srv/key"]).expect_ok();
        for package in ["/srv/product.rpm", "/srv/release.rpm"] {
            let (status, said) = checked(&host, package);
            let good = |what: &str| said.lines().any(|line| line.to_lowercase().contains(what) && line.ends_with("OK"));
            assert_eq!(status, 0, "{said}");
            assert!(good(" signature") && good("header sha256 digest") && good("payload sha256 digest"), "{said}");
        }
        // One byte of the payload, near its end.
        host.shell("printf x | dd of=/srv/product.rpm bs=1 seek=$(($(stat -c %s /srv/product.rpm) - 64)) conv=notrunc");
        let (status, said) = checked(&host, "/srv/product.rpm");
        assert!(status != 0 && said.contains("BAD"), "{said}");
    }
}
