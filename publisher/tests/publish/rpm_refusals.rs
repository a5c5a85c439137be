//! Bad rpms and bad releases of them: each is refused, and nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use consign_metadata::rpm::RpmLayout;

use crate::project::{Project, err};

const BOTH: &str = "formats = [\"deb\", \"rpm\"]\n";
const RPM: &str = "formats = [\"rpm\"]\n";
const SECOND_MODULE: &str =
    "[[module]]\npackage = \"acme-erp-data\"\nfiles = [{ from = \"app/\", to = \"/opt/acme-erp-data\" }]\n";

fn project(formats: &'static str) -> Project {
    let mut project = Project::new();
    project.formats = formats;
    project
}

#[track_caller]
fn refused(project: &Project, packages: &[&Path], reason: &str) {
    let before = project.files();
    let packages: Vec<&str> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    let output = project.publish(&packages);
    assert!(!output.status.success(), "it was published");
    assert!(err(&output).contains(reason), "{}", err(&output));
    assert_eq!(project.files(), before, "something was written");
}

fn of<'a>(built: &'a [PathBuf], end: &str) -> &'a Path {
    built.iter().find(|path| path.to_str().unwrap().ends_with(end)).unwrap()
}

#[test]
fn an_rpm_that_is_cut_at_any_place_is_refused_with_the_place() {
    let project = project(RPM);
    let package = project.build("erp", "1.0.0").remove(0);
    let whole = fs::read(&package).unwrap();
    let layout = RpmLayout::read(&mut fs::File::open(&package).unwrap()).unwrap();
    let place = |at: u64| usize::try_from(at).unwrap();
    let (header, payload) = (place(layout.header_range().start), place(layout.payload_range().start));
    for (at, reason) in [
        (0, ""),
        (50, "the lead is cut short"),
        (96, "the signature header is cut short"),
        (104, "the signature header is cut short"),
        (200, "the signature header is cut short"),
        (header, "the header is cut short"),
        (header + 8, "the header is cut short"),
        (header + 500, "the header is cut short"),
        (payload, "its payload is not the one that was signed"),
        (payload + 10, "its payload is not the one that was signed"),
        (whole.len() - 1, "its payload is not the one that was signed"),
    ] {
        fs::write(&package, &whole[..at]).unwrap();
        refused(&project, &[&package], reason);
    }
}

#[test]
fn a_revision_below_a_published_one_is_refused() {
    let mut project = project("formats = [\"rpm\"]\nrevision = 2\n");
    let built = project.build("erp", "1.0.0");
    project.published(&[built[0].to_str().unwrap()]);
    project.formats = RPM;
    let lower = project.build("erp", "1.0.0");
    refused(&project, &[&lower[0]], "revision 2 of this version is published, and no host goes back");
}

#[test]
fn two_modules_that_disagree_about_one_file_are_refused_in_each_format() {
    let project = project(BOTH);
    let built = project.build_with("erp", "1.0.0", SECOND_MODULE, &[]);
    let (deb, rpm) = (of(&built, "/acme-erp_1.0.0-1_all.deb"), of(&built, "/acme-erp-1.0.0-1.noarch.rpm"));
    let other = project.forged(rpm, "acme-erp-data", &[("/opt/acme-erp/erp", "other\n")]);
    refused(&project, &[rpm, of(&other, ".rpm")], "/opt/acme-erp/erp is in acme-erp as well and not the same there");
    refused(&project, &[deb, of(&other, ".deb")], "/opt/acme-erp/erp is in acme-erp as well, and dpkg lets no two");
    // Two packages that say the same of a file share it.
    let same = project.forged(rpm, "acme-erp-data", &[("/opt/acme-erp/erp", "#!/bin/sh\necho erp\n")]);
    project.published(&[rpm.to_str().unwrap(), of(&same, ".rpm").to_str().unwrap()]);
}

#[test]
fn a_folder_that_became_a_link_is_refused_before_rpm_stops_in_the_middle() {
    let project = project(RPM);
    project.write("app/conf/a", "x\n");
    let first = project.build("erp", "1.0.0");
    project.published(&[first[0].to_str().unwrap()]);
    fs::remove_dir_all(project.path("app/conf")).unwrap();
    std::os::unix::fs::symlink("erp", project.path("app/conf")).unwrap();
    project.note("1.1.0", "The second release.");
    let second = project.build("erp", "1.1.0");
    let reason = "/opt/acme-erp/conf was a folder in 1.0.0 and is a link now, and rpm stops in the middle";
    refused(&project, &[&second[0]], reason);
}

/// What can be compared between the formats: product, version, plan, and which modules there are.
#[test]
fn formats_of_a_release_that_do_not_agree_are_refused() {
    let project = project(BOTH);
    let built = project.build_with("erp", "1.0.0", SECOND_MODULE, &["--output", "first"]);
    let debs = [of(&built, "/acme-erp_1.0.0-1_all.deb"), of(&built, "-data_1.0.0-1_all.deb")];
    let rpm = of(&built, "/acme-erp-1.0.0-1.noarch.rpm");
    let [one, two] = debs;
    refused(&project, &[one, two, rpm], "its module acme-erp-data is missing");
    project.note("1.0.0", "Another text is another plan.");
    let others = project.build_with("erp", "1.0.0", SECOND_MODULE, &[]);
    let (rpm, data) = (of(&others, "/acme-erp-1.0.0-1.noarch.rpm"), of(&others, "-data-1.0.0-1.noarch.rpm"));
    refused(&project, &[one, two, rpm, data], "it carries another upgrade plan than");
    project.published(&[one.to_str().unwrap(), two.to_str().unwrap()]);
    refused(&project, &[rpm, data], "it was published with another upgrade plan");
}
