//! What is said about a release that changes the shape of its product, and what of it is never published.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::project::{Project, err, ok, out};

const SECOND: &str =
    "[[module]]\npackage = \"acme-erp-data\"\nfiles = [{ from = \"data/\", to = \"/opt/acme-erp-data\" }]\n";

/// A project with 1.0.0 published; `more` is what its manifest has besides.
fn published(more: &str) -> Project {
    let project = Project::new();
    project.write("data/one", "1");
    project.build_with("erp", "1.0.0", more, &[]);
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    project
}

/// What the plan of publishing 1.1.0 warns of.
fn warnings(project: &Project, more: &str, edits: &[(&str, &str)]) -> String {
    build(project, more, edits);
    err(&ok(&mut project.command("publish", &["--plan"])))
}

fn build(project: &Project, more: &str, edits: &[(&str, &str)]) {
    project.manifest("erp", "1.1.0", more);
    let mut manifest = fs::read_to_string(project.path("consign.toml")).unwrap();
    for (part, with) in edits {
        assert!(manifest.contains(part), "{part}");
        manifest = manifest.replace(part, with);
    }
    project.write("consign.toml", &manifest);
    ok(&mut project.command("build", &[]));
}

#[track_caller]
fn refused(project: &Project, reason: &str) {
    let before = project.files();
    let output = project.publish(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains(reason), "{}", err(&output));
    assert_eq!(project.files(), before, "something was written");
}

#[test]
fn a_new_dependency_keeps_the_product_back_and_publish_says_so() {
    let project = published("");
    let with = "package = \"acme-erp\"\ndepends.deb = [\"libpq5 (>= 15) | libpq6\", \"python3:any\"]";
    let said = warnings(&project, "", &[("package = \"acme-erp\"", with)]);
    assert!(said.contains("acme-erp needs libpq5 or libpq6, which 1.0.0 did not: where it is not installed"), "{said}");
    assert!(said.contains("acme-erp needs python3, which 1.0.0 did not"), "{said}");
    ok(&mut project.command("publish", &[]));
    // What the release before needed is nothing new.
    project.note("1.2.0", "The third release.");
    project.manifest("erp", "1.2.0", "");
    let manifest = fs::read_to_string(project.path("consign.toml")).unwrap();
    project.write("consign.toml", &manifest.replace("package = \"acme-erp\"", &with.replace("15", "16")));
    ok(&mut project.command("build", &[]));
    let said = err(&ok(&mut project.command("publish", &["--plan"])));
    assert!(!said.contains("needs libpq5"), "{said}");
}

#[test]
fn a_module_that_comes_or_goes_is_told_with_what_it_means_for_hosts() {
    let project = published("");
    let said = warnings(&project, SECOND, &[]);
    assert!(said.contains("acme-erp-data was no package of 1.0.0: apt-get upgrade keeps the product back"), "{said}");
    assert!(!said.contains("needs"), "{said}");
    let project = published(SECOND);
    let said = warnings(&project, "", &[]);
    assert!(said.contains("acme-erp-data was a package of 1.0.0 and is none now"), "{said}");
    assert!(said.contains("say replaces = [\"acme-erp-data\"]"), "{said}");
    // The same release once more is no other release.
    ok(&mut project.command("publish", &[]));
    assert!(!err(&ok(&mut project.command("publish", &[]))).contains("was a package"));
}

#[test]
fn a_folder_that_became_a_link_is_refused() {
    let project = Project::new();
    project.write("app/conf/a", "1");
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    fs::rename(project.path("app/conf"), project.path("app/conf.d")).unwrap();
    symlink("conf.d", project.path("app/conf")).unwrap();
    build(&project, "", &[]);
    refused(
        &project,
        "/opt/acme-erp/conf was a folder in 1.0.0 and is a link now, and dpkg leaves a folder where it is",
    );
    // Elsewhere it is welcome.
    fs::remove_file(project.path("app/conf")).unwrap();
    fs::rename(project.path("app/conf.d"), project.path("app/conf")).unwrap();
    symlink("conf", project.path("app/settings")).unwrap();
    build(&project, "", &[]);
    project.published(&[]);
    // And not back.
    project.note("1.2.0", "The third release.");
    fs::remove_file(project.path("app/settings")).unwrap();
    project.write("app/settings/b", "2");
    project.build("erp", "1.2.0");
    refused(&project, "/opt/acme-erp/settings was a link in 1.1.0 and is a folder now");
    fs::remove_dir_all(project.path("app/settings")).unwrap();
    fs::remove_dir_all(project.path("app/conf")).unwrap();
    project.write("app/conf", "a file");
    project.build("erp", "1.2.0");
    refused(&project, "/opt/acme-erp/conf was a folder in 1.1.0 and is a file now");
}

