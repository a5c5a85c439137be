//! A vendor with keys, who signs plans and publishes a feed.

use std::io::Write;
use std::time::SystemTime;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::UpgradePlan;
use jiff::Timestamp;
use sequoia_openpgp as openpgp;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::serialize::stream::{LiteralWriter, Message, Signer};
use serde_json::{Value, json};

use crate::places::Places;

/// A vendor of one product, `erp`, of one module, `<vendor>-erp`.
#[derive(Clone)]
pub struct Vendor {
    pub name: String,
    cert: openpgp::Cert,
    package: KeyPair,
    index: KeyPair,
}

impl Vendor {
    pub fn new(name: &str) -> Self {
        Self::living(name, std::time::Duration::from_secs(3 * 365 * 86400))
    }

    /// With keys that are good for so long.
    pub fn living(name: &str, life: std::time::Duration) -> Self {
        let (cert, _) = CertBuilder::new()
            .set_validity_period(life)
            .add_userid(format!("{name} <packages@{name}.example>"))
            .set_creation_time(SystemTime::now() - std::time::Duration::from_secs(3600))
            .add_signing_subkey()
            .add_signing_subkey()
            .generate()
            .unwrap();
        let policy = StandardPolicy::new();
        let mut pairs: Vec<KeyPair> = cert
            .keys()
            .subkeys()
            .with_policy(&policy, None)
            .for_signing()
            .secret()
            .map(|key| key.key().clone().into_keypair().unwrap())
            .collect();
        let index = pairs.pop().unwrap();
        Self { name: name.to_owned(), cert, package: pairs.pop().unwrap(), index }
    }

    fn fingerprint(pair: &KeyPair) -> String {
        pair.public().fingerprint().to_hex()
    }

    /// The fingerprint of the primary key.
    pub fn primary(&self) -> String {
        self.cert.fingerprint().to_hex()
    }

    /// Lays down the anchor, as `<vendor>-release` does.
    pub fn anchor(&self, places: &Places) {
        let folder = places.anchors().join(&self.name);
        fs_err::create_dir_all(&folder).unwrap();
        let anchor = json!({
            "format": 1, "vendor": self.name, "products": ["erp"],
            "primary": self.cert.fingerprint().to_hex(),
            "roles": {"package": [Self::fingerprint(&self.package)], "index": [Self::fingerprint(&self.index)]},
            "minimum_generation": {"stable": 3},
        });
        fs_err::write(folder.join("anchor.json"), anchor.to_string()).unwrap();
        let mut certificate = Vec::new();
        self.cert.serialize(&mut certificate).unwrap();
        fs_err::write(folder.join("certificate.pgp"), certificate).unwrap();
    }

    pub fn sign_as_package(&self, text: &str) -> Vec<u8> {
        sign(&self.package, text)
    }

    /// As a vendor whose clock is ahead of the host's.
    pub fn sign_later(&self, text: &str, by: std::time::Duration) -> Vec<u8> {
        sign_at(&self.package, text, std::time::SystemTime::now() + by)
    }

    pub fn sign_as_index(&self, text: &str) -> Vec<u8> {
        sign(&self.index, text)
    }

    /// The module.
    pub fn package(&self) -> String {
        format!("{}-erp", self.name)
    }

    /// A plan that stops, migrates, reloads and starts.
    pub fn plan(&self, version: &str) -> Value {
        json!({
            "kind": "plan", "format": 1, "vendor": self.name, "product": "erp", "version": version, "revision": 1,
            "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
            "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
            "body": {
                "format": 1,
                "modules": [{"package": self.package(), "native": {"deb": format!("{version}-1")}}],
                "engines": ["erp.service", "erp-web.service"],
                "steps": [
                    {"kind": "stop", "timeout_seconds": 5},
                    {"kind": "packages"},
                    {"kind": "run", "name": "migrate", "command": ["migrate"], "user": "erp", "timeout_seconds": 5},
                    {"kind": "daemon-reload"},
                    {"kind": "start", "timeout_seconds": 5},
                ],
            },
        })
    }

    /// The same with a note on its version that has to be acknowledged.
    pub fn plan_with_note(&self, version: &str) -> Value {
        let mut plan = self.plan(version);
        plan["notes"] = json!([{"version": version, "acknowledge": true, "texts": {"en": Sha256::of(b"note")}}]);
        plan
    }

