//! The host: Debian 13 with the first release of a product and of an add-on of another vendor. It is upgraded
//! to the second of both, and loses its power while the add-on's step is at work in the base's upgrade.

use std::fmt::Write as _;
use std::path::Path;

use consign_lab::{AgentPackage, Host, Release, Server, Site};
use consign_metadata::name::ProductId;

use crate::vendor::Publisher;
use crate::{ADD_ON, BASE, PATIENCE, Result};

/// Where the add-on's vendor is found; the manifest says the same.
const PORT: u16 = 8083;
/// What is kept of the host. The rest comes from packages, and the package lists can be read again.
const KEPT: &str = "/var/lib/consignee /var/lib/canopsis /var/lib/globex-snmp /etc/consign /etc/canopsis \
    /etc/canopsis.conf /etc/canopsis.conf.dpkg-dist /etc/apt/preferences.d/00consignee \
    /etc/apt/apt.conf.d/52consignee";
/// What makes an engine start at boot.
const ENABLED: &str = "find /etc/systemd/system -type l -name 'canopsis*'";
/// What the add-on's step waits for, which is the lab's and no part of the host.
const TROUBLE: &str = "/var/lib/globex-snmp/trouble";
/// Shows what apt tells a hook before it unpacks.
const LISTENER: &str = "\
DPkg::Pre-Install-Pkgs { \"LISTENER=1 cat >/root/transaction\"; };
DPkg::Tools::Options::LISTENER=1::Version \"3\";
";
const POLICY: &str = r#"language = "fr"

[unattended]
classes = ["patch"]

[window]
allowed = ["Sun 03:00-03:01", "Mon,Wed 12:00-12:01"]

[tell]
wall = false
web_hook_file = "/etc/consign/web-hook"
"#;
const WEB_HOOK: &str = "http://127.0.0.1:8089/news\nX-Site: golden\n";
const BASE_FILE: &str = r#"[options]
edition = "cat"
stack = "go"

[unattended]
classes = []

[tell]
program = ["/usr/bin/tee", "-a", "/var/lib/canopsis/news"]
user = "canopsis"

[[add_on]]
product = "globex/snmp"
primary = "@PRIMARY@"
versions = ">=1.0.0, <3.0.0"

[[add_on]]
product = "initech/report"
ignore = true
"#;
const ADD_ON_FILE: &str = "[options]\ntraps = \"critical\"\n";

/// A host that runs both.
pub struct Installed {
    site: Site,
    _server: Server,
}

/// A host that was cut, file by file.
pub struct State {
    site: Site,
    list: Vec<Entry>,
    packages: String,
}

/// A host of a site with choices of its own, with the first release of both products and some data.
pub fn installed(acme: &Publisher, globex: &Publisher) -> Result<Installed> {
    let host = Host::boot("golden", Release::Trixie)?;
    host.write("/etc/consign/policy.toml", POLICY, 0o644);
    host.write("/etc/consign/web-hook", WEB_HOOK, 0o600);
    let base_file = BASE_FILE.replace("@PRIMARY@", &globex.primary()?);
    host.write("/etc/consign/acme/canopsis.toml", base_file, 0o644);
    host.write("/etc/consign/globex/snmp.toml", ADD_ON_FILE, 0o644);
    host.copy_in(AgentPackage::current()?.package, "/root/consignee.deb");
    host.ok(&["dpkg", "-i", "/root/consignee.deb"]);
    let site = Site::on(host, &acme.vendor, BASE)?;
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    let server = site.add_vendor(&globex.vendor, PORT)?;
    site.host.apt_get(&["install", "globex-snmp"]).expect_ok();
    site.wait_status_of(ADD_ON, 0);
    site.host.shell("for n in 1 2 3 4 5; do curl -sf -d $n http://127.0.0.1:8082/records; done");
    site.host.ok(&["sed", "-i", "1i # of the site", "/etc/canopsis.conf"]);
    Ok(Installed { site, _server: server })
}

/// Upgrades both in one run and cuts the power while the add-on's step is at work.
pub fn cut_in_mid_upgrade(installed: Installed) -> Result<State> {
    let Installed { site, _server } = installed;
    let host = &site.host;
    cleared(&site);
    host.write(TROUBLE, "migrate hangs", 0o644);
    host.write("/etc/apt/apt.conf.d/99listener", LISTENER, 0o644);
    host.apt_get(&["upgrade"]).expect_ok();
    let hangs = || host.read("/var/lib/globex-snmp/seen.log").contains("\"migrate\"").then_some(());
    host.wait_until("the add-on's step hangs", PATIENCE, hangs);
    let told = || host.read("/var/lib/canopsis/news").ends_with('\n').then_some(());
    host.wait_until("the outage is told", PATIENCE, told);
    let find = format!("find {KEPT} $({ENABLED}) -printf '%y %m %u %g %p %l.\\n' | sort -k 5");
    let list = host.shell(&find).lines().map(Entry::of).collect::<Option<Vec<_>>>().ok_or("a strange file name")?;
    let packages = host.shell("dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'");
    host.cut();
    Ok(State { site, list, packages })
}

/// Everything is acknowledged, the task is done, and a person lets both be installed outside the windows.
fn cleared(site: &Site) {
    site.host.apt_get(&["update"]).expect_ok();
    // Until the windows are out of the way both say that something still holds.
    site.host.exec(&["consignee", "ack", BASE, "--all", "--yes"]).expect_code(3);
    site.host.exec(&["consignee", "done", BASE, "snapshot"]).expect_code(3);
    site.host.apt_get(&["update"]).expect_ok();
    for product in [BASE, ADD_ON] {
        site.consignee(&["now", product]);
    }
}

/// A file, folder or link of the host, and what a checkout does not keep of it.
struct Entry {
    kind: String,
    attributes: String,
    path: String,
    target: String,
}

impl Entry {
    /// Reads a line of find; a path with a space in it is none of ours.
    fn of(line: &str) -> Option<Entry> {
        let words: Vec<&str> = line.strip_suffix('.')?.split(' ').collect();
        let [kind, mode, user, group, path, target] = words[..] else { return None };
        let attributes = format!("{mode:0>4} {user} {group}");
        Some(Entry { kind: kind.to_owned(), attributes, path: path.to_owned(), target: target.to_owned() })
    }
}

impl State {
    /// A file of the host.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.site.host.tree().read(path)?)
    }

    /// Where the signed plan of a product's one package is.
    pub fn plan_of(&self, id: &ProductId) -> String {
        let package = if id.to_string() == BASE { "canopsis" } else { "globex-snmp" };
        format!("/usr/share/consignee/plans/{package}.pgp")
    }

    /// Every file under its path below `files`, and in `list` what a checkout does not keep: modes,
    /// owners, links and empty folders.
    pub fn write_to(&self, folder: &Path) -> Result<()> {
        let mut list = String::from("# kind mode user group path [target]\n");
        for Entry { kind, attributes, path, target } in self.list.iter().filter(|entry| entry.path != TROUBLE) {
            writeln!(list, "{}", format!("{kind} {attributes} {path} {target}").trim_end())?;
            if kind == "f" {
                let to = folder.join("files").join(path.trim_start_matches('/'));
                fs_err::create_dir_all(to.parent().unwrap_or(folder))?;
                fs_err::write(to, self.read(path)?)?;
            }
        }
        fs_err::write(folder.join("list"), list)?;
        Ok(fs_err::write(folder.join("packages"), format!("{}\n", self.packages.trim_end()))?)
    }
}
