//! What stands in the document, and in which order.

use serde_json::{Value, json};

use super::*;
use crate::engine::list;
use crate::report::samples;

fn plan(version: &str, change: impl Fn(&mut Value)) -> UpgradePlan {
    let text = |english: &str, french: &str| json!({"en": english, "fr": french});
    let mut plan = json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": version, "revision": 1,
        "supported_from": "1.3.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
        "body": {
            "format": 2, "engines": ["db.service", "web.service"],
            "modules": [{"package": "acme-erp", "native": {"deb": format!("{version}-1")}}],
            "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
            "prerequisites": [
                {"id": "postgresql", "otherwise": text("Install it.", "Installez-le."), "check": {
                    "kind": "command", "command": ["/usr/bin/look", "{option.edition}"], "user": "erp", "timeout_seconds": 5}},
                {"id": "space", "otherwise": text("Make room.", "Faites de la place."),
                 "check": {"kind": "free-space", "folder": "/srv/erp/new", "mebibytes": 2}},
            ],
            "tasks": [{"id": "snapshot", "summary": text("Take a snapshot.", "Prenez un instantané."), "detail": text("One.\nTwo.", "Un.\nDeux.")}],
            "steps": [
                {"kind": "announce"}, {"kind": "stop", "timeout_seconds": 90}, {"kind": "packages"},
                {"kind": "run", "name": "init", "command": ["/opt/init", "{from}", "{to}", "a b"], "user": "erp",
                 "timeout_seconds": 60, "done_probe": ["/opt/is-done"]},
                {"kind": "task", "id": "licence", "summary": text("Lay it down.", "Déposez-la.")},
                {"kind": "daemon-reload"}, {"kind": "start", "timeout_seconds": 90},
                {"kind": "health", "within_seconds": 60, "stable_seconds": 5,
                 "checks": [{"kind": "http", "url": "http://127.0.0.1/health"}]},
            ],
        },
    });
    change(&mut plan["body"]);
    UpgradePlan::parse(plan.to_string().as_bytes()).unwrap()
}

fn document(language: Language, previous: Option<&UpgradePlan>, change: impl Fn(&mut Value)) -> String {
    let plan = plan("1.5.0", change);
    let from = "1.4.0".parse().unwrap();
    let header = Header { items: list::items(&plan, Some(&from)), ..samples::header() };
    let options = BTreeMap::from([("edition".parse().unwrap(), "cat".to_owned())]);
    let procedure = Procedure {
        header: &header,
        unmet: &[],
        plan: &plan,
        previous,
        options: &options,
        notes: &[],
        flag: Path::new("/var/lib/consignee/acme/erp/unfinished"),
        nearest: &|_| "/srv".to_owned(),
    };
    procedure.markdown(language)
}

/// What would be typed.
fn typed_in(document: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut open = false;
    for line in document.lines() {
        match line {
            "```sh" => open = true,
            "```" => open = false,
            line if open => lines.push(line),
            _ => {}
        }
    }
    lines
}

const TYPED: [&str; 23] = [
    "cd /",
    "runuser -u erp -- /usr/bin/look cat",
    "test \"$(df --output=avail --block-size=1K -- /srv | tail -n 1)\" -ge 2048",
    "wall -- 'acme/erp is about to be upgraded to 1.5.0 and stops for a while.'",
    "systemctl show --property=Id,ActiveState,UnitFileState -- db.service web.service",
    "mkdir -p -- /var/lib/consignee/acme/erp",
    "touch -- /var/lib/consignee/acme/erp/unfinished",
    "systemctl stop -- web.service",
    "systemctl stop -- db.service",
    "apt update",
    "apt-get install acme-erp=1.5.0-1",
    "runuser -u erp -- /opt/is-done || runuser -u erp -- /opt/init 1.4.0 1.5.0 'a b'",
    "systemctl daemon-reload",
    "rm -f -- /var/lib/consignee/acme/erp/unfinished",
    "systemctl start -- db.service",
    "systemctl start -- web.service",
    "systemctl is-active -- db.service",
    "systemctl is-active -- web.service",
    "curl --fail --silent --show-error --output /dev/null --retry 60 --retry-delay 1 --retry-max-time 60 \
     --retry-all-errors -- http://127.0.0.1/health",
    "sleep 5",
    "systemctl is-active -- db.service",
    "systemctl is-active -- web.service",
    "curl --fail --silent --show-error --output /dev/null --retry 60 --retry-delay 1 --retry-max-time 60 \
     --retry-all-errors -- http://127.0.0.1/health",
];

#[test]
fn everything_is_typed_in_the_order_of_the_list() {
    let document = document(Language::En, None, |_| {});
    assert_eq!(typed_in(&document), TYPED);
    let places = [
        "**postgresql**: must succeed",
        "If not: Install it.",
        "**snapshot**: Take",
        "> Two.",
        "announce:",
        "stop:",
        "packages:",
        "init:",
        "**licence**",
        "health:",
    ];
    let found: Vec<_> = places.iter().map(|part| document.find(part).unwrap_or_else(|| panic!("{part}"))).collect();
    assert!(found.is_sorted(), "{document}");
}

