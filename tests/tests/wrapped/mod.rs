//! The ledger as debhelper packages it, wrapped and published; shared by the suites that install it.

#![allow(dead_code, reason = "each suite uses what it needs")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use consign_lab::{REPOSITORY_PORT, RecordClient, Site, TinyRpm, Vendor, edit};

#[path = "../../../publisher/tests/packagers/mod.rs"]
pub mod packagers;

/// The product that is published here.
pub const LEDGER: &str = "acme/ledger";
const ENTRIES: &str = "http://127.0.0.1:8321/entries";
const SOON: Duration = Duration::from_secs(60);

/// The release project of a version whose note has to be read.
pub fn project(vendor: &Vendor, version: &str, schema: u32) -> PathBuf {
    let project = vendor.new_project(REPOSITORY_PORT).unwrap();
    let edits =
        [("version = \"1.0.0\"", &*format!("version = \"{version}\"")), ("[notes]", "[notes]\nacknowledge = \"all\"")];
    edit(&project.join("consign.toml"), &edits).unwrap();
    edit(&project.join("app/bin/ledger"), &[("SCHEMA = 1\n", &*format!("SCHEMA = {schema}\n"))]).unwrap();
    project
}

/// The same for a package that debhelper builds, which is wrapped and published.
pub fn publish_wrapped(vendor: &Vendor, version: &str, schema: u32, change: impl Fn(&Path)) {
    publish_foreign(vendor, version, schema, |folder| {
        vec![packagers::debhelper(&format!("{version}-1"), schema, folder, change)]
    });
}

/// The same for a package that rpmbuild makes, with an edit of its spec.
pub fn publish_wrapped_rpm(vendor: &Vendor, version: &str, schema: u32, edit: impl Fn(String) -> String) {
    publish_foreign(vendor, version, schema, |folder| vec![packagers::rpmbuild(version, schema, folder, edit)]);
}

/// The same of two packages: the ledger, and another one of its version.
pub fn publish_wrapped_rpms(vendor: &Vendor, version: &str, schema: u32, second: &TinyRpm) {
    publish_foreign(vendor, version, schema, |folder| {
        vec![packagers::rpmbuild(version, schema, folder, |spec| spec), second.build(folder).unwrap()]
    });
}

fn publish_foreign(vendor: &Vendor, version: &str, schema: u32, build: impl FnOnce(&Path) -> Vec<PathBuf>) {
    let project = project(vendor, version, schema);
    let manifest = project.join("consign.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let own = ["files = ", "folders = ", "users = ", "units = ", "depends.deb = "];
    let kept: Vec<_> = text.lines().filter(|line| !own.iter().any(|key| line.starts_with(key))).collect();
    let folder = tempfile::tempdir().unwrap();
    let packages = build(folder.path());
    std::fs::write(&manifest, kept.join("\n") + &more_modules(&packages)).unwrap();
    let (dist, key) = (project.join("dist"), vendor.keys().join("package.secret.pgp"));
    let given: Vec<&str> = packages.iter().map(|package| text_of(package)).collect();
    let words = ["--manifest", text_of(&manifest), "--output", text_of(&dist), "--key", text_of(&key)];
    vendor.consign(&[&["wrap"], &given[..], &words[..]].concat()).unwrap();
    let wrapped: Vec<PathBuf> = packages.iter().map(|package| dist.join(package.file_name().unwrap())).collect();
    vendor.publish(&project, &wrapped).unwrap();
    std::fs::remove_dir_all(&project).unwrap();
}

/// Those beside the ledger itself, which the project has.
fn more_modules(packages: &[PathBuf]) -> String {
    let name = |package: &PathBuf| text_of(package).rsplit('/').next()?.rsplitn(3, '-').last().map(str::to_owned);
    let more = packages[1..].iter().filter_map(name);
    more.map(|name| format!("\n\n[[module]]\npackage = \"{name}\"\n")).collect()
}

/// Somebody who works with the ledger from now on, and goes on after the last number that it has stored.
#[track_caller]
pub fn client(site: &Site) -> RecordClient {
    let answers = || site.host.exec(&["curl", "-sf", ENTRIES]).success().then_some(());
    site.host.wait_until("the ledger works", SOON, answers);
    let last = entries(site).last().copied().unwrap_or_default();
    let client = RecordClient::post_from(last + 1, &site.host, ENTRIES);
    client.wait_acknowledged(SOON).expect("the ledger works");
    client
}

/// The client works again, nothing acknowledged is lost, no outage was unannounced.
#[track_caller]
pub fn nothing_was_lost(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).expect("the ledger works again");
    // Before it is asked what it has: what comes after the answer is not in it.
    client.stop().assert_kept(&entries(site), &site.announced());
}

/// The client works again and nothing acknowledged is lost, after an outage that no plan could announce.
#[track_caller]
pub fn nothing_is_missing(site: &Site, client: RecordClient) {
    client.wait_acknowledged(SOON).expect("the ledger works again");
    let missing = client.stop().missing(&entries(site));
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
}

/// The numbers that the ledger has stored.
pub fn entries(site: &Site) -> BTreeSet<u64> {
    let said = site.host.shell(&format!("curl -sf {ENTRIES}"));
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    answer.as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str()?.parse().ok()).collect()
}

/// What systemd says of its service.
pub fn service(site: &Site) -> String {
    site.host.exec(&["systemctl", "is-active", "acme-ledger.service"]).stdout.trim().to_owned()
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every script but postrm writes down how it was called, and preinst makes the user.
pub fn in_python(debian: &Path) {
    for script in ["preinst", "postinst", "prerm"] {
        let text = format!(
            "#!/usr/bin/python3\nimport os, subprocess, sys\n\
             open('/var/log/acme-ledger.calls', 'a').write(f'{script} {{sys.argv[1:]}}\\n')\n\
             if '{script}' == 'preinst':\n    \
                 subprocess.run(['useradd', '--system', '--user-group', 'acme-ledger'])\n    \
                 os.makedirs('/var/lib/acme-ledger', exist_ok=True)\n    \
                 subprocess.run(['chown', 'acme-ledger:', '/var/lib/acme-ledger'], check=True)\n"
        );
        std::fs::write(debian.join(script), text).unwrap();
    }
    for file in ["config", "templates"] {
        std::fs::remove_file(debian.join(file)).unwrap();
    }
    std::fs::write(
        debian.join("rules"),
        "#!/usr/bin/make -f\n%:\n\tdh $@\noverride_dh_installsystemd:\n\toverride=1 dh_installsystemd --no-scripts\n",
    )
    .unwrap();
}
