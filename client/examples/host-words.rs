//! Says the words of the host adapters on a real host, one per call: for the lab's suites.
//!
//! ```text
//! host-words run <unit> <user> <shell|plain> <seconds> <log> <program> [argument]...
//!     with $STEP_VARIABLE (name=value) as a variable of the plan's, $STEP_LIMITS (JSON) as its limits,
//!     and, where there is $STEP_READY, until that file is there
//! host-words end <unit>
//! host-words going-down
//! host-words observe|start|enable|describe|active <unit>
//! host-words stop <unit>...
//! ```

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::Duration;

use consign_metadata::name::UnitName;
use consign_metadata::plan::Limits;
use consignee::host::program::{Program, Programs};
use consignee::host::systemd::Systemd;
use consignee::host::{HostError, ServiceManager};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match said(&words) {
        Ok(answer) => println!("{answer}"),
        Err(error) => println!("{error}"),
    }
}

fn said(words: &[&str]) -> Result<String, HostError> {
    let unit = |name: &str| -> UnitName { name.parse().expect("a unit") };
    let limit = Duration::from_secs(20);
    match words {
        ["run", unit, user, shell, seconds, log, command @ ..] => {
            let variable = std::env::var("STEP_VARIABLE").unwrap_or_default();
            let environment = variable.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            let program = Program {
                unit: (*unit).to_owned(),
                command: command.iter().map(|word| (*word).to_owned()).collect(),
                user: (*user).to_owned(),
                login_shell: *shell == "shell",
                environment: environment.into_iter().collect::<BTreeMap<_, _>>(),
                working_folder: None,
                limit: Duration::from_secs(seconds.parse().expect("seconds")),
                limits: std::env::var("STEP_LIMITS")
                    .map_or_else(|_| Limits::default(), |text| serde_json::from_str(&text).expect("limits")),
                log: log.into(),
            };
            match std::env::var("STEP_READY") {
                Err(_) => Ok(format!("{:?}", Systemd.run(&program)?)),
                Ok(file) => {
                    let mut is_ready = || std::path::Path::new(&file).exists();
                    Ok(format!("{:?}", Systemd.run_until(&program, Duration::from_secs(2), &mut is_ready)?))
                }
            }
        }
        ["going-down"] => Ok(Systemd.is_going_down().to_string()),
        ["end", unit] => Ok(format!("{:?}", Systemd.end(unit)?)),
        ["observe", name] => Ok(format!("{:?}", Systemd.observe(&unit(name))?)),
        ["start", name] => Ok(format!("{:?}", ServiceManager::start(&Systemd, &unit(name), limit)?)),
        ["enable", name] => Ok(format!("{:?}", Systemd.enable(&unit(name))?)),
        ["describe", name] => Ok(Systemd.describe(&unit(name))),
        ["active", name] => Ok(format!("{:?}", Systemd.is_active(&unit(name))?)),
        ["stop", names @ ..] => {
            let units: Vec<UnitName> = names.iter().map(|name| unit(name)).collect();
            Ok(format!("{:?}", Systemd.stop(&units, limit)?))
        }
        _ => panic!("see the first lines of this program"),
    }
}
