//! What people are told to type, typed: the document of `consignee plan --document`, followed line by line on a host
//! without the agent, and the script of `docs/exit-codes.md`.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use consign_lab::{Archive, CANOPSIS, Host, Product, Release, Site, TinyPackage, lab};

const PARTS: &str = r#"
[[prerequisite]]
id = "home"
command = ["/usr/bin/test", "-w", "/var/lib/canopsis"]
user = "canopsis"
otherwise.en = "The home of canopsis must be writable."
[[prerequisite]]
id = "space"
free_space = { folder = "/var/lib/canopsis/later", mebibytes = 1 }
otherwise.en = "Make room."
[[task]]
id = "snapshot"
at = "before"
summary.en = "Take a snapshot."
[[task]]
id = "licence"
at = "before-start"
summary.en = "Lay down the licence."
[[step]]
name = "mark"
run = ["/bin/sh", "-c", "echo \"$HOME $PWD $MARK\" >'its done'"]
user = "canopsis"
working_folder = "/var/lib/canopsis"
environment = { MARK = "from {from}'s \"home\"" }
done_probe = ["/usr/bin/test", "-e", "/var/lib/canopsis/its done"]
[[health]]
command = ["/usr/bin/test", "-e", "/var/lib/canopsis/its done"]
user = "canopsis"
[[health]]
tcp = "127.0.0.1:8082"
"#;

/// What the document has in its blocks.
fn typed_in(document: &str) -> String {
    let blocks = document.split("\n```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks.map(|(block, _)| format!("{block}\n")).collect()
}

/// The agent leaves and nothing of it can be asked any more; its name stays, so that packages need nothing.
fn without_the_agent(site: &Site) {
    let archive = Archive::new("stand-in").unwrap();
    archive.add(&[TinyPackage::new("consignee", "99")]).unwrap();
    archive.give_to(&site.host);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.shell("systemctl stop 'consignee*'");
    site.host.apt_get(&["install", "consignee=99"]).expect_ok();
    site.host.shell("systemctl daemon-reload");
    assert!(!site.host.exists("/usr/bin/consignee") && !site.host.exists("/usr/lib/consignee/consignee-hook"));
}

#[test]
fn the_english_document_upgrades_a_host_without_the_agent() {
    lab!();
    followed(Release::Bookworm, "en", "by hand");
}

#[test]
fn the_french_document_upgrades_a_host_without_the_agent() {
    lab!();
    followed(Release::Trixie, "fr", "à la main");
}

fn followed(release: Release, language: &str, title: &str) {
    let (vendor, site) = Site::with_canopsis(&format!("by-hand-{language}"), release, "3.25.0");
    site.choose_edition("cat");
    vendor.release_edited(Product::canopsis("3.26.0"), &[("[[health]]", &format!("{PARTS}\n[[health]]"))]).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    let document = site.host.ok(&["consignee", "--language", language, "plan", CANOPSIS, "--document"]).stdout;
    assert!(document.starts_with("# acme/canopsis, 3.25.0") && document.contains(title), "{document}");
    for told in [
        "root-credentials-reset",
        "3.26.0",
        "snapshot",
        "licence",
        "edition = `cat`",
        "/etc/consign/acme/canopsis.toml",
    ] {
        assert!(document.contains(told), "{told} is missing in {document}");
    }
    without_the_agent(&site);

    let client = site.client();
    let stop = SystemTime::now();
    site.host.write("/root/procedure", typed_in(&document), 0o600);
    let followed = site.host.exec(&["env", "DEBIAN_FRONTEND=noninteractive", "bash", "-e", "-x", "/root/procedure"]);
    assert!(followed.success(), "{followed}\n{document}");
    let start = SystemTime::now();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    let health = site.host.shell("curl -sf http://127.0.0.1:8082/health");
    assert!(health.contains(r#""version": "3.26.0", "schema": 2, "edition": "cat""#), "{health}");
    for engine in ["main", "worker", "web"] {
        assert_eq!(site.engine(engine), "active");
    }
    assert_eq!(site.init_calls().len(), 2, "one install by the agent, one upgrade by hand");
    assert_eq!(
        site.host.read("/var/lib/canopsis/its done"),
        "/var/lib/canopsis /var/lib/canopsis from {from}'s \"home\"\n"
    );
    let order = site.host.shell("tail -n 3 /var/lib/canopsis/engines.log");
    assert!(!order.contains("true"), "an engine had to wait for the one before it:\n{order}");
    assert!(!site.host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    client.wait_acknowledged(std::time::Duration::from_secs(30)).unwrap();
    client.stop().assert_kept(&site.canopsis_records(), &[(stop, start)]);
}

/// The script of the page, with the name of the product of these tests.
fn script_that_waits() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/exit-codes.md");
    let page = fs_err::read_to_string(page).unwrap();
    let script = page.split_once("```sh\n").expect("the page has no script").1.split_once("```").unwrap().0;
    assert!(script.contains("acme/erp"), "{script}");
    script.replace("acme/erp", CANOPSIS)
}

/// Puts this machine's `jq` on a host, with the libraries that it was linked with.
fn give_jq(host: &Host) {
    let jq = fs_err::canonicalize("/usr/bin/jq").unwrap();
    let listed = Command::new("ldd").arg(&jq).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let libraries = listed.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let mut loader = None;
    for library in libraries.map(Path::new) {
        let name = library.file_name().unwrap().to_str().unwrap();
        host.copy_in(fs_err::canonicalize(library).unwrap(), &format!("/opt/jq/{name}"));
        loader = loader.or_else(|| name.starts_with("ld-").then(|| name.to_owned()));
    }
    host.copy_in(&jq, "/opt/jq/jq");
    let loader = loader.expect("jq has a loader");
    let run = format!("#!/bin/sh\nexec /opt/jq/{loader} --library-path /opt/jq /opt/jq/jq \"$@\"\n");
    host.write("/usr/local/bin/jq", run, 0o755);
}

#[test]
fn the_script_that_waits_for_an_upgrade_tells_how_it_ended() {
    lab!();
    let (vendor, site) = Site::with_canopsis("waiting", Release::Bookworm, "3.25.0");
    give_jq(&site.host);
    let client = site.client();
    let script = script_that_waits();
    let says = |sentence: &str| {
        let ended = site.host.exec(&["sh", "-c", &script]).expect_ok();
        assert_eq!(ended.stdout.lines().last(), Some(sentence), "{ended}");
    };
    vendor.release(Product::canopsis("3.26.0")).unwrap();
    says("not begun: consignee why acme/canopsis");
    site.clear_canopsis();
    site.trouble("fail");
    says("a person has to act: consignee status acme/canopsis");
    site.trouble_is_over();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    vendor.release(Product::canopsis("3.26.1")).unwrap();
    site.clear_canopsis();
    says("finished");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.1-1"));
    site.nothing_was_lost(client);
}
