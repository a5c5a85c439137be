//! What a manifest says of an rpm besides its files: capabilities, what it does better with, accounts.

use std::fs;

use consign::build::{Built, Release};
use consign::manifest::Strictness;
use consign::sign::Algorithm;
use jiff::Timestamp;

use super::Database;
use crate::sample::{Keys, Sample, output_of, text};

fn built(sample: &Sample) -> Vec<Built> {
    let release = Release::prepare(&sample.load()).unwrap();
    let time = Timestamp::from_second(super::TIME).unwrap();
    release.build(&Keys::new(Algorithm::Ed25519).package(), time, &sample.path().join("dist"), &mut |_| {}).unwrap()
}

fn query(built: &Built, what: &[&str]) -> String {
    output_of("rpm", &[&["-qp", "--nosignature"], what, &[text(built.package.path())]].concat())
}

fn endowed(formats: &str) -> Sample {
    let sample = Sample::new();
    sample.replace("maintainer =", &format!("formats = {formats}\nmaintainer ="));
    sample.replace(
        "files = [",
        "files = [{ from = \"tree/bin/init\", to = \"/opt/acme-net/bin/\", mode = \"0755\", capabilities = \"cap_net_bind_service,cap_net_raw=ep\" }, ",
    );
    sample
}

#[test]
fn a_program_has_its_capabilities_once_rpm_has_installed_it() {
    let sample = endowed("[\"rpm\"]");
    let built = built(&sample).remove(0);
    let listed = query(&built, &["--qf", "[%{FILENAMES} %{FILECAPS}\n]"]);
    assert!(listed.contains("/opt/acme-net/bin/init cap_net_bind_service,cap_net_raw=ep\n"), "{listed}");
    assert!(query(&built, &["--requires"]).contains("rpmlib(FileCaps) <= 4.6.1-1\n"));
    let database = Database::new();
    database.install(built.package.path());
    let program = database.root().join("opt/acme-net/bin/init");
    assert!(output_of("getcap", &[text(&program)]).trim_end().ends_with("cap_net_bind_service,cap_net_raw=ep"));
    let verified = database.rpm(&["-V", "--nodeps", "--nouser", "--nogroup", "acme-erp"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    fs::write(&program, "other").unwrap();
    assert!(!database.rpm(&["-V", "--nodeps", "acme-erp"]).status.success());
}

#[test]
fn capabilities_that_a_package_could_not_carry_are_refused_where_they_are_typed() {
    for formats in ["[\"deb\"]", "[\"deb\", \"rpm\"]"] {
        let said = endowed(formats).fault(Strictness::Lenient);
        assert!(said.contains("a package for Debian cannot carry the capabilities of a file"), "{said}");
    }
    let sample = endowed("[\"rpm\"]");
    sample.replace("cap_net_raw=ep", "cap_fly=ep");
    assert!(sample.fault(Strictness::Lenient).contains("are no capabilities of a file"));
    let sample = endowed("[\"rpm\"]");
    sample.replace("from = \"tree/bin/init\"", "from = \"tree/\"");
    assert!(sample.fault(Strictness::Lenient).contains("capabilities are for one file, and this is a folder"));
}

#[test]
fn what_a_package_does_better_with_is_said_in_each_format() {
    let sample = Sample::new();
    sample.replace("maintainer =", "formats = [\"deb\", \"rpm\"]\nmaintainer =");
    sample.replace(
        "depends.deb =",
        "recommends.deb = [\"curl, jq\"]\nrecommends.rpm = [\"curl\", \"(jq or gojq)\"]\n\
         suggests.deb = [\"graphviz\"]\nsuggests.rpm = [\"graphviz >= 2\"]\ndepends.deb =",
    );
    let built = built(&sample);
    let field = |name: &str| output_of("dpkg-deb", &["--field", text(built[0].package.path()), name]);
    assert_eq!((field("Recommends").trim(), field("Suggests").trim()), ("curl, jq", "graphviz"));
    assert_eq!(query(&built[1], &["--recommends"]), "(jq or gojq)\ncurl\n");
    assert_eq!(query(&built[1], &["--suggests"]), "graphviz >= 2\n");
    let needs = query(&built[1], &["--requires"]);
    assert!(needs.contains("rpmlib(RichDependencies)") && !needs.contains("curl"), "{needs}");
}

#[test]
fn accounts_that_the_scriptlet_makes_are_there_for_packages_that_need_them() {
    let sample = Sample::new();
    sample.replace("maintainer =", "formats = [\"rpm\"]\nmaintainer =");
    sample.replace("units =", "users = [{ name = \"erp\", home = \"/var/lib/erp\" }]\nunits =");
    let provides = query(&built(&sample)[0], &["--provides"]);
    assert!(provides.contains("group(erp)\n") && provides.contains("user(erp)\n"), "{provides}");
}
