//! systemd-nspawn, as it boots the root of one host.

use std::process::{Child, Command, Stdio};

use crate::entrance::ENVIRONMENT;
use crate::error::{Doing, Result};
use crate::folder::Folder;

/// Mounts a cgroup2 tree of its own for the host (newer systemd wants nothing else, and nothing
/// is left in the machine's), lets go of the mounts of other hosts, which would stay busy for as
/// long as this one lives, and becomes systemd-nspawn in the host's network (given to nspawn as an
/// option instead, the network would be right and `/sys/class/net` the machine's).
const BOOT: &str = r#"
    cgroup=$1 folder=$2 machine=$3
    echo $$ >"$cgroup/cgroup.procs"
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    run=${folder%/*}
    while read -r _ _ _ _ point _; do
        case $point in "$folder"/*) ;; "$run"/*) umount -l "$point" 2>/dev/null || : ;; esac
    done </proc/self/mountinfo
    shared=()
    [ ! -e "$folder/shared" ] || shared=(--bind="$folder/shared:/srv/shared")
    exec nsenter --net="$folder/net" systemd-nspawn -q -D "$folder/root" --register=no --keep-unit "${shared[@]}" \
        --machine="$machine" --capability=CAP_NET_ADMIN --console=pipe --resolv-conf=off \
        --timezone=off --link-journal=no --boot
"#;

/// One boot of a host.
#[derive(Debug)]
pub(crate) struct Nspawn {
    child: Child,
}

impl Nspawn {
    /// Starts it in a session of its own: what ends the test does not end the host, and the other
    /// way round. Killing this process would not end the host either, only its control group does.
    pub(crate) fn start(folder: &Folder) -> Result<Nspawn> {
        const ACT: &str = "start systemd-nspawn";
        let cgroup = folder.cgroup();
        cgroup.create()?;
        let mut options = fs_err::OpenOptions::new();
        let console = options.create(true).append(true).open(folder.console()).doing(ACT)?;
        let console = console.into_file();
        let child = Command::new("setsid")
            .args(["unshare", "--mount", "--propagation", "private"])
            .args(["bash", "-euc", BOOT, "boot"])
            .args([cgroup.path(), folder.path()])
            .arg(folder.id())
            .env_clear()
            .envs(ENVIRONMENT)
            .stdin(Stdio::null())
            .stderr(console.try_clone().doing(ACT)?)
            .stdout(console)
            .spawn()
            .doing(ACT)?;
        Ok(Nspawn { child })
    }

    /// Has it ended by itself?
    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Collects it once the host is off.
    pub(crate) fn reap(mut self) -> Result<()> {
        self.child.wait().doing("wait for systemd-nspawn").map(drop)
    }
}
