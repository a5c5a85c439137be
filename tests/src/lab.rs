//! The lab on this machine: where it keeps its files, and whether it can host anything.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cgroup::Cgroup;
use crate::root::{BaseSystem, Release, RpmSystem};

/// What the lab runs on this machine; `scripts/roots` installs them.
const PROGRAMS: [&str; 11] = [
    "systemd-nspawn",
    "nsenter",
    "unshare",
    "nginx",
    "tinyproxy",
    "openssl",
    "mkfs.ext4",
    "dpkg-deb",
    "apt-ftparchive",
    "gpg",
    "perl",
];

/// What makes packages and repositories for RPM hosts; `scripts/roots` installs them too.
const RPM_PROGRAMS: [&str; 3] = ["rpmbuild", "rpmsign", "createrepo_c"];

/// The programs of the agent.
const AGENT: [&str; 2] = ["consignee", "consignee-hook"];

/// The lab on this machine.
pub struct Lab;

/// Why this machine cannot host, for people.
#[derive(Debug, Clone)]
pub struct NotRun {
    reason: String,
}

impl Lab {
    /// Where roots, hosts and caches are kept: `$CONSIGN_LAB`, else `target/lab`.
    pub fn folder() -> PathBuf {
        match std::env::var_os("CONSIGN_LAB") {
            Some(folder) => PathBuf::from(folder),
            None => Lab::repository().join("target/lab"),
        }
    }

    /// The folder of the sources.
    pub fn repository() -> PathBuf {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        tests.parent().unwrap_or(tests).to_owned()
    }

    /// Can this machine host? Asked by every test through [`lab!`](crate::lab).
    pub fn available() -> Result<(), NotRun> {
        Release::ALL.into_iter().try_for_each(Lab::can_host)
    }

    /// The same for RPM hosts: `lab!(Lab::has_rpm())`.
    pub fn has_rpm() -> Result<(), NotRun> {
        RpmSystem::ALL.into_iter().try_for_each(Lab::can_host)
    }

    /// Is there a browser? `lab!(Lab::has_browser())`.
    ///
    /// # Errors
    /// Where it is not installed, or hosts cannot be booted either.
    pub fn has_browser() -> Result<(), NotRun> {
        match ["chromium", "chromedriver"].into_iter().find(|program| !on_path(program)) {
            Some(missing) => Err(NotRun::because(&format!("{missing} is not installed (scripts/test installs it)"))),
            None => Lab::can_host(crate::root::Release::Trixie),
        }
    }

    /// Can it run a program for these processors (`x86_64`, `aarch64`)? The words that go before it.
    ///
    /// # Errors
    /// Where they are not this machine's, and there is no emulator or no C library for it.
    pub fn runner(architecture: &str) -> Result<Vec<String>, NotRun> {
        let (emulator, root) = (format!("qemu-{architecture}"), format!("/usr/{architecture}-linux-gnu"));
        match architecture == std::env::consts::ARCH {
            true => Ok(Vec::new()),
            false if on_path(&emulator) && Path::new(&root).exists() => Ok(vec![emulator, "-L".to_owned(), root]),
            false => Err(NotRun::because(&format!("{emulator} (qemu-user) or {root} (libc6-…-cross) is missing"))),
        }
    }

    /// The folder of the agent's programs for these processors, as `scripts/agent` has built them.
    ///
    /// # Errors
    /// Where one of them is not there: those for 64-bit ARM come with `scripts/agent --all` only.
    pub fn agent(architecture: &str) -> Result<PathBuf, NotRun> {
        let folder = Lab::repository().join("target/agent");
        let (folder, script) = match architecture {
            "x86_64" => (folder, "scripts/agent"),
            other => (folder.join(other), "scripts/agent --all"),
        };
        match AGENT.iter().all(|program| folder.join(program).exists()) {
            true => Ok(folder),
            false => Err(NotRun::because(&format!("no agent for {architecture} (run {script})"))),
        }
    }

    /// Can this machine host this system?
    pub fn can_host(system: impl Into<BaseSystem>) -> Result<(), NotRun> {
        let system = system.into();
        let more: &[&str] = if matches!(system, BaseSystem::Rpm(_)) { &RPM_PROGRAMS } else { &[] };
        let not = |reason: &str| Err(NotRun::because(reason));
        if !rustix::process::geteuid().is_root() {
            return not("root is needed");
        }
        for program in PROGRAMS.iter().chain(more) {
            if !on_path(program) {
                return not(&format!("{program} is not installed (scripts/roots installs it)"));
            }
        }
        let filesystems = fs_err::read_to_string("/proc/filesystems").unwrap_or_default();
        if !filesystems.lines().any(|line| line.ends_with("\toverlay")) {
            return not("the kernel has no overlay file system");
        }
        if Cgroup::top().is_none() {
            return not("no cgroup2 hierarchy is mounted");
        }
        let folder = Lab::folder();
        // Overlay options separate paths with these.
        if folder.to_string_lossy().contains([',', ':', '\\', ' ']) {
            return not(&format!("overlay cannot use the folder {}", folder.display()));
        }
        match system.tree() {
            Err(_) => not(&format!("no base root for {0} (run scripts/roots {0})", system.name())),
            Ok(_) => Ok(()),
        }
    }
}

impl NotRun {
    pub(crate) fn because(reason: &str) -> NotRun {
        NotRun { reason: reason.to_owned() }
    }

    /// Says so loudly: on standard error, and as a line of `not-run`, which `scripts/test` reads.
    #[expect(clippy::print_stderr, reason = "a test that did not run must be seen")]
    pub fn report(&self) {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("NOT RUN: {test}: {self}");
        let folder = Lab::folder();
        let written = fs_err::create_dir_all(&folder).and_then(|()| {
            let path = folder.join("not-run");
            let mut list = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
            list.write_all(format!("{test}: {self}\n").as_bytes())
        });
        // A test that can neither run nor say so must not pass.
        assert!(written.is_ok(), "cannot record a test that did not run: {written:?}");
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this machine cannot host: {}", self.reason)
    }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).any(|dir| dir.join(program).exists())
}

/// First line of every test on a host: where the machine cannot host, reports *not run* and leaves.
///
/// `lab!()` asks for hosts; `lab!(Lab::has_buildbot())` for what else a test needs.
#[macro_export]
macro_rules! lab {
    () => {
        $crate::lab!($crate::Lab::available())
    };
    ($available:expr) => {
        if let Err(not_run) = $available {
            not_run.report();
            return;
        }
    };
}
