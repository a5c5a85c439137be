//! A golden host: an earlier agent left it in mid-upgrade, and the power went.

use consign_lab::{AgentPackage, BaseSystem, Chroot, Host};

use crate::fixture::{Published, golden, text};

/// The folder of the host in which the fixture lies.
const FIXTURE: &str = "/root/golden";
/// Where apt keeps the packages that it installs.
pub const PACKAGES: &str = "/var/cache/apt/archives";

/// A golden host, and what there is to do on it.
pub struct Golden {
    pub version: &'static str,
    pub system: BaseSystem,
    /// The product that is in mid-upgrade, then what else is installed.
    pub published: &'static [&'static Published],
    /// What it waits for, and what a person then types; nothing where it goes on by itself.
    pub decisions: &'static [(&'static str, &'static [&'static str])],
    /// The units that run in the end.
    pub engines: [&'static str; 3],
    /// What apt told the hook, as it would tell it once more: what is finished, too, does not change.
    pub transaction: &'static str,
    /// The last event of its journal.
    pub end: &'static str,
    /// Which of the published packages is installed in the end.
    pub installed: usize,
    /// How often the step `init` was started, over all upgrades.
    pub inits: &'static str,
}

impl Golden {
    /// Packages as they were, state as it was; then its first boot since the power cut.
    pub fn boot(&self) -> Host {
        let chroot = Chroot::create("golden", self.system).unwrap();
        let tree = chroot.tree();
        tree.copy_in(&golden(self.version).join("host/files"), FIXTURE).unwrap();
        tree.copy_in(&AgentPackage::current().unwrap().package, "/root/consignee.deb").unwrap();
        tree.copy_in(&golden(self.version).join("documents/transaction"), "/root/transaction").unwrap();
        chroot.ok(&["dpkg", "-i", "/root/consignee.deb"]);
        for published in self.published {
            let introduction = published.path("repository").join(published.introduction);
            let package = published.path("repository/pool").join(published.package);
            for (from, to) in [
                (introduction, format!("/root/{}", published.introduction)),
                (package, format!("{PACKAGES}/{}", published.package_file())),
            ] {
                tree.copy_in(&from, &to).unwrap();
                chroot.ok(&["dpkg", "-i", &to]);
            }
        }
        // What the agent and the scripts noted of the installation just now never happened on the golden host.
        chroot.ok(&["rm", "-r", "/var/lib/consignee"]);
        chroot.ok(&["sh", "-ec", &laid_down(&text(&format!("{}/host/list", self.version)))]);
        let host = chroot.boot().unwrap();
        self.has_its_packages(&host);
        host
    }

    fn has_its_packages(&self, host: &Host) {
        let ours = ["acme-release ", "canopsis ", "globex-release ", "globex-snmp "];
        let mut found = 0;
        for line in text(&format!("{}/host/packages", self.version)).lines() {
            if ours.iter().any(|name| line.starts_with(name)) {
                let (name, version) = line.split_once(' ').unwrap();
                let version = version.strip_suffix(" installed").expect("it was whole when the power went");
                assert_eq!(host.installed(name).as_deref(), Some(version));
                found += 1;
            }
        }
        assert_eq!(found, 2 * self.published.len());
    }
}

/// Shell lines that put every file of the list in its place, with its mode and its owner.
fn laid_down(list: &str) -> String {
    let entries = list.lines().filter(|line| !line.starts_with('#'));
    let line = |entry: &str| {
        let words: Vec<&str> = entry.split(' ').collect();
        match words[..] {
            ["d", mode, user, group, path] => format!("install -d -m {mode} -o {user} -g {group} '{path}'\n"),
            ["f", mode, user, group, path] => {
                format!("install -m {mode} -o {user} -g {group} '{FIXTURE}{path}' '{path}'\n")
            }
            ["l", _, _, _, path, target] => format!("mkdir -p \"$(dirname '{path}')\"; ln -sfn '{target}' '{path}'\n"),
            _ => panic!("{entry:?} is no entry"),
        }
    };
    entries.map(line).collect()
}
