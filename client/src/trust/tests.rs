//! Whose signature counts for what.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::sample::vendor::Vendor as Sample;

fn host() -> (tempfile::TempDir, Places, Sample) {
    let root = tempfile::tempdir().unwrap();
    let places = Places::below(root.path());
    let acme = Sample::new("acme");
    acme.anchor(&places);
    (root, places, acme)
}

fn plan(places: &Places, id: &str, signed: &[u8]) -> Result<UpgradePlan, TrustError> {
    Trust::read(places).unwrap().plan(&id.parse().unwrap(), "the plan", signed)
}

#[test]
fn a_plan_counts_when_the_vendors_package_key_signed_it() {
    let (_root, places, acme) = host();
    let text = acme.plan("1.0.0").to_string();
    assert!(plan(&places, "acme/erp", &acme.sign_as_package(&text)).is_ok());
    let index = plan(&places, "acme/erp", &acme.sign_as_index(&text)).unwrap_err();
    assert!(index.to_string().contains("has not that role"), "{index}");
    assert!(matches!(plan(&places, "acme/shop", &acme.sign_as_package(&text)), Err(TrustError::Document { .. })));
    assert!(matches!(plan(&places, "none/erp", &acme.sign_as_package(&text)), Err(TrustError::NoAnchor { .. })));
}

#[test]
fn a_byte_that_changed_is_found() {
    let (_root, places, acme) = host();
    let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
    let at = signed.windows(5).position(|w| w == b"1.0.0").unwrap();
    let mut altered = signed.clone();
    altered[at] = b'2';
    assert!(matches!(plan(&places, "acme/erp", &altered), Err(TrustError::Signature { .. })));
    assert!(matches!(plan(&places, "acme/erp", b"{}"), Err(TrustError::Signature { .. })));
}

#[test]
fn a_vendor_speaks_for_its_own_products_only() {
    let (_root, places, acme) = host();
    let other = Sample::new("other");
    other.anchor(&places);
    let text = acme.plan("1.0.0").to_string();
    assert!(matches!(plan(&places, "acme/erp", &other.sign_as_package(&text)), Err(TrustError::Signature { .. })));
    assert!(matches!(plan(&places, "other/erp", &other.sign_as_package(&text)), Err(TrustError::NotCovered { .. })));
    let shop = text.replace("\"erp\"", "\"shop\"");
    assert!(matches!(plan(&places, "acme/shop", &acme.sign_as_package(&shop)), Err(TrustError::NotCovered { .. })));
}

#[test]
fn an_anchor_that_others_could_have_written_is_refused_and_spoils_no_other() {
    let (_root, places, acme) = host();
    Sample::new("other").anchor(&places);
    let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
    for name in ["anchor.json", "certificate.pgp", ""] {
        let path = places.anchors().join("acme").join(name);
        let mode = fs_err::metadata(&path).unwrap().permissions().mode();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode | 0o020)).unwrap();
        let error = plan(&places, "acme/erp", &signed).unwrap_err();
        assert!(error.to_string().contains("others than root may write it"), "{name}: {error}");
        assert!(Trust::read(&places).unwrap().vendor(&"other".parse().unwrap()).is_ok());
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    assert!(plan(&places, "acme/erp", &signed).is_ok());
}

#[test]
fn a_plan_of_a_later_format_still_says_what_it_is() {
    let (_root, places, acme) = host();
    let mut newer = acme.plan("1.1.0");
    newer["body"] = serde_json::json!({"format": consign_metadata::plan::BODY_FORMAT + 1, "wonders": []});
    let error = plan(&places, "acme/erp", &acme.sign_as_package(&newer.to_string())).unwrap_err();
    assert!(matches!(&error, TrustError::Newer { envelope, .. } if envelope.version == "1.1.0".parse().unwrap()));
}

#[test]
fn installed_plans_are_told_by_package_and_a_bad_one_hides_no_other() {
    let (_root, places, acme) = host();
    fs_err::create_dir_all(places.plans()).unwrap();
    let signed = acme.sign_as_package(&acme.plan("1.0.0").to_string());
    fs_err::write(places.plans().join("acme-erp.pgp"), signed).unwrap();
    fs_err::write(places.plans().join("broken.pgp"), "nonsense").unwrap();
    let found = Trust::read(&places).unwrap().installed(&places).unwrap();
    let good: Vec<_> = found.iter().map(|one| (one.package.as_str(), one.plan.is_ok())).collect();
    assert_eq!(good, [("acme-erp", true), ("broken", false)]);
}
