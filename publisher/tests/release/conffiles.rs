//! Conffiles of a wrapped package, by the real dpkg with nobody to answer, cut off at every change it makes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::configuration::{Builds, Root};
use crate::sample::text;
use crate::wrap::Foreign;

const NAMES: [&str; 4] = ["edited", "made", "removed", "same"];
/// What changes files in the script.
const TOOLS: [&str; 8] = ["cp", "ln", "mkdir", "mv", "rm", "rmdir", "sync", "tar"];
/// Ends everything, as a power cut does, before the change whose turn it is.
const CUT: &str = r#"#!/bin/sh
if grep -q consign-set-aside "/proc/$PPID/cmdline"; then
    left=$(($(cat "@COUNT@") - 1))
    echo $left >"@COUNT@"
    [ $left -gt 0 ] || kill -9 0
fi
exec "/usr/bin/${0##*/}" "$@"
"#;

/// An ordinary 1.0.0, and 1.1.0 with a plan.
struct Versions {
    old: PathBuf,
    other: PathBuf,
    new: PathBuf,
    tools: PathBuf,
    _folders: (Builds, Foreign),
}

impl Versions {
    fn new() -> Self {
        let (builds, foreign) = (Builds::new(), Foreign::new());
        let files = |names: &[&str], text: &'static str| -> Vec<(String, &str)> {
            names.iter().map(|name| (format!("/etc/acme/{name}"), text)).collect()
        };
        let package = |version: &str, files: &[(String, &str)]| {
            let files: Vec<_> = files.iter().map(|(path, text)| (&**path, *text)).collect();
            builds.ordinary("acme-ledger", version, &files)
        };
        let old = package("1.0.0-1", &files(&["edited", "removed", "same"], "one\n"));
        let other = builds.ordinary("other", "1", &[("/etc/acme/made", "one\n")]);
        let new = foreign.wrap(&package("1.1.0-1", &files(&NAMES, "two\n"))).path().to_owned();
        let tools = foreign.at("tools");
        fs::create_dir(&tools).unwrap();
        for tool in TOOLS {
            fs::write(tools.join(tool), CUT.replace("@COUNT@", text(&foreign.at("count")))).unwrap();
            fs::set_permissions(tools.join(tool), PermissionsExt::from_mode(0o755)).unwrap();
        }
        Self { old, other, new, tools, _folders: (builds, foreign) }
    }

    /// 1.0.0 as a site has changed it.
    fn host(&self) -> Root {
        let root = Root::new();
        root.install(&[&self.old]);
        root.write("/etc/acme/edited", "mine\n");
        root.write("/etc/acme/made", "mine\n");
        fs::remove_file(root.at("/etc/acme/removed")).unwrap();
        root
    }

    /// Installs 1.1.0 up to this change; whether it came to its end.
    fn install_until(&self, root: &Root, change: u32) -> bool {
        fs::write(self.tools.with_file_name("count"), change.to_string()).unwrap();
        let path = format!("{}:{}", text(&self.tools), std::env::var("PATH").unwrap());
        let mut command: Command = root.command(&["--install", text(&self.new)]);
        command.env("PATH", path).process_group(0).output().unwrap().status.success()
    }
}

fn shown(root: &Root) -> Vec<String> {
    let files = fs::read_dir(root.at("/etc/acme")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut shown: Vec<_> = files
        .map(|name| {
            format!(
                "{}: {}",
                text(Path::new(&name)),
                root.read(&format!("/etc/acme/{}", text(Path::new(&name)))).unwrap().trim()
            )
        })
        .collect();
    shown.sort();
    shown
}

const AFTER: [&str; 5] = ["edited.dpkg-dist: two", "edited: mine", "made.dpkg-dist: two", "made: mine", "same: two"];

#[test]
fn an_upgrade_cut_off_at_any_change_comes_to_the_same_result() {
    let versions = Versions::new();
    for change in 1.. {
        let root = versions.host();
        let is_whole = versions.install_until(&root, change);
        let configured = root.command(&["--configure", "--pending"]).output().unwrap().status.success();
        if !is_whole || !configured {
            root.install(&[&versions.new]);
        }
        assert_eq!(shown(&root), AFTER, "cut off before change {change}");
        assert!(!root.at("/var/lib/consignee/.conffiles").exists(), "the record of change {change} is left");
        if is_whole {
            assert!(change > 20, "only {change} changes were seen");
            break;
        }
    }
}

#[test]
fn what_the_site_writes_while_an_upgrade_stands_still_is_kept_beside_what_it_had() {
    let versions = Versions::new();
    let root = versions.host();
    root.dpkg(&["--unpack", text(&versions.new)]);
    assert_eq!(root.read("/etc/acme/edited").unwrap(), "two\n");
    root.write("/etc/acme/edited", "newer\n");
    root.install(&[&versions.new]);
    let edited = ["edited.dpkg-dist: two", "edited.dpkg-old: mine", "edited: newer"];
    assert_eq!(shown(&root)[..3], edited);
}

#[test]
fn an_upgrade_that_dpkg_gives_up_while_it_unpacks_leaves_the_files_of_the_site() {
    let versions = Versions::new();
    let root = versions.host();
    fs::remove_file(root.at("/etc/acme/made")).unwrap();
    root.install(&[&versions.other]);
    let given_up = root.command(&["--install", text(&versions.new)]).output().unwrap();
    let said = String::from_utf8_lossy(&given_up.stderr).into_owned();
    assert!(said.contains("trying to overwrite '/etc/acme/made', which is also in package other"), "{said}");
    assert_eq!(shown(&root), ["edited: mine", "made: one", "same: one"]);
    assert!(!root.at("/var/lib/consignee/.conffiles").exists());
}

#[test]
fn a_package_that_is_removed_before_it_was_configured_leaves_the_files_of_the_site() {
    let versions = Versions::new();
    let root = versions.host();
    root.dpkg(&["--unpack", text(&versions.new)]);
    root.dpkg(&["--remove", "acme-ledger"]);
    assert_eq!(root.read("/etc/acme/edited").unwrap(), "mine\n");
    assert_eq!((root.read("/etc/acme/removed"), root.read("/etc/acme/edited.dpkg-consign")), (None, None));
    root.dpkg(&["--purge", "acme-ledger"]);
    assert!(!root.at("/var/lib/consignee/.conffiles").exists());
}
