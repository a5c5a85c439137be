//! A root that is changed before it ever boots: image builders and installers do this.
//!
//! There is no systemd in it, only `/proc` and the host's network; the same tree can be booted.

use std::process::Command;

use crate::entrance::ENVIRONMENT;
use crate::error::Result;
use crate::folder::Folder;
use crate::host::Host;
use crate::outcome::{Outcome, line, tool};
use crate::root::BaseSystem;
use crate::tree::Tree;

/// `$1` the root, `$2` the network, then the command: in a process tree of its own, so that
/// nothing a package starts outlives it.
const ENTER: &str = r#"
    root=$1 network=$2; shift 2
    mount -t proc proc "$root/proc"
    exec nsenter --net="$network" chroot "$root" "$@"
"#;

/// A host that is not booted yet.
#[derive(Debug)]
pub struct Chroot {
    folder: Folder,
    system: BaseSystem,
}

impl Chroot {
    /// Makes the tree.
    pub fn create(name: &str, system: impl Into<BaseSystem>) -> Result<Chroot> {
        let system = system.into();
        let chroot = Chroot { folder: Folder::create(name, system, false)?, system };
        // A booted host's PID 1 does this; servers need it before.
        chroot.exec(&["ip", "link", "set", "lo", "up"]).expect_ok();
        Ok(chroot)
    }

    /// Runs a command in the tree, to its end.
    #[track_caller]
    pub fn exec(&self, argv: &[&str]) -> Outcome {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command.args(["sh", "-ec", ENTER, "enter"]);
        command.arg(self.folder.root()).arg(self.folder.network().file());
        command.args(argv).env_clear().envs(ENVIRONMENT).env("DEBIAN_FRONTEND", "noninteractive");
        Outcome::of(line(argv), &mut command).expect("unshare can be started")
    }

    /// Runs a command that must exit with 0; panics with everything it wrote otherwise.
    #[track_caller]
    pub fn ok(&self, argv: &[&str]) -> Outcome {
        self.exec(argv).expect_ok()
    }

    /// Its files.
    pub fn tree(&self) -> Tree {
        Tree::at(self.folder.id(), self.folder.root())
    }

    /// Its network: what is served there stays when the tree is booted.
    pub fn network(&self) -> crate::Network {
        self.folder.network()
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn name(&self) -> &str {
        self.folder.id()
    }

    /// First boot.
    pub fn boot(self) -> Result<Host> {
        tool("settle the files of a host", &["sync", "-f", &self.folder.root().to_string_lossy()])?;
        Host::start(self.folder, self.system)
    }
}
