//! Whether every release note that asks for it is acknowledged: those on versions after the one last
//! finished, up to the one that is upgraded to.

use consign_metadata::plan::NoteReference;

use super::{Case, CouldNotLook, Gate, Verdict};
use crate::acknowledgement::{Acknowledgements, Subject};
use crate::engine::event::Reason;

/// The gate.
pub struct Notes;

impl Gate for Notes {
    fn judge(&self, case: &Case<'_>) -> Result<Verdict, CouldNotLook> {
        let asked: Vec<&NoteReference> = case.plan.envelope.notes.iter().filter(|note| asks(note, case)).collect();
        if asked.is_empty() {
            return Ok(Verdict::Pass);
        }
        let acknowledged = super::consequences::acknowledged(case)?;
        let unread = asked.into_iter().filter(|note| !is_read(note, &acknowledged, case));
        let reason = |note: &NoteReference| Reason::NoteUnread { version: note.version.clone(), sha256: note.digest() };
        Ok(Verdict::acknowledge(unread.map(reason).collect()))
    }
}

fn asks(note: &NoteReference, case: &Case<'_>) -> bool {
    note.acknowledge && note.version > *case.from && note.version <= case.plan.envelope.version
}

fn is_read(note: &NoteReference, acknowledged: &Acknowledgements, case: &Case<'_>) -> bool {
    let subject = Subject::Note { version: note.version.clone(), sha256: note.digest() };
    acknowledged.is_acknowledged(&subject, &case.plan.envelope.version)
}
