//! The host: Debian 13 with the first release. `consignee upgrade` brings the second; its last step fails, the
//! upgrade is taken back, and the power goes while a step before is being undone.

use std::fmt::Write as _;
use std::path::Path;

use consign_lab::{AgentPackage, BaseSystem, Host, Site};
use serde_json::Value;

use crate::vendor::Publisher;
use crate::{PATIENCE, PRODUCT, Result};

/// What is kept of the host. The rest comes from packages, and the package lists can be read again.
const KEPT: &str = "/var/lib/consignee /var/lib/canopsis /etc/consign /etc/canopsis.conf \
    /etc/apt/preferences.d/00consignee /etc/apt/apt.conf.d/52consignee";
/// What makes an engine start at boot.
const ENABLED: &str = "find /etc/systemd/system -type l -name 'canopsis*'";
/// What the step fails of, which is the lab's and no part of the host.
const TROUBLE: &str = "/var/lib/canopsis/trouble";
/// What the undo waits for; it goes with the power.
const HANGS: &str = "/run/canopsis-hangs";
/// Shows what apt tells a hook before it unpacks.
const LISTENER: &str = "\
DPkg::Pre-Install-Pkgs { \"LISTENER=1 cat >/root/transaction\"; };
DPkg::Tools::Options::LISTENER=1::Version \"3\";
";
const POLICY: &str = r#"language = "fr"

[keep]
packages = 2
backups = 4
backups_days = 90

[checks]
reboot = "off"
open_files = "tell"
"#;

/// A host that was cut, file by file.
pub struct State {
    site: Site,
    list: Vec<Entry>,
    packages: String,
}

/// A host with the first release and some data.
pub fn installed(acme: &Publisher) -> Result<Site> {
    let host = Host::boot("golden", BaseSystem::Databases)?;
    host.write("/etc/consign/policy.toml", POLICY, 0o644);
    host.copy_in(AgentPackage::current()?.package, "/root/consignee.deb");
    host.ok(&["dpkg", "-i", "/root/consignee.deb"]);
    let site = Site::on(host, &acme.vendor, PRODUCT)?;
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    site.host.shell("for n in 1 2 3 4 5; do curl -sf -d $n http://127.0.0.1:8082/records; done");
    site.host.ok(&["sed", "-i", "1i # of the site", "/etc/canopsis.conf"]);
    Ok(site)
}

/// Walks on to the second release and cuts the power while what was begun is taken back.
pub fn cut_on_the_way_back(site: Site) -> Result<State> {
    let host = &site.host;
    host.apt_get(&["update"]).expect_ok();
    acknowledged_by_file(host)?;
    host.apt_get(&["update"]).expect_ok();
    host.write(TROUBLE, "fail", 0o644);
    host.write(HANGS, "", 0o644);
    host.write("/etc/apt/apt.conf.d/99listener", LISTENER, 0o644);
    site.host.exec(&["consignee", "upgrade", PRODUCT, "--yes", "--no-wait"]).expect_code(5);
    let taken = || site.events().last().is_some_and(|event| event == "undo-started").then_some(());
    let hangs = || {
        site.host
            .shell("pgrep --full --count 'canopsis-index remove' || true")
            .trim()
            .parse::<u32>()
            .is_ok_and(|n| n > 0)
            .then_some(())
    };
    host.wait_until("the way back begins", PATIENCE, taken);
    host.wait_until("the undo hangs", PATIENCE, hangs);
    host.ok(&["rm", TROUBLE]);
    let find = format!("find {KEPT} $({ENABLED}) -printf '%y %m %u %g %p %l.\\n' | sort -k 5");
    let list = host.shell(&find).lines().map(Entry::of).collect::<Option<Vec<_>>>().ok_or("a strange file name")?;
    let packages = host.shell("dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'");
    host.cut();
    Ok(State { site, list, packages })
}
/// What is in the way is acknowledged as a site with many hosts does it.
fn acknowledged_by_file(host: &Host) -> Result<()> {
    let status: Value = serde_json::from_str(&host.exec(&["consignee", "status", PRODUCT, "--json"]).stdout)?;
    let reasons = status["products"][0]["upgrade"]["reasons"].as_array().ok_or("nothing is in the way")?;
    let digest = |code: &str| -> Result<&str> {
        let reason = reasons.iter().find(|reason| reason["code"] == code).ok_or("it is not in the way")?;
        Ok(reason["sha256"].as_str().ok_or("it has no digest")?)
    };
    let (note, effect) = (digest("note-unread")?, digest("side-effect-unacknowledged")?);
    let file = format!(
        "[[acknowledge]]\nversion = \"3.26.0\"\nby = \"marie, change 4711\"\nnotes = {{ \"3.26.0\" = \"{note}\" }}\n\
         side_effects = {{ root-credentials-reset = \"{effect}\" }}\n"
    );
    host.write("/etc/consign/acme/canopsis.toml", file, 0o644);
    Ok(())
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
