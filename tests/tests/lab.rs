//! The lab itself: what the other suites rest on is what it says it is.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_lab::{
    Archive, Chroot, Host, RecordClient, Release, Server, Terminal, TinyPackage, lab, program, sweep, until,
};

const SOON: Duration = Duration::from_secs(30);

/// Boots one host per release at the same time and does the same on both.
fn on_every_release(name: &str, check: impl Fn(&Host) + Sync) {
    std::thread::scope(|scope| {
        for release in Release::ALL {
            let check = &check;
            scope.spawn(move || {
                let host = Host::boot(&format!("{name}-{}", release.name()), release).unwrap();
                check(&host);
            });
        }
    });
}

#[test]
fn a_host_has_systemd_as_pid_1_and_only_a_loopback() {
    lab!();
    on_every_release("plain", |host| {
        assert_eq!(host.shell("cat /proc/1/comm"), "systemd");
        assert_eq!(host.shell("hostname"), host.name());
        assert_eq!(host.shell("cat /etc/machine-id").len(), 32);
        assert_eq!(host.shell("ls /sys/class/net"), "lo");
        assert!(host.shell("ip -o link show lo").contains("LOOPBACK,UP"));
        assert!(host.shell(". /etc/os-release; echo $VERSION_CODENAME").contains(host.release().name()));
        assert_eq!(host.failed_units(), Vec::<String>::new());
    });
}

#[test]
fn a_host_carries_nothing_of_the_build_machine() {
    lab!();
    on_every_release("clean", |host| {
        let configuration = host.ok(&["apt-config", "dump"]).stdout;
        for trap in ["Check-Valid-Until \"false\"", "Check-Date \"false\"", "archives/*.deb", "Proxy"] {
            assert!(!configuration.contains(trap), "{trap} in\n{configuration}");
        }
        assert!(!host.exists("/usr/sbin/policy-rc.d"));
        assert!(!host.exists("/etc/resolv.conf"));
        assert_eq!(host.shell("cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || :"), "");
        let inside = host.shell("env");
        assert!(!inside.contains("CARGO"), "variables of the test reached the host:\n{inside}");
    });
}

#[test]
fn commands_answer_their_own_exit_code_and_output() {
    lab!();
    on_every_release("codes", |host| {
        let outcome = host.exec(&["sh", "-c", "echo out; echo err >&2; exit 7"]);
        assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (7, "out\n", "err\n"));
        let outcome = host.run(&["sh", "-c", "echo unit; exit 9"]);
        assert_eq!((outcome.code, &*outcome.stdout), (9, "unit\n"), "{outcome}");
        assert_eq!(host.exec(&["sh", "-c", "kill -TERM $$"]).code, 143);
        assert_eq!(host.exec(&["no-such-program"]).code, 127);
    });
}

#[test]
fn files_follow_links_as_the_host_does() {
    lab!();
    let host = Host::boot("files", Release::Bookworm).unwrap();
    host.write("/srv/a/b/note", "hello", 0o640);
    assert_eq!(host.shell("stat -c '%a %U' /srv/a/b/note; cat /srv/a/b/note"), "640 root\nhello");
    host.shell(
        "echo of-the-host >/run/secret; ln -s /run/secret /srv/link; ln -s ../../../../../../run/secret /srv/up",
    );
    assert_eq!(host.read("/srv/link"), "of-the-host\n");
    assert_eq!(host.read("/srv/up"), "of-the-host\n");
    let local = tempfile::tempdir().unwrap();
    fs_err::create_dir(local.path().join("folder")).unwrap();
    fs_err::write(local.path().join("folder/file"), "copied").unwrap();
    host.copy_in(local.path().join("folder"), "/opt/new/folder");
    assert_eq!(host.shell("cat /opt/new/folder/file"), "copied");
    host.tree().remove("/srv/link").unwrap();
    assert!(!host.exists("/srv/link") && !host.exists("/srv/none"));
    // The same files, while the host is off.
    host.power_off().unwrap();
    assert_eq!(host.read("/srv/a/b/note"), "hello");
    host.write("/srv/a/b/note", "changed while off", 0o600);
    host.boot_again().unwrap();
    assert_eq!(host.shell("cat /srv/a/b/note"), "changed while off");
}

#[test]
fn a_reboot_is_a_new_boot_of_the_same_files() {
    lab!();
    on_every_release("reboot", |host| {
        host.shell("echo kept >/srv/kept; echo gone >/run/gone");
        let (boot, machine) =
            (host.shell("systemctl show -P UserspaceTimestampMonotonic"), host.read("/etc/machine-id"));
        host.reboot().unwrap();
        assert_eq!(host.shell("cat /srv/kept"), "kept");
        assert!(!host.exists("/run/gone"));
        assert_ne!(host.shell("systemctl show -P UserspaceTimestampMonotonic"), boot);
        assert_eq!(host.read("/etc/machine-id"), machine);
    });
}

