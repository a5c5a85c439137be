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
