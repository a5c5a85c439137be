//! Faults in what the agent's service does to its files, from inside its process: it ends at a chosen call, or finds
//! the disk full, or is told that something is on the disk which is not. `fixtures/faults/faults.c` says how.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::entrance::Entrance;
use crate::error::{Doing, Result};
use crate::host::Host;
use crate::lab::Lab;
use crate::outcome::{Outcome, line};

const SOURCE: &str = "fixtures/faults/faults.c";
const LIBRARY: &str = "/usr/local/lib/faults.so";
const WRAPPER: &str = "/usr/local/bin/dpkg-with-faults";
const DROP_IN: &str = "/etc/systemd/system/consignee.service.d/faults.conf";
const FOLDER: &str = "/run/faults";

/// The faults of one host's agent.
#[derive(Clone, Debug)]
pub struct Faults {
    entrance: Entrance,
}

impl Faults {
    /// Puts them into the agent's service from its next start on. Nothing happens without a plan.
    pub fn load(host: &Host) -> Result<Faults> {
        let faults = Faults::bring(host)?;
        host.write(DROP_IN, format!("[Service]\nEnvironment=LD_PRELOAD={LIBRARY}\n"), 0o644);
        host.ok(&["systemctl", "daemon-reload"]);
        host.ok(&["systemctl", "stop", "consignee.service"]);
        host.ok(&["sync"]);
        Ok(faults)
    }

    /// Puts them into every dpkg that apt starts, in the place of the agent's service.
    pub fn load_into_dpkg(host: &Host) -> Result<Faults> {
        let faults = Faults::bring(host)?;
        host.write(WRAPPER, format!("#!/bin/sh\nexec env LD_PRELOAD={LIBRARY} /usr/bin/dpkg \"$@\"\n"), 0o755);
        host.write("/etc/apt/apt.conf.d/99faults", format!("Dir::Bin::dpkg \"{WRAPPER}\";\n"), 0o644);
        host.ok(&["sync"]);
        Ok(faults)
    }

    /// Only where a test asks for them.
    pub fn load_by_hand(host: &Host) -> Result<Faults> {
        let faults = Faults::bring(host)?;
        host.ok(&["sync"]);
        Ok(faults)
    }

    /// A command with them in it, and in every program that it starts.
    pub fn within(&self, command: &[String]) -> Vec<String> {
        let with = ["env".to_owned(), format!("LD_PRELOAD={LIBRARY}")];
        with.into_iter().chain(command.iter().cloned()).collect()
    }

    fn bring(host: &Host) -> Result<Faults> {
        host.copy_in(library()?, LIBRARY);
        Ok(Faults { entrance: host.entrance() })
    }

    /// From now on, with everything counted anew: `kill record 3`, `full write 7`,
    /// `stop rename */motd`, `lie */seal.json.new`; nothing to only count.
    #[track_caller]
    pub fn plan(&self, plan: &str) {
        self.entrance.shell(&format!("rm -rf {FOLDER}; mkdir {FOLDER}; echo '{plan}' >{FOLDER}/plan"));
    }

    /// No fault from now on, and nothing is counted.
    #[track_caller]
    pub fn over(&self) {
        self.entrance.ok(&["rm", "-rf", FOLDER]);
    }

    /// The call that the fault came with.
    pub fn fired(&self) -> Option<String> {
        self.calls("fired").pop()
    }

    /// The calls of a kind that there were, in order; of `all`, every one.
    pub fn calls(&self, kind: &str) -> Vec<String> {
        let file = self.entrance.exec(&["cat", &format!("{FOLDER}/{kind}")]);
        file.stdout.lines().map(|call| call.trim_end().to_owned()).collect()
    }
}

/// The library, compiled once.
fn library() -> Result<PathBuf> {
    const ACT: &str = "compile the faults";
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(SOURCE);
    let folder = Lab::folder().join("faults");
    fs_err::create_dir_all(&folder).doing(ACT)?;
    let lock = fs_err::File::create(folder.join("lock")).doing(ACT)?;
    lock.file().lock().doing(ACT)?;
    let library = folder.join("faults.so");
    let modified = |path: &Path| fs_err::metadata(path).and_then(|file| file.modified()).ok();
    if modified(&library) < modified(&source) {
        let new = folder.join("faults.so.new");
        let paths = [&source, &new].map(|path| path.to_string_lossy().into_owned());
        let argv = ["cc", "-Wall", "-Wextra", "-shared", "-fPIC", "-O1", "-o", &paths[1], &paths[0], "-ldl"];
        Outcome::of(line(&argv), Command::new(argv[0]).args(&argv[1..]))?.expect_ok();
        fs_err::rename(new, &library).doing(ACT)?;
    }
    Ok(library)
}
