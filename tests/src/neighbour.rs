//! A program of this machine that stands in the network of a host without being on it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::error::{Doing, Result};
use crate::network::Network;

/// It lives as long as this does; a power cut or a reboot of the host does not stop it.
#[derive(Debug)]
pub(crate) struct Neighbour {
    child: Child,
    cgroup: Cgroup,
}

/// Joins the control group first, so that everything it starts is in it.
const JOIN: &str =
    r#"echo $$ >"$1"/cgroup.procs && PATH=$PATH:/usr/sbin && net=$2 && shift 2 && exec nsenter --net="$net" "$@""#;

impl Neighbour {
    /// Starts a program; what it says goes to the log.
    pub(crate) fn start(name: &str, network: &Network, log: &Path, argv: &[&str]) -> Result<Neighbour> {
        // A group beside the host's: swept with it, not cut with it.
        let cgroup = Cgroup::named(name);
        cgroup.create()?;
        let log = fs_err::File::create(log).doing("start a server")?;
        let child = Command::new("/bin/sh")
            .args(["-c", JOIN, "join"])
            .args([cgroup.path(), network.file()])
            .args(argv)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.into_file())
            .spawn()
            .doing("start a server")?;
        Ok(Neighbour { child, cgroup })
    }

    /// Has it ended by itself?
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _gone = self.cgroup.kill().and_then(|()| self.cgroup.wait_gone(Duration::from_secs(10)));
        let _reaped = self.child.wait();
    }
}
