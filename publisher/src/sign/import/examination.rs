//! What the readers of the supported releases would say to a key that others made.
//!
//! apt of Debian 13 judges by `/usr/share/apt/default-sequoia.config`, gpgv of Debian 12 by what it can
//! read, rpm 4.18 by its own parser.

use consign_metadata::anchor::Fingerprint;
use jiff::Timestamp;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::ValidCert;
use openpgp::cert::amalgamation::ValidAmalgamation;
use openpgp::cert::amalgamation::key::ValidSubordinateKeyAmalgamation;
use openpgp::crypto::mpi::PublicKey;
use openpgp::packet::key::{KeyRole, PublicParts, SecretParts};
use openpgp::packet::{Key, Signature};
use openpgp::policy::{AsymmetricAlgorithm, StandardPolicy};
use openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm, RevocationStatus};

use super::super::expiry::NOTICE;
use super::super::key_file::is_stub;
use super::super::vendor_keys::fingerprint;
use super::Wish;
use crate::sign::Passphrase;

/// Something that is to be said of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the key cannot be used because of it.
    pub fault: bool,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// The subkeys that get the roles; `None` where one has to be made.
#[derive(Debug, Default)]
pub struct Choice {
    pub package: Option<Fingerprint>,
    pub index: Option<Fingerprint>,
}

struct Judge<'a> {
    cert: &'a Cert,
    passphrase: Option<&'a Passphrase>,
    primary: Fingerprint,
    findings: Vec<Finding>,
}

/// Judges a key, and chooses the subkeys for the roles.
pub fn examine(cert: &Cert, wish: &Wish, passphrase: Option<&Passphrase>) -> (Choice, Vec<Finding>) {
    let primary = fingerprint(&cert.fingerprint());
    let mut judge = Judge { cert, passphrase, primary, findings: Vec::new() };
    if !cert.is_tsk() {
        let export = format!("export it with: gpg --armor --export-secret-keys {}", judge.primary);
        judge.fault("it is a public key, and signing needs the secret one", &export);
    }
    let policy = lenient();
    let choice = match cert.with_policy(&policy, None) {
        Ok(valid) => {
            judge.primary_key(&valid);
            judge.choose(&valid, wish)
        }
        Err(cause) => {
            judge.fault(
                &format!("nothing that it says of itself is good now: {cause:#}"),
                "make new keys: consign key new",
            );
            Choice::default()
        }
    };
    (choice, judge.findings)
}

/// Reads what the standard policy would hide, so that it can be named.
fn lenient() -> StandardPolicy<'static> {
    let mut policy = StandardPolicy::new();
    for hash in [HashAlgorithm::SHA1, HashAlgorithm::MD5, HashAlgorithm::RipeMD, HashAlgorithm::SHA224] {
        policy.accept_hash(hash);
    }
    for algorithm in [AsymmetricAlgorithm::RSA1024, AsymmetricAlgorithm::DSA1024, AsymmetricAlgorithm::DSA2048] {
        policy.accept_asymmetric_algo(algorithm);
    }
    policy
}

