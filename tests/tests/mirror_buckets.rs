//! Hosts that know nothing but a bucket of an object store, from the first installation to the end of an upgrade.

use std::path::Path;

use consign_lab::{BaseSystem, Bucket, CANOPSIS, Lab, Product, Release, RpmSystem, Site, Vendor, lab};

const PREFIX: &str = "acme";

/// Brings the mirror up to what the vendor has published, and the bucket to what the mirror shows.
fn carry(vendor: &Vendor, site: &Site, mirror: &Path, bucket: &Bucket) {
    vendor.carry(&site.host, mirror).unwrap();
    bucket.push(&site.host, vendor, mirror, PREFIX).unwrap();
}

fn lives_on_a_bucket(system: impl Into<BaseSystem>, vendor: &Vendor) {
    let site = Site::bare("bucket", system, CANOPSIS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    let bucket = Bucket::start(&site.host).unwrap();
    vendor.release(Product::canopsis("3.25.0")).unwrap();
    carry(vendor, &site, &mirror, &bucket);
    site.introduce_from(&mirror);
    site.point_at(&bucket.address(PREFIX));
    site.begin("canopsis");

    vendor.release(Product::canopsis("3.26.0")).unwrap();
    carry(vendor, &site, &mirror, &bucket);
    let looked = site.look();
    assert!(looked.contains("acme/canopsis 3.25.0: 3.26.0 is offered"), "{looked}");
    site.go_on("canopsis", "3.26.0-1");
}

#[test]
fn a_host_of_apt_is_installed_and_upgraded_from_a_bucket_alone() {
    lab!();
    lives_on_a_bucket(Release::Trixie, &Vendor::new("acme").unwrap());
}

#[test]
fn a_host_of_dnf_is_installed_and_upgraded_from_a_bucket_alone() {
    lab!(Lab::has_rpm());
    lives_on_a_bucket(RpmSystem::Dnf5, &Vendor::new("acme").unwrap().with_rpms());
}
