//! A vendor whom the host trusts: an anchor, a signed plan, and a feed with the texts of its notes.

use std::io::Write;

use consign_metadata::digest::Sha256;
use consignee::places::Places;
use openpgp::cert::CertBuilder;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::serialize::stream::{LiteralWriter, Message, Signer};
use sequoia_openpgp as openpgp;
use serde_json::{Value, json};

const ENGLISH: &str = "# 1.5.0\n\nNeeds **PostgreSQL 15**.\n\n- run `erp-check` first\n";
const FRENCH: &str = "# 1.5.0\n\nDemande **PostgreSQL 15**.\n\n- lancez d'abord `erp-check`\n";

/// Lays everything down and gives the signed plan of 1.5.0.
pub fn lay_down(places: &Places) -> Vec<u8> {
    lay_down_plan(places, &plan())
}

/// The same with another plan.
pub fn lay_down_plan(places: &Places, plan: &Value) -> Vec<u8> {
    let (certificate, _) = CertBuilder::general_purpose(Some("acme")).generate().unwrap();
    let policy = StandardPolicy::new();
    let key = certificate.keys().with_policy(&policy, None).for_signing().next().unwrap().key().clone();
    let primary = certificate.fingerprint().to_hex();
    let anchor = json!({
        "format": 1, "vendor": "acme", "products": ["erp"], "primary": primary,
        "roles": {"package": [key.fingerprint().to_hex()]},
    });
    let folder = places.anchors().join("acme");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("anchor.json"), anchor.to_string()).unwrap();
    std::fs::write(folder.join("certificate.pgp"), certificate.to_vec().unwrap()).unwrap();
    write_feed(places);
    let mut signed = Vec::new();
    let pair = key.parts_into_secret().unwrap().into_keypair().unwrap();
    let signer = Signer::new(Message::new(&mut signed), pair).unwrap().build().unwrap();
    let mut message = LiteralWriter::new(signer).build().unwrap();
    message.write_all(plan.to_string().as_bytes()).unwrap();
    message.finalize().unwrap();
    signed
}

fn write_feed(places: &Places) {
    let digest = |text: &str| Sha256::of(text.as_bytes()).to_string();
    let note = |language: &str, text: &str| json!({"version": "1.5.0", "language": language, "text": text});
    let notes = json!({digest(ENGLISH): note("en", ENGLISH), digest(FRENCH): note("fr", FRENCH)});
    let shard = json!({"format": 1, "vendor": "acme", "product": "erp", "releases": [], "notes": notes});
    let feed = places.feed(&"acme".parse().unwrap()).join("stable/shards");
    std::fs::create_dir_all(&feed).unwrap();
    std::fs::write(feed.join("0.json"), shard.to_string()).unwrap();
}

/// 1.5.0 with what body format 2 brought.
pub fn plan_2() -> Value {
    let mut plan = plan();
    let body = &mut plan["body"];
    let text = |english: &str, french: &str| json!({"en": english, "fr": french});
    body["format"] = 2.into();
    body["prerequisites"] = json!([
        {"id": "postgresql", "otherwise": text("PostgreSQL 15 is needed.", "Il faut PostgreSQL 15."), "check": {
            "kind": "command", "command": ["/usr/bin/pg_isready", "{option.edition}"], "user": "erp", "timeout_seconds": 5}},
        {"id": "space", "otherwise": text("Make room for the new tables.", "Faites de la place pour les nouvelles tables."),
         "check": {"kind": "free-space", "folder": "/var", "mebibytes": 2048}},
    ]);
    let detail = text("In the console:\nMachine, Snapshot.", "Dans la console :\nMachine, Instantané.");
    body["tasks"] =
        json!([{"id": "snapshot", "summary": text("Take a snapshot.", "Prenez un instantané."), "detail": detail}]);
    let licence = json!({"kind": "task", "id": "licence", "irreversible": true,
        "summary": text("Lay down the licence.", "Déposez la licence.")});
    body["steps"].as_array_mut().unwrap().insert(4, licence);
    plan
}

fn plan() -> Value {
    let digest = |text: &str| Sha256::of(text.as_bytes()).to_string();
    let note = |version: &str, acknowledge: bool, english: &str| json!({"version": version, "acknowledge": acknowledge, "texts": {"en": digest(english)}});
    let mut newest = note("1.5.0", true, ENGLISH);
    newest["texts"]["fr"] = digest(FRENCH).into();
    json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.5.0", "revision": 1,
        "supported_from": "1.3.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [], "minimum_agent": "0.1.0",
        "notes": [note("1.4.0", true, "old"), note("1.4.1", false, "lost"), newest],
        "body": {
            "format": 1,
            "modules": [{"package": "acme-erp", "native": {"deb": "1.5.0-1"}}],
            "engines": ["erp.service"],
            "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
            "side_effects": [{"id": "reset-root", "when": {"to": "<1.6.0"}, "summary": {
                "en": "The password of root is reset.", "fr": "Le mot de passe de root est réinitialisé."}}],
            "steps": [
                {"kind": "announce"}, {"kind": "stop", "timeout_seconds": 90}, {"kind": "packages"},
                {"kind": "run", "name": "init", "command": ["erp-init", "--edition", "{option.edition}", "a b"],
                 "user": "erp", "login_shell": true, "timeout_seconds": 1800},
                {"kind": "daemon-reload"}, {"kind": "start", "timeout_seconds": 90},
                {"kind": "health", "checks": [], "within_seconds": 60, "stable_seconds": 10},
            ],
        },
    })
}

/// The reasons for which the plan is held, as the gate writes them.
pub fn reasons() -> Vec<consignee::engine::event::Reason> {
    let plan = consign_metadata::plan::UpgradePlan::parse(plan().to_string().as_bytes()).unwrap();
    let (note, effect) = (&plan.envelope.notes[2], &plan.body.side_effects[0]);
    use consignee::engine::event::Reason::{NoteUnread, SideEffectUnacknowledged};
    vec![
        NoteUnread { version: note.version.clone(), sha256: note.digest() },
        SideEffectUnacknowledged { id: effect.id.clone(), sha256: effect.digest() },
    ]
}