#[test]
fn a_power_cut_takes_the_caller_too() {
    lab!();
    on_every_release("cut", |host| {
        let entrance = host.entrance();
        let (by_unit, by_exec) = std::thread::scope(|scope| {
            let unit = scope.spawn(|| entrance.run(&["sh", "-c", "touch /run/unit; exec sleep 600"]));
            let exec = scope.spawn(|| entrance.exec(&["sh", "-c", "touch /run/exec; exec sleep 600"]));
            host.wait_until("both callers at work", SOON, || {
                (host.exists("/run/unit") && host.exists("/run/exec")).then_some(())
            });
            host.shell("echo written >/srv/written");
            host.cut();
            (unit.join().unwrap(), exec.join().unwrap())
        });
        assert_eq!((by_unit.code, by_exec.code), (137, 137));
        assert!(!host.is_up());
        assert_eq!(host.read("/srv/written"), "written\n", "a process-level cut loses no write");
        host.boot_again().unwrap();
        assert_eq!(host.shell("cat /srv/written"), "written");
    });
}

#[test]
fn a_disk_cut_loses_what_was_not_synced_and_nothing_else() {
    lab!();
    let host = Host::boot_on_disk("disk", Release::Bookworm).unwrap();
    for turn in 1..=2 {
        host.shell(&format!("echo unsynced >/srv/u{turn}; echo synced >/srv/s{turn}; sync /srv/s{turn} /srv"));
        host.cut_losing_unsynced().unwrap();
        host.boot_again().unwrap();
        assert_eq!(host.read(&format!("/srv/s{turn}")), "synced\n");
        let unsynced = host.shell(&format!("cat /srv/u{turn} 2>/dev/null || :"));
        assert!(!unsynced.contains("unsynced"), "nothing was lost: this cut cannot find a missing fsync");
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_what_runs_on_it() {
    lab!();
    on_every_release("terminal", |host| {
        let script =
            "tty; test -t 1 && echo on-a-terminal; echo $$ >/run/shell; read line; echo got $line; exec sleep 600";
        let mut terminal = Terminal::run(host, &["sh", "-c", script]).unwrap();
        let screen = terminal.wait_for("on-a-terminal", SOON);
        assert!(screen.contains("/dev/pts/"), "the host cannot name the terminal: {screen}");
        terminal.type_text("yes\n").unwrap();
        terminal.wait_for("got yes", SOON);
        assert!(!terminal.ended());
        terminal.hang_up();
        assert_eq!(terminal.wait(SOON), 128 + 1);
        host.wait_until("the command gone", SOON, || {
            host.exec(&["sh", "-c", "kill -0 $(cat /run/shell)"]).code.ne(&0).then_some(())
        });

        // What an operator started from a login shell goes with it; what ignores SIGHUP stays.
        let mut terminal = Terminal::run(host, &["bash", "--login", "-i"]).unwrap();
        terminal.type_text("nohup sleep 1234 & sleep 5678\n").unwrap();
        let running = |what: &str| host.exec(&["pgrep", "-f", what]).success();
        host.wait_until("both at work", SOON, || (running("sleep 1234") && running("sleep 5678")).then_some(()));
        terminal.hang_up();
        terminal.wait(SOON);
        host.wait_until("the foreground gone", SOON, || (!running("sleep 5678")).then_some(()));
        assert!(running("sleep 1234"));

        let mut terminal = Terminal::run(host, &["sh", "-c", "echo last words; exit 3"]).unwrap();
        assert_eq!(terminal.wait(SOON), 3);
        assert!(terminal.screen().contains("last words"));
    });
}

#[test]
fn a_server_is_reached_from_its_host_only_and_outlives_a_cut() {
    lab!();
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("page"), "served").unwrap();
    on_every_release("server", |host| {
        let server = Server::start(host, folder.path(), 8080).unwrap();
        let page = format!("{}page", server.url());
        assert_eq!(host.ok(&["curl", "-fsS", &page]).stdout, "served");
        assert!(std::net::TcpStream::connect("127.0.0.1:8080").is_err(), "reached from the build machine");
        host.cut();
        host.boot_again().unwrap();
        assert_eq!(host.ok(&["curl", "-fsS", "-r", "0-2", &page]).stdout, "ser");
        assert_eq!(host.network().get(&page).unwrap().body, "served");
        let asked: Vec<(String, u16)> = server.requests().into_iter().map(|r| (r.path, r.status)).collect();
        assert_eq!(asked, [200, 206, 200].map(|status| ("/page".to_owned(), status)));
        drop(server);
        assert!(host.network().get(&page).is_err(), "the server outlived its test");
    });
}

#[test]
fn ordinary_packages_are_installed_and_upgraded() {
    lab!();
    let archive = Archive::new("site").unwrap();
    archive
        .add(&[TinyPackage::new("greeting", "1.0"), TinyPackage::new("neighbour", "1.0").field("Depends", "greeting")])
        .unwrap();
    let newer = Archive::new("site").unwrap();
    newer.add(&[TinyPackage::new("greeting", "2.0")]).unwrap();
    on_every_release("apt", |host| {
        archive.give_to(host);
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["install", "neighbour"]).expect_ok();
        assert_eq!(host.read("/usr/share/greeting/version"), "1.0\n");
        newer.give_to(host);
        host.apt_get(&["update"]).expect_ok();
        host.apt_get(&["upgrade"]).expect_ok();
        assert_eq!(host.installed("greeting").as_deref(), Some("2.0"));
        assert_eq!(host.installed("hello"), None);
        host.assert_packages_sound();
        host.add_source("nowhere", "deb [trusted=yes] http://127.0.0.1:9/ ./\n");
        host.apt_get(&["-o", "Acquire::Retries=0", "update"]).expect_code(100);
    });
}

