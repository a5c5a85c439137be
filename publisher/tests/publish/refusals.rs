//! What is never published, and what is said about it.

use std::fs;

use crate::project::{Project, err, ok};

#[track_caller]
fn refused(project: &Project, arguments: &[&str], reason: &str) {
    let before = project.files();
    let output = project.publish(arguments);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains(reason), "{}", err(&output));
    assert_eq!(project.files(), before, "something was written");
}

#[test]
fn the_same_version_with_other_content_is_refused() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.write("app/erp", "#!/bin/sh\necho other\n");
    project.build("erp", "1.0.0");
    refused(&project, &[], "cannot publish acme-erp 1.0.0-1 (all) again: it was published with other content");
}

#[test]
fn a_version_that_only_a_killed_publish_knows_is_immutable_too() {
    let project = Project::new();
    let packages = project.build("erp", "1.0.0");
    // Into the pool and no further.
    let place = project.public().join("pool/main/a/acme-erp");
    fs::create_dir_all(&place).unwrap();
    fs::copy(&packages[0], place.join("acme-erp_1.0.0-1_all.deb")).unwrap();
    project.write("app/erp", "#!/bin/sh\necho other\n");
    project.build("erp", "1.0.0");
    refused(&project, &[], "it was published with other content");
}

#[test]
fn another_plan_for_the_same_version_is_refused() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.0.0", "An edited note is another plan.");
    project.build("erp", "1.0.0");
    refused(&project, &[], "again: it was published with other content");
}

#[test]
fn a_package_of_another_key_is_refused_with_both_fingerprints() {
    let project = Project::new();
    project.keys("theirs", "acme", 365);
    project.build_with("erp", "1.0.0", "", &["--key", "theirs/package.secret.pgp"]);
    let key = |folder: &str| {
        let roles = fs::read(project.path(folder).join("roles.json")).unwrap();
        let roles: serde_json::Value = serde_json::from_slice(&roles).unwrap();
        roles["roles"]["package"][0].as_str().unwrap().to_owned()
    };
    let reason = format!("it is signed by key {}, and acme packages are signed by {}", key("theirs"), key("keys"));
    refused(&project, &[], &reason);
}

#[test]
fn a_package_signed_by_the_index_key_is_refused() {
    let project = Project::new();
    let place = project.path("keys/roles.json");
    let text = fs::read_to_string(&place).unwrap();
    let mut roles: serde_json::Value = serde_json::from_str(&text).unwrap();
    let index = roles["roles"]["index"].clone();
    roles["roles"]["package"] = index.clone();
    fs::write(&place, roles.to_string()).unwrap();
    project.build_with("erp", "1.0.0", "", &["--key", "keys/index.secret.pgp"]);
    fs::write(&place, text).unwrap();
    refused(&project, &[], &format!("it is signed by key {}", index[0].as_str().unwrap()));
}

#[test]
fn a_package_that_was_changed_after_signing_is_refused() {
    let project = Project::new();
    let packages = project.build("erp", "1.0.0");
    let mut bytes = fs::read(&packages[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&packages[0], bytes).unwrap();
    let output = project.publish(&[]);
    assert!(!output.status.success());
    assert!(err(&output).contains("carries no good signature"), "{}", err(&output));
    assert!(!project.public().join("dists").exists());
}

const SECOND_MODULE: &str =
    "[[module]]\npackage = \"acme-erp-data\"\nfiles = [{ from = \"app/\", to = \"/opt/acme-erp-data\" }]\n";

#[test]
fn a_release_that_lacks_a_module_is_refused() {
    let project = Project::new();
    let packages = project.build_with("erp", "1.0.0", SECOND_MODULE, &[]);
    let one = packages[0].display().to_string();
    refused(&project, &[&one], "cannot publish acme/erp 1.0.0 revision 1: its module acme-erp-data is missing");
    project.published(&[]);
}

#[test]
fn modules_with_different_plans_are_refused() {
    let project = Project::new();
    let packages = project.build_with("erp", "1.0.0", SECOND_MODULE, &["--output", "first"]);
    project.note("1.0.0", "Another text.");
    project.build_with("erp", "1.0.0", SECOND_MODULE, &[]);
    let (first, second) = (packages[0].display().to_string(), "dist/acme-erp-data_1.0.0-1_all.deb");
    refused(&project, &[&first, second], "it carries another upgrade plan than");
}

#[test]
fn versions_that_dpkg_orders_otherwise_are_refused() {
    let project = Project::new();
    project.build("erp", "24.10");
    project.published(&[]);
    project.note("24.10.0-rc.1", "For dpkg 24.10.0~rc.1 is after 24.10, for the vendor it is before.");
    project.build("erp", "24.10.0-rc.1");
    refused(&project, &[], "dpkg does not order it after");
}

#[test]
fn a_package_without_a_plan_is_no_part_of_a_product() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let release = project.public().join("acme-release.deb").display().to_string();
    refused(&project, &[&release], "it carries no upgrade plan");
}

