//! Steps on real hosts: how programs of a vendor run under systemd, and what its units answer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use consign_lab::{Host, Release, lab};

const WORDS: &str = "/usr/local/bin/host-words";
const LOG: &str = "/srv/step.log";

/// The program that says one word of the host adapters (`client/examples/host-words.rs`).
fn words() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let words = test.parent().unwrap().with_file_name("examples").join("host-words");
    assert!(words.exists(), "cargo build -p consignee --example host-words");
    words
}

/// One host per release at the same time, with a user `app` and the program.
fn on_every_release(name: &str, check: impl Fn(&Host) + Sync) {
    let words = words();
    std::thread::scope(|scope| {
        for release in Release::ALL {
            let (check, words) = (&check, &words);
            scope.spawn(move || {
                let host = Host::boot(&format!("{name}-{}", release.name()), release).unwrap();
                host.copy_in(words, WORDS);
                host.shell("useradd --system --create-home --home-dir '/srv/app home' --shell /bin/bash app");
                check(&host);
            });
        }
    });
}

/// Runs a program as a step; answers how it ended and what it wrote.
fn step(host: &Host, user: &str, shell: &str, seconds: &str, command: &[&str]) -> (String, String) {
    host.shell(&format!("rm -f {LOG}"));
    let line = [&[WORDS, "run", "consignee-step-acme.erp.1.3", user, shell, seconds, LOG], command].concat();
    // Not `run`: the systemd-run of the test would take the dollars away before they get here.
    let said = host.exec(&line).expect_ok().stdout.trim().to_owned();
    let written = host.read(LOG);
    let mode = host.shell(&format!("stat -c '%a %U' {LOG}"));
    assert_eq!(mode, "640 root");
    (said, written)
}

#[test]
fn arguments_reach_a_program_as_they_are() {
    lab!();
    on_every_release("step-arguments", |host| {
        let odd =
            ["$HOME", "${HOME}", "$$", "%n %% %H", "two words", "", "a\nb", "é'\"\\", "\\x41 \\n", ";", "-x", "@y"];
        let print: &[&str] = &["printf", "<%s>\n"];
        let expected: String = odd.iter().map(|word| format!("<{word}>\n")).collect();
        for shell in ["plain", "shell"] {
            let (said, written) = step(host, "app", shell, "20", &[print, &odd].concat());
            assert_eq!((said.as_str(), written.as_str()), ("Exit(0)", expected.as_str()), "{shell}");
        }
    });
}

