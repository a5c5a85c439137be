//! A service of Windows.

use std::io;

use consignee_win32::services::{self, StartType};
use windows_service::Error;
use windows_service::service::{self, ServiceAccess, ServiceExitCode, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::Engine;
use crate::host::HostError;

/// `ERROR_SERVICE_DOES_NOT_EXIST`, `ERROR_SERVICE_ALREADY_RUNNING` and `ERROR_SERVICE_NOT_ACTIVE` of winerror.h.
const NO_SUCH: i32 = 1060;
const RUNS: i32 = 1056;
const RESTS: i32 = 1062;

/// By its name.
pub struct Service(pub String);

impl Service {
    fn open(&self, access: ServiceAccess) -> Result<Option<service::Service>, HostError> {
        let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT);
        let opened = manager.and_then(|manager| manager.open_service(&self.0, access));
        match opened {
            Err(Error::Winapi(cause)) if cause.raw_os_error() == Some(NO_SUCH) => Ok(None),
            opened => opened.map(Some).map_err(|cause| self.cannot("open", &cause)),
        }
    }

    fn state(&self) -> Result<Option<service::ServiceStatus>, HostError> {
        let Some(service) = self.open(ServiceAccess::QUERY_STATUS)? else { return Ok(None) };
        service.query_status().map(Some).map_err(|cause| self.cannot("look at", &cause))
    }

    fn ask(
        &self,
        what: &str,
        access: ServiceAccess,
        fine: i32,
        act: impl FnOnce(&service::Service) -> Result<(), Error>,
    ) -> Result<(), HostError> {
        let reason = HostError { action: format!("{what} {}", self.0), reason: "there is no such service".to_owned() };
        let service = self.open(access)?.ok_or(reason)?;
        match act(&service) {
            Err(Error::Winapi(cause)) if cause.raw_os_error() == Some(fine) => Ok(()),
            asked => asked.map_err(|cause| self.cannot(what, &cause)),
        }
    }

    fn cannot(&self, what: &str, cause: &Error) -> HostError {
        let reason = match cause {
            Error::Winapi(cause) => cause.to_string(),
            other => other.to_string(),
        };
        HostError { action: format!("{what} the service {}", self.0), reason }
    }

    fn failed(&self, what: &str, cause: &io::Error) -> HostError {
        HostError { action: format!("{what} the start type of the service {}", self.0), reason: cause.to_string() }
    }
}

impl Engine for Service {
    fn is_active(&self) -> Result<Option<bool>, HostError> {
        Ok(self.state()?.map(|status| status.current_state != ServiceState::Stopped))
    }

    fn is_up(&self) -> Result<bool, HostError> {
        Ok(self.state()?.is_some_and(|status| status.current_state == ServiceState::Running))
    }

    fn start_word(&self) -> Result<String, HostError> {
        let start = services::start_type(&self.0).map_err(|cause| self.failed("look at", &cause))?;
        Ok(word(start))
    }

    fn is_automatic(&self, word: &str) -> bool {
        start_type(word).is_some_and(StartType::is_automatic)
    }

    fn words(&self) -> [&'static str; 2] {
        ["disabled", "automatic"]
    }

    fn set_start(&self, word: &str) -> Result<(), HostError> {
        let start = start_type(word).ok_or_else(|| self.failed("read", &io::Error::other(word.to_owned())))?;
        services::set_start_type(&self.0, start).map_err(|cause| self.failed("set", &cause))
    }

    fn ask_to_start(&self) -> Result<(), HostError> {
        self.ask("start", ServiceAccess::START, RUNS, |service| service.start::<&str>(&[]))
    }

    fn ask_to_stop(&self) -> Result<(), HostError> {
        self.ask("stop", ServiceAccess::STOP, RESTS, |service| service.stop().map(drop))
    }

    fn describe(&self) -> String {
        let status = match self.state() {
            Ok(Some(status)) => status,
            Ok(None) => return "no such service".to_owned(),
            Err(problem) => return problem.to_string(),
        };
        let state = format!("{:?}", status.current_state).to_lowercase();
        match status.exit_code {
            ServiceExitCode::Win32(0) => state,
            ServiceExitCode::Win32(code) => format!("{state} (error {code} of Windows)"),
            ServiceExitCode::ServiceSpecific(code) => format!("{state} (error {code} of its own)"),
        }
    }
}

/// As it is written down.
fn word(start: StartType) -> String {
    match (start.number, start.delayed) {
        (0, _) => "boot",
        (1, _) => "system",
        (2, true) => "delayed",
        (2, false) => "automatic",
        (3, _) => "manual",
        _ => "disabled",
    }
    .to_owned()
}

fn start_type(word: &str) -> Option<StartType> {
    let number = match word {
        "boot" => 0,
        "system" => 1,
        "delayed" | "automatic" => 2,
        "manual" => 3,
        "disabled" => 4,
        _ => return None,
    };
    Some(StartType { number, delayed: word == "delayed" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_type_comes_back_as_it_was() {
        for known in ["boot", "system", "automatic", "delayed", "manual", "disabled"] {
            assert_eq!(word(start_type(known).unwrap()), known);
        }
        assert_eq!(start_type("sometimes"), None);
    }
}
