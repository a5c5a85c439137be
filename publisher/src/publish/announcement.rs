//! What dnf says of a release: its note, as an advisory.

use consign_metadata::feed::FeedRelease;
use consign_metadata::plan::Envelope;
use consign_metadata::text::Language;
use consign_metadata::version::Class;

use crate::package::NoteFile;
use crate::repository::yum::{Advisory, Kind};

/// The advisory of a release; `before` is the one that hosts may come from.
pub fn advisory(
    envelope: &Envelope,
    release: &FeedRelease,
    before: Option<&FeedRelease>,
    notes: &[NoteFile],
    from: &str,
) -> Advisory {
    let named = format!("{}-{}", envelope.product, envelope.version);
    // A packaging revision is a release of its own, and dnf knows each by its name.
    let revision = if envelope.revision > 1 { format!("-{}", envelope.revision) } else { String::new() };
    Advisory {
        id: format!("{}:{named}{revision}", envelope.vendor),
        from: from.to_owned(),
        kind: kind(envelope, before),
        title: format!("{} {}", envelope.product, envelope.version),
        issued: release.published,
        note: note(envelope, notes),
    }
}

fn kind(envelope: &Envelope, before: Option<&FeedRelease>) -> Kind {
    let Some(before) = before else { return Kind::New };
    match envelope.class_rule.between(&before.version, &envelope.version) {
        Class::Patch => Kind::Repair,
        Class::Minor | Class::Major => Kind::Enhancement,
    }
}

/// English, where the vendor writes it: dnf shows one language.
fn note(envelope: &Envelope, notes: &[NoteFile]) -> String {
    let own = notes.iter().filter(|note| note.version == envelope.version);
    let chosen = own.min_by_key(|note| note.language != Language::En);
    chosen.map(|note| note.text.clone()).unwrap_or_default()
}
