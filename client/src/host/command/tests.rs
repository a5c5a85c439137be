//! What a command sees, and what is left of it.

use super::*;

fn shell(script: &str) -> HostCommand {
    HostCommand::new("sh").args(["-c", script])
}

#[test]
fn nothing_of_the_agents_environment_reaches_a_command() {
    let seen = HostCommand::new("env").output().unwrap();
    let seen = String::from_utf8(seen).unwrap();
    let names: Vec<_> = seen.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.iter().all(|name| ["PATH", "LC_ALL", "PWD"].contains(name)), "{names:?}");
}

#[test]
fn the_status_and_the_end_of_stderr_are_kept() {
    let error = shell("seq 9000 >&2; echo reason >&2; exit 3").output().unwrap_err();
    let CommandError::Failed { status: 3, stderr, .. } = error else { panic!("{error}") };
    assert!(stderr.ends_with("9000\nreason") && stderr.len() <= STDERR_END, "{stderr}");
    assert_eq!(shell("kill -9 $$").run().unwrap().status, 137);
}

#[test]
fn when_the_time_is_up_the_children_go_too() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! >{}; wait", pid.display());
    let error = shell(&script).limit(Duration::from_millis(300)).run().unwrap_err();
    assert!(matches!(error, CommandError::Timeout { .. }), "{error}");
    let child = fs_err::read_to_string(pid).unwrap();
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while !gone() {
        assert!(Instant::now() < deadline, "the grandchild lives on");
        std::thread::yield_now();
    }
}

#[test]
fn a_daemon_that_holds_the_pipe_is_not_waited_for() {
    let before = Instant::now();
    assert_eq!(shell("sleep 20 & echo done").output().unwrap(), b"done\n");
    assert!(before.elapsed() < Duration::from_secs(10));
}

#[test]
fn too_much_output_is_no_answer() {
    assert_eq!(shell("printf 12345").maximum(5).output().unwrap(), b"12345");
    let error = shell("printf 123456").maximum(5).output().unwrap_err();
    assert!(matches!(error, CommandError::TooMuch { .. }), "{error}");
    let error = HostCommand::new("/no/such/program").run().unwrap_err();
    assert!(matches!(error, CommandError::CannotStart { .. }), "{error}");
}
