//! The agent as a service of Windows, under Wine: `scripts/agent --windows` and `scripts/wine` come before it.

use consign_lab::Wine;

const PROGRAM: &str = r"C:\Program Files\Consignee\consignee.exe";

fn with_service() -> Option<Wine> {
    let wine = match Wine::with_agent() {
        Ok(wine) => wine,
        Err(not_run) => {
            not_run.report();
            return None;
        }
    };
    let line = format!("\"{PROGRAM}\" service");
    wine.ok(&["sc", "create", "Consignee", "binPath=", &line, "start=", "demand"]);
    Some(wine)
}

#[test]
fn the_service_starts_answers_and_stops() {
    let Some(wine) = with_service() else { return };
    let doctor = || String::from_utf8_lossy(&wine.consignee(&["doctor"]).stdout).into_owned();
    assert!(doctor().contains("sc start Consignee"), "{}", doctor());
    wine.ok(&["net", "start", "Consignee"]);
    wine.wait_for("Consignee", "RUNNING");
    let status = wine.consignee(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["format"], &status["standing"]), (&1.into(), &"well".into()));
    assert!(!doctor().contains("sc start Consignee"), "{}", doctor());
    assert!(wine.consignee(&["hook", "look"]).stdout.is_empty(), "the service does not answer");
    let log = fs_err::read_to_string(wine.path(r"C:\ProgramData\Consignee\agent.log")).unwrap();
    assert!(log.contains("asked: look"), "{log}");
    wine.ok(&["net", "stop", "Consignee"]);
    wine.wait_for("Consignee", "STOPPED");
    assert!(doctor().contains("sc start Consignee"), "{}", doctor());
}