impl Judge<'_> {
    fn fault(&mut self, what: &str, remedy: &str) {
        self.findings.push(Finding { fault: true, what: what.to_owned(), remedy: Some(remedy.to_owned()) });
    }

    fn note(&mut self, what: &str, remedy: Option<&str>) {
        self.findings.push(Finding { fault: false, what: what.to_owned(), remedy: remedy.map(str::to_owned) });
    }

    fn primary_key(&mut self, valid: &ValidCert<'_>) {
        let name = self.primary.clone();
        if let RevocationStatus::Revoked(_) = valid.revocation_status() {
            self.fault(
                &format!("the primary key {name} is revoked"),
                "it cannot come back; make new keys: consign key new",
            );
        }
        let primary = valid.primary_key();
        self.lifetime(
            &format!("the primary key {name}"),
            primary.key_expiration_time(),
            &format!("gpg --quick-set-expire {name} 5y"),
            true,
        );
        for problem in algorithm(primary.key()) {
            self.say(&format!("the primary key {name}"), problem, "make new keys: consign key new");
        }
        let binding = primary.binding_signature().clone();
        if let Some(hash) = weak(&binding) {
            self.weak_signature(&format!("the self-signature on the primary key {name}"), hash);
        }
        if let Ok(secret) = primary.key().clone().parts_into_secret() {
            self.passphrase(&format!("the primary key {name}"), &secret);
        }
    }

    /// Whether what is said of a key lets it be used.
    fn say(&mut self, name: &str, problem: Problem, remedy: &str) {
        match problem {
            Problem::Fault(what) => self.fault(&format!("{name} {what}"), remedy),
            Problem::Note(what) => self.note(&format!("{name} {what}"), None),
        }
    }

    fn weak_signature(&mut self, what: &str, hash: HashAlgorithm) {
        let remedy = format!(
            "sign it anew: gpg --cert-digest-algo SHA512 --quick-set-expire {} 5y, the same with '*' at the end for the subkeys, and export again",
            self.primary
        );
        self.fault(&format!("{what} is made with {hash}, which apt of Debian 13 refuses since 2026-02-01"), &remedy);
    }

    fn lifetime(&mut self, name: &str, expires: Option<std::time::SystemTime>, remedy: &str, needed: bool) -> bool {
        let Some(expires) = expires.and_then(|time| Timestamp::try_from(time).ok()) else { return true };
        let (now, on) = (Timestamp::now(), expires.strftime("%Y-%m-%d"));
        if expires <= now {
            let what = format!("{name} expired on {on}");
            let remedy = format!("give it more time and export it again: {remedy}");
            if needed {
                self.fault(&what, &remedy)
            } else {
                self.note(&format!("{what} and is left out"), None)
            }
            return false;
        }
        if expires.duration_since(now) < NOTICE {
            self.note(
                &format!("{name} expires on {on}"),
                Some("give it more time once it is imported: consign key extend"),
            );
        }
        true
    }

    fn passphrase<R: KeyRole>(&mut self, name: &str, key: &Key<SecretParts, R>) {
        if is_stub(key) || key.has_unencrypted_secret() {
            return;
        }
        let opens = self.passphrase.is_some_and(|passphrase| key.clone().decrypt_secret(passphrase).is_ok());
        if !opens {
            self.fault(
                &format!("the passphrase of {name} is wrong"),
                "give the one it is protected with (--passphrase-fd, CONSIGN_PASSPHRASE)",
            );
        }
    }

    fn choose(&mut self, valid: &ValidCert<'_>, wish: &Wish) -> Choice {
        if wish.package.is_some() && wish.package == wish.index {
            self.fault("one key cannot have both roles", "name two subkeys, or one and have the other made");
        }
        let wished: Vec<_> = [&wish.package, &wish.index].into_iter().flatten().collect();
        let mut usable = Vec::new();
        for subkey in valid.keys().subkeys().for_signing() {
            let name = fingerprint(&subkey.key().fingerprint());
            if self.subkey(&subkey, &name, wished.contains(&&name)) {
                usable.push(name);
            }
        }
        for name in wished {
            let known = valid.keys().subkeys().for_signing().any(|key| fingerprint(&key.key().fingerprint()) == *name);
            if *name == self.primary {
                self.fault(
                    "the primary key cannot have a role: it is kept offline",
                    "name a signing subkey, or none to have one made",
                );
            } else if !known {
                self.fault(
                    &format!("it has no signing subkey {name}"),
                    "look at it with: gpg --show-keys --with-subkey-fingerprint FILE",
                );
            }
        }
        let mut free = usable.iter().filter(|name| ![&wish.package, &wish.index].contains(&&Some((*name).clone())));
        if wish.package.is_none() && wish.index.is_none() && usable.len() > 2 {
            let all: Vec<_> = usable.iter().map(Fingerprint::as_str).collect();
            self.fault(
                &format!("it has {} subkeys that could sign: {}", usable.len(), all.join(", ")),
                "name two: --package-key FINGERPRINT --index-key FINGERPRINT",
            );
        }
        // The oldest signs the existing repository, which hosts know it by.
        let index = wish.index.clone().or_else(|| free.next().cloned());
        let package = wish.package.clone().or_else(|| free.next().cloned());
        if index.is_none() || package.is_none() {
            self.must_be_made();
        }
        Choice { package, index }
    }

    /// Subkeys are made by the primary.
    fn must_be_made(&mut self) {
        let secret = self.cert.primary_key().key().clone().parts_into_secret();
        if self.cert.is_tsk() && !secret.is_ok_and(|key| !is_stub(&key)) {
            let remedy = format!("export the whole key: gpg --armor --export-secret-keys {}", self.primary);
            self.fault(
                "a signing subkey has to be made for a role, and the secret of the primary key is not in the file",
                &remedy,
            );
        }
    }

    /// Whether a subkey may have a role. Of one that nobody asked for it is only said that it is left out.
    fn subkey(
        &mut self,
        subkey: &ValidSubordinateKeyAmalgamation<'_, PublicParts>,
        name: &Fingerprint,
        wanted: bool,
    ) -> bool {
        let called = format!("the subkey {name}");
        let revoked = matches!(subkey.revocation_status(), RevocationStatus::Revoked(_));
        if revoked {
            self.unfit(&format!("{called} is revoked"), "name another, or have one made", wanted);
        }
        let remedy = format!("gpg --quick-set-expire {} 1y {name}", self.primary);
        let alive = self.lifetime(&called, subkey.key_expiration_time(), &remedy, wanted);
        let mut fit = alive && !revoked;
        let binding = subkey.binding_signature().clone();
        let signatures = std::iter::once(binding.clone()).chain(binding.embedded_signatures().cloned());
        if let Some(hash) = signatures.filter_map(|signature| weak(&signature)).next() {
            self.weak_signature(&format!("the signature that binds {called}"), hash);
            fit = false;
        }
        for problem in algorithm(subkey.key()) {
            match problem {
                Problem::Fault(what) => {
                    self.unfit(&format!("{called} {what}"), "name another, or have one made", wanted);
                    fit = false;
                }
                note @ Problem::Note(_) => self.say(&called, note, ""),
            }
        }
        match subkey.key().clone().parts_into_secret().ok().filter(|key| !is_stub(key)) {
            Some(secret) => self.passphrase(&called, &secret),
            None if self.cert.is_tsk() => {
                self.unfit(
                    &format!("the secret of {called} is not in the file (on a card?)"),
                    "export it with the others",
                    wanted,
                );
                fit = false;
            }
            None => fit = false,
        }
        fit
    }

    fn unfit(&mut self, what: &str, remedy: &str, wanted: bool) {
        if wanted { self.fault(what, remedy) } else { self.note(&format!("{what}; it is left out"), None) }
    }
}

