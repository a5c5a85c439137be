//! What an administrator may write, and what is said when it is wrong.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::*;

fn plan() -> UpgradePlan {
    let plan = json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.1.0", "revision": 1,
        "supported_from": "1.0.0", "upgrades": [], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
        "body": {
            "format": 1, "modules": [{"package": "acme-erp", "native": {}}], "engines": [],
            "options": {
                "edition": {"allowed": ["core", "cat"], "default": "core"},
                "stack": {"allowed": ["python", "go"], "default": "python"},
            },
            "steps": [{"kind": "packages"}],
        },
    });
    UpgradePlan::parse(&serde_json::to_vec(&plan).unwrap()).unwrap()
}

fn host() -> (tempfile::TempDir, Places) {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::below(folder.path());
    fs_err::create_dir_all(places.site(&plan().id()).parent().unwrap()).unwrap();
    (folder, places)
}

/// What is said of a product file, from its line on.
fn said(text: &str) -> String {
    let (_folder, places) = host();
    fs_err::write(places.site(&plan().id()), text).unwrap();
    match options(&places, &plan()) {
        Ok(values) => values.iter().map(|(name, value)| format!("{name}={value} ")).collect(),
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with("cannot use /") && error.contains("/etc/consign/acme/erp.toml"), "{error}");
            error.split_once("erp.toml, ").unwrap_or(("", &error)).1.to_owned()
        }
    }
}

#[test]
fn an_add_on_is_named_with_its_key_or_ignored() {
    let (_folder, places) = host();
    let write = |text: &str| fs_err::write(places.site(&plan().id()), text).unwrap();
    let key = "AAAA AAAA AAAA AAAA AAAA  AAAA AAAA AAAA AAAA AAAA";
    write(&format!(
        "[[add_on]]\nproduct = \"globex/snmp\"\nprimary = \"{key}\"\nversions = \">=1.0.0\"\n\
         [[add_on]]\nproduct = \"globex/web\"\nignore = true\n"
    ));
    let found = add_ons(&places, &plan().id()).unwrap();
    assert_eq!(found[0].primary.as_ref().unwrap().as_str(), "A".repeat(40), "as gpg prints it, too");
    assert!(found[0].versions.is_some() && !found[0].ignore && found[1].ignore);
    assert_eq!(options(&places, &plan()).unwrap().len(), 2, "the same file");
    for (text, expected) in [
        (
            "[[add_on]]\nproduct = \"snmp\"\nignore = true",
            "line 2, column 11: \"snmp\" is not a product: vendor/product",
        ),
        ("[[add_on]]\nproduct = \"a/b\"", "line 2, column 11: a/b has no key; say primary"),
        ("[[add_on]]\nproduct = \"a/b\"\nprimary = \"12\"", "line 3, column 11: \"12\" is not a fingerprint"),
        ("[[add_on]]\nproduct = \"a/b\"\nversion = \"1\"", "line 3, column 1: unknown field `version`"),
        ("[[add_on]]\nproduct = \"a/b\"\nversions = \"1\"", "line 3, column 12: \"1\" is not a version"),
        (
            "[[add_on]]\nproduct = \"a/b\"\nignore = true\n[[add_on]]\nproduct = \"a/b\"\nignore = true",
            "line 5, column 11: a/b is named twice",
        ),
    ] {
        assert!(said(text).starts_with(expected), "{expected:?}: {}", said(text));
    }
}

#[test]
fn without_a_file_everything_has_its_default() {
    let (_folder, places) = host();
    assert_eq!(options(&places, &plan()).unwrap().len(), 2);
    assert_eq!(Policy::read(&places).unwrap().language, Language::En);
    assert_eq!(said(""), "edition=core stack=python ");
    assert_eq!(said("# nothing\n[options]\n"), "edition=core stack=python ");
}

#[test]
fn the_site_chooses() {
    assert_eq!(said("[options]\nstack = \"go\"\nedition = \"cat\"\n"), "edition=cat stack=go ");
    let (_folder, places) = host();
    fs_err::write(places.policy(), "language = \"fr\"\n").unwrap();
    assert_eq!(Policy::read(&places).unwrap().language, Language::Fr);
}

