//! A small valid document of each kind, as JSON.

use consign_metadata::digest::Sha256;
use serde_json::{Value, json};

fn file(path: &str) -> Value {
    json!({"path": path, "size": 100, "sha256": Sha256::of(path.as_bytes())})
}

pub fn plan() -> Value {
    json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.1.0", "revision": 1,
        "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": ["1.0.5"],
        "notes": [{"version": "1.1.0", "acknowledge": true, "texts": {"en": Sha256::of(b"New."), "fr": Sha256::of(b"Nouveau.")}}],
        "minimum_agent": "0.1.0",
        "body": {
            "format": 1,
            "modules": [{"package": "acme-erp", "native": {"deb": "1.1.0-1"}}],
            "engines": ["erp.service", "erp@main.service"],
            "options": {"edition": {"allowed": ["core", "pro"], "default": "core", "help": {"en": "Which one."}}},
            "side_effects": [{"id": "credentials", "when": {"to": "<3.27.0"}, "summary": {"en": "Resets.", "fr": "Remet."}}],
            "steps": [
                {"kind": "announce"},
                {"kind": "stop", "timeout_seconds": 90},
                {"kind": "packages"},
                {
                    "kind": "run", "name": "init", "command": ["/opt/acme/init", "{option.edition}"], "user": "erp",
                    "login_shell": true, "environment": {"A": "b"}, "timeout_seconds": 1800, "on_interrupt": "rerun",
                    "undo": "harmless", "retry_later_exit": 75, "when": {"from": ">=1.0.0, <1.1.0", "first_install": false},
                },
                {"kind": "daemon-reload"},
                {"kind": "start", "timeout_seconds": 90},
                {
                    "kind": "health", "within_seconds": 60, "stable_seconds": 5,
                    "checks": [{"kind": "http", "url": "http://127.0.0.1:8080/"}, {"kind": "tcp", "address": "127.0.0.1:5432"}],
                },
            ],
        },
    })
}

/// A plan of everything that body format 2 brought.
pub fn plan_2() -> Value {
    let mut plan = plan();
    let body = &mut plan["body"];
    body["format"] = 2.into();
    body["prerequisites"] = json!([
        {
            "id": "postgresql", "when": {"to": ">=1.1.0"}, "otherwise": {"en": "PostgreSQL 15 is needed.", "fr": "Il faut PostgreSQL 15."},
            "check": {"kind": "command", "command": ["/usr/bin/pg_lsclusters", "{option.edition}", "{to}"], "user": "erp", "timeout_seconds": 5},
        },
        {"id": "space", "check": {"kind": "free-space", "folder": "/var/lib/erp", "mebibytes": 2048}, "otherwise": {"en": "Make room."}},
    ]);
    let task =
        |id: &str| json!({"id": id, "summary": {"en": "Do it.", "fr": "Faites-le."}, "detail": {"en": "By hand."}});
    body["tasks"] = json!([task("snapshot")]);
    let steps = body["steps"].as_array_mut().unwrap();
    let mut waits = task("licence");
    waits["kind"] = "task".into();
    waits["irreversible"] = true.into();
    waits["when"] = json!({"first_install": false});
    steps.insert(4, waits);
    steps.push(json!({"kind": "task", "id": "tell", "summary": {"en": "Tell them."}}));
    plan
}

pub fn feed() -> Value {
    json!({
        "kind": "feed", "format": 1, "vendor": "acme", "channel": "stable", "generation": 3,
        "issued": "2026-01-01T00:00:00Z", "expires": "2026-01-31T00:00:00Z",
        "entry_points": {"current": [file("dists/stable/InRelease")], "previous": []},
        "shards": {"erp": file("consign/shards/x.json")},
    })
}

pub fn shard() -> Value {
    let release = |version: &str| {
        json!({
            "version": version, "revision": 1, "published": "2026-01-01T00:00:00Z",
            "plan": Sha256::of(version.as_bytes()), "plan_file": file("consign/plans/x.pgp"),
            "packages": [{"package": "acme-erp", "architecture": "all", "native": {"deb": format!("{version}-1")}, "file": file("pool/x.deb")}],
        })
    };
    let mut withdrawn = release("1.0.0");
    withdrawn["withdrawn"] = json!({"en": "Loses data."});
    json!({
        "format": 1, "vendor": "acme", "product": "erp", "releases": [withdrawn, release("1.1.0")],
        "notes": {Sha256::of(b"New.").to_string(): {"version": "1.1.0", "language": "en", "text": "New."}},
    })
}

pub fn anchor() -> Value {
    let key = |digit: &str| digit.repeat(40);
    json!({
        "format": 1, "vendor": "acme", "products": ["erp"], "primary": key("A"),
        "roles": {"package": [key("B")], "index": [key("C")]},
        "minimum_generation": {"stable": 3}, "agent": [key("D")],
    })
}