enum Problem {
    Fault(String),
    Note(String),
}

/// Measured on fresh keys of every kind.
fn algorithm<P: openpgp::packet::key::KeyParts, R: KeyRole>(key: &Key<P, R>) -> Vec<Problem> {
    let fault = |what: &str| vec![Problem::Fault(what.to_owned())];
    let note = |what: &str| vec![Problem::Note(what.to_owned())];
    if key.version() != 4 {
        return vec![Problem::Fault(format!(
            "is of version {}, which neither apt of Debian 12 nor rpm 4 reads",
            key.version()
        ))];
    }
    let bits = key.mpis().bits().unwrap_or(0);
    #[allow(deprecated, reason = "keys of the previous century")]
    match key.pk_algo() {
        PublicKeyAlgorithm::RSAEncryptSign | PublicKeyAlgorithm::RSASign => match bits {
            0..2041 => vec![Problem::Fault(format!("has RSA with {bits} bits, which apt of Debian 13 refuses"))],
            2041..3072 => vec![Problem::Note(format!(
                "has RSA with {bits} bits, which apt of Debian 13 refuses from 2030-02-01 on"
            ))],
            _ => Vec::new(),
        },
        PublicKeyAlgorithm::DSA => fault("is a DSA key, which apt of Debian 13 refuses since 2024-02-01"),
        PublicKeyAlgorithm::EdDSA => note("is an Ed25519 key, which rpm on Enterprise Linux 7 and 8 does not know"),
        PublicKeyAlgorithm::ECDSA => match key.mpis() {
            PublicKey::ECDSA { curve: Curve::NistP256 | Curve::NistP384 | Curve::NistP521, .. } => {
                note("is a NIST key, which is good for apt, and which rpm 4 does not import")
            }
            _ => fault("is on a curve that apt of Debian 13 refuses"),
        },
        other => vec![Problem::Fault(format!("is a key of kind {other}, which apt of Debian 12 does not know"))],
    }
}

fn weak(signature: &Signature) -> Option<HashAlgorithm> {
    let hash = signature.hash_algo();
    let strong = matches!(hash, HashAlgorithm::SHA256 | HashAlgorithm::SHA384 | HashAlgorithm::SHA512);
    (!strong).then_some(hash)
}
