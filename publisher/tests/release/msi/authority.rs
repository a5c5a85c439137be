//! An authority for tests: a root, who signs programs, and who says when.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign::sign::windows::{Key, Osslsigncode};
use consign_metadata::authenticode::Pins;
use tempfile::TempDir;

/// Makes all of it; `$KIND` is what `openssl req -newkey` takes for the signer, whose certificate lasts `$DAYS`.
const MAKE: &str = r#"
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 -subj "/CN=Acme Root" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
leaf() {
    name=$1 use=$2; shift 2
    openssl req "$@" -nodes -keyout $name.key -out $name.csr -subj "/CN=Acme $name"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' $use >$name.ext
    openssl x509 -req -in $name.csr -CA root.pem -CAkey root.key -CAcreateserial -days $DAYS -extfile $name.ext -out $name.pem
}
leaf signer codeSigning $KIND
leaf clock critical,timeStamping -newkey rsa:2048
cat signer.pem root.pem >chain.pem
"#;

pub struct Authority(TempDir);

impl Authority {
    /// With an RSA key.
    pub fn new() -> Self {
        Self::with("-newkey rsa:2048")
    }

    /// With a key of this kind, as openssl has it.
    pub fn with(kind: &str) -> Self {
        Self::lasting(kind, 30)
    }

    /// Whose certificates ended yesterday.
    pub fn expired() -> Self {
        Self::lasting("-newkey rsa:2048", -1)
    }

    fn lasting(kind: &str, days: i32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).env("KIND", kind).env("DAYS", days.to_string());
        let output = shell.args(["-c", MAKE]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn pins(&self, name: &str) -> Pins {
        Pins::of(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub fn osslsigncode(&self) -> Osslsigncode {
        Osslsigncode {
            certificates: self.path("chain.pem"),
            key: Key::File(self.path("signer.key")),
            passphrase: None,
            time_stamp: None,
            pins: self.pins("root.pem"),
        }
    }

    /// What osslsigncode says of a file.
    pub fn verifies(&self, file: &Path) -> bool {
        let mut command = Command::new("osslsigncode");
        let root = self.path("root.pem");
        let output = command.arg("verify").arg("-CAfile").arg(&root).arg("-in").arg(file).output().unwrap();
        output.status.success()
    }

    /// Signs a file with osslsigncode and these arguments beside.
    pub fn sign(&self, input: &Path, output: &Path, more: &[&str]) {
        let mut command = Command::new("osslsigncode");
        command.args(["sign", "-h", "sha256", "-certs"]).arg(self.path("chain.pem"));
        command.arg("-key").arg(self.path("signer.key")).args(more);
        let said = command.arg("-in").arg(input).arg("-out").arg(output).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    }
}
