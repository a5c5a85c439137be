//! Plugins of dnf 4 and actions of dnf 5: when they are called, and what stops a transaction.

use consign_lab::{Host, Lab, RpmSystem, YumRepository, lab};

use crate::{DNF4, fixture, installed, on_every, packages};

const PLUGINS: &str = "/usr/lib/python3/dist-packages/dnf-plugins";
const ACTIONS: &str = "/etc/dnf/libdnf5-plugins/actions.d/probe.actions";

/// What is locked by anybody: rpm's database, and dnf 5's own use of it.
const LOOK: &str = r#"
import fcntl, os, struct
for name, path in ("rpm", "/var/lib/rpm/.rpm.lock"), ("dnf", "/run/dnf/rpmtransaction.lock"):
    if os.path.exists(path):
        asked = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
        found = struct.unpack("hhqqi4x", fcntl.fcntl(os.open(path, os.O_RDONLY), fcntl.F_GETLK, asked))
        if found[0] != fcntl.F_UNLCK:
            print(name)
"#;

fn version(host: &Host, package: &str) -> String {
    host.installed(package).unwrap()
}

/// The hooks that ran since the last call, each with what was locked then.
fn hooks(host: &Host) -> Vec<String> {
    let ran = host.read("/srv/hooks").lines().map(str::to_owned).collect();
    host.tree().remove("/srv/hooks").unwrap();
    ran
}

#[test]
fn dnf4_calls_its_plugins_in_order_and_stops_for_nothing_but_an_error_of_its_own() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&packages("1.0")).unwrap();
    let new = old.later(&packages("2.0")).unwrap();
    let early = ["pre_config", "config", "sack", "resolved"];
    on_every(&DNF4, "rpm-plugin", |host| {
        let _server = installed(host, &old, &new);
        host.copy_in(fixture("probe.py"), &format!("{PLUGINS}/probe.py"));

        host.write("/srv/do", "resolved error", 0o644);
        let refused = host.dnf(&["upgrade", "other"]).expect_code(1);
        assert!(refused.stderr.contains("Error: refused by the probe"), "{refused}");
        assert_eq!(hooks(host), early);

        // After the download; dnf has its own lock, and rpm's is free: a bare rpm may come in between.
        host.write("/srv/do", "pre_transaction error", 0o644);
        let refused = host.dnf(&["upgrade", "other"]).expect_code(1);
        assert!(refused.stderr.contains("Error: refused by the probe"), "{refused}");
        assert_eq!(hooks(host), [&early[..], &["pre_transaction dnf"]].concat());
        assert_eq!(version(host, "other"), "1.0-1");
        assert_ne!(host.shell("find /var/cache/dnf -name 'other-2.0-1.noarch.rpm'"), "");

        // Any other exception is printed, and the transaction goes on.
        host.write("/srv/do", "pre_transaction bug", 0o644);
        let passed = host.dnf(&["upgrade", "other"]).expect_ok();
        assert!(passed.text().contains("ValueError: a bug of the probe"), "{passed}");
        assert_eq!(hooks(host), [&early[..], &["pre_transaction dnf", "transaction"]].concat());
        assert_eq!(version(host, "other"), "2.0-1");

        // Nothing to do: the gate is asked, the rest is not called.
        host.tree().remove("/srv/do").unwrap();
        host.dnf(&["upgrade", "other"]).expect_ok();
        assert_eq!(hooks(host), early);

        // Too late: an error, and the packages are there.
        host.write("/srv/do", "transaction error", 0o644);
        host.dnf(&["upgrade"]).expect_code(1);
        assert_eq!(version(host, "product"), "2.0-1");
    });
}

#[test]
fn dnf5_stops_for_an_action_only_where_it_is_told_to() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&packages("1.0")).unwrap();
    let new = old.later(&packages("2.0")).unwrap();
    on_every(&[RpmSystem::Dnf5], "rpm-action", |host| {
        let _server = installed(host, &old, &new);
        let acts = |line: &str, script: &str| {
            host.write("/srv/action", format!("#!/bin/sh\n{script}\n"), 0o755);
            host.write(ACTIONS, format!("{line}:/srv/action\n"), 0o644);
        };
        let stop = "echo stop=refused by the probe";
        for callback in ["goal_resolved", "pre_transaction"] {
            for (options, script) in [("", stop), ("raise_error=1", "exit 1"), ("raise_error=1", stop)] {
                acts(&format!("{callback}:::enabled=host-only {options}"), script);
                host.dnf(&["upgrade", "other"]).expect_code(1);
                assert_eq!(version(host, "other"), "1.0-1", "{callback} {options} {script}");
            }
        }
        // A gate that is not there stops nothing, unless an error is to be raised.
        host.tree().remove("/srv/action").unwrap();
        host.write(ACTIONS, "goal_resolved:::raise_error=1:/srv/action\n", 0o644);
        host.dnf(&["upgrade", "other"]).expect_code(1);
        acts("goal_resolved:::enabled=host-only", "exit 1");
        host.dnf(&["upgrade", "other"]).expect_ok();
        assert_eq!(version(host, "other"), "2.0-1");
        // dnf5's own lock is held while pre_transaction is asked, rpm's is not.
        host.write("/srv/look.py", LOOK, 0o644);
        host.write("/srv/action", "#!/bin/sh\necho $1 $(python3 /srv/look.py) >>/srv/locks\n", 0o755);
        let line = |callback: &str| format!("{callback}:::enabled=host-only:/srv/action {callback}\n");
        host.write(ACTIONS, ["goal_resolved", "pre_transaction", "post_transaction"].map(line).concat(), 0o644);
        host.dnf(&["upgrade"]).expect_ok();
        assert_eq!(host.read("/srv/locks"), "goal_resolved\npre_transaction dnf\npost_transaction dnf\n");
    });
}
