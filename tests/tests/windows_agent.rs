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
    write("after", "ping -n 3 127.0.0.1 >nul\r\necho late >C:\\late\r\n");
    for (seconds, is_done) in [("1", false), ("10", true)] {
        assert_eq!(step(&wine, "root", "plain", seconds, &["cmd", "/c", r"C:\begin.cmd"]).0, "Timeout");
        wine.run(&["ping", "-n", "5", "127.0.0.1"]);
        assert_eq!(wine.path(r"C:\late").exists(), is_done, "after {seconds} s");
    }
}
