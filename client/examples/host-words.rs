//! Says the words of the host adapters on a real host, one per call: for the lab's suites.
//!
//! ```text
//! host-words run <unit> <user> <shell|plain> <seconds> <log> <program> [argument]...
//!     with $STEP_VARIABLE (name=value) as a variable of the plan's, $STEP_LIMITS (JSON) as its limits,
//!     and, where there is $STEP_READY, until that file is there
//! host-words end <unit>
//! host-words going-down
//! host-words observe|start|enable|describe|active <unit>
//! host-words stop|guard|release <unit>...
//! ```

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::Duration;

use consign_metadata::name::UnitName;
use consign_metadata::plan::Limits;
use consignee::host::program::Program;
use consignee::host::{self, HostError};

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
    let units = |names: &[&str]| -> Vec<UnitName> { names.iter().map(|name| unit(name)).collect() };
    let limit = Duration::from_secs(20);
    let (services, programs) = (host::service_manager(), host::programs());
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
                Err(_) => Ok(format!("{:?}", programs.run(&program)?)),
                Ok(file) => {
                    let mut is_ready = || std::path::Path::new(&file).exists();
                    Ok(format!("{:?}", programs.run_until(&program, Duration::from_secs(2), &mut is_ready)?))
                }
            }
        }
        ["going-down"] => Ok(services.is_going_down().to_string()),
        ["end", unit] => Ok(format!("{:?}", programs.end(unit)?)),
        ["observe", name] => Ok(format!("{:?}", services.observe(&unit(name))?)),
        ["start", name] => Ok(format!("{:?}", services.start(&unit(name), limit)?)),
        ["enable", name] => Ok(format!("{:?}", services.enable(&unit(name))?)),
        ["describe", name] => Ok(services.describe(&unit(name))),
        ["active", name] => Ok(format!("{:?}", services.is_active(&unit(name))?)),
        ["stop", names @ ..] => Ok(format!("{:?}", services.stop(&units(names), limit)?)),
        ["guard", names @ ..] => Ok(format!("{:?}", services.guard(&units(names), "/unfinished".as_ref())?)),
        ["release", names @ ..] => Ok(format!("{:?}", services.release(&units(names))?)),
        _ => panic!("see the first lines of this program"),
    }
}
