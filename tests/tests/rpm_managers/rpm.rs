//! rpm itself: the order of scriptlets and triggers, of files in a payload, and its lock.

use consign_lab::{Host, Lab, RpmSystem, TinyRpm, YumRepository, lab};

use crate::{SOON, fixture, given, on_every, upgrade};

/// A package whose scriptlets write down when they ran, and which version of the agent was there.
fn noted(name: &str, version: &str) -> TinyRpm {
    ["pre", "post", "preun", "postun", "posttrans"].iter().fold(TinyRpm::new(name, version), |package, scriptlet| {
        let agent = "$(cat /usr/lib/agent/hook 2>/dev/null || echo none)";
        package.script(&format!("%{scriptlet}"), &format!("echo {scriptlet} {name} {version} {agent} >>/srv/ran"))
    })
}

/// An agent that is told of plans, and two modules that need it in %pre.
fn agent_and_modules(version: &str) -> Vec<TinyRpm> {
    let told = format!("echo told {version} $(sort) >>/srv/ran");
    let trigger = "%transfiletriggerin -- /usr/share/plans";
    let agent = noted("zagent", version).file("/usr/lib/agent/hook", &format!("{version}\n")).script(trigger, &told);
    let module = |name: &str| {
        let plan = format!("/usr/share/plans/{name}");
        noted(name, version).field("Requires(pre)", &format!("zagent >= {version}")).file(&plan, version)
    };
    vec![agent, module("amodule"), module("bmodule").field("Requires", &format!("amodule = {version}"))]
}

fn ran(host: &Host) -> Vec<String> {
    let ran = host.read("/srv/ran").lines().map(str::to_owned).collect();
    host.tree().remove("/srv/ran").unwrap();
    ran
}

#[test]
fn an_agent_that_modules_need_in_pre_is_there_before_their_pre_runs() {
    lab!(Lab::has_rpm());
    let old = YumRepository::of(&agent_and_modules("1.0")).unwrap();
    let new = old.later(&agent_and_modules("2.0")).unwrap();
    on_every(&RpmSystem::ALL, "rpm-order", |host| {
        let zypper = host.rpm_system() == RpmSystem::Zypper;
        let server = given(host, &old);
        host.manager(&["install", "bmodule"]).expect_ok();
        let plans = "/usr/share/plans/amodule /usr/share/plans/bmodule";
        let mut expected = vec![
            "pre zagent 1.0 none".to_owned(),
            "post zagent 1.0 1.0".into(),
            "pre amodule 1.0 1.0".into(),
            "post amodule 1.0 1.0".into(),
            "pre bmodule 1.0 1.0".into(),
            "post bmodule 1.0 1.0".into(),
            "posttrans zagent 1.0 1.0".into(),
            "posttrans amodule 1.0 1.0".into(),
            "posttrans bmodule 1.0 1.0".into(),
        ];
        // zypper runs one rpm for each package and leaves the triggers of transactions out.
        expected.extend((!zypper).then(|| format!("told 1.0 {plans}")));
        assert_eq!(ran(host), expected);

        drop(server);
        let _server = consign_lab::Server::start(host, &new.path(), 8082).unwrap();
        host.manager(&[upgrade(host)]).expect_ok();
        let upgraded = ran(host);
        let at =
            |line: &str| upgraded.iter().position(|ran| ran == line).unwrap_or_else(|| panic!("{line}: {upgraded:?}"));
        assert!(at("post zagent 2.0 2.0") < at("pre amodule 2.0 2.0"), "{upgraded:?}");
        assert!(at("postun zagent 1.0 2.0") < at("posttrans zagent 2.0 2.0"), "{upgraded:?}");
        assert!(at("postun bmodule 1.0 2.0") < at("posttrans zagent 2.0 2.0"), "{upgraded:?}");
        assert_eq!(
            upgraded.last().unwrap(),
            &if zypper { "posttrans bmodule 2.0 2.0".into() } else { format!("told 2.0 {plans}") }
        );

        // The last module takes what was installed for it along: the agent too, and last.
        host.manager(&["remove", "bmodule"]).expect_ok();
        let removed = ran(host);
        assert_eq!(removed[..2], ["preun bmodule 2.0 2.0", "postun bmodule 2.0 2.0"]);
        if zypper {
            assert_eq!(host.installed("zagent").as_deref(), Some("2.0-1"));
        } else {
            assert_eq!(removed[2..4], ["preun amodule 2.0 2.0", "postun amodule 2.0 2.0"]);
            assert_eq!(removed[4..], ["preun zagent 2.0 2.0", "postun zagent 2.0 none"]);
            assert_eq!(host.rpm_database(), Vec::<String>::new());
        }
    });
}

