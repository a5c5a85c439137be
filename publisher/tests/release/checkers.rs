//! What Debian's own checker says of our packages.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use consign::package::{Packager, deb::Deb};
use consign::sign::Algorithm;
use consign::template;

use crate::lintian::complaints;
use crate::sample::{Keys, Sample, output_of, text};

#[test]
fn lintian_finds_nothing_without_a_reason() {
    let sample = Sample::new();
    sample.replace("units =", "folders = [{ path = \"/var/lib/erp\", owner = \"erp\", mode = \"0750\" }]\nusers = [{ name = \"erp\", home = \"/var/lib/erp\", groups = [\"adm\"] }]\nunits =");
    let built = sample.build(&Keys::new(Algorithm::Ed25519).package());
    assert_eq!(complaints(built.package.path()), [""; 0]);
}

#[test]
fn the_template_passes_too() {
    for example in [template::Example::Ledger, template::Example::Erp] {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("acme");
        template::lay_down(&"acme".parse().unwrap(), example, &project).unwrap();
        let project =
            consign::manifest::Project::load(&project.join("consign.toml"), consign::manifest::Strictness::Strict)
                .unwrap();
        let release = consign::build::Release::prepare(&project).unwrap();
        assert_eq!(release.loose_ends, []);
        let keys = Keys::new(Algorithm::Ed25519);
        let time = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        let built = release.build(&keys.package(), time, folder.path(), &mut |_| {}).unwrap();
        assert_eq!(complaints(built[0].package.path()), [""; 0]);
    }
}

/// Stands for the agent: it writes a manual page and completions.
const AGENT: &str = "#!/bin/sh\ncase $1 in\n\
    man) printf '.TH consignee 8\\n.SH NAME\\nconsignee \\\\- agent\\n' >\"$2/consignee.8\" ;;\n\
    completions) echo \"# $2\" ;;\nesac\n";

#[test]
fn the_agents_package_is_built_from_programs_their_manual_and_dist() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("/bin/true", folder.path().join("consignee-hook")).unwrap();
    let agent = folder.path().join("consignee");
    std::fs::write(&agent, AGENT).unwrap();
    std::fs::set_permissions(&agent, PermissionsExt::from_mode(0o755)).unwrap();
    let from = consign::build::AgentPackage {
        binaries: folder.path().to_owned(),
        manual: None,
        dist: Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/dist"),
        version: "0.1.0".parse().unwrap(),
        revision: 1,
    };
    let contents = consign::build::agent_package(&from).unwrap();
    let keys = Keys::new(Algorithm::Ed25519);
    let unsigned = Deb.build(&contents, jiff::Timestamp::from_second(1_700_000_000).unwrap(), folder.path()).unwrap();
    let package = unsigned.sign(&keys.package()).unwrap();
    assert_eq!(package.version(), "0.1.0-1");
    assert!(package.plan().is_none());
    assert!(package.field("Depends").unwrap().starts_with("libc6 (>= 2."));
    let files = output_of("dpkg-deb", &["--contents", text(package.path())]);
    for file in [
        "./usr/bin/consignee",
        "./usr/lib/consignee/consignee-hook",
        "./usr/share/consignee/defaults/consignee/etc/apt/apt.conf.d/20consignee",
        "./usr/share/man/man8/consignee.8.gz",
        "./usr/share/bash-completion/completions/consignee",
        "./usr/share/zsh/vendor-completions/_consignee",
        "./usr/share/fish/vendor_completions.d/consignee.fish",
    ] {
        assert!(files.lines().any(|line| line.ends_with(file)), "{files}");
    }
    assert!(!files.contains("DEBIAN"), "{files}");
    assert_eq!(complaints(package.path()), [""; 0]);
}

#[test]
fn an_agent_that_cannot_be_run_here_is_not_packaged_without_its_manual() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy("/bin/true", folder.path().join("consignee-hook")).unwrap();
    std::fs::write(folder.path().join("consignee"), "\x7fELF of another machine").unwrap();
    let from = consign::build::AgentPackage {
        binaries: folder.path().to_owned(),
        manual: None,
        dist: Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/dist"),
        version: "0.1.0".parse().unwrap(),
        revision: 1,
    };
    let refused = consign::build::agent_package(&from).unwrap_err().to_string();
    assert!(refused.contains("to write its own manual"), "{refused}");
}
