//! A release in both formats, from one manifest.

use std::path::Path;

use consign::build::{Built, Release};
use consign::manifest::{Outline, Project, Strictness};
use consign::package::{Format, SignedPackage};
use consign::sign::{Algorithm, KeyFile};
use jiff::Timestamp;

use super::Database;
use crate::sample::{Keys, Sample, output_of, text};

fn both() -> Sample {
    let sample = Sample::new();
    sample.replace("maintainer =", "formats = [\"deb\", \"rpm\"]\nmaintainer =");
    sample.replace("depends.deb =", "depends.rpm = [\"python3 >= 3.6\"]\ndepends.deb =");
    sample.replace(
        "units =",
        "folders = [{ path = \"/var/lib/erp\", owner = \"erp\", mode = \"0750\" }]\nusers = [{ name = \"erp\", home = \"/var/lib/erp\" }]\nunits =",
    );
    sample
}

fn build(sample: &Sample, signer: &KeyFile) -> Vec<Built> {
    let release = Release::prepare(&sample.load()).unwrap();
    let time = Timestamp::from_second(super::TIME).unwrap();
    release.build(signer, time, &sample.path().join("dist"), &mut |_| {}).unwrap()
}

fn file_names(built: &[Built]) -> Vec<&str> {
    built.iter().map(|built| built.package.path().file_name().unwrap().to_str().unwrap()).collect()
}

fn query(package: &Path, what: &[&str]) -> String {
    output_of("rpm", &[&["-qp", "--nosignature"], what, &[text(package)]].concat())
}

#[test]
fn one_manifest_makes_a_deb_and_an_rpm_with_the_same_plan_and_notes() {
    let (sample, keys) = (both(), Keys::new(Algorithm::Ed25519));
    let built = build(&sample, &keys.package());
    assert_eq!(file_names(&built), ["acme-erp_1.1.0-1_all.deb", "acme-erp-1.1.0-1.noarch.rpm"]);
    let [deb, rpm]: [&SignedPackage; 2] = [&built[0].package, &built[1].package];
    assert!(matches!((deb.format(), rpm.format()), (Format::Deb(_), Format::Rpm(_))));
    assert_eq!(deb.plan().unwrap().message, rpm.plan().unwrap().message);
    assert_eq!((deb.notes(), deb.notes().len()), (rpm.notes(), 2));
    let native = &rpm.plan().unwrap().plan.body.modules[0].native;
    assert_eq!((native.deb.as_deref(), native.rpm.as_deref()), (Some("1.1.0-1"), Some("1.1.0-1")));
    let (good, said) = Database::trusting(&keys.files.certificate_armored).check(rpm.path());
    assert!(good && said.contains("signatures"), "{said}");
}

#[test]
fn a_manifest_that_says_nothing_of_formats_makes_debs_alone() {
    let (sample, keys) = (Sample::new(), Keys::new(Algorithm::Ed25519));
    assert_eq!(file_names(&build(&sample, &keys.package())), ["acme-erp_1.1.0-1_all.deb"]);
    let (_, plan) = sample.load().plan();
    assert!(!String::from_utf8(plan).unwrap().contains("rpm"));
}

#[test]
fn the_agent_is_there_before_the_first_scriptlet_and_accounts_before_the_first_file() {
    let (sample, keys) = (both(), Keys::new(Algorithm::Ed25519));
    let built = build(&sample, &keys.package());
    let rpm = built[1].package.path();
    let requires = query(rpm, &["--qf", "[%{REQUIRENAME} %{REQUIREVERSION} %{REQUIREFLAGS:deptype}\n]"]);
    for line in ["consignee 0.1.0 pre,preun", "/usr/sbin/useradd  pre", "python3 3.6 manual"] {
        assert!(requires.lines().any(|found| found == line), "{line}: {requires}");
    }
    let scripts = query(rpm, &["--scripts"]);
    for line in [
        "account erp '/var/lib/erp' '/usr/sbin/nologin'",
        "|| \"$hook\" pre acme/erp acme-erp \"$1\" || :",
        "|| \"$hook\" posttrans acme/erp acme-erp \"$1\" || :",
        "|| \"$hook\" preun acme/erp acme-erp \"$1\" || :",
        "|| \"$hook\" postun acme/erp acme-erp \"$1\" || :",
    ] {
        assert!(scripts.contains(line), "{line}: {scripts}");
    }
    let config = query(rpm, &["--configfiles"]);
    assert_eq!(config.trim(), "/etc/acme/erp.conf");
}