#[test]
fn a_mistake_is_named_with_what_is_possible() {
    let not_allowed = said("[options]\nedition = \"pro\"\n");
    assert_eq!(not_allowed, r#"line 2, column 11: option edition cannot be "pro"; it can be "core", "cat""#);
    let unknown = said("[options]\nstack = \"go\"\nedtion = \"cat\"\n");
    assert_eq!(unknown, "line 3, column 1: there is no option edtion; there is edition, stack");
    let table = said("[option]\nedition = \"cat\"\n");
    assert!(
        table.starts_with("line 1, column 2: unknown field `option`, expected one of `repair`, `options`"),
        "{table}"
    );
    assert!(said("[options]\nédition = 1\n").starts_with("line 2, column 1: "));
    assert!(said("[options]\nedition = 1\n").starts_with("line 2, column 11: invalid type"));
    assert!(said("[options]\nedition = \"cat\"\nedition = \"core\"\n").starts_with("line 3, column 1: duplicate key"));
    assert!(said("[options\n").starts_with("line 1, column "));
    let (_folder, places) = host();
    fs_err::write(places.policy(), "\nlanguage = \"de\"\n").unwrap();
    let error = Policy::read(&places).unwrap_err().to_string();
    assert!(error.ends_with("policy.toml, line 2, column 12: unknown variant `de`, expected `en` or `fr`"), "{error}");
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let (_folder, places) = host();
    let path = places.site(&plan().id());
    fs_err::write(&path, "").unwrap();
    for mode in [0o664, 0o646, 0o777] {
        fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert!(matches!(options(&places, &plan()), Err(SiteError::Unsafe { .. })), "{mode:o}");
    }
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(options(&places, &plan()).is_ok());
}

#[test]
fn what_cannot_be_read_is_not_what_is_not_there() {
    let (_folder, places) = host();
    fs_err::create_dir(places.site(&plan().id())).unwrap();
    assert!(options(&places, &plan()).is_err());
    fs_err::remove_dir(places.site(&plan().id())).unwrap();
    fs_err::write(places.site(&plan().id()), [0xff, 0xfe]).unwrap();
    assert!(matches!(options(&places, &plan()), Err(SiteError::Unreadable { .. })));
}

#[test]
fn the_rules_of_a_product_outweigh_those_of_the_host_key_by_key() {
    let (_folder, places) = host();
    let id = plan().id();
    assert_eq!(Rules::read(&places, &id).unwrap(), Rules::default());
    fs_err::write(places.policy(), "[unattended]\nclasses = [\"patch\"]\n[window]\nallowed = [\"Sat 22:00-04:00\"]\n")
        .unwrap();
    fs_err::write(places.site(&id), "[unattended]\nclasses = []\n").unwrap();
    let rules = Rules::read(&places, &id).unwrap();
    assert_eq!(rules.unattended, Some([].into()));
    assert!(rules.window.is_some());
}

#[test]
fn a_cut_transaction_is_repaired_unasked_only_where_the_site_says_so() {
    let (_folder, places) = host();
    let id = plan().id();
    let read = || Rules::read(&places, &id).unwrap().repair;
    assert_eq!(read(), Repair::Ask);
    fs_err::write(places.policy(), "language = \"fr\"\nrepair = \"auto\"\n").unwrap();
    assert_eq!(read(), Repair::Auto);
    fs_err::write(places.site(&id), "repair = \"ask\"\n[options]\nedition = \"cat\"\n").unwrap();
    assert_eq!(read(), Repair::Ask);
    assert_eq!(options(&places, &plan()).unwrap()[&"edition".parse().unwrap()], "cat");
    fs_err::write(places.policy(), "repair = \"yes\"\n").unwrap();
    let error = Rules::read(&places, &id).unwrap_err().to_string();
    assert!(error.ends_with("line 1, column 10: unknown variant `yes`, expected `ask` or `auto`"), "{error}");
}

#[test]
fn a_mistake_in_a_rule_is_named_with_what_is_possible() {
    let problem = |policy: &str| {
        let (_folder, places) = host();
        fs_err::write(places.policy(), policy).unwrap();
        let error = Rules::read(&places, &plan().id()).unwrap_err().to_string();
        error.split_once("policy.toml, ").unwrap().1.to_owned()
    };
    assert_eq!(
        problem("[unattended]\nclasses = [\"tiny\"]\n"),
        "line 2, column 12: unknown variant `tiny`, expected one of `patch`, `minor`, `major`"
    );
    assert_eq!(
        problem("[window]\nallowed = [\"Sat 22:00-04:00\", \"Son 1:00-2:00\"]\n"),
        "line 2, column 31: \"Son\" is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun"
    );
    assert!(problem("[window]\nallowed = []\n").starts_with("line 2, column 11: no window is allowed"));
    assert!(
        problem("[window]\nalowed = []\n").starts_with("line 2, column 1: unknown field `alowed`, expected `allowed`")
    );
    assert!(problem("[unattended]\n").starts_with("line 1, column 1: missing field `classes`"));
    assert!(problem("[windows]\n").starts_with("line 1, column 2: unknown field `windows`, expected one of"));
}

#[test]
fn who_is_told_is_put_together_key_by_key() {
    let (_folder, places) = host();
    let id = plan().id();
    let nothing = Rules::read(&places, &id).unwrap().tell;
    assert!(nothing.wall && nothing.program.is_none() && nothing.web_hook.is_none() && nothing.user == "nobody");
    let policy =
        "[tell]\nwall = false\nprogram = [\"/usr/bin/tell\", \"x\"]\nweb_hook = \"https://hooks.example/s3cret\"\n";
    fs_err::write(places.policy(), policy).unwrap();
    fs_err::write(places.site(&id), "[tell]\nuser = \"erp\"\nweb_hook_file = \"/etc/consign/hook\"\n").unwrap();
    let tell = Rules::read(&places, &id).unwrap().tell;
    assert!(!tell.wall && tell.user == "erp" && tell.program.as_ref().unwrap().len() == 2);
    assert_eq!(format!("{:?}", tell.web_hook), "Some(File(\"/etc/consign/hook\"))");
    fs_err::remove_file(places.site(&id)).unwrap();
    assert!(!format!("{:?}", Rules::read(&places, &id).unwrap()).contains("s3cret"));
}

#[test]
fn whom_nobody_can_be_told_by_is_refused_without_its_secret() {
    let problem = |tell: &str| {
        let (_folder, places) = host();
        fs_err::write(places.policy(), format!("[tell]\n{tell}\n")).unwrap();
        let error = Rules::read(&places, &plan().id()).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        error.split_once("policy.toml, ").unwrap().1.to_owned()
    };
    for address in ["http://hooks.example/s3cret", "s3cret", "https://", "http://127.0.0.1.example/s3cret"] {
        let said = problem(&format!("web_hook = \"{address}\""));
        assert!(said.starts_with("line 2, column 12: an address begins with https://"), "{said}");
    }
    assert!(
        problem("web_hook = \"https://x/s3cret\"\nweb_hook_file = \"/x\"").starts_with("line 3, column 17: web_hook")
    );
    assert!(problem("web_hook_file = \"x\"").ends_with("the path of a file begins with /"));
    assert!(problem("program = [\"tell\"]").starts_with("line 2, column 11: a program and its arguments"));
    assert!(problem("program = []").starts_with("line 2, column 11: a program"));
    assert!(problem("program = \"/bin/tell\"").starts_with("line 2, column 11: invalid type"));
    assert!(problem("webhook = \"https://x/\"").contains("unknown field `webhook`"));
}

#[test]
fn what_the_looks_weigh_and_what_is_kept_is_put_together_key_by_key() {
    use super::checks::{Checks, Weight};
    let (_folder, places) = host();
    let id = plan().id();
    let read = || Rules::read(&places, &id).unwrap();
    assert_eq!((read().checks, read().keep), (Checks::default(), keep::Keep::default()));
    assert_eq!((read().keep.packages.sets, read().keep.backups.age), (1, None));
    let policy =
        "[checks]\nreboot = \"refuse\"\nopen_files = \"off\"\n[keep]\nbackups = 5\nbackups_days = 30\npackages = 2\n";
    fs_err::write(places.policy(), policy).unwrap();
    fs_err::write(places.site(&id), "[checks]\nopen_files = \"tell\"\n[keep]\npackages = 4\n").unwrap();
    let expected = Checks { reboot: Weight::Refuse, open_files: Weight::Tell, ..Checks::default() };
    assert_eq!(read().checks, expected);
    assert_eq!((read().keep.packages.sets, read().keep.backups.sets), (4, 5));
    assert_eq!(read().keep.backups.age, Some(jiff::SignedDuration::from_hours(30 * 24)));
    for (text, said) in [
        (
            "[checks]\nreboot = \"no\"",
            "line 2, column 10: unknown variant `no`, expected one of `refuse`, `tell`, `off`",
        ),
        ("[checks]\nrebot = \"off\"", "line 2, column 1: unknown field `rebot`"),
        ("[keep]\nbackups = 0", "line 2, column 11: the newest is always kept"),
        ("[keep]\npackages_days = 0", "line 2, column 17: it is at least 1 day"),
        ("[keep]\nbackups = -1", "line 2, column 11: invalid value"),
    ] {
        fs_err::write(places.site(&id), text).unwrap();
        let error = Rules::read(&places, &id).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
