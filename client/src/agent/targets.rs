//! Where an upgrade writes beside its journal, and what its backup reads: folders which may be file systems of their
//! own. That one of them cannot be written to, or does not answer, is found before anything is stopped.
//!
//! No site can weigh that otherwise: what cannot be saved would have to be taken back at once.

use std::path::{Path, PathBuf};

use consign_metadata::plan::{BackupPart, UpgradePlan};

use super::Agent;
use super::situation::Situation;
use crate::engine::event::{FolderProblem, Reason};
use crate::host::folder::{self, Unusable};
use crate::host::{self, HostError};
use crate::product::Product;

/// The name that a look which failed has.
const CHECK: &str = "room";

/// What stands in the way of an upgrade by this plan. All are looked at at once: one that does not answer takes its
/// time.
pub fn reasons(agent: &Agent, situation: &Situation<'_>, plan: &UpgradePlan) -> Vec<Reason> {
    let (written, read) = (written(situation.product, plan), read(agent, plan));
    std::thread::scope(|scope| {
        let written: Vec<_> = written.iter().map(|folder| scope.spawn(|| to_write(folder))).collect();
        let read: Vec<_> = read.iter().map(|path| scope.spawn(|| to_read(path))).collect();
        written.into_iter().chain(read).filter_map(|look| look.join().ok().flatten()).collect()
    })
}

/// Whether whoever touches it may not come back.
pub fn does_not_answer(reason: &Reason) -> bool {
    matches!(reason, Reason::FolderUnusable { problem: FolderProblem::NoAnswer { .. }, .. })
}

/// Whether the folders of a product answer, so that what is in them can be looked through.
pub fn answer(product: &Product) -> bool {
    [product.packages(), product.backups()].iter().all(|folder| folder::answers(folder))
}

fn written(product: &Product, plan: &UpgradePlan) -> Vec<PathBuf> {
    let backups = plan.backup().map(|_| product.backups());
    [product.packages()].into_iter().chain(backups).collect()
}

fn read(agent: &Agent, plan: &UpgradePlan) -> Vec<PathBuf> {
    let parts = plan.backup().into_iter().flat_map(|backup| &backup.parts);
    let paths = parts.flat_map(|part| match part {
        BackupPart::Files { paths, .. } => &paths[..],
        BackupPart::Command { .. } | BackupPart::Database { .. } => &[],
    });
    paths.filter_map(|path| Some(agent.places.at(&host::place(path).ok()?))).collect()
}

fn to_write(folder: &Path) -> Option<Reason> {
    let problem = match folder::try_to_write(folder) {
        Ok(found) => problem(found?),
        Err(HostError { action, reason }) => {
            return Some(Reason::CheckUnknown { check: CHECK.to_owned(), cause: format!("cannot {action}: {reason}") });
        }
    };
    Some(Reason::FolderUnusable { folder: folder.display().to_string(), problem })
}

fn to_read(path: &Path) -> Option<Reason> {
    let problem = problem(Unusable::NoAnswer);
    (!folder::answers(path)).then(|| Reason::FolderUnusable { folder: path.display().to_string(), problem })
}

fn problem(found: Unusable) -> FolderProblem {
    match found {
        Unusable::NotAFolder => FolderProblem::NotAFolder,
        Unusable::LeadsNowhere(target) => FolderProblem::LeadsNowhere { target: target.display().to_string() },
        Unusable::Refused(cause) => FolderProblem::Refused { cause },
        Unusable::NoAnswer => FolderProblem::NoAnswer { seconds: folder::PATIENCE.as_secs() },
    }
}
