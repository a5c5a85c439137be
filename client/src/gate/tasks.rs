//! Whether every task that a person has to do before the upgrade is done.

use consign_metadata::task::Task;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::acknowledgement::Subject;
use crate::engine::event::Reason;

/// The gate.
pub struct Tasks;

impl Gate for Tasks {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let tasks: Vec<&Task> = case.plan.tasks_before(Some(case.from)).collect();
        if tasks.is_empty() {
            return Ok(Verdict::Pass);
        }
        let acknowledged = super::consequences::acknowledged(case)?;
        let subject = |task: &Task| Subject::Task { id: task.id.clone(), sha256: task.digest() };
        let to = &case.plan.envelope.version;
        let open = tasks.into_iter().filter(|task| !acknowledged.is_acknowledged(&subject(task), to));
        let reason = |task: &Task| Reason::TaskOpen {
            id: task.id.clone(),
            summary: task.summary.clone(),
            sha256: task.digest(),
        };
        Ok(Verdict::acknowledge(open.map(reason).collect()))
    }
}
