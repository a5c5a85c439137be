//! The host: it has the first release, is upgraded to the second, and loses its power while `init` runs.

use std::fmt::Write as _;
use std::path::Path;

use consign_lab::{AgentPackage, Host, Release, Site};

use crate::vendor::Publisher;
use crate::{PATIENCE, PRODUCT, Result};

/// What is kept of the host. The rest comes from packages, and the package lists can be read again.
const KEPT: &str = "/var/lib/consignee /var/lib/canopsis /etc/consign /etc/apt/preferences.d/00consignee";
/// What makes an engine start at boot.
const ENABLED: &str = "find /etc/systemd/system -type l -name 'canopsis*'";
/// What the init step waits for, which is the lab's and no part of the host.
const TROUBLE: &str = "/var/lib/canopsis/trouble";
/// Shows what apt tells a hook before it unpacks.
const LISTENER: &str = "\
DPkg::Pre-Install-Pkgs { \"LISTENER=1 cat >/root/transaction\"; };
DPkg::Tools::Options::LISTENER=1::Version \"3\";
";

/// A host that was cut, file by file.
pub struct State {
    site: Site,
    list: Vec<Entry>,
    packages: String,
}

/// A host of a site with choices of its own, with 3.25.0 and some data.
pub fn installed(vendor: &Publisher) -> Result<Site> {
    let host = Host::boot("golden", Release::Bookworm)?;
    host.write("/etc/consign/policy.toml", "language = \"fr\"\n", 0o644);
    host.write("/etc/consign/acme/canopsis.toml", "[options]\nedition = \"cat\"\nstack = \"go\"\n", 0o644);
    host.copy_in(AgentPackage::current()?.package, "/root/consignee.deb");
    host.ok(&["dpkg", "-i", "/root/consignee.deb"]);
    let site = Site::on(host, &vendor.vendor, PRODUCT)?;
    site.host.apt_get(&["install", "canopsis"]).expect_ok();
    site.wait_status(0);
    site.host.shell("for n in 1 2 3 4 5; do curl -sf -d $n http://127.0.0.1:8082/records; done");
    Ok(site)
}

/// Upgrades to 3.26.0 and cuts the power while the init step is at work.
pub fn cut_in_mid_upgrade(site: Site) -> Result<State> {
    let host = &site.host;
    host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", PRODUCT, "--all", "--yes"]);
    host.write(TROUBLE, "hang", 0o644);
    host.write("/etc/apt/apt.conf.d/99listener", LISTENER, 0o644);
    host.apt_get(&["upgrade"]).expect_ok();
    let hangs = || host.read("/var/lib/canopsis/init.log").contains("hanging").then_some(());
    host.wait_until("the init step hangs", PATIENCE, hangs);
    let find = format!("find {KEPT} $({ENABLED}) -printf '%y %m %u %g %p %l.\\n' | sort -k 5");
    let list = host.shell(&find).lines().map(Entry::of).collect::<Option<Vec<_>>>().ok_or("a strange file name")?;
    let packages = host.shell("dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'");
    host.cut();
    Ok(State { site, list, packages })
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
