//! What a person types in the place of the agent, in a root shell of this host. Shown, never run.

use std::collections::BTreeMap;

use consign_metadata::name::UnitName;
use consign_metadata::plan::{HealthCheck, RunStep};
use consign_metadata::prerequisite::Check;

use super::typed;

/// Packages at exactly these versions.
pub fn install(packages: &[(String, String)]) -> Vec<String> {
    let typed::Words { install_exactly, at, refresh, .. } = typed::here();
    let exact = packages.iter().map(|(package, version)| format!("{package}{at}{version}"));
    let words: Vec<String> = install_exactly.split(' ').map(str::to_owned).chain(exact).collect();
    vec![(*refresh).to_owned(), typed::line(&words)]
}

/// Tells everybody who is logged in.
pub fn announce(words: &str) -> String {
    typed::line(&["wall", "--", words])
}

/// What engines are doing, and whether they start at boot.
pub fn look_at(units: &[UnitName]) -> String {
    let asked = ["systemctl", "show", "--property=Id,ActiveState,UnitFileState", "--"];
    typed::line(&asked.into_iter().chain(units.iter().map(UnitName::as_str)).collect::<Vec<_>>())
}

/// `systemctl <verb> <unit>`
pub fn unit(verb: &str, unit: &UnitName) -> String {
    typed::line(&["systemctl", verb, "--", unit.as_str()])
}

/// Reads all unit files again.
pub const RELOAD: &str = "systemctl daemon-reload";

/// Keeps engines from starting, by a reboot either.
pub fn keep_from_starting(flag: &std::path::Path) -> [String; 2] {
    let folder = flag.parent().unwrap_or(flag);
    [
        typed::line(&["mkdir", "-p", "--", &folder.to_string_lossy()]),
        typed::line(&["touch", "--", &flag.to_string_lossy()]),
    ]
}

/// Lets them start again.
pub fn let_start(flag: &std::path::Path) -> String {
    typed::line(&["rm", "-f", "--", &flag.to_string_lossy()])
}

/// Files and folders into one archive.
pub fn save_files(file: &str, paths: &[String]) -> String {
    let tar =
        ["tar", "--create", "--acls", "--selinux", "--xattrs", "--numeric-owner", "--file", file, "--directory=/"];
    let names = paths.iter().map(|path| path.trim_start_matches('/'));
    typed::line(&tar.into_iter().chain(["--"]).chain(names).collect::<Vec<_>>())
}

/// What a program of the vendor's saves.
pub fn save_by(file: &str, save: &[String], user: &str) -> String {
    let filled = save.iter().map(|word| word.replace("{file}", file)).collect();
    typed::line(&runuser(user, filled))
}

/// A program of the vendor's, its words filled in, with the user and the surroundings of the plan.
pub fn run(step: &RunStep, command: &[String]) -> String {
    let with = surroundings(&step.environment, step.working_folder.as_deref(), command);
    match step.login_shell {
        true => typed::line(&["su", "-", &step.user, "-c", &typed::line(&with)]),
        false => typed::line(&runuser(&step.user, with)),
    }
}

/// Where what runs in the background writes to.
const OUTPUT: &str = "/root/consign-step.log";

/// A program that is stopped again when a look ends with 0: it runs in the background meanwhile.
pub fn until(command: &str, look: &str) -> [String; 3] {
    [format!("{command} >{OUTPUT} 2>&1 &"), look.to_owned(), "kill $!; wait $! || true".to_owned()]
}

/// Waits until the program in the background has written this.
pub fn wait_for_line(text: &str, within_seconds: u32) -> String {
    let look = format!("until {}; do sleep 1; done", typed::line(&["grep", "-qF", "--", text, OUTPUT]));
    typed::line(&["timeout", &within_seconds.to_string(), "bash", "-c", &look])
}

/// Makes the file that keeps the product from serving, or removes it.
pub fn maintenance_flag(flag: &str, enter: bool) -> String {
    if enter { typed::line(&["touch", "--", flag]) } else { typed::line(&["rm", "-f", "--", flag]) }
}

/// A program as a user, with nothing else said of it.
pub fn as_user(user: &str, command: &[String]) -> String {
    typed::line(&runuser(user, command.to_vec()))
}

fn surroundings(environment: &BTreeMap<String, String>, folder: Option<&str>, command: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    if folder.is_some() || !environment.is_empty() {
        words.push("env".to_owned());
        words.extend(folder.map(|folder| format!("--chdir={folder}")));
        words.extend(environment.iter().map(|(name, value)| format!("{name}={value}")));
    }
    words.extend(command.iter().cloned());
    words
}

