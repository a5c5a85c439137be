//! Until when keys are good, and who has to hear of it in time.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use jiff::{SignedDuration, Timestamp};
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::amalgamation::ValidAmalgamation;
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;

use super::KeyRoles;
use super::vendor_keys::fingerprint;

/// When an expiring key begins to be mentioned; hosts mention it as early.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The life of a key as its certificate has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it came into being.
    pub created: Timestamp,
    /// After that nobody accepts what it signs; `None` for never.
    pub expires: Option<Timestamp>,
    /// Whether its owner has declared it void.
    pub revoked: bool,
}

/// The lives of all keys of a certificate, the primary among them.
///
/// # Errors
/// When the certificate as a whole is not good by today's standards.
pub fn lives(cert: &Cert) -> openpgp::Result<BTreeMap<Fingerprint, Life>> {
    let policy = StandardPolicy::new();
    let time = |time| Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    let keys = cert.with_policy(&policy, None)?.keys();
    let life = |key: openpgp::cert::amalgamation::key::ValidErasedKeyAmalgamation<'_, _>| {
        let life = Life {
            created: time(key.key().creation_time()),
            expires: key.key_expiration_time().map(time),
            revoked: matches!(key.revocation_status(), RevocationStatus::Revoked(_)),
        };
        (fingerprint(&key.key().fingerprint()), life)
    };
    Ok(keys.map(life).collect())
}

/// What is to be said to whoever publishes: of the primary, and of the keys that sign.
pub fn warnings(
    lives: &BTreeMap<Fingerprint, Life>,
    roles: &KeyRoles,
    signers: &BTreeSet<Fingerprint>,
    now: Timestamp,
) -> Vec<String> {
    let concerned = |key: &Fingerprint| *key == roles.primary || signers.contains(key);
    let expiring = lives.iter().filter(|(key, _)| concerned(key));
    let expiring = expiring.filter_map(|(key, life)| Some((key, life.expires?)));
    let soon = expiring.filter(|(_, expires)| expires.duration_since(now) < NOTICE);
    soon.map(|(key, expires)| {
        let days = expires.duration_since(now).as_hours().max(0) / 24;
        let (what, on) = (named(key, roles), expires.strftime("%Y-%m-%d"));
        format!(
            "{what} expires in {days} days, on {on}; after that hosts refuse everything it signs: \
             run consign key extend and publish, so that hosts have the new date in time"
        )
    })
    .collect()
}

fn named(key: &Fingerprint, roles: &KeyRoles) -> String {
    let of: Vec<_> = roles.of(key).into_iter().map(Role::as_str).collect();
    match (*key == roles.primary, of.is_empty()) {
        (true, _) => format!("the primary key {key}"),
        (false, true) => format!("key {key}"),
        (false, false) => format!("key {key} ({})", of.join(", ")),
    }
}
