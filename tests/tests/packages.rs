//! The packages that every host gets whatever it buys: the agent's, and the one that introduces a vendor.

use std::path::Path;

use consign_lab::{AgentPackage, Product, Release, Site, Vendor, lab};

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