// runuser(1) with -u sets HOME, USER, LOGNAME and SHELL as the agent's service manager does.
fn runuser(user: &str, command: Vec<String>) -> Vec<String> {
    if user == "root" {
        return command;
    }
    ["runuser", "-u", user, "--"].map(str::to_owned).into_iter().chain(command).collect()
}

/// A prerequisite, its words filled in: ends with 0 when it holds.
pub fn check(check: &Check) -> String {
    match check {
        Check::Command { command, user, .. } => typed::line(&runuser(user, command.clone())),
        Check::FreeSpace { folder, mebibytes } => {
            let kibibytes = mebibytes.saturating_mul(1024);
            let free = typed::line(&["df", "--output=avail", "--block-size=1K", "--", folder]);
            format!("test \"$({free} | tail -n 1)\" -ge {kibibytes}")
        }
    }
}

/// A health check, its words filled in: tries until it holds, and ends with 0 then.
pub fn health(check: &HealthCheck, within_seconds: u32) -> String {
    let within = within_seconds.to_string();
    match check {
        HealthCheck::Http { url } => {
            let quiet = ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null"];
            let patient = ["--retry", &within, "--retry-delay", "1", "--retry-max-time", &within, "--retry-all-errors"];
            typed::line(&quiet.into_iter().chain(patient).chain(["--", url]).collect::<Vec<_>>())
        }
        HealthCheck::Tcp { address } => {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
            let connect = "until exec 3<>\"/dev/tcp/$0/$1\"; do sleep 1; done";
            let host = host.trim_start_matches('[').trim_end_matches(']');
            typed::line(&["timeout", &within, "bash", "-c", connect, host, port])
        }
        HealthCheck::Command { command, user } => {
            let once = typed::line(&runuser(user, command.clone()));
            let patient = format!("until {once}; do sleep 1; done");
            typed::line(&["timeout", &within, "bash", "-c", &patient])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn step(change: impl Fn(&mut serde_json::Value)) -> RunStep {
        let mut step = serde_json::json!({"name": "init", "command": ["x"], "user": "erp", "timeout_seconds": 5});
        change(&mut step);
        serde_json::from_value(step).unwrap()
    }

    #[test]
    fn a_program_in_the_background_is_stopped_when_it_is_ready() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("log");
        let server = "bash -c 'echo up; exec sleep 300'";
        let mut lines = until(server, &wait_for_line("up", 5)).join("\n");
        lines = lines.replace(OUTPUT, &output.to_string_lossy());
        assert_eq!(bash(&format!("set -e; {lines}; ! kill -0 $! 2>/dev/null")), Some(0));
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "up\n");
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_step_is_typed_with_its_user_and_surroundings() {
        let command = words(&["/opt/init", "it's", "$HOME"]);
        let line = |change: fn(&mut serde_json::Value)| run(&step(change), &command);
        assert_eq!(line(|_| {}), r"runuser -u erp -- /opt/init 'it'\''s' '$HOME'");
        assert_eq!(line(|step| step["user"] = "root".into()), r"/opt/init 'it'\''s' '$HOME'");
        assert_eq!(
            line(|step| step["login_shell"] = true.into()),
            r#"su - erp -c '/opt/init '\''it'\''\'\'''\''s'\'' '\''$HOME'\'''"#
        );
        let surrounded = line(|step| {
            step["environment"] = serde_json::json!({"A": "b c"});
            step["working_folder"] = "/srv/x".into();
        });
        assert_eq!(surrounded, r"runuser -u erp -- env --chdir=/srv/x 'A=b c' /opt/init 'it'\''s' '$HOME'");
    }

    /// What bash makes of a line: its exit status.
    fn bash(line: &str) -> Option<i32> {
        Command::new("bash").args(["-c", line]).stderr(std::process::Stdio::null()).status().unwrap().code()
    }

    #[test]
    fn a_check_ends_with_0_when_it_holds() {
        let room = |mebibytes| check(&Check::FreeSpace { folder: "/".to_owned(), mebibytes });
        assert_eq!((bash(&room(1)), bash(&room(1 << 40))), (Some(0), Some(1)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tcp = health(&HealthCheck::Tcp { address }, 1);
        assert_eq!(bash(&tcp), Some(0));
        drop(listener);
        assert_ne!(bash(&tcp), Some(0));
        let command = |program: &str| HealthCheck::Command { command: words(&[program]), user: "root".to_owned() };
        assert_eq!(bash(&health(&command("/bin/true"), 1)), Some(0));
        assert_ne!(bash(&health(&command("/bin/false"), 1)), Some(0));
    }
}