    /// A release of a feed.
    pub fn release(&self, plan: &Value) -> Release {
        let signed = self.sign_as_package(&plan.to_string());
        let digest = UpgradePlan::parse(plan.to_string().as_bytes())
            .map_or_else(|_| Sha256::of(plan.to_string().as_bytes()), |understood| understood.digest);
        let path = format!("consign/plans/{digest}.pgp");
        let version = plan["version"].as_str().unwrap().to_owned();
        let file = |path: &str, bytes: &[u8]| json!({"path": path, "size": bytes.len(), "sha256": Sha256::of(bytes)});
        let entry = json!({
            "version": version, "revision": plan["revision"], "published": "2026-01-01T00:00:00Z", "plan": digest,
            "plan_file": file(&path, &signed),
            "packages": [{
                "package": self.package(), "architecture": "all",
                "native": plan["body"]["modules"][0]["native"], "file": file("pool/x.deb", b"x"),
            }],
        });
        Release { entry, path, signed }
    }

    /// Head and shard with their paths.
    pub fn feed(&self, releases: &[&Release], generation: u64, entry_point: &[u8]) -> Vec<(String, Vec<u8>)> {
        self.feed_until(releases, generation, entry_point, Timestamp::now() + jiff::SignedDuration::from_hours(48))
    }

    pub fn feed_until(
        &self,
        releases: &[&Release],
        generation: u64,
        entry_point: &[u8],
        expires: Timestamp,
    ) -> Vec<(String, Vec<u8>)> {
        let entries: Vec<&Value> = releases.iter().map(|release| &release.entry).collect();
        let shard =
            json!({"format": 1, "vendor": self.name, "product": "erp", "releases": entries, "notes": {}}).to_string();
        let digest = Sha256::of(shard.as_bytes());
        let path = format!("consign/shards/{digest}.json");
        let head = json!({
            "kind": "feed", "format": 1, "vendor": self.name, "channel": "stable", "generation": generation,
            "issued": "2026-01-01T00:00:00Z", "expires": expires,
            "entry_points": {
                "current": [{"path": "dists/stable/InRelease", "size": 1, "sha256": Sha256::of(entry_point)}],
                "previous": [],
            },
            "shards": {"erp": {"path": path, "size": shard.len(), "sha256": digest}},
        });
        let mut files: Vec<_> = releases.iter().map(|release| (release.path.clone(), release.signed.clone())).collect();
        files.push((path, shard.into_bytes()));
        files.push(("consign/stable/feed.pgp".to_owned(), self.sign_as_index(&head.to_string())));
        files
    }

    /// A longer life for the head with this digest, with its path.
    pub fn extension(&self, head: &Sha256, expires: Timestamp) -> (String, Vec<u8>) {
        let extension = json!({
            "kind": "extension", "format": 1, "vendor": self.name, "channel": "stable", "generation": 5,
            "head": head, "issued": "2026-01-01T00:00:00Z", "expires": expires,
        });
        ("consign/stable/extension.pgp".to_owned(), self.sign_as_index(&extension.to_string()))
    }
}

pub struct Release {
    entry: Value,
    path: String,
    pub signed: Vec<u8>,
}

impl Release {
    /// Its package is this file.
    pub fn with_file(mut self, bytes: &[u8]) -> Self {
        self.entry["packages"][0]["file"] =
            json!({"path": "pool/erp.deb", "size": bytes.len(), "sha256": Sha256::of(bytes)});
        self
    }

    /// The vendor takes it back.
    pub fn withdraw(&mut self, why: &str) {
        self.entry["withdrawn"] = json!({"en": why});
    }
}

fn sign(pair: &KeyPair, text: &str) -> Vec<u8> {
    sign_at(pair, text, std::time::SystemTime::now())
}

fn sign_at(pair: &KeyPair, text: &str, time: std::time::SystemTime) -> Vec<u8> {
    let mut signed = Vec::new();
    let signer = Signer::new(Message::new(&mut signed), pair.clone()).unwrap().creation_time(time);
    let message = signer.build().unwrap();
    let mut writer = LiteralWriter::new(message).build().unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finalize().unwrap();
    signed
}
