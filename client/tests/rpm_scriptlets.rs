//! The scriptlets of the agent's own rpm: none of them ever fails, or rpm would leave the agent out, or half there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each with the counts that rpm may give it.
const SCRIPTLETS: [(&str, &[&str]); 5] = [
    ("post", &["1", "2"]),
    ("preun", &["0", "1"]),
    ("postun", &["0", "1"]),
    ("posttrans", &["1", "2"]),
    ("trigger", &["0"]),
];
/// Everything that they call by its name.
const COMMANDS: [&str; 3] = ["systemctl", "cat", "rm"];
/// What they call by its path.
const PROGRAMS: [&str; 3] =
    ["/usr/lib/consignee/consignee-hook", "/usr/lib/consignee/link-plugin", "/usr/bin/consignee"];
const PLACES: [&str; 4] = ["/usr/lib/consignee", "/usr/bin/consignee", "/var/lib/consignee", "/run/systemd"];

/// A host below a folder, on which systemd runs.
struct Host {
    root: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
        Self { root }
    }

    /// The same, where everything that is called does this after it has written down its name.
    fn where_everything(does: &str) -> Self {
        let host = Self::new();
        let commands = COMMANDS.map(|command| format!("/commands/{command}"));
        for path in commands.iter().map(String::as_str).chain(PROGRAMS) {
            let file = host.at(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let text = format!("#!/bin/sh\necho \"${{0##*/}} $*\" >>{}\n{does}\n", host.log().display());
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        }
        host
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    fn log(&self) -> PathBuf {
        self.at("/called")
    }

    /// Runs one as rpm does; nothing outside of the folder is found.
    fn run(&self, scriptlet: &str, count: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/rpm/RPM").join(scriptlet);
        let text = fs::read_to_string(file).unwrap();
        let text = PLACES.iter().fold(text, |text, place| text.replace(place, &self.at(place).display().to_string()));
        let own = self.at("/scriptlet");
        fs::write(&own, text).unwrap();
        let output = Command::new("/bin/sh").arg(&own).arg(count).env("PATH", self.at("/commands")).output().unwrap();
        assert!(output.status.success(), "{scriptlet} {count}: {output:?}");
    }

    fn run_all(&self) {
        for (scriptlet, counts) in SCRIPTLETS {
            for count in counts {
                self.run(scriptlet, count);
            }
        }
    }
}

#[test]
fn every_scriptlet_of_the_agent_succeeds_where_nothing_it_calls_is_there() {
    Host::new().run_all();
}

#[test]
fn every_scriptlet_of_the_agent_succeeds_where_everything_it_calls_fails() {
    for does in ["exit 1", "kill -KILL $$"] {
        let host = Host::where_everything(does);
        host.run_all();
        let called = fs::read_to_string(host.log()).unwrap();
        for line in [
            "systemctl start consignee.socket consignee-reconcile.timer",
            "systemctl disable consignee.socket",
            "consignee hook lift",
            "consignee-hook wake",
            "consignee-hook transaction",
            "link-plugin ",
            "cat ",
            "rm ",
        ] {
            assert!(called.lines().any(|found| found.starts_with(line)), "{line} was not called: {called}");
        }
    }
}
