//! The machine's own dnf, with a configuration and a state of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::project::{ok, out};

/// A dnf that knows one repository and nothing of the machine it runs on.
pub struct Dnf {
    folder: tempfile::TempDir,
}

/// A dnf of its own: `dnf.conf`, the root that it installs into and everything that it keeps are in this folder.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    // rpm enters the root that it installs into, which takes the rights of root, if only here.
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "dnf"]).current_dir(folder);
    // This machine's own repositories and variables are none of the host's.
    command.args(["--assumeyes", "--quiet", "--noplugins", "--releasever=1"]);
    let own = [
        ("--config", "dnf.conf"),
        ("--installroot", "root"),
        ("--setopt=reposdir", "nowhere"),
        ("--setopt=varsdir", "nowhere"),
        ("--setopt=cachedir", "cache"),
    ];
    command.args(own.map(|(option, name)| format!("{option}={}", folder.join(name).display())));
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    command
}

impl Dnf {
    /// Subscribed by a line, `mirrorlist=…` or `baseurl=…`, and a certificate.
    pub fn new(subscription: &str, certificate: &Path) -> Self {
        let dnf = Self { folder: tempfile::tempdir().unwrap() };
        let configuration = format!(
            "[main]\ngpgcheck=1\nkeepcache=1\n\n[acme]\nname=Acme\n{subscription}\nrepo_gpgcheck=1\ngpgcheck=1\n\
             skip_if_unavailable=0\nmetadata_expire=0\ngpgkey=file://{}\n",
            certificate.display(),
        );
        std::fs::write(dnf.path("dnf.conf"), configuration).unwrap();
        dnf
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command(self.folder.path(), arguments)
    }

    pub fn makecache(&self) -> Output {
        self.command(&["--refresh", "makecache"]).output().unwrap()
    }

    /// What it says about what it can read.
    #[track_caller]
    pub fn says(&self, arguments: &[&str]) -> String {
        out(&ok(&mut self.command(arguments)))
    }

    /// Downloads a package as for an installation, verified by the index, and verifies its own signature.
    #[track_caller]
    pub fn download(&self, package: &str, certificate: &Path) -> PathBuf {
        ok(&mut self.command(&["install", "--downloadonly", package]));
        let found = out(&ok(Command::new("find").arg(self.path("cache")).args(["-name", &format!("{package}-*.rpm")])));
        let rpm = PathBuf::from(found.trim_end());
        let database = self.path("keys").display().to_string();
        ok(Command::new("rpmkeys").args(["--dbpath", &database, "--import"]).arg(certificate));
        let checked = out(&ok(Command::new("rpmkeys").args(["--dbpath", &database, "-Kv"]).arg(&rpm)));
        assert!(checked.contains("Signature, key ID") && !checked.contains("NOKEY"), "{checked}");
        rpm
    }
}
