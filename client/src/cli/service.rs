//! `consignee service`: the agent's service under the service control manager of Windows.

use std::ffi::OsString;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};

use super::complaint::Complaint;
use super::session::{Exit, Session};
use crate::agent::service::{Ending, Stay};
use crate::agent::{self, Agent, event_log, timetable, watch};
use crate::places::Places;
use crate::portal;

/// Its name.
pub const NAME: &str = "Consignee";
/// How often everything is looked at, whoever asks: no trigger and no timer of the system's does.
const LOOK: Duration = Duration::from_secs(60);
/// How long it takes to begin, and to end, at most.
const PENDING: Duration = Duration::from_secs(30);
const LOG: &str = "agent.log";
/// When the log begins anew, in bytes; the one before is kept.
const LONG: u64 = 4 * 1024 * 1024;

define_windows_service!(main, begin);

/// Whom the state is told to, once the service is registered.
static HANDLE: OnceLock<ServiceStatusHandle> = OnceLock::new();

/// Only the service control manager starts it.
pub fn run(_session: &mut Session) -> Result<Exit, Complaint> {
    let started = service_dispatcher::start(NAME, main);
    let words = |cause: windows_service::Error| {
        Complaint::Failed(format!(
            "cannot work as the service {NAME}: {cause:?}; the service control manager starts it"
        ))
    };
    started.map(|()| Exit::Done).map_err(words)
}

fn begin(_arguments: Vec<OsString>) {
    let places = Places::default();
    ToFile::begin(&places);
    portal::service::stand_by(places.clone());
    if let Err(problem) = serve(places) {
        log::error!("{problem}");
    }
    // At once: whoever replaces the program waits for the service, and not for its process.
    std::process::exit(0)
}

fn serve(places: Places) -> Result<(), windows_service::Error> {
    let (stop, stopped) = channel();
    let control = service_control_handler::register(NAME, move |control| answer(&stop, &control))?;
    let _ = HANDLE.set(control);
    tell(&control, ServiceState::StartPending, 0)?;
    event_log::begin();
    let ended = agent::run_as_long(places, &mut UntilStopped { stopped, looked: None });
    let code = match &ended {
        Ok(ending) => {
            event_log::end();
            u32::from(ending.status())
        }
        Err(problem) => {
            log::error!("{problem}");
            event_log::fail(&problem.to_string());
            1
        }
    };
    tell(&control, ServiceState::Stopped, code)
}

fn answer(stop: &Sender<()>, control: &ServiceControl) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        ServiceControl::Stop | ServiceControl::Shutdown => {
            // At once: whoever asked looks whether it obeys.
            let _ = HANDLE.get().map(|handle| tell(handle, ServiceState::StopPending, 0));
            let _ = stop.send(());
            ServiceControlHandlerResult::NoError
        }
        _ => ServiceControlHandlerResult::NotImplemented,
    }
}

fn tell(control: &ServiceStatusHandle, state: ServiceState, code: u32) -> Result<(), windows_service::Error> {
    let accepted = match state {
        ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
        _ => ServiceControlAccept::empty(),
    };
    let is_pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
    control.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: accepted,
        // A code of its own lets the recovery actions start it again.
        exit_code: if code == 0 { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(code) },
        checkpoint: 0,
        wait_hint: if is_pending { PENDING } else { Duration::ZERO },
        process_id: None,
    })
}

/// Until the service control manager wants it to end.
struct UntilStopped {
    stopped: Receiver<()>,
    looked: Option<Instant>,
}

impl Stay for UntilStopped {
    fn ends(&mut self, agent: &Arc<Agent>) -> Option<Ending> {
        if self.looked.is_none() {
            // Whoever started the service asks it something next: it runs when it listens, and not before.
            let _ = HANDLE.get().map(|handle| tell(handle, ServiceState::Running, 0));
        }
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            // Before anybody is woken.
            timetable::renew(agent);
            // Whoever begins has woken already.
            match self.looked.replace(Instant::now()) {
                Some(_) => watch::wake(agent),
                None => watch::listen(agent),
            }
            timetable::keep(agent);
        }
        self.stopped.try_recv().ok().map(|()| Ending::Stopped)
    }
}

/// Lines in a file of the agent's.
struct ToFile(Mutex<std::fs::File>);

impl ToFile {
    fn begin(places: &Places) {
        let path = places.state().join(LOG);
        let _ = std::fs::create_dir_all(places.state());
        if path.metadata().is_ok_and(|file| file.len() > LONG) {
            let _ = std::fs::rename(&path, path.with_extension("log.old"));
        }
        // Without a log there is a service.
        if let Ok(file) = std::fs::File::options().create(true).append(true).open(&path) {
            let _ = log::set_logger(Box::leak(Box::new(Self(Mutex::new(file)))));
            log::set_max_level(LevelFilter::Info);
        }
    }
}

impl Log for ToFile {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("consignee")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = crate::report::page::printable(&record.args().to_string());
            let line = format!("{} {} {text}\r\n", jiff::Timestamp::now(), record.level());
            let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Nobody can be told that telling failed.
            let _ = std::io::Write::write_all(&mut *file, line.as_bytes());
        }
    }

    fn flush(&self) {}
}
