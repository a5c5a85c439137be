//! GnuPG with a home of its own: how vendors have made their keys so far.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::project::{ok, out};

/// A GnuPG that knows one passphrase, or none.
pub struct Gpg {
    home: tempfile::TempDir,
    passphrase: String,
    options: Vec<String>,
}

impl Gpg {
    pub fn new(passphrase: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), PermissionsExt::from_mode(0o700)).unwrap();
        // What GnuPG would choose takes seconds for each unlocking in a debug build.
        fs::write(home.path().join("gpg-agent.conf"), "s2k-count 65536\n").unwrap();
        Self { home, passphrase: passphrase.to_owned(), options: Vec::new() }
    }

    /// The same with an option for every call: `--cert-digest-algo=SHA1`.
    pub fn with(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path()).args([
            "--batch",
            "--quiet",
            "--yes",
            "--pinentry-mode",
            "loopback",
        ]);
        command.args(["--passphrase", &self.passphrase]).args(&self.options).args(arguments);
        out(&ok(&mut command))
    }

    /// A dialogue that has no command of its own.
    pub fn answer(&self, arguments: &[&str], answers: &str) {
        let path = self.home.path().join("answers");
        fs::write(&path, answers).unwrap();
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path()).args([
            "--quiet",
            "--no-tty",
            "--yes",
            "--pinentry-mode",
            "loopback",
        ]);
        command.args(["--passphrase", &self.passphrase, "--command-fd", "0"]).args(arguments);
        ok(command.stdin(fs::File::open(path).unwrap()));
    }

    /// A key of this kind with everything GnuPG adds by itself; answers its fingerprint.
    #[track_caller]
    pub fn generate(&self, kind: &str, usage: &str, expires: &str) -> String {
        self.run(&["--quick-gen-key", "Acme <packages@acme.example>", kind, usage, expires]);
        self.primary()
    }

    #[track_caller]
    pub fn add(&self, kind: &str, expires: &str) -> String {
        let before = self.fingerprints();
        self.run(&["--quick-add-key", &self.primary(), kind, "sign", expires]);
        self.fingerprints().into_iter().find(|key| !before.contains(key)).unwrap()
    }

    pub fn primary(&self) -> String {
        self.fingerprints().remove(0)
    }

    /// Primary first, then the subkeys in their order.
    pub fn fingerprints(&self) -> Vec<String> {
        let listed = self.run(&["--with-colons", "--list-keys"]);
        let fields = listed.lines().filter(|line| line.starts_with("fpr:"));
        fields.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect()
    }

    /// What `--export…` writes, as a file.
    #[track_caller]
    pub fn export(&self, how: &str) -> PathBuf {
        let path = self.home.path().join("export.asc");
        self.run(&["--armor", "--output", &path.display().to_string(), how, &self.primary()]);
        path
    }

    pub fn secret(&self) -> PathBuf {
        self.export("--export-secret-keys")
    }

    /// Declares the whole key void, with the certificate that GnuPG made for this day.
    pub fn revoke(&self) {
        let name = format!("openpgp-revocs.d/{}.rev", self.primary());
        let text = fs::read_to_string(self.home.path().join(name)).unwrap().replace(":-----BEGIN", "-----BEGIN");
        let path = self.home.path().join("revocation");
        fs::write(&path, text).unwrap();
        self.run(&["--import", &path.display().to_string()]);
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ended = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}
