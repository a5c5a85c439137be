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
//! host-words event <number> [parameter]...
//! host-words sentence <program> <number> <language> [parameter]...
//! host-words barred <package> <folder> <account>...
//! host-words pipe <name> <SDDL>
//! host-words memory
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
        #[cfg(windows)]
        words => on_windows::said(words),
        #[cfg(unix)]
        _ => panic!("see the first lines of this program"),
    }
}

/// What only Windows has.
#[cfg(windows)]
mod on_windows {
    use std::io;
    use std::path::Path;

    use consign_metadata::plan::{WindowsModule, WindowsService, WindowsStart, WindowsWrite};
    use consignee::host::event_log::{self, Level};
    use consignee::host::{self, HostError};
    use consignee_win32::{event_log as entries, pipe};

    pub fn said(words: &[&str]) -> Result<String, HostError> {
        let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        match words {
            ["event", number, parameters @ ..] => {
                event_log::write(number.parse().expect("a number"), Level::Warning, &owned(parameters));
                Ok("written".to_owned())
            }
            ["sentence", program, number, language, parameters @ ..] => {
                let (number, language) = (number.parse().expect("a number"), language.parse().expect("a number"));
                let sentence = entries::sentence(Path::new(program), number, language, &owned(parameters));
                Ok(sentence.unwrap_or_else(|cause| cause.to_string()))
            }
            ["barred", package, folder, accounts @ ..] => {
                let found = host::barred(&package.parse().expect("a package"), &module(folder, owned(accounts)))?;
                let one = |barred: &host::barred::Barred| format!("{}: {:?}", barred.account, barred.why);
                Ok(found.iter().map(one).collect::<Vec<_>>().join("\n"))
            }
            ["pipe", name, list] => {
                Ok(claim(name, list).map_or_else(|cause| cause.to_string(), |()| "asked".to_owned()))
            }
            ["memory"] => {
                Ok(consignee_win32::process::memory().map_or_else(|e| e.to_string(), |bytes| bytes.to_string()))
            }
            _ => panic!("see the first lines of this program"),
        }
    }

    fn module(folder: &str, accounts: Vec<String>) -> WindowsModule {
        let service = WindowsService {
            name: "AcmeErp".to_owned(),
            program: r"{install}\bin\erp.exe".to_owned(),
            account: r"NT SERVICE\AcmeErp".to_owned(),
            start: WindowsStart::Automatic,
        };
        let write = WindowsWrite { folder: folder.to_owned(), accounts };
        WindowsModule { services: vec![service], writes: vec![write], ..WindowsModule::default() }
    }

    /// Claims the name of a pipe, until somebody has asked.
    fn claim(name: &str, list: &str) -> io::Result<()> {
        let listener = pipe::Listener::bind(name, list)?;
        while listener.accept(std::time::Duration::from_secs(1))?.is_none() {}
        Ok(())
    }
}