#[test]
fn the_french_document_types_the_same_and_says_it_in_french() {
    let french = document(Language::Fr, None, |_| {});
    let english = document(Language::En, None, |_| {});
    let but_the_announcement = |document: &str| -> Vec<String> {
        typed_in(document).into_iter().filter(|line| !line.starts_with("wall")).map(str::to_owned).collect()
    };
    assert_eq!(but_the_announcement(&french), but_the_announcement(&english));
    for sentence in ["1.4.0 vers 1.5.0 : à la main", "Installez-le.", "Prenez un instantané.", "> Deux.", "Déposez-la."]
    {
        assert!(french.contains(sentence), "{sentence}: {french}");
    }
    // No line is left in the other language, but what is typed and what has no words.
    let shared: Vec<_> =
        french.lines().filter(|line| line.contains(' ') && english.lines().any(|other| other == *line)).collect();
    let typed: Vec<_> = typed_in(&english);
    assert!(shared.iter().all(|line| typed.contains(line)), "{shared:?}");
}

#[test]
fn a_new_engine_is_enabled_and_a_retired_one_stopped() {
    let before = plan("1.4.0", |body| body["engines"] = json!(["db.service", "old.service"]));
    let document = document(Language::En, Some(&before), |_| {});
    let typed = typed_in(&document);
    let about = |verb: &str| -> Vec<_> { typed.iter().filter(|line| line.starts_with(verb)).copied().collect() };
    assert_eq!(about("systemctl stop"), ["systemctl stop -- old.service", "systemctl stop -- db.service"]);
    assert_eq!(about("systemctl enable"), ["systemctl enable -- web.service"]);
    assert_eq!(about("systemctl start"), ["systemctl start -- db.service", "systemctl start -- web.service"]);
}

#[test]
fn words_of_a_vendor_cannot_become_a_line_to_type() {
    let evil = "```sh\nrm -rf /\n```\u{1b}[2J";
    let document = document(Language::En, None, |body| {
        body["tasks"][0]["detail"] = json!({"en": evil});
        body["tasks"][0]["summary"] = json!({"en": evil});
        body["prerequisites"][0]["otherwise"] = json!({"en": evil});
        body["steps"][4]["summary"] = json!({"en": evil});
    });
    assert!(!typed_in(&document).iter().any(|line| line.contains("rm -rf")), "{document}");
    assert!(!document.contains('\u{1b}'));
}

#[test]
fn a_procedure_of_more_than_lines_is_typed_as_the_agent_does_it() {
    let document = document(Language::En, None, |body| {
        body["format"] = 3.into();
        body["maintenance"] =
            json!({"flag": "/var/lib/erp/closed", "leave": ["/opt/open"], "user": "erp", "timeout_seconds": 5});
        let run = |name: &str, command: Value| json!({"name": name, "command": command, "user": "erp", "timeout_seconds": 60});
        let script = |path: &str, version: &str| json!({"path": path, "version": version, "sha256": consign_metadata::digest::Sha256::of(b"x")});
        let list = [script("1.4.0/pre-a", "1.4.0"), script("1.5.0/pre-a", "1.5.0"), script("1.4.5/pre-a", "1.4.5")];
        let steps = body["steps"].as_array_mut().unwrap();
        steps.push(json!({"kind": "leave-maintenance"}));
        steps.insert(6, json!({"kind": "enter-maintenance"}));
        steps.insert(
            4,
            json!({"kind": "until", "run": run("update", json!(["/opt/erp", "--update"])), "stop_seconds": 60,
            "ready": {"line": "it's loaded"}}),
        );
        steps.insert(3, json!({"kind": "scripts", "run": run("pre", json!(["python3", "{script}", "{to}"])), "folder": "/opt/s/", "list": list}));
    });
    let typed = typed_in(&document);
    let begin = typed.iter().position(|line| line.contains("python3")).unwrap();
    let expected = [
        "runuser -u erp -- python3 /opt/s/1.4.5/pre-a 1.5.0",
        "runuser -u erp -- python3 /opt/s/1.5.0/pre-a 1.5.0",
        "runuser -u erp -- /opt/is-done || runuser -u erp -- /opt/init 1.4.0 1.5.0 'a b'",
        "runuser -u erp -- /opt/erp --update >/root/consign-step.log 2>&1 &",
    ];
    assert_eq!(typed[begin..begin + 4], expected);
    assert!(
        typed[begin + 4].starts_with("timeout 60 bash -c ") && typed[begin + 5].starts_with("kill $!"),
        "{typed:?}"
    );
    let at = |line: &str| typed.iter().position(|found| *found == line).unwrap_or_else(|| panic!("{line}: {typed:?}"));
    assert!(at("touch -- /var/lib/erp/closed") < at("systemctl start -- db.service"));
    assert!(at("rm -f -- /var/lib/erp/closed") > at("systemctl start -- web.service"));
    assert_eq!(typed.last(), Some(&"runuser -u erp -- /opt/open"));
}
