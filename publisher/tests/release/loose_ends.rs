//! What a release refers to and does not bring.

use std::os::unix::fs::symlink;

use consign::build::Release;
use consign::manifest::{Project, Strictness};

use crate::sample::Sample;

fn loose_ends(sample: &Sample) -> Vec<String> {
    let project = Project::load(&sample.manifest_path(), Strictness::Lenient).unwrap();
    Release::prepare(&project).unwrap().loose_ends.iter().map(ToString::to_string).collect()
}

#[test]
fn a_release_that_brings_everything_has_none() {
    let sample = Sample::new();
    let link = |target: &str, name: &str| symlink(target, sample.path().join("tree").join(name)).unwrap();
    link("bin/init", "relative");
    link("/opt/acme-erp/bin/init", "absolute");
    link("/usr/share/javascript/jquery", "of-the-distribution");
    link("bin", "folder");
    assert_eq!(loose_ends(&sample), Vec::<String>::new());
}

#[test]
fn a_user_nobody_creates_and_a_program_nobody_installs_are_named() {
    let sample = Sample::new();
    sample.replace("run = [\"/opt/acme-erp/bin/init\"", "user = \"erp\"\nrun = [\"/opt/acme-erp/bin/inti\"");
    assert_eq!(
        loose_ends(&sample),
        [
            "step \"init\" runs as erp, whom no module creates (users = …); a dependency has to",
            "step \"init\" runs /opt/acme-erp/bin/inti, which no module installs"
        ]
    );
    sample.replace(
        "units = [\"erp.service\"]",
        "units = [\"erp.service\"]\nusers = [{ name = \"erp\", home = \"/srv/erp\" }]",
    );
    assert_eq!(loose_ends(&sample).len(), 1, "the user is created now");
}

#[test]
fn an_owner_or_a_group_nobody_creates_is_named() {
    let sample = Sample::new();
    sample.replace(
        "config = true }]",
        "config = true, group = \"gichet\" }]\nfolders = [{ path = \"/srv/erp\", owner = \"epr\" }, { path = \"/srv/log\", group = \"adm\" }]",
    );
    assert_eq!(
        loose_ends(&sample),
        [
            "acme-erp: /srv/erp belongs to epr, whom no module creates (users = …): unless a dependency does, root gets it",
            "acme-erp: /etc/acme/erp.conf has the group gichet, which no module creates: unless a dependency does, root gets it",
        ]
    );
    sample.replace(
        "units = [\"erp.service\"]",
        "units = [\"erp.service\"]\nusers = [{ name = \"epr\", home = \"/srv/erp\", groups = [\"gichet\"] }]",
    );
    assert_eq!(loose_ends(&sample), Vec::<String>::new(), "both are created now");
}

#[test]
fn a_version_without_a_note_of_its_own_is_told() {
    let sample = Sample::new();
    sample.replace("version = \"1.1.0\"", "version = \"1.2.0\"");
    let said = "there is no release note on 1.2.0 (1.2.0.en.md in the folder of [notes])";
    assert_eq!(loose_ends(&sample), [said]);
    sample.write("notes/1.2.0.en.md", "# 1.2.0\n");
    assert_eq!(loose_ends(&sample), Vec::<String>::new());
}

#[test]
fn the_command_of_a_prerequisite_counts_as_a_step() {
    let sample = Sample::new();
    sample.replace(
        "[notes]",
        "[[prerequisite]]\nid = \"room\"\ncommand = [\"/opt/acme-erp/bin/room\"]\nuser = \"erp\"\notherwise.en = \"No room.\"\n\n[notes]",
    );
    assert_eq!(
        loose_ends(&sample),
        [
            "prerequisite \"room\" runs as erp, whom no module creates (users = …); a dependency has to",
            "prerequisite \"room\" runs /opt/acme-erp/bin/room, which no module installs"
        ]
    );
}

#[test]
fn a_health_check_counts_as_a_step() {
    let sample = Sample::new();
    sample.replace(
        "http = \"http://127.0.0.1:8080/health\"",
        "command = [\"/usr/local/bin/check\"]\nuser = \"www-data\"",
    );
    assert_eq!(loose_ends(&sample), ["step \"health\" runs /usr/local/bin/check, which no module installs"]);
}

