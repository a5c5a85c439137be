//! What is wrong with a manifest is said with its line and column.

use std::os::unix::fs::symlink;

use consign::manifest::Strictness::{Lenient, Strict};
use consign_metadata::plan::Step;

use crate::sample::Sample;

/// The whole message after a part of the manifest was replaced.
fn fault(part: &str, with: &str) -> String {
    let sample = Sample::new();
    sample.replace(part, with);
    sample.fault(Lenient)
}

#[test]
fn an_unknown_key_is_refused() {
    let message = fault("summary =", "sumary =");
    assert!(
        message.starts_with("cannot use consign.toml, line 6, column 1: unknown key `sumary`, expected one of"),
        "{message}"
    );
    let message = fault("[[health]]", "[[health]]\nurl = 1");
    assert!(message.contains("line 25, column 1: unknown key `url`"), "{message}");
}

#[test]
fn a_missing_file_is_refused() {
    assert_eq!(
        fault(r#"from = "tree/""#, r#"from = "three/""#),
        r#"cannot use consign.toml, line 13, column 19: there is no "three/" in the project"#
    );
    assert_eq!(
        fault(r#"units = ["erp.service"]"#, r#"units = ["other.service"]"#),
        r#"cannot use consign.toml, line 14, column 10: there is no "other.service" in the project"#
    );
}

#[test]
fn a_version_that_does_not_parse_is_refused() {
    let message = fault("1.1.0", "1.x");
    assert!(message.starts_with(r#"cannot use consign.toml, line 5, column 11: "1.x" is not a version"#), "{message}");
    let message = fault("1.1.0", "1.1.0-rc1");
    assert!(message.contains(r#"line 5, column 11: cannot use pre-release "rc1""#), "{message}");
    let message = fault("1.1.0", "1.1.0+build.7");
    assert!(message.contains("line 5, column 11") && message.contains("build metadata"), "{message}");
}

#[test]
fn an_option_default_that_is_not_allowed_is_refused() {
    assert_eq!(
        fault(r#"default = "core""#, r#"default = "cor""#),
        r#"cannot use consign.toml, line 18, column 11: the default "cor" is not one of the allowed values"#
    );
}

#[test]
fn an_unknown_placeholder_is_refused() {
    assert_eq!(
        fault("{option.edition}", "{option.editon}"),
        r#"cannot use consign.toml, line 22, column 34: there is no option "editon""#
    );
    assert!(fault(r#""{to}""#, r#""{version}""#).contains("line 22, column 64: there is no placeholder {version}"));
}

#[test]
fn a_path_outside_the_project_is_refused() {
    let outside = |with| fault(r#"from = "tree/""#, with);
    let message = r#"cannot use consign.toml, line 13, column 19: "../x" is outside the project"#;
    assert_eq!(outside(r#"from = "../x""#), message);
    assert!(outside(r#"from = "/etc/passwd""#).ends_with(r#""/etc/passwd" is outside the project"#));

    let sample = Sample::new();
    symlink("/etc", sample.path().join("link")).unwrap();
    sample.replace(r#"from = "tree/""#, r#"from = "link/hosts""#);
    assert!(sample.fault(Lenient).ends_with(r#""link/hosts" is outside the project"#));
}

#[test]
fn a_place_on_the_host_is_absolute_and_plain() {
    let place = |with| fault(r#"to = "/opt/acme-erp""#, with);
    assert_eq!(
        place(r#"to = "opt/acme-erp""#),
        r#"cannot use consign.toml, line 13, column 33: "opt/acme-erp" is not an absolute path on the host"#
    );
    assert!(place(r#"to = "/opt/../etc""#).ends_with(r#""/opt/../etc" has a part '..'"#));
    assert!(place(r#"to = "/opt/a\nb""#).ends_with(r#""/opt/a\nb" has a line break or another control character"#));
}

#[test]
fn names_with_line_breaks_are_refused() {
    let message = fault(r#"name = "erp""#, r#"name = "erp\nx""#);
    assert!(
        message.starts_with(r#"cannot use consign.toml, line 4, column 8: "erp\nx" is not a product name"#),
        "{message}"
    );
    let message = fault("example ERP", r"example\nDepends: evil");
    assert_eq!(message, "cannot use consign.toml, line 6, column 11: summary must be one line of text");
    let message = fault(r#"["python3"]"#, r#"["python3, $(evil)"]"#);
    assert!(message.ends_with(r#"line 12, column 16: "$(evil)" is not a dependency of a Debian package"#), "{message}");
}

#[test]
fn a_step_names_a_program_of_its_own() {
    let message = fault(r#"name = "init""#, r#"name = "backup""#);
    assert!(message.ends_with(r#"line 21, column 8: "backup" is the name of a built-in step"#), "{message}");
    let message = fault("/opt/acme-erp/bin/init\"", "init\"");
    assert!(message.ends_with(r#"line 22, column 8: "init" is not an absolute path"#), "{message}");
    let message = fault("[[health]]", "[[step]]\nname = \"init\"\nrun = [\"/bin/true\"]\n[[health]]");
    assert!(message.ends_with(r#"line 25, column 8: two steps are called "init""#), "{message}");
}

#[test]
fn strict_asks_for_on_interrupt_and_undo() {
    let sample = Sample::new();
    sample.load();
    let message = sample.fault(Strict);
    assert!(
        message.ends_with(r#"line 21, column 8: step "init" does not say on_interrupt, which --strict asks for"#),
        "{message}"
    );
    sample.replace("[[health]]", "on_interrupt = \"rerun\"\n[[health]]");
    assert!(sample.fault(Strict).contains("does not say undo"));
    sample.replace("[[health]]", "undo = { inverse = [\"/bin/true\", \"{from}\"] }\n[[health]]");
    consign::manifest::Project::load(&sample.manifest_path(), Strict).unwrap();
}

#[test]
fn engines_are_the_services_and_templates_are_named_by_instance() {
    let sample = Sample::new();
    sample.write("engine@.service", "[Service]\nExecStart=/bin/true\n");
    sample.replace(r#"["erp.service"]"#, r#"["erp.service", "engine@.service"]"#);
    assert!(sample.fault(Lenient).contains("engine@.service is a template, so the engines cannot be guessed"));
    sample.replace("name = \"erp\"", "name = \"erp\"\nengines = [\"engine@a.service\", \"erp.service\"]");
    let engines: Vec<_> = sample.load().engines.iter().map(ToString::to_string).collect();
    assert_eq!(engines, ["engine@a.service", "erp.service"]);
    sample.replace("engine@a.service", "nginx.service");
    assert!(sample.fault(Lenient).contains("no module installs the unit file nginx.service"));
}

#[test]
fn notes_back_to_supported_from_travel() {
    let sample = Sample::new();
    sample.write("notes/1.0.0.en.md", "old\n");
    sample.write("notes/0.9.0.en.md", "older\n");
    sample.write("notes/2.0.0.en.md", "later\n");
    sample.replace("name = \"erp\"", "name = \"erp\"\nsupported_from = \"1.0.0\"");
    let notes = sample.load().notes;
    let versions: Vec<_> = notes.iter().map(|note| (note.version.as_str(), note.acknowledge)).collect();
    assert_eq!(versions, [("1.0.0", false), ("1.1.0", true)]);

    sample.write("notes/1.0.5.fr.md", "nouveau\n");
    assert!(sample.fault(Lenient).contains("the note on 1.0.5 has no English text (1.0.5.en.md)"));
    sample.write("notes/changes.md", "x\n");
    assert!(sample.fault(Lenient).contains(r#""changes.md" in "notes" is not the name of a note"#));
}

#[test]
fn the_plan_is_one_list() {
    let (plan, bytes) = Sample::new().load().plan();
    let names: Vec<_> = plan.body.steps.iter().map(Step::name).collect();
    assert_eq!(names, ["announce", "stop", "packages", "init", "daemon-reload", "start", "health"]);
    assert_eq!(consign_metadata::plan::UpgradePlan::parse(&bytes).unwrap(), plan);
    assert_eq!(plan.body.modules[0].native.deb.as_deref(), Some("1.1.0-1"));
    assert_eq!(plan.envelope.supported_from.as_str(), "0.0.0");
}

#[test]
fn how_long_a_preparation_takes_is_in_the_plan_of_whoever_says_it() {
    let sample = Sample::new();
    let body = |sample: &Sample| sample.load().plan().0.body;
    assert_eq!((body(&sample).format, body(&sample).preparation_seconds), (1, None));
    sample.replace("name = \"erp\"", "name = \"erp\"\npreparation = \"10m\"");
    assert_eq!((body(&sample).format, body(&sample).preparation_seconds), (3, Some(600)));
}

/// A build for each of two releases of Debian.
const BUILDS: &str = "[[build]]\nname = \"deb12\"\nchannel = \"bookworm\"\n[[build]]\nname = \"deb13\"\nchannel = \"trixie\"\n\
                      depends.deb = [\"libssl3t64\"]\n[[module]]";

#[test]
fn the_builds_of_a_release_have_one_plan_and_files_and_dependencies_of_their_own() {
    let sample = Sample::new();
    sample.replace("[[module]]", BUILDS);
    sample.replace("from = \"tree/\"", "from = \"tree-{build}/\"");
    let missing = sample.fault(consign::manifest::Strictness::Lenient);
    assert!(missing.contains("there is no \"tree-deb12/\" in the project"), "{missing}");
    sample.write("tree-deb13/bin/init", "#!/bin/sh\n");
    let load = |build: &str| {
        let lenient = consign::manifest::Strictness::Lenient;
        consign::manifest::Project::load_build(&sample.manifest_path(), lenient, build)
    };
    let on_13 = load("deb13").unwrap();
    sample.write("tree-deb12/bin/init", "#!/bin/sh\n");
    let on_12 = load("deb12").unwrap();
    assert_eq!(on_12.plan().1, on_13.plan().1);
    assert_eq!(on_12.plan().0.body.format, 2);
    assert_eq!(on_13.deb_version(), "1.1.0-1~deb13");
    assert!(on_13.modules[0].depends_deb.contains(&"libssl3t64".to_owned()));
    assert!(!on_12.modules[0].depends_deb.contains(&"libssl3t64".to_owned()));
    assert!(load("deb14").unwrap_err().to_string().contains("there is no [[build]] with name = \"deb14\""));
}

#[test]
fn builds_that_apt_could_not_tell_apart_are_refused() {
    let sample = Sample::new();
    sample.replace("[[module]]", &BUILDS.replace("trixie", "bookworm"));
    let one = sample.fault(consign::manifest::Strictness::Lenient);
    assert!(one.contains("is not the only one in its channel"), "{one}");
    let sample = Sample::new();
    sample.replace("[[module]]", &BUILDS.replace("deb13", "deb12"));
    let twice = sample.fault(consign::manifest::Strictness::Lenient);
    assert!(twice.contains("two builds are called \"deb12\""), "{twice}");
    let sample = Sample::new();
    sample.replace("[[module]]", &BUILDS.replace("deb13", "deb-13"));
    let name = sample.fault(consign::manifest::Strictness::Lenient);
    assert!(name.contains("is not the name of a build"), "{name}");
}
