//! Where everything is on the host; below another root in tests.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The host that the hook runs on.
pub struct Host {
    root: PathBuf,
}

impl Default for Host {
    fn default() -> Self {
        Self::below(Path::new("/"))
    }
}

impl Host {
    /// A host below another root.
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The agent's state.
    pub fn state(&self) -> PathBuf {
        self.at("var/lib/consignee")
    }

    /// The names of the packages that the agent manages, one a line.
    pub fn managed(&self) -> PathBuf {
        self.at("var/lib/consignee/managed")
    }

    /// What is held: see `dnf5`.
    pub fn holds(&self) -> PathBuf {
        self.at("var/lib/consignee/holds")
    }

    /// The repositories that offer what is held.
    pub fn offering(&self) -> PathBuf {
        self.at("var/lib/consignee/offering")
    }

    /// Where the agent finds what it has asked dnf 5 to resolve.
    pub fn resolved(&self) -> PathBuf {
        self.at("run/consignee/resolved")
    }

    /// Where dnf 5 keeps what it fetches for root.
    pub fn dnf5_cache(&self) -> PathBuf {
        self.at("var/cache/libdnf5")
    }

    /// An absolute path of the host.
    pub fn below_root(&self, absolute: &Path) -> PathBuf {
        self.root.join(absolute.strip_prefix("/").unwrap_or(absolute))
    }

    /// Whether it is root who calls.
    pub fn is_root(&self) -> bool {
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }

    /// The agent's command.
    pub fn viewer(&self) -> PathBuf {
        self.at("usr/bin/consignee")
    }

    /// What the agent's package says of the host that it is for; see `words`.
    pub fn kind(&self) -> PathBuf {
        self.at("usr/share/consignee/package-manager")
    }

    /// The socket of the agent's service.
    pub fn socket(&self) -> PathBuf {
        self.at("run/consignee/agent.sock")
    }

    /// The number of the process that has zypper's lock.
    pub fn zypper_lock(&self) -> PathBuf {
        self.at("run/zypp.pid")
    }

    /// The same number, once that process changes packages.
    pub fn commit(&self) -> PathBuf {
        self.at("run/consignee/commit")
    }

    /// Whether zypper is what people type here, as far as that can be told at a glance; the agent looks closer.
    pub fn has_zypper(&self) -> bool {
        let is_there = |program: &str| self.at("usr/bin").join(program).is_file();
        is_there("zypper") && !is_there("dnf") && !is_there("dnf5")
    }

    /// Whether systemd is running here: not in a chroot or an image build, where `/run` may even be that
    /// of the machine around it.
    pub fn has_systemd(&self) -> bool {
        self.at("run/systemd/system").is_dir() && !self.is_chroot()
    }

    // As ischroot(1) and systemd itself tell: the root of PID 1 is another one.
    fn is_chroot(&self) -> bool {
        let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
        self.root == Path::new("/") && identity(Path::new("/proc/1/root/.")) != identity(&self.root)
    }

    /// Whether the engines of any product are kept from starting.
    pub fn any_unfinished(&self) -> bool {
        self.products().iter().any(|product| product.join("unfinished").exists())
    }

    /// Whether the engines of any product were kept from starting, or let go, since then: the flag comes
    /// and goes in the product's folder.
    pub fn any_changed_since(&self, moment: SystemTime) -> bool {
        let changed = |product: &PathBuf| product.metadata().and_then(|found| found.modified());
        self.products().iter().any(|product| changed(product).is_ok_and(|changed| changed >= moment))
    }

    fn products(&self) -> Vec<PathBuf> {
        folders(&self.state()).iter().flat_map(|vendor| folders(vendor)).collect()
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir())).map(|entry| entry.path()).collect()
}