#[test]
fn how_a_program_ended_is_told_apart() {
    lab!();
    on_every_release("step-ends", |host| {
        let script = |script: &str| step(host, "app", "plain", "20", &["sh", "-c", script]);
        assert_eq!(script("echo out; echo err >&2"), ("Exit(0)".into(), "out\nerr\n".into()));
        assert_eq!(script("exit 7").0, "Exit(7)");
        assert_eq!(script("exit 143").0, "Exit(143)");
        assert_eq!(script("echo ran; exit 203").0, "Exit(203)");
        for (name, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("HUP", 1)] {
            assert_eq!(script(&format!("kill -{name} $$")).0, format!("Signal({number})"), "{name}");
        }
        let (said, _) = step(host, "nobody-here", "plain", "20", &["true"]);
        assert_eq!(said, r#"CannotStart("there is no user nobody-here")"#);
        let (said, _) = step(host, "app", "plain", "20", &["/opt/none"]);
        assert_eq!(said, "Missing");
        host.write("/opt/plain", "no program", 0o644);
        let (said, _) = step(host, "app", "plain", "20", &["/opt/plain"]);
        assert!(said.starts_with("CannotStart(\"it cannot be executed"), "{said}");
        assert_eq!(step(host, "app", "shell", "20", &["/opt/none"]).0, "Exit(127)");
        // Nothing is left, whatever the end was.
        assert_eq!(host.shell("systemctl list-units --all --plain --no-legend 'consignee-step*'"), "");
    });
}

#[test]
fn when_the_time_is_up_everything_it_started_is_ended() {
    lab!();
    on_every_release("step-timeout", |host| {
        let stubborn = "setsid sh -c 'trap \"\" TERM; echo $$ >/tmp/grandchild; sleep 300' & sleep 300";
        let before = Instant::now();
        let (said, _) = step(host, "app", "plain", "2", &["sh", "-c", stubborn]);
        assert_eq!(said, "Timeout");
        assert!(before.elapsed() < Duration::from_secs(60));
        assert_eq!(host.exec(&["sh", "-c", "test -e /proc/$(cat /tmp/grandchild)"]).code, 1);
        // What goes into the background does not outlive its step either.
        let (said, _) = step(host, "app", "plain", "20", &["sh", "-c", "sleep 300 & echo $! >/tmp/background"]);
        assert_eq!(said, "Exit(0)");
        assert_eq!(host.exec(&["sh", "-c", "test -e /proc/$(cat /tmp/background)"]).code, 1);
    });
}

/// The same with variables of the test's own program.
fn step_with(host: &Host, variables: &[(&str, &str)], seconds: &str, script: &str) -> String {
    host.shell(&format!("rm -f {LOG} /tmp/ready"));
    let line = [WORDS, "run", "consignee-step-acme.erp.1.3", "root", "plain", seconds, LOG, "sh", "-c", script];
    host.entrance().exec_with(&line, variables).expect_ok().stdout.trim().to_owned()
}

#[test]
fn a_program_that_is_ready_is_stopped_with_all_that_it_started() {
    lab!();
    on_every_release("step-until", |host| {
        let until = |seconds: &str, script: &str| step_with(host, &[("STEP_READY", "/tmp/ready")], seconds, script);
        let gone = |file: &str| host.exec(&["sh", "-c", &format!("test -e /proc/$(cat {file})")]).code == 1;
        let server = "trap 'echo asked to end; exit 1' TERM; sleep 300 & echo $! >/tmp/child; touch /tmp/ready; wait";
        assert_eq!(until("60", server), "Stopped { killed: false }");
        assert!(host.read(LOG).contains("asked to end") && gone("/tmp/child"));
        let stubborn = "trap '' TERM; echo $$ >/tmp/child; touch /tmp/ready; while :; do sleep 1; done";
        assert_eq!(until("60", stubborn), "Stopped { killed: true }");
        assert!(gone("/tmp/child"));
        assert_eq!(until("60", "exit 3"), "Exit(3)");
        assert_eq!(until("60", "exit 0"), "Exit(0)");
        assert_eq!(until("60", "kill -KILL $$"), "Signal(9)");
        // What its last act was counts.
        assert_eq!(until("60", "touch /tmp/ready"), "Stopped { killed: false }");
        let before = Instant::now();
        assert_eq!(until("2", "sleep 300"), "Timeout");
        assert!(before.elapsed() < Duration::from_secs(30));
        assert_eq!(host.shell("systemctl list-units --all --plain --no-legend 'consignee-step*'"), "");
    });
}

#[test]
fn a_program_has_the_limits_of_its_plan_and_a_flood_of_output_does_not_fill_the_disk() {
    lab!();
    on_every_release("step-limits", |host| {
        let asked = "MemoryMax,MemorySwapMax,OOMPolicy,OOMScoreAdjust,Nice,CPUWeight";
        let look = format!("systemctl show -p {asked} consignee-step-acme.erp.1.3; cat /proc/self/oom_score_adj; nice");
        let limits = r#"{"memory_mib": 256, "oom_policy": "kill", "oom_score": 500, "nice": 5, "cpu_weight": 20}"#;
        assert_eq!(step_with(host, &[("STEP_LIMITS", limits)], "20", &look), "Exit(0)");
        let said = host.read(LOG);
        for line in
            ["MemoryMax=268435456", "MemorySwapMax=0", "OOMPolicy=kill", "OOMScoreAdjust=500", "Nice=5", "CPUWeight=20"]
        {
            assert!(said.lines().any(|found| found == line), "{line} in {said}");
        }
        assert!(said.ends_with("\n500\n5\n"), "{said}");

        let flood = "echo the first line; yes 'and so on' | head -c 1G; echo; echo the last line";
        assert_eq!(step_with(host, &[], "120", flood), "Exit(0)");
        let size: u64 = host.shell(&format!("stat -c %s {LOG}")).trim().parse().unwrap();
        assert!(size < 65 << 20, "{size}");
        assert_eq!(host.shell(&format!("head -n 1 {LOG}; tail -n 1 {LOG}")), "the first line\nthe last line");
        let missing = host.shell(&format!("grep -a 'left out' {LOG}"));
        assert_eq!(missing.trim(), "[consignee: 961 MiB are left out here]");
    });
}

#[test]
fn a_login_shell_is_what_su_gives() {
    lab!();
    on_every_release("step-login", |host| {
        host.write("/srv/app home/.profile", "PATH=/opt/own:$PATH\nexport OWN=profile\n", 0o644);
        host.write("/etc/default/locale", "LANG=fr_FR.UTF-8\n", 0o644);
        host.write("/etc/environment", "SITE=\"its own\"\n", 0o644);
        let look = "pwd; id -un; id -Gn; env | grep -E '^(HOME|USER|LOGNAME|SHELL|PATH|OWN|LANG|SITE)=' | sort";
        let by_su = host.ok(&["su", "-", "app", "-c", look]).stdout;
        let (said, by_step) = step(host, "app", "shell", "20", &["sh", "-c", look]);
        assert_eq!((said.as_str(), by_step), ("Exit(0)", by_su));
        // A variable of the plan's wins over the profile's and the host's.
        for shell in ["shell", "plain"] {
            let line = [WORDS, "run", "step", "app", shell, "20", LOG, "printenv", "SITE"];
            host.shell(&format!("rm {LOG}"));
            assert_eq!(
                host.entrance().exec_with(&line, &[("STEP_VARIABLE", "SITE=50% of the plan's $x")]).stdout,
                "Exit(0)\n"
            );
            assert_eq!(host.read(LOG), "50% of the plan's $x\n", "{shell}");
        }
        // A user who cannot log in still has a login shell.
        host.shell("usermod --shell /usr/sbin/nologin app");
        let (said, written) = step(host, "app", "shell", "20", &["sh", "-c", "echo $SHELL $OWN"]);
        assert_eq!((said.as_str(), written.as_str()), ("Exit(0)", "/bin/sh profile\n"));
    });
}

#[test]
fn what_a_dead_agent_left_running_can_be_ended() {
    lab!();
    on_every_release("step-leftover", |host| {
        host.shell(&format!(
            "systemd-run --quiet --unit=agent {WORDS} run consignee-step-a.b.1.3 app plain 300 {LOG} sh -c 'echo $$ >/tmp/left; sleep 300'"
        ));
        host.wait_until("the step at work", Duration::from_secs(30), || host.exists("/tmp/left").then_some(()));
        host.shell("systemctl kill --signal=KILL agent");
        assert_eq!(host.shell("systemctl show -P ActiveState consignee-step-a.b.1.3"), "activating");
        host.ok(&[WORDS, "end", "consignee-step-a.b.1.3"]);
        assert_eq!(host.shell("systemctl show -P LoadState consignee-step-a.b.1.3"), "not-found");
        assert_eq!(host.exec(&["sh", "-c", "test -e /proc/$(cat /tmp/left)"]).code, 1);
    });
}

#[test]
fn a_host_that_goes_down_can_be_told() {
    lab!();
    on_every_release("going-down", |host| {
        assert_eq!(host.ok(&[WORDS, "going-down"]).stdout, "false\n");
        let unit = format!(
            "[Service]\nExecStart=sleep infinity\nExecStop=sh -c '{WORDS} going-down >/srv/down; sync /srv/down'\n"
        );
        host.write("/etc/systemd/system/agent.service", unit, 0o644);
        host.shell("systemctl daemon-reload; systemctl start agent");
        host.reboot().unwrap();
        assert_eq!(host.read("/srv/down"), "true\n");
    });
}

const ENGINE: &str = "[Unit]\nConditionPathExists=!/srv/unfinished\n[Service]\nExecStart=sleep infinity\n\
                      [Install]\nWantedBy=multi-user.target\n";

#[test]
fn a_unit_that_its_condition_keeps_from_starting_is_not_started() {
    lab!();
    on_every_release("unit-condition", |host| {
        host.write("/etc/systemd/system/erp@.service", ENGINE, 0o644);
        host.write("/etc/systemd/system/erp.target", "[Unit]\nWants=erp@b.service\n", 0o644);
        host.write("/etc/systemd/system/bad.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n", 0o644);
        host.shell("systemctl daemon-reload; touch /srv/unfinished");
        let say = |words: &[&str]| host.run(&[&[WORDS], words].concat()).expect_ok().stdout.trim().to_owned();
        assert_eq!(
            say(&["start", "erp@a.service"]),
            "cannot start erp@a.service: inactive (its conditions do not hold)"
        );
        host.shell("rm /srv/unfinished");
        assert_eq!(say(&["observe", "none.service"]), "None");
        assert_eq!(say(&["observe", "erp@a.service"]), "Some(EngineState { active: false, enabled: false })");
        assert_eq!(say(&["start", "erp@a.service"]), "()");
        assert_eq!(say(&["enable", "erp@a.service"]), "()");
        assert_eq!(say(&["observe", "erp@a.service"]), "Some(EngineState { active: true, enabled: true })");
        assert_eq!(say(&["start", "erp.target"]), "()");
        assert_eq!(say(&["active", "erp@b.service"]), "true");
        // No [Install] section is nothing to enable, not an error.
        assert_eq!(say(&["enable", "erp.target"]), "()");
        assert_eq!(say(&["stop", "erp.target", "erp@b.service", "erp@a.service", "none.service"]), "()");
        assert_eq!(say(&["active", "erp@b.service"]), "false");
        assert_eq!(say(&["start", "none.service"]), "cannot start none.service: inactive (no such unit)");
        // However often it has failed before.
        for _ in 0..8 {
            let said = say(&["start", "bad.service"]);
            assert_eq!(said, "cannot start bad.service: failed (exit-code)");
        }
        host.write("/etc/systemd/system/bad.service", "[Service]\nExecStart=sleep infinity\n", 0o644);
        host.shell("systemctl daemon-reload");
        assert_eq!(say(&["start", "bad.service"]), "()");
    });
}
