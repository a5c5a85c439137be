//! Who signs for Windows, and who says when: certificates that no test ever finds expired.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// A hundred years.
const MAKE: &str = r#"
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 36500 -subj "/CN=Acme Root" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
leaf() {
    openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=Acme $1"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' $2 >$1.ext
    openssl x509 -req -in $1.csr -CA root.pem -CAkey root.key -CAcreateserial -days 36500 -extfile $1.ext -out $1.pem
}
leaf signer codeSigning
leaf clock critical,timeStamping
cat signer.pem root.pem >chain.pem
"#;

/// Them, in a folder.
pub struct Signers(PathBuf);

impl Signers {
    pub fn new(folder: &Path) -> Result<Signers> {
        fs_err::create_dir_all(folder)?;
        let made = Command::new("sh").current_dir(folder).args(["-ec", MAKE]).output()?;
        match made.status.success() {
            true => Ok(Signers(folder.to_owned())),
            false => Err(String::from_utf8_lossy(&made.stderr).into_owned().into()),
        }
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// The table of a manifest: signed and stamped by osslsigncode, which asks nobody for the time.
    pub fn table(&self, project: &Path) -> Result<String> {
        for name in ["chain.pem", "root.pem"] {
            fs_err::copy(self.path(name), project.join(name))?;
        }
        let now = jiff::Timestamp::now().as_second().to_string();
        let [chain, key] = [self.path("chain.pem"), self.path("signer.key")];
        let [clock, clock_key] = [self.path("clock.pem"), self.path("clock.key")];
        let words = [
            "osslsigncode",
            "sign",
            "-h",
            "sha256",
            "-add-msi-dse",
            "-certs",
            &chain,
            "-key",
            &key,
            "-n",
            "{name}",
            "-TSA-certs",
            &clock,
            "-TSA-key",
            &clock_key,
            "-TSA-time",
            &now,
            "-in",
            "{input}",
            "-out",
            "{output}",
        ];
        let table = "\n[windows]\ncertificate = \"chain.pem\"\npinned = \"root.pem\"\n";
        Ok(format!("{table}time_stamp_certificate = \"root.pem\"\nsign = {words:?}\n"))
    }
}