/// Stores each record it is sent, and loses every tenth when told to.
const PRODUCT: &str = r#"
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        number = int(self.rfile.read(int(self.headers["Content-Length"])))
        if not (os.path.exists("/srv/lossy") and number % 10 == 0):
            with open("/srv/records", "a") as file:
                file.write("%d\n" % number); file.flush(); os.fsync(file.fileno())
        self.send_response(201); self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8082), Handler).serve_forever()
"#;

fn stored(host: &Host) -> BTreeSet<u64> {
    host.read("/srv/records").lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn the_record_client_sees_outages_and_lost_records() {
    lab!();
    let host = Host::boot("records", Release::Bookworm).unwrap();
    host.write("/srv/product.py", PRODUCT, 0o644);
    let unit = "[Service]\nExecStart=/usr/bin/python3 /srv/product.py\n[Install]\nWantedBy=multi-user.target\n";
    host.write("/etc/systemd/system/product.service", unit, 0o644);
    host.ok(&["systemctl", "enable", "--now", "product"]);
    let client = RecordClient::post(&host, "http://127.0.0.1:8082/records");
    client.wait_acknowledged(SOON).unwrap();

    let stop = std::time::SystemTime::now();
    host.ok(&["systemctl", "stop", "product"]);
    client.wait_refused(SOON).unwrap();
    host.ok(&["systemctl", "start", "product"]);
    client.wait_acknowledged(SOON).unwrap();
    let start = std::time::SystemTime::now();
    let ledger = client.ledger();
    // The first outage is the start of the product itself, before the client was first served.
    assert!(ledger.unannounced(&[(std::time::UNIX_EPOCH, start)]).is_empty());
    assert!(!ledger.unannounced(&[(stop, stop)]).is_empty(), "an outage outside the window was not seen");

    let before_cut = std::time::SystemTime::now();
    host.cut();
    client.wait_refused(SOON).unwrap();
    host.boot_again().unwrap();
    client.wait_acknowledged(SOON).unwrap();
    let back = std::time::SystemTime::now();
    let everything = [(std::time::UNIX_EPOCH, start), (before_cut, back)];
    client.ledger().assert_kept(&stored(&host), &everything);

    host.write("/srv/lossy", "", 0o644);
    let from = client.wait_acknowledged(SOON).unwrap();
    until("ten more records", SOON, || client.ledger().acknowledged().contains(&(from + 11)).then_some(())).unwrap();
    let ledger = client.stop();
    let missing = ledger.missing(&stored(&host));
    assert!(!missing.is_empty() && missing.iter().all(|number| number % 10 == 0), "{missing:?}");
}

#[test]
fn a_chroot_is_prepared_without_systemd_and_then_boots() {
    lab!();
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("page"), "served").unwrap();
    for release in Release::ALL {
        let chroot = Chroot::create(&format!("chroot-{}", release.name()), release).unwrap();
        assert!(!chroot.tree().exists("/run/systemd/system"));
        let server = Server::start_beside(&chroot, folder.path(), 8080).unwrap();
        assert_eq!(chroot.ok(&["curl", "-fsS", "http://127.0.0.1:8080/page"]).stdout, "served");
        chroot.ok(&["sh", "-c", "echo prepared >/srv/prepared; dpkg --audit; test -r /proc/self/status"]);
        assert_eq!(chroot.exec(&["sh", "-c", "exit 5"]).code, 5);
        let host = chroot.boot().unwrap();
        assert_eq!(host.shell("cat /srv/prepared; systemctl is-system-running"), "prepared\nrunning");
        assert_eq!(host.ok(&["curl", "-fsS", &format!("{}page", server.url())]).stdout, "served");
    }
}

#[test]
fn a_dead_tests_host_is_swept() {
    lab!();
    let note = tempfile::NamedTempFile::new().unwrap();
    let mut test = std::process::Command::new(program("examples/orphan"));
    assert!(!test.arg(note.path()).output().unwrap().status.success());
    let orphan = fs_err::read_to_string(note.path()).unwrap();
    assert!(!orphan.is_empty(), "the dying test did not boot its host");
    // Another test may sweep it first.
    let folder = consign_lab::Lab::folder().join("run").join(&orphan);
    until("the orphan swept", SOON, || {
        sweep();
        (!folder.exists()).then_some(())
    })
    .unwrap();
    let groups = fs_err::read_dir("/sys/fs/cgroup/unified").or_else(|_| fs_err::read_dir("/sys/fs/cgroup")).unwrap();
    let left: Vec<_> =
        groups.flatten().map(|g| g.file_name()).filter(|g| g.to_string_lossy().contains(&orphan)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!fs_err::read_to_string("/proc/self/mountinfo").unwrap().contains(&orphan));
}