#[test]
fn keys_of_another_vendor_are_refused() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.keys("others", "globex", 365);
    refused(&project, &["--keys", "others"], "cannot publish for acme: the keys in others are globex's");
}

#[test]
fn an_expiring_key_is_mentioned_in_time() {
    let project = Project::new();
    project.keys("short", "acme", 30);
    project.build_with("erp", "1.0.0", "", &["--key", "short/package.secret.pgp"]);
    let output = ok(&mut project.command("publish", &["--keys", "short"]));
    assert!(err(&output).contains("expires in 29 days"), "{}", err(&output));
}

#[test]
fn a_folder_without_an_agent_is_told_so() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    let output = ok(&mut project.command("publish", &["--plan"]));
    assert!(err(&output).contains("no package consignee is published here"), "{}", err(&output));
    assert!(err(&output).contains("with --agent and --agent-certificate"), "{}", err(&output));
    assert!(!project.public().exists(), "a plan writes nothing");
}

#[test]
fn two_builds_of_a_release_never_share_a_channel() {
    let project = Project::new();
    let build = |name: &str, channel: &str| format!("[[build]]\nname = \"{name}\"\nchannel = \"{channel}\"\n");
    let builds = [build("deb12", "bookworm"), build("deb13", "trixie")].concat();
    let packages = project.build_with("erp", "1.0.0", &builds, &[]);
    let [on_12, on_13] = [0, 1].map(|index: usize| packages[index].to_str().unwrap());
    assert!(on_12.ends_with("acme-erp_1.0.0-1~deb12_all.deb") && on_13.ends_with("acme-erp_1.0.0-1~deb13_all.deb"));
    refused(&project, &["--channel", "trixie", on_12, on_13], "it is another build of its release than 1.0.0-1~deb12");
    // Without a list, those of the channel.
    project.published(&["--channel", "bookworm"]);
    let reason = "the channel has the build 1.0.0-1~deb12 of the same release";
    refused(&project, &["--channel", "bookworm", on_13], reason);
    project.published(&["--channel", "trixie"]);
    let nowhere = project.publish(&[]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).contains("consign publish --channel trixie"), "{}", err(&nowhere));
}

const SCRIPTS: &str = "[[step]]\nname = \"pre\"\nrun = [\"/bin/sh\", \"{script}\"]\n\
    scripts = { folder = \"/opt/acme-erp/scripts\", prefix = \"pre\" }\n";

#[test]
fn a_script_that_was_released_and_is_another_one_now_is_refused() {
    let project = Project::new();
    let script = "app/scripts/1.1.0/pre-10-a.sh";
    project.write(script, "echo one\n");
    project.build_with("erp", "1.1.0", SCRIPTS, &[]);
    project.published(&[]);
    project.write("app/scripts/1.2.0/pre-10-b.sh", "echo two\n");
    project.build_with("erp", "1.2.0", SCRIPTS, &[]);
    project.published(&[]);
    project.write(script, "echo other\n");
    project.build_with("erp", "1.3.0", SCRIPTS, &[]);
    refused(&project, &[], "script 1.1.0/pre-10-a.sh is another one than in 1.2.0, and hosts");
    project.write(script, "echo one\n");
    project.build_with("erp", "1.3.0", SCRIPTS, &[]);
    project.published(&[]);
}