#[test]
fn a_file_moves_between_modules_only_where_the_manifest_says_so() {
    let project = published(SECOND);
    let moved = (
        "package = \"acme-erp\"\nfiles = [",
        "package = \"acme-erp\"\nfiles = [{ from = \"data/one\", to = \"/opt/acme-erp-data/one\" }, ",
    );
    let second = &SECOND.replace("data/\"", "more/\"");
    project.write("more/two", "2");
    build(&project, second, &[moved]);
    refused(&project, "/opt/acme-erp-data/one was in acme-erp-data 1.0.0 and is in acme-erp now");
    let takes = ("package = \"acme-erp\"\n", "package = \"acme-erp\"\nreplaces = [\"acme-erp-data\"]\n");
    build(&project, second, &[moved, takes]);
    project.published(&[]);
    let field = |name: &str| field(&project, "dist/acme-erp_1.1.0-1_all.deb", name);
    assert_eq!(field("Replaces"), "acme-erp-data (<< 1.1.0-1)");
    assert_eq!(field("Breaks"), "acme-erp-data (<< 1.1.0-1)");
    assert_eq!(field("Depends"), "acme-erp-data (= 1.1.0-1)", "it is a module as before");
}

fn field(project: &Project, package: &str, name: &str) -> String {
    out(&ok(Command::new("dpkg-deb").arg("-f").arg(project.path(package)).arg(name))).trim().to_owned()
}

#[test]
fn a_package_that_was_renamed_leaves_a_transitional_one() {
    let project = published("");
    let rename = ("package = \"acme-erp\"", "package = \"acme-erp-core\"\nreplaces = [\"acme-erp\"]");
    let said = warnings(&project, "", &[rename]);
    assert!(said.contains("acme-erp-core was no package of 1.0.0"), "{said}");
    assert!(!said.contains("is none now"), "{said}");
    let result = project.published(&[]);
    assert_eq!(result["packages"].as_array().unwrap().len(), 3, "{result}");
    let old = |name: &str| field(&project, "dist/acme-erp_1.1.0-1_all.deb", name);
    assert_eq!(old("Depends"), "acme-erp-core (= 1.1.0-1)");
    assert_eq!(old("Section"), "oldlibs");
    let new = |name: &str| field(&project, "dist/acme-erp-core_1.1.0-1_all.deb", name);
    assert_eq!((new("Replaces"), new("Depends")), ("acme-erp (<< 1.1.0-1)".to_owned(), String::new()));
    // Whoever removes it does not stop the product.
    let scripts = out(&ok(Command::new("dpkg-deb").arg("-I").arg(project.path("dist/acme-erp_1.1.0-1_all.deb"))));
    assert!(scripts.contains("preinst") && !scripts.contains("prerm"), "{scripts}");
    assert_eq!(crate::lintian::complaints(&project.path("dist/acme-erp_1.1.0-1_all.deb")), [""; 0]);
}

#[test]
fn a_version_that_no_published_one_can_become_is_told() {
    let project = published("");
    project.note("2.0.0", "The great release.");
    let warned = |upgrades: &str| {
        project.manifest("erp", "2.0.0", "");
        let manifest = fs::read_to_string(project.path("consign.toml")).unwrap();
        let from = "supported_from = \"1.0.0\"";
        project.write("consign.toml", &manifest.replace(from, &format!("{from}\n{upgrades}")));
        ok(&mut project.command("build", &[]));
        err(&ok(&mut project.command("publish", &["--plan"])))
    };
    let said = warned("");
    let reason = "to 2.0.0 in place: upgrades lists only patch and minor, and from 1.0.0 it is major";
    assert!(said.contains(&format!("no published version can be upgraded {reason}")), "{said}");
    assert!(!warned("upgrades = [\"patch\", \"minor\", \"major\"]").contains("no published version"));
    assert!(warned("upgrades = [\"major\"]\nrequired_stops = [\"1.5.0\"]").contains("asks for 1.5.0 first"));
}

#[test]
fn a_release_without_a_note_is_told() {
    let project = published("");
    let said = warnings(&project, "", &[]);
    assert!(!said.contains("no release note"), "{said}");
    fs::remove_file(project.path("notes/1.1.0.en.md")).unwrap();
    assert!(warnings(&project, "", &[]).contains("warning: there is no release note on 1.1.0"));
}