#[test]
fn a_payload_may_begin_with_any_file_that_is_no_hard_link() {
    lab!(Lab::has_rpm());
    let package = TinyRpm::new("ordered", "1")
        .gzip()
        .file("/usr/share/ordered/folder/a", "a\n")
        .file("/usr/share/ordered/linked", "linked\n")
        .file("/usr/share/ordered/z", "z\n")
        .hard_link("/usr/share/ordered/linked", "/usr/share/ordered/other");
    let reordered = |first: &str| {
        let folder = tempfile::tempdir().unwrap();
        let rpm = package.build(folder.path()).unwrap();
        let script = fixture("reorder.py");
        let mut python = std::process::Command::new("python3");
        assert!(python.arg(script).arg(&rpm).arg(first).status().unwrap().success());
        (folder, rpm)
    };
    let (_first, plan_first) = reordered("/usr/share/ordered/z");
    let (_second, link_first) = reordered("/usr/share/ordered/other");
    on_every(&RpmSystem::ALL, "rpm-payload", |host| {
        host.copy_in(&plan_first, "/root/plan-first.rpm");
        host.copy_in(&link_first, "/root/link-first.rpm");
        host.rpm(&["-i", "/root/plan-first.rpm"]).expect_ok();
        host.rpm(&["-V", "ordered"]).expect_ok();
        host.rpm(&["-e", "ordered"]).expect_ok();
        // The set is torn apart, and rpm says nothing.
        host.rpm(&["-i", "/root/link-first.rpm"]).expect_ok();
        host.rpm(&["-V", "ordered"]).expect_code(1);
    });
}

/// Who has a POSIX lock on a file of the host, by the name of its program; `-` for nobody.
const HOLDER: &str = r#"
import fcntl, os, struct, sys
try:
    found = fcntl.fcntl(os.open(sys.argv[1], os.O_RDONLY), fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
except FileNotFoundError:
    found = struct.pack("hhqqi4x", fcntl.F_UNLCK, 0, 0, 0, 0)
kind, _, _, _, pid = struct.unpack("hhqqi4x", found)
print(open(f"/proc/{pid}/comm").read().strip() if kind != fcntl.F_UNLCK else "-")
"#;

#[test]
fn an_open_transaction_is_seen_by_the_lock_that_rpm_holds() {
    lab!(Lab::has_rpm());
    let post = "while [ -e /srv/hang ]; do touch /srv/waits; sleep .05; done";
    let old = YumRepository::of(&[TinyRpm::new("slow", "1").script("%post", post)]).unwrap();
    on_every(&RpmSystem::ALL, "rpm-lock", |host| {
        let holder = |file: &str| host.ok(&["python3", "-c", HOLDER, file]).stdout.trim().to_owned();
        let lock = "/var/lib/rpm/.rpm.lock";
        let _server = given(host, &old);
        assert_eq!(holder(lock), "-");
        host.write("/srv/hang", "", 0o644);
        let manager = host.rpm_system().manager();
        let yes = if manager == "zypper" { "--non-interactive" } else { "-y" };
        std::thread::scope(|scope| {
            let entrance = host.entrance();
            let running = scope.spawn(move || entrance.exec(&[manager, yes, "install", "slow"]));
            host.wait_until("the %post", SOON, || host.exists("/srv/waits").then_some(()));
            let dnf5 = "/run/dnf/rpmtransaction.lock";
            let seen = [
                holder(lock),
                holder(dnf5),
                host.shell("cat /run/zypp.pid /var/lib/dnf/rpmdb_lock.pid 2>/dev/null || :"),
            ];
            // Who only reads neither waits nor is seen; who wants to write is sent away at once.
            let (reader, writer) = (host.rpm(&["-q", "base"]), host.rpm(&["-e", "base"]));
            host.tree().remove("/srv/hang").unwrap();
            running.join().unwrap().expect_ok();
            reader.expect_ok();
            assert!(writer.stderr.contains("can't create transaction lock"), "{writer}");
            let [rpm, dnf5, pid_file] = seen;
            let expected = match host.rpm_system() {
                // zypper has one rpm after the other; its own, for the whole time, is a pid file.
                RpmSystem::Zypper => ("rpm", "-", true),
                RpmSystem::Dnf5 => ("dnf5", "dnf5", false),
                _ => ("dnf", "-", true),
            };
            assert_eq!((&*rpm, &*dnf5, pid_file.parse::<u32>().is_ok()), expected);
        });
        assert_eq!(holder(lock), "-");
    });
}

#[test]
fn a_power_cut_under_zypper_is_mended_by_installing_the_same_version_again() {
    lab!(Lab::has_rpm());
    let post = "while [ -e /srv/hang ]; do touch /srv/waits; sleep .05; done";
    let slow = |version| TinyRpm::new("slow", version).script("%post", post);
    let old = YumRepository::of(&[slow("1.0")]).unwrap();
    let new = old.later(&[slow("2.0")]).unwrap();
    on_every(&[RpmSystem::Zypper], "rpm-zypper-cut", |host| {
        let server = given(host, &old);
        host.zypper(&["install", "slow"]).expect_ok();
        drop(server);
        let _server = consign_lab::Server::start(host, &new.path(), 8082).unwrap();
        host.write("/srv/hang", "", 0o644);
        std::thread::scope(|scope| {
            let entrance = host.entrance();
            let running = scope.spawn(move || entrance.exec(&["zypper", "--non-interactive", "update"]));
            host.wait_until("the %post", SOON, || host.exists("/srv/waits").then_some(()));
            host.cut();
            assert_eq!(running.join().unwrap().code, 137);
        });
        host.tree().remove("/srv/hang").unwrap();
        host.boot_again().unwrap();
        assert_eq!(host.rpm_versions("slow"), ["1.0-1", "2.0-1"]);
        let again = host.zypper(&["update"]).expect_ok();
        assert!(again.stdout.contains("Nothing to do"), "{again}");
        host.zypper(&["install", "--force", "slow"]).expect_ok();
        assert_eq!(host.installed("slow").as_deref(), Some("2.0-1"));
        host.assert_packages_sound();
    });
}
