//! Whether every release note that asks for it is acknowledged: those on versions after the one last
//! finished, up to the one that is upgraded to.

use consign_metadata::plan::{NoteReference, UpgradePlan};
use consign_metadata::version::Version;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::acknowledgement::{Acknowledgements, Subject};
use crate::engine::event::Reason;

/// The gate.
pub struct Notes;

impl Gate for Notes {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let asked: Vec<&NoteReference> = asked(case.plan, case.from).collect();
        if asked.is_empty() {
            return Ok(Verdict::Pass);
        }
        let acknowledged = super::consequences::acknowledged(case)?;
        let unread = asked.into_iter().filter(|note| !is_read(note, &acknowledged, case));
        let reason = |note: &NoteReference| Reason::NoteUnread { version: note.version.clone(), sha256: note.digest() };
        Ok(Verdict::acknowledge(unread.map(reason).collect()))
    }
}

/// The notes that ask, on the way from a version.
pub fn asked<'a>(plan: &'a UpgradePlan, from: &'a Version) -> impl Iterator<Item = &'a NoteReference> {
    let to = &plan.envelope.version;
    plan.envelope.notes.iter().filter(move |note| note.acknowledge && note.version > *from && note.version <= *to)
}

fn is_read(note: &NoteReference, acknowledged: &Acknowledgements, case: &Case<'_>) -> bool {
    let subject = Subject::Note { version: note.version.clone(), sha256: note.digest() };
    acknowledged.is_acknowledged(&subject, &case.plan.envelope.version)
}
