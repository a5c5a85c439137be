//! A release of several packages, of one format or of both.

use std::path::Path;

use consign::package::SignedPackage;
use consign_metadata::plan::NativeVersions;

use super::{Plain, query};
use crate::rpm::Database;
use crate::wrap::{CONTROL, Foreign};

fn natives(package: &SignedPackage) -> Vec<NativeVersions> {
    package.plan().unwrap().plan.body.modules[0].natives().cloned().collect()
}

fn native(deb: Option<&str>, rpm: Option<&str>) -> NativeVersions {
    NativeVersions { deb: deb.map(str::to_owned), rpm: rpm.map(str::to_owned), msi: None }
}

#[test]
fn debs_and_rpms_of_a_release_carry_one_plan_that_names_both() {
    let foreign = Foreign::new();
    let packages = [foreign.tiny(CONTROL, &[], &[]), Plain::default().build(foreign.folder.path())];
    let wrapped = foreign.try_wrap(&packages).unwrap();
    let plans = [&wrapped[0], &wrapped[1]].map(|package| &package.plan().unwrap().message);
    assert_eq!(plans[0], plans[1]);
    assert_eq!(natives(&wrapped[1]), [native(Some("1.1.0-1"), Some("1.1.0-1"))]);
    assert_eq!(wrapped[0].notes(), wrapped[1].notes());
    let digest = wrapped[1].plan().unwrap().plan.digest;
    let turned = foreign.try_wrap(&[packages[1].clone(), packages[0].clone()]).unwrap();
    assert_eq!(turned[0].plan().unwrap().plan.digest, digest, "the order in which they are given counts");
    let alone = foreign.wrap(&packages[1]);
    assert_eq!(natives(&alone), [native(None, Some("1.1.0-1"))]);
}

#[test]
fn a_wrapped_package_is_signed_as_rpm_and_the_gate_want_it() {
    let foreign = Foreign::new();
    let wrapped = foreign.wrap(&Plain::default().build(foreign.folder.path()));
    let (good, said) = Database::trusting(&foreign.keys.files.certificate_armored).check(wrapped.path());
    assert!(good && said.contains("signatures"), "{said}");
    assert_eq!(wrapped.plan().unwrap().plan.body.engines[0].as_str(), "ledger.service");
}

#[test]
fn the_formats_are_those_that_were_given_and_all_that_the_manifest_names() {
    let foreign = Foreign::new();
    let (deb, rpm) = (foreign.tiny(CONTROL, &[], &[]), Plain::default().build(foreign.folder.path()));
    foreign.replace("version = ", "formats = [\"deb\", \"rpm\"]\nversion = ");
    let missing = foreign.refusal(std::slice::from_ref(&deb));
    assert!(missing.contains("the manifest's formats name rpm, and no .rpm was given"), "{missing}");
    foreign.replace("[\"deb\", \"rpm\"]", "[\"deb\"]");
    let other = foreign.refusal(&[deb.clone(), rpm.clone()]);
    assert!(other.contains("a .rpm was given, and the manifest's formats do not name rpm"), "{other}");
    foreign.replace("formats = [\"deb\"]\n", "");
    foreign.replace("package = \"acme-ledger\"", "package = \"acme-ledger\"\n[[module]]\npackage = \"acme-web\"");
    let web = foreign.tiny(&CONTROL.replace("acme-ledger", "acme-web"), &[], &[]);
    let half = foreign.refusal(&[deb, web, rpm]);
    assert!(half.contains("there is no .rpm of its module acme-web"), "{half}");
}

#[test]
fn modules_are_bound_to_the_same_build_of_each_other() {
    let foreign = Foreign::new();
    foreign.replace("package = \"acme-ledger\"", "package = \"acme-ledger\"\n[[module]]\npackage = \"acme-web\"");
    let build = |name: &str, header: &str| Plain { name, header, ..Plain::default() }.build(foreign.folder.path());
    let all = [build("acme-ledger", ""), build("acme-web", "Requires: acme-ledger = 1.1.0-1")];
    let wrapped = foreign.try_wrap(&all).unwrap();
    let needs = |package: &Path| query(package, &["--requires"]);
    assert!(needs(wrapped[0].path()).lines().any(|line| line == "acme-web = 1.1.0-1"));
    let bound = needs(wrapped[1].path()).lines().filter(|line| *line == "acme-ledger = 1.1.0-1").count();
    assert_eq!(bound, 1, "it is said twice");
}

#[test]
fn rpmlint_complains_of_nothing_that_it_did_not_before() {
    let foreign = Foreign::new();
    let package = Plain::default().build(foreign.folder.path());
    let before = crate::rpmlint::complaints(&package);
    let after = crate::rpmlint::complaints(foreign.wrap(&package).path());
    // rpmlint takes the words of a program for one word: of Perl's `%preun` it is a shell that reports first.
    let of_program = |complaint: &str| complaint.contains("invalid-shell-in-%preun /bin/sh-c");
    let new: Vec<_> = after.into_iter().filter(|c| !before.contains(c) && !of_program(c)).collect();
    assert_eq!(new, [""; 0], "before: {before:?}");
}