#[test]
fn a_link_that_leads_out_of_the_release_is_named() {
    let sample = Sample::new();
    symlink("../../../home/builder/lib", sample.path().join("tree/lib")).unwrap();
    symlink("/opt/acme-erp/gone", sample.path().join("tree/dangling")).unwrap();
    assert_eq!(
        loose_ends(&sample),
        [
            "acme-erp: the link /opt/acme-erp/dangling leads to /opt/acme-erp/gone, which no module installs",
            "acme-erp: the link /opt/acme-erp/lib leads to ../../../home/builder/lib, which no module installs",
        ]
    );
}

#[test]
fn strict_refuses_what_otherwise_is_a_warning() {
    let sample = Sample::new();
    symlink("/home/builder", sample.path().join("tree/lib")).unwrap();
    sample.replace("name = \"init\"", "name = \"init\"\non_interrupt = \"rerun\"\nundo = \"impossible\"");
    let build = |more: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_consign"));
        command.args(["build", "--plan"]).args(more).current_dir(sample.path());
        command.assert()
    };
    let warned = build(&[]).success().get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&warned).contains("warning: acme-erp: the link"), "{warned:?}");
    let refused = build(&["--strict"]).code(3).get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&refused).contains("which --strict refuses"), "{refused:?}");
}

#[test]
fn scripts_that_no_step_runs_are_named() {
    let sample = Sample::new();
    sample.write("tree/scripts/1.0.1/pre-10-a.sh", "");
    sample.write("tree/scripts/1.0.1/post-10-b.sh", "");
    sample.replace(
        "run = [\"/opt/acme-erp/bin/init\", \"--edition={option.edition}\", \"{to}\"]",
        "run = [\"/bin/sh\"]\nscripts = { folder = \"/opt/acme-erp/scripts\", prefix = \"pre\" }",
    );
    let idle = |script: &str| {
        format!("1.0.1/{script} lies in /opt/acme-erp/scripts, the folder of a [[step]], and none takes it")
    };
    assert_eq!(loose_ends(&sample), [idle("post-10-b.sh")]);
    sample.replace("prefix = \"pre\"", "prefix = \"prexx\"");
    let none = "step \"init\" takes no script of /opt/acme-erp/scripts: no name begins with its prefix".to_owned();
    assert_eq!(loose_ends(&sample), [idle("post-10-b.sh"), idle("pre-10-a.sh"), none]);
    sample.replace("prefix = \"prexx\"", "prefix = \"p\"");
    assert_eq!(loose_ends(&sample), Vec::<String>::new());
    sample.replace("prefix = \"p\"", "prefix = \"prexx\"");
    sample.replace("version = \"1.1.0\"", "version = \"1.1.0\"\nsupported_from = \"1.0.1\"");
    assert_eq!(loose_ends(&sample), Vec::<String>::new(), "nobody comes from before these scripts");
}

#[test]
fn a_backup_that_no_upgrade_can_be_taken_back_to_is_told() {
    let sample = Sample::new();
    let folders = "units = [\"erp.service\"]\nfolders = [{ path = \"/srv/erp\" }]";
    sample.replace("units = [\"erp.service\"]", folders);
    sample.replace("[notes]", "[backup]\npaths = [\"/srv/erp/data\"]\n\n[notes]");
    let found = loose_ends(&sample);
    assert!(found.len() == 1 && found[0].starts_with("[backup] is declared, and step \"init\""), "{found:?}");
    sample.replace("name = \"init\"", "name = \"init\"\nundo = \"from-backup\"");
    assert_eq!(loose_ends(&sample), Vec::<String>::new());
    sample.replace("/srv/erp/data", "/srv/epr");
    assert_eq!(loose_ends(&sample), ["[backup] saves /srv/epr, which is in no module's folders or files"]);
}

#[test]
fn a_maintenance_mode_in_which_nothing_is_tested_is_told() {
    let sample = Sample::new();
    sample.replace("[notes]", "[maintenance]\nflag = \"/var/lib/erp/maintenance\"\n\n[notes]");
    assert_eq!(loose_ends(&sample), Vec::<String>::new());
    sample.replace("[[health]]\nhttp = \"http://127.0.0.1:8080/health\"", "");
    let said = "[maintenance] is declared, and there is no [[health]]: nothing is tested before people work again";
    assert_eq!(loose_ends(&sample), [said]);
}