#[test]
fn there_is_one_agent_at_a_time() {
    let Some(wine) = with_service() else { return };
    let said = wine.ok(&["net", "start", "Consignee"]);
    assert!(said.contains("success"), "{said}");
    wine.wait_for("Consignee", "RUNNING");
    let second = wine.consignee(&["agent"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("another agent"), "{said}");
}

/// A service that Wine brings.
const SPOOLER: &str = "Spooler.service";

/// When it is started, as the registry has it: 2 by itself, 3 by hand, 4 never.
fn start_type(wine: &Wine) -> String {
    let said = wine.ok(&["reg", "query", r"HKLM\System\CurrentControlSet\Services\Spooler", "/v", "Start"]);
    said.split_whitespace().last().unwrap_or_default().to_owned()
}

#[test]
fn an_engine_does_not_start_until_it_may_and_then_as_it_was() {
    let Some(wine) = with_service() else { return };
    // The service makes it when it first starts.
    fs_err::create_dir_all(wine.path(r"C:\ProgramData\Consignee")).unwrap();
    let before = start_type(&wine);
    assert_eq!(before, "0x3", "Wine starts it by hand");
    wine.word(&["start", SPOOLER]);
    assert_eq!(wine.word(&["active", SPOOLER]), "true");
    assert_eq!(wine.word(&["guard", SPOOLER]), "()");
    assert_eq!(wine.word(&["stop", SPOOLER]), "()");
    assert_eq!((start_type(&wine).as_str(), &*wine.word(&["active", SPOOLER])), ("0x4", "false"));
    let refused = wine.word(&["start", SPOOLER]);
    assert!(refused.starts_with("cannot start"), "{refused}");
    // What was enabled is seen to be so while it is guarded, and guarding it twice forgets nothing.
    assert_eq!(wine.word(&["guard", SPOOLER]), "()");
    let written = fs_err::read_to_string(wine.path(r"C:\ProgramData\Consignee\start-types.json")).unwrap();
    assert!(written.contains("\"Spooler.service\": \"manual\""), "{written}");
    assert_eq!(wine.word(&["release", SPOOLER]), "()");
    assert_eq!(start_type(&wine), before);
    assert_eq!(wine.word(&["start", SPOOLER]), "()");
    assert_eq!(wine.word(&["active", SPOOLER]), "true");
    assert_eq!(wine.word(&["observe", "NoSuch.service"]), "None");
}

/// Runs a program as a step of a plan; answers how it ended and what it wrote.
fn step(wine: &Wine, user: &str, shell: &str, seconds: &str, command: &[&str]) -> (String, String) {
    let log = r"C:\step.log";
    let _ = fs_err::remove_file(wine.path(log));
    let said = wine.word(&[&["run", "step", user, shell, seconds, log], command].concat());
    (said, fs_err::read_to_string(wine.path(log)).unwrap_or_default())
}

#[test]
fn a_program_of_a_plan_runs_as_the_system_and_what_cannot_be_is_said() {
    let Some(wine) = with_service() else { return };
    let (said, written) = step(&wine, "root", "plain", "20", &["cmd", "/c", "echo done& exit 3"]);
    assert_eq!((&*said, written.trim()), ("Exit(3)", "done"));
    assert_eq!(step(&wine, "SYSTEM", "plain", "20", &["no-such-program"]).0, "Missing");
    for (user, shell) in [("acme", "plain"), ("root", "shell")] {
        let said = step(&wine, user, shell, "20", &["cmd", "/c", "echo"]).0;
        assert!(said.starts_with("CannotStart("), "{user}, {shell}: {said}");
    }
    // What it started in the background ends with it, and where it has the time it is done.
    let write = |name: &str, text: &str| fs_err::write(wine.path(&format!(r"C:\{name}.cmd")), text).unwrap();
    write("begin", "start /b cmd /c C:\\after.cmd\r\nping -n 30 127.0.0.1 >nul\r\n");
    write("after", "@ping -n 3 127.0.0.1 >nul\r\n@echo late >C:\\late\r\n");
    // Nor does it stay where the program itself is gone at once, and nobody had the time to look.
    write("leave", "@start /b cmd /c C:\\after.cmd\r\n@echo there\r\n");
    let (said, written) = step(&wine, "root", "plain", "20", &["cmd", "/c", r"C:\leave.cmd"]);
    assert_eq!((&*said, written.trim()), ("Exit(0)", "there"));
    wine.run(&["ping", "-n", "5", "127.0.0.1"]);
    assert!(!wine.path(r"C:\late").exists());
    for (seconds, is_done) in [("1", false), ("10", true)] {
        assert_eq!(step(&wine, "root", "plain", seconds, &["cmd", "/c", r"C:\begin.cmd"]).0, "Timeout");
        wine.run(&["ping", "-n", "5", "127.0.0.1"]);
        assert_eq!(wine.path(r"C:\late").exists(), is_done, "after {seconds} s");
    }
}

#[test]
fn what_is_windows_own_passes_its_own_tests_there() {
    let wine = match Wine::with_unit_tests() {
        Ok(wine) => wine,
        Err(not_run) => return not_run.report(),
    };
    let own = ["host::scm", "host::msi", "host::windows", "host::kernel", "host::clipped", "step::backup::copies"];
    let output = wine.run(&[&[r"C:\unit-tests.exe"], &own[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("test result: ok"), "{said}");
    for folder in ["host::scm::guard", "host::kernel::windows", "host::windows::account", "step::backup::copies"] {
        assert!(said.contains(&format!("test {folder}")), "{folder}: {said}");
    }
}

/// Languages as Windows numbers them.
const ENGLISH: &str = "1033";
const FRENCH: &str = "1036";

#[test]
fn what_administrators_must_hear_is_in_the_event_log_with_a_number_and_a_sentence_in_both_languages() {
    let Some(wine) = with_service() else { return };
    wine.ok(&["net", "start", "Consignee"]);
    wine.wait_for("Consignee", "RUNNING");
    let key = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\Consignee";
    let source = wine.ok(&["reg", "query", key]);
    assert!(source.contains("EventMessageFile") && source.contains(PROGRAM), "{source}");
    // Wine keeps no Event Log, but says what it was given.
    let words = ["event", "13", "acme/erp", "1.4.0", "1.5.0", "It stays stopped."];
    let heard = wine.heard("+eventlog", &words);
    for given in ["0x0000000d", "acme/erp", "It stays stopped."] {
        assert!(heard.contains(given), "{given}: {heard}");
    }
    let sentence = |language| wine.word(&[&["sentence", PROGRAM, "13", language], &words[2..]].concat());
    let english = "acme/erp stays stopped: its upgrade from 1.4.0 to 1.5.0 needs an administrator.";
    assert!(sentence(ENGLISH).starts_with(english), "{}", sentence(ENGLISH));
    let french = "acme/erp reste arrêté : sa mise à niveau de 1.4.0 vers 1.5.0 a besoin d'un administrateur.";
    assert!(sentence(FRENCH).starts_with(french), "{}", sentence(FRENCH));
}

#[test]
fn who_writes_for_a_product_and_cannot_is_named() {
    let Some(wine) = with_service() else { return };
    let spool = wine.path(r"C:\data\spool");
    fs_err::create_dir_all(&spool).unwrap();
    let record = r"HKLM\Software\Consignee\Packages\acme-erp";
    wine.ok(&["reg", "add", record, "/v", "DataFolder", "/d", r"C:\data"]);
    let barred = |accounts: &[&str]| wine.word(&[&["barred", "acme-erp", r"{data}\spool"], accounts].concat());
    // Wine makes access lists of modes.
    let allow = |mode| fs_err::set_permissions(&spool, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    allow(0o777);
    assert_eq!(barred(&["LocalSystem", "LocalService", r"NT SERVICE\AcmeErp", "AcmeErp"]), "");
    allow(0o755);
    let said = barred(&["LocalSystem", "LocalService", r"NT SERVICE\AcmeErp", "AcmeErp"]);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.contains("LocalService: Listed") && said.contains(r"NT SERVICE\AcmeErp: Listed"), "{said}");
    assert_eq!(fs_err::read_dir(&spool).unwrap().count(), 0, "a file was left");
    // What is not there yet is made with its access list.
    fs_err::remove_dir(&spool).unwrap();
    assert_eq!(barred(&["LocalService"]), "");
}

#[test]
fn a_pipe_that_is_not_the_services_is_not_asked() {
    let Some(wine) = with_service() else { return };
    let false_one = r"\\.\pipe\consignee";
    std::thread::scope(|scope| {
        // Whoever makes a pipe owns it; this one says that it is everybody's.
        let claimed = scope.spawn(|| wine.word(&["pipe", false_one, "O:WDD:(A;;GA;;;WD)"]));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let refused = loop {
            let asked = wine.consignee(&["hook", "look"]);
            let said = String::from_utf8_lossy(&asked.stdout).into_owned();
            if said.contains("S-1-1-0") {
                break true;
            }
            if std::time::Instant::now() > deadline {
                break false;
            }
        };
        assert_eq!(claimed.join().unwrap(), "asked");
        assert!(refused, "the false service was believed");
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "what it takes is told, and written down in docs/measurements.md")]
fn the_service_that_nobody_asks_takes_little_memory() {
    let Some(wine) = with_service() else { return };
    wine.ok(&["net", "start", "Consignee"]);
    wine.wait_for("Consignee", "RUNNING");
    wine.consignee(&["hook", "look"]);
    let figures = wine.memory("consignee.exe");
    let [(program, rest)] = figures[..] else { panic!("{figures:?}") };
    println!("the agent's service under Wine has {rest} KiB of its own, and {program} KiB of its program");
    assert!(rest < 15 * 1024, "{rest} KiB");
}

#[test]
fn the_script_for_a_real_windows_can_be_read_by_powershell() {
    let repository = consign_lab::Lab::repository();
    let script = repository.join("scripts/windows-check.ps1");
    let looked =
        std::process::Command::new(repository.join("scripts/powershell-syntax")).arg(&script).output().unwrap();
    assert!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stderr));
}