#[test]
fn modules_need_each_other_in_this_version_and_conflict_with_what_they_replace() {
    let (sample, keys) = (both(), Keys::new(Algorithm::Ed25519));
    sample.write("web/index.html", "x");
    sample.replace(
        "[options.edition]",
        "[[module]]\npackage = \"acme-erp-web\"\nreplaces = [\"acme-web\"]\nfiles = [{ from = \"web/\", to = \"/opt/acme-web\" }]\n\n[options.edition]",
    );
    let built = build(&sample, &keys.package());
    let of = |name: &str| built.iter().map(|b| b.package.path()).find(|p| text(p).contains(name)).unwrap();
    let needs = |name: &str| query(of(name), &["--requires"]);
    assert!(needs("/acme-erp-1.1.0").contains("acme-erp-web = 1.1.0-1\n"));
    assert!(needs("/acme-erp-web-1.1.0").contains("acme-erp = 1.1.0-1\n"));
    assert!(needs("/acme-web-1.1.0").contains("acme-erp-web = 1.1.0-1\n"));
    assert_eq!(query(of("/acme-erp-web-1.1.0"), &["--conflicts"]).trim(), "acme-web < 1.1.0-1");
    assert!(!query(of("/acme-web-1.1.0"), &["--scripts"]).contains("preuninstall"));
}

#[test]
fn a_build_for_one_release_of_a_distribution_is_in_the_formats_it_says() {
    let sample = both();
    sample.replace(
        "[[module]]",
        "[[build]]\nname = \"deb12\"\nchannel = \"stable\"\nformats = [\"deb\"]\n\n[[build]]\nname = \"el9\"\nchannel = \"stable\"\nformats = [\"rpm\"]\ndepends.rpm = [\"glibc >= 2.34\"]\n\n[[module]]",
    );
    let load = |name: &str| Project::load_build(&sample.manifest_path(), Strictness::Lenient, name).unwrap();
    let (deb12, el9) = (load("deb12").native(), load("el9").native());
    assert_eq!((deb12.deb.as_deref(), deb12.rpm), (Some("1.1.0-1~deb12"), None));
    assert_eq!((el9.deb, el9.rpm.as_deref()), (None, Some("1.1.0-1.el9")));
    let (plan, _) = load("el9").plan();
    assert_eq!(plan.body.modules[0].natives().count(), 2);
    let outline = Outline::load(&sample.manifest_path()).unwrap();
    let names = outline.packages(&"stable".parse().unwrap());
    assert_eq!(names, ["acme-erp_1.1.0-1~deb12_all.deb", "acme-erp-1.1.0-1.el9.noarch.rpm"]);
    let clash = sample.replace("formats = [\"rpm\"]", "formats = [\"deb\", \"rpm\"]").fault(Strictness::Lenient);
    assert!(clash.contains("is not the only one in its channel"), "{clash}");
}

#[test]
fn what_rpm_would_not_understand_is_refused_where_it_is_typed() {
    let sample = both();
    sample.replace("python3 >= 3.6", "python3 (>= 3.6)");
    assert!(sample.fault(Strictness::Lenient).contains("is not a dependency of an rpm package"));
    let sample = both();
    sample.replace("[\"deb\", \"rpm\"]", "[]");
    assert!(sample.fault(Strictness::Lenient).contains("packages in no format are none"));
}

#[test]
fn rpmlint_finds_nothing_without_a_reason() {
    let (sample, keys) = (both(), Keys::new(Algorithm::Ed25519));
    let built = build(&sample, &keys.package());
    assert_eq!(crate::rpmlint::complaints(built[1].package.path()), [""; 0]);
}

#[test]
fn the_plan_of_a_build_shows_the_package_in_each_format() {
    let sample = both();
    let shown =
        output_of(env!("CARGO_BIN_EXE_consign"), &["build", "--plan", "--manifest", text(&sample.manifest_path())]);
    for line in [
        "  acme-erp 1.1.0-1 all",
        "    depends on python3",
        "  acme-erp 1.1.0-1 noarch",
        "    requires first consignee >= 0.1.0, /usr/sbin/useradd",
        "    requires python3 >= 3.6",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line}: {shown}");
    }
}
