//! Who is in the way of a step that was tried too often: whoever has files of the product or of its data open, and
//! whoever has a transaction of the package manager open.

use std::path::PathBuf;

use consign_metadata::plan::{BackupPart, Database, UpgradePlan};

use super::Agent;
use super::checks::Subject;
use super::situation::Situation;
use crate::engine::event::Holder;
use crate::host::{self, HostError};

/// Those who can be seen; what cannot be looked at is left out.
pub fn holders(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan) -> Vec<Holder> {
    let mut found = seen(packages(agent)).unwrap_or_default();
    let files = Subject::of(agent, situation, plan).held_files(&data(plan));
    found.extend(seen(files).unwrap_or_default().into_iter().map(Holder::File));
    found
}

fn seen<T>(look: Result<T, HostError>) -> Option<T> {
    look.inspect_err(|problem| log::warn!("{problem}")).ok()
}

fn packages(agent: &Agent) -> Result<Vec<Holder>, HostError> {
    let Some(pid) = agent.packages.transaction()? else { return Ok(Vec::new()) };
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Ok(vec![Holder::Packages { process: name.trim_end().to_owned(), pid }])
}

/// Where the data are, as far as the plan tells: what its backup saves.
fn data(plan: &UpgradePlan) -> Vec<PathBuf> {
    let parts = plan.backup().map(|backup| &backup.parts[..]).unwrap_or_default();
    let places = parts.iter().flat_map(|part| match part {
        BackupPart::Files { paths, .. } => paths.iter().filter_map(|path| host::place(path).ok()).collect(),
        BackupPart::Database { database: Database::Sqlite { file, .. }, .. } => vec![file.clone()],
        BackupPart::Database { .. } | BackupPart::Command { .. } => Vec::new(),
    });
    places.map(PathBuf::from).collect()
}
