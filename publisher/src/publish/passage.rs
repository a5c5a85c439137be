//! What nobody on a host would understand of a release: no version that can become it, or no note on it.

use consign_metadata::path::{Obstacle, obstacles};
use consign_metadata::plan::Envelope;
use consign_metadata::version::Version;

/// Warnings of a release that is new in the channel; `older` are the versions before it, ascending.
pub fn warnings(envelope: &Envelope, older: &[&Version]) -> Vec<String> {
    let to = &envelope.version;
    let unwritten = envelope.notes.iter().all(|note| note.version != *to);
    let unwritten = unwritten.then(|| format!("there is no release note on {to}"));
    unwritten.into_iter().chain(unreachable(envelope, older)).chain(absent_stops(envelope, older)).collect()
}

/// Stops that nobody can make here; a host from before one would wait there for ever.
fn absent_stops(envelope: &Envelope, older: &[&Version]) -> Vec<String> {
    let absent =
        envelope.required_stops.iter().filter(|stop| **stop > envelope.supported_from && !older.contains(stop));
    let said =
        |stop| format!("required_stops names {stop}, which is not in this channel: hosts from before it cannot go on");
    absent.map(said).collect()
}

/// Why hosts with the newest version before it stay there, where all others do as well.
fn unreachable(envelope: &Envelope, older: &[&Version]) -> Option<String> {
    let newest = obstacles(envelope, older.last()?);
    if older.iter().any(|from| obstacles(envelope, from).is_empty()) {
        return None;
    }
    let reason = match newest.first()? {
        Obstacle::TooOld { supported_from } => format!("supported_from is {supported_from}"),
        Obstacle::ClassUnsupported { class } => {
            let listed: Vec<_> = envelope.upgrades.iter().map(ToString::to_string).collect();
            format!("upgrades lists only {}, and from {} it is {class}", listed.join(" and "), older.last()?)
        }
        Obstacle::RequiredStops { stops } => format!("required_stops asks for {} first", stops.first()?),
        Obstacle::Downgrade => return None,
    };
    Some(format!("no published version can be upgraded to {} in place: {reason}", envelope.version))
}
