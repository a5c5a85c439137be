//! How a host sees which version the data is at.

use consign_metadata::plan::{Data, DataProbe, Database, Step};

use super::authored;
use super::command::{self, Known};
use super::database::{self, Keys};
use super::error::Fault;
use super::spanned::Spanned;

/// As long as a probe takes where nothing is said.
const TIMEOUT: u32 = 10;
/// The longest: engines wait for it when they are started.
const LONGEST: u32 = 60;

/// What it says of the data; the steps that it names must be there.
pub(super) fn validate(
    authored: Option<&authored::Data>,
    known: &Known<'_>,
    steps: &[Step],
) -> Result<Option<Data>, Fault> {
    let Some(data) = authored else { return Ok(None) };
    for step in &data.steps {
        let is_it = |known: &Step| known.program().is_some_and(|run| run.name == *step.get_ref());
        if !steps.iter().any(is_it) {
            return Err(Fault::at(step.span(), format!("there is no step {:?}", step.get_ref().as_str())));
        }
    }
    if let Some(version) = data.version.as_ref().filter(|version| !is_line(version.get_ref())) {
        return Err(Fault::at(version.span(), "a version of the data is one line, and not empty"));
    }
    Ok(Some(Data {
        probe: probe(&data.probe, known)?,
        version: data.version.as_ref().map(|version| version.get_ref().clone()),
        lock: data.lock.as_ref().map(lock).transpose()?,
        steps: data.steps.iter().map(|step| step.get_ref().clone()).collect(),
    }))
}

fn probe(probe: &authored::DataProbe, known: &Known<'_>) -> Result<DataProbe, Fault> {
    command::absolute(&probe.command)?;
    let timeout_seconds = match &probe.timeout {
        Some(span) if span.get_ref().seconds() > LONGEST => {
            return Err(Fault::at(span.span(), format!("a probe of the data takes at most {LONGEST}s"))
                .help("engines wait for it whenever they are started"));
        }
        Some(span) => span.get_ref().seconds(),
        None => TIMEOUT,
    };
    let command = command::validate(&probe.command, known)?;
    Ok(DataProbe { command, user: probe.user.clone().into(), timeout_seconds })
}

fn lock(lock: &Spanned<authored::DataLock>) -> Result<Database, Fault> {
    let authored::DataLock { postgresql, mariadb, user, socket, port } = lock.get_ref();
    let keys = Keys {
        postgresql: postgresql.as_ref(),
        mariadb: mariadb.as_ref(),
        sqlite: None,
        user: user.as_ref(),
        socket: socket.as_ref(),
        port: port.as_ref(),
    };
    database::validate(lock.span(), &keys)
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}
